"""Holds and the gate on the real stack: nobody is offered a call before their note is decided, and nobody is stuck."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.test_admin import ask
from tests.e2e.test_calls_up import ready_agent, ringing_call
from tests.e2e.test_notes import puts
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

Frame = dict[str, Any]


@pytest_asyncio.fixture
async def gated(stack: Stack) -> AsyncIterator[Stack]:
    """The stack with a policy that asks for a note; the default again afterwards."""
    await policy(stack, gate="note", on_ready_unsaved="revert")
    yield stack
    await policy(stack)


async def policy(stack: Stack, **keys: Any) -> None:
    """Set the tenant's policy."""
    status, answer = await ask(stack, "PUT", "/policies", json.dumps(keys))
    assert status == 200, answer


async def says(page: PageClient, t: str, **fields: Any) -> Frame:
    """Send a frame with an id; the first `result` that says how it went."""
    ident = f"x-{uuid.uuid4().hex[:12]}"
    await page.send({"t": t, "id": ident, **fields})
    return await page.frame(lambda f: f.get("t") == "result" and f["id"] == ident and f["stage"] != "sent", t)


async def state(page: PageClient, name: str, reason: str | None = None) -> Frame:
    """Wait until the agent is shown so."""
    return await page.document(
        lambda d: (d["agent"]["state"], d["agent"]["reason"]) == (name, reason), f"{name} {reason}"
    )


async def in_wrap_up(stack: Stack, page: PageClient) -> str:
    """A queue call was taken, a draft begun, and the caller hung up; the interaction."""
    caller, call = await ringing_call(stack, page)
    await stack.phone("1001", "answer")
    await page.call("connected")
    interaction = str(call["interaction"])
    await puts(page, interaction, 0, "Wants")
    await eventually(lambda: page.desk is not None and interaction in page.desk["drafts"])
    await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
    await state(page, "wrap_up", "ringline:wrap_up")
    await page.document(lambda d: [each["interaction"] for each in d["wrap_up"]] == [interaction], "the entry")
    return interaction


def owed(page: PageClient) -> list[str]:
    """Interactions that the desk lists as owed; other tests' notes may be among them."""
    assert page.desk is not None
    return [each["interaction"] for each in page.desk["owed"]]


async def waiting(stack: Stack) -> int:
    """How many callers the PBX itself lists as waiting in the queue."""
    return len((await stack.control("GET", "/queues/support"))["callers"])


async def waits(stack: Stack, count: int) -> None:
    """Wait until the PBX lists so many."""

    async def so_many() -> bool:
        return await waiting(stack) == count

    await eventually(so_many)


@pytest.mark.scenario("S24")
async def test_s24_no_call_is_offered_before_the_note_is_decided_and_no_caller_leaves(gated: Stack) -> None:
    async with ready_agent(gated, "anna") as page:
        interaction = await in_wrap_up(gated, page)
        caller = await gated.caller("5000", "+442079460111")
        await waits(gated, 1)
        refused = (await page.command("set_state", state="ready"))[-1]
        assert (refused["stage"], refused["error"]["code"]) == ("failed", "gate_closed")
        assert page.doc is not None
        assert page.doc["calls"] == []
        assert await waiting(gated) == 1
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await page.call("alerting")
        assert page.doc["wrap_up"] == []
        await gated.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S24")
async def test_s24_nothing_to_note_opens_the_gate(gated: Stack) -> None:
    async with ready_agent(gated, "anna") as page:
        interaction = await in_wrap_up(gated, page)
        done = await says(page, "wrap_up.done", interaction=interaction)
        assert (done["stage"], done["error"]["code"]) == ("failed", "gate_closed")
        assert (await says(page, "wrap_up.done", interaction=interaction, nothing_to_note=True))["stage"] == "confirmed"
        await state(page, "ready")


@pytest.mark.scenario("S25")
async def test_s25_ready_on_the_phone_is_undone_while_a_note_is_owed(gated: Stack) -> None:
    async with ready_agent(gated, "anna") as page:
        interaction = await in_wrap_up(gated, page)
        caller = await gated.caller("5000", "+442079460111")
        await waits(gated, 1)
        await gated.phone("1001", "feature", code="*46")
        await page.event("gate_tripped")
        assert page.doc is not None
        assert (page.doc["agent"]["state"], await waiting(gated)) == ("wrap_up", 1)
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await page.call("alerting")
        await gated.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S25")
async def test_s25_ready_on_the_phone_saves_the_draft_where_policy_says_so(gated: Stack) -> None:
    await policy(gated, gate="note", on_ready_unsaved="save")
    async with ready_agent(gated, "anna") as page:
        interaction = await in_wrap_up(gated, page)
        await gated.phone("1001", "feature", code="*46")
        await page.event("gate_tripped")
        await state(page, "ready")
        _, told = await ask(gated, "GET", f"/interactions/{interaction}", who="anna")
        assert [(each["text"], each["draft"]) for each in told["notes"]] == [("Wants", False)]


@pytest.mark.scenario("S25")
async def test_s25_with_policy_warn_the_phone_opens_and_the_note_is_owed(gated: Stack) -> None:
    await policy(gated, gate="note", on_ready_unsaved="warn")
    async with ready_agent(gated, "anna") as page:
        interaction = await in_wrap_up(gated, page)
        await gated.phone("1001", "feature", code="*46")
        await state(page, "ready")
        await eventually(lambda: interaction in owed(page))
        await page.document(lambda d: d["wrap_up"] == [], "the entry is the cloud's")
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await eventually(lambda: interaction not in owed(page))


@pytest.mark.scenario("S30")
async def test_s30_who_logs_off_gated_finds_the_note_owed_when_logged_on_again(gated: Stack) -> None:
    async with gated.page("anna") as page:
        await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
        assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
        interaction = await in_wrap_up(gated, page)
        assert (await page.command("log_off"))[-1]["stage"] == "confirmed"
        await eventually(lambda: page.desk is None)
        assert (await page.command("log_on"))[-1]["stage"] == "confirmed"
        await eventually(lambda: interaction in owed(page))
        assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
        await puts(page, interaction, 1, "Wants a refund", draft=False)
        await eventually(lambda: interaction not in owed(page))
        await page.command("log_off")


@pytest.mark.scenario("S27")
async def test_s27_an_open_e_mail_keeps_calls_away_until_it_ends(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        begun = await says(page, "work.begin", work="w-1", channel="email", label="#123")
        assert begun["stage"] == "confirmed"
        await state(page, "not_ready", "ringline:work")
        caller = await stack.caller("5000", "+442079460111")
        await waits(stack, 1)
        assert page.doc is not None
        assert page.doc["calls"] == []
        assert (await says(page, "work.end", work="w-1"))["stage"] == "confirmed"
        await page.call("alerting")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S27")
async def test_s27_a_call_that_rings_already_wins_and_says_what_it_collides_with(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page, ready_agent(stack, "ben") as ben:
        caller = await stack.caller("5000", "+442079460111")
        rung = await eventually(lambda: [each for each in (page, ben) if each.doc and each.doc["calls"]])
        first = rung[0]
        other = ben if first is page else page
        await says(first, "work.begin", work="w-1", channel="email", label="#123")
        await first.document(lambda d: [each["conflict"] for each in d["calls"]] == ["w-1"], "conflict")
        assert first.doc is not None
        call = first.doc["calls"][0]["call"]
        assert (await first.command("reject", call=call, reason="busy_work"))[-1]["stage"] == "confirmed"
        await other.call("alerting")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await says(first, "work.end", work="w-1")


@pytest.mark.scenario("S27")
async def test_s27_a_lease_that_ends_frees_the_agent(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        assert (await says(page, "work.begin", work="w-1", channel="email", label="#1", ttl_s=2))[
            "stage"
        ] == "confirmed"
        await state(page, "not_ready", "ringline:work")
        await state(page, "ready")


@pytest.mark.scenario("S28")
async def test_s28_without_a_page_for_the_grace_nothing_is_offered_until_one_is_open(stack: Stack) -> None:
    await policy(stack, page_grace_s=1)
    try:
        async with stack.page("anna") as page:
            await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
            assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
            await offered(stack, "1001", is_offered=True)
        await offered(stack, "1001", is_offered=False)
        async with stack.page("anna") as page:
            await state(page, "ready")
            await offered(stack, "1001", is_offered=True)
            await page.command("log_off")
    finally:
        await policy(stack)


async def offered(stack: Stack, station: str, *, is_offered: bool) -> None:
    """Wait until the PBX itself would, or would not, offer the station a call of the queue."""

    async def listed() -> bool:
        members = (await stack.control("GET", "/queues/support"))["members"]
        return [each["available"] for each in members if each["station"] == station] == [is_offered]

    await eventually(listed, timeout_s=10, saying=f"{station} offered: {is_offered}")


async def supervise(stack: Stack, state: str) -> None:
    """Somebody who may set anna's state sets it."""
    body = json.dumps({"state": state})
    path = "/sites/hq/stations/1001/set-state"
    status, told = await ask(stack, "POST", path, body, kind="application/json")
    assert status == 202, told


async def test_a_supervisors_not_ready_stands_until_a_supervisor_lifts_it(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await supervise(stack, "not_ready")
        await page.frame(lambda f: f.get("t") == "notice" and f["code"] == "supervisor_set_state", "notice")
        await state(page, "not_ready", "ringline:supervisor")
        await offered(stack, "1001", is_offered=False)
        refused = (await page.command("set_state", state="ready"))[-1]
        assert (refused["stage"], refused["error"]["code"]) == ("failed", "not_allowed")
        await stack.phone("1001", "feature", code="*46")
        caller = await stack.caller("5000", "+442079460111")
        await waits(stack, 1)
        await state(page, "not_ready", "ringline:supervisor")
        assert page.doc is not None
        assert page.doc["calls"] == []
        await supervise(stack, "ready")
        await page.call("alerting")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


@pytest.mark.scenario("S38")
async def test_s38_the_end_of_a_second_call_while_the_first_note_is_saved_leaves_the_right_holds(gated: Stack) -> None:
    await policy(gated, gate="note", gate_on=["queue_inbound", "direct_inbound"])
    async with ready_agent(gated, "anna") as page:
        await gated.control("POST", "/queues/sales", {"do": "pause", "station": "1001", "reason": "training"})
        first, call = await ringing_call(gated, page)
        await gated.phone("1001", "answer")
        await page.call("connected")
        one = str(call["interaction"])
        await puts(page, one, 0, "Wants")
        second = await gated.caller("1001", "+442079460111")
        other = await page.call("alerting")
        await gated.phone("1001", "answer")
        await page.document(lambda d: len([c for c in d["calls"] if c["answered_at"]]) == 2, "both answered")
        two = str(other["interaction"])
        await puts(page, two, 0, "Asks")
        await eventually(lambda: page.desk is not None and {one, two} <= set(page.desk["drafts"]))
        await gated.control("POST", f"/callers/{first}", {"do": "hangup"})
        await page.document(lambda d: [each["interaction"] for each in d["wrap_up"]] == [one], "the first entry")
        await asyncio.gather(
            puts(page, one, 1, "Wants a refund", draft=False),
            gated.control("POST", f"/callers/{second}", {"do": "hangup"}),
        )
        await page.document(lambda d: [each["interaction"] for each in d["wrap_up"]] == [two], "the second entry")
        await state(page, "wrap_up", "ringline:wrap_up")
        await offered(gated, "1001", is_offered=False)
        await puts(page, two, 1, "Asks for a quote", draft=False)
        await state(page, "ready")
        await offered(gated, "1001", is_offered=True)
        sales = (await gated.control("GET", "/queues/sales"))["members"]
        assert [(each["paused"], each["reason"]) for each in sales] == [(True, "training")]


async def test_an_agent_who_lets_calls_ring_unanswered_is_not_ready_until_they_say_so(stack: Stack) -> None:
    await policy(stack, missed_limit=2)
    try:
        async with ready_agent(stack, "anna") as page:
            caller = await stack.caller("5000", "+442079460111")
            await page.document(lambda d: d["agent"]["reason"] == "ringline:missed", "too many", timeout_s=30)
            await state(page, "not_ready", "ringline:missed")
            assert page.names().count("missed") == 2
            await offered(stack, "1001", is_offered=False)
            await waits(stack, 1)
            assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
            await page.call("alerting")
            await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
    finally:
        await policy(stack)
