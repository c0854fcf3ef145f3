"""Work items on the panel, and what keeps an agent from being ready or from leaving."""

from __future__ import annotations

from playwright.async_api import Dialog, expect

from tests.browser.test_notes import field, in_a_call
from tests.browser.test_wrap_up import in_wrap_up
from tests.support.browser import Open, after_the_guard, is_command, stopped
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call
from tests.support.waiting import eventually


def working(cloud: FakePageCloud, label: str = "#4711") -> None:
    """Anna has an e-mail open."""
    item: Frame = {"work": "w-1", "id": None, "channel": "email", "label": label, "blocks": ["voice"]}
    cloud.desk["work"] = [item | {"lease_until_at": at(-125)}]
    cloud.agent |= {"state": "not_ready", "reason": "ringline:work"}


async def test_s27_open_work_is_listed_with_what_is_left_of_its_lease_and_ended(
    cloud: FakePageCloud, open_page: Open
) -> None:
    working(cloud)
    page = await open_page(live=False)
    clock = await stopped(page)
    item = page.get_by_role("list", name="Open work").get_by_role("listitem")
    await expect(item).to_contain_text("#4711")
    cloud.desk["work"][0]["lease_until_at"] = clock.ago(-123)
    await cloud.tell()
    await expect(item.get_by_role("timer")).to_have_text("2:02 left")
    await clock.put(1.5)
    await expect(item.get_by_role("timer")).to_have_text("2:01 left")
    end = item.get_by_role("button", name="End: #4711")
    await end.click()
    asked = await cloud.hears(lambda frame: frame["t"] == "work.end", "the end")
    assert asked["work"] == "w-1"
    await expect(end).to_have_attribute("aria-busy", "true")
    cloud.desk["work"] = []
    await cloud.tell()
    await cloud.result(asked, "confirmed")
    await expect(page.get_by_role("list", name="Open work")).to_have_count(0)


async def test_s27_a_call_that_collides_with_work_may_be_sent_back_to_the_queue(
    cloud: FakePageCloud, open_page: Open
) -> None:
    working(cloud, "<b>#4711</b>")
    page = await open_page()
    await cloud.tell(call(conflict="w-1"), event="ringing")
    card = page.get_by_role("group", name="Erika Müller")
    await expect(card).to_contain_text(
        "You are working on <b>#4711</b>: answer the call, or send it back to the queue."
    )
    await expect(page.get_by_role("button", name="Reject")).to_have_count(0)
    await after_the_guard(page.get_by_role("button", name="Answer"))
    await page.get_by_role("button", name="Send back").click()
    assert (await cloud.hears(is_command("reject"), "reject"))["reason"] == "busy_work"


async def test_a_call_without_conflict_is_rejected_for_later(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    reject = page.get_by_role("button", name="Reject")
    await after_the_guard(reject)
    await reject.click()
    assert (await cloud.hears(is_command("reject"), "reject"))["reason"] == "later"


async def test_s27_ready_while_work_blocks_says_so_and_leads_to_it(cloud: FakePageCloud, open_page: Open) -> None:
    working(cloud)
    page = await open_page()
    await page.keyboard.press("Alt+Shift+KeyR")
    await expect(page.get_by_role("alert").filter(has_text="End the open work first")).to_be_visible()
    await expect(page.get_by_role("button", name="End: #4711")).to_be_focused()
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_s24_ready_while_a_note_is_owed_says_so_and_leads_to_it(cloud: FakePageCloud, open_page: Open) -> None:
    page = await in_wrap_up(cloud, open_page, "note")
    await page.get_by_role("button", name="Ready", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").filter(has_text="Save the note")).to_be_visible()
    await expect(field(page)).to_be_focused()
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_a_page_with_text_that_the_cloud_lacks_asks_before_it_goes_and_else_does_not(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await in_a_call(cloud, open_page)
    asked: list[str] = []

    async def stays(dialog: Dialog) -> None:
        asked.append(dialog.type)
        await dialog.dismiss()

    page.on("dialog", stays)
    cloud.is_mute = True
    await field(page).fill("Wants a refund")
    await page.close(run_before_unload=True)  # comes back before the page was asked
    await eventually(lambda: asked == ["beforeunload"], saying="the question")
    await expect(field(page)).to_have_value("Wants a refund")
    cloud.is_mute = False
    await cloud.cut()
    await expect(page.locator(".note-status")).to_contain_text("Saved", timeout=15_000)
    async with page.expect_event("close"):
        await page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
