"""Agents of mod_callcenter: log-on, states, holds, wrap-up, and calls of queues."""

from __future__ import annotations

import pytest

from ringline_core.domain.holds import HoldKind
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.adapters.freeswitch import create
from ringline_edge.adapters.freeswitch.agents import HELD_FROM
from ringline_edge.availability.release import release_all
from ringline_edge.conformance.fakes.freeswitch.server import CALLER, PASSWORD, FakeFreeswitch
from tests.support.fakes.freeswitch_world import World
from tests.support.waiting import eventually

GATE = HoldKind.GATE.reason


async def logged_on(world: World, station: str = "1001", *, ready: bool = True) -> None:
    await world.do(Verb.LOG_ON, station, queues=("support@default",))
    await world.agent_is(station, "not_ready")
    if ready:
        await world.do(Verb.SET_STATE, station, state="ready")
        await world.agent_is(station, "ready")


async def test_log_on_makes_an_agent_of_exactly_the_queues_named(world: World) -> None:
    world.pbx.add_agent("1001", "sales@default", "vip@default", status="On Break")
    await eventually(lambda: world.agent("1001")["queues"])
    await world.do(Verb.LOG_ON, "1001", queues=("support@default", "sales@default"))
    await world.agent_is("1001", "not_ready")
    assert set(world.pbx.agent("1001").tiers) == {"support@default", "sales@default"}
    assert [each["queue"] for each in world.agent("1001")["queues"]] == ["sales@default", "support@default"]
    assert all(each["paused"] for each in world.agent("1001")["queues"])


async def test_log_on_adds_the_agent_that_mod_callcenter_lacks(world: World) -> None:
    await logged_on(world)
    made = world.pbx.engine.agents["1001@default"]
    assert (made.contact, made.status, made.tiers) == ("user/1001", "Available", {"support@default": 1})


async def test_log_on_without_queues_is_refused(world: World) -> None:
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.LOG_ON, "1001", queues=())
    assert caught.value.error_code is ErrorCode.NOT_ALLOWED


async def test_a_log_on_that_breaks_off_is_taken_back(world: World) -> None:
    world.pbx.add_agent("1001")
    await eventually(lambda: world.agent("1001")["state"] == "logged_off" and "1001" in world.model.stations)
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.LOG_ON, "1001", queues=("support@default", "a queue"))
    assert caught.value.error_code is ErrorCode.MESSAGE_INVALID
    assert world.pbx.agent("1001").tiers == {}


async def test_states_by_the_page_with_a_reason(world: World) -> None:
    await logged_on(world)
    await world.do(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await world.agent_is("1001", "not_ready")
    assert world.agent("1001")["reason"] == "lunch"
    await world.do(Verb.LOG_OFF, "1001")
    await world.agent_is("1001", "logged_off")
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.SET_STATE, "1001", state="ready")
    assert caught.value.error_code is ErrorCode.NOT_LOGGED_ON
    assert world.pressed == []


async def test_a_state_by_the_page_that_is_told_twice_was_no_key(world: World) -> None:
    await logged_on(world)
    world.pbx.mischief("repeat")
    await world.do(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await world.agent_is("1001", "not_ready")
    await world.adapter.snapshot()  # all that was told is in by then
    assert (world.agent("1001")["reason"], world.pressed) == ("lunch", [])


async def test_states_by_the_phone_are_told_as_keys(world: World) -> None:
    await logged_on(world, ready=False)
    world.pbx.press("1001", "ready")
    await world.agent_is("1001", "ready")
    world.pbx.press("1001", "not_ready")
    await world.agent_is("1001", "not_ready")
    assert world.pressed == [("1001", True), ("1001", False)]


async def test_a_queue_call_names_its_queue_and_is_one_story_with_the_caller(world: World) -> None:
    await logged_on(world)
    world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    call = world.call("1001")
    assert (call["queue"], call["remote"]["number"], call["dialed"]) == ("support@default", CALLER, "5000")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    await world.agent_is("1001", "busy")
    world.pbx.hang_up("1001")
    await world.sees("1001")
    await world.agent_is("1001", "ready")
    assert world.names("1001") == ["ringing", "answered", "dropped"]


async def test_a_caller_who_leaves_the_queue_is_missed_as_abandoned(world: World) -> None:
    await logged_on(world)
    caller = world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    world.pbx.hang_up(caller)
    await eventually(lambda: ("missed", "abandoned", "remote") in world.events("1001"))


async def test_a_rejected_queue_call_goes_to_the_next_agent(world: World) -> None:
    await logged_on(world, "1001")
    await logged_on(world, "1002")
    world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    await world.do(Verb.REJECT, "1001", world.call("1001")["call"], reason="later")
    await world.sees("1002", "alerting")
    assert ("missed", "rejected", "agent_phone") in world.events("1001")


async def test_a_held_agent_is_offered_nothing_until_release(world: World) -> None:
    await logged_on(world)
    await world.adapter.hold("1001", GATE, in_call=False)
    assert world.adapter.held == {"1001"}
    world.pbx.outside_call(CALLER, "5000")
    assert world.pbx.legs("1001") == []
    await world.agent_is("1001", "ready")
    assert world.pbx.agent("1001").status == "Available"
    await world.adapter.unhold("1001")
    await world.sees("1001", "alerting")
    assert world.adapter.held == frozenset()


async def test_a_hold_made_in_a_call_stands_when_the_call_ends(world: World) -> None:
    await logged_on(world)
    world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    world.pbx.answer("1001")
    await world.sees("1001", "connected")
    await world.adapter.hold("1001", GATE, in_call=True)
    world.pbx.outside_call("+4930777", "5000")
    world.pbx.hang_up("1001")
    await world.sees("1001")
    assert world.pbx.agent("1001").state == "Waiting"
    world.pbx.agent("1001").last_bridge_end -= 1  # a queue offers nothing in the second of the last call's end
    world.pbx.engine.distribute()
    assert world.pbx.legs("1001") == []
    await world.adapter.unhold("1001")
    await world.sees("1001", "alerting")


async def test_a_hold_survives_a_refused_call_that_sets_a_short_delay(world: World) -> None:
    await logged_on(world)
    world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    await world.adapter.hold("1001", GATE, in_call=False)
    world.pbx.engine.refuse(world.pbx.legs("1001")[0], "USER_BUSY", "recv_refuse")
    await eventually(lambda: world.pbx.agent("1001").ready_time >= HELD_FROM)
    assert world.adapter.held == {"1001"}


async def test_a_hold_loses_nothing_of_what_the_agent_had(world: World) -> None:
    await logged_on(world, ready=False)
    await world.do(Verb.SET_STATE, "1001", state="not_ready", reason="training")
    await world.adapter.hold("1001", GATE, in_call=False)
    await world.adapter.hold("1001", HoldKind.WORK.reason, in_call=False)
    await world.adapter.unhold("1001")
    assert (world.agent("1001")["state"], world.agent("1001")["reason"]) == ("not_ready", "training")


async def test_ready_during_a_hold_lets_no_call_through(world: World) -> None:
    await logged_on(world, ready=False)
    await world.adapter.hold("1001", GATE, in_call=False)
    await world.do(Verb.SET_STATE, "1001", state="ready")
    world.pbx.outside_call(CALLER, "5000")
    assert world.pbx.legs("1001") == []
    await world.agent_is("1001", "ready")


async def test_holds_are_found_again_by_the_next_session(world: World, pbx: FakeFreeswitch) -> None:
    await logged_on(world)
    await world.adapter.hold("1001", GATE, in_call=False)
    other = World(pbx)
    await eventually(lambda: "1001" in other.model.stations)
    assert other.adapter.held == {"1001"}
    await other.adapter.unhold("1001")
    assert pbx.agent("1001").ready_time == 0
    await other.end()


async def test_release_all_needs_no_file_of_a_dead_connector(world: World, pbx: FakeFreeswitch) -> None:
    await logged_on(world, "1001")
    await logged_on(world, "1002", ready=False)
    for station in ("1001", "1002"):
        await world.adapter.hold(station, GATE, in_call=False)
    assert sorted(await release_all(create({"port": pbx.port, "password": PASSWORD}))) == ["1001", "1002"]
    assert [(agent.ready_time, agent.status) for agent in pbx.engine.agents.values()] == [
        (0, "Available"), (0, "On Break")
    ]  # fmt: skip


async def test_a_station_without_an_agent_needs_no_hold(world: World) -> None:
    await world.adapter.hold("1004", GATE, in_call=False)
    await world.adapter.unhold("1004")
    assert world.adapter.held == frozenset()


async def test_mod_callcenters_own_wrap_up_is_shown_and_ends_by_itself(pbx: FakeFreeswitch) -> None:
    pbx.add_agent("1001", "support@default", status="Available", wrap_up_s=1)
    world = World(pbx, refresh_s=300)
    await world.agent_is("1001", "ready")
    world.pbx.outside_call(CALLER, "5000")
    await world.sees("1001", "alerting")
    world.pbx.answer("1001")
    await world.agent_is("1001", "busy")
    world.pbx.hang_up("1001")
    await world.agent_is("1001", "wrap_up")
    await world.agent_is("1001", "ready")
    await world.end()


async def test_tiers_that_others_change_are_seen_though_no_event_tells(world: World) -> None:
    agent = world.pbx.add_agent("1001", "support@default", status="Available")
    await world.agent_is("1001", "ready")
    agent.tiers["vip@default"] = 2
    await eventually(lambda: [each["queue"] for each in world.agent("1001")["queues"]][-1] == "vip@default")


async def test_an_agent_who_is_named_by_a_uuid_is_known_by_the_contact(world: World) -> None:
    agent = world.pbx.add_agent("1003", "support@default", status="Available")
    world.pbx.engine.agents = {"6b1c-fusion": agent}
    agent.name, agent.contact = "6b1c-fusion", "{call_timeout=20}user/1003@pbx.example"
    await world.agent_is("1003", "ready")
    await world.do(Verb.SET_STATE, "1003", state="not_ready")
    await world.agent_is("1003", "not_ready")


async def test_without_mod_callcenter_no_agent_is_offered(pbx: FakeFreeswitch) -> None:
    pbx.api.has_callcenter = False
    world = World(pbx)
    await eventually(lambda: world.model.document("1001")["in_service"] and "1001" in world.model.stations)
    offered = world.adapter.capabilities.of("1001")
    assert Verb.PLACE in offered
    assert not {Verb.LOG_ON, Verb.LOG_OFF, Verb.SET_STATE} & offered
    await world.end()
