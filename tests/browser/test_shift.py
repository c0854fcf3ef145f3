"""What eight hours bring: double clicks, slow answers, colleagues who change seats, notes after a reload."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, Page, expect

from tests.browser.test_directory import PEOPLE, options
from tests.browser.test_documentation import STARTS
from tests.browser.test_missed import lines, missed
from tests.browser.test_wallboard import opened, row, station, tell
from tests.browser.test_wrap_up import in_wrap_up
from tests.support.browser import Open, after_the_guard, is_command
from tests.support.fake_page_cloud import ROOT, FakePageCloud, call


async def sent(cloud: FakePageCloud, page: Page, verb: str) -> int:
    """How many commands of that verb the page has sent, once it has said something later."""
    await page.evaluate("client.command('hold', {call: 'x'}).catch(() => 0), 1")
    await cloud.hears(is_command("hold"), "what was said after it")
    return sum(is_command(verb)(frame) for frame in cloud.heard)


async def test_typing_on_while_colleagues_are_being_asked_for_finds_them(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.colleagues = PEOPLE
    answer = cloud._read

    async def slowly(request: web.Request) -> dict[str, str]:
        query = await answer(request)
        if "q" in query:
            await asyncio.sleep(0.4)  # a cloud that takes its time
        return query

    cloud._read = slowly  # type: ignore[method-assign]
    page = await open_page()
    await page.get_by_role("combobox", name="Number to call").focus()
    await page.keyboard.type("b")
    await cloud.asks(lambda path, query: query.get("q") == "b", "b")
    await page.keyboard.type("e")
    await expect(options(page)).to_have_count(3)


async def test_who_was_called_back_is_off_the_list_after_the_call(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.missed = [missed(1)]
    page = await open_page()
    await expect(lines(page)).to_have_count(1)
    await cloud.tell(call(leg="connected"), event="answered")
    cloud.missed = []
    cloud.change(event="dropped")
    await cloud.tell(event="agent_state")
    await expect(lines(page)).to_have_count(0, timeout=8000)


async def test_a_double_click_calls_back_once(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.missed = [missed(1)]
    page = await open_page()
    await page.get_by_role("button", name="Call back: +4930000001").dblclick(delay=10)
    assert await sent(cloud, page, "place") == 1


async def test_nobody_is_called_back_while_the_phone_system_offers_no_call(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.missed = [missed(1)]
    whole = cloud.document

    def offers_none() -> dict[str, Any]:
        return whole() | {"can": ["set_state"]}

    cloud.document = offers_none  # type: ignore[method-assign]
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    await page.get_by_role("button", name="Call back: +4930000001").click()
    assert await sent(cloud, page, "place") == 0


async def test_enter_in_the_transfer_field_sends_nothing_where_only_asking_first_is_offered(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected", can=["drop", "hold", "consult"]), event="answered")
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await page.keyboard.type("1002")
    await page.keyboard.press("Enter")
    assert await sent(cloud, page, "transfer") == 0


async def test_after_a_reload_an_owed_note_still_says_of_when_it_is(cloud: FakePageCloud, open_page: Open) -> None:
    page = await in_wrap_up(cloud, open_page, "note")
    await expect(page.locator(".note-of")).to_have_text("Erika Müller")
    await page.reload()
    await expect(page.get_by_role("textbox", name=re.compile(r"^Note .*\d\d:\d\d"))).to_be_visible()


async def test_logging_off_is_about_who_was_asked_about(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    log_off = row(page, "Anna").get_by_role("button", name="Log off")
    await after_the_guard(log_off)
    await log_off.click()
    dialog = page.get_by_role("dialog", name="Log off Anna?")
    await tell(cloud, stations=[station("1001", "Zoe")], queues=[])
    await expect(row(page, "Zoe")).to_have_count(1)
    await dialog.get_by_role("button", name="Log off").click()
    await expect(page.get_by_text("somebody else", exact=False)).to_be_visible()
    assert cloud.deeds == []


async def test_the_wallboard_says_in_words_that_calls_were_missed(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await tell(cloud, stations=[station("1001", "Anna", state="not_ready", reason="ringline:missed")])
    await expect(row(page, "Anna")).not_to_contain_text("ringline:")
    await expect(row(page, "Anna")).to_contain_text("Not ready")


async def test_what_a_page_adds_has_the_panels_colours_in_the_built_files_too(
    cloud: FakePageCloud, browser: Browser, tmp_path: Path
) -> None:
    building = await asyncio.create_subprocess_exec("node", "web/build.mjs", str(tmp_path), cwd=ROOT, stdout=DEVNULL)
    assert await building.wait() == 0
    names = ["ringline.iife.js", "ringline-extras.iife.js"]
    tags = "".join(f"<script src='/ringline/{name}'></script>" for name in names)
    cloud.files = {name: (tmp_path / name).read_text() for name in names}
    cloud.files |= {"one.html": f"<!doctype html><title>x</title><body>{tags}"}
    cloud.colleagues = PEOPLE
    page = await (await browser.new_context()).new_page()
    await page.goto(f"{cloud.url}/ringline/one.html")
    await page.evaluate(STARTS)
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    await page.get_by_role("combobox", name="Number to call").press_sequentially("be")
    await expect(options(page)).to_have_count(3)
    look = await page.locator(".found").first.evaluate("each => getComputedStyle(each).backgroundColor")
    await page.context.close()
    assert look == "rgb(255, 255, 255)"
