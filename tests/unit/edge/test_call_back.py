"""Calling back continues the missed interaction, in whatever form the site dials."""

from __future__ import annotations

import pytest

from ringline_core.domain.facts import Leg
from ringline_core.wire.codes import LegState, Verb
from ringline_edge.numbers import NumbersTable
from ringline_edge.numbers.plan import DialPlan
from tests.unit.edge.test_commands import Desk, desk

__all__ = ["desk"]


@pytest.mark.parametrize("table", [{"dial": "e164"}, {"dial": "national"}, {"dial": "national", "outside_prefix": "9"}])
async def test_the_call_goes_on_with_the_interaction(desk: Desk, table: dict[str, str]) -> None:
    plan = DialPlan(NumbersTable.model_validate({"region": "GB", **table}))
    desk.commands.dialled, desk.commands.shown_number = plan.command, plan.dialled_shown
    desk.pbx.answers.clear()
    desk.take("x1", Verb.PLACE, to="+442079460123", interaction="i-missed-1")
    await desk.asked()
    dialled = desk.pbx.executed[0][0].to
    leg = Leg("a2", "k2", "PJSIP/1001", LegState.INITIATED, 5_000, station="1001", origin=True, dialed=dialled)
    fact = plan.fact(leg)
    assert isinstance(fact, Leg)
    desk.shown(fact)
    assert desk.model.document("1001")["calls"][-1]["interaction"] == "i-missed-1"
