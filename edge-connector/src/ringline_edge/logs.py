"""JSON logs: constant event names, key-values, callers' numbers cut to their last three digits."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ringline_core.wire.base import to_rfc3339

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_NUMBER = re.compile(r"(?<!\d)(?!\d{4}-\d\d-\d\d)\+?\d(?:[ ()-]{0,2}\d){6,}")
"""Seven digits or more, with the blanks, brackets and dashes that people write; dates are left alone."""
_SAFE = frozenset({"id", "call", "frame", "epoch", "port", "pid", "file", "aside"})


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, redacted."""
        line: dict[str, Any] = {
            "at": to_rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": redacted(record.getMessage()),
            "logger": record.name,
        }
        for key, value in vars(record).items():
            if key not in _STANDARD:
                line[key] = value if key in _SAFE else redacted(value)
        if record.exc_info:
            line["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)


def redacted(value: Any) -> Any:
    """`value` with phone numbers cut to their last three digits, however deep they stand in it."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, int):
        text = str(value)
        return value if _NUMBER.search(text) is None else redacted(text)
    if isinstance(value, Mapping):
        return {redacted(str(key)): redacted(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(each) for each in value]
    return _NUMBER.sub(lambda found: f"...{found[0][-3:]}", str(value))


def set_up(level: str) -> None:
    """Send all logs of the process to standard error as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("websockets").setLevel(logging.WARNING)
