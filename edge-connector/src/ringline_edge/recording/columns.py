"""Plain text replaced piece by piece, every piece as long as it was, so that columns stay where they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ringline_edge.adapters.mapping import plain
from ringline_edge.adapters.mapping.expressions import Scope
from ringline_edge.adapters.mapping.plan import Plan

_SIGN: Final = re.compile(r"\S")
Replace = Callable[[str], str]


def covered(value: str) -> str:
    """A value of which nothing may be known but how long it is."""
    return _SIGN.sub(lambda sign: "0" if sign[0].isdigit() else "x", value)


class Columns:
    """Where the values of a profile's plain text stand: in each class of messages elsewhere."""

    def __init__(self, plan: Plan, read: Mapping[str, Iterable[str]], times: Mapping[str, Iterable[str]]) -> None:
        """By class, paths of everything that the profile reads, and of the times among it, which stay."""
        between = plan.profile.between or ""
        self._classes = plan.classes
        self._read = {name: _spans(paths, between) for name, paths in read.items()}
        self._times = {name: _spans(paths, between) for name, paths in times.items()}
        is_plain = plan.profile.format == "plain"
        self._secrets = [plain.span(path, between) for path in plan.profile.redact if is_plain]

    def replaced(self, text: str, other: Replace, hidden: Replace) -> str:
        """A message with each piece replaced: values that touch each other are not one word."""
        known = self._classes.of(Scope(text, text, 0, lambda _leg, _name: None))
        name = "" if known is None else known.rule.name
        read = _found(self._read.get(name, ()), text)
        secrets = _widened(_found(self._secrets, text), read)
        times = [
            each for each in _found(self._times.get(name, ()), text)
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


def _found(spans: Iterable[plain.Span], text: str) -> list[tuple[int, int]]:
    return [found for span in spans if (found := span(text)) is not None]


def _inside(begin: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    return any(first <= begin and end <= last for first, last in spans)
