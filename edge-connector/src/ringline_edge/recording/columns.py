"""Plain text replaced piece by piece, every piece as long as it was, so that columns stay where they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from ringline_edge.adapters.mapping import plain
from ringline_edge.adapters.mapping.expressions import Scope
from ringline_edge.adapters.mapping.headed import header_of
from ringline_edge.adapters.mapping.plan import Plan

MOST_VALUES: Final = 2000
"""In one message; of one that holds more nothing is told, since each is compared with all others."""

_SIGN: Final = re.compile(r"\S")
Replace = Callable[[str], str]
Paths = Mapping[str, Iterable[str]]
"""By the signs that part the pieces of a message in which they are looked for; by none for the whole."""

Places = Mapping[str, Sequence[plain.Span]]


def covered(value: str) -> str:
    """A value of which nothing may be known but how long it is."""
    return _SIGN.sub(lambda sign: "0" if sign[0].isdigit() else "x", value)


class Columns:
    """Where the values of a profile's plain text stand: in each class of messages elsewhere."""

    def __init__(self, plan: Plan, read: Mapping[str, Paths], times: Mapping[str, Paths]) -> None:
        """By class, paths of everything that the profile reads, and of the times among it, which stay."""
        between = plan.profile.between or ""
        self._classes = plan.classes
        self._read = {name: _places(paths, between) for name, paths in read.items()}
        self._times = {name: _places(paths, between) for name, paths in times.items()}
        is_plain = plan.profile.format == "plain"
        secrets = [plain.span(path, between) for path in plan.profile.redact if is_plain]
        # A secret is one in each of the pieces that any rule looks at.
        self._secrets = dict.fromkeys({"", *(parted for paths in read.values() for parted in paths)}, secrets)

    def replaced(self, text: str, other: Replace, hidden: Replace) -> str:
        """A message with each piece replaced: values that touch each other are not one word."""
        known = self._classes.of(Scope(text, text, 0, lambda _leg, _name: None, header=header_of(text)))
        name = "" if known is None else known.rule.name
        read = _found(self._read.get(name, {}), text)
        if len(read) > MOST_VALUES:
            return hidden(text)
        secrets = _widened(_found(self._secrets, text), read)
        times = [
            each for each in _found(self._times.get(name, {}), text)
            if not any(_meet(each, span) and span != each for span in read)
        ]  # fmt: skip
        pieces = list[str]()
        for begin, end in itertools.pairwise(_cuts(len(text), [*secrets, *times, *read])):
            piece = text[begin:end]
            if _inside(begin, end, secrets):
                pieces.append(hidden(piece))
            else:
                pieces.append(piece if _inside(begin, end, times) else other(piece))
        return "".join(pieces)


def _cuts(length: int, spans: Sequence[tuple[int, int]]) -> list[int]:
    """Where pieces begin and end: at the borders of values, but never within one, which would make a number two."""
    borders = {border for span in spans for border in span}
    return sorted({0, length} | {each for each in borders if not any(first < each < last for first, last in spans)})


def _widened(secrets: list[tuple[int, int]], read: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What a secret is a part of is one as a whole: what is left of a number would be too short to be replaced."""
    rest = [*secrets, *read]
    found = list[tuple[int, int]]()
    for secret in secrets:
        begin, end = secret
        while met := [each for each in rest if _meet(each, (begin, end))]:
            rest = [each for each in rest if each not in met]
            begin, end = min(begin, *(each[0] for each in met)), max(end, *(each[1] for each in met))
        found.append((begin, end))
    return [each for each in found if not any(each != other and _inside(*each, [other]) for other in found)]


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _spans(paths: Iterable[str], between: str) -> list[plain.Span]:
    found = list[plain.Span]()
    for path in paths:
        if path.strip() == plain.WHOLE:
            continue  # the message, of which steps take what they want
        try:
            found.append(plain.span(path, between))
        except ValueError:
            continue  # a path of another format, of a document inside of a value
    return found


def _places(paths: Paths, between: str) -> Places:
    return {parted: _spans(each, between) for parted, each in paths.items()}


def _found(places: Places, text: str) -> list[tuple[int, int]]:
    return [
        (at + found[0], at + found[1])
        for parted, spans in places.items()
        for at, piece in _pieces(text, parted)
        for span in spans
        if (found := span(piece)) is not None
    ]


def _pieces(text: str, parted: str) -> Iterator[tuple[int, str]]:
    """What rules with `each` look at, and where it begins; without it the whole."""
    if not parted:
        yield 0, text
        return
    at = 0
    for each in text.split(parted):
        piece = each.strip()
        if piece:
            yield at + each.index(piece), piece
        at += len(each) + len(parted)


def _inside(begin: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= begin and end <= last for first, last in spans)
