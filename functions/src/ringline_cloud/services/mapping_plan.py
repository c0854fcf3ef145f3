"""What a change of many mappings comes to: who is added, changed, removed or refused. Pure.

A station belongs to one user, or to several who all have `hot_desk`. That is judged by where everybody is once the
change is made, so two users may swap their stations in one file; a refused user stays where they were, which may in
turn refuse the next one.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import islice
from typing import Any

Stored = dict[str, Any]
Desk = tuple[str, str]
NAMED = 3
"""How many others a reason names at most."""

_LEFT_OUT: Stored = {"login": "", "name": "", "team": "", "queues": [], "hot_desk": False}


@dataclass(frozen=True)
class Wish:
    """What one user's mapping shall be.

    Attributes:
        user: Whose.
        mapping: All of it, or None to take it away.
        line: Where the file says so, counted from 1; None when no file does.
    """

    user: str
    mapping: Stored | None
    line: int | None = None


@dataclass(frozen=True)
class Refusal:
    """One wish that is not granted, or one line that is none: where, whose if that can be told, and why."""

    reason: str
    line: int | None = None
    user: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A file as it was read: wishes and refused lines, in its order."""

    wishes: tuple[Wish, ...] = ()
    refused: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Change:
    """One user's mapping before and after; None is none."""

    user: str
    before: Stored | None
    after: Stored | None


@dataclass(frozen=True)
class Plan:
    """What a sheet comes to: changes by user, how many wishes are true already, refusals by line."""

    changes: tuple[Change, ...]
    unchanged: int
    refused: tuple[Refusal, ...]


def plan(current: Mapping[str, Stored], sheet: Sheet, sites: Set[str], *, replace: bool = False) -> Plan:
    """What granting a sheet's wishes would change.

    Args:
        current: The stored mappings by user.
        sheet: The file.
        sites: Those that there are.
        replace: Whether users whom the file does not name lose their mapping.
    """
    refused = [*sheet.refused, *_twice(sheet.wishes)]
    once = [lines[0] for lines in _lines_by_user(sheet.wishes).values() if len(lines) == 1]
    refused += [Refusal(why, wish.line, wish.user) for wish in once if (why := _fault(wish, current, sites))]
    named = {wish.user for wish in sheet.wishes} | {each.user for each in sheet.refused}
    all_told = all(each.user for each in sheet.refused)  # else a line that cannot be read may be anybody's
    gone = [Wish(user, None) for user in sorted(current) if replace and all_told and user not in named]
    faulty = {each.line for each in refused}
    wishes = [wish for wish in once if wish.line not in faulty] + gone
    clashes = clashing(current, wishes)
    refused += clashes.values()
    granted = [wish for wish in wishes if wish.user not in clashes]
    changes = [Change(wish.user, current.get(wish.user), wish.mapping) for wish in granted if _differs(current, wish)]
    return Plan(
        changes=tuple(sorted(changes, key=lambda each: each.user)),
        unchanged=len(granted) - len(changes),
        refused=tuple(sorted(refused, key=lambda each: (each.line or 0, each.user or ""))),
    )


def clashing(
    current: Mapping[str, Stored], wishes: Sequence[Wish], *, among_themselves: bool = True
) -> dict[str, Refusal]:
    """The wishes that would give one station to two users, by user.

    Args:
        current: The stored mappings by user.
        wishes: At most one for each user.
        among_themselves: Whether two wishes can clash; else only a wish and a user who has none.
    """
    return _Desks(current, wishes, among_themselves).settle()


class _Desks:
    """Who is mapped where if all wishes but the refused ones are granted."""

    def __init__(self, current: Mapping[str, Stored], wishes: Sequence[Wish], among_themselves: bool) -> None:
        self._before = current
        self._open = {wish.user: wish for wish in wishes}
        self._among_themselves = among_themselves
        self._now: dict[str, Stored] = {**current}
        self._at: dict[Desk, set[str]] = defaultdict(set)
        for wish in wishes:
            self._now.pop(wish.user, None)
            if wish.mapping is not None:
                self._now[wish.user] = wish.mapping
        for user, mapping in self._now.items():
            self._at[_desk(mapping)].add(user)

    def settle(self) -> dict[str, Refusal]:
        """Refuse until no open wish clashes; each refusal sends one user back, so this ends."""
        refused: dict[str, Refusal] = {}
        todo = deque(sorted({_desk(wish.mapping) for wish in self._open.values() if wish.mapping is not None}))
        while todo:
            found = self._clashes(todo.popleft())
            refused |= {each.user: each for each in found if each.user is not None}
            todo += sorted({desk for each in found for desk in self._send_back(str(each.user))})
        return refused

    def _clashes(self, desk: Desk) -> list[Refusal]:
        here = sorted(self._at[desk])
        counted = here if self._among_themselves else [user for user in here if user not in self._open]
        fixed = [user for user in counted if not self._now[user].get("hot_desk")]
        found = []
        for user in here:
            against = fixed if self._now[user].get("hot_desk") else counted
            others = list(islice((each for each in against if each != user), NAMED + 1))
            if others and user in self._open:
                found.append(Refusal(self._reason(desk, others), self._open[user].line, user))
        return found

    def _reason(self, desk: Desk, others: Sequence[str]) -> str:
        named = ", ".join(self._named(each) for each in others[:NAMED])
        more = " and others" if len(others) > NAMED else ""
        return f"station {desk[1]} at {desk[0]} is also {named}{more}; only users who all have hot_desk may share one"

    def _named(self, user: str) -> str:
        wish = self._open.get(user)
        return f"{user}'s (line {wish.line})" if wish and wish.line else f"{user}'s"

    def _send_back(self, user: str) -> Iterator[Desk]:
        del self._open[user]
        self._at[_desk(self._now.pop(user))].discard(user)
        if user in self._before:
            self._now[user] = self._before[user]
            self._at[_desk(self._now[user])].add(user)
            yield _desk(self._now[user])


def _desk(mapping: Stored) -> Desk:
    return mapping["site"], mapping["station"]


def _differs(current: Mapping[str, Stored], wish: Wish) -> bool:
    before = current.get(wish.user)
    if before is None or wish.mapping is None:
        return before is not wish.mapping
    return {**_LEFT_OUT, **before} != {**_LEFT_OUT, **wish.mapping}


def _fault(wish: Wish, current: Mapping[str, Stored], sites: Set[str]) -> str | None:
    if wish.mapping is None:
        return None
    if wish.mapping["site"] not in sites:
        return "site: there is no such site"
    station = wish.mapping["station"]
    # Names of phones may have letters ("desk-7"), but 10O1 is a slip of the hand far more often than a name.
    slip = station[0].isdigit() and any(each.isalpha() for each in station)
    if slip and current.get(wish.user, {}).get("station") != station:
        return "station: a number with letters in it; if the phone is really called so, map this user alone"
    return None


def _twice(wishes: Iterable[Wish]) -> list[Refusal]:
    refused = []
    for lines in _lines_by_user(wishes).values():
        if len(lines) > 1:
            listed = ", ".join(str(wish.line) for wish in lines[: NAMED + 1])
            refused += [Refusal(f"user: more than once, in lines {listed}", each.line, each.user) for each in lines]
    return refused


def _lines_by_user(wishes: Iterable[Wish]) -> dict[str, list[Wish]]:
    found: dict[str, list[Wish]] = defaultdict(list)
    for wish in wishes:
        found[wish.user].append(wish)
    return found
