"""Agents log on and off, move, pause and come back: the PBX's own listing proves it (S21-S23, S29)."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.test_admin import ask
from tests.e2e.test_calls_up import ready_agent
from tests.e2e.test_gate import offered, says, state
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

PROGRAM = Path(sys.executable).parent / "ringline-edge"
MAPPING = {"site": "hq", "name": "Ben Ode", "queues": ["support", "sales"]}


async def listed(stack: Stack, queue: str) -> dict[str, dict[str, Any]]:
    """Members of a queue by station, as the PBX itself lists them."""
    return {each["station"]: each for each in (await stack.control("GET", f"/queues/{queue}"))["members"]}


async def is_member(stack: Stack, station: str, *queues: str, paused: bool) -> None:
    """Wait until the PBX lists the station in exactly these queues, paused or not."""

    async def so() -> bool:
        found = {queue: (await listed(stack, queue)).get(station) for queue in ("support", "sales")}
        return {queue: each["paused"] for queue, each in found.items() if each} == dict.fromkeys(queues, paused)

    await eventually(so, timeout_s=10, saying=f"{station} in {queues}, paused: {paused}")


async def logged_on(page: PageClient) -> None:
    await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")


@pytest.mark.scenario("S21")
async def test_s21_web_log_on_joins_the_queues_and_log_off_leaves_them(stack: Stack) -> None:
    await is_member(stack, "1001", paused=False)
    async with stack.page("anna") as page:
        await page.document(lambda d: d["agent"]["state"] == "not_ready", "log-on")
        await is_member(stack, "1001", "support", "sales", paused=True)
        assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"
        await is_member(stack, "1001", "support", "sales", paused=False)
        assert (await page.command("set_state", state="not_ready", reason="lunch"))[-1]["stage"] == "confirmed"
        await state(page, "not_ready", "lunch")
        assert (await listed(stack, "support"))["1001"]["reason"] == "lunch"
        assert (await page.command("log_off"))[-1]["stage"] == "confirmed"
        await eventually(lambda: page.desk is None)
        await is_member(stack, "1001", paused=False)
        assert (await page.command("log_on"))[-1]["stage"] == "confirmed"
        await is_member(stack, "1001", "support", "sales", paused=True)
        await page.command("log_off")


@pytest_asyncio.fixture
async def ben_hot(stack: Stack) -> AsyncIterator[Stack]:
    """Ben may sit at any phone; at his own again afterwards."""
    mine = {**MAPPING, "station": "1002", "login": "1002"}
    await mapped(stack, "ben", {**mine, "hot_desk": True})
    yield stack
    await mapped(stack, "ben", mine)


async def mapped(stack: Stack, user: str, mapping: dict[str, Any]) -> None:
    """Map a user; it holds from their next log-on."""
    status, told = await ask(stack, "PUT", f"/mappings/{user}", json.dumps(mapping), kind="application/json")
    assert status == 200, told


@pytest.mark.scenario("S22")
async def test_s22_a_hot_desk_agent_moves_to_another_phone_with_their_queues(ben_hot: Stack) -> None:
    async with ben_hot.page("ben") as page:
        await logged_on(page)
        await is_member(ben_hot, "1002", "support", "sales", paused=True)
        assert (await page.command("log_on", station="1003"))[-1]["stage"] == "confirmed"
        await eventually(lambda: page.station == "1003")
        await is_member(ben_hot, "1003", "support", "sales", paused=True)
        await is_member(ben_hot, "1002", paused=False)
        await page.command("log_off")
        await is_member(ben_hot, "1003", paused=False)


@pytest.mark.scenario("S22")
async def test_s22_a_taken_station_is_refused_and_after_a_takeover_both_are_told(ben_hot: Stack) -> None:
    async with ben_hot.page("anna") as anna, ben_hot.page("ben") as ben:
        await logged_on(anna)
        await logged_on(ben)
        refused = (await ben.command("log_on", station="1001"))[-1]
        assert (refused["stage"], refused["error"]["code"]) == ("failed", "station_taken")
        assert anna.desk is not None
        done = (await ben.command("log_on", station="1001", takeover=True))[-1]
        assert done["stage"] == "confirmed"
        await eventually(lambda: ben.station == "1001")
        await anna.frame(lambda f: f.get("t") == "notice" and f["code"] == "station_taken", "notice")
        await eventually(lambda: anna.desk is None)
        await is_member(ben_hot, "1001", "support", "sales", paused=True)
        await ben.command("log_off")


async def test_s22_without_hot_desk_another_phone_is_not_allowed(stack: Stack) -> None:
    async with stack.page("anna") as page:
        await logged_on(page)
        refused = (await page.command("log_on", station="1003"))[-1]
        assert (refused["stage"], refused["error"]["code"]) == ("failed", "not_allowed")
        assert page.station == "1001"
        await page.command("log_off")


@pytest.mark.scenario("S23")
async def test_s23_pause_and_ready_by_the_phones_codes_are_followed_and_said_to_be_the_phones(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await stack.phone("1001", "feature", code="*45")
        await page.document(lambda d: d["agent"]["state"] == "not_ready", "not ready")
        assert page.doc is not None
        assert not (page.doc["agent"]["reason"] or "").startswith("ringline:")
        await page.event("agent_state", by="agent_phone")
        page.events.clear()
        await stack.phone("1001", "feature", code="*46")
        await state(page, "ready")
        await page.event("agent_state", by="agent_phone")


@pytest.mark.scenario("S23")
async def test_s23_log_off_and_on_by_the_phones_codes_are_followed_and_said_to_be_the_phones(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        page.events.clear()
        await stack.phone("1001", "feature", code="*23")
        await state(page, "logged_off")
        await page.event("agent_state", by="agent_phone")
        assert page.doc is not None
        assert page.doc["agent"]["queues"] == []
        page.events.clear()
        await stack.phone("1001", "feature", code="*22")
        await page.document(lambda d: d["agent"]["state"] in ("ready", "not_ready"), "log-on by phone")
        await page.event("agent_state", by="agent_phone")
        assert (await page.command("set_state", state="ready"))[-1]["stage"] == "confirmed"


@pytest.mark.scenario("S29")
async def test_s29_a_phone_that_is_gone_is_out_of_service_until_it_is_back(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        await stack.phone("1001", "unplug")
        await page.event("out_of_service", timeout_s=20)
        assert page.doc is not None
        assert (page.doc["in_service"], "place" in page.doc["can"]) == (False, False)
        code, verdict = await doctor(stack, "--agent", "anna")
        assert (code, "out of service" in verdict) == (1, True)
        await stack.phone("1001", "plug")
        await page.event("in_service", timeout_s=20)
        await offered(stack, "1001", is_offered=True)


async def doctor(stack: Stack, *words: str) -> tuple[int, str]:
    """What the doctor says, run as the site's engineer runs it; exit code and first line."""
    config = stack.run_dir / "edge" / "edge.toml"
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM), "doctor", "--config", str(config), *words, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode().partition("\n")[0]


async def test_the_doctor_says_why_an_agent_gets_no_calls_and_that_they_would(stack: Stack) -> None:
    assert (await doctor(stack, "--agent", "anna"))[0] == 1
    async with ready_agent(stack, "anna") as page:
        await offered(stack, "1001", is_offered=True)
        code, verdict = await doctor(stack, "--agent", "anna")
        assert code == 0
        assert verdict in ("anna would get calls of sales, support.", "anna would get calls of support, sales.")
        await page.command("set_state", state="not_ready", reason="lunch")
        code, verdict = await doctor(stack, "--station", "1001")
        assert (code, "paused with reason lunch" in verdict) == (1, True)
        await page.command("set_state", state="ready")
        assert (await says(page, "work.begin", work="w-1", channel="email", label="#1"))["stage"] == "confirmed"
        code, verdict = await doctor(stack, "--agent", "anna")
        assert (code, "a work item is open (email" in verdict) == (1, True)
        assert (await says(page, "work.end", work="w-1"))["stage"] == "confirmed"
        await state(page, "ready")
