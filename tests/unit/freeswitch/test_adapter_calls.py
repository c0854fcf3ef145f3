"""Calls as phones make them: the fake FreeSWITCH on a real socket, seen in documents."""

from __future__ import annotations

import pytest

from ringline_edge.conformance.fakes.freeswitch.server import CALLER
from tests.support.fakes.freeswitch_world import World
from tests.support.waiting import eventually


async def talking(world: World, station: str = "1001") -> str:
    """An outside caller speaks to a station; the caller's channel."""
    caller = world.pbx.outside_call(CALLER, station)
    await world.sees(station, "alerting")
    world.pbx.answer(station)
    await world.sees(station, "connected")
    return caller


async def test_an_outside_call_rings_is_answered_and_hung_up_by_the_phone(world: World) -> None:
    world.pbx.outside_call(CALLER, "1001", name="Ada")
    await world.sees("1001", "alerting")
    call = world.call("1001")
    assert (call["remote"]["number"], call["remote"]["name"]) == (CALLER, "Ada")
    assert (call["direction"], call["dialed"]) == ("inbound", "1001")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    assert [party["number"] for party in world.call("1001")["parties"]] == [CALLER]
    world.pbx.hang_up("1001")
    await world.sees("1001")
    expected = [("ringing", None, None), ("answered", None, "agent_phone"), ("dropped", "normal", "agent_phone")]
    assert world.events("1001") == expected


async def test_a_call_that_the_caller_ends_says_so(world: World) -> None:
    caller = await talking(world)
    world.pbx.hang_up(caller)
    await eventually(lambda: ("dropped", "normal", "remote") in world.events("1001"))


async def test_a_caller_who_gives_up_is_missed_as_abandoned(world: World) -> None:
    caller = world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    world.pbx.hang_up(caller)
    await eventually(lambda: ("missed", "abandoned", "remote") in world.events("1001"))


@pytest.mark.parametrize(
    ("does", "cause", "by"), [("reject", "rejected", "agent_phone"), ("ring_out", "no_answer", "pbx")]
)
async def test_a_call_that_is_not_taken_is_missed(world: World, does: str, cause: str, by: str) -> None:
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    {"reject": world.pbx.reject, "ring_out": world.pbx.ring_out}[does]("1001")
    await eventually(lambda: ("missed", cause, by) in world.events("1001"))


async def test_a_hidden_number_is_not_shown(world: World) -> None:
    world.pbx.outside_call(CALLER, "1001", hidden=True)
    await world.sees("1001", "alerting")
    remote = world.call("1001")["remote"]
    assert (remote["number"], remote["presentation"]) == (None, "restricted")


async def test_a_caller_whose_number_looks_like_a_station_is_none(world: World) -> None:
    world.pbx.outside_call("1002", "1001")
    await world.sees("1001", "alerting")
    assert world.call("1001")["direction"] == "inbound"
    assert world.legs("1002") == []


async def test_colleagues_call_each_other(world: World) -> None:
    world.pbx.dial("1001", "1002")
    await world.sees("1001", "initiated")
    await world.sees("1002", "alerting")
    assert world.call("1002")["remote"]["number"] == "1001"
    world.pbx.answer("1002")
    await world.sees("1001", "connected")
    await world.sees("1002", "connected")
    assert world.call("1001")["interaction"] == world.call("1002")["interaction"]
    assert (world.call("1001")["direction"], world.call("1002")["direction"]) == ("internal", "internal")
    world.pbx.hang_up("1002")
    await eventually(lambda: ("dropped", "normal", "remote") in world.events("1001"))


async def test_an_own_call_to_a_busy_phone_fails(world: World) -> None:
    world.pbx.engine.busy.add("1002")
    world.pbx.dial("1001", "1002")
    await eventually(lambda: ("failed", "busy", "remote") in world.events("1001"))


async def test_an_own_call_to_nobody_fails(world: World) -> None:
    world.pbx.dial("1001", "99")
    await eventually(lambda: ("failed", "not_found", "remote") in world.events("1001"))


async def test_a_call_to_the_outside_is_outbound(world: World) -> None:
    world.pbx.dial("1001", "004930123456")
    await world.sees("1001", "initiated")
    world.pbx.answer("004930123456")
    await world.sees("1001", "connected")
    call = world.call("1001")
    assert (call["direction"], call["remote"]["number"]) == ("outbound", "004930123456")


async def test_a_feature_code_is_no_call(world: World) -> None:
    world.pbx.dial("1001", "*98")
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")


async def test_hold_and_resume_by_the_phone_are_seen(world: World) -> None:
    await talking(world)
    world.pbx.hold("1001")
    await world.sees("1001", "hold")
    assert world.call("1001")["held_at"] is not None
    world.pbx.resume("1001")
    await world.sees("1001", "connected")
    assert world.names("1001") == ["ringing", "answered", "held", "resumed"]


async def test_a_held_call_that_is_hung_up_was_not_resumed(world: World) -> None:
    caller = await talking(world)
    world.pbx.hold("1001")
    await world.sees("1001", "hold")
    world.pbx.hang_up(caller)
    await world.sees("1001")
    assert world.names("1001") == ["ringing", "answered", "held", "dropped"]


@pytest.mark.parametrize("told", [True, False])
async def test_a_blind_transfer_by_the_phone_keeps_the_interaction(world: World, told: bool) -> None:
    world.pbx.engine.tells_transfer = told
    await talking(world)
    before = world.call("1001")
    world.pbx.transfer("1001", "1003")
    await world.sees("1001")
    await world.sees("1003", "alerting")
    await eventually(lambda: world.call("1003")["transferred_by"] == "1001")
    world.pbx.answer("1003")
    await world.sees("1003", "connected")
    call = world.call("1003")
    assert call["interaction"] == before["interaction"]
    assert call["remote"]["number"] == CALLER
    assert world.names("1001") == ["ringing", "answered", "transferred"]
    assert world.model.document("1001")["recent"][-1]["peer"] == "1003"


@pytest.mark.parametrize("bridge_first", [True, False])
async def test_an_attended_transfer_by_the_phone_joins_two_calls(world: World, bridge_first: bool) -> None:
    world.pbx.engine.bridge_first = bridge_first
    await talking(world)
    main = world.call("1001")["interaction"]
    world.pbx.hold("1001")
    world.pbx.dial("1001", "1002")
    await world.sees("1002", "alerting")
    world.pbx.answer("1002")
    await world.sees("1001", "hold", "connected")
    world.pbx.complete("1001")
    await world.sees("1001")
    await world.sees("1002", "connected")
    await eventually(lambda: world.call("1002")["remote"]["number"] == CALLER)
    call = world.call("1002")
    assert (call["interaction"], call["transferred_by"]) == (main, "1001")
    assert world.names("1001").count("transferred") == 2 - (not bridge_first)
    assert world.names("1002")[:2] == ["ringing", "answered"]


async def test_two_calls_stand_side_by_side(world: World) -> None:
    await talking(world)
    world.pbx.outside_call("+4930999", "1001")
    await world.sees("1001", "connected", "alerting")


async def test_registrations_bring_a_station_in_and_out_of_service(world: World) -> None:
    world.pbx.register("1001", "b")
    world.pbx.unregister("1001", "a")
    world.pbx.unregister("1002", "a")
    await eventually(lambda: not world.model.document("1002")["in_service"])
    assert world.model.document("1001")["in_service"]
    world.pbx.register("1002")
    await eventually(lambda: world.model.document("1002")["in_service"])


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_call_is_seen_however_the_bytes_are_cut(world: World, size: int) -> None:
    world.pbx.cut_bytes = size
    await talking(world)
    world.pbx.hang_up("1001")
    await world.sees("1001")
    assert world.names("1001") == ["ringing", "answered", "dropped"]
