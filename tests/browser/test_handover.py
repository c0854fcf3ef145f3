"""What a colleague passed on, readable while it rings."""

from __future__ import annotations

from typing import Any

from playwright.async_api import expect

from tests.support.browser import Open
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call

HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe"


def handover(**fields: Any) -> Frame:
    """Ben passed the call on."""
    told: Frame = {"interaction": "i-c-1", "from": {"agent": "ben", "station": "1002"}, "kind": "cold", "at": at()}
    return told | {"note": "Wants a refund\nfor order 4711", "data": {"order": "4711", "amount": 12.5}} | fields


def context(*notes: Frame, **fields: Any) -> Frame:
    """What the cloud says of the interaction when it rings."""
    shown: Frame = {"notes": list(notes), "data": {}, "handover": None, "previous": [], "more": False}
    return {"t": "context", "interaction": "i-c-1", **shown, **fields}


def note(author: str, text: str) -> Frame:
    base: Frame = {"note": f"n-{author}", "interaction": "i-c-1", "rev": 1, "author": author, "text": text}
    return base | {"fields": {}, "draft": False, "at": at(600)}


async def test_s13_the_desks_hand_over_is_read_while_it_rings(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    cloud.desk["handover"] = [handover()]
    await cloud.tell(call(data={"order": "4711"}), event="ringing")
    card = page.get_by_role("group", name="Erika Müller")
    await expect(card).to_contain_text("Ringing")
    await expect(card).to_contain_text("Passed on by ben")
    await expect(card.get_by_text("Wants a refund")).to_have_text("Wants a refund for order 4711")
    rows = card.get_by_role("table", name="Data of the call").get_by_role("row")
    await expect(rows).to_have_text(["order4711", "amount12.5"])


async def test_s14_the_context_tells_of_a_hot_transfer_and_the_chain_of_notes_below(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    chain = (note("cleo", "Asked for the manual"), note("ben", "Wants a refund"), note("anna", "my own"))
    await cloud.say(context(*chain, handover=handover(kind="hot", note="Wants a refund", data={})))
    card = page.get_by_role("group", name="Erika Müller")
    await expect(card).to_contain_text("Passed on by ben, who asked first")
    await expect(card.get_by_role("table")).to_have_count(0)
    more = card.get_by_text("Notes so far (1)")
    await more.focus()
    await page.keyboard.press("Enter")
    await expect(card.get_by_role("listitem")).to_contain_text("Asked for the manual")
    await cloud.tell(call(leg="connected"), event="answered")
    await expect(card).to_contain_text("Talking")
    await expect(card.get_by_role("listitem")).to_be_visible()


async def test_s35_a_hand_over_full_of_markup_is_text_and_fits(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(viewport={"width": 320, "height": 900})
    sender = {"agent": HOSTILE, "station": "1002"}
    data = {HOSTILE: HOSTILE * 9, "nested": {"deep": [HOSTILE]}}
    told = handover(note=HOSTILE * 5, data=data, **{"from": sender})
    await cloud.tell(call(), event="ringing")
    await cloud.say(context(note(HOSTILE, HOSTILE * 40), handover=told))
    card = page.get_by_role("group", name="Erika Müller")
    await card.get_by_text("Notes so far").click()
    await expect(card.get_by_role("listitem")).to_contain_text("<img src=x onerror=alert(1)>gnp.exe")
    assert await card.locator("img").count() == 0
    assert "\u202e" not in await card.inner_text()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await page.evaluate("window.violations") == []


async def test_a_call_that_nobody_passed_on_shows_nothing_of_it(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    await cloud.say(context())
    await expect(page.get_by_role("button", name="Answer")).to_be_visible()
    await expect(page.locator(".handed")).to_be_hidden()
