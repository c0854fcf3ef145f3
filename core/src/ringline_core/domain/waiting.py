"""Callers who wait in a queue, and since when: the facts do not tell that, since a call may be older than its wait."""

from __future__ import annotations

from dataclasses import dataclass

from ringline_core.domain.facts import Fact, Leg, LegRole, Snapshot
from ringline_core.wire.codes import LegState


@dataclass(frozen=True, slots=True)
class Waiting:
    """One caller who waits.

    Attributes:
        queue: Where.
        since_ms: When they were first seen there; for those of a first snapshot, as far as the PBX tells it.
    """

    queue: str
    since_ms: int


class WaitingCallers:
    """All callers who wait now, by leg; a leg whose phone rings meanwhile waits until somebody answers."""

    def __init__(self) -> None:
        self._waiting: dict[str, Waiting] = {}

    @property
    def all(self) -> tuple[Waiting, ...]:
        """Everybody who waits."""
        return tuple(self._waiting.values())

    def take(self, fact: Fact, now_ms: int) -> bool:
        """Take one fact in; whether somebody began or ceased to wait."""
        match fact:
            case Leg():
                return self._leg(fact, now_ms)
            case Snapshot():
                return self._snapshot(fact)
            case _:
                return False

    def _leg(self, leg: Leg, since_ms: int) -> bool:
        if not _waits(leg):
            return self._waiting.pop(leg.leg, None) is not None
        known = self._waiting.get(leg.leg)
        if known is not None and known.queue == leg.queue:
            return False
        self._waiting[leg.leg] = Waiting(str(leg.queue), since_ms)
        return True

    def _snapshot(self, snapshot: Snapshot) -> bool:
        before = self._waiting
        legs = {leg.leg: leg for leg in snapshot.legs if _waits(leg)}
        self._waiting = {ident: each for ident, each in before.items() if ident in legs}
        for leg in legs.values():
            self._leg(leg, leg.queued_at_ms or leg.started_at_ms)
        return before != self._waiting


def _waits(leg: Leg) -> bool:
    is_there = leg.role is LegRole.PARTY and leg.ended is None
    return is_there and leg.state is LegState.QUEUED and bool(leg.queue)
