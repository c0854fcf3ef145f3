"""Hands on the fake FreeSWITCH: what its phones show, its queue lists, and its buttons refuse."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ringline_edge.conformance.fakes.freeswitch import bank
from ringline_edge.conformance.fakes.freeswitch.bank import FreeswitchPhones
from ringline_edge.conformance.phone_bank import Display, NotNowError, UnknownError
from tests.support.waiting import eventually

CALLER, FAR = "+442071234567", "+442079460123"


@pytest_asyncio.fixture
async def phones() -> AsyncIterator[FreeswitchPhones]:
    made = FreeswitchPhones(ring_s=20, two_devices=("1003",))
    await made.open()
    yield made
    await made.close()


async def test_a_phone_shows_its_most_advanced_call(phones: FreeswitchPhones) -> None:
    assert await phones.display("1001") == Display("idle", None, 0)
    caller = await phones.dial_in(CALLER, "1001", None)
    assert await phones.display("1001") == Display("ringing", CALLER, 1)
    await phones.press("1001", "answer", "")
    assert await phones.display("1001") == Display("talking", CALLER, 1)
    await phones.press("1001", "hold", "")
    assert (await phones.display("1001"), await phones.caller_state(caller)) == (Display("held", CALLER, 1), "held")
    await phones.press("1001", "dial", "1002")
    assert await phones.display("1001") == Display("dialing", "1002", 2)
    await phones.press("1001", "cancel", "")
    assert (await phones.display("1001"), await phones.caller_state(caller)) == (
        Display("talking", CALLER, 1),
        "talking",
    )


async def test_a_caller_waits_rings_talks_and_is_remembered(phones: FreeswitchPhones) -> None:
    caller = await phones.dial_in(CALLER, "5000", "order=7")
    assert await phones.caller_state(caller) == "queued"
    await phones.press("1001", "feature", "*22")
    assert await phones.caller_state(caller) == "ringing"
    await phones.press("1001", "answer", "")
    assert await phones.caller_state(caller) == "talking"
    await phones.hang_up_caller(caller)
    await phones.hang_up_caller(caller)
    assert await phones.caller_state(caller) == "ended"
    lost = await phones.dial_in(CALLER, "77", None)
    assert await phones.caller_state(lost) == "ended"


async def test_a_queue_lists_members_and_callers_in_order(phones: FreeswitchPhones) -> None:
    await phones.press("1001", "feature", "*22")
    await phones.press("1002", "feature", "*22")
    await phones.pause("support", "1002", "lunch")
    first, second = await phones.dial_in(CALLER, "5000", None), await phones.dial_in(FAR, "5000", None)
    listed = await phones.queue("support")
    assert [(each.station, each.paused, each.available) for each in listed.members] == [
        ("1001", False, False),
        ("1002", True, False),
    ]
    assert [(each.caller, each.number) for each in listed.callers] == [(first, CALLER), (second, FAR)]
    await phones.press("1001", "feature", "*23")
    await phones.pause("support", "1002", None)
    assert [each.station for each in (await phones.queue("support")).members] == ["1002"]


@pytest.mark.parametrize(("code", "paused"), [("*451", True), ("*46", False)])
async def test_feature_codes_pause_and_go_on(phones: FreeswitchPhones, code: str, paused: bool) -> None:
    await phones.press("1001", "feature", "*22")
    await phones.press("1001", "dial", code)
    (member,) = (await phones.queue("support")).members
    assert member.paused is paused
    assert phones.pbx.legs("1001") == []


async def test_both_devices_ring_until_both_refuse(phones: FreeswitchPhones) -> None:
    caller = await phones.dial_in(CALLER, "1003", None)
    assert len(phones.pbx.legs("1003")) == 2
    await phones.press("1003", "reject", "")
    assert await phones.caller_state(caller) == "ringing"
    await phones.press("1003", "reject", "")
    assert await phones.caller_state(caller) == "ended"


async def test_outside_numbers_answer_are_busy_or_stay_silent(phones: FreeswitchPhones) -> None:
    await phones.press("1001", "dial", bank.BUSY_NUMBER)
    assert (await phones.display("1001")).state == "idle"
    await phones.press("1002", "dial", bank.SILENT_NUMBER)
    await phones.press("1001", "dial", FAR)

    async def talks() -> bool:
        return await phones.display("1001") == Display("talking", FAR, 1)

    await eventually(talks)
    assert (await phones.display("1002")).state == "dialing"


@pytest.mark.parametrize(
    ("station", "button", "argument", "error"),
    [
        ("1009", "answer", "", UnknownError),
        ("1001", "juggle", "", UnknownError),
        ("1001", "answer", "", NotNowError),
        ("1001", "blind", "1002", NotNowError),
        ("1001", "complete", "", NotNowError),
        ("1001", "monitored", "", NotNowError),
        ("1001", "feature", "*99", NotNowError),
        ("1001", "feature", "*81002", NotNowError),
        ("1004", "dial", "1001", NotNowError),
    ],
)
async def test_what_cannot_be_pressed_is_refused(
    phones: FreeswitchPhones, station: str, button: str, argument: str, error: type[Exception]
) -> None:
    await phones.press("1004", "unplug", "")
    with pytest.raises(error):
        await phones.press(station, button, argument)


async def test_what_is_not_there_is_unknown(phones: FreeswitchPhones) -> None:
    for asked in (
        phones.display("1009"),
        phones.queue("sales"),
        phones.caller_state("nobody"),
        phones.pause("support", "1001", None),
    ):
        with pytest.raises(UnknownError):
            await asked
