"""The board of a site: every station with who works there, and every queue with who waits; and how two boards differ.

Entries are in the wire's JSON form. A board is built whole from documents, desks and waiting callers; what is told is
the difference, so that `applied(before, changes(before, after)) == after` whatever happened in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ringline_core.domain.waiting import Waiting
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.edge import DeskForEdge

Entry = Mapping[str, Any]
_NOTHING: Mapping[str, Entry] = {}


@dataclass(frozen=True, slots=True)
class Board:
    """Stations and queues by their names."""

    stations: Mapping[str, Entry] = field(default_factory=lambda: _NOTHING)
    queues: Mapping[str, Entry] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class BoardChanges:
    """What makes one board of another.

    Attributes:
        stations: New or changed stations.
        queues: New or changed queues.
        left: Stations that an agent left, and those that are gone, each with who was there.
        closed: Queues that are gone.
    """

    stations: tuple[Entry, ...] = ()
    queues: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()
    closed: tuple[str, ...] = ()


def built(
    documents: Iterable[Mapping[str, Any]],
    desks: Mapping[str, DeskForEdge],
    waiting: Iterable[Waiting],
    cloud_ms: float,
) -> Board:
    """The board of a site.

    Args:
        documents: Station documents in the wire's JSON form.
        desks: What the cloud said of stations; one may be missing.
        waiting: Callers who wait.
        cloud_ms: The cloud's clock, by which leases of work end.
    """
    stations = {str(each["station"]): _station(each, desks.get(each["station"]), cloud_ms) for each in documents}
    served = {queue for each in stations.values() for queue in each["queues"]}
    return Board(dict(sorted(stations.items())), _queues(served, tuple(waiting)))


def changes(before: Board, after: Board) -> BoardChanges:
    """What is to be told to who has `before`."""
    return BoardChanges(
        stations=_changed(before.stations, after.stations),
        queues=_changed(before.queues, after.queues),
        left=tuple(
            {"station": station, "agent": was["agent"]}
            for station, was in before.stations.items()
            if station not in after.stations or was["agent"] not in (None, after.stations[station]["agent"])
        ),
        closed=tuple(queue for queue in before.queues if queue not in after.queues),
    )


def applied(before: Board, told: BoardChanges) -> Board:
    """`before` with the changes made: what an admin's page does."""
    fresh = {str(each["station"]): each for each in told.stations}
    gone = {str(each["station"]) for each in told.left} - set(fresh)
    stations = {**{name: each for name, each in before.stations.items() if name not in gone}, **fresh}
    kept = {name: each for name, each in before.queues.items() if name not in told.closed}
    queues = {**kept, **{str(each["queue"]): each for each in told.queues}}
    return Board(dict(sorted(stations.items())), dict(sorted(queues.items())))


def whole(board: Board) -> BoardChanges:
    """All of it, as the first thing that is told."""
    return BoardChanges(tuple(board.stations.values()), tuple(board.queues.values()))


def _changed(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> tuple[Entry, ...]:
    return tuple(each for name, each in after.items() if before.get(name) != each)


def _station(document: Mapping[str, Any], desk: DeskForEdge | None, cloud_ms: float) -> Entry:
    agent = document["agent"]
    taken = desk if desk is not None and desk.agent is not None else None
    return {
        "station": document["station"],
        "agent": taken.agent if taken else None,
        "name": taken.name if taken else "",
        "in_service": document["in_service"],
        **{name: agent[name] for name in ("state", "reason", "pending", "since_at")},
        "pages": taken.pages if taken else 0,
        "work": _open_work(taken, cloud_ms) if taken else 0,
        "owes": len(document["wrap_up"]),
        "queues": [each["queue"] for each in agent["queues"]],
        "calls": [_call(each) for each in document["calls"]],
    }


def _open_work(desk: DeskForEdge, cloud_ms: float) -> int:
    return sum(each.lease_until_at.timestamp() * 1000 > cloud_ms for each in desk.work)


def _call(call: Mapping[str, Any]) -> Entry:
    since_at = call["held_at"] or call["answered_at"] or call["started_at"]
    return {**{name: call[name] for name in ("leg", "direction", "queue")}, "since_at": since_at}


def _queues(served: set[str], waiting: tuple[Waiting, ...]) -> dict[str, Entry]:
    since: dict[str, list[int]] = {queue: [] for queue in served}
    for each in waiting:
        since.setdefault(each.queue[:80], []).append(each.since_ms)
    return {queue: _queue(queue, since[queue]) for queue in sorted(since)}


def _queue(queue: str, since_ms: list[int]) -> Entry:
    longest = ms_to_rfc3339(min(since_ms)) if since_ms else None
    return {"queue": queue, "waiting": len(since_ms), "longest_since_at": longest}
