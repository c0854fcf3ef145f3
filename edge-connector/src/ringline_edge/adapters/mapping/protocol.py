"""Framings without I/O: bytes in, messages out, however they are cut; no more is kept than one message may have."""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping.profile import Framing, Profile

STX, ETX = b"\x02", b"\x03"
_DIGITS: Final = 9
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE|<(?!!--|!\[|\?)(?:[^>\"']|\"[^\"]*\"|'[^']*')*+>", re.DOTALL
)
_BLANK: Final = re.compile(rb"\r?\n\r?\n")


class _Cutter(Protocol):
    """Finds the first message in what has come."""

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        """A message (None: nothing but filling) and how many bytes are used up; None while more must come."""
        ...


class Framer:
    """One direction of one link."""

    def __init__(self, profile: Profile) -> None:
        """Cuts as `profile` says."""
        self._limit = profile.max_message_bytes
        self._cut = _cutter(profile.framing)
        self._rest = bytearray()
        self._encoding = profile.encoding
        whole = profile.framing.kind not in ("header", "decimal")
        # A sign of two bytes has to be found at an even place: such streams are recoded first.
        self._recoded = profile.encoding == "utf-16le" and whole
        self._decoder = codecs.getincrementaldecoder("utf-16le")("replace")

    def receive_data(self, data: bytes) -> list[str]:
        """Messages that are complete with `data`, in order.

        Raises:
            PbxProtocolError: A message longer than the profile allows, or bytes that are no frame.
        """
        self._rest += self._decoder.decode(data).encode("utf-8", "replace") if self._recoded else data
        found = []
        while (cut := self._cut(self._rest)) is not None:
            message, used = cut
            del self._rest[:used]
            if message is not None:
                found.append(self._text(message))
        if len(self._rest) > self._limit + 64:
            raise self._too_long()
        return [each for each in found if each.strip("\ufeff\r\n\t ")]

    def _text(self, message: bytes) -> str:
        if len(message) > self._limit:
            raise self._too_long()
        return message.decode("utf-8" if self._recoded else self._encoding, "replace").lstrip("\ufeff")

    def _too_long(self) -> PbxProtocolError:
        return PbxProtocolError(f"a message of the PBX is longer than {self._limit} bytes")


def frame(profile: Profile, text: str) -> bytes:
    """One message as it goes out.

    Raises:
        ValueError: It holds what would end the frame early, or what the encoding does not have.
    """
    framing = profile.framing
    body = text.encode(profile.encoding)
    match framing.kind:
        case "newline" | "nul" | "stx_etx":
            return _between(framing.kind, text, profile.encoding)
        case "blank_line":
            return (text.rstrip("\r\n") + "\r\n\r\n").encode(profile.encoding)
        case "decimal":
            return str(len(body)).encode() + framing.separator.encode() + body
        case "header":
            return _header(framing, len(body)) + body
        case "xml_document":
            return body


def _between(kind: str, text: str, encoding: str) -> bytes:
    begin, end = {"newline": ("", "\n"), "nul": ("", "\0"), "stx_etx": ("\x02", "\x03")}[kind]
    line = text.rstrip("\r\n") if kind == "newline" else text
    if any(sign in line for sign in (begin, end) if sign):
        raise ValueError("a message holds a sign that ends messages")
    return f"{begin}{line}{end}".encode(encoding)


def _header(framing: Framing, length: int) -> bytes:
    total = length + (framing.size if framing.includes_header else 0)
    match framing.form:
        case "decimal":
            field = str(total).zfill(framing.width).encode()
        case "hex":
            field = f"{total:0{framing.width}x}".encode()
        case "big" | "little":
            field = total.to_bytes(framing.width, framing.form)
    header = bytearray(framing.size)
    header[framing.at : framing.at + framing.width] = field
    if len(header) != framing.size:
        raise ValueError("a message is too long for its header")
    return bytes(header)


def _cutter(framing: Framing) -> _Cutter:
    match framing.kind:
        case "newline":
            return _Until(b"\n")
        case "nul":
            return _Until(b"\0")
        case "blank_line":
            return _BlankLine()
        case "stx_etx":
            return _Enclosed()
        case "decimal":
            return _Decimal(framing.separator.encode())
        case "header":
            return _Header(framing)
        case "xml_document":
            return _XmlDocument()


class _Until:
    """Messages with a sign behind each."""

    def __init__(self, sign: bytes) -> None:
        self._sign, self._seen = sign, 0

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        end = rest.find(self._sign, self._seen)
        if end < 0:
            self._seen = len(rest)
            return None
        self._seen = 0
        return bytes(rest[:end]).rstrip(b"\r"), end + len(self._sign)


class _BlankLine:
    """Messages with an empty line behind each."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        if bytes(rest[:1]) in (b"\r", b"\n") and (filling := len(rest) - len(rest.lstrip(b"\r\n"))):
            return None, filling
        found = _BLANK.search(rest, max(0, self._seen - 3))
        if found is None:
            self._seen = len(rest)
            return None
        self._seen = 0
        return bytes(rest[: found.start()]), found.end()


class _Enclosed:
    """Messages between STX and ETX; what stands between two of them is nothing."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        if not rest:
            return None
        begin = rest.find(STX)
        if begin != 0:
            return None, len(rest) if begin < 0 else begin
        end = rest.find(ETX, self._seen)
        if end < 0:
            self._seen = len(rest)
            return None
        self._seen = 0
        return bytes(rest[1:end]), end + 1


class _Decimal:
    """Messages with their length in digits before each."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._prefix = re.compile(rb"(\d{1,9})" + re.escape(separator))

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        found = self._prefix.match(rest)
        if found is None:
            if not self._may_become_one(bytes(rest[: _DIGITS + len(self._separator)])):
                raise PbxProtocolError("the PBX sent no decimal length")
            return None
        begin, end = found.end(), found.end() + int(found[1])
        return (bytes(rest[begin:end]), end) if len(rest) >= end else None

    def _may_become_one(self, head: bytes) -> bool:
        tail = head.lstrip(b"0123456789")
        digits = len(head) - len(tail)
        return not head or (
            0 < digits <= _DIGITS and len(tail) < len(self._separator) and self._separator.startswith(tail)
        )


class _Header:
    """Messages with a header of fixed size before each."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        framing = self._framing
        if len(rest) < framing.size:
            return None
        length = self._length(bytes(rest[framing.at : framing.at + framing.width]))
        end = length if framing.includes_header else framing.size + length
        if end < framing.size:
            raise PbxProtocolError("the PBX sent a length shorter than its header")
        return (bytes(rest[framing.size : end]), end) if len(rest) >= end else None

    def _length(self, field: bytes) -> int:
        match self._framing.form:
            case "big" | "little":
                return int.from_bytes(field, self._framing.form)
            case "decimal" if field.strip().isdigit():
                return int(field)
            case "hex" if re.fullmatch(rb"[0-9A-Fa-f]+", field.strip()):
                return int(field, 16)
            case _:
                raise PbxProtocolError("the PBX sent a header without a length")


class _XmlDocument:
    """XML documents in a row, with or without prologs."""

    def __init__(self) -> None:
        self._at, self._depth = 0, 0

    def __call__(self, rest: bytearray) -> tuple[bytes | None, int] | None:
        while (token := self._next(rest)) is not None:
            self._at = token.end()
            tag = token[0]
            if tag == b"<!DOCTYPE":
                raise PbxProtocolError("a message of the PBX holds a DTD")
            if tag.startswith((b"<!", b"<?")):
                continue
            self._depth += -1 if tag.startswith(b"</") else 0 if tag.endswith(b"/>") else 1
            if self._depth < 0:
                raise PbxProtocolError("the PBX ends an XML element that it did not begin")
            if self._depth == 0:
                end, self._at = self._at, 0
                return bytes(rest[:end]), end
        return None

    def _next(self, rest: bytearray) -> re.Match[bytes] | None:
        begin = rest.find(b"<", self._at)
        if begin < 0:
            self._at = len(rest)
            return None
        self._at = begin
        return _TOKEN.match(rest, begin)
