"""The playground: panels, desk phones and customers on one page."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.support.browser import Open, events
from tests.support.fake_page_cloud import FakePageCloud, call
from tests.support.waiting import eventually


@pytest.mark.parametrize("width", [1280, 380])
async def test_the_first_page_shows_every_agent_with_panel_and_phone(
    cloud: FakePageCloud, open_page: Open, width: int
) -> None:
    page = await open_page("/", live=False, viewport={"width": width, "height": 800})
    await expect(page.locator("ringline-panel")).to_have_count(4)
    await expect(page.get_by_role("region", name="Desk phone")).to_have_count(4)
    await expect(page.get_by_text("Phone 1001 connected").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_customer_calls_and_the_desk_phone_answers(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page("/", live=False)
    await page.get_by_role("button", name="Call support").click()
    await expect(page.get_by_role("list", name="Callers")).to_contain_text("queued")
    assert cloud.callers["caller-1"]["to"] == "5000"
    cloud.phones["1001"] = {"state": "ringing", "with": "+442071234567", "calls": 1}
    anna = page.get_by_role("article", name="Anna")
    await cloud.tell(call(), event="ringing")
    await expect(anna.get_by_role("group", name="Erika Müller")).to_contain_text("Ringing")
    phone = anna.get_by_role("region", name="Desk phone 1001")
    await expect(phone).to_contain_text("+442071234567")
    await phone.get_by_role("button", name="Answer").click()
    await expect(phone.get_by_role("button", name="Answer")).to_be_visible()
    await eventually(lambda: cloud.presses == [("1001", {"do": "answer"})], saying="the press")
    await page.get_by_role("list", name="Callers").get_by_role("button", name="Hang up").click()
    await expect(page.get_by_role("list", name="Callers")).to_contain_text("ended")


async def test_the_phones_keys_dial(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page("/", live=False)
    phone = page.get_by_role("region", name="Desk phone 1002")
    for digit in "1001":
        await phone.get_by_role("button", name=f"Key {digit}").click()
    await expect(phone).to_contain_text("1001")
    await phone.get_by_role("button", name="Dial").click()
    await expect(phone.get_by_role("button", name="Dial")).to_be_disabled()
    await eventually(lambda: cloud.presses == [("1002", {"do": "dial", "number": "1001"})], saying="the press")


async def test_an_agents_own_page_opens_the_callers_record(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page("/playground/agent.html?user=anna", live=False)
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    await cloud.tell(call(), event="ringing")
    await expect(page.locator("#log")).to_contain_text("ringing")
    await expect(page.get_by_role("heading", name="No customer open")).to_be_visible()
    await cloud.pop()
    await expect(page.get_by_role("heading", name="Erika Müller")).to_be_visible()


async def test_a_second_client_of_the_same_page_gets_every_event(cloud: FakePageCloud, open_page: Open) -> None:
    first, second = await open_page(), await open_page()
    await cloud.tell(call(), event="ringing")
    for page in (first, second):
        await expect(page.get_by_role("group", name="Erika Müller")).to_be_visible()
        assert await events(page) == ["ringing"]
