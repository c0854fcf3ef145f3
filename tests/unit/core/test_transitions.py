"""How legs end and change, by the contract's table (section 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringline_core.domain import transitions
from ringline_core.domain.facts import Ended, Left, Leg
from ringline_core.wire.codes import By, Cause, EventName, LegState

LEG = Leg("l", "k", "PJSIP/1001", LegState.ALERTING, 1_000, station="1001")
ANSWERED = replace(LEG, state=LegState.CONNECTED, answered_at_ms=2_000)
CLEARED, DIVERTED, TRANSFERRED = Left.CLEARED, Left.DIVERTED, Left.TRANSFERRED

ENDS = [
    (LegState.ALERTING, LEG, CLEARED, Cause.NO_ANSWER, EventName.MISSED),
    (LegState.ALERTING, LEG, CLEARED, Cause.REJECTED, EventName.MISSED),
    (LegState.ALERTING, LEG, CLEARED, Cause.ABANDONED, EventName.MISSED),
    (LegState.ALERTING, LEG, CLEARED, Cause.ANSWERED_ELSEWHERE, EventName.DIVERTED),
    (LegState.ALERTING, LEG, CLEARED, Cause.PICKED_UP, EventName.DIVERTED),
    (LegState.ALERTING, LEG, DIVERTED, Cause.FORWARDED, EventName.DIVERTED),
    (LegState.ALERTING, LEG, DIVERTED, Cause.PARKED, EventName.DIVERTED),
    (LegState.INITIATED, replace(LEG, origin=True), CLEARED, Cause.BUSY, EventName.FAILED),
    (LegState.INITIATED, replace(LEG, origin=True), CLEARED, Cause.NORMAL, EventName.FAILED),
    (LegState.CONNECTED, ANSWERED, CLEARED, Cause.NORMAL, EventName.DROPPED),
    (LegState.HOLD, ANSWERED, CLEARED, Cause.RECONCILED, EventName.DROPPED),
    (LegState.CONNECTED, ANSWERED, TRANSFERRED, Cause.NORMAL, EventName.TRANSFERRED),
    (LegState.HOLD, ANSWERED, TRANSFERRED, Cause.NORMAL, EventName.TRANSFERRED),
]


@pytest.mark.parametrize(("before", "leg", "left", "cause", "event"), ENDS)
def test_how_a_leg_ends(before: LegState, leg: Leg, left: Left, cause: Cause, event: EventName) -> None:
    told = transitions.gone(before, leg, Ended(3_000, left, cause, By.REMOTE, "1002"))
    assert (told.event, told.cause, told.by, told.peer, told.at_ms) == (event, cause, By.REMOTE, "1002", 3_000)


CHANGES = [
    (LegState.ALERTING, ANSWERED, [EventName.ANSWERED]),
    (LegState.INITIATED, ANSWERED, [EventName.ANSWERED]),
    (LegState.CONNECTED, replace(ANSWERED, state=LegState.HOLD), [EventName.HELD]),
    (LegState.HOLD, ANSWERED, [EventName.RESUMED]),
    (LegState.CONNECTED, ANSWERED, []),
    (LegState.ALERTING, replace(ANSWERED, transferred_by="1002"), [EventName.ANSWERED, EventName.TRANSFERRED]),
]


@pytest.mark.parametrize(("before", "leg", "events"), CHANGES)
def test_how_a_leg_changes(before: LegState, leg: Leg, events: list[EventName]) -> None:
    assert [told.event for told in transitions.changed(before, leg, 2_500)] == events


APPEARS = [
    (LEG, [EventName.RINGING]),
    (replace(LEG, state=LegState.INITIATED, origin=True), [EventName.DIALING]),
    (replace(LEG, state=LegState.INITIATED, origin=True, consult_of="k0"), [EventName.CONSULTING]),
    (replace(LEG, consult_of="k0"), [EventName.RINGING]),
]


@pytest.mark.parametrize(("leg", "events"), APPEARS)
def test_how_a_leg_appears(leg: Leg, events: list[EventName]) -> None:
    assert [told.event for told in transitions.appeared(leg, 1_000)] == events
