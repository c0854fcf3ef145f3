"""A supervisor's wallboard on the real stack: cloud, edge and PBX, seen in a real browser."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.e2e.test_notes import puts
from tests.support.browser import after_the_guard, available
from tests.support.page_client import PageClient
from tests.support.stack import Stack, running

SOON_MS = 15_000
SHOWN_MS = 2_000
"""How soon a supervisor sees what happened."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own; not brought up where no browser could look at it."""
    if reason := available():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("run")) as brought_up:
        yield brought_up


async def ask(stack: Stack, method: str, path: str, body: Any = None) -> Any:
    """One request of the administrator; the answer's JSON."""
    headers = {"Authorization": f"Bearer {stack.token('adam')}"}
    url = f"{stack.api_url}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body, headers=headers) as answer:
        assert answer.status < 300, await answer.text()
        return await answer.json(content_type=None)


@asynccontextmanager
async def policy(stack: Stack, **keys: Any) -> AsyncIterator[None]:
    """A policy while the block runs."""
    await ask(stack, "PUT", "/policies", keys)
    yield
    await ask(stack, "PUT", "/policies", {})


@asynccontextmanager
async def wallboard(stack: Stack, browser: Browser) -> AsyncIterator[Page]:
    """Sue's wallboard."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 860})).new_page()
    await page.goto(f"{stack.origin}/wallboard/?user=sue")
    yield page
    await page.context.close()


def row(page: Page, name: str) -> Locator:
    return page.locator(".agents tbody tr").filter(has=page.get_by_role("rowheader", name=name))


async def ready(stack: Stack, user: str = "anna") -> PageClient:
    """An agent's page, ready for calls."""
    agent = stack.page(user)
    await agent.open()
    await agent.document(lambda doc: doc["agent"]["state"] in ("ready", "not_ready"), "a phone that is logged on")
    await agent.command("set_state", state="ready")
    await agent.document(lambda doc: doc["agent"]["state"] == "ready", "ready")
    return agent


async def test_a_call_shows_within_two_seconds_and_its_gate_is_broken_from_the_board(
    stack: Stack, browser: Browser
) -> None:
    async with policy(stack, gate="note"), wallboard(stack, browser) as page:
        anna = await ready(stack)
        here = row(page, "Anna Ek")
        await expect(here.locator(".state")).to_contain_text("Ready", timeout=SOON_MS)
        caller = await stack.caller("5000")
        await anna.call("alerting")
        began = time.monotonic()
        await expect(here).to_contain_text("ringing support", timeout=SHOWN_MS)
        assert time.monotonic() - began < SHOWN_MS / 1000
        await stack.phone("1001", "answer")
        call = await anna.call("connected")
        await puts(anna, call["interaction"], 0, "Wants")
        await expect(here.locator(".state")).to_contain_text("On a call", timeout=SHOWN_MS)
        await expect(page.locator("[data-tile=busy] dd")).to_have_text("1")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await anna.document(lambda doc: bool(doc["wrap_up"]), "a note that is owed")
        await expect(here.locator(".state")).to_contain_text("Wrap-up", timeout=SHOWN_MS)
        button = here.get_by_role("button", name="Break gate")
        await expect(button).to_have_attribute("aria-disabled", "false", timeout=SHOWN_MS)
        await after_the_guard(button)
        await button.click()
        await anna.document(lambda doc: doc["agent"]["state"] == "ready", "the gate to open")
        await expect(here.locator(".state")).to_contain_text("Ready", timeout=SHOWN_MS)
        assert (await anna.frame(lambda f: f["t"] == "notice", "notice"))["code"] == "supervisor_break_gate"
        assert (await ask(stack, "GET", "/audit"))["items"][0]["action"] == "break_gate"
        await anna.command("log_off")
        await expect(here).to_have_count(0, timeout=SHOWN_MS)
        await anna.close()


async def test_opening_the_wallboard_logs_no_phone_on(stack: Stack, browser: Browser) -> None:
    async with wallboard(stack, browser) as page:
        await expect(page.get_by_text("Nobody of your team is logged on.")).to_be_visible(timeout=SOON_MS)
        await expect(row(page, "Sue Park")).to_have_count(0)


async def test_a_supervisor_of_another_team_sees_nothing(stack: Stack, browser: Browser) -> None:
    mapping = (await ask(stack, "GET", "/mappings/sue"))["mapping"]
    await ask(stack, "PUT", "/mappings/sue", {**mapping, "team": "Back"})
    anna = await ready(stack)
    async with wallboard(stack, browser) as page:
        await expect(page.get_by_text("Nobody of your team is logged on.")).to_be_visible(timeout=SOON_MS)
        await anna.command("set_state", state="not_ready")
        await expect(page.locator(".stamp")).to_contain_text("As of", timeout=SOON_MS)
        await expect(page.locator(".agents tbody tr")).to_have_count(0)
    await ask(stack, "PUT", "/mappings/sue", mapping)
    async with wallboard(stack, browser) as page:
        await expect(row(page, "Anna Ek").locator(".state")).to_contain_text("Not ready", timeout=SOON_MS)
    await anna.command("log_off")
    await anna.close()
