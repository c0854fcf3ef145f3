"""AMI sessions that begin late, break, and are refused, on a real Asterisk."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from infra.pbx.asterisk.bench import Bench
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Verb
from tests.support.asterisk_desk import CUSTOMER, FAR, Desk
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


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


async def test_s12_the_least_user_is_offered_what_it_may_do(bench: Bench) -> None:
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
