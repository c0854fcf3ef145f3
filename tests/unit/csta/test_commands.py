"""Every command at a fake CSTA server, and what the agent's document shows of it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.waiting import eventually
from tests.unit.csta.world import CUSTOMER, World, world


@pytest_asyncio.fixture(params=["dmcc", "standard", "openscape"])
async def w(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    async with world(request.param) as made:
        yield made


async def consulting(w: World) -> str:
    """The customer waits, 4751 has answered; the customer's call at 4750."""
    call = str((await w.talking())["call"])
    await w.do(Verb.CONSULT, "4750", call, to="4751", data={"ticket": "T-1"})
    await w.sees("4751", "alerting")
    w.pbx.answer("4751")
    await w.sees("4750", "hold", "connected")
    return call


async def test_a_placed_call_shows_its_data_and_can_be_dropped(w: World) -> None:
    await w.do(Verb.PLACE, "4750", to="0207946000", data={"ticket": "T-1"})
    await w.sees("4750", "initiated")
    assert w.pbx.last("MakeCall").text("autoOriginate") == "doNotPrompt"
    assert w.call("4750")["data"] == {"ticket": "T-1"}
    await w.do(Verb.DROP, "4750", w.call("4750")["call"])
    await w.sees("4750")


async def test_answer_hold_resume_digits_and_drop(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    call = w.call("4750")["call"]
    await w.do(Verb.ANSWER, "4750", call)
    await w.sees("4750", "connected")
    await w.do(Verb.HOLD, "4750", call)
    await w.sees("4750", "hold")
    await w.do(Verb.RESUME, "4750", call)
    await w.sees("4750", "connected")
    await w.do(Verb.DTMF, "4750", call, digits="12#")
    assert w.pbx.last("GenerateDigits").text("charactersToSend") == "12#"
    await w.do(Verb.DROP, "4750", call)
    await w.sees("4750")


async def test_a_rejected_queue_call_goes_to_the_next_agent(w: World) -> None:
    await w.ready("4750", "6001")
    w.pbx.outside_call(CUSTOMER, "5000")
    await w.sees("4750", "alerting")
    await w.ready("4751", "6002")
    call = w.call("4750")
    w.pbx.press("4750", "not_ready")
    await w.do(Verb.REJECT, "4750", call["call"], reason="busy_work")
    await w.sees("4751", "alerting")
    assert w.events("4750") == ["ringing", "missed:rejected"]
    assert w.call("4751")["interaction"] == call["interaction"]


async def test_a_direct_call_cannot_be_rejected_where_nobody_says_where_to(w: World) -> None:
    w.pbx.outside_call(CUSTOMER, "4750")
    await w.sees("4750", "alerting")
    with pytest.raises(CommandError) as refused:
        await w.do(Verb.REJECT, "4750", w.call("4750")["call"], reason="later")
    assert refused.value.error_code is ErrorCode.UNSUPPORTED


async def test_a_direct_call_is_rejected_to_where_the_site_says() -> None:
    async with world("dmcc", reject_to="4752") as w:
        w.pbx.outside_call(CUSTOMER, "4750")
        await w.sees("4750", "alerting")
        await w.do(Verb.REJECT, "4750", w.call("4750")["call"], reason="later")
        await w.sees("4752", "alerting")
        assert w.events("4750") == ["ringing", "missed:rejected"]


async def test_a_cold_transfer_takes_data_along(w: World) -> None:
    call = await w.talking()
    await w.do(Verb.TRANSFER, "4750", call["call"], to="4751", data={"ticket": "T-1"})
    await w.sees("4751", "alerting")
    await w.sees("4750")
    assert w.call("4751")["data"]["ticket"] == "T-1"
    assert w.call("4751")["transferred_by"] == "4750"
    key = bytes.fromhex(w.pbx.last("SingleStepTransferCall").text("userData", "string"))
    assert len(key) <= 32
    assert b"T-1" not in key


async def test_a_hot_transfer_is_completed(w: World) -> None:
    call = await consulting(w)
    assert w.call("4751")["data"] == {"ticket": "T-1"}
    await w.do(Verb.COMPLETE, "4750", call)
    await w.sees("4750")
    assert w.call("4751")["remote"]["number"] == CUSTOMER


async def test_a_consultation_is_cancelled_and_the_customer_is_back(w: World) -> None:
    call = await consulting(w)
    await w.do(Verb.CANCEL, "4750", call)
    await w.sees("4750", "connected")
    await w.sees("4751")
    assert w.call("4750")["call"] == call


async def test_swap_there_and_back_then_cancel_clears_the_one_who_waits(w: World) -> None:
    call = await consulting(w)
    await w.do(Verb.SWAP, "4750", call)
    await w.sees("4750", "connected", "hold")
    await w.do(Verb.SWAP, "4750", call)
    await w.sees("4750", "hold", "connected")
    await w.do(Verb.RESUME, "4750", call)
    await w.sees("4750", "connected", "hold")
    await w.do(Verb.CANCEL, "4750", call)
    await w.sees("4750", "connected")
    assert w.pbx.names()[-1] == "ClearConnection"


async def test_a_conference_has_all_three(w: World) -> None:
    call = await consulting(w)
    await w.do(Verb.CONFERENCE, "4750", call)
    await w.sees("4750", "connected")
    assert w.call("4750")["call"] == call
    assert {each["number"] for each in w.call("4750")["parties"]} == {CUSTOMER, "4751"}


async def test_attached_data_shows_where_the_dialect_has_a_service_for_it(w: World) -> None:
    call = await w.talking()
    if w.pbx.kind == "dmcc":
        with pytest.raises(CommandError) as refused:
            await w.do(Verb.ATTACH, "4750", call["call"], data={"a": "b"})
        assert refused.value.error_code is ErrorCode.UNSUPPORTED
        return
    await w.do(Verb.ATTACH, "4750", call["call"], data={"a": "b"})
    assert w.pbx.last("AssociateData").connection("existingCall")[1] == "4750"


async def test_a_station_rings_first_where_calls_are_not_placed_by_the_phone_itself() -> None:
    async with world("dmcc", auto_answer=False) as w:
        await w.do(Verb.PLACE, "4750", to="4751")
        assert w.pbx.last("MakeCall").text("autoOriginate") == "prompt"
        await w.sees("4750", "initiated")
        # No event has said yet what will be dialled.
        await eventually(lambda: w.call("4750")["remote"]["number"] == "4751")
        assert not w.legs("4751")
        w.pbx.answer_prompt("4750")
        await w.sees("4751", "alerting")


@pytest.mark.parametrize("number", ["", "12a", "1;2", "</x>", "1" * 40])
async def test_a_number_that_is_none_is_refused_before_it_is_sent(number: str) -> None:
    async with world("dmcc") as w:
        before = len(w.pbx.asked)
        with pytest.raises((CommandError, ValueError)):
            await w.do(Verb.PLACE, "4750", to=number)
        assert len(w.pbx.asked) == before


@pytest.mark.parametrize(
    ("category", "value", "code"),
    [
        ("operation", "invalidConnectionID", ErrorCode.NO_SUCH_CALL),
        ("operation", "invalidDestination", ErrorCode.NUMBER_INVALID),
        ("operation", "privilegeViolationCalledDevice", ErrorCode.NOT_ALLOWED),
        ("operation", "serviceNotSupported", ErrorCode.UNSUPPORTED),
        ("operation", "generic", ErrorCode.REJECTED_BY_PBX),
        ("stateIncompatibility", "noCallToAnswer", ErrorCode.NO_SUCH_CALL),
        ("stateIncompatibility", "invalidConnectionState", ErrorCode.NOT_ALLOWED),
        ("systemResourceAvailibility", "resourceBusy", ErrorCode.REJECTED_BY_PBX),
        ("subscribedResourceAvailability", "outstandingReqLimitExceeded", ErrorCode.REJECTED_BY_PBX),
        ("security", "generic", ErrorCode.NOT_ALLOWED),
        ("performanceManagement", "performanceLimitExceeded", ErrorCode.REJECTED_BY_PBX),
        ("privateErrorCode", "URM Denied", ErrorCode.REJECTED_BY_PBX),
        ("unspecified", "", ErrorCode.REJECTED_BY_PBX),
    ],
)
async def test_a_refusal_of_the_pbx_becomes_a_code_with_category_and_value(
    category: str, value: str, code: ErrorCode
) -> None:
    async with world("dmcc") as w:
        call = await w.talking()
        w.pbx.refuse["HoldCall"] = (category, value)
        with pytest.raises(CommandError) as refused:
            await w.do(Verb.HOLD, "4750", call["call"])
        assert refused.value.error_code is code
        assert category in refused.value.text
        assert value in refused.value.text


async def test_a_rejection_that_the_pbx_refuses_leaves_no_mark() -> None:
    async with world("dmcc", reject_to="4752") as w:
        w.pbx.outside_call(CUSTOMER, "4750")
        await w.sees("4750", "alerting")
        w.pbx.refuse["DeflectCall"] = ("operation", "generic")
        with pytest.raises(CommandError):
            await w.do(Verb.REJECT, "4750", w.call("4750")["call"], reason="later")
        w.pbx.hang_up(CUSTOMER)
        await w.sees("4750")
        assert w.events("4750") == ["ringing", "missed:abandoned"]


async def test_no_answer_in_time_is_pbx_down_and_a_call_that_is_gone_is_no_such_call() -> None:
    async with world("dmcc", reply_timeout_s=0.3) as w:
        call = await w.talking()
        w.pbx.mute.add("HoldCall")
        with pytest.raises(CommandError) as late:
            await w.do(Verb.HOLD, "4750", call["call"])
        assert late.value.error_code is ErrorCode.PBX_DOWN
        legs = w.model.call_legs("4750", call["call"])
        w.pbx.hang_up("4750")
        await w.sees("4750")
        w.model.call_legs = lambda station, call: legs or CallLegs()  # type: ignore[method-assign]
        with pytest.raises(CommandError) as gone:
            await w.do(Verb.HOLD, "4750", call["call"])
        assert gone.value.error_code is ErrorCode.NO_SUCH_CALL


async def test_without_a_link_commands_are_refused() -> None:
    async with world("dmcc") as w:
        await w.end()
        with pytest.raises(CommandError) as refused:
            await w.do(Verb.PLACE, "4750", to="4751")
        assert refused.value.error_code is ErrorCode.PBX_DOWN


async def test_verbs_that_the_site_takes_away_are_not_offered() -> None:
    async with world("standard", without=["dtmf", "attach"]) as w:
        assert w.adapter.capabilities.of("4750") == frozenset(Verb) - {Verb.DTMF, Verb.ATTACH}
        await eventually(lambda: "place" in w.model.document("4750")["can"])
