"""The simulated PBX's line protocol without I/O: bytes in, messages out; messages in, bytes out."""

from __future__ import annotations

import json
from typing import Any, Final

from ringline_core.errors import PbxProtocolError

LINE_LIMIT: Final = 1024 * 1024


class LineProtocol:
    """One direction of one link; whatever the cut of the bytes, the messages are the same."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def receive_data(self, data: bytes) -> list[dict[str, Any]]:
        """Messages that are complete with `data`, in order.

        Raises:
            PbxProtocolError: A line over 1 MB, or one that is no JSON object with an `event`.
        """
        self._rest += data
        *lines, rest = self._rest.split(b"\n")
        self._rest = bytearray(rest)
        if any(len(line) > LINE_LIMIT for line in (*lines, rest)):
            raise PbxProtocolError("a line of the PBX is longer than 1 MB")
        return [_message(bytes(line)) for line in lines]


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise PbxProtocolError("a line of the PBX is not JSON") from None
    if not isinstance(message, dict) or not isinstance(message.get("event"), str):
        raise PbxProtocolError("a line of the PBX is no event")
    return message


def encode(message: dict[str, Any]) -> bytes:
    """One message as a line; JSON escapes CR and LF, so none can pass."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
