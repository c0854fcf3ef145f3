"""Other numbers and names in place of the real ones: the same for the same within a recording, and never twice.

What stays: numbers of this site's own that the configuration names, and whatever is short enough for an extension or a
feature code. What is replaced keeps its length and what makes it a number of its kind: `+` and country code, or the
zeros that begin a national or international number.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Final

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

from ringline_edge.recording.shuffle import Shuffle

SHORT: Final = 4
"""Digits of an extension that may stay without being configured."""

FREE: Final = 4
"""So many digits of a number are replaced at least; only what is beyond them may show where it is from."""

KNOWN: Final = 65_536
_NUMBER: Final = re.compile(r"(\+?)([0-9]+)")
_PIECES: Final = re.compile(r"\+?[0-9]+")
_INTERNATIONAL: Final = "00"
_LONGEST_COUNTRY: Final = 3
_HEX: Final = re.compile(r"[0-9a-f]*[0-9][0-9a-f]*|[0-9A-F]*[0-9][0-9A-F]*")
_TRIES: Final = 100


class Pseudonyms:
    """The pseudonyms of one recording; pure but for the key and the names given so far."""

    def __init__(
        self,
        own: Collection[str] = (),
        *,
        short: int = SHORT,
        is_own: Callable[[str], object] = lambda _: None,
        keep_numbers: bool = False,
        key: bytes | None = None,
    ) -> None:
        """A random key where none is given.

        Args:
            own: Numbers of the site's own, as configured.
            short: Numbers of so many digits or fewer are the site's own.
            is_own: Whether a number is, by a pattern of the site's.
            keep_numbers: All numbers stay, names do not.
            key: Of the shuffle.
        """
        self._own, self._short, self._is_own = frozenset(own), short, is_own
        self._keep = keep_numbers
        self._shuffle = Shuffle(key)
        self._given: dict[str, dict[str, str]] = {}
        self._alike: dict[str, str] = {}
        self._taken: set[str] = set()
        self._extensions: set[str] = set(own)
        self._replaced = lru_cache(KNOWN)(self._replace)

    def number(self, value: str) -> str:
        """A telephone number's; digits, a `+` before them, and among them whatever else is left as it is.

        `12*3456` and other codes of the dial pad are taken piece by piece.
        """
        if self._keep or value in self._own:
            return value
        return _PIECES.sub(lambda found: self._replaced(found[0]), value)

    def is_extension(self, value: str) -> bool:
        """Whether a number was one of the site's own before in this recording."""
        return value in self._extensions

    def login(self, value: str) -> str:
        """An agent's; digits become other digits, however few they are."""
        if value.isascii() and value.isdigit() and len(value) > 1:
            return self._shuffle.next(value, "login")
        return self._count("login", "login", value)

    def name(self, value: str) -> str:
        """A person's: `Name 1`."""
        return self._count("name", "Name ", value)

    def text(self, value: str) -> str:
        """Of a value that somebody wrote or a program carries: `Text 1`."""
        return self._count("text", "Text ", value)

    def word(self, value: str) -> str:
        """Of a part of an address, a user or a host: `word1`."""
        return self._count("word", "word", value)

    def alike(self, value: str) -> str:
        """As many characters of the same kinds, for words that a pattern may have to know again.

        Where no other of its form is left to be found, one with a number behind it.
        """
        if value not in self._alike:
            letters = string.hexdigits[10:16] if _HEX.fullmatch(value) else string.ascii_lowercase
            tries = ("".join(_like(sign, letters) for sign in value) for _ in range(_TRIES))
            new = next((each for each in tries if each != value and each not in self._taken), None)
            new = new or f"{value[0] if value[0].isdigit() else 'x'}{len(self._taken)}x"
            self._taken.add(new)
            self._alike[value] = new
        return self._alike[value]

    def _count(self, kind: str, prefix: str, value: str) -> str:
        given = self._given.setdefault(kind, {})
        return given.setdefault(value, f"{prefix}{len(given) + 1}")

    def _stays(self, number: str) -> bool:
        digits = number.removeprefix("+")
        return number in self._own or len(digits) <= self._short or bool(self._is_own(number))

    def _replace(self, number: str) -> str:
        if self._stays(number):
            self._extensions.add(number)
            return number
        head = _head(number)
        rest = new = number[len(head) :]
        while True:
            # What would be one of the site's own, or a number of another kind, is passed over: the next one is as good,
            # and nothing can come out twice.
            new = self._shuffle.next(new, f"{head} number")
            if _head(head + new) == head and (new[0] == "0") is (rest[0] == "0") and not self._stays(head + new):
                return head + new


def _head(number: str) -> str:
    """What of a number shows its kind, and stays."""
    found = _NUMBER.fullmatch(number)
    plus, digits = (found[1], found[2]) if found else ("", number)
    begin = plus
    if not plus and digits.startswith("0"):
        begin = _INTERNATIONAL if digits.startswith(_INTERNATIONAL) else "0"
    country = _country(number[len(begin) :]) if begin in ("+", _INTERNATIONAL) else ""
    return next((each for each in (begin + country, begin) if len(number) - len(each) >= FREE), plus)


def _country(digits: str) -> str:
    codes = (digits[:length] for length in range(1, _LONGEST_COUNTRY + 1))
    return next((code for code in codes if code and int(code) in COUNTRY_CODE_TO_REGION_CODE and code[0] != "0"), "")


def _like(sign: str, letters: str) -> str:
    """Another sign of the same kind."""
    if sign.isdigit():
        return secrets.choice(string.digits)
    new = secrets.choice(letters)
    return new.upper() if sign.isupper() else new
