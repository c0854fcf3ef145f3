"""What every socket handler shares: which refusal is told how, and that one frame is one log line."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from ringline_cloud.services import frames
from ringline_cloud.telemetry import Metric, count, logger
from ringline_core.errors import InvalidMessageError, RinglineError, StoreThrottledError

Response = dict[str, Any]
OK: Response = {"statusCode": 200}
Refuse = Callable[[str, str], str]
"""Makes the frame that tells a code and a sentence."""


def frame(text: str | None) -> Response:
    """A route's response; None answers nothing."""
    return OK if text is None else {"statusCode": 200, "body": text}


def answered(event: dict[str, Any], route: Callable[[], str | None], refuse: Refuse) -> Response:
    """The response to one frame; errors of the tree become the frame that `refuse` makes.

    Anything else is a fault of ours: it is logged with its trace, counted, and told as `internal` without a word of it.
    """
    began = time.perf_counter()
    outcome = "done"
    try:
        return frame(route())
    except RinglineError as err:
        outcome = err.code
        count(Metric.TABLE_THROTTLED if isinstance(err, StoreThrottledError) else Metric.MESSAGE_REFUSED)
        return frame(refuse(err.code, str(err)))
    except Exception:
        outcome = "internal"
        count(Metric.HANDLER_FAILED)
        logger.exception("handler_failed")
        return frame(refuse("internal", "Something went wrong."))
    finally:
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        socket = event["requestContext"]["connectionId"]
        logger.info("frame_handled", type=frame_type(event), outcome=outcome, took_ms=took_ms, socket=socket)


def page_refusal(event: dict[str, Any]) -> Refuse:
    """Refusals for pages: `error` with the `id` of the refused frame as `ref`, where it has one."""

    def refuse(code: str, text: str) -> str:
        ref = _raw(event).get("id")
        return frames.error(code, text, ref if isinstance(ref, str) and len(ref) <= 64 else None)

    return refuse


def edge_refusal(event: dict[str, Any]) -> Refuse:
    """Refusals for edges: an `ack` with a code where the frame's number can be read, else `error`."""

    def refuse(code: str, text: str) -> str:
        number = _raw(event).get("frame")
        if isinstance(number, int) and not isinstance(number, bool):
            return frames.refused(number, code)
        return frames.error(code, text)

    return refuse


def frame_type(event: dict[str, Any]) -> str:
    """`t` of the frame as far as it can be told, for logs; never anything else of it."""
    kind = _raw(event).get("t")
    return kind[:32] if isinstance(kind, str) else "unknown"


def body_of(event: dict[str, Any]) -> str:
    """The frame's text.

    Raises:
        InvalidMessageError: The frame has none.
    """
    body = event.get("body")
    if not isinstance(body, str):
        raise InvalidMessageError("the frame has no text")
    return body


def _raw(event: dict[str, Any]) -> dict[str, Any]:
    """The frame before any check; empty when it is no JSON object or too large to look at."""
    body = event.get("body")
    try:
        found = json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
