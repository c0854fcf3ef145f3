"""Calls at a fake CSTA server of each dialect, as agents' documents show them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.waiting import eventually
from tests.unit.csta.world import CUSTOMER, KINDS, World, world


@pytest_asyncio.fixture(params=KINDS)
async def w(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world(request.param) as made:
        yield made


async def test_a_customers_call_rings_is_answered_held_resumed_and_hung_up_by_the_phone(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    call = w.call("4750")
    assert (call["remote"]["number"], call["direction"], call["dialed"]) == (CUSTOMER, "inbound", "4750")
    w.pbx.answer("4750")
    await w.sees("4750", "connected")
    w.pbx.hold("4750")
    await w.sees("4750", "hold")
    w.pbx.resume("4750")
    await w.sees("4750", "connected")
    w.pbx.hang_up("4750")
    await w.sees("4750")
    assert w.events("4750") == ["ringing", "answered", "held", "resumed", "dropped:normal"]
    assert w.model.document("4750")["recent"][-1]["by"] == "agent_phone"


async def test_the_customer_hangs_up(w: World) -> None:
    await w.talking()
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4750")
    last = w.model.document("4750")["recent"][-1]
    assert (last["event"], last["by"]) == ("dropped", "remote")


async def test_a_caller_who_gives_up_is_missed_as_abandoned(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4750")
    assert w.events("4750") == ["ringing", "missed:abandoned"]


async def test_a_call_that_nobody_answers_is_missed(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    w.pbx.no_answer("4750")
    await w.sees("4750")
    assert w.events("4750") == ["ringing", "missed:no_answer"]


async def test_an_anonymous_caller_has_no_number(w: World) -> None:
    w.pbx.outside_call("anonymous", "4750")
    await w.sees("4750", "alerting")
    assert w.call("4750")["remote"] == {"number": None, "name": None, "presentation": "restricted"}
    assert w.call("4750")["direction"] == "inbound"


async def test_a_station_calls_a_station_and_both_monitors_tell_of_one_call(w: World) -> None:
    w.pbx.dial("4750", "4751")
    await w.sees("4751", "alerting")
    assert w.legs("4750") == ["initiated"]
    w.pbx.answer("4751")
    await w.sees("4750", "connected")
    await w.sees("4751", "connected")
    assert w.call("4750")["interaction"] == w.call("4751")["interaction"]
    assert w.call("4750")["parties"] == [{"number": "4751", "station": "4751", "leg": "connected"}]
    w.pbx.hang_up("4751")
    await w.sees("4750")
    await w.sees("4751")
    assert w.events("4750") == ["dialing", "answered", "dropped:normal"]
    assert w.events("4751") == ["ringing", "answered", "dropped:normal"]


@pytest.mark.parametrize(("state", "cause"), [("busy", "busy"), ("out", "not_found")])
async def test_a_call_that_gets_nowhere_fails_and_ends_when_the_caller_hangs_up(
    w: World, state: str, cause: str
) -> None:
    getattr(w.pbx.engine, state).add("4752")
    w.pbx.dial("4750", "4752")
    await w.sees("4750", "fail")
    w.pbx.hang_up("4750")
    await w.sees("4750")
    assert w.events("4750") == ["dialing", f"failed:{cause}"]


async def test_an_outgoing_call_is_outbound_and_answered_by_the_far_end(w: World) -> None:
    w.pbx.dial("4750", "0207946000")
    await w.sees("4750", "initiated")
    assert (w.call("4750")["direction"], w.call("4750")["remote"]["number"]) == ("outbound", "0207946000")
    w.pbx.answer("0207946000")
    await w.sees("4750", "connected")
    assert w.model.document("4750")["recent"][-1]["by"] == "remote"


async def test_a_queue_call_names_its_queue_and_goes_on_to_the_next_agent_when_nobody_answers(w: World) -> None:
    await w.ready("4750", "6001")
    await w.ready("4751", "6002")
    w.pbx.outside_call(CUSTOMER, "5000")
    await w.sees("4750", "alerting")
    call = w.call("4750")
    assert (call["queue"], call["dialed"]) == ("support", "5000")
    w.pbx.press("4750", "not_ready")
    w.pbx.no_answer("4750")
    await w.sees("4751", "alerting")
    assert w.call("4751")["interaction"] == call["interaction"]
    assert w.call("4751")["remote"]["number"] == CUSTOMER
    assert w.events("4750") == ["ringing", "missed:no_answer"]


async def test_a_phone_that_forwards_its_call_is_diverted_and_the_next_one_rings(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    call = w.call("4750")
    w.pbx.forward("4750", "4751")
    await w.sees("4751", "alerting")
    await w.sees("4750")
    assert w.events("4750") == ["ringing", "diverted:forwarded"]
    assert w.model.document("4750")["recent"][-1]["peer"] == "4751"
    assert w.call("4751")["interaction"] == call["interaction"]


async def test_a_call_that_a_colleague_picks_up_is_diverted_here_and_answered_there(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    call = w.call("4750")
    w.pbx.pick_up("4751", "4750")
    await w.sees("4751", "connected")
    await w.sees("4750")
    assert w.events("4750") == ["ringing", "diverted:picked_up"]
    assert w.model.document("4750")["recent"][-1]["by"] == "4751"
    assert w.call("4751")["interaction"] == call["interaction"]
    assert w.call("4751")["remote"]["number"] == CUSTOMER


async def test_a_station_that_calls_a_queue_sees_no_party_of_that_number(w: World) -> None:
    await w.ready("4751", "6002")
    w.pbx.dial("4750", "5000")
    await w.sees("4751", "alerting")
    w.pbx.answer("4751")
    await w.sees("4750", "connected")
    assert [each["number"] for each in w.call("4750")["parties"]] == ["4751"]
    assert (w.call("4751")["queue"], w.call("4751")["direction"]) == ("support", "internal")


async def test_a_blind_transfer_reaches_the_colleague_as_the_same_interaction(w: World) -> None:
    call = await w.talking()
    w.pbx.blind_transfer("4750", "4751")
    await w.sees("4751", "alerting")
    await w.sees("4750")
    assert w.call("4751")["interaction"] == call["interaction"]
    assert w.call("4751")["transferred_by"] == "4750"
    assert w.call("4751")["remote"]["number"] == CUSTOMER
    w.pbx.answer("4751")
    await w.sees("4751", "connected")
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4751")
    assert w.events("4750")[-1] == "transferred:normal"
    assert w.events("4751") == ["ringing", "answered", "transferred", "dropped:normal"]


@pytest.mark.parametrize("new_ids", [False, True])
async def test_a_consultation_by_the_phone_is_part_of_the_customers_story_and_its_transfer_joins(
    w: World, new_ids: bool
) -> None:
    w.pbx.engine.new_ids = new_ids
    call = await w.talking()
    w.pbx.consult("4750", "4751")
    await w.sees("4751", "alerting")
    assert w.legs("4750") == ["hold", "initiated"]
    assert w.call("4750", 1)["consult_of"] == call["call"]
    assert w.call("4751")["interaction"] == call["interaction"]
    assert (w.call("4751")["consult_of"], w.call("4751")["remote"]["number"]) == (call["call"], "4750")
    w.pbx.answer("4751")
    await w.sees("4750", "hold", "connected")
    w.pbx.transfer("4750")
    await w.sees("4750")
    remote = w.call("4751")
    assert remote["consult_of"] is None
    assert (remote["remote"]["number"], remote["transferred_by"]) == (CUSTOMER, "4750")
    assert remote["interaction"] == call["interaction"]
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4751")
    assert w.events("4750")[:5] == ["ringing", "answered", "held", "consulting", "answered"]
    assert sorted(w.events("4750")[5:]) == ["transferred:normal", "transferred:normal"]
    assert w.events("4751") == ["ringing", "answered", "transferred", "dropped:normal"]


async def test_what_a_customer_leaves_of_a_consultation_by_hanging_up_is_an_ordinary_call(w: World) -> None:
    await w.talking()
    w.pbx.consult("4750", "4751")
    await w.sees("4751", "alerting")
    w.pbx.answer("4751")
    await w.sees("4751", "connected")
    assert w.call("4751")["consult_of"]
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4750", "connected")
    assert [w.call(each)["consult_of"] for each in ("4750", "4751")] == [None, None]


async def test_a_call_that_is_passed_on_to_a_queue_names_it_where_it_rings(w: World) -> None:
    await w.talking()
    await w.ready("4751")
    w.pbx.blind_transfer("4750", "5000")
    await w.sees("4751", "alerting")
    assert (w.call("4751")["queue"], w.call("4751")["transferred_by"]) == ("support", "4750")


async def test_a_conference_keeps_the_customers_leg_and_shows_both_others(w: World) -> None:
    await w.talking()
    w.pbx.consult("4750", "4751")
    await w.sees("4751", "alerting")
    w.pbx.answer("4751")
    await w.sees("4751", "connected")
    w.pbx.conference("4750")
    await w.sees("4750", "connected")
    assert {each["number"] for each in w.call("4750")["parties"]} == {CUSTOMER, "4751"}
    assert [w.call(each)["consult_of"] for each in ("4750", "4751")] == [None, None]
    assert "conferenced" in w.events("4750")
    assert "conferenced" in w.events("4751")
    w.pbx.hang_up("4750")
    await w.sees("4750")
    assert w.legs("4751") == ["connected"]


async def test_a_silent_recorder_is_no_party_and_makes_no_conference(w: World) -> None:
    call = await w.talking()
    w.pbx.engine.listen(next(iter(w.pbx.engine.calls.values())), "4799")
    w.pbx.hold("4750")
    await w.sees("4750", "hold")
    assert [each["number"] for each in w.call("4750")["parties"]] == [CUSTOMER]
    assert w.call("4750")["call"] == call["call"]
    assert "conferenced" not in w.events("4750")


async def test_a_call_id_that_is_used_again_is_another_call(w: World) -> None:
    first = await w.talking()
    ident = next(iter(w.pbx.engine.calls))
    w.pbx.hang_up(CUSTOMER)
    await w.sees("4750")
    if w.pbx.kind.startswith("openscape"):
        return  # ids of this length are never used again
    w.pbx.engine._numbers = iter([int(ident), int(ident) + 1])  # type: ignore[assignment]
    second = await w.talking(number="+49301234567")
    assert next(iter(w.pbx.engine.calls)) == ident
    assert w.call("4750")["remote"]["number"] == "+49301234567"
    if w.pbx.kind == "standard":
        assert second["call"] != first["call"]


async def test_a_phone_goes_out_of_service_and_comes_back(w: World) -> None:
    w.pbx.unplug("4750")
    assert await _service(w, in_service=False)
    w.pbx.plug_in("4750")
    assert await _service(w, in_service=True)


async def _service(w: World, *, in_service: bool) -> bool:
    return await eventually(lambda: w.model.document("4750")["in_service"] is in_service)


async def test_events_in_pieces_of_seven_bytes_are_read_all_the_same() -> None:
    async with world("dmcc") as w:
        w.pbx.chop = 7
        await w.talking()
        assert w.events("4750") == ["ringing", "answered"]
