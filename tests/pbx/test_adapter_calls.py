"""Calls on a real Asterisk with SIP phones, as the adapter and the model above it show them."""

from __future__ import annotations

import pytest

from ringline_core.wire.codes import Verb
from tests.support.asterisk_desk import CUSTOMER, Desk, members
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_queue_call_rings_is_answered_and_hung_up_by_the_phone(desk: Desk) -> None:
    await desk.in_talk()
    call = desk.call("1001")
    assert (call["remote"]["number"], call["queue"], call["dialed"]) == (CUSTOMER, "support", "5000")
    assert (call["direction"], call["interaction"]) == ("inbound", call["call"].replace("c-", "i-", 1))
    await desk.bench.phones["1001"].hang_up()
    await desk.sees("1001")
    expected = [("ringing", None, None), ("answered", None, "agent_phone"), ("dropped", "normal", "agent_phone")]
    assert desk.events("1001") == expected


async def test_a_caller_who_hangs_up_is_told_apart_from_the_agent(desk: Desk) -> None:
    caller = await desk.in_talk()
    await desk.bench.outside.agent.hang_up(caller.call)
    await desk.is_told("1001", "dropped", "normal", "remote")


async def test_a_caller_who_gives_up_while_it_rings_is_missed_as_abandoned(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    caller = await desk.rung_by_queue()
    await desk.bench.outside.agent.hang_up(caller.call)
    await desk.is_told("1001", "missed", "abandoned", "remote")


async def test_a_phone_that_nobody_answers_is_missed_and_the_queue_goes_on(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    await desk.rung_by_queue()
    await desk.is_told("1001", "missed", "no_answer", "pbx")
    await desk.sees("1001", "alerting")
    assert desk.names("1001") == ["ringing", "missed", "ringing"]


async def test_a_call_refused_on_the_phone_goes_to_the_next_agent(desk: Desk) -> None:
    for station in ("1001", "1004"):
        await desk.log_on(station, "support")
    desk.bench.outside.dial_in(CUSTOMER, "5000")
    first = await eventually(lambda: next((s for s in ("1001", "1004") if desk.names(s) == ["ringing"]), None))
    assert first is not None
    await eventually(lambda: desk.bench.phones[first].display.state == "ringing")
    desk.bench.phones[first].reject()
    await desk.is_told(first, "missed", "rejected", "agent_phone")
    await desk.sees("1004" if first == "1001" else "1001", "alerting")


async def test_hold_and_resume_by_the_phones_keys_are_seen(desk: Desk) -> None:
    await desk.in_talk()
    await desk.bench.phones["1001"].hold()
    await desk.sees("1001", "hold")
    await desk.bench.phones["1001"].resume()
    await desk.sees("1001", "connected")
    assert desk.names("1001") == ["ringing", "answered", "held", "resumed"]


async def test_a_pause_by_feature_code_is_seen_and_said_to_come_from_the_phone(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    await desk.bench.phones["1001"].dial("*45")
    await desk.has_state("1001", "not_ready", "break")
    assert desk.names("1001") == []
    recent = desk.model.document("1001")["recent"]
    assert (recent[-1]["event"], recent[-1]["by"]) == ("agent_state", "agent_phone")


async def test_an_attended_transfer_by_the_phone_merges_the_interactions(desk: Desk) -> None:
    await desk.in_talk()
    before = desk.call("1001")
    await desk.bench.phones["1001"].consult("1004")
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].answer()
    await desk.sees("1004", "connected")
    await desk.bench.connected("1001")
    await desk.bench.phones["1001"].complete()
    await desk.sees("1001")
    await eventually(lambda: desk.call("1004")["remote"]["number"] == CUSTOMER)
    assert desk.call("1004")["interaction"] == before["interaction"]
    assert desk.names("1004") == ["ringing", "answered", "transferred"]
    assert desk.names("1001").count("transferred") == 2
    assert "dropped" not in desk.names("1001")


async def test_s09_a_local_member_is_one_call_at_its_phone_and_is_paused_not_removed(desk: Desk) -> None:
    caller = await desk.rung_by_queue("1003", "5002")
    call = desk.call("1003")
    assert (call["remote"]["number"], call["queue"]) == (CUSTOMER, "local")
    await eventually(lambda: desk.bench.phones["1003"].display.state == "ringing")
    desk.bench.phones["1003"].answer()
    await desk.sees("1003", "connected")
    await eventually(lambda: desk.call("1003")["remote"]["number"] == CUSTOMER)
    assert [party["number"] for party in desk.call("1003")["parties"]] == [CUSTOMER]
    await desk.bench.outside.agent.hang_up(caller.call)
    await desk.sees("1003")
    assert desk.events("1003")[1:] == [("answered", None, "agent_phone"), ("dropped", "normal", "remote")]
    await desk.do(Verb.LOG_OFF, "1003")
    await desk.has_state("1003", "logged_off", None)
    assert (await members(desk.bench, "local"))["1003"].reason == "ringline:logged_off"
    await desk.do(Verb.LOG_ON, "1003", queues=("local",))
    await desk.has_state("1003", "not_ready", "ringline:agent")
    await desk.do(Verb.SET_STATE, "1003", state="ready")
    assert (await members(desk.bench, "local"))["1003"].available


async def test_s09_a_call_picked_up_elsewhere_is_diverted_here_and_answered_there(desk: Desk) -> None:
    desk.bench.outside.dial_in(CUSTOMER, "1001")
    await desk.sees("1001", "alerting")
    interaction = desk.call("1001")["interaction"]
    await desk.bench.phones["1006"].dial("*81001")
    await desk.sees("1006", "connected")
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("diverted", "picked_up", "1006")
    await eventually(lambda: desk.call("1006")["remote"]["number"] == CUSTOMER)
    assert desk.call("1006")["interaction"] == interaction
    assert desk.names("1006") == ["answered"]


async def test_s09_a_call_waits_beside_the_one_in_talk(desk: Desk) -> None:
    await desk.in_talk()
    await desk.bench.phones["1006"].dial("1001")
    await desk.sees("1001", "connected", "alerting")
    assert desk.call("1001", 1)["remote"]["number"] == "1006"
    assert desk.call("1001", 1)["direction"] == "internal"
