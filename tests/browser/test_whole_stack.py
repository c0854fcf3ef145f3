"""The first minutes of a newcomer, on the real stack: cloud, edge and PBX, seen in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.support.browser import after_the_guard, available
from tests.support.stack import Stack, running

SOON_MS = 15_000


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own; not brought up where no browser could look at it."""
    if reason := available():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("run")) as brought_up:
        yield brought_up


def _leg(agent: Locator, leg: str) -> Locator:
    return agent.locator(f".call[data-leg={leg}]")


async def _press(button: Locator) -> None:
    await expect(button).to_have_attribute("aria-disabled", "false", timeout=SOON_MS)
    await after_the_guard(button)
    await button.click()


async def _open(stack: Stack, browser: Browser) -> tuple[Page, Locator]:
    page = await (await browser.new_context(viewport={"width": 1280, "height": 860})).new_page()
    await page.goto(str(stack.ready["page_url"]))
    anna = page.get_by_role("article", name="Anna")
    await expect(anna).to_contain_text("Phone 1001 connected", timeout=SOON_MS)
    return page, anna


async def test_s01_s02_s12_the_three_steps_of_the_playground_lead_where_they_say(
    stack: Stack, browser: Browser
) -> None:
    page, anna = await _open(stack, browser)
    panel = anna.locator("ringline-panel")
    await _press(panel.get_by_role("button", name="Ready", exact=True))
    await expect(panel.locator("[data-state=ready]")).to_be_visible(timeout=SOON_MS)
    await page.get_by_role("button", name="Call support").click()
    await expect(_leg(anna, "alerting")).to_contain_text("support", timeout=SOON_MS)
    phone = anna.get_by_role("region", name="Desk phone 1001")
    await phone.get_by_role("button", name="Answer").click()
    await expect(_leg(anna, "connected")).to_be_visible(timeout=SOON_MS)
    await _press(panel.get_by_role("button", name="Hang up"))
    await expect(panel.locator(".call")).to_have_count(0, timeout=SOON_MS)
    await expect(phone).to_contain_text("Ready to dial", timeout=SOON_MS)
    await expect(page.locator("#steps [data-done=true]")).to_have_count(3)
    await page.context.close()


async def test_s33_s05_a_reload_while_a_colleague_rings_shows_the_same_call(stack: Stack, browser: Browser) -> None:
    page, anna = await _open(stack, browser)
    await anna.get_by_label("Number to call").fill("1002")
    await _press(anna.get_by_role("button", name="Call", exact=True))
    await expect(anna).to_contain_text("If your own phone rings", timeout=SOON_MS)
    await anna.get_by_role("region", name="Desk phone 1001").get_by_role("button", name="Answer").click()
    ben = page.get_by_role("article", name="Ben")
    await expect(_leg(ben, "alerting")).to_be_visible(timeout=SOON_MS)
    await page.reload()
    await expect(_leg(ben, "alerting")).to_be_visible(timeout=SOON_MS)
    await ben.get_by_role("region", name="Desk phone 1002").get_by_role("button", name="Reject").click()
    await expect(ben.locator(".call")).to_have_count(0, timeout=SOON_MS)
    await page.context.close()
