"""Regular expressions that cannot run away: what would need much time is refused when the profile is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

LONGEST_PATTERN: Final = 200
LONGEST_VALUE: Final = 256
"""Characters of a value that a pattern gets to see."""

MOST_REPEATS: Final = 3
"""Repeats without an end in one pattern: the time is at most the value's length to that power."""

MOST_CHOICES: Final = 8
MOST_SOUGHT_REPEATS, MOST_SOUGHT_CHOICES = 2, 4
"""Of a pattern that is looked for everywhere, which costs one power more."""

FAR: Final = 2048
"""Characters of a message in which a pattern with one repeat is looked for; one with two sees `LONGEST_VALUE`."""

_REPEAT: Final = re.compile(r"[*+]|\{\d*,\d*\}|\{\d{2,}\}")
_TIMES: Final = re.compile(r"\{(\d)\}")
_UNREADABLE: Final = re.compile(r"\(\?(?:#|[a-zA-Z]*x)")
"""A comment, or the writing in which blanks mean nothing: both hide what a repeat is about."""

_PIECE: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[:=!<]*|\(|\)|[*+]|\{\d*,?\d*\}|.", re.DOTALL)


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern, to be matched from the beginning of a value.

    Raises:
        ValueError: It is none, or one that might need much time; the text says why.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has at most {LONGEST_PATTERN} characters")
    try:
        found = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as err:
        raise ValueError(f"no regular expression: {err}") from None
    _refuse_slow(pattern)
    return found


def match(pattern: re.Pattern[str], value: str) -> str | None:
    """Group 1, or the whole match where there is no group; None where it does not match."""
    found = pattern.match(value[:LONGEST_VALUE])
    if found is None:
        return None
    return found[1] if pattern.groups else found[0]


@dataclass(frozen=True, slots=True)
class Search:
    """A pattern that may stand anywhere in the first `reach` characters."""

    pattern: re.Pattern[str]
    reach: int

    def in_text(self, text: str) -> re.Match[str] | None:
        """Its first place."""
        return self.pattern.search(text, 0, self.reach)


def searched(pattern: str) -> Search:
    """A pattern to be looked for.

    Raises:
        ValueError: It is none, or one that might need much time; the text says why.
    """
    found = compiled(pattern)
    repeats, choices = _weight(pattern)
    # A pattern that may only stand at the beginning is not looked for elsewhere.
    repeats -= pattern.startswith("^") and "|" not in pattern
    if repeats > MOST_SOUGHT_REPEATS or choices > MOST_SOUGHT_CHOICES:
        raise ValueError(
            f"a pattern that is looked for has at most {MOST_SOUGHT_REPEATS} repeats, "
            f"and {MOST_SOUGHT_CHOICES} signs | and ?"
        )
    return Search(found, FAR if repeats < MOST_SOUGHT_REPEATS else LONGEST_VALUE)


def _refuse_slow(pattern: str) -> None:
    if re.search(r"(?:^|[^\\])(?:\\\\)*\\[1-9]|\(\?P=|\(\?\(", pattern):
        raise ValueError("a pattern refers back to no group")
    if _UNREADABLE.search(pattern):
        raise ValueError("a pattern has no comments, and blanks in it are blanks")
    repeats, choices = _weight(pattern)
    most_choices = MOST_CHOICES if repeats < MOST_REPEATS else MOST_CHOICES // 2
    if repeats > MOST_REPEATS or choices > most_choices:
        raise ValueError(
            f"a pattern has at most {MOST_REPEATS} repeats, and {MOST_CHOICES} signs | and ?, "
            f"half of them with {MOST_REPEATS} repeats"
        )


def _weight(pattern: str) -> tuple[int, int]:
    """Repeats without an end, and choices; what stands in a group that comes `{3}` times counts three times."""
    groups, closed = [[0, 0]], [0, 0]
    for piece in _PIECE.findall(pattern):
        last, closed = closed, [0, 0]
        if piece.startswith("("):
            groups.append([0, 0])
        elif piece == ")":
            closed = groups.pop()
            _add(groups[-1], closed, 1)
        elif piece in ("|", "?"):
            groups[-1][1] += 1
        elif _REPEAT.fullmatch(piece):
            if any(last):
                raise ValueError("a pattern repeats no group that repeats something itself")
            groups[-1][0] += 1
        elif times := _TIMES.fullmatch(piece):
            _add(groups[-1], last, int(times[1]) - 1)
    return groups[0][0], groups[0][1]


def _add(to: list[int], weights: list[int], times: int) -> None:
    for kind, weight in enumerate(weights):
        to[kind] += weight * max(0, times)
