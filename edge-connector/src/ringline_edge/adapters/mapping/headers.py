"""Messages of header lines, read no further than they are asked for. Pure.

Most events of a busy PBX are of no use here, and of the others few headers are: one is looked for when a rule asks.
"""

from __future__ import annotations

from typing import Final

MOST_PLACES: Final = 16
"""How often a name may stand in a message, in values too, before all its lines are read once and for all."""


class Headers:
    """One message; names are small letters, and what is asked twice is found once."""

    __slots__ = ("_found", "_lines", "_small", "_text")

    def __init__(self, text: str) -> None:
        """Nothing is read yet."""
        self._text = text
        self._small = text.lower()
        self._found: dict[str, str | None] = {}
        self._lines: dict[str, str] | None = None

    def get(self, name: str) -> str | None:
        """The value of a header, as `every` has it; None where there is none."""
        found = self._found
        if name in found:
            return found[name]
        value = found[name] = self._sought(name) if name in self._small or not name.isascii() else None
        return value

    def _sought(self, name: str) -> str | None:
        text, small = self._text, self._small
        if self._lines is not None or len(small) != len(text) or not name.isascii():
            return self._from_all(name)
        value, at = None, small.find(name)
        for _ in range(MOST_PLACES):
            end = small.find("\n", at)
            line = text[small.rfind("\n", 0, at) + 1 : end if end >= 0 else None].rstrip("\r")
            if not line.isprintable():
                # It may hold one of the other signs at which lines end.
                return self._from_all(name)
            key, colon, rest = line.partition(":")
            if colon and key.strip().lower() == name:
                value = rest.strip() if value is None else f"{value}\n{rest.strip()}"
            if end < 0 or (at := small.find(name, end)) < 0:
                return value
        return self._from_all(name)

    def _from_all(self, name: str) -> str | None:
        if self._lines is None:
            self._lines = every(self._text)
        return self._lines.get(name)


def every(text: str) -> dict[str, str]:
    """Headers by small name; one that comes again is joined with a line feed, a line that is none is left out."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        if colon and key:
            found[key] = f"{found[key]}\n{value.strip()}" if key in found else value.strip()
    return found
