"""Notes on the panel, in a real browser: saved while typing, kept on the device, never taken away."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web
from playwright.async_api import Locator, Page, expect

from tests.support.browser import STORED, Open, axe, findings, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call
from tests.support.waiting import eventually

HOSTILE = "<img src=x onerror=alert(1)>\u202e </textarea><script>alert(2)</script>"


def field(page: Page, about: str = "Erika Müller") -> Locator:
    return page.get_by_role("textbox", name=f"Note {about}")


async def in_a_call(cloud: FakePageCloud, open_page: Open) -> Page:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    await expect(field(page)).to_be_visible()
    return page


def revisions(cloud: FakePageCloud) -> list[tuple[str, bool]]:
    return [(frame["text"], frame["draft"]) for frame in cloud.heard if frame["t"] == "note.put"]


async def test_a_note_is_saved_while_it_is_typed_and_says_so(cloud: FakePageCloud, open_page: Open) -> None:
    may_answer, put = asyncio.Event(), cloud._put

    async def in_time(socket: web.WebSocketResponse, frame: Frame) -> None:
        await may_answer.wait()
        await put(socket, frame)

    cloud._put = in_time  # type: ignore[method-assign]
    page = await in_a_call(cloud, open_page)
    await field(page).press_sequentially("Wants a refund")
    await expect(page.get_by_text("Saving…")).to_be_visible()
    may_answer.set()
    await expect(page.get_by_text(re.compile(r"^Saved \d\d:\d\d"))).to_be_visible()
    assert revisions(cloud)[-1] == ("Wants a refund", True)


async def test_a_note_outlives_its_call_until_it_is_saved_and_the_next_call_has_its_own(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_a_call(cloud, open_page)
    await field(page).fill("Wants a refund")
    await cloud.tell(event="dropped")
    await cloud.hears(lambda f: f["t"] == "note.put", "the note, saved at the end of the call")
    remote = {"number": "+4930123", "name": "Otto", "presentation": "allowed"}
    await cloud.tell(call("c-2", "connected", remote=remote), event="answered", on="c-2")
    await expect(field(page)).to_have_value("Wants a refund")
    await expect(field(page, "Otto")).to_have_value("")
    await expect(page.locator(".note-field bdi")).to_have_text(["Otto", "Erika Müller"])
    await page.locator(".note-field").last.get_by_role("button", name="Save note").click()
    await page.locator("#field").focus()
    await expect(field(page)).to_have_count(0)
    await expect(field(page, "Otto")).to_be_visible()
    assert revisions(cloud)[-1] == ("Wants a refund", False)


async def test_a_reload_before_anything_was_saved_loses_nothing(cloud: FakePageCloud, open_page: Open) -> None:
    page = await in_a_call(cloud, open_page)
    cloud.is_mute = True
    await field(page).press_sequentially("Wants")
    # How soon the device has it is looked at where time can be measured: web/client/notes.test.js.
    await eventually(lambda: page.evaluate(STORED.format(text="Wants")), saying="on the device")
    await page.goto("about:blank")
    cloud.is_mute = False
    await page.goto(f"{cloud.url}/host.html")
    await expect(field(page)).to_have_value("Wants")
    await expect(page.get_by_text(re.compile("^Saved "))).to_be_visible()
    assert cloud.notes["i-c-1"]["text"] == "Wants"


async def test_without_a_connection_the_note_says_that_it_is_kept_on_this_device(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_a_call(cloud, open_page)
    cloud.ticket_status = 503
    await cloud.cut()
    await until(page, "window.client.state.socket.state !== 'live'")
    await field(page).fill("Wants a refund")
    await expect(page.get_by_text(re.compile("^Offline . kept on this device$"))).to_be_visible()
    cloud.ticket_status = 201
    await expect(page.get_by_text(re.compile("^Saved "))).to_be_visible(timeout=10_000)
    assert revisions(cloud) == [("Wants a refund", True)]


async def test_what_another_page_wrote_at_once_is_kept_and_has_to_be_looked_at(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_a_call(cloud, open_page)
    there = {"note": "n-1", "interaction": "i-c-1", "rev": 1, "author": "anna", "text": HOSTILE, "fields": {}}
    cloud.notes["i-c-1"] = {**there, "draft": True, "at": at()}
    await field(page).press_sequentially("ours")
    await expect(page.get_by_text("Needs review")).to_be_visible()
    await expect(field(page)).to_have_value(re.compile(r"^ours\n\n--- From another page ---\n<img src=x"))
    assert HOSTILE in await field(page).input_value()
    assert await field(page).evaluate("area => area.selectionEnd") == len("ours")
    assert await page.evaluate("window.violations") == []


async def test_a_note_never_takes_the_focus_and_can_be_reached_with_the_keyboard(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await page.locator("#field").focus()
    await cloud.tell(call(leg="connected"), event="answered")
    await expect(field(page)).to_be_visible()
    assert await page.evaluate("document.activeElement.id") == "field"
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await field(page).evaluate("area => area.getRootNode().activeElement === area"):
            break
    await page.keyboard.type("typed")
    await cloud.tell(event="dropped")
    await page.keyboard.type(" on")
    await expect(field(page)).to_have_value("typed on")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await cloud.hears(lambda f: f["t"] == "note.put" and not f["draft"], "the finished note")
    if source := axe():
        assert await findings(page, source) == []
