"""Agents at a fake CSTA server: log-on, ready, reasons, keys of the phone, and holds by after-call work."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringline_core.domain.facts import Agent
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.waiting import eventually
from tests.unit.csta.world import CUSTOMER, World, world

NOTE = "ringline:wrap_up"


@pytest_asyncio.fixture(params=["dmcc", "standard"])
async def w(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world(request.param) as made:
        yield made


@pytest_asyncio.fixture
async def dmcc() -> AsyncIterator[World]:
    async with world("dmcc") as made:
        yield made


def facts(w: World, station: str = "4750") -> list[Agent]:
    return [each for each in w.facts if isinstance(each, Agent) and each.station == station]


async def test_an_agent_logs_on_becomes_ready_takes_a_break_and_logs_off(w: World) -> None:
    await w.do(Verb.LOG_ON, "4750", login="6001")
    await w.state("4750", "not_ready")
    assert w.agent("4750")["login"] == "6001"
    await w.do(Verb.SET_STATE, "4750", state="ready")
    await w.state("4750", "ready")
    await w.do(Verb.SET_STATE, "4750", state="not_ready", reason="lunch")
    await w.state("4750", "not_ready")
    await w.do(Verb.LOG_OFF, "4750")
    await w.state("4750", "logged_off")
    assert w.presses() == []


async def test_avaya_gets_work_mode_and_reason_code_and_shows_the_reason_by_name(dmcc: World) -> None:
    await dmcc.do(Verb.LOG_ON, "4750", login="6001")
    asked = dmcc.pbx.last("SetAgentState")
    assert (asked.anywhere("workMode"), asked.anywhere("password")) == ("auxWork", "31323334")
    await dmcc.do(Verb.SET_STATE, "4750", state="ready")
    assert dmcc.pbx.last("SetAgentState").anywhere("workMode") == "autoIn"
    await dmcc.do(Verb.SET_STATE, "4750", state="not_ready", reason="lunch")
    assert dmcc.pbx.last("SetAgentState").anywhere("reasonCode") == "3"
    await eventually(lambda: dmcc.agent("4750")["reason"] == "lunch")


async def test_keys_of_the_phone_are_followed_and_told_as_presses(w: World) -> None:
    w.pbx.log_on("4750", "6001")
    await w.state("4750", "not_ready")
    w.pbx.press("4750", "ready")
    await w.state("4750", "ready")
    w.pbx.press("4750", "not_ready", reason="9")
    await w.state("4750", "not_ready")
    assert w.presses() == [True, False]
    assert facts(w)[-1].by == "agent_phone"


async def test_a_log_on_without_a_login_is_refused_and_a_wrong_password_is_the_pbx_s_word(dmcc: World) -> None:
    with pytest.raises(CommandError) as refused:
        await dmcc.do(Verb.LOG_ON, "4750")
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED
    async with world("dmcc", agent_password="0000") as other:
        with pytest.raises(CommandError, match="invalidAgentPassword"):
            await other.do(Verb.LOG_ON, "4750", login="6001")


async def test_where_no_events_tell_it_the_poll_finds_an_agents_state() -> None:
    async with world("dmcc", agent_poll_s=0.2) as w:
        w.pbx.engine.silent = True
        w.pbx.log_on("4750", "6001")
        await w.state("4750", "not_ready")
        w.pbx.press("4750", "ready")
        await w.state("4750", "ready")
        assert w.presses() == [True]
        # Busy by itself says nothing of what comes after the call.
        w.pbx.outside_call(CUSTOMER, "4750")
        await w.sees("4750", "alerting")
        asked = len(w.pbx.asked)
        await eventually(lambda: len(w.pbx.asked) > asked + 3)
        assert facts(w)[-1].state == "ready"


async def test_an_agent_with_two_skills_is_logged_off_when_both_say_so(dmcc: World) -> None:
    head = dmcc.pbx.x.subject("agentDevice", "4750") + "<agentID>6001</agentID>"
    for name, group, state in (
        ("AgentLoggedOnEvent", "5100", "not_ready"),
        ("AgentLoggedOnEvent", "5200", "not_ready"),
        ("AgentLoggedOffEvent", "5100", "not_ready"),
        ("AgentLoggedOffEvent", "5200", "logged_off"),
    ):
        dmcc.pbx._tell("4750", name, head + dmcc.pbx.x.device_id("acdGroup", group))
        await eventually(lambda state=state: dmcc.agent("4750")["state"] == state)  # type: ignore[misc]
    assert facts(dmcc)[-1].queues == ()


async def test_a_hold_between_calls_is_after_call_work_and_is_put_back_as_it_was(w: World) -> None:
    await w.ready("4750")
    await w.adapter.hold("4750", NOTE, in_call=False)
    assert w.pbx.engine.agents["4750"].state == "agentWorkingAfterCall"
    assert w.adapter.held == {"4750"}
    # A hold of ours is none of the agent's own states.
    assert facts(w)[-1].state == "ready"
    w.pbx.outside_call(CUSTOMER, "5000")
    assert w.pbx.engine.waiting
    await w.adapter.unhold("4750")
    await w.sees("4750", "alerting")
    assert w.adapter.held == frozenset()
    assert w.presses() == [True]  # the agent's own, at the beginning


async def test_a_hold_in_a_call_is_pending_until_its_end(dmcc: World) -> None:
    await dmcc.ready("4750")
    await dmcc.talking("4750")
    await dmcc.adapter.hold("4750", NOTE, in_call=True)
    asked = dmcc.pbx.last("SetAgentState")
    assert (asked.anywhere("workMode"), asked.anywhere("enablePending")) == ("afterCallWork", "true")
    assert dmcc.pbx.engine.agents["4750"].state == "agentReady"
    dmcc.pbx.hang_up(CUSTOMER)
    await dmcc.sees("4750")
    await eventually(lambda: dmcc.pbx.engine.agents["4750"].state == "agentWorkingAfterCall")
    await eventually(lambda: facts(dmcc)[-1].state == "ready")
    assert dmcc.adapter.held == {"4750"}
    await dmcc.adapter.unhold("4750")
    assert dmcc.pbx.engine.agents["4750"].state == "agentReady"


async def test_pending_work_that_the_switch_forgot_is_asked_for_again_after_the_call(dmcc: World) -> None:
    await dmcc.ready("4750")
    await dmcc.talking("4750")
    await dmcc.adapter.hold("4750", NOTE, in_call=True)
    dmcc.pbx.engine.agents["4750"].pending = None
    dmcc.pbx.hang_up(CUSTOMER)
    await dmcc.sees("4750")
    await dmcc.adapter.hold("4750", NOTE, in_call=False)
    assert dmcc.pbx.engine.agents["4750"].state == "agentWorkingAfterCall"
    asked = dmcc.pbx.names().count("SetAgentState")
    await dmcc.adapter.hold("4750", NOTE, in_call=False)
    assert dmcc.pbx.names().count("SetAgentState") == asked


async def test_a_second_hold_that_is_refused_keeps_the_first_where_that_has_begun(dmcc: World) -> None:
    await dmcc.ready("4750")
    await dmcc.talking("4750")
    await dmcc.adapter.hold("4750", NOTE, in_call=True)
    dmcc.pbx.engine.silent = True
    dmcc.pbx.hang_up(CUSTOMER)
    await dmcc.sees("4750")
    dmcc.pbx.refuse["SetAgentState"] = ("stateIncompatibility", "generic")
    await dmcc.adapter.hold("4750", NOTE, in_call=False)
    assert dmcc.adapter.held == {"4750"}


async def test_a_hold_that_is_lifted_within_the_call_leaves_nothing_pending(dmcc: World) -> None:
    await dmcc.ready("4750")
    await dmcc.talking("4750")
    await dmcc.adapter.hold("4750", NOTE, in_call=True)
    await dmcc.adapter.unhold("4750")
    dmcc.pbx.hang_up(CUSTOMER)
    await dmcc.sees("4750")
    assert dmcc.pbx.engine.agents["4750"].state == "agentReady"


async def test_manual_in_comes_back_as_manual_in() -> None:
    async with world("dmcc", agent_poll_s=0.2) as w:
        w.pbx.log_on("4750", "6001")
        w.pbx.press("4750", "manual_in")
        asked = len(w.pbx.asked)
        await eventually(lambda: len(w.pbx.asked) > asked + 3)
        await w.adapter.hold("4750", NOTE, in_call=False)
        await w.adapter.unhold("4750")
        assert w.pbx.engine.agents["4750"].mode == "manualIn"


async def test_who_is_away_stays_away_through_a_hold(w: World) -> None:
    w.pbx.log_on("4750", "6001")
    await w.state("4750", "not_ready")
    asked = w.pbx.names().count("SetAgentState")
    await w.adapter.hold("4750", NOTE, in_call=False)
    await w.adapter.unhold("4750")
    assert w.pbx.names().count("SetAgentState") == asked
    assert w.pbx.engine.agents["4750"].state == "agentNotReady"


async def test_ready_pressed_against_a_hold_is_told_and_the_hold_can_be_asked_again(w: World) -> None:
    await w.ready("4750")
    await w.adapter.hold("4750", NOTE, in_call=False)
    w.pbx.press("4750", "ready")
    await eventually(lambda: w.presses() == [True, True])
    assert w.adapter.held == frozenset()
    await w.adapter.hold("4750", NOTE, in_call=False)
    assert w.pbx.engine.agents["4750"].state == "agentWorkingAfterCall"


async def test_a_refused_hold_is_no_hold(w: World) -> None:
    await w.ready("4750")
    w.pbx.refuse["SetAgentState"] = ("stateIncompatibility", "generic")
    with pytest.raises(CommandError):
        await w.adapter.hold("4750", NOTE, in_call=False)
    assert w.adapter.held == frozenset()


async def test_where_holds_are_turned_off_they_are_unsupported() -> None:
    async with world("dmcc", hold={"strategy": "none"}) as w:
        with pytest.raises(CommandError) as refused:
            await w.adapter.hold("4750", NOTE, in_call=False)
        assert refused.value.error_code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("ours", [True, False])
async def test_after_call_work_that_is_there_at_the_start_is_ours_where_the_site_says_so(ours: bool) -> None:
    async with world("dmcc", hold={"acw_is_ours": ours}) as w:
        await w.ready("4750")
        await w.adapter.hold("4750", NOTE, in_call=False)
        await w.end()
        again = World(w.pbx, hold={"acw_is_ours": ours})
        await again.is_up()
        assert again.adapter.held == ({"4750"} if ours else frozenset())
        await again.end()
