"""The bench itself: calls between real SIP phones through a real Asterisk, and what each side shows."""

from __future__ import annotations

import asyncio

import pytest

from infra.pbx.asterisk.ami import AmiClient, AmiError
from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.outside import Caller
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUSTOMER = "+442071234567"


async def shows(bench: Bench, station: str, state: str, number: str | None = None) -> None:
    """Wait until a phone's display shows `state`, and `number` if given."""

    def check() -> bool:
        display = bench.phones[station].display
        assert (display.state, number or display.number) == (state, display.number), display
        return True

    await eventually(check, saying=f"{station} {state}")


async def log_on(bench: Bench, station: str) -> None:
    """Log a station on by its feature code."""
    await bench.phones[station].dial("*22")
    await eventually(lambda: is_member(bench, "support", station))
    await shows(bench, station, "idle")


async def is_member(bench: Bench, queue: str, station: str) -> bool:
    """Whether the queue lists the station."""
    listing = await bench.view.queue(queue)
    return listing is not None and station in {member.station for member in listing.members}


async def hears(bench: Bench, caller: Caller, state: str) -> None:
    """Wait until a caller is in `state`."""

    async def check() -> bool:
        now = await bench.caller_state(caller)
        assert now == state
        return True

    await eventually(check, saying=f"caller {state}")


async def answered_call(bench: Bench) -> Caller:
    """A customer in talk with 1001 by the queue support."""
    await log_on(bench, "1001")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await shows(bench, "1001", "ringing", CUSTOMER)
    await hears(bench, caller, "ringing")
    bench.phones["1001"].answer()
    await shows(bench, "1001", "talking", CUSTOMER)
    await hears(bench, caller, "talking")
    return caller


async def test_a_queue_rings_the_phone_that_logged_on_and_the_caller_reaches_it(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].hang_up()
    await hears(bench, caller, "ended")
    await shows(bench, "1001", "idle")


async def test_a_caller_to_a_queue_with_nobody_logged_on_is_turned_away(bench: Bench) -> None:
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await hears(bench, caller, "ended")


async def test_a_waiting_caller_is_listed_by_the_queue_and_can_give_up(bench: Bench) -> None:
    await log_on(bench, "1001")
    await bench.phones["1002"].dial("1001")
    await shows(bench, "1001", "ringing", "1002")
    bench.phones["1001"].answer()
    await shows(bench, "1001", "talking", "1002")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await hears(bench, caller, "queued")
    listing = await bench.view.queue("support")
    assert listing is not None
    assert [(entry.number, entry.channel[:11]) for entry in listing.waiting] == [(CUSTOMER, "PJSIP/trunk")]
    assert [(member.station, member.available) for member in listing.members] == [("1001", False)]
    await bench.outside.agent.hang_up(caller.call)
    await hears(bench, caller, "ended")


async def test_a_caller_on_hold_is_held_and_hears_the_agent_again(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].hold()
    await shows(bench, "1001", "held", CUSTOMER)
    await hears(bench, caller, "held")
    await bench.phones["1001"].resume()
    await shows(bench, "1001", "talking", CUSTOMER)
    await hears(bench, caller, "talking")


async def test_a_rejected_queue_call_rings_the_next_agent(bench: Bench) -> None:
    await log_on(bench, "1001")
    await log_on(bench, "1002")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await eventually(lambda: ringing(bench, "1001") or ringing(bench, "1002"))
    first = "1001" if ringing(bench, "1001") else "1002"
    other = "1002" if first == "1001" else "1001"
    bench.phones[first].reject()
    await shows(bench, other, "ringing", CUSTOMER)
    bench.phones[other].answer()
    await hears(bench, caller, "talking")


def ringing(bench: Bench, station: str) -> bool:
    """Whether the phone rings."""
    return bench.phones[station].display.state == "ringing"


async def test_a_blind_transfer_takes_the_customer_to_the_next_phone(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].blind_transfer("1002")
    await shows(bench, "1002", "ringing", CUSTOMER)
    await hears(bench, caller, "ringing")
    bench.phones["1002"].answer()
    await shows(bench, "1002", "talking", CUSTOMER)
    await shows(bench, "1001", "idle")


async def test_an_attended_transfer_joins_customer_and_colleague(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].consult("1002")
    await shows(bench, "1002", "ringing", "1001")
    await hears(bench, caller, "held")
    bench.phones["1002"].answer()
    await shows(bench, "1001", "talking", "1002")
    await bench.connected("1001")
    await bench.phones["1001"].complete()
    await shows(bench, "1002", "talking", CUSTOMER)
    await hears(bench, caller, "talking")
    await shows(bench, "1001", "idle")


async def test_a_consultation_that_is_given_up_brings_the_customer_back(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].consult("1002")
    await shows(bench, "1002", "ringing", "1001")
    await bench.phones["1001"].cancel()
    await shows(bench, "1002", "idle")
    await shows(bench, "1001", "talking", CUSTOMER)
    await hears(bench, caller, "talking")


async def test_an_attended_transfer_may_complete_while_the_colleague_still_rings(bench: Bench) -> None:
    caller = await answered_call(bench)
    await bench.phones["1001"].consult("1002")
    await shows(bench, "1002", "ringing", "1001")
    await bench.phones["1001"].complete()
    await shows(bench, "1001", "idle")
    bench.phones["1002"].answer()
    await hears(bench, caller, "talking")


async def test_an_agent_reaches_a_number_outside_and_the_digits_pressed_there(bench: Bench) -> None:
    await bench.phones["1001"].dial("+442079460123")
    await shows(bench, "1001", "talking", "+442079460123")
    await bench.connected("1001")
    await bench.phones["1001"].send_digits("12#")
    far = bench.outside.agent.live_calls[-1]
    await eventually(lambda: far.digits == "12#")


async def test_a_busy_number_outside_ends_the_call_and_a_silent_one_keeps_ringing(bench: Bench) -> None:
    await bench.phones["1001"].dial("+442079460408")
    await shows(bench, "1001", "dialing", "+442079460408")
    await eventually(lambda: bench.phones["1001"].agent.live_calls[0].ringback)
    await bench.phones["1001"].hang_up()
    await shows(bench, "1001", "idle")
    await bench.phones["1001"].dial("+442079460486")
    await shows(bench, "1001", "idle")


async def test_feature_codes_pause_unpause_and_log_off(bench: Bench) -> None:
    await log_on(bench, "1001")
    for code, expected in (("*45", [("1001", True, "break")]), ("*46", [("1001", False, "")]), ("*23", [])):
        await bench.phones["1001"].dial(code)

        async def lists(expected: list[tuple[str, bool, str]] = expected) -> bool:
            listing = await bench.view.queue("sales")
            assert listing is not None
            assert [(m.station, m.paused, m.reason) for m in listing.members] == expected
            return True

        await eventually(lists)
        await shows(bench, "1001", "idle")


async def test_members_of_other_makes_are_called_too(bench: Bench) -> None:
    for number, station in (("5002", "1003"), ("5003", "1002")):
        caller = bench.outside.dial_in(CUSTOMER, number)
        await shows(bench, station, "ringing", CUSTOMER)
        bench.phones[station].answer()
        await hears(bench, caller, "talking")
        await bench.outside.agent.hang_up(caller.call)
        await shows(bench, station, "idle")


async def device_state(bench: Bench, station: str) -> str:
    """What the PBX thinks of a station's phone."""
    found = await bench.view.act("Getvar", Variable=f"DEVICE_STATE(PJSIP/{station})")
    return found["Value"]


async def test_an_unplugged_phone_is_missed_by_the_pbx_and_comes_back(bench: Bench) -> None:
    async def is_seen_as(expected: str) -> bool:
        return await device_state(bench, "1001") == expected

    await eventually(lambda: is_seen_as("NOT_INUSE"))
    bench.phones["1001"].unplug()
    await eventually(lambda: is_seen_as("UNAVAILABLE"), timeout_s=10)
    await bench.phones["1001"].plug()
    await eventually(lambda: is_seen_as("NOT_INUSE"))


async def test_a_hold_on_the_hint_keeps_the_queue_away_and_no_caller_is_thrown_out(bench: Bench) -> None:
    await log_on(bench, "1001")
    await bench.view.act("Setvar", Variable="DEVICE_STATE(Custom:ringline-1001)", Value="INUSE")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await hears(bench, caller, "queued")
    assert bench.phones["1001"].display.state == "idle"
    await bench.view.act("Setvar", Variable="DEVICE_STATE(Custom:ringline-1001)", Value="UNAVAILABLE")
    await shows(bench, "1001", "ringing", CUSTOMER)


async def test_a_hold_that_is_off_lets_the_queue_see_that_a_phone_is_gone(bench: Bench) -> None:
    await log_on(bench, "1001")
    await bench.view.act("Setvar", Variable="DEVICE_STATE(Custom:ringline-1001)", Value="UNAVAILABLE")
    await eventually(lambda: is_available(bench, "1001"))
    bench.phones["1001"].unplug()
    await eventually(lambda: is_gone(bench, "1001"), timeout_s=10)


async def is_available(bench: Bench, station: str) -> bool:
    """Whether the queue support would offer the station a call."""
    listing = await bench.view.queue("support")
    return listing is not None and any(m.available for m in listing.members if m.station == station)


async def is_gone(bench: Bench, station: str) -> bool:
    """Whether it would not."""
    return not await is_available(bench, station)


@pytest.mark.parametrize("event", ["in the dialog", "to the phone"])
async def test_the_phone_obeys_talk_and_hold_sent_with_the_notify_login(bench: Bench, event: str) -> None:
    await log_on(bench, "1001")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await shows(bench, "1001", "ringing", CUSTOMER)
    ringing_leg = next(c for c in await bench.view.channels() if c.name.startswith("PJSIP/1001-"))
    target = {"Channel": ringing_leg.name} if event == "in the dialog" else {"Endpoint": "1001"}
    login = bench.edge_login("bridge-notify")
    edge = await AmiClient.open(int(login["port"]), str(login["username"]), str(login["secret"]))
    try:
        await edge.act("PJSIPNotify", Variable="Event=talk", **target)
        await hears(bench, caller, "talking")
        await edge.act("PJSIPNotify", Endpoint="1001", Variable="Event=hold")
        await hears(bench, caller, "held")
        await edge.act("PJSIPNotify", Endpoint="1001", Variable="Event=talk")
        await hears(bench, caller, "talking")
    finally:
        await edge.close()


async def test_the_least_login_may_hold_and_place_but_not_read_the_configuration(bench: Bench) -> None:
    login = bench.edge_login("bridge")
    edge = await AmiClient.open(int(login["port"]), str(login["username"]), str(login["secret"]))
    try:
        await edge.act("Setvar", Variable="DEVICE_STATE(Custom:ringline-1001)", Value="INUSE")
        assert await edge.list("QueueStatus")
        for action in ("PJSIPNotify", "GetConfig"):
            with pytest.raises(AmiError, match="Permission denied"):
                await edge.act(action, Filename="manager.conf", Endpoint="1001", Variable="Event=talk")
    finally:
        await edge.close()


@pytest.mark.parametrize("user", ["bridge", "bridge-notify"])
async def test_an_edge_is_told_of_calls_and_queues_and_spared_the_noise(bench: Bench, user: str) -> None:
    seen: set[str] = set()
    login = bench.edge_login(user)
    edge = await AmiClient.open(
        int(login["port"]), user, str(login["secret"]), events="on", on_event=lambda event: seen.add(event["Event"])
    )
    try:
        await answered_call(bench)
        await bench.phones["1001"].hold()
        await bench.phones["1001"].blind_transfer("1002")
        wanted = {"Newchannel", "Newstate", "QueueCallerJoin", "AgentCalled", "AgentConnect", "Hold", "BlindTransfer"}
        wanted |= {"BridgeEnter", "NewConnectedLine", "QueueMemberAdded", "UserEvent", "Hangup", "AgentComplete"}
        await eventually(lambda: wanted <= seen)
        assert not seen & {"MusicOnHoldStart", "BridgeCreate", "VarSet", "Newexten", "HangupRequest", "RTCPSent"}
    finally:
        await edge.close()


async def test_a_cut_link_ends_the_edges_session_and_refuses_new_ones_for_its_time(bench: Bench) -> None:
    login = bench.edge_login("bridge")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(login["port"]))
    assert (await reader.readline()).startswith(b"Asterisk Call Manager/")
    await bench.relay.drop(0.2)
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(AmiError, match="does not listen"):
        await AmiClient.open(int(login["port"]), str(login["username"]), str(login["secret"]))

    async def mended() -> bool:
        try:
            edge = await AmiClient.open(int(login["port"]), str(login["username"]), str(login["secret"]))
        except AmiError:
            return False
        await edge.close()
        return True

    await eventually(mended)


async def test_a_restart_ends_the_calls_keeps_the_members_and_brings_the_phones_back(bench: Bench) -> None:
    caller = await answered_call(bench)
    before = bench.bed.pid
    await bench.restart()
    assert bench.bed.pid != before
    assert await bench.caller_state(caller) == "ended"
    await shows(bench, "1001", "idle")
    assert await is_member(bench, "support", "1001")
    caller = bench.outside.dial_in(CUSTOMER, "5000")
    await shows(bench, "1001", "ringing", CUSTOMER)
