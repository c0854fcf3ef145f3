"""Commands down: what the page asks is done by the PBX, and confirmed only when the PBX shows it (S11-S13, S17)."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import datetime
from functools import partial

import pytest

from tests.e2e.test_calls_up import NUMBER, ready_agent, ringing_call
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually


@pytest.mark.scenario("S11")
async def test_s11_place_rings_the_own_phone_then_the_far_end(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        results = await page.command("place", to="+442079460123")
        assert [r["stage"] for r in results] == ["sent", "confirmed"]
        assert (await page.event("dialing"))["by"] == "agent_page"
        assert "ringing" not in page.names()
        await stack.phone("1001", "answer")
        await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "far end")
        results = await page.command("drop", call=(await page.call("connected"))["call"])
        assert results[-1]["stage"] == "confirmed"


@pytest.mark.scenario("S12")
async def test_s12_drop_hold_resume_and_dtmf_are_done_on_the_pbx(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        _, call = await ringing_call(stack, page)
        ident = str(call["call"])
        assert (await page.command("answer", call=ident))[-1]["stage"] == "confirmed"
        assert (await stack.control("GET", "/phones/1001"))["state"] == "talking"
        assert (await page.command("hold", call=ident))[-1]["stage"] == "confirmed"
        assert (await stack.control("GET", "/phones/1001"))["state"] == "held"
        assert (await page.command("resume", call=ident))[-1]["stage"] == "confirmed"
        assert (await page.command("dtmf", call=ident, digits="12#"))[-1]["stage"] == "confirmed"
        assert (await page.command("drop", call=ident))[-1]["stage"] == "confirmed"
        assert (await page.event("dropped"))["by"] == "agent_page"
        assert (await stack.control("GET", "/phones/1001"))["state"] == "idle"


@pytest.mark.scenario("S12")
async def test_s12_a_rejected_call_goes_back_to_the_queue(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, call = await ringing_call(stack, page)
        results = await page.command("reject", call=call["call"], reason="not_mine")
        assert results[-1]["stage"] == "confirmed"
        await page.event("missed", cause="rejected")
        assert (await stack.control("GET", f"/callers/{caller}"))["state"] in ("queued", "ringing")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S12")
async def test_s12_what_a_call_does_not_allow_is_refused_and_not_offered(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        results = await page.command("drop", call="c-none")
        assert results[-1]["error"]["code"] == "no_such_call"
        results = await page.command("place", to="abc")
        assert results[-1]["error"]["code"] == "number_invalid"


@pytest.mark.scenario("S13")
async def test_s13_a_cold_transfer_shows_the_customer_to_the_colleague_while_ringing(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        await stack.caller("1001", NUMBER)
        await anna.event("ringing")
        await stack.phone("1001", "answer")
        await anna.event("answered")
        call = await anna.call("connected")
        data = {"order": "4711"}
        note = "Order 4711 never came."
        transfer = asyncio.create_task(anna.command("transfer", call=call["call"], to="1003", data=data, note=note))
        await cleo.event("ringing")
        context = await cleo.frame(lambda f: f.get("t") == "context" and f["handover"] is not None, "the hand-over")
        assert (context["interaction"], context["data"]["order"]) == (call["interaction"], "4711")
        assert context["handover"]["from"] == {"agent": "anna", "site": "hq", "station": "1001"}
        assert (context["handover"]["kind"], context["handover"]["note"]) == ("cold", note)
        seen = await cleo.call("alerting")
        assert seen["data"]["order"] == "4711"
        assert seen["remote"]["number"] == NUMBER
        assert seen["interaction"] == call["interaction"]
        assert seen["transferred_by"] == "1001"
        assert (await transfer)[-1]["stage"] == "confirmed"
        await anna.event("transferred")
        await stack.phone("1003", "answer")
        await cleo.event("answered")
        await cleo.event("transferred")
        assert cleo.names().index("answered") < cleo.names().index("transferred")
        assert "dropped" not in anna.names()
        await stack.phone("1003", "hangup")
        await cleo.event("dropped")


@pytest.mark.scenario("S17")
async def test_s17_the_same_id_twice_and_two_pages_at_once_have_one_effect(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page, stack.page("anna") as second:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        await page.event("answered")
        ident = (await second.call("connected"))["call"]
        one, two = await asyncio.gather(page.command("drop", call=ident), second.command("drop", call=ident))
        stages = {one[-1]["stage"], two[-1]["stage"]}
        assert stages == {"confirmed"}, (one, two)
        again = await page.command("drop", id=one[-1]["id"], call=ident)
        assert again[-1]["stage"] == "confirmed"
        assert page.names().count("dropped") == 1


@pytest.mark.scenario("S17")
async def test_s17_a_command_past_its_deadline_is_not_done(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        pid = stack.ready["edge"]["pid"]
        os.kill(pid, signal.SIGSTOP)
        try:
            sent = await page.clock()
            late = asyncio.create_task(page.command("place", to="1002", ttl_ms=200))
            await eventually(partial(_is_past, page, sent, 0.4))
        finally:
            os.kill(pid, signal.SIGCONT)
        assert (await late)[-1]["stage"] == "expired"
        assert (await stack.control("GET", "/phones/1001"))["state"] == "idle"


async def _is_past(page: PageClient, moment: datetime, seconds: float) -> bool:
    return (await page.clock() - moment).total_seconds() > seconds
