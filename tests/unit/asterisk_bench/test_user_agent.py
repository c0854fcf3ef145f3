"""Two user agents face to face on loopback: what each shows while calls come and go. No PBX between them."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.pbx.asterisk.sip.agent import Incoming, UserAgent
from infra.pbx.asterisk.sip.caller import Account
from infra.pbx.asterisk.sip.dialog import CallState, SipCall
from infra.pbx.asterisk.sip.digest import Credentials
from infra.pbx.asterisk.sip.endpoint import NoAnswerError
from infra.pbx.asterisk.sip.message import request
from infra.pbx.asterisk.sip.phone import NoSuchCallError, Phone
from tests.support.waiting import eventually

Pair = tuple[UserAgent, UserAgent]


@pytest_asyncio.fixture
async def pair() -> AsyncIterator[Pair]:
    """Ada and Ben; each takes the other for its server."""
    ada = UserAgent(Account(Credentials("1001", ""), ("127.0.0.1", 0), "Ada"))
    ben = UserAgent(Account(Credentials("1002", ""), ("127.0.0.1", 0)))
    await ada.open("127.0.0.1")
    await ben.open("127.0.0.1")
    ada.account = Account(ada.account.credentials, ben.address, "Ada")
    ben.account = Account(ben.account.credentials, ada.address)
    yield ada, ben
    ada.close()
    ben.close()


async def ringing(pair: Pair) -> tuple[SipCall, SipCall]:
    """A call from Ada that rings at Ben: her side, his side."""
    ada, ben = pair
    hers = ada.dial("1002")
    await eventually(lambda: hers.ringback)
    return hers, ben.live_calls[0]


async def talking(pair: Pair) -> tuple[SipCall, SipCall]:
    """The same, answered."""
    hers, his = await ringing(pair)
    pair[1].answer(his)
    await eventually(lambda: hers.state is CallState.TALKING and his.acknowledged)
    return hers, his


def send(to: UserAgent, data: bytes) -> None:
    """One datagram from nowhere in particular."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as source:
        source.sendto(data, to.address)


def ended(*calls: SipCall) -> bool:
    return all(call.state is CallState.ENDED for call in calls)


async def test_a_call_rings_is_answered_and_ends_on_both_sides(pair: Pair) -> None:
    hers, his = await talking(pair)
    assert (his.shown, his.state, hers.shown) == ("1001", CallState.TALKING, "1002")
    await pair[1].hang_up(his)
    await eventually(lambda: ended(hers, his))
    assert pair[0].live_calls == pair[1].live_calls == ()


async def test_a_refused_call_ends_where_it_began(pair: Pair) -> None:
    hers, his = await ringing(pair)
    pair[1].reject(his)
    await eventually(lambda: ended(hers, his))


async def test_a_caller_who_gives_up_stops_the_ringing(pair: Pair) -> None:
    hers, his = await ringing(pair)
    await pair[0].hang_up(hers)
    await eventually(lambda: ended(hers, his))


@pytest.mark.parametrize(
    ("incoming", "headers", "state"),
    [
        (Incoming.ANSWER, (), CallState.TALKING),
        (Incoming.REJECT, (), CallState.ENDED),
        (Incoming.OBEY_HEADERS, (("Call-Info", "<sip:x>;answer-after=0"),), CallState.TALKING),
    ],
)
async def test_a_phone_does_by_itself_what_it_is_set_to(
    pair: Pair, incoming: Incoming, headers: tuple[tuple[str, str], ...], state: CallState
) -> None:
    ada, ben = pair
    ben.incoming = incoming
    hers = ada.dial("1002", headers=headers)
    await eventually(lambda: hers.state is state)


async def test_holding_and_resuming_change_both_descriptions(pair: Pair) -> None:
    hers, _ = await talking(pair)
    assert await pair[0].set_held(hers, held=True)
    assert (hers.state, hers.version) == (CallState.HELD, 2)
    assert await pair[0].set_held(hers, held=False)
    assert hers.state is CallState.TALKING


async def test_digits_arrive_in_order(pair: Pair) -> None:
    hers, his = await talking(pair)
    for digit in "12#":
        await pair[0].send_digit(hers, digit)
    assert his.digits == "12#"


async def test_what_a_phone_cannot_do_is_declined(pair: Pair) -> None:
    hers, _ = await talking(pair)
    assert await pair[0].refer(hers, "<sip:1003@h>") == 603
    assert (await pair[0].ask_server("PUBLISH", "sip:1002@h", (), 2.0)).status == 405
    assert (await pair[0].ask_server("OPTIONS", "sip:1002@h", (), 2.0)).status == 200
    assert (await pair[0].ask_server("BYE", "sip:1002@h", (), 2.0)).status == 481


async def test_talk_and_hold_press_the_buttons_of_a_phone_that_obeys(pair: Pair) -> None:
    hers, his = await ringing(pair)
    await pair[0].ask_server("NOTIFY", "sip:1002@h", (("Event", "talk"),), 2.0)
    await eventually(lambda: hers.state is CallState.TALKING and his.acknowledged)
    await pair[0].ask_server("NOTIFY", "sip:1002@h", (("Event", "hold"),), 2.0)
    await eventually(lambda: his.state is CallState.HELD)
    await pair[0].ask_server("NOTIFY", "sip:1002@h", (("Event", "talk"),), 2.0)
    await eventually(lambda: his.state is CallState.TALKING)


async def test_a_phone_that_does_not_obey_keeps_ringing(pair: Pair) -> None:
    pair[1].obeys_notify = False
    _, his = await ringing(pair)
    await pair[0].ask_server("NOTIFY", "sip:1002@h", (("Event", "talk"),), 2.0)
    assert his.state is CallState.RINGING


async def test_a_request_that_comes_twice_is_answered_twice_and_done_once(pair: Pair) -> None:
    hers, his = await talking(pair)
    heads = (("Via", "SIP/2.0/UDP h;branch=z9hG4bKq"), ("CSeq", "9 INFO"), ("Call-ID", hers.call_id))
    for _ in range(2):
        send(pair[1], request("INFO", "sip:x", heads, "Signal=5", "application/dtmf-relay"))
    await eventually(lambda: his.digits)
    await pair[0].ask_server("OPTIONS", "sip:1002@h", (), 2.0)
    assert his.digits == "5"


async def test_an_unplugged_phone_answers_nobody_and_has_no_calls(pair: Pair) -> None:
    hers, his = await talking(pair)
    pair[1].close()
    assert (ended(his), pair[1].live_calls) == (True, ())
    with pytest.raises(NoAnswerError):
        await pair[0].ask_server("OPTIONS", "sip:1002@h", (), 0.05)
    with pytest.raises(NoAnswerError):
        await pair[1].ask_server("OPTIONS", "sip:1001@h", (), 0.05)
    assert hers.state is CallState.TALKING


async def test_hostile_datagrams_are_dropped(pair: Pair) -> None:
    for data in (
        b"\r\n\r\n",
        b"x" * 2000,
        b"INVITE sip:a SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n\r\n",
    ):
        send(pair[1], data)
    await talking(pair)


async def test_a_button_without_a_call_says_so() -> None:
    phone = Phone(Account(Credentials("1001", ""), ("127.0.0.1", 9)))
    assert phone.display.state == "idle"
    for press in (phone.answer, phone.reject):
        with pytest.raises(NoSuchCallError):
            press()
    for button in (phone.hang_up, phone.hold, phone.resume, phone.complete, phone.cancel):
        with pytest.raises(NoSuchCallError):
            await button()
    with pytest.raises(NoSuchCallError, match="unplugged"):
        await phone.dial("1002")
