"""Commands on a real Asterisk with SIP phones: done by the PBX, and seen."""

from __future__ import annotations

import pytest

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.sip.agent import Incoming
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.asterisk_desk import CUSTOMER, FAR, Desk, members
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_call_rejected_from_the_page_goes_back_to_the_queue(desk: Desk) -> None:
    for station in ("1001", "1004"):
        await desk.log_on(station, "support")
    caller = desk.bench.outside.dial_in(CUSTOMER, "5000")
    first = await eventually(lambda: next((s for s in ("1001", "1004") if desk.names(s) == ["ringing"]), None))
    assert first is not None
    await desk.do(Verb.REJECT, first, desk.call(first)["call"], reason="not_mine")
    await desk.is_told(first, "missed", "rejected", "agent_page")
    await desk.sees("1004" if first == "1001" else "1001", "alerting")
    assert await desk.bench.caller_state(caller) == "ringing"


async def test_answer_hold_and_resume_reach_a_phone_that_takes_notify(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    caller = await desk.rung_by_queue()
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    call = desk.call("1001")["call"]
    await desk.do(Verb.ANSWER, "1001", call)
    await desk.sees("1001", "connected")
    await desk.do(Verb.HOLD, "1001", call)
    await desk.sees("1001", "hold")
    assert await desk.bench.caller_state(caller) == "held"
    await desk.do(Verb.RESUME, "1001", call)
    await desk.sees("1001", "connected")
    assert await desk.bench.caller_state(caller) == "talking"
    assert {by for name, _, by in desk.events("1001") if name != "ringing"} == {"agent_page"}


async def test_log_on_ready_pause_and_log_off_are_in_the_pbxs_own_listing(desk: Desk) -> None:
    await desk.do(Verb.LOG_ON, "1001", queues=("support", "sales"), name="Anna Ek")
    await desk.has_state("1001", "not_ready", "ringline:agent")
    for queue in ("support", "sales"):
        assert (await members(desk.bench, queue))["1001"].paused
    await desk.do(Verb.SET_STATE, "1001", state="ready")
    await desk.has_state("1001", "ready")
    assert (await members(desk.bench, "support"))["1001"].available
    await desk.do(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await desk.has_state("1001", "not_ready", "lunch")
    assert [m.reason for m in (await members(desk.bench, "sales")).values()] == ["lunch"]
    await desk.do(Verb.LOG_OFF, "1001")
    await desk.has_state("1001", "logged_off")
    assert "1001" not in await members(desk.bench, "support")


async def test_a_log_on_to_a_queue_that_does_not_exist_is_refused_and_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.LOG_ON, "1001", queues=("support", "nope"))
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX
    await eventually(lambda: desk.agent("1001")["state"] == "logged_off")
    assert "1001" not in await members(desk.bench, "support")


async def test_a_placed_call_is_dialing_until_the_far_end_answers(desk: Desk) -> None:
    await desk.do(Verb.PLACE, "1001", to=FAR, data={"case": "77", "odd": 'a,"b"\\c'})
    await desk.sees("1001", "initiated")
    call = desk.call("1001")
    assert (call["remote"]["number"], call["direction"], call["dialed"]) == (FAR, "outbound", FAR)
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    assert desk.bench.phones["1001"].display.number == FAR
    desk.bench.phones["1001"].answer()
    await desk.sees("1001", "connected")
    assert desk.call("1001")["data"]["case"] == "77"
    channel = next(c.name for c in await desk.bench.view.channels() if c.name.startswith("PJSIP/1001-"))
    assert (await desk.bench.view.act("Getvar", Channel=channel, Variable="CTI_ODD"))["Value"] == 'a,"b"\\c'
    await desk.do(Verb.DROP, "1001", call["call"])
    await desk.sees("1001")
    expected = [("dialing", None, "agent_page"), ("answered", None, "remote"), ("dropped", "normal", "agent_page")]
    assert desk.events("1001") == expected


async def test_a_phone_that_answers_by_itself_is_told_to(bench: Bench) -> None:
    desk = Desk(bench, auto_answer=True)
    bench.phones["1001"].agent.incoming = Incoming.OBEY_HEADERS
    await desk.begin()
    try:
        await desk.do(Verb.PLACE, "1001", to="1002")
        await eventually(lambda: bench.phones["1002"].display.state == "ringing")
        assert bench.phones["1002"].display.number == "1001"
        bench.phones["1002"].answer()
        await desk.sees("1001", "connected")
        await desk.sees("1002", "connected")
        assert "ringing" not in desk.names("1001")
    finally:
        bench.phones["1001"].agent.incoming = Incoming.RING
        await desk.end()


async def test_a_placed_call_that_the_agent_refuses_has_failed(desk: Desk) -> None:
    await desk.do(Verb.PLACE, "1001", to=FAR)
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    desk.bench.phones["1001"].reject()
    await desk.is_told("1001", "failed", "rejected", "agent_phone")


async def test_a_placed_call_from_a_phone_that_is_gone_is_refused(desk: Desk) -> None:
    desk.bench.phones["1005"].unplug()
    await eventually(lambda: not desk.model.document("1005")["in_service"], timeout_s=12)
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.PLACE, "1005", to=FAR)
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX
    await desk.sees("1005")


async def test_a_cold_transfer_takes_number_data_and_interaction_along(desk: Desk) -> None:
    await desk.in_talk()
    before = desk.call("1001")
    await desk.do(Verb.TRANSFER, "1001", before["call"], to="1004", data={"ticket": "T-9"})
    await desk.sees("1004", "alerting")
    seen = desk.call("1004")
    assert (seen["remote"]["number"], seen["transferred_by"], seen["data"]["ticket"]) == (CUSTOMER, "1001", "T-9")
    assert seen["interaction"] == before["interaction"]
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].answer()
    await desk.sees("1004", "connected")
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("transferred", "normal", "agent_page")
    assert desk.names("1004") == ["ringing", "answered", "transferred"]


async def test_digits_are_sent_to_the_far_end(desk: Desk) -> None:
    caller = await desk.in_talk()
    await desk.do(Verb.DTMF, "1001", desk.call("1001")["call"], digits="4#")
    await eventually(lambda: caller.call.digits == "4#")


async def test_attached_data_is_on_the_channels_and_in_the_document(desk: Desk) -> None:
    await desk.in_talk()
    await desk.do(Verb.ATTACH, "1001", desk.call("1001")["call"], data={"case": 12, "vip": True})
    assert {"case": "12", "vip": "true"}.items() <= desk.call("1001")["data"].items()
    channel = next(c.name for c in await desk.bench.view.channels() if c.name.startswith("PJSIP/trunk-"))
    assert (await desk.bench.view.act("Getvar", Channel=channel, Variable="CTI_CASE"))["Value"] == "12"
