"""Calls that ring unanswered in a row: whom policy holds for them, and what forgets them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ringline_core.domain.gate import StationGate
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.misses import Rung
from ringline_core.wire.codes import Cause, EventName, LegState
from tests.support.gate import after_a_call, call, desk, gate_of

MISSED, ANSWERED = EventName.MISSED, EventName.ANSWERED
UNTAKEN = (MISSED, Cause.NO_ANSWER)


def rings(gate: StationGate, *ends: tuple[EventName, Cause | None], queue: str | None = "support") -> list[bool]:
    """One call after the other rings and ends so; whether it was too many after each."""
    said = []
    for n, (event, cause) in enumerate(ends, 1):
        ident = f"c-{n}"
        gate.see([call(ident, leg=LegState.ALERTING, is_answered=False, queue=queue)], n)
        gate.see([], n)
        gate.hear([Rung(n, ident, event, cause)])
        said.append(gate.kept.misses.is_out)
    return said


@pytest.mark.parametrize(
    ("ends", "is_out"),
    [
        ([UNTAKEN], False),
        ([UNTAKEN, UNTAKEN], True),
        ([UNTAKEN, (ANSWERED, None), UNTAKEN], False),
        ([UNTAKEN, (MISSED, Cause.REJECTED), UNTAKEN], False),
        ([UNTAKEN, (MISSED, Cause.ABANDONED), UNTAKEN], True),
        ([(MISSED, Cause.ABANDONED), UNTAKEN], False),
    ],
)
def test_so_many_calls_of_queues_unanswered_in_a_row_hold(
    ends: list[tuple[EventName, Cause | None]], is_out: bool
) -> None:
    gate = gate_of(policy={"missed_limit": 2})
    assert rings(gate, *ends) == [False] * (len(ends) - 1) + [is_out]
    assert gate.wanted(9) is (HoldKind.MISSED if is_out else None)
    assert not gate._offered


@pytest.mark.parametrize(
    "policy", [{}, {"missed_limit": 0}, {"missed_limit": 2, "queues": {"support": {"missed_limit": 9}}}]
)
def test_missed_calls_hold_nobody_where_policy_does_not_say_so(policy: dict[str, Any]) -> None:
    gate = gate_of(policy=policy)
    assert rings(gate, *[UNTAKEN] * 3) == [False] * 3


def test_direct_calls_are_not_counted() -> None:
    gate = gate_of(policy={"missed_limit": 2})
    assert rings(gate, *[UNTAKEN] * 3, queue=None) == [False] * 3
    assert rings(gate, *[UNTAKEN] * 3) == [False, True, True]


def test_missed_calls_are_forgotten_by_ready_on_page_and_phone_by_the_supervisors_and_with_another_agent() -> None:
    lifts: list[Callable[[StationGate], object]] = [
        lambda g: g.asked_ready(9),
        lambda g: g.pressed_ready(9),
        lambda g: g.supervise(held=False),
        lambda g: g.take_desk(desk(2, agent="ben"), 9),
    ]
    for lift in lifts:
        gate = gate_of(policy={"missed_limit": 1})
        rings(gate, UNTAKEN)
        assert gate.wanted(9) is HoldKind.MISSED
        lift(gate)
        assert gate.wanted(9) is None


def test_a_note_that_is_owed_is_shown_before_missed_calls() -> None:
    gate = gate_of(policy={"missed_limit": 1, "gate": "note"})
    after_a_call(gate, ident="c-9")
    rings(gate, UNTAKEN)
    assert gate.wanted(9) is HoldKind.GATE
    assert not gate.asked_ready(9)
    gate.take_desk(desk(2, policy={"missed_limit": 1, "gate": "note"}, decided=["i-9"]), 9)
    assert gate.wanted(9) is HoldKind.MISSED
