"""Calls up: what happens at the PBX is seen on the agent's page (acceptance S01-S09)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

NUMBER = "+442071234567"
LINK_DOWN_S = {"simulator": 3, "asterisk": 30}


@asynccontextmanager
async def ready_agent(stack: Stack, user: str) -> AsyncIterator[PageClient]:
    """A page of `user`, logged on and ready; logged off again at the end, so that the next test's queue is its own."""
    async with stack.page(user) as page:
        await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
        results = await page.command("set_state", state="ready")
        assert results[-1]["stage"] == "confirmed", results
        try:
            yield page
        finally:
            await eventually(lambda: not page.doc or not page.doc["calls"], timeout_s=10)
            await page.command("log_off")


async def ringing_call(stack: Stack, page: PageClient, to: str = "5000") -> tuple[str, dict[str, object]]:
    """A caller who dials `to` and rings at `page`."""
    caller = await stack.caller(to, NUMBER)
    await page.event("ringing")
    return caller, await page.call("alerting")


@pytest.mark.scenario("S01")
async def test_s01_a_queue_call_rings_on_the_page_with_number_queue_and_context(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, call = await ringing_call(stack, page)
        assert call["remote"]["number"] == NUMBER  # type: ignore[index]
        assert (call["queue"], call["dialed"], call["direction"]) == ("support", "5000", "inbound")
        context = await page.frame(lambda f: f.get("t") == "context", "context")
        assert context["interaction"] == call["interaction"]
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("missed", cause="abandoned")


@pytest.mark.scenario("S02")
async def test_s02_answering_on_the_phone_is_seen_with_its_time(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered", by="agent_phone")
        call = await page.call("connected")
        assert call["answered_at"] >= call["started_at"]
        await stack.phone("1001", "hangup")
        await page.event("dropped", by="agent_phone")


@pytest.mark.scenario("S03")
async def test_s03_a_caller_who_hangs_up_drops_the_call_once(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, _ = await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("dropped", by="remote", cause="normal")
        await page.document(lambda d: not d["calls"], "empty document")
        assert page.names() == ["ringing", "answered", "dropped"]


@pytest.mark.scenario("S03")
async def test_s03_a_call_that_nobody_answers_is_missed(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, _ = await ringing_call(stack, page)
        await page.event("missed", cause="no_answer", timeout_s=20)
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S03")
async def test_s03_an_agent_who_rejects_on_the_phone_sends_the_call_to_the_next(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        await stack.caller("5000", NUMBER)
        pages = {"1001": anna, "1002": ben}
        ringing = [asyncio.create_task(page.event("ringing")) for page in pages.values()]
        await asyncio.wait(ringing, return_when=asyncio.FIRST_COMPLETED)
        first = "1001" if ringing[0].done() else "1002"
        other = "1002" if first == "1001" else "1001"
        await stack.phone(first, "reject")
        await pages[first].event("missed", cause="rejected")
        await asyncio.gather(*ringing)
        await stack.phone(other, "answer")
        await pages[other].event("answered")
        await stack.phone(other, "hangup")


@pytest.mark.scenario("S04")
async def test_s04_hold_and_resume_by_phone_keys_are_seen(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        await stack.phone("1001", "hold")
        await page.event("held", by="agent_phone")
        held = await page.call("hold")
        assert held["held_at"]
        await stack.phone("1001", "resume")
        await page.event("resumed")
        await stack.phone("1001", "hangup")
        await page.event("dropped")


@pytest.mark.scenario("S05")
async def test_s05_extension_to_extension_is_internal_on_both_sides(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        await stack.phone("1001", "dial", number="1002")
        await anna.event("dialing")
        await ben.event("ringing")
        await stack.phone("1002", "answer")
        await anna.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "connected call")
        mine, theirs = await anna.call("connected"), await ben.call("connected")
        assert (mine["direction"], theirs["direction"]) == ("internal", "internal")
        assert (mine["remote"]["number"], theirs["remote"]["number"]) == ("1002", "1001")
        assert mine["interaction"] == theirs["interaction"]
        await stack.phone("1001", "hangup")
        await ben.event("dropped", by="remote")


@pytest.mark.scenario("S05")
async def test_s05_an_extension_calling_out_is_outbound(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await stack.phone("1001", "dial", number="+442079460123")
        await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "connected call")
        call = await page.call("connected")
        assert call["direction"] == "outbound"
        await stack.phone("1001", "hangup")
        await page.event("dropped")


@pytest.mark.scenario("S06")
async def test_s06_two_calls_at_one_station_stand_side_by_side(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        second = await stack.caller("1001", "+15550100")
        document = await page.document(lambda d: len(d["calls"]) == 2, "two calls")
        can = {call["leg"]: set(call["can"]) for call in document["calls"]}
        assert "drop" in can["connected"]
        assert "reject" in can["alerting"]
        assert "reject" not in can["connected"]
        await stack.control("POST", f"/callers/{second}", {"do": "hangup"})
        await page.document(lambda d: len(d["calls"]) == 1, "one call")
        await stack.phone("1001", "hangup")
        await page.event("dropped")


@pytest.mark.scenario("S09")
async def test_s09_who_loses_a_ring_all_call_sees_it_answered_elsewhere(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        await stack.caller("5001", NUMBER)
        await asyncio.gather(anna.event("ringing"), ben.event("ringing"))
        await stack.phone("1002", "answer")
        await ben.event("answered")
        await anna.event("diverted", cause="answered_elsewhere", peer="1002")
        assert anna.names() == ["ringing", "diverted"]
        await stack.phone("1002", "hangup")
        await ben.event("dropped")


@pytest.mark.scenario("S09")
async def test_s09_a_picked_up_call_is_diverted_here_and_answered_there(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        await stack.caller("1001", NUMBER)
        call = (await anna.event("ringing"))["interaction"]
        await stack.phone("1003", "feature", code="*81001")
        await cleo.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "picked up call")
        await anna.event("diverted", cause="picked_up", peer="1003")
        taken = await cleo.call("connected")
        assert (taken["remote"]["number"], taken["interaction"]) == (NUMBER, call)
        assert "ringing" not in cleo.names()
        await stack.phone("1003", "hangup")
        await cleo.event("dropped")


@pytest.mark.scenario("S08")
async def test_s08_a_lost_link_puts_stations_out_of_service_and_is_reconciled(stack: Stack, pbx: str) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, _ = await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        await stack.control("POST", "/switch", {"do": "drop_link", "seconds": LINK_DOWN_S[pbx]})
        await page.event("out_of_service")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("in_service", timeout_s=LINK_DOWN_S[pbx] + 40)
        await page.event("dropped", cause="reconciled")
        await page.document(lambda d: not d["calls"] and d["in_service"], "no ghost call")


@pytest.mark.scenario("S08")
async def test_s08_a_restarted_pbx_leaves_no_ghost_call(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        await stack.control("POST", "/switch", {"do": "restart"})
        await page.document(lambda d: not d["calls"] and d["in_service"], "no ghost call", timeout_s=40)
        assert page.names().count("dropped") == 1
