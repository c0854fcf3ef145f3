"""What agents are told happened: transitions, from what a station showed before and after.

Adapters say what is true; nobody says what happened. So no adapter can raise an event twice, and a snapshot raises only
what a snapshot may.
"""

from __future__ import annotations

from dataclasses import dataclass

from ringline_core.domain.facts import Ended, Left, Leg
from ringline_core.wire.codes import Cause, EventName, LegState

_ELSEWHERE = frozenset({Cause.ANSWERED_ELSEWHERE, Cause.PICKED_UP, Cause.FORWARDED, Cause.PARKED})
_UNANSWERED = frozenset({LegState.INITIATED, LegState.QUEUED, LegState.FAIL})

RANK = {
    LegState.CONNECTED: 5,
    LegState.HOLD: 4,
    LegState.ALERTING: 3,
    LegState.INITIATED: 2,
    LegState.QUEUED: 1,
    LegState.FAIL: 0,
}
"""How far a leg has come; of a station's devices in one call the most advanced is shown."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One transition, before it gets its number."""

    event: EventName
    at_ms: int
    cause: Cause | None = None
    by: str | None = None
    peer: str | None = None


def appeared(leg: Leg, at_ms: int) -> list[Happened]:
    """A call is shown at a station that did not show it before."""
    match leg.state:
        case LegState.ALERTING:
            return [Happened(EventName.RINGING, at_ms)]
        case LegState.INITIATED | LegState.QUEUED:
            event = EventName.CONSULTING if leg.consult_of else EventName.DIALING
            return [Happened(event, at_ms, by=leg.by)]
        case LegState.CONNECTED:
            dialing = [Happened(EventName.DIALING, leg.started_at_ms, by=leg.by)] if leg.origin else []
            return [*dialing, *_answered(leg, at_ms)]
        case _:
            return []


def changed(before: LegState, leg: Leg, at_ms: int) -> list[Happened]:
    """A call that was shown as `before` is shown as `leg` now."""
    match (before, leg.state):
        case (LegState.HOLD, LegState.CONNECTED):
            return [Happened(EventName.RESUMED, at_ms, by=leg.by)]
        case (_, LegState.CONNECTED) if before is not LegState.CONNECTED:
            return _answered(leg, at_ms)
        case (LegState.CONNECTED, LegState.HOLD):
            return [Happened(EventName.HELD, leg.held_at_ms or at_ms, by=leg.by)]
        case _:
            return []


def _answered(leg: Leg, at_ms: int) -> list[Happened]:
    answered = Happened(EventName.ANSWERED, leg.answered_at_ms or at_ms, by=leg.by)
    if leg.transferred_by and leg.transferred_by != leg.station:
        return [answered, Happened(EventName.TRANSFERRED, at_ms, peer=leg.transferred_by)]
    return [answered]


def gone(before: LegState, leg: Leg, ended: Ended) -> Happened:
    """A call that was shown as `before` is over at this station; contract, section 3, on how legs end."""
    return Happened(_ending(before, leg, ended), ended.at_ms, ended.cause, ended.by, ended.peer)


def _ending(before: LegState, leg: Leg, ended: Ended) -> EventName:
    if ended.left is Left.TRANSFERRED:
        return EventName.TRANSFERRED
    if before is LegState.ALERTING:
        diverted = ended.left is Left.DIVERTED or ended.cause in _ELSEWHERE
        return EventName.DIVERTED if diverted else EventName.MISSED
    if before in _UNANSWERED and leg.answered_at_ms is None:
        return EventName.FAILED
    return EventName.DROPPED
