"""What agents are and owe outlives an edge, a PBX and a way to the cloud that go away (S23, S30); numbers by region."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio

from infra.local.ports import free_port
from infra.pbx.asterisk.relay import LinkRelay
from tests.e2e.test_agents import listed
from tests.e2e.test_gate import in_wrap_up, offered, owed, policy, state
from tests.e2e.test_notes import puts
from tests.support.own_edge import OwnEdge, enrol, pbx_tables
from tests.support.page_client import PageClient
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
FOR_GOOD_S = 3600.0


@dataclass
class Site:
    """A stack with an edge of the test's own, whose way to the cloud can be cut."""

    stack: Stack
    edge: OwnEdge
    way: LinkRelay

    async def cut(self) -> None:
        """The cloud cannot be reached from the site any more."""
        await self.way.drop(FOR_GOOD_S)

    async def mend(self) -> None:
        """It can again."""
        await self.way.drop(0)


@pytest.fixture(scope="module")
def bare_stack(pbx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("bare"), PBX=pbx, EDGE="none", QUEUE_RING_S="6") as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(bare_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    tables = f"[numbers]\nregion = 'GB'\n{pbx_tables(bare_stack)}"
    edge = await enrol(bare_stack, tmp_path_factory.mktemp("edge"), tables)
    port = free_port()
    way = LinkRelay(port, edge.reach_cloud_by(port))
    await way.open()
    await edge.start()
    await policy(bare_stack, gate="note", cloud_away_s=1)
    yield Site(bare_stack, edge, way)
    if edge.process is not None:
        await edge.end(signal.SIGKILL)
    await way.close()


@asynccontextmanager
async def ready(site: Site, user: str = "anna") -> AsyncIterator[PageClient]:
    """A page of `user`, ready."""
    async with site.stack.page(user) as page:
        await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
        assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
        yield page
        done = (await page.command("log_off"))[-1]
        assert done["stage"] == "confirmed", done


async def keeps(site: Site, page: PageClient) -> None:
    """Ready in support, in training where sales is concerned; at the PBX and on the page."""
    await state(page, "ready")
    assert page.doc is not None
    queues = {each["queue"]: (each["paused"], each["reason"]) for each in page.doc["agent"]["queues"]}
    assert queues["sales"] == (True, "training")
    assert not queues["support"][0]
    assert (await listed(site.stack, "sales"))["1001"]["reason"] == "training"
    await offered(site.stack, "1001", is_offered=True)


async def in_training(site: Site, page: PageClient) -> None:
    """Somebody at the PBX has paused 1001 in sales alone."""
    body = {"do": "pause", "station": "1001", "reason": "training"}
    await site.stack.control("POST", "/queues/sales", body)
    await page.document(lambda d: any(each["reason"] == "training" for each in d["agent"]["queues"]), "training")


@pytest.mark.scenario("S23")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_s23_an_edge_that_restarts_under_a_new_session_leaves_everybody_as_they_are(
    site: Site, how: signal.Signals
) -> None:
    async with ready(site) as page:
        await in_training(site, page)
        before = (await site.edge.health())["epoch"]
        await site.edge.end(how)
        await site.edge.start()
        assert (await site.edge.health())["epoch"] > before
        await page.document(lambda d: d["in_service"], "the new edge's document")
        await keeps(site, page)


@pytest.mark.scenario("S23")
async def test_s23_a_pbx_that_restarts_leaves_everybody_as_they_are(site: Site) -> None:
    async with ready(site) as page:
        await in_training(site, page)
        await site.stack.control("POST", "/switch", {"do": "restart"})
        await page.event("out_of_service", timeout_s=20)
        await page.document(lambda d: d["in_service"] and d["agent"]["state"] == "ready", "back", timeout_s=40)
        await keeps(site, page)


@pytest.mark.scenario("S30")
async def test_s30_with_the_cloud_away_gated_agents_are_freed_and_owe_their_notes_afterwards(site: Site) -> None:
    async with ready(site) as page:
        interaction = await in_wrap_up(site.stack, page)
        await offered(site.stack, "1001", is_offered=False)
        await site.cut()
        await offered(site.stack, "1001", is_offered=True)
        caller = await site.stack.caller("5000", "+442079460111")
        await eventually(lambda: rings(site.stack))
        await site.stack.phone("1001", "answer")
        await site.stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await offered(site.stack, "1001", is_offered=True)
        await site.mend()
        await page.document(lambda d: d["wrap_up"] == [] and not d["calls"], "let go", timeout_s=40)
        await eventually(lambda: interaction in owed(page), timeout_s=10)
        await state(page, "ready")
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await eventually(lambda: interaction not in owed(page))


async def rings(stack: Stack) -> bool:
    return bool((await stack.control("GET", "/phones/1001"))["state"] == "ringing")


@pytest.mark.scenario("S30")
async def test_s30_an_edge_that_its_service_stops_frees_gated_agents_who_owe_their_notes(site: Site) -> None:
    async with ready(site) as page:
        interaction = await in_wrap_up(site.stack, page)
        await offered(site.stack, "1001", is_offered=False)
        assert await site.edge.end() == 0
        await offered(site.stack, "1001", is_offered=True)
        await site.edge.start()
        await eventually(lambda: interaction in owed(page), timeout_s=10)
        await state(page, "ready")
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await eventually(lambda: interaction not in owed(page))


@pytest.mark.scenario("S30")
async def test_s30_an_edge_that_is_killed_gates_on_when_it_is_back(site: Site) -> None:
    async with ready(site) as page:
        interaction = await in_wrap_up(site.stack, page)
        await site.edge.end(signal.SIGKILL)
        await offered(site.stack, "1001", is_offered=False)
        await site.edge.start()
        await asyncio.gather(state(page, "wrap_up", "ringline:wrap_up"), offered(site.stack, "1001", is_offered=False))
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await state(page, "ready")


@pytest.mark.scenario("S11")
async def test_s11_a_number_as_people_write_it_is_dialled_and_shown_in_e164(site: Site) -> None:
    async with ready(site) as page:
        refused = (await page.command("place", to="0800 FLOWERS"))[-1]
        assert (refused["stage"], refused["error"]["code"]) == ("failed", "number_invalid")
        assert (await page.command("place", to="020 7946 0123"))[-1]["stage"] == "confirmed"
        await site.stack.phone("1001", "answer")
        call = await page.call("connected", timeout_s=15)
        assert (call["direction"], call["remote"]["number"]) == ("outbound", "+442079460123")
        await site.stack.phone("1001", "hangup")
        await page.document(lambda d: not d["calls"], "the end")
