"""What the redactions of all protocols share: the port, and addresses and values of which nothing is known."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

from ringline_edge.recording.pseudonyms import Pseudonyms


def words(text: str) -> frozenset[str]:
    """A set of words, written with blanks between them."""
    return frozenset(text.split())


UNTOLD: Final = words(
    "? - unknown <unknown> anonymous restricted unavailable withheld private none true false yes no on off null (null) "
    "<none> asserted s h"
) | {"", "outbound call"}
"""Values, in small letters, that tell of nobody: a caller who hides, a switch that does not know."""

_TOKEN: Final = re.compile(r"[^\s/@:;,|&=<>(){}\[\]\"'#*?\\^]+")
_NUMBER: Final = re.compile(r"\+?[0-9]+")
_WRITTEN: Final = re.compile(
    r"(?<![\w.-])(?!\d{4}-\d\d-\d\d)\+?\(?\d{1,4}\)?(?:[ \u00a0()-]{1,3}\d{1,4})+(?![\w.])", re.ASCII
)
"""A number as people write it, in short groups; longer ones are found without. A date is none."""

_NAME_AND_COUNT: Final = re.compile(r"\d+-\d+")
"""What stands in many an id; a number only where nothing is beside it."""

_WRITTEN_DIGITS: Final = 7
_DIGIT: Final = re.compile(r"[0-9]")
_IDENT: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_DIAL_PAD: Final = re.compile(r"\+?[0-9*#]{1,64}")
_TELEPHONE: Final = re.compile(r"\+?[0-9]{5,32}")
_LONG: Final = re.compile(r"\+?[0-9]{5,}|\S+@\S+\.\S+")


class Redaction(Protocol):
    """Both directions of one link of one kind of PBX."""

    @property
    def extension(self) -> str:
        """Of the file that its recordings go to."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """What a replay has to know of the configuration; nothing secret."""
        ...

    def heard(self, data: bytes, now_ms: int) -> bytes:
        """The messages that are complete with what the PBX sent, redacted and framed anew.

        Raises:
            PbxProtocolError: The bytes are none of this protocol.
        """
        ...

    def says(self, data: bytes) -> bytes:
        """What of a message of ours belongs into the recording, redacted; nothing for most.

        Raises:
            CommandError: `not_allowed`: the message could change something at the PBX.
        """
        ...


def written(names: Pseudonyms, value: str) -> str:
    """Numbers in groups of digits, `+44 (20) 7946-0000`, become others, grouped as before; short ones stay."""

    def other(found: re.Match[str]) -> str:
        digits = "".join(_DIGIT.findall(found[0]))
        if len(digits) < _WRITTEN_DIGITS or (found[0] != value and _NAME_AND_COUNT.fullmatch(found[0])):
            return found[0]
        plus = "+" if found[0].startswith("+") else ""
        new = iter(names.number(plus + digits).removeprefix("+"))
        return _DIGIT.sub(lambda _: next(new), found[0])

    return _WRITTEN.sub(other, value)


def unknown(names: Pseudonyms, value: str) -> str:
    """A value of which nothing is known: numbers become others, words are replaced as a whole."""
    if value.lower() in UNTOLD:
        return value
    return names.number(value) if _DIAL_PAD.fullmatch(value) else names.text(value)


def data(names: Pseudonyms, value: str) -> str:
    """What a call carries: a customer's number, a PIN that somebody typed; it stays only where it is an extension."""
    if value.lower() in UNTOLD or names.is_extension(value):
        return value
    return names.number(value) if _TELEPHONE.fullmatch(value) else names.text(value)


def name(names: Pseudonyms, value: str) -> str:
    """A person's name; switches put the number there where they know none."""
    if value.lower() in UNTOLD:
        return value
    return names.number(value) if _DIAL_PAD.fullmatch(value) else names.name(value)


def number(names: Pseudonyms, value: str) -> str:
    """Where a number belongs; what is none is taken as an address."""
    if value.lower() in UNTOLD:
        return value
    if _WRITTEN.fullmatch(value):
        return written(names, value)
    return names.number(value) if _DIAL_PAD.fullmatch(value) else address(names, value)


def address(names: Pseudonyms, value: str, words: Collection[str] = ()) -> str:
    """Numbers, users and hosts in `sofia/external/+4420…@host:5060` and its like; `words` and ids stay."""

    def part(found: re.Match[str]) -> str:
        token = found[0]
        if token in words or token.lower() in UNTOLD or _IDENT.fullmatch(token):
            return token
        return names.number(token) if _NUMBER.fullmatch(token) else names.word(token)

    return _TOKEN.sub(part, written(names, value))


def kept(names: Pseudonyms, value: str) -> str:
    """A value that may stay, if nothing in it looks like a number or an address of a person."""
    return _LONG.sub(
        lambda found: names.text(found[0]) if "@" in found[0] else names.number(found[0]), written(names, value)
    )
