"""Calling back continues the missed interaction, in whatever form the site dials."""

from __future__ import annotations

import time
from typing import Any

import pytest

from ringline_core.domain.facts import Leg
from ringline_core.domain.linkage import Linkage
from ringline_core.wire.codes import LegState, Verb
from ringline_edge.numbers import NumbersTable
from ringline_edge.numbers.plan import DialPlan
from tests.support.waiting import eventually
from tests.unit.edge.test_commands import CALL, OUTSIDE, TALKING, Desk, desk

__all__ = ["desk"]


async def test_what_begins_a_call_of_an_interaction_takes_its_key_along(desk: Desk) -> None:
    desk.model.linkage = linkage = Linkage("the tenant's secret")
    desk.shown(OUTSIDE, TALKING)
    begins: list[tuple[Verb, dict[str, Any]]] = [
        (Verb.TRANSFER, {"call": CALL, "to": "1002", "data": {"order": 1}}),
        (Verb.CONSULT, {"call": CALL, "to": "1002"}),
        (Verb.PLACE, {"to": "+442079460123", "interaction": "i-missed-1"}),
    ]
    for verb, arguments in begins:
        desk.take(f"x-{verb}", verb, **arguments)
        await eventually(lambda: desk.pbx.executed and desk.pbx.executed[-1][0].id == f"x-{verb}")  # noqa: B023
    sent = [command.data for command, _ in desk.pbx.executed]
    now_ms = time.time_ns() // 1_000_000
    named = [linkage.interaction(str(data and data["linkage"]), now_ms) for data in sent]
    assert named == ["i-hq-k1", "i-hq-k1", "i-missed-1"]
    assert sent[0] is not None
    assert sent[0]["order"] == 1


async def test_without_a_story_or_the_clouds_secret_nothing_rides_along(desk: Desk) -> None:
    desk.shown(OUTSIDE, TALKING)
    desk.take("x1", Verb.TRANSFER, call=CALL, to="1002")
    await desk.asked()
    desk.model.linkage = Linkage("the tenant's secret")
    desk.take("x2", Verb.PLACE, to="+442079460123")
    await eventually(lambda: len(desk.pbx.executed) == 2)
    assert [command.data for command, _ in desk.pbx.executed] == [None, None]


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
