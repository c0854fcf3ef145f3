"""SIP messages: bytes to a frozen message, and requests and responses to bytes. No I/O.

Source: RFC 3261, 7 (messages), 7.3.3 (compact forms), 20 (header fields).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

Header = tuple[str, str]
VERSION: Final = "SIP/2.0"
ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, REFER, INFO, UPDATE"
MAX_MESSAGE_BYTES: Final = 65_535

_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "o": "event",
    "r": "refer-to",
    "b": "referred-by",
}
_METHOD: Final = re.compile(r"[A-Z]{3,20}")


class SipSyntaxError(ValueError):
    """What came is no SIP message."""


@dataclass(frozen=True, slots=True)
class SipMessage:
    """One request or response.

    Attributes:
        start: The first line as it came.
        headers: Lower-case long names with their values, in order.
        body: Text after the empty line, cut to Content-Length.
    """

    start: str
    headers: tuple[Header, ...]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """One message from one datagram.

        Raises:
            SipSyntaxError: No start line, no usable CSeq, a header without a colon, or a length that is no number.
        """
        head, _, rest = data[:MAX_MESSAGE_BYTES].partition(b"\r\n\r\n")
        lines = head.decode("utf-8", "replace").split("\r\n")
        message = cls(lines[0], tuple(_headers(lines[1:])), rest.decode("utf-8", "replace"))
        message._check_start()
        length = message.header("content-length") or str(len(rest))
        if not (length.isascii() and length.isdigit()):
            raise SipSyntaxError("Content-Length is no number")
        _ = message.cseq
        return cls(message.start, message.headers, rest[: int(length)].decode("utf-8", "replace"))

    def _check_start(self) -> None:
        words = self.start.split(" ", 2)
        if self.is_response:
            if len(words) < 2 or not re.fullmatch(r"[1-6]\d\d", words[1]):
                raise SipSyntaxError("status line without a status")
        elif len(words) != 3 or words[2] != VERSION or not _METHOD.fullmatch(words[0]):
            raise SipSyntaxError("neither a request line nor a status line")

    @property
    def is_response(self) -> bool:
        """True for a response, False for a request."""
        return self.start.startswith(VERSION + " ")

    @property
    def status(self) -> int:
        """Status code of a response; 0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.is_response else 0

    @property
    def method(self) -> str:
        """Method of the request, or of the request that a response answers."""
        return self.cseq[1] if self.is_response else self.start.split(" ", 1)[0]

    @property
    def cseq(self) -> tuple[int, str]:
        """Sequence number and method of CSeq.

        Raises:
            SipSyntaxError: CSeq is missing or malformed.
        """
        match = re.fullmatch(r"(\d{1,10})\s+([A-Z]+)", self.header("cseq"), re.ASCII)
        if match is None:
            raise SipSyntaxError("CSeq is missing or malformed")
        return int(match[1]), match[2]

    @property
    def branch(self) -> str:
        """Branch of the topmost Via: names the transaction."""
        match = re.search(r";\s*branch=([^;,\s]+)", self.header("via"))
        return match[1] if match else ""

    def header(self, name: str) -> str:
        """First value of the header `name` (lower case); empty when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of the header `name`, in order."""
        return tuple(value for key, value in self.headers if key == name)


def _headers(lines: Sequence[str]) -> Iterable[Header]:
    folded: list[str] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and folded:
            folded[-1] += " " + line.strip()
        elif line:
            folded.append(line)
    for line in folded:
        name, colon, value = line.partition(":")
        if not colon:
            raise SipSyntaxError("header without a colon")
        key = name.strip().lower()
        yield _COMPACT.get(key, key), value.strip()


@dataclass(frozen=True, slots=True)
class NameAddr:
    """Who a From, To, Contact or P-Asserted-Identity names."""

    display: str
    uri: str
    tag: str

    @classmethod
    def parse(cls, value: str) -> Self:
        """The parts of a name-addr or addr-spec; parts that are missing are empty."""
        bracketed = re.match(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^"<]*?))\s*<([^>]*)>(.*)', value, re.DOTALL)
        if bracketed:
            display, uri, params = bracketed[1] or bracketed[2] or "", bracketed[3], bracketed[4]
        else:
            uri, _, params = value.strip().partition(";")
            display, params = "", ";" + params
        tag = re.search(r";\s*tag=([^;\s]+)", params)
        return cls(display, uri.strip(), tag[1] if tag else "")

    @property
    def user(self) -> str:
        """User part of the URI, the dialled or calling number; empty when there is none."""
        match = re.match(r"sips?:([^@;>]+)@", self.uri)
        return match[1] if match else ""


def request(method: str, uri: str, headers: Iterable[Header], body: str = "", content_type: str = "") -> bytes:
    """A request as it goes on the wire; Content-Length is worked out here."""
    return _encode(f"{method} {uri} {VERSION}", headers, body, content_type)


def response(
    to: SipMessage, status: int, reason: str, *, tag: str = "", headers: Iterable[Header] = (), body: str = ""
) -> bytes:
    """A response to the request `to`, with its Via, From, To, Call-ID and CSeq.

    Args:
        to: The request.
        status: Status code.
        reason: Reason phrase.
        tag: Our tag; put on To unless the request's To has one or the response is 100.
        headers: What else it should carry.
        body: SDP, or empty.
    """
    whom = to.header("to")
    if status > 100 and tag and not NameAddr.parse(whom).tag:
        whom += f";tag={tag}"
    echoed: list[Header] = [("Via", via) for via in to.all("via")]
    echoed += [
        ("From", to.header("from")),
        ("To", whom),
        ("Call-ID", to.header("call-id")),
        ("CSeq", to.header("cseq")),
        ("Allow", ALLOW),
        ("Supported", "replaces"),
    ]
    return _encode(f"{VERSION} {status} {reason}", [*echoed, *headers], body, "application/sdp" if body else "")


def _encode(start: str, headers: Iterable[Header], body: str, content_type: str) -> bytes:
    lines = [one_line(start), *(f"{name}: {one_line(value)}" for name, value in headers)]
    if body:
        lines.append(f"Content-Type: {content_type}")
    lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def one_line(value: str) -> str:
    """`value` without line ends, so that no value can bring a header of its own."""
    return re.sub(r"[\r\n\0]+", " ", value)
