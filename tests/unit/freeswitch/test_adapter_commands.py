"""Commands of pages, carried out on the fake FreeSWITCH and seen in documents."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.conformance.fakes.freeswitch.server import CALLER, FakeFreeswitch
from tests.support.fakes.freeswitch_world import World
from tests.support.waiting import eventually


async def talking(world: World, station: str = "1001") -> str:
    caller = world.pbx.outside_call(CALLER, station)
    await world.sees(station, "alerting")
    world.pbx.answer(station)
    await world.sees(station, "connected")
    return caller


async def consulting(world: World) -> str:
    """1001 has a caller on hold and speaks to 1002; the main call's id."""
    await talking(world)
    main = str(world.call("1001")["call"])
    await world.do(Verb.CONSULT, "1001", main, to="1002")
    await world.sees("1001", "hold", "initiated")
    world.pbx.answer("1001")
    await world.sees("1002", "alerting")
    world.pbx.answer("1002")
    await world.sees("1001", "hold", "connected")
    return main


async def test_reject_and_drop(world: World) -> None:
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    await world.do(Verb.REJECT, "1001", world.call("1001")["call"], reason="later")
    await eventually(lambda: ("missed", "rejected", "agent_phone") in world.events("1001"))
    await talking(world)
    await world.do(Verb.DROP, "1001", world.call("1001")["call"])
    await world.sees("1001")
    assert world.events("1001")[-1] == ("dropped", "normal", "pbx")


async def test_hold_and_resume(world: World) -> None:
    await talking(world)
    call = world.call("1001")["call"]
    await world.do(Verb.HOLD, "1001", call)
    await world.sees("1001", "hold")
    await world.do(Verb.RESUME, "1001", call)
    await world.sees("1001", "connected")


@pytest.mark.parametrize("verb", [Verb.ANSWER, Verb.HOLD])
async def test_a_phone_that_takes_notify_answers_and_holds_by_itself(pbx: FakeFreeswitch, verb: Verb) -> None:
    world = World(pbx, phone_events=True)
    await eventually(lambda: world.model.document("1001")["in_service"] and "1001" in world.model.stations)
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    await world.do(Verb.ANSWER, "1001", world.call("1001")["call"])
    await world.sees("1001", "connected")
    if verb is Verb.HOLD:
        await world.do(Verb.HOLD, "1001", world.call("1001")["call"])
        await world.sees("1001", "hold")
        await world.do(Verb.RESUME, "1001", world.call("1001")["call"])
        await world.sees("1001", "connected")
        assert not [line for line in pbx.api.lines if line.startswith("uuid_hold")]
    await world.end()


async def test_the_own_phone_is_taken_for_a_consultation_but_not_for_a_placed_call(pbx: FakeFreeswitch) -> None:
    world = World(pbx, phone_events=True)
    await eventually(lambda: world.model.document("1001")["in_service"] and "1001" in world.model.stations)
    await world.do(Verb.PLACE, "1003", to="1004")
    await world.sees("1003", "initiated")
    await talking(world)
    await world.do(Verb.CONSULT, "1001", world.call("1001")["call"], to="1002")
    await world.sees("1002", "alerting")
    await world.sees("1001", "hold", "initiated")
    await world.sees("1003", "initiated")
    await world.end()


async def test_a_phone_that_answers_by_itself_is_not_asked_to(pbx: FakeFreeswitch) -> None:
    world = World(pbx, phone_events=True, auto_answer=True)
    await eventually(lambda: world.model.document("1001")["in_service"] and "1001" in world.model.stations)
    await talking(world)
    await world.do(Verb.CONSULT, "1001", world.call("1001")["call"], to="1002")
    await world.sees("1002", "alerting")
    assert [line.split()[2] for line in pbx.api.lines if line.startswith("uuid_phone_event")] == ["hold"]
    await world.end()


async def test_answer_is_not_offered_where_phones_take_no_notify(world: World) -> None:
    world.pbx.outside_call(CALLER, "1001")
    await world.sees("1001", "alerting")
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.ANSWER, "1001", world.call("1001")["call"])
    assert caught.value.error_code is ErrorCode.UNSUPPORTED


async def test_place_rings_the_own_phone_first(world: World) -> None:
    await world.do(Verb.PLACE, "1001", to="+442079460123", data={"crm": "a, {b} 'c' ${d}"})
    await world.sees("1001", "initiated")
    world.pbx.answer("1001")
    await eventually(lambda: len(world.pbx.engine.channels) == 2)
    assert world.legs("1001") == ["initiated"]
    world.pbx.answer("+442079460123")
    await world.sees("1001", "connected")
    call = world.call("1001")
    assert (call["direction"], call["remote"]["number"]) == ("outbound", "+442079460123")
    assert call["data"] == {"crm": "a, {b} 'c' ${d}"}
    assert world.names("1001") == ["dialing", "answered"]


async def test_an_own_phone_that_answers_by_itself(pbx: FakeFreeswitch) -> None:
    world = World(pbx, auto_answer=True)
    await eventually(lambda: world.model.document("1001")["in_service"] and "1001" in world.model.stations)
    await world.do(Verb.PLACE, "1001", to="1002")
    await world.sees("1002", "alerting")
    assert world.call("1002")["remote"]["number"] == "1001"
    await world.end()


async def test_a_placed_call_that_the_own_phone_refuses_fails(world: World) -> None:
    await world.do(Verb.PLACE, "1001", to="1002")
    await world.sees("1001", "initiated")
    world.pbx.reject("1001")
    await eventually(lambda: ("failed", "rejected", "agent_phone") in world.events("1001"))


async def test_a_placed_call_to_a_busy_phone_fails(world: World) -> None:
    world.pbx.engine.busy.add("1002")
    await world.do(Verb.PLACE, "1001", to="1002")
    world.pbx.answer("1001")
    await eventually(lambda: ("failed", "busy", "remote") in world.events("1001"))


async def test_an_own_phone_that_is_gone_refuses_the_command(world: World) -> None:
    world.pbx.unregister("1001")
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.PLACE, "1001", to="1002")
    assert (caught.value.error_code, "USER_NOT_REGISTERED" in caught.value.text) == (ErrorCode.REJECTED_BY_PBX, True)


async def test_a_cold_transfer_keeps_the_interaction_and_brings_data_along(world: World) -> None:
    await talking(world)
    before = world.call("1001")
    await world.do(Verb.TRANSFER, "1001", before["call"], to="1003", data={"key": "k 1"})
    await world.sees("1001")
    await world.sees("1003", "alerting")
    call = world.call("1003")
    assert (call["transferred_by"], call["remote"]["number"], call["data"]) == ("1001", CALLER, {"key": "k 1"})
    assert call["interaction"] == before["interaction"]
    world.pbx.answer("1003")
    await world.sees("1003", "connected")
    assert world.names("1001") == ["ringing", "answered", "transferred"]
    assert world.names("1003") == ["ringing", "answered", "transferred"]


@pytest.mark.parametrize("bridge_first", [True, False])
async def test_a_consult_completes_as_a_hot_transfer(world: World, bridge_first: bool) -> None:
    world.pbx.engine.bridge_first = bridge_first
    main = await consulting(world)
    interaction = world.call("1001")["interaction"]
    assert world.call("1001", 1)["consult_of"] == main
    await world.do(Verb.COMPLETE, "1001", main)
    await world.sees("1001")
    await world.sees("1002", "connected")
    call = world.call("1002")
    assert (call["remote"]["number"], call["transferred_by"]) == (CALLER, "1001")
    assert call["interaction"] == interaction
    assert world.names("1002") == ["ringing", "answered", "transferred"]
    assert world.names("1001") == [
        "ringing",
        "answered",
        "held",
        "consulting",
        "answered",
        "transferred",
        "transferred",
    ]
    assert world.pbx.engine.heard == []


async def test_a_consult_that_still_rings_completes_as_a_cold_transfer(world: World) -> None:
    await talking(world)
    main = world.call("1001")["call"]
    await world.do(Verb.CONSULT, "1001", main, to="1002")
    world.pbx.answer("1001")
    await world.sees("1002", "alerting")
    await world.do(Verb.COMPLETE, "1001", main)
    await world.sees("1001")
    await world.sees("1002", "alerting")
    world.pbx.answer("1002")
    await world.sees("1002", "connected")
    assert (world.call("1002")["remote"]["number"], world.call("1002")["transferred_by"]) == (CALLER, "1001")


async def test_a_cancelled_consult_gives_the_customer_back(world: World) -> None:
    main = await consulting(world)
    await world.do(Verb.CANCEL, "1001", main)
    await world.sees("1001", "connected")
    await world.sees("1002")


@pytest.mark.parametrize("who", ["colleague_refuses", "own_phone_refuses", "colleague_hangs_up"])
async def test_a_consult_that_fails_gives_the_customer_back(world: World, who: str) -> None:
    if who == "colleague_hangs_up":
        await consulting(world)
        world.pbx.hang_up("1002")
    else:
        await talking(world)
        await world.do(Verb.CONSULT, "1001", world.call("1001")["call"], to="1002")
        await world.sees("1001", "hold", "initiated")
        if who == "colleague_refuses":
            world.pbx.answer("1001")
            await world.sees("1002", "alerting")
        world.pbx.reject("1002" if who == "colleague_refuses" else "1001")
    await world.sees("1001", "connected")
    assert world.names("1001")[-1] == "resumed"


async def test_swap_there_and_back(world: World) -> None:
    main = await consulting(world)
    await world.do(Verb.SWAP, "1001", main)
    await world.sees("1001", "connected", "hold")
    await world.do(Verb.SWAP, "1001", main)
    await world.sees("1001", "hold", "connected")


async def test_a_conference_of_three(world: World) -> None:
    main = await consulting(world)
    await world.do(Verb.CONFERENCE, "1001", main)
    await world.sees("1001", "connected")
    assert len(world.call("1001")["parties"]) == 2
    assert "conferenced" in world.names("1001")
    world.pbx.hang_up("1001")
    await world.sees("1001")
    assert world.names("1001")[-1] == "dropped"
    assert world.call("1002")["remote"]["number"] == CALLER


@pytest.mark.parametrize("verb", [Verb.COMPLETE, Verb.CONFERENCE])
async def test_a_colleague_sees_a_consultation_until_it_is_none(world: World, verb: Verb) -> None:
    main = await consulting(world)
    assert world.call("1002")["consult_of"] == main
    await world.do(verb, "1001", main)
    await eventually(lambda: world.call("1002")["consult_of"] is None)


async def test_a_colleague_who_is_asked_asks_a_third(world: World) -> None:
    await consulting(world)
    await world.do(Verb.CONSULT, "1002", world.call("1002")["call"], to="1003")
    world.pbx.answer("1002")
    await world.sees("1003", "alerting")


async def test_who_is_in_a_conference_transfers_nobody(world: World) -> None:
    main = await consulting(world)
    await world.do(Verb.CONFERENCE, "1001", main)
    await world.sees("1001", "connected")
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.TRANSFER, "1001", main, to="1003")
    assert caught.value.error_code is ErrorCode.NOT_ALLOWED


async def test_a_consult_whose_phone_refuses_gives_the_customer_back(world: World) -> None:
    await talking(world)
    world.pbx.api.refuses["originate"] = "-ERR NORMAL_TEMPORARY_FAILURE\n"
    with pytest.raises(CommandError):
        await world.do(Verb.CONSULT, "1001", world.call("1001")["call"], to="1002")
    await world.sees("1001", "connected")


async def test_dtmf_goes_to_the_far_end(world: World) -> None:
    caller = await talking(world)
    await world.do(Verb.DTMF, "1001", world.call("1001")["call"], digits="12#")
    assert world.pbx.engine.heard == [(caller, "12#")]


async def test_attached_data_shows_at_once_and_at_the_pbx(world: World) -> None:
    caller = await talking(world)
    await world.do(Verb.ATTACH, "1001", world.call("1001")["call"], data={"Ticket": "7 & 8%", "vip": True})
    assert world.call("1001")["data"] == {"ticket": "7 & 8%", "vip": "true"}
    assert world.pbx.engine.channels[caller].vars["cti_ticket"] == "7%20%26%208%25"


EVIL = ["1002 XML default\nbgapi system reboot", "1002 inline", "a", "&system(reboot)", "${system(x)}", "{x=y}1002", ""]


@pytest.mark.parametrize("to", EVIL)
@pytest.mark.parametrize("verb", [Verb.PLACE, Verb.TRANSFER, Verb.CONSULT])
async def test_no_number_reaches_the_pbx_but_a_number(world: World, verb: Verb, to: str) -> None:
    await talking(world)
    asked = [line for line in world.pbx.api.lines if not line.startswith(("callcenter", "show", "version"))]
    with pytest.raises(CommandError) as caught:
        await world.do(verb, "1001", None if verb is Verb.PLACE else world.call("1001")["call"], to=to)
    assert caught.value.error_code is ErrorCode.NUMBER_INVALID
    assert [line for line in world.pbx.api.lines if not line.startswith(("callcenter", "show", "version"))] == asked


@pytest.mark.parametrize(
    "value", ["x\n\nbgapi system reboot\n\n", "${system(reboot)}", "'a' \\n,b}c", "x^^:y", "\x00\x7f"]
)
async def test_no_data_becomes_a_command(world: World, value: str) -> None:
    caller = await talking(world)
    await world.do(Verb.ATTACH, "1001", world.call("1001")["call"], data={"k": value})
    kept = world.pbx.engine.channels[caller].vars["cti_k"]
    assert not set(kept) & set("\n\r ${}'\"\\,^")
    assert world.call("1001")["data"] == {"k": value}
    assert not [line for line in world.pbx.api.lines if line.startswith("system")]


async def test_a_refused_command_says_what_the_pbx_said(world: World) -> None:
    await talking(world)
    world.pbx.api.refuses["uuid_hold"] = "-ERR Operation failed\n"
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.HOLD, "1001", world.call("1001")["call"])
    assert (caught.value.error_code, caught.value.text) == (
        ErrorCode.REJECTED_BY_PBX, "The PBX says: Operation failed"
    )  # fmt: skip


async def test_a_command_without_a_link_is_refused(world: World) -> None:
    await world.end()
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.PLACE, "1001", to="1002")
    assert caught.value.error_code is ErrorCode.PBX_DOWN


async def test_many_commands_at_once_each_get_their_own_answer(world: World) -> None:
    callers = [world.pbx.outside_call(f"+4930{number:05}", "1001") for number in range(4)]
    await world.sees("1001", *["alerting"] * 4)
    calls: list[dict[str, Any]] = [world.call("1001", number) for number in range(4)]
    attach = (world.do(Verb.ATTACH, "1001", call["call"], data={"n": call["remote"]["number"]}) for call in calls)
    await asyncio.gather(*attach)
    assert [world.pbx.engine.channels[each].vars["cti_n"] for each in callers] == [
        f"+4930{number:05}" for number in range(4)
    ]
