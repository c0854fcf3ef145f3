"""Missed calls and the click that calls back."""

from __future__ import annotations

import asyncio

from aiohttp import web
from playwright.async_api import Locator, Page, expect

from tests.support.browser import Open, is_command, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call

SHOWN = "document.getElementById('panel').shadowRoot.querySelector('.missed').textContent"
"""The list's text."""


def missed(index: int, **fields: object) -> Frame:
    """As `GET /calls?outcome=missed` tells of one."""
    base: Frame = {"call": f"c-{index}", "interaction": f"i-{index}", "began_at": at(600 * index), "queue": "support"}
    base |= {"number": f"+4930000{index:03}", "name": None, "outcome": "missed", "returned": None}
    return base | fields


def lines(page: Page) -> Locator:
    """The list's items."""
    return page.get_by_role("list", name="Missed calls").get_by_role("listitem")


async def test_one_click_calls_back_and_goes_on_with_the_missed_interaction(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.missed = [missed(1), missed(2, name="Erika Müller"), missed(3, number=None)]
    page = await open_page()
    await expect(lines(page)).to_have_count(3)
    await expect(lines(page).nth(2)).to_contain_text("Unknown number")
    await expect(lines(page).nth(2).get_by_role("button")).to_have_count(0)
    await page.get_by_role("button", name="Call back: Erika Müller").click()
    command = await cloud.hears(is_command("place"), "place")
    assert (command["to"], command["interaction"]) == ("+4930000002", "i-2")
    # Both are asked for at once, over two connections: either may come first.
    assert ("calls", {"outcome": "missed", "agent": "anna"}) in cloud.asked


async def test_s03_what_is_missed_now_is_listed_at_once_and_by_name(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await expect(lines(page)).to_have_count(0)
    await cloud.tell(call(), event="ringing")
    await cloud.tell(event="missed", cause="abandoned")
    await expect(lines(page)).to_contain_text("Erika Müller")
    await page.get_by_role("button", name="Call back: Erika Müller").click()
    command = await cloud.hears(is_command("place"), "place")
    assert (command["to"], command["interaction"]) == ("+442071234567", "i-c-1")


async def test_an_answer_that_was_on_its_way_takes_nothing_off_that_was_missed_meanwhile(
    cloud: FakePageCloud, open_page: Open
) -> None:
    may_answer, answer = asyncio.Event(), cloud._read

    async def of_then(request: web.Request) -> dict[str, str]:
        query = await answer(request)
        is_first = not may_answer.is_set()
        await may_answer.wait()
        cloud.missed = [missed(2)] if is_first else [missed(1, name="Erika Müller"), missed(2)]
        return query

    cloud._read = of_then  # type: ignore[method-assign]
    page = await open_page()
    await cloud.asks(lambda path, query: query.get("outcome") == "abandoned", "the list")
    await cloud.tell(call(), event="ringing")
    await cloud.tell(event="missed", cause="abandoned")
    await expect(lines(page)).to_contain_text("Erika Müller")
    may_answer.set()
    await until(page, f"{SHOWN}.includes('+4930000002')")
    assert "Erika Müller" in await page.evaluate(SHOWN)


async def test_what_was_called_back_or_is_old_waits_behind_a_button(cloud: FakePageCloud, open_page: Open) -> None:
    returned = missed(1, returned={"call": "c-9", "agent": "ben", "at": at(30)})
    cloud.missed = [returned, *(missed(index) for index in range(2, 9))]
    cloud.page_of_missed = 6
    page = await open_page()
    await expect(lines(page)).to_have_count(3)
    await expect(page.get_by_text("called back")).to_have_count(0)
    await page.get_by_role("button", name="Show all (3 more)").click()
    await expect(lines(page)).to_have_count(6)
    await expect(lines(page).first).to_contain_text("called back")
    await expect(lines(page).first.get_by_role("button")).to_have_count(0)
    await page.get_by_role("button", name="Show older").click()
    await expect(lines(page)).to_have_count(8)
    await expect(page.get_by_role("button", name="Show older")).to_have_count(0)


async def test_the_list_is_read_anew_after_a_call_and_after_a_break(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.missed = [missed(1)]
    page = await open_page()
    await expect(lines(page)).to_have_count(1)
    await cloud.tell(call(leg="connected"), event="answered")
    cloud.missed = []
    await cloud.tell(event="dropped")
    await expect(lines(page)).to_have_count(0)
    cloud.missed = [missed(2)]
    await cloud.cut()
    await expect(lines(page)).to_have_count(1)


async def test_s35_a_missed_callers_name_is_text(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.missed = [missed(1, name="<img src=x>\u202egnp" * 30)]
    page = await open_page(viewport={"width": 320, "height": 760})
    await expect(lines(page)).to_contain_text("<img src=x>gnp")
    assert await lines(page).locator("img").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
