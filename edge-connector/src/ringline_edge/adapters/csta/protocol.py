"""CSTA XML without SOAP: the 8-byte header (ECMA-323 annex G.2 [D][K]). Bytes in, frames out; bodies in, bytes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode

HEADER: Final = 8
MAX_FRAME: Final = 0xFFFF
"""Header included: the length field has 16 bits."""

UNSOLICITED: Final = 9999
"""Invoke id of events [K]; requests count from 1 to 9998."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message, not parsed yet.

    Attributes:
        invoke: Invoke id; an answer bears that of its request.
        body: The XML.
    """

    invoke: int
    body: bytes


class FrameProtocol:
    """One direction of one link; whatever the cut of the bytes, the frames are the same.

    Any version is read: servers send 0, and a client that sends two ASCII zeros is known [K].
    """

    def __init__(self) -> None:
        """Nothing received yet."""
        self._rest = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._rest)

    def receive_data(self, data: bytes) -> Iterator[Frame]:
        """Frames that are complete with `data`, in order.

        Raises:
            PbxProtocolError: The bytes are no frames: a length below the header's, or no invoke id of four digits.
        """
        self._rest += data
        start, size = 0, len(self._rest)
        try:
            while size - start >= HEADER:
                end = start + self._length(start)
                if end > size:
                    break
                frame = Frame(int(self._rest[start + 4 : start + HEADER]), bytes(self._rest[start + HEADER : end]))
                start = end
                yield frame
        finally:
            del self._rest[:start]

    def _length(self, start: int) -> int:
        length = int.from_bytes(self._rest[start + 2 : start + 4])
        if length < HEADER:
            raise PbxProtocolError(
                f"a frame of {length} bytes: the other end does not speak CSTA with an 8-byte header"
            )
        if not self._rest[start + 4 : start + HEADER].isdigit():
            raise PbxProtocolError("a frame without an invoke id: the other end does not speak CSTA, or wants TLS")
        return length


def encode(invoke: int, body: bytes) -> bytes:
    """A message as bytes.

    Raises:
        CommandError: `too_large`.
    """
    length = HEADER + len(body)
    if length > MAX_FRAME:
        raise CommandError(ErrorCode.TOO_LARGE, "The request is longer than CSTA allows.")
    return b"\0\0" + length.to_bytes(2) + b"%04d" % invoke + body
