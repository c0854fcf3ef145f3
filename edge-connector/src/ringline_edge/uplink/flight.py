"""Frames that were sent and not yet acknowledged: the window, and when to send again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ringline_edge.spool.log import Record

RESEND_FIRST_S = 3.0
RESEND_CAP_S = 20.0
DOUBT_FIRST_S = 0.25
GIVE_UP = 6
"""Tries after which a frame is taken apart, so that one document nobody can store does not hold up the others."""


@dataclass(slots=True)
class InFlight:
    """One frame on its way.

    Attributes:
        stations: `seq` of each station in it.
        records: Call records in it.
        snapshot: `begin` or `end` of a snapshot, else None.
    """

    frame: int
    text: str
    due_s: float = 0.0
    attempt: int = 0
    stations: dict[str, int] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    snapshot: str | None = None

    @property
    def can_be_given_up(self) -> bool:
        """Whether what it carries can be sent again in another frame."""
        return bool(self.stations or self.records)


class Window:
    """The frames in flight, over all sockets of a process: frame numbers never repeat."""

    def __init__(self, fraction: Callable[[], float]) -> None:
        """`fraction` gives random numbers in [0, 1)."""
        self._fraction = fraction
        self._frames: dict[int, InFlight] = {}

    def __len__(self) -> int:
        return len(self._frames)

    def __iter__(self) -> Iterator[InFlight]:
        return iter(tuple(self._frames.values()))

    def holds(self, station: str) -> bool:
        """Whether a document of the station is on its way."""
        return any(station in each.stations for each in self._frames.values())

    def add(self, sent: InFlight, now_s: float) -> None:
        """A frame was sent for the first time."""
        self._frames[sent.frame] = sent
        self._schedule(sent, now_s)

    def acked(self, frame: int) -> InFlight | None:
        """The frame's ack came; None for a second one."""
        return self._frames.pop(frame, None)

    def given_up(self, now_s: float) -> list[InFlight]:
        """Frames that failed too often; they are in flight no more."""
        tired = [
            each
            for each in self._frames.values()
            if each.due_s <= now_s and each.attempt >= GIVE_UP and each.can_be_given_up
        ]
        for each in tired:
            del self._frames[each.frame]
        return tired

    def due(self, now_s: float) -> list[InFlight]:
        """Frames to send again now; each is scheduled anew."""
        late = [each for each in self._frames.values() if each.due_s <= now_s]
        for each in late:
            each.attempt += 1
            self._schedule(each, now_s)
        return late

    def doubt(self, now_s: float) -> None:
        """Some frame failed and nobody says which: send all again, sooner than a missing ack would make us."""
        for each in self._frames.values():
            soon = min(RESEND_CAP_S, DOUBT_FIRST_S * 2.0**each.attempt)
            each.due_s = min(each.due_s, now_s + soon * (0.75 + self._fraction() / 2))

    def clear(self) -> None:
        """The socket is gone; what was on it waits in the spool."""
        self._frames.clear()

    def next_due_s(self) -> float | None:
        """When the next frame is to be sent again."""
        return min((each.due_s for each in self._frames.values()), default=None)

    def _schedule(self, each: InFlight, now_s: float) -> None:
        wait = min(RESEND_CAP_S, RESEND_FIRST_S * 2.0**each.attempt)
        each.due_s = now_s + wait * (0.75 + self._fraction() / 2)
