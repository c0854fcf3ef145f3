"""The Asterisk adapter with a station model above it, against a real Asterisk with SIP phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.outside import Caller
from infra.pbx.asterisk.sip.agent import Incoming
from infra.pbx.asterisk.view import Member
from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import create
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")

CUSTOMER = "+442071234567"
FAR = "+442079460123"


class Desk:
    """An adapter at the bench, and the model that it feeds."""

    def __init__(self, bench: Bench, user: str = "bridge-notify", **settings: Any) -> None:
        self.bench = bench
        answer = "notify" if user == "bridge-notify" else "none"
        self.adapter = create({**bench.edge_login(user), "default_answer": answer, **settings})
        self.model = StationModel("hq")
        self.model.lead(1)
        self.model.capabilities = self.adapter.capabilities.of
        self.facts: list[Fact] = []
        self.running: asyncio.Task[None] | None = None
        self._numbers = 0

    async def begin(self) -> None:
        """Run a session, and wait for its snapshot."""
        await self.end()
        seen = sum(isinstance(fact, Snapshot) for fact in self.facts)
        self.running = asyncio.create_task(self.adapter.run(self.emit))
        await eventually(lambda: sum(isinstance(fact, Snapshot) for fact in self.facts) > seen or self.running_ended())

    async def end(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)

    def running_ended(self) -> bool:
        return self.running is not None and self.running.done()

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.model.apply(fact)

    def call(self, station: str, number: int = 0) -> dict[str, Any]:
        return dict(self.model.document(station)["calls"][number])

    def agent(self, station: str) -> dict[str, Any]:
        return dict(self.model.document(station)["agent"])

    def events(self, station: str) -> list[tuple[str, str | None, str | None]]:
        recent = self.model.document(station)["recent"]
        return [(event["event"], event["cause"], event["by"]) for event in recent if event["call"]]

    def names(self, station: str) -> list[str]:
        return [name for name, _, _ in self.events(station)]

    async def sees(self, station: str, *legs: str) -> None:
        def check() -> bool:
            found = [call["leg"] for call in self.model.document(station)["calls"]]
            assert found == list(legs)
            return True

        await eventually(check, saying=f"{station} {legs}")

    async def is_told(self, station: str, *event: str | None) -> None:
        def check() -> bool:
            assert event in self.events(station)
            return True

        await eventually(check, saying=f"{station} {event}")

    async def has_state(self, station: str, state: str, reason: str | None = None) -> None:
        def check() -> bool:
            agent = self.agent(station)
            assert (agent["state"], agent["reason"]) == (state, reason)
            return True

        await eventually(check, saying=f"{station} {state}")

    async def do(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        self._numbers += 1
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        ident = f"x{id(self)}-{self._numbers}"
        command = EdgeCommand(id=ident, verb=verb, station=station, call=call, deadline_at=deadline, **more)
        legs = self.model.call_legs(station, call) if call else CallLegs()
        assert legs is not None
        self.model.expect(verb, station, call)
        await self.adapter.execute(command, legs)

    async def log_on(self, station: str, *queues: str) -> None:
        await self.do(Verb.LOG_ON, station, queues=queues, name=f"Agent {station}")
        await self.has_state(station, "not_ready", "ringline:agent")
        await self.do(Verb.SET_STATE, station, state="ready")
        await self.has_state(station, "ready")

    async def rung_by_queue(self, station: str = "1001", to: str = "5000") -> Caller:
        """A customer whose queue call rings at `station`."""
        caller = self.bench.outside.dial_in(CUSTOMER, to)
        await self.sees(station, "alerting")
        return caller

    async def in_talk(self, station: str = "1001") -> Caller:
        """A customer in talk with `station` by the queue support."""
        await self.log_on(station, "support")
        caller = await self.rung_by_queue(station)
        await eventually(lambda: self.bench.phones[station].display.state == "ringing")
        self.bench.phones[station].answer()
        await self.sees(station, "connected")
        await self.bench.connected(station)
        return caller


@pytest_asyncio.fixture(loop_scope="session")
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    made = Desk(bench)
    await made.begin()
    yield made
    await made.end()


async def members(bench: Bench, queue: str) -> dict[str, Member]:
    """The PBX's own listing of a queue."""
    listing = await bench.view.queue(queue)
    assert listing is not None
    return {member.station: member for member in listing.members}


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


async def test_a_call_rejected_from_the_page_goes_back_to_the_queue(desk: Desk) -> None:
    for station in ("1001", "1004"):
        await desk.log_on(station, "support")
    caller = desk.bench.outside.dial_in(CUSTOMER, "5000")
    first = await eventually(lambda: next((s for s in ("1001", "1004") if desk.names(s) == ["ringing"]), None))
    assert first is not None
    await desk.do(Verb.REJECT, first, desk.call(first)["call"], reason="not_mine")
    await desk.is_told(first, "missed", "rejected", "agent_page")
    await desk.sees("1004" if first == "1001" else "1001", "alerting")
    assert await desk.bench.caller_state(caller) == "ringing"


async def test_hold_and_resume_by_the_phones_keys_are_seen(desk: Desk) -> None:
    await desk.in_talk()
    await desk.bench.phones["1001"].hold()
    await desk.sees("1001", "hold")
    await desk.bench.phones["1001"].resume()
    await desk.sees("1001", "connected")
    assert desk.names("1001") == ["ringing", "answered", "held", "resumed"]


async def test_answer_hold_and_resume_reach_a_phone_that_takes_notify(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    caller = await desk.rung_by_queue()
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    call = desk.call("1001")["call"]
    await desk.do(Verb.ANSWER, "1001", call)
    await desk.sees("1001", "connected")
    await desk.do(Verb.HOLD, "1001", call)
    await desk.sees("1001", "hold")
    assert await desk.bench.caller_state(caller) == "held"
    await desk.do(Verb.RESUME, "1001", call)
    await desk.sees("1001", "connected")
    assert await desk.bench.caller_state(caller) == "talking"
    assert {by for name, _, by in desk.events("1001") if name != "ringing"} == {"agent_page"}


async def test_log_on_ready_pause_and_log_off_are_in_the_pbxs_own_listing(desk: Desk) -> None:
    await desk.do(Verb.LOG_ON, "1001", queues=("support", "sales"), name="Anna Ek")
    await desk.has_state("1001", "not_ready", "ringline:agent")
    for queue in ("support", "sales"):
        assert (await members(desk.bench, queue))["1001"].paused
    await desk.do(Verb.SET_STATE, "1001", state="ready")
    await desk.has_state("1001", "ready")
    assert (await members(desk.bench, "support"))["1001"].available
    await desk.do(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await desk.has_state("1001", "not_ready", "lunch")
    assert [m.reason for m in (await members(desk.bench, "sales")).values()] == ["lunch"]
    await desk.do(Verb.LOG_OFF, "1001")
    await desk.has_state("1001", "logged_off")
    assert "1001" not in await members(desk.bench, "support")


async def test_a_pause_by_feature_code_is_seen_and_said_to_come_from_the_phone(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    await desk.bench.phones["1001"].dial("*45")
    await desk.has_state("1001", "not_ready", "break")
    assert desk.names("1001") == []
    recent = desk.model.document("1001")["recent"]
    assert (recent[-1]["event"], recent[-1]["by"]) == ("agent_state", "agent_phone")


async def test_a_log_on_to_a_queue_that_does_not_exist_is_refused_and_leaves_nothing_behind(desk: Desk) -> None:
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.LOG_ON, "1001", queues=("support", "nope"))
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX
    await eventually(lambda: desk.agent("1001")["state"] == "logged_off")
    assert "1001" not in await members(desk.bench, "support")


async def test_a_placed_call_is_dialing_until_the_far_end_answers(desk: Desk) -> None:
    await desk.do(Verb.PLACE, "1001", to=FAR, data={"case": "77", "odd": 'a,"b"\\c'})
    await desk.sees("1001", "initiated")
    call = desk.call("1001")
    assert (call["remote"]["number"], call["direction"], call["dialed"]) == (FAR, "outbound", FAR)
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    assert desk.bench.phones["1001"].display.number == FAR
    desk.bench.phones["1001"].answer()
    await desk.sees("1001", "connected")
    assert desk.call("1001")["data"]["case"] == "77"
    channel = next(c.name for c in await desk.bench.view.channels() if c.name.startswith("PJSIP/1001-"))
    assert (await desk.bench.view.act("Getvar", Channel=channel, Variable="CTI_ODD"))["Value"] == 'a,"b"\\c'
    await desk.do(Verb.DROP, "1001", call["call"])
    await desk.sees("1001")
    expected = [("dialing", None, "agent_page"), ("answered", None, "remote"), ("dropped", "normal", "agent_page")]
    assert desk.events("1001") == expected


async def test_a_phone_that_answers_by_itself_is_told_to(bench: Bench) -> None:
    desk = Desk(bench, auto_answer=True)
    bench.phones["1001"].agent.incoming = Incoming.OBEY_HEADERS
    await desk.begin()
    try:
        await desk.do(Verb.PLACE, "1001", to="1002")
        await eventually(lambda: bench.phones["1002"].display.state == "ringing")
        assert bench.phones["1002"].display.number == "1001"
        bench.phones["1002"].answer()
        await desk.sees("1001", "connected")
        await desk.sees("1002", "connected")
        assert "ringing" not in desk.names("1001")
    finally:
        bench.phones["1001"].agent.incoming = Incoming.RING
        await desk.end()


async def test_a_placed_call_that_the_agent_refuses_has_failed(desk: Desk) -> None:
    await desk.do(Verb.PLACE, "1001", to=FAR)
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    desk.bench.phones["1001"].reject()
    await desk.is_told("1001", "failed", "rejected", "agent_phone")


async def test_a_placed_call_from_a_phone_that_is_gone_is_refused(desk: Desk) -> None:
    desk.bench.phones["1005"].unplug()
    await eventually(lambda: not desk.model.document("1005")["in_service"], timeout_s=12)
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.PLACE, "1005", to=FAR)
    assert refused.value.error_code is ErrorCode.REJECTED_BY_PBX
    await desk.sees("1005")


async def test_a_cold_transfer_takes_number_data_and_interaction_along(desk: Desk) -> None:
    await desk.in_talk()
    before = desk.call("1001")
    await desk.do(Verb.TRANSFER, "1001", before["call"], to="1004", data={"ticket": "T-9"})
    await desk.sees("1004", "alerting")
    seen = desk.call("1004")
    assert (seen["remote"]["number"], seen["transferred_by"], seen["data"]["ticket"]) == (CUSTOMER, "1001", "T-9")
    assert seen["interaction"] == before["interaction"]
    await eventually(lambda: desk.bench.phones["1004"].display.state == "ringing")
    desk.bench.phones["1004"].answer()
    await desk.sees("1004", "connected")
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("transferred", "normal", "agent_page")
    assert desk.names("1004") == ["ringing", "answered", "transferred"]


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


async def test_digits_are_sent_to_the_far_end(desk: Desk) -> None:
    caller = await desk.in_talk()
    await desk.do(Verb.DTMF, "1001", desk.call("1001")["call"], digits="4#")
    await eventually(lambda: caller.call.digits == "4#")


async def test_attached_data_is_on_the_channels_and_in_the_document(desk: Desk) -> None:
    await desk.in_talk()
    await desk.do(Verb.ATTACH, "1001", desk.call("1001")["call"], data={"case": 12, "vip": True})
    assert {"case": "12", "vip": "true"}.items() <= desk.call("1001")["data"].items()
    channel = next(c.name for c in await desk.bench.view.channels() if c.name.startswith("PJSIP/trunk-"))
    assert (await desk.bench.view.act("Getvar", Channel=channel, Variable="CTI_CASE"))["Value"] == "12"


async def test_a_session_that_begins_in_mid_call_knows_the_start_and_rings_nobody(desk: Desk) -> None:
    await desk.in_talk()
    started = datetime.fromisoformat(desk.call("1001")["started_at"])
    late = Desk(desk.bench)
    await late.begin()
    try:
        call = late.call("1001")
        began = datetime.fromisoformat(call["started_at"])
        assert abs(began - started) < timedelta(seconds=1.1)
        assert (call["leg"], call["remote"]["number"], call["queue"]) == ("connected", CUSTOMER, "support")
        assert call["call"] == desk.call("1001")["call"]
        assert call["interaction"] == desk.call("1001")["interaction"]
        assert late.names("1001") == []
        again = await late.adapter.snapshot()
        assert {leg.station for leg in again.legs} == {"1001", None}
        await desk.bench.phones["1001"].hang_up()
        await late.sees("1001")
        assert late.events("1001") == [("dropped", "normal", "agent_phone")]
    finally:
        await late.end()


async def test_a_session_that_begins_while_it_rings_shows_who_calls(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    await desk.rung_by_queue()
    late = Desk(desk.bench)
    await late.begin()
    try:
        call = late.call("1001")
        assert (call["leg"], call["remote"]["number"], call["queue"]) == ("alerting", CUSTOMER, "support")
    finally:
        await late.end()


async def test_a_session_that_begins_while_a_placed_call_rings_its_own_phone_rings_nobody(desk: Desk) -> None:
    await desk.do(Verb.PLACE, "1001", to=FAR)
    await desk.sees("1001", "initiated")
    await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
    late = Desk(desk.bench)
    await late.begin()
    try:
        assert late.call("1001")["leg"] == "initiated"
        desk.bench.phones["1001"].answer()
        await late.sees("1001", "connected")
        assert late.call("1001")["remote"]["number"] == FAR
        assert late.call("1001")["direction"] == "outbound"
        assert "ringing" not in late.names("1001")
    finally:
        await late.end()


async def test_a_session_that_begins_in_a_local_members_call_shows_one_call_with_the_customer(desk: Desk) -> None:
    await desk.rung_by_queue("1003", "5002")
    await eventually(lambda: desk.bench.phones["1003"].display.state == "ringing")
    desk.bench.phones["1003"].answer()
    await desk.sees("1003", "connected")
    await desk.bench.connected("1003")
    late = Desk(desk.bench)
    await late.begin()
    try:
        call = late.call("1003")
        assert (call["leg"], call["remote"]["number"], call["queue"]) == ("connected", CUSTOMER, "local")
        assert (call["direction"], len(call["parties"])) == ("inbound", 1)
        await desk.bench.phones["1003"].hang_up()
        await late.sees("1003")
        assert [name for name, _, _ in late.events("1003")] == ["dropped"]
    finally:
        await late.end()


async def test_a_cut_link_ends_the_session_and_the_next_one_has_lost_no_end(desk: Desk) -> None:
    caller = await desk.in_talk()
    await desk.bench.relay.drop(0.3)
    assert desk.running is not None
    with pytest.raises(PbxUnavailableError):
        await desk.running
    desk.model.link_lost(0)
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.LOG_ON, "1001", queues=("support",))
    assert refused.value.error_code is ErrorCode.PBX_DOWN
    await desk.bench.outside.agent.hang_up(caller.call)
    await eventually(lambda: back(desk), timeout_s=8)
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("dropped", "reconciled", "pbx")


async def back(desk: Desk) -> bool:
    """Whether a session stands, begun anew where none does."""
    if desk.running_ended():
        await desk.begin()
    return not desk.running_ended()


async def test_a_restart_of_the_pbx_leaves_no_ghost_and_the_phones_ring_again(desk: Desk) -> None:
    await desk.in_talk()
    await desk.bench.restart()
    await eventually(desk.running_ended)
    desk.model.link_lost(0)
    await eventually(lambda: back(desk), timeout_s=8)
    await desk.sees("1001")
    await eventually(lambda: desk.model.document("1001")["in_service"])
    await desk.has_state("1001", "ready")
    await desk.rung_by_queue()


async def test_a_wrong_secret_is_an_error_of_credentials(bench: Bench) -> None:
    desk = Desk(bench, secret="wrong")
    with pytest.raises(PbxAuthError, match="bridge-notify"):
        await desk.adapter.run(desk.emit)
    plain = Desk(bench, login="plain")
    await plain.begin()
    assert not plain.running_ended()
    await plain.end()


async def test_the_least_user_is_offered_what_it_may_do(bench: Bench) -> None:
    desk = Desk(bench, "bridge", default_answer="notify")
    await desk.begin()
    try:
        offered = desk.adapter.capabilities.of("1001")
        assert {Verb.LOG_ON, Verb.SET_STATE, Verb.PLACE, Verb.DROP, Verb.TRANSFER, Verb.DTMF, Verb.ATTACH} <= offered
        assert not {Verb.ANSWER, Verb.HOLD, Verb.RESUME} & offered
        assert desk.adapter.identity.version[:3].rstrip(".").isdecimal()
        await desk.in_talk()
        await desk.do(Verb.DROP, "1001", desk.call("1001")["call"])
        await desk.is_told("1001", "dropped", "normal", "agent_page")
    finally:
        await desk.end()


async def test_a_local_member_is_one_call_at_its_phone_and_is_paused_not_removed(desk: Desk) -> None:
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


async def test_a_call_picked_up_elsewhere_is_diverted_here_and_answered_there(desk: Desk) -> None:
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


async def test_two_calls_stand_side_by_side(desk: Desk) -> None:
    await desk.in_talk()
    await desk.bench.phones["1006"].dial("1001")
    await desk.sees("1001", "connected", "alerting")
    assert desk.call("1001", 1)["remote"]["number"] == "1006"
    assert desk.call("1001", 1)["direction"] == "internal"
