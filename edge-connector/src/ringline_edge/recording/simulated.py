"""The simulated PBX's lines of JSON: key by key; a key that is not known here is replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.simulator.protocol import LineProtocol, encode
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import data, name, number, words

_PLAIN: Final = words(
    "event ref version verbs leg call device state station role bridge consult_of how other left cause by peer queue "
    "queues"
)
_NUMBERS: Final = frozenset({"number", "remote", "dialed", "transferred_by"})
_ASKS: Final = frozenset({"hello", "snapshot"})


class SimulatedRedaction:
    """See `Redaction`."""

    extension = "jsonl"

    def __init__(self, settings: Mapping[str, Any], names: Pseudonyms) -> None:
        """Of `[pbx.simulator]` a replay needs nothing."""
        self.settings: Mapping[str, Any] = {}
        self._names, self._protocol = names, LineProtocol()

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """See `Redaction.heard`."""
        return b"".join(encode(self._tree("", each)) for each in self._protocol.receive_data(data))

    def says(self, data: bytes) -> bytes:
        """See `Redaction.says`; nothing is kept."""
        asked = str(json.loads(data).get("do"))
        if asked not in _ASKS:
            raise CommandError(ErrorCode.NOT_ALLOWED, f"A recording only listens: {asked} is not sent.")
        return b""

    def _tree(self, key: str, node: Any) -> Any:
        match node:
            case dict():
                return {each: self._tree("" if key == "data" else each, value) for each, value in node.items()}
            case list():
                return [self._tree(key, each) for each in node]
            case str():
                return self._value(key, node)
            case _:
                return node

    def _value(self, key: str, value: str) -> str:
        if key in _PLAIN:
            return value
        if key in _NUMBERS:
            return number(self._names, value)
        if key == "login":
            return self._names.login(value)
        return name(self._names, value) if key == "name" else data(self._names, value)
