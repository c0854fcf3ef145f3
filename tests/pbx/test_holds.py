"""Holds on a real Asterisk: nothing is offered to who is held, nobody waiting is thrown out, phones' keys are heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from infra.pbx.asterisk.bench import Bench
from ringline_core.domain.facts import Pressed
from ringline_core.domain.holds import HoldKind
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.asterisk_desk import CUSTOMER, Desk, members
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
GATE = HoldKind.GATE.reason
HELD = ("1001", "1004")
PAUSE = {"hold": {"strategy": "pause", "queues_ignore_paused": True}}


@asynccontextmanager
async def desk_of(bench: Bench, **settings: Any) -> AsyncIterator[Desk]:
    """A desk whose adapter has these settings."""
    made = Desk(bench, **settings)
    await made.begin()
    try:
        yield made
    finally:
        await made.end()


async def test_s26_a_held_agent_is_not_offered_the_waiting_caller_and_a_freed_one_is(bench: Bench) -> None:
    async with desk_of(bench) as desk:
        caller = await desk.in_talk()
        await desk.adapter.hold("1001", GATE, in_call=True)
        waiting = bench.outside.dial_in(CUSTOMER, "5000")
        await eventually(lambda: desk.bench.caller_state(waiting))
        await bench.outside.agent.hang_up(caller.call)
        await desk.sees("1001")
        assert desk.adapter.held == {"1001"}
        assert desk.agent("1001")["state"] == "ready", "the hold is laid over it by the gate, not by the adapter"
        await held_for(desk, 1.5)
        assert await bench.caller_state(waiting) == "queued"
        await desk.adapter.unhold("1001")
        await desk.sees("1001", "alerting")
        assert desk.adapter.held == frozenset()


async def test_pausing_under_strict_empty_rules_throws_the_waiting_caller_out(bench: Bench) -> None:
    """Why the configuration must say that the rules were looked at."""
    async with desk_of(bench, **PAUSE) as desk:
        await desk.in_talk()
        waiting = bench.outside.dial_in(CUSTOMER, "5000")
        await eventually(lambda: all_wait(bench, [waiting]))
        await desk.adapter.hold("1001", GATE, in_call=True)

        async def is_out() -> bool:
            return await bench.caller_state(waiting) == "ended"

        await eventually(is_out)


async def test_by_wrapuptime_the_queue_keeps_the_first_moments_and_talk_is_no_pause(bench: Bench) -> None:
    async with desk_of(bench, hold={"strategy": "wrapuptime", "queues_ignore_paused": True}) as desk:
        await desk.log_on("1001", "wrapping")
        caller = await desk.rung_by_queue(to="5004")
        await eventually(lambda: bench.phones["1001"].display.state == "ringing")
        bench.phones["1001"].answer()
        await desk.sees("1001", "connected")
        await desk.adapter.hold("1001", GATE, in_call=True)
        assert not (await members(bench, "wrapping"))["1001"].paused
        waiting = bench.outside.dial_in("+442079460111", "5004")
        await eventually(lambda: bench.caller_state(waiting))
        await bench.outside.agent.hang_up(caller.call)
        await desk.sees("1001")
        await held_for(desk, 1.6)  # a late edge: by then a queue without a wrap-up has offered it
        await desk.adapter.hold("1001", GATE, in_call=False)
        assert (await members(bench, "wrapping"))["1001"].reason == GATE
        await held_for(desk, 3.5)  # longer than the queue's own wrap-up
        assert await bench.caller_state(waiting) == "queued"
        await desk.adapter.unhold("1001")
        await desk.sees("1001", "alerting")


async def held_for(desk: Desk, seconds: float) -> None:
    """Nothing rings at 1001 for so long: the queue would offer its caller every second."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    await eventually(lambda: loop.time() > until or bool(desk.model.document("1001")["calls"]), timeout_s=seconds + 1)
    assert desk.model.document("1001")["calls"] == []


async def test_s38_a_hold_leaves_alone_what_the_agent_paused_and_gives_back_the_rest(bench: Bench) -> None:
    async with desk_of(bench, **PAUSE) as desk:
        await desk.log_on("1001", "support", "sales")
        await bench.view.act("QueuePause", Queue="sales", Interface="PJSIP/1001", Paused="true", Reason="training")
        await eventually(lambda: any(q["reason"] == "training" for q in desk.agent("1001")["queues"]))
        await desk.adapter.hold("1001", GATE, in_call=False)
        reasons = {queue: (await members(bench, queue))["1001"].reason for queue in ("support", "sales")}
        assert reasons == {"support": GATE, "sales": "training"}
        await desk.adapter.unhold("1001")
        paused = {queue: (await members(bench, queue))["1001"].paused for queue in ("support", "sales")}
        assert paused == {"support": False, "sales": True}


async def test_not_ready_asked_during_a_hold_outlives_it(bench: Bench) -> None:
    async with desk_of(bench, **PAUSE) as desk:
        await desk.log_on("1001", "support")
        await desk.adapter.hold("1001", GATE, in_call=False)
        await desk.do(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
        await desk.adapter.unhold("1001")
        await desk.has_state("1001", "not_ready", "lunch")
        await desk.adapter.hold("1001", GATE, in_call=False)
        await desk.do(Verb.SET_STATE, "1001", state="ready")
        assert (await members(bench, "support"))["1001"].reason == GATE, "Ready hands the queue over to the hold"
        await desk.adapter.unhold("1001")
        assert not (await members(bench, "support"))["1001"].paused


@pytest.mark.parametrize("settings", [{}, PAUSE], ids=["device_state", "pause"])
async def test_s25_ready_on_the_phone_is_heard_while_held_and_our_own_pauses_are_not(
    bench: Bench, settings: dict[str, Any]
) -> None:
    async with desk_of(bench, **settings) as desk:
        await desk.log_on("1001", "support")
        await desk.adapter.hold("1001", GATE, in_call=False)
        assert [fact for fact in desk.facts if isinstance(fact, Pressed)] == []
        await bench.phones["1001"].dial("*46")
        pressed = await eventually(lambda: [fact for fact in desk.facts if isinstance(fact, Pressed)])
        assert {(each.station, each.ready) for each in pressed} == {("1001", True)}
        await desk.adapter.unhold("1001")


async def test_s37_holds_by_device_state_throw_nobody_out_where_all_agents_are_held(bench: Bench) -> None:
    async with desk_of(bench) as desk:
        for station in ("1001", "1004"):
            await desk.log_on(station, "support")
            await desk.adapter.hold(station, GATE, in_call=False)
        callers = [bench.outside.dial_in(f"+44207946010{n}", "5000") for n in range(10)]
        await eventually(lambda: all_wait(bench, callers))
        await held_for(desk, 1.5)
        assert await all_wait(bench, callers)
        for station in ("1001", "1004"):
            await desk.adapter.unhold(station)
        await desk.sees("1001", "alerting")


async def all_wait(bench: Bench, callers: list[Any]) -> bool:
    """Whether the PBX itself lists every caller as waiting."""
    listing = await bench.view.queue("support")
    return listing is not None and len(listing.waiting) == len(callers)


async def test_where_the_members_watch_no_hint_the_hold_is_refused_with_the_line_that_lacks(bench: Bench) -> None:
    async with desk_of(bench, state_interface="PJSIP/{station}") as desk:
        await desk.log_on("1001", "support")
        with pytest.raises(CommandError, match="no hint") as refused:
            await desk.adapter.hold("1001", GATE, in_call=False)
        assert refused.value.error_code is ErrorCode.UNSUPPORTED
    async with desk_of(bench, hold={"device": "Custom:other-{station}"}) as desk:
        with pytest.raises(CommandError, match="exten => 1001,hint,PJSIP/1001&Custom:other-1001"):
            await desk.adapter.hold("1001", GATE, in_call=False)


async def test_a_new_session_finds_what_an_earlier_one_held(bench: Bench) -> None:
    async with desk_of(bench) as desk:
        await desk.log_on("1001", "support")
        await desk.adapter.hold("1001", GATE, in_call=False)
    async with desk_of(bench) as desk:
        assert desk.adapter.held == {"1001"}
        await desk.adapter.unhold("1001")
        await eventually(lambda: desk.adapter.held == frozenset())


async def test_s26_of_200_calls_none_reaches_a_held_agent_and_none_is_thrown_out(bench: Bench) -> None:
    async with desk_of(bench) as desk:
        for station in HELD:
            await desk.log_on(station, "support")
            await desk.adapter.hold(station, GATE, in_call=False)
        for batch in range(10):
            callers = [bench.outside.dial_in(f"+4420794{batch:02}{n:02}", "5000") for n in range(20)]
            await eventually(partial(all_wait, bench, callers), timeout_s=15)
            await held_for(desk, 1.1)  # the queue tries every second
            assert await all_wait(bench, callers)
            await bench.outside.hang_up_all()
            await eventually(partial(all_wait, bench, []), timeout_s=15)
        assert [event for station in HELD for event in desk.names(station)] == []
        for station in HELD:
            await desk.adapter.unhold(station)
