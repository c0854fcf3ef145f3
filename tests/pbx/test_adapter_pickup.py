"""Answering from the page on a phone that only answers by itself when told to: a second call picks the first one up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.sip.agent import Incoming
from ringline_core.wire.codes import Verb
from tests.support.asterisk_desk import CUSTOMER, Desk, members
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    """A desk of the least-privileged user, whose phone 1001 obeys the headers for answering."""
    made = Desk(bench, user="bridge", default_answer="pickup")
    bench.phones["1001"].agent.incoming = Incoming.OBEY_HEADERS
    await made.begin()
    yield made
    bench.phones["1001"].agent.incoming = Incoming.RING
    await made.end()


async def test_a_queue_call_answered_by_pickup_is_one_call_with_one_answer(desk: Desk) -> None:
    await desk.log_on("1001", "support")
    caller = await desk.rung_by_queue()
    ringing = desk.call("1001")
    assert "answer" in ringing["can"]
    assert "hold" not in desk.adapter.capabilities.of("1001")
    await desk.do(Verb.ANSWER, "1001", ringing["call"])
    await desk.sees("1001", "connected")
    await eventually(lambda: len(desk.bench.phones["1001"].agent.live_calls) == 1)
    now = desk.call("1001")
    for kept in ("call", "interaction", "was", "queue", "direction"):
        assert now[kept] == ringing[kept], kept
    assert now["remote"]["number"] == CUSTOMER
    assert desk.events("1001") == [("ringing", None, None), ("answered", None, "agent_page")]
    assert (await members(desk.bench, "support"))["1001"].in_call
    assert await desk.bench.caller_state(caller) == "talking"
    await desk.do(Verb.DROP, "1001", now["call"])
    await desk.sees("1001")
    assert desk.events("1001")[-1] == ("dropped", "normal", "agent_page")


async def test_a_direct_call_is_answered_by_pickup(desk: Desk) -> None:
    desk.bench.outside.dial_in(CUSTOMER, "1001")
    await desk.sees("1001", "alerting")
    await desk.do(Verb.ANSWER, "1001", desk.call("1001")["call"])
    await desk.sees("1001", "connected")
    await desk.bench.outside.hang_up_all()
    await desk.sees("1001")
    assert desk.names("1001") == ["ringing", "answered", "dropped"]


async def test_a_phone_that_does_not_answer_by_itself_rings_on(desk: Desk) -> None:
    desk.bench.phones["1001"].agent.incoming = Incoming.RING
    desk.bench.outside.dial_in(CUSTOMER, "1001")
    await desk.sees("1001", "alerting")
    await desk.do(Verb.ANSWER, "1001", desk.call("1001")["call"])
    await eventually(lambda: len(desk.bench.phones["1001"].agent.live_calls) == 2)
    await eventually(lambda: len(desk.bench.phones["1001"].agent.live_calls) == 1, timeout_s=8)
    await desk.sees("1001", "alerting")
    assert desk.names("1001") == ["ringing"]
