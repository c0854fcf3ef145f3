"""Two edges at one site: one leads, the other takes over, and nobody hears two of them (S45)."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from infra.local.ports import free_port
from infra.pbx.asterisk.relay import LinkRelay
from ringline_core.domain.backoff import CAP_S
from tests.e2e.talks import Talk, does, hangs_up, talking
from tests.e2e.test_admin import ask
from tests.e2e.test_calls_up import ready_agent
from tests.e2e.test_gate import policy, says, state
from tests.support.own_edge import OwnEdge, enrol, pbx_tables
from tests.support.page_client import PageClient
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

FOR_GOOD_S = 3600.0
BEATS = "EdgeBeatSeconds=3 EdgeLeaseSeconds=8"


@dataclass
class Pair:
    """The two edges, and how the one that leads at first reaches the cloud."""

    stack: Stack
    first: OwnEdge
    second: OwnEdge
    way: LinkRelay


async def decides(page: PageClient, talk: Talk) -> None:
    """The call that is over counts, and the agent has nothing to note."""
    await state(page, "wrap_up", "ringline:wrap_up")
    done = await says(page, "wrap_up.done", interaction=talk.interaction, nothing_to_note=True)
    assert done["stage"] == "confirmed", done
    await state(page, "ready")


@pytest.fixture(scope="module")
def paired_stack(pbx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("paired")
    with running(folder, PBX=pbx, EDGE="none", QUEUE_RING_S="6", PARAMETERS=BEATS) as stack:
        yield stack


@pytest_asyncio.fixture
async def pair(paired_stack: Stack, tmp_path: Path) -> AsyncIterator[Pair]:
    """Both edges, the first one leading."""
    edges = []
    for name in ("edge-a", "edge-b"):
        (tmp_path / name).mkdir()
        status, made = await ask(paired_stack, "POST", "/sites/hq/enrolments", "{}", kind="application/json")
        assert status < 300, made
        edges.append(await enrol(paired_stack, tmp_path / name, pbx_tables(paired_stack), name, made["code"]))
    first, second = edges
    port = free_port()
    way = LinkRelay(port, first.reach_cloud_by(port))
    await way.open()
    await first.start()
    await second.start("standby")
    await policy(paired_stack, gate="note", gate_on=["direct_inbound"], cloud_away_s=600)
    try:
        yield Pair(paired_stack, first, second, way)
    finally:
        for edge in edges:
            await edge.end(signal.SIGTERM)
        await way.close()


@pytest.mark.scenario("S45")
async def test_s45_a_killed_leader_is_followed_and_calls_go_on(pair: Pair) -> None:
    stack = pair.stack
    async with ready_agent(stack, "anna") as page:
        talk = await talking(stack, page)
        told = len(page.frames)
        await pair.first.end(signal.SIGKILL)
        await pair.second.becomes("active")
        await eventually(lambda: any(each.get("t") == "station" for each in page.frames[told:]), timeout_s=10)
        assert page.doc is not None
        assert [(each["call"], each["leg"]) for each in page.doc["calls"]] == [(talk.call, "connected")]
        await does(page, "drop", call=talk.call)
        await page.document(lambda d: not d["calls"], "the new leader's word")
        await decides(page, talk)
        await pair.first.start("standby")


@pytest.mark.scenario("S45")
async def test_s45_a_leader_that_is_cut_off_is_followed_and_fenced_when_it_is_back(pair: Pair) -> None:
    stack = pair.stack
    async with ready_agent(stack, "anna") as page:
        talk = await talking(stack, page)
        await pair.way.drop(FOR_GOOD_S)
        await pair.second.becomes("active")
        await hangs_up(stack, talk)
        await page.document(lambda d: not d["calls"], "no call")
        told = len(page.frames)
        await pair.way.drop(0)
        # Its next try may be as far off as the longest pause between two.
        await pair.first.becomes("standby", CAP_S + 10)
        assert (await pair.second.health())["role"] == "active"
        assert [frame for frame in page.frames[told:] if frame.get("t") == "station" and frame["doc"]["calls"]] == []
        await decides(page, talk)


@pytest.mark.scenario("S45")
async def test_s45_a_leader_that_stops_in_order_hands_over_at_once(pair: Pair) -> None:
    async with ready_agent(pair.stack, "anna") as page:
        await pair.first.end(signal.SIGTERM)
        await pair.second.becomes("active")
        await eventually(lambda: page.doc is not None and page.doc["in_service"], timeout_s=10)
        await state(page, "ready")
