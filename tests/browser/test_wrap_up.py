"""After a call, in a real browser: the note that is owed is asked for, and everything else keeps its place."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.browser.test_notes import field, in_a_call, revisions
from tests.support.browser import Open, axe, findings
from tests.support.fake_page_cloud import FakePageCloud, at


def owing(cloud: FakePageCloud, *needs: str) -> None:
    """The call's note is owed."""
    entry: dict[str, Any] = {"interaction": "i-c-1", "call": "c-1", "since_at": at(), "limit_at": None, "ask": None}
    cloud.wrap_up = [{**entry, "needs": list(needs)}]
    cloud.agent |= {"state": "wrap_up", "reason": "ringline:wrap_up"}


async def in_wrap_up(cloud: FakePageCloud, open_page: Open, *needs: str) -> Page:
    page = await in_a_call(cloud, open_page)
    owing(cloud, *needs)
    await cloud.tell(event="dropped")
    await expect(page.get_by_text("Wrap-up")).to_be_visible()
    return page


async def test_s24_after_the_call_its_note_stays_and_ready_says_why_it_must_wait(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_wrap_up(cloud, open_page, "note")
    await expect(field(page)).to_be_visible()
    await expect(page.locator(".why")).to_have_text("Save the note of the last call first.")
    await expect(page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-disabled", "true")
    assert await findings(page, axe()) == []
    await field(page).fill("Wants a refund")
    await page.get_by_role("button", name="Save note").click()
    await cloud.hears(lambda f: f["t"] == "note.put" and not f["draft"], "the finished note")
    cloud.wrap_up, cloud.agent = [], cloud.agent | {"state": "ready", "reason": None}
    await cloud.tell()
    await page.locator("#field").focus()
    await expect(field(page)).to_have_count(0)
    assert revisions(cloud)[-1] == ("Wants a refund", False)


async def test_nothing_to_note_is_a_decision_too(cloud: FakePageCloud, open_page: Open) -> None:
    page = await in_wrap_up(cloud, open_page, "note")
    await page.get_by_role("button", name="Nothing to note").click()
    done = await cloud.hears(lambda f: f["t"] == "wrap_up.done", "the decision")
    assert (done["interaction"], done["nothing_to_note"]) == ("i-c-1", True)


async def test_without_a_note_owed_ready_ends_the_wrap_up_at_once(cloud: FakePageCloud, open_page: Open) -> None:
    page = await in_wrap_up(cloud, open_page)
    await page.get_by_role("button", name="Ready", exact=True).click()
    asked = await cloud.hears(lambda f: f["t"] == "command" and f["verb"] == "set_state", "Ready")
    assert asked["state"] == "ready"


async def test_a_note_that_was_let_go_is_still_asked_for(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.desk |= {"owed": [{"interaction": "i-9", "call": "c-9", "since_at": at(), "needs": ["note"]}]}
    page = await open_page()
    await expect(page.get_by_role("button", name="Nothing to note")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Note")).to_be_visible()


async def test_how_the_call_ended_is_chosen_from_the_policys_list_and_told_with_the_finished_note(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.dispositions = {"": ["sold", "<b>lost</b>"]}
    page = await in_wrap_up(cloud, open_page, "note", "disposition")
    how = page.get_by_role("combobox", name="How did it end?")
    await expect(how.locator("option")).to_have_text(["How did it end?", "sold", "<b>lost</b>"])
    await how.select_option("sold")
    await field(page).fill("Wants a refund")
    assert [frame for frame in cloud.heard if frame["t"] == "wrap_up.done"] == []
    await page.get_by_role("button", name="Save note").click()
    done = await cloud.hears(lambda f: f["t"] == "wrap_up.done", "the decision")
    assert (done["interaction"], done["disposition"]) == ("i-c-1", "sold")
    assert await findings(page, axe()) == []


async def test_the_calls_own_queue_says_how_it_may_end(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.dispositions = {"": ["sold"], "sales": ["quote", "order"]}
    page = await in_wrap_up(cloud, open_page, "note", "disposition")
    cloud.wrap_up[0]["queue"] = "sales"
    await cloud.tell(event="dropped")
    how = page.get_by_role("combobox", name="How did it end?")
    await expect(how.locator("option")).to_have_text(["How did it end?", "quote", "order"])


async def test_without_a_list_and_without_a_note_the_call_can_still_be_ended(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_wrap_up(cloud, open_page, "note", "disposition")
    await page.get_by_role("combobox", name="How did it end?").select_option("Done")
    await page.get_by_role("button", name="Nothing to note").click()
    done = await cloud.hears(lambda f: f["t"] == "wrap_up.done", "the decision")
    assert (done["nothing_to_note"], done["disposition"]) == (True, "Done")
    await cloud.result(done, "failed", error={"code": "gate_closed", "text": "Still missing: a note."})
    await expect(page.get_by_text("Still missing: a note.")).to_be_visible()


async def test_in_a_narrow_panel_every_button_of_the_note_is_inside_and_ready_on_the_phone_is_seen(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.dispositions = {"": ["sold"]}
    page = await in_a_call(cloud, open_page)
    await page.set_viewport_size({"width": 320, "height": 800})
    await field(page).fill("Wants a refund")
    await cloud.hears(lambda f: f["t"] == "note.put", "the draft")
    owing(cloud, "note", "disposition")
    await cloud.tell(event="dropped")
    await expect(page.get_by_role("combobox", name="How did it end?")).to_be_visible()
    outer = await page.locator(".panel").bounding_box()
    assert outer is not None
    for inner in await page.locator(".note-field :is(textarea, select, button)").all():
        box = await inner.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= outer["x"] + outer["width"]
    await cloud.tell(event="gate_tripped")
    await expect(page.get_by_role("alert").get_by_text("Ready was pressed on the phone")).to_be_visible()
