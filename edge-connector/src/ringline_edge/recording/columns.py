"""Plain text replaced piece by piece, every piece as long as it was, so that columns stay where they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Final

from ringline_edge.adapters.mapping import plain
from ringline_edge.adapters.mapping.profile import Profile

_SIGN: Final = re.compile(r"\S")
Replace = Callable[[str], str]


def covered(value: str) -> str:
    """A value of which nothing may be known but how long it is."""
    return _SIGN.sub(lambda sign: "0" if sign[0].isdigit() else "x", value)


class Columns:
    """Where the values of a profile's plain text stand."""

    def __init__(self, profile: Profile, read: Iterable[str], times: Iterable[str]) -> None:
        """Paths of everything that `profile` reads, and of the times among it, which stay."""
        between = profile.between or ""
        self._read, self._times = _spans(read, between), _spans(times, between)
        self._secrets = _spans(profile.redact, between)

    def replaced(self, text: str, other: Replace, hidden: Replace) -> str:
        """A message with each piece replaced: values that touch each other are not one word."""
        times, secrets = _found(self._times, text), _found(self._secrets, text)
        read = (*times, *secrets, *_found(self._read, text))
        cuts = sorted({0, len(text), *(border for span in read for border in span)})
        pieces = list[str]()
        for begin, end in itertools.pairwise(cuts):
            piece = text[begin:end]
            if _inside(begin, end, secrets):
                pieces.append(hidden(piece))
            else:
                pieces.append(piece if _inside(begin, end, times) else other(piece))
        return "".join(pieces)


def _spans(paths: Iterable[str], between: str) -> list[plain.Span]:
    found = list[plain.Span]()
    for path in paths:
        try:
            found.append(plain.span(path, between))
        except ValueError:
            continue  # a path of another format, of a document inside of a value
    return found


def _found(spans: Iterable[plain.Span], text: str) -> list[tuple[int, int]]:
    return [found for span in spans if (found := span(text)) is not None]


def _inside(begin: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= begin and end <= last for first, last in spans)
