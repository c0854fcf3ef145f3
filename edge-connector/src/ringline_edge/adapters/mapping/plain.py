"""Messages that are plain text: a value stands in columns, behind a label, or where a pattern finds it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ringline_edge.adapters.mapping import patterns

WHOLE: Final = "text"
_COLUMNS: Final = re.compile(r"(\d{1,5})(?:(-)(\d{1,5})?)?")
_LABEL: Final = re.compile(r"[^\W\d][\w.-]{0,63}[=:]")
_PATTERN: Final = re.compile(r"/(.+)/", re.DOTALL)
_HOW: Final = "write columns from 1 on (12, 12-25, 12-), a label (EXT=), /a pattern/, or text for all of it"

Span = Callable[[str], tuple[int, int] | None]
"""Where in a message a value stands; None where there is none."""


def span(path: str, between: str = "") -> Span:
    """A path as the place that it means.

    Args:
        path: As the profile writes it.
        between: Signs that part fields.

    Raises:
        ValueError: It is no path of plain text, or a label where nothing says what parts fields.
    """
    path = path.strip()
    if path == WHOLE:
        return lambda text: (0, len(text))
    if columns := _COLUMNS.fullmatch(path):
        return _columns(*columns.groups())
    if _LABEL.fullmatch(path):
        return _labelled(path, between)
    if pattern := _PATTERN.fullmatch(path):
        return _searched(pattern[1])
    raise ValueError(f"no path in plain text: {path!r}; {_HOW}")


def value(path: str, between: str = "") -> Callable[[str], str | None]:
    """What stands at a path, without the blanks around it; columns of nothing but blanks hold no value.

    Raises:
        ValueError: As for `span`.
    """
    place, is_whole = span(path, between), path.strip() == WHOLE

    def found_in(text: str) -> str | None:
        found = place(text)
        if found is None:
            return None
        said = text[found[0] : found[1]]
        return said if is_whole else said.strip()

    return found_in


def _ends(first: str, dash: str | None, last: str | None) -> tuple[int, int | None]:
    return int(first) - 1, int(last) if last else None if dash else int(first)


def _columns(first: str, dash: str | None, last: str | None) -> Span:
    begin, end = _ends(first, dash, last)
    if begin < 0 or (end is not None and end <= begin):
        raise ValueError(f"columns are counted from 1, the last one not before the first; {_HOW}")

    def place(text: str) -> tuple[int, int] | None:
        until = len(text) if end is None else min(end, len(text))
        return (begin, until) if text[begin:until].strip() else None

    return place


def _labelled(label: str, between: str) -> Span:
    if not between:
        raise ValueError(f"{label} ends where the next field begins: between is missing, or empty")
    # A blank that parts fields begins one itself: skipped too, many of them would be tried from each of them on.
    blanks = "".join(sign for sign in " \t" if sign not in between)
    skipped = f"[{blanks}]*" if blanks else ""
    part = re.compile(f"(?:[{re.escape(between)}]|^){skipped}{re.escape(label)}([^{re.escape(between)}]*)")

    def place(text: str) -> tuple[int, int] | None:
        found = part.search(text)
        return None if found is None else found.span(1)

    return place


def _searched(pattern: str) -> Span:
    search = patterns.searched(pattern)
    group = min(1, search.pattern.groups)

    def place(text: str) -> tuple[int, int] | None:
        found = search.in_text(text)
        return None if found is None or found.start(group) < 0 else found.span(group)

    return place
