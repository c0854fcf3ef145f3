"""Hot transfer on a real Asterisk with SIP phones: who hears whom by its bridges, and what the pages are told."""

from __future__ import annotations

from typing import Any

import pytest

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.outside import Caller
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.asterisk_desk import CUSTOMER, FAR, Desk
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def hears(desk: Desk, *names: str) -> bool:
    """Whether exactly these phones are connected by bridges and Local pairs of the PBX; `trunk` is the outside."""
    channels = await desk.bench.view.channels()
    bridge = {each.name: each.bridge for each in channels if each.bridge}
    start = next((name for name in bridge if name.startswith(f"PJSIP/{names[0]}-")), None)
    if start is None:
        return False
    seen, ends = {bridge[start]}, [bridge[start]]
    while ends:
        here = ends.pop()
        for name in [name for name, each in bridge.items() if each == here and name.startswith("Local/")]:
            there = bridge.get(name[:-1] + ("2" if name.endswith("1") else "1"))
            if there and there not in seen:
                seen.add(there)
                ends.append(there)
    phones = {name.split("/")[1].split("-")[0] for name, each in bridge.items() if each in seen and "PJSIP" in name}
    assert phones == set(names), [f"{each.name} {each.application} {each.bridge}" for each in channels]
    return True


async def talk_together(desk: Desk, *names: str) -> None:
    await eventually(lambda: hears(desk, *names), saying=f"{names} in one talk")


async def in_consult(desk: Desk, to: str = "1004", **more: Any) -> tuple[Caller, str]:
    """A customer on hold at 1001 while `to` rings; the caller and the customer's call."""
    caller = await desk.in_talk()
    call = str(desk.call("1001")["call"])
    await desk.do(Verb.CONSULT, "1001", call, to=to, **more)
    await desk.sees("1001", "hold", "initiated")
    return caller, call


async def answered(desk: Desk, station: str = "1004") -> None:
    await desk.sees(station, "alerting")
    await eventually(lambda: desk.bench.phones[station].display.state == "ringing")
    desk.bench.phones[station].answer()
    await desk.sees(station, "connected")


async def consulting(desk: Desk, **more: Any) -> tuple[Caller, str]:
    caller, call = await in_consult(desk, **more)
    await answered(desk)
    await desk.sees("1001", "hold", "connected")
    await talk_together(desk, "1001", "1004")
    return caller, call


async def test_a_consultation_is_told_from_its_start_with_data_while_it_rings(desk: Desk) -> None:
    _, call = await in_consult(desk, data={"ticket": "T-9"})
    await desk.sees("1004", "alerting")
    asked, customer, consult = desk.call("1004"), desk.call("1001"), desk.call("1001", 1)
    assert consult["consult_of"] == call
    assert consult["call"] == asked["call"] != call
    assert {each["interaction"] for each in (asked, customer, consult)} == {customer["interaction"]}
    assert (asked["remote"]["number"], asked["data"]["ticket"]) == ("1001", "T-9")
    assert (customer["remote"]["number"], consult["remote"]["number"]) == (CUSTOMER, "1004")
    assert {"complete", "cancel", "swap", "conference"} <= set(customer["can"])
    assert desk.names("1001")[-2:] == ["held", "consulting"]
    assert ("held", None, "agent_page") in desk.events("1001")


async def test_completed_the_two_others_talk_and_the_target_sees_the_customer(desk: Desk) -> None:
    caller, call = await consulting(desk, data={"ticket": "T-9"})
    interaction = desk.call("1001")["interaction"]
    await desk.do(Verb.COMPLETE, "1001", call)
    await desk.sees("1001")
    await talk_together(desk, "trunk", "1004")
    seen = desk.call("1004")
    assert (seen["remote"]["number"], seen["transferred_by"], seen["consult_of"]) == (CUSTOMER, "1001", None)
    assert (seen["interaction"], seen["data"]["ticket"]) == (interaction, "T-9")
    assert [event[0] for event in desk.events("1001")][-2:] == ["transferred", "transferred"]
    assert desk.names("1004") == ["ringing", "answered", "transferred"]
    await eventually(lambda: desk.bench.phones["1004"].display.number == CUSTOMER)
    assert await desk.bench.caller_state(caller) == "talking"


async def test_the_agents_phone_that_hangs_up_completes_the_transfer(desk: Desk) -> None:
    await consulting(desk)
    await desk.bench.phones["1001"].hang_up()
    await desk.sees("1001")
    await talk_together(desk, "trunk", "1004")
    assert desk.events("1001")[-1] == ("transferred", "normal", "agent_phone")
    assert desk.call("1004")["transferred_by"] == "1001"


async def test_cancelled_the_agent_has_the_customer_back(desk: Desk) -> None:
    _, call = await consulting(desk)
    await desk.do(Verb.CANCEL, "1001", call)
    await desk.sees("1001", "connected")
    await desk.sees("1004")
    await talk_together(desk, "1001", "trunk")
    assert desk.call("1001")["remote"]["number"] == CUSTOMER
    assert desk.events("1001")[-1] == ("resumed", None, "agent_page")
    await desk.do(Verb.DROP, "1001", call)
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("dropped", "normal", "agent_page")


async def test_cancelled_while_it_rings_the_colleague_has_missed_it(desk: Desk) -> None:
    _, call = await in_consult(desk)
    await desk.sees("1004", "alerting")
    await desk.do(Verb.CANCEL, "1001", call)
    await desk.sees("1001", "connected")
    await desk.sees("1004")
    await talk_together(desk, "1001", "trunk")
    assert desk.names("1004") == ["ringing", "missed"]
    assert "failed" in desk.names("1001")


async def test_a_colleague_who_refuses_gives_the_customer_back(desk: Desk) -> None:
    await in_consult(desk)
    await desk.sees("1004", "alerting")
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].reject()
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "trunk")
    assert ("failed", "busy", "remote") in desk.events("1001")
    assert desk.events("1004")[-1] == ("missed", "rejected", "agent_phone")


async def test_a_number_that_does_not_exist_gives_the_customer_back(desk: Desk) -> None:
    await desk.in_talk()
    await desk.do(Verb.CONSULT, "1001", desk.call("1001")["call"], to="4444")
    await eventually(lambda: "failed" in desk.names("1001"))
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "trunk")


async def test_swapped_there_and_back_and_completed_from_the_customers_side(desk: Desk) -> None:
    caller, call = await consulting(desk)
    await desk.do(Verb.SWAP, "1001", call)
    await desk.sees("1001", "connected", "hold")
    await talk_together(desk, "1001", "trunk")
    await desk.do(Verb.SWAP, "1001", call)
    await desk.sees("1001", "hold", "connected")
    await talk_together(desk, "1001", "1004")
    await desk.do(Verb.SWAP, "1001", call)
    await desk.sees("1001", "connected", "hold")
    await desk.do(Verb.COMPLETE, "1001", call)
    await desk.sees("1001")
    await talk_together(desk, "trunk", "1004")
    assert desk.call("1004")["transferred_by"] == "1001"
    assert await desk.bench.caller_state(caller) == "talking"


async def test_a_conference_joins_all_three_and_goes_on_when_the_agent_leaves(desk: Desk) -> None:
    _, call = await consulting(desk)
    await desk.do(Verb.CONFERENCE, "1001", call)
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "1004", "trunk")
    assert {each["number"] for each in desk.call("1001")["parties"]} == {CUSTOMER, "1004"}
    assert ("conferenced", None, "agent_page") in desk.events("1001")
    assert "conferenced" in desk.names("1004")
    await desk.do(Verb.DROP, "1001", call)
    await desk.sees("1001")
    await talk_together(desk, "trunk", "1004")


async def test_a_conference_from_the_customers_side(desk: Desk) -> None:
    _, call = await consulting(desk)
    await desk.do(Verb.SWAP, "1001", call)
    await talk_together(desk, "1001", "trunk")
    await desk.sees("1001", "connected", "hold")
    await desk.do(Verb.CONFERENCE, "1001", call)
    await talk_together(desk, "1001", "1004", "trunk")
    await desk.sees("1001", "connected")


async def test_a_customer_who_hangs_up_leaves_the_two_colleagues_talking(desk: Desk) -> None:
    caller, _ = await consulting(desk)
    await desk.bench.outside.hang_up_all()
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "1004")
    assert desk.events("1001")[-1] == ("dropped", "normal", "remote")
    assert not caller.call.live
    await desk.bench.phones["1004"].hang_up()
    await desk.sees("1001")
    await eventually(lambda: desk.bench.phones["1001"].display.state == "idle")


async def test_a_colleague_who_hangs_up_gives_the_customer_back(desk: Desk) -> None:
    await consulting(desk)
    await desk.bench.phones["1004"].hang_up()
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "trunk")
    assert ("dropped", "normal", "remote") in desk.events("1001")


async def test_completed_before_the_answer_the_customer_rings_there_alone(desk: Desk) -> None:
    _, call = await in_consult(desk)
    await desk.sees("1004", "alerting")
    await desk.do(Verb.COMPLETE, "1001", call)
    await desk.sees("1001")
    await eventually(lambda: desk.names("1004") == ["ringing", "diverted", "ringing"])
    assert desk.call("1004")["transferred_by"] == "1001"
    await answered(desk)
    await talk_together(desk, "trunk", "1004")
    assert desk.call("1004")["remote"]["number"] == CUSTOMER
    assert desk.names("1004") == ["ringing", "diverted", "ringing", "answered", "transferred"]
    assert desk.events("1001")[-1] == ("transferred", "normal", "agent_page")


async def test_the_customers_call_is_dropped_and_the_consultation_goes_on(desk: Desk) -> None:
    caller, call = await consulting(desk)
    await desk.do(Verb.DROP, "1001", call)
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "1004")
    await eventually(lambda: not caller.call.live)


async def test_dropping_the_consultation_itself_is_cancelling_it(desk: Desk) -> None:
    await consulting(desk)
    await desk.do(Verb.DROP, "1001", desk.call("1001", 1)["call"])
    await desk.sees("1001", "connected")
    await talk_together(desk, "1001", "trunk")


async def test_a_queue_may_be_consulted_and_get_the_customer(desk: Desk) -> None:
    await desk.log_on("1004", "sales")
    _, call = await in_consult_queue(desk)
    await answered(desk)
    await talk_together(desk, "1001", "1004")
    assert desk.call("1004")["queue"] == "sales"
    await desk.do(Verb.COMPLETE, "1001", call)
    await desk.sees("1001")
    await talk_together(desk, "trunk", "1004")
    assert desk.call("1004")["remote"]["number"] == CUSTOMER


async def in_consult_queue(desk: Desk) -> tuple[Caller, str]:
    caller = await desk.in_talk()
    call = str(desk.call("1001")["call"])
    await desk.do(Verb.CONSULT, "1001", call, to="5001")
    await desk.sees("1004", "alerting")
    return caller, call


async def test_an_outside_number_may_be_consulted_and_get_the_customer(desk: Desk) -> None:
    await desk.in_talk()
    call = desk.call("1001")["call"]
    await desk.do(Verb.CONSULT, "1001", call, to=FAR)
    await desk.sees("1001", "hold", "connected")
    assert desk.call("1001", 1)["remote"]["number"] == FAR
    await desk.do(Verb.COMPLETE, "1001", call)
    await desk.sees("1001")
    await eventually(lambda: desk.bench.phones["1001"].display.state == "idle")


async def test_who_got_the_customer_by_a_consultation_may_consult_and_transfer_again(desk: Desk) -> None:
    caller, call = await consulting(desk)
    interaction = desk.call("1001")["interaction"]
    await desk.do(Verb.COMPLETE, "1001", call)
    await talk_together(desk, "trunk", "1004")
    await desk.sees("1001")
    call = desk.call("1004")["call"]
    await desk.do(Verb.CONSULT, "1004", call, to="1002", data={"step": 2})
    await answered(desk, "1002")
    await talk_together(desk, "1004", "1002")
    await desk.sees("1004", "hold", "connected")
    await desk.do(Verb.COMPLETE, "1004", call)
    await talk_together(desk, "trunk", "1002")
    await desk.sees("1004")
    seen = desk.call("1002")
    assert (seen["remote"]["number"], seen["transferred_by"], seen["interaction"]) == (CUSTOMER, "1004", interaction)
    await desk.do(Verb.TRANSFER, "1002", seen["call"], to="1001", data={"step": 3})
    await desk.sees("1001", "alerting")
    back = desk.call("1001")
    assert (back["remote"]["number"], back["transferred_by"], back["interaction"]) == (CUSTOMER, "1002", interaction)
    assert back["data"]["step"] == "3"
    await answered(desk, "1001")
    await talk_together(desk, "trunk", "1001")
    assert await desk.bench.caller_state(caller) == "talking"


async def test_an_edge_that_comes_new_finds_the_consultation_and_completes_it(desk: Desk) -> None:
    _, call = await consulting(desk)
    other = Desk(desk.bench)
    await other.begin()
    try:
        await other.sees("1001", "hold", "connected")
        assert other.call("1001")["call"] == call
        assert other.call("1001", 1)["consult_of"] == call
        assert other.call("1001", 1)["call"] == desk.call("1001", 1)["call"]
        await other.do(Verb.SWAP, "1001", call)
        await other.sees("1001", "connected", "hold")
        late = Desk(desk.bench)
        await late.begin()
        await late.sees("1001", "connected", "hold")
        await late.end()
        await other.do(Verb.COMPLETE, "1001", call)
        await other.sees("1001")
        await desk.sees("1001")
        await talk_together(desk, "trunk", "1004")
        assert other.call("1004")["transferred_by"] == "1001"
    finally:
        await other.end()


async def test_what_a_consultation_does_not_allow_is_refused(desk: Desk) -> None:
    _, call = await in_consult(desk)
    for verb, more in (
        (Verb.SWAP, {}),
        (Verb.CONFERENCE, {}),
        (Verb.CONSULT, {"to": "1002"}),
        (Verb.TRANSFER, {"to": "1"}),
    ):
        with pytest.raises(CommandError) as refused:
            await desk.do(verb, "1001", call, **more)
        assert refused.value.error_code is ErrorCode.NOT_ALLOWED
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.HOLD, "1001", desk.call("1001", 1)["call"])
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED


@pytest.mark.scenario("S12")
async def test_s12_without_the_context_in_the_dial_plan_nothing_of_it_is_offered_and_asking_is_refused(
    bench: Bench,
) -> None:
    desk = Desk(bench, user="bridge", consult_context="elsewhere")
    await desk.begin()
    try:
        await desk.in_talk()
        call = desk.call("1001")
        assert not set(call["can"]) & {"consult", "complete", "cancel", "swap", "conference"}
        assert "transfer" in call["can"]
        with pytest.raises(CommandError) as refused:
            await desk.do(Verb.CONSULT, "1001", call["call"], to="1004")
        assert refused.value.error_code is ErrorCode.UNSUPPORTED
    finally:
        await desk.end()


async def test_a_user_with_the_least_rights_may_consult(bench: Bench) -> None:
    desk = Desk(bench, user="bridge")
    await desk.begin()
    try:
        _, call = await consulting(desk)
        await desk.do(Verb.COMPLETE, "1001", call)
        await desk.sees("1001")
        await talk_together(desk, "trunk", "1004")
    finally:
        await desk.end()
