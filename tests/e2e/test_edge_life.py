"""Edges that come late, go away and come back, on a stack that was started without one (S07, S17, part of S41)."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from tests.support.own_edge import OwnEdge, enrol, pbx_tables
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

NUMBER = "+442071234567"


@pytest.fixture(scope="module")
def bare_stack(pbx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("bare"), PBX=pbx, EDGE="none") as stack:
        yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def edge(bare_stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnEdge]:
    own = await enrol(bare_stack, tmp_path_factory.mktemp("edge"), pbx_tables(bare_stack))
    yield own
    if own.process is not None:
        await own.end(signal.SIGKILL)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.scenario("S07")
async def test_s07_an_edge_that_starts_in_mid_call_shows_it_and_never_rings(bare_stack: Stack, edge: OwnEdge) -> None:
    began = f"{datetime.now(UTC).replace(microsecond=0):%Y-%m-%dT%H:%M:%S.000Z}"  # Asterisk's ids hold whole seconds
    caller = await bare_stack.caller("1001", NUMBER)
    await eventually(lambda: _shows(bare_stack, "1001", "ringing"))
    await bare_stack.phone("1001", "answer")
    await eventually(lambda: _shows(bare_stack, "1001", "talking"))
    await edge.start()
    async with bare_stack.page("anna") as page:
        call = await page.call("connected")
        assert call["remote"]["number"] == NUMBER
        assert began <= call["started_at"] <= call["answered_at"]
        assert "ringing" not in [entry["event"] for entry in (page.doc or {})["recent"]]
        await bare_stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("dropped", by="remote")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.scenario("S41")
async def test_s41_an_edge_killed_in_mid_call_comes_back_with_the_truth(bare_stack: Stack, edge: OwnEdge) -> None:
    async with bare_stack.page("anna") as page:
        caller = await bare_stack.caller("1001", NUMBER)
        await page.call("alerting")
        await edge.end(signal.SIGKILL)
        await bare_stack.phone("1001", "answer")
        await edge.start()
        await page.call("connected")
        await bare_stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.document(lambda d: not d["calls"], "no ghost call")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.scenario("S12")
async def test_s12_what_the_phone_system_cannot_do_is_refused_and_not_offered(
    bare_stack: Stack, edge: OwnEdge, pbx: str
) -> None:
    """This edge's Asterisk was not told of phones that take NOTIFY, or of any other way to answer; see its docs."""
    missing = {"answer", "hold", "resume"} if pbx == "asterisk" else set()
    async with bare_stack.page("anna") as page:
        caller = await bare_stack.caller("1001", NUMBER)
        rings = await page.call("alerting")
        assert ("answer" in rings["can"]) == ("answer" not in missing)
        await eventually(lambda: _shows(bare_stack, "1001", "ringing"))
        await bare_stack.phone("1001", "answer")
        talks = await page.call("connected")
        assert {"hold", "transfer", "consult"} - set(talks["can"]) == missing & {"hold"}
        for verb in sorted(missing):
            refused = (await page.command(verb, call=talks["call"]))[-1]
            assert (refused["stage"], refused["error"]["code"]) == ("failed", "unsupported"), verb
        await page.call("connected")
        await bare_stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.document(lambda d: not d["calls"], "no call")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.scenario("S17")
async def test_s17_without_an_edge_the_page_hears_so_at_once(bare_stack: Stack, edge: OwnEdge) -> None:
    assert await edge.end() == 0
    async with bare_stack.page("anna") as page:
        results = await page.command("place", to="1002", timeout_s=3)
        assert (results[-1]["stage"], results[-1]["error"]["code"]) == ("failed", "edge_offline")
        await page.send({"t": "beat"})
        beat = await page.frame(lambda f: f.get("t") == "beat", "beat")
        assert beat["site"]["edge"] == "down"


async def _shows(stack: Stack, station: str, state: str) -> bool:
    shown = await stack.control("GET", f"/phones/{station}")
    return bool(shown["state"] == state)
