"""Framings without I/O: bytes in, messages out, however they are cut; no more is kept than one message may have."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Final, Protocol

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping import headed
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.transports import Framing
from ringline_edge.adapters.mapping.values import Scalar

STX, ETX, CR = b"\x02", b"\x03", 0x0D
BOM: Final = "\ufeff"
_BREAKS: Final = b"\r\n"
_DIGITS: Final = 9
_NOTHING: Final = "\ufeff\r\n\t "
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<\?.*?\?>|<!DOCTYPE|<(?!!--|!\[|\?)(?:[^>\"']|\"[^\"]*\"|'[^']*')*+>", re.DOTALL
)
_BLANK: Final = re.compile(rb"\n\r?\n")
_BLANK_IN_TEXT: Final = re.compile(r"\n\r?\n")
_FILLING: Final = re.compile(rb"[\r\n]+")


_Cut = tuple[int, int, int]
"""Where a message begins and ends, both the same for filling, and where the next one may begin."""


class _Cutter(Protocol):
    """Finds one message after the other in what has come."""

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        """The message that begins at `at`, or filling; None while more must come, and is asked again from there."""
        ...


class Framer:
    """One direction of one link."""

    def __init__(self, profile: Profile) -> None:
        """Cuts as `profile` says."""
        self._limit = profile.max_message_bytes
        self._cut = _cutter(profile.framing)
        self._rest = bytearray()
        self._profile, self._framing = profile, profile.framing
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
        rest, found, at = self._rest, [], 0
        while (cut := self._cut(rest, at)) is not None:
            begin, end, at = cut
            if end > begin and (message := self._text(rest[begin:end])).strip(_NOTHING):
                found.append(message if not self._framing.fields else self._headed(message, rest, begin))
        del rest[:at]
        if len(rest) > self._limit + 64:
            raise self._too_long()
        return found

    def _headed(self, message: str, rest: bytearray, begin: int) -> str:
        return headed.Headed(message, headed.read(self._framing, bytes(rest[begin - self._framing.size : begin])))

    def _text(self, message: bytearray) -> str:
        if len(message) > self._limit:
            raise self._too_long()
        return message.decode("utf-8", "replace").lstrip(BOM) if self._recoded else decoded(self._profile, message)

    def _too_long(self) -> PbxProtocolError:
        return PbxProtocolError(f"a message of the PBX is longer than {self._limit} bytes")


def decoded(profile: Profile, message: bytes | bytearray) -> str:
    """A message's text; what it holds that is not of its encoding becomes what the profile says."""
    try:
        found = message.decode(profile.encoding)
    except UnicodeDecodeError:
        other = profile.encoding if profile.undecodable == "replace" else profile.undecodable
        # The mark of UTF-8 may stand before a message that is none.
        found = message.removeprefix(codecs.BOM_UTF8).decode(other, "replace")
    return found.lstrip(BOM)


def frame(profile: Profile, text: str, header: Mapping[str, Scalar] | None = None) -> bytes:
    """One message as it goes out, with what its header says beside the length.

    Raises:
        ValueError: It holds what would end the frame early, or what the encoding does not have.
    """
    framing = profile.framing
    body = text.encode(profile.encoding)
    match framing.kind:
        case "newline" | "nul" | "stx_etx":
            return _between(framing.kind, text, profile.encoding)
        case "blank_line":
            if _BLANK_IN_TEXT.search(text.strip("\r\n")):
                raise ValueError("a message holds an empty line, which ends messages")
            return (text.rstrip("\r\n") + "\r\n\r\n").encode(profile.encoding)
        case "decimal":
            return str(len(body)).encode() + framing.separator.encode() + body
        case "header":
            return headed.written(framing, len(body), {} if header is None else header) + body
        case "xml_document" | "whole":
            return body


def _between(kind: str, text: str, encoding: str) -> bytes:
    begin, end = {"newline": ("", "\n"), "nul": ("", "\0"), "stx_etx": ("\x02", "\x03")}[kind]
    line = text.rstrip("\r\n") if kind == "newline" else text
    if any(sign in line for sign in (begin, end) if sign):
        raise ValueError("a message holds a sign that ends messages")
    return f"{begin}{line}{end}".encode(encoding)


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
        case "whole":
            return _whole


def _whole(rest: bytearray, at: int) -> _Cut | None:
    """All that came at once is one message."""
    return (at, len(rest), len(rest)) if at < len(rest) else None


class _Until:
    """Messages with a sign behind each."""

    def __init__(self, sign: bytes) -> None:
        self._sign, self._seen = sign, 0

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        end = rest.find(self._sign, at + self._seen)
        if end < 0:
            self._seen = len(rest) - at
            return None
        self._seen = 0
        following = end + len(self._sign)
        while end > at and rest[end - 1] == CR:
            end -= 1
        return at, end, following


class _BlankLine:
    """Messages with an empty line behind each."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        if at < len(rest) and rest[at] in _BREAKS and (filling := _FILLING.match(rest, at)) is not None:
            at = filling.end()
            return at, at, at
        found = _BLANK.search(rest, at + max(0, self._seen - 2))
        if found is None:
            self._seen = len(rest) - at
            return None
        self._seen, end = 0, found.start()
        return at, end - 1 if end > at and rest[end - 1] == CR else end, found.end()


class _Enclosed:
    """Messages between STX and ETX; what stands between two of them is nothing."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        if at == len(rest):
            return None
        begin = rest.find(STX, at)
        if begin != at:
            at = len(rest) if begin < 0 else begin
            return at, at, at
        end = rest.find(ETX, at + self._seen)
        if end < 0:
            self._seen = len(rest) - at
            return None
        self._seen = 0
        return at + 1, end, end + 1


class _Decimal:
    """Messages with their length in digits before each."""

    def __init__(self, separator: bytes) -> None:
        self._separator = separator
        self._prefix = re.compile(rb"(\d{1,9})" + re.escape(separator))

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        found = self._prefix.match(rest, at)
        if found is None:
            if not self._may_become_one(bytes(rest[at : at + _DIGITS + len(self._separator)])):
                raise PbxProtocolError("the PBX sent no decimal length")
            return None
        begin, end = found.end(), found.end() + int(found[1])
        return (begin, end, end) if len(rest) >= end else None

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

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        framing = self._framing
        begin = at + framing.size
        if len(rest) < begin:
            return None
        field = at + framing.at
        length = self._length(bytes(rest[field : field + framing.width]))
        end = length + (at if framing.includes_header else begin)
        if end < begin:
            raise PbxProtocolError("the PBX sent a length shorter than its header")
        return (begin, end, end) if len(rest) >= end else None

    def _length(self, field: bytes) -> int:
        length = headed.value(self._framing.form, field)
        if not isinstance(length, int):
            raise PbxProtocolError("the PBX sent a header without a length")
        return length


class _XmlDocument:
    """XML documents in a row, with or without prologs."""

    def __init__(self) -> None:
        self._seen, self._depth = 0, 0

    def __call__(self, rest: bytearray, at: int) -> _Cut | None:
        while (token := self._next(rest, at)) is not None:
            self._seen = token.end() - at
            tag = token[0]
            if tag == b"<!DOCTYPE":
                raise PbxProtocolError("a message of the PBX holds a DTD")
            if tag.startswith((b"<!", b"<?")):
                continue
            self._depth += -1 if tag.startswith(b"</") else 0 if tag.endswith(b"/>") else 1
            if self._depth < 0:
                raise PbxProtocolError("the PBX ends an XML element that it did not begin")
            if self._depth == 0:
                self._seen, end = 0, token.end()
                return at, end, end
        return None

    def _next(self, rest: bytearray, at: int) -> re.Match[bytes] | None:
        begin = rest.find(b"<", at + self._seen)
        if begin < 0:
            self._seen = len(rest) - at
            return None
        self._seen = begin - at
        return _TOKEN.match(rest, begin)
