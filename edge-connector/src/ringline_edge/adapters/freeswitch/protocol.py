"""The event socket on the wire: bytes in, frames out; commands in, bytes out. No I/O.

A frame is lines of `Name: value`, an empty line, and `Content-Length` bytes of body. An event is a frame whose body is
the event. `event json` is asked for: of `event plain` the inner body's length, and values that hold line breaks, are
told only by parsing line by line before unquoting, which recorded sessions need and live ones never.
Source: `mod_event_socket.c` of FreeSWITCH 1.10; [C] for plain events, which were captured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode

Message = dict[str, Any]
"""An event's headers. Values are text; one that FreeSWITCH pushed to several times is a list of them."""

MAX_HEAD: Final = 64 * 1024
MAX_BODY: Final = 16 * 1024 * 1024
"""Of a list of some 10,000 channels; a single event has 5 to 15 KB."""

MAX_COMMAND: Final = 8 * 1024
BODY: Final = "_body"
"""Name under which an event carries its own body, as FreeSWITCH's JSON has it."""

JSON, PLAIN = "text/event-json", "text/event-plain"
_EVENT_HEAD: Final = re.compile(rb"Content-Length: ([0-9]{1,9})\nContent-Type: text/event-json")
_JSON_EVENT: Final = {"Content-Type": JSON}
"""The head of nearly every frame, which need not be taken apart."""

_END: Final = b"\n\n"
_DECODER: Final = json.JSONDecoder(strict=False)
"""Lenient: names of callers bring control characters and broken UTF-8 along."""
_LENGTH_DIGITS: Final = 9
_INDENT: Final = "ARRAY::"


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame.

    Attributes:
        kind: Its Content-Type.
        headers: The event's for an event, the frame's own for everything else.
        body: Of a frame that is no event.
    """

    kind: str
    headers: Message
    body: str = ""

    @property
    def is_event(self) -> bool:
        """Whether it came without being asked for."""
        return self.kind in (JSON, PLAIN)


class EslProtocol:
    """Cuts the byte stream into frames, wherever it was cut before."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._rest = bytearray()
        self._head: dict[str, str] | None = None
        self._length = 0

    @property
    def buffered(self) -> int:
        """Bytes kept of a frame that is not complete yet."""
        return len(self._rest)

    def receive_data(self, data: bytes) -> Iterator[Frame]:
        """Frames that are complete with `data`, in order.

        Raises:
            PbxProtocolError: A head above 64 KiB or without a type, a body above 16 MiB, a length that is no number:
                the beginning of the next frame cannot be known any more.
        """
        rest = self._rest
        rest += data
        start = 0
        try:
            while True:
                if self._head is None:
                    end = self._find_head(start)
                    if end < 0:
                        return
                    start = end
                if len(rest) - start < self._length:
                    return
                head, length, self._head, self._length = self._head, self._length, None, 0
                body = bytes(rest[start : start + length])
                start += length
                yield _frame(head or {}, body)
        finally:
            del rest[:start]

    def _find_head(self, start: int) -> int:
        """Take the next head in; where its body begins, -1 while it is not complete."""
        rest = self._rest
        while start < len(rest) and rest[start] in b"\r\n":
            start += 1  # FreeSWITCH ends some bodies with a line break that it does not count
        end = rest.find(_END, start)
        if (len(rest) if end < 0 else end) - start > MAX_HEAD:
            raise PbxProtocolError(f"the head of a frame of the PBX is above {MAX_HEAD} bytes")
        if end < 0:
            return -1
        head = bytes(rest[start:end])
        event = _EVENT_HEAD.fullmatch(head)
        self._head = _JSON_EVENT if event else _lines(head.decode("utf-8", "replace"))
        if "Content-Type" not in self._head:
            raise PbxProtocolError("the PBX sends what is no frame of an event socket")
        self._length = _length(event[1].decode() if event else self._head.get("Content-Length"))
        return end + len(_END)


def _frame(head: dict[str, str], body: bytes) -> Frame:
    kind, said = head["Content-Type"], body.decode("utf-8", "replace")
    if kind == JSON:
        return Frame(kind, _json(said))
    if kind == PLAIN:
        return Frame(kind, _plain(said))
    return Frame(kind, dict(head), said)


def text(message: Message, name: str) -> str | None:
    """A header's value; of one that came several times the last, None for one that is missing or empty."""
    value = message.get(name)
    if isinstance(value, list):
        value = value[-1] if value else None
    return value if isinstance(value, str) and value else None


def command(line: str, **headers: str) -> bytes:
    """A command on the wire.

    Args:
        line: The command itself.
        headers: More header lines; `_` in a name stands for `-`.

    Raises:
        CommandError: `message_invalid`: a control character, with which a value could begin another command;
            `too_large`.
    """
    lines = [line, *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if any(character < " " or character == "\x7f" for each in lines for character in each):
        raise CommandError(ErrorCode.MESSAGE_INVALID, "A value holds a line break or another control character.")
    sent = ("\n".join(lines) + "\n\n").encode("utf-8", "replace")
    if len(sent) > MAX_COMMAND:
        raise CommandError(ErrorCode.TOO_LARGE, f"A command is above {MAX_COMMAND} bytes.")
    return sent


def _length(value: str | None) -> int:
    if value is None:
        return 0
    if not (value.isascii() and value.isdigit() and len(value) <= _LENGTH_DIGITS and int(value) <= MAX_BODY):
        raise PbxProtocolError(f"the PBX announces a body that is no number of at most {MAX_BODY} bytes")
    return int(value)


def _lines(head: str) -> dict[str, str]:
    pairs = (line.rstrip("\r").partition(":") for line in head.split("\n"))
    return {name: value.strip() for name, colon, value in pairs if colon}


def _json(body: str) -> Message:
    """The event; without a single header where it cannot be read, and the stream goes on."""
    try:
        event = _DECODER.decode(body)
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, dict) else {}


def _plain(body: str) -> Message:
    """An event in `Name: url-encoded` lines, and after an empty line its own body."""
    head, _, inner = body.partition(_END.decode())
    event: Message = {name: _unquoted(value) for name, value in _lines(head).items()}
    if inner:
        event[BODY] = inner
    return event


def _unquoted(value: str) -> str | list[str]:
    plain = unquote(value)
    return plain.removeprefix(_INDENT).split("|:") if plain.startswith(_INDENT) else plain
