"""Calls on the panel, in a real browser."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.browser import Open, after_the_guard, events, is_command, settled, stopped
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call


async def test_s01_a_ringing_call_shows_number_and_queue_and_rings_once(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    card = page.get_by_role("group", name="Erika Müller")
    await expect(card).to_contain_text("Ringing")
    await expect(card).to_contain_text("+442071234567")
    await expect(card).to_contain_text("support")
    assert await events(page) == ["ringing"]


async def test_a_page_that_opens_while_it_rings_shows_the_call_and_raises_nothing(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.change(call(), event="ringing")
    page = await open_page()
    await expect(page.get_by_role("group", name="Erika Müller")).to_contain_text("Ringing")
    assert await events(page) == []


async def test_s02_the_timer_of_an_answered_call_runs_from_the_answer(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(live=False)
    clock = await stopped(page)
    await cloud.tell(call(leg="connected", answered_at=clock.ago(65)), event="answered", by="agent_phone")
    timer = page.get_by_role("group", name="Erika Müller").get_by_role("timer")
    await expect(timer).to_have_text("1:05")
    await clock.put(1.5)
    await expect(timer).to_have_text("1:06")
    await clock.put(2.5)
    await expect(timer).to_have_text("1:07")


async def test_hang_up_is_pending_on_its_button_until_the_phone_system_showed_it(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    button = page.get_by_role("button", name="Hang up")
    await after_the_guard(button)
    await button.click()
    command = await cloud.hears(is_command("drop"), "drop")
    assert command["call"] == "c-1"
    await expect(button).to_have_attribute("aria-busy", "true")
    await cloud.result(command, "sent")
    await expect(button).to_have_attribute("aria-busy", "true")
    await cloud.tell(event="dropped", cause="normal", by="agent_page")
    await cloud.result(command, "confirmed")
    await expect(button).to_have_count(0)
    await expect(page.get_by_text("No call.")).to_be_visible()


async def test_a_refused_command_says_why_in_words(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await page.get_by_label("Number to call").fill("999")
    await page.get_by_role("button", name="Call", exact=True).click()
    command = await cloud.hears(is_command("place"), "place")
    assert command["to"] == "999"
    await cloud.result(command, "failed", error={"code": "number_invalid", "text": "That is no number."})
    await expect(page.get_by_text("That is no number.")).to_be_visible()


async def test_buttons_are_enabled_from_can_alone(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(can=["reject"]), event="ringing")
    await expect(page.get_by_role("button", name="Answer")).to_have_attribute("aria-disabled", "true")
    await expect(page.get_by_role("button", name="Reject")).to_have_attribute("aria-disabled", "false")


async def test_s43_reordered_and_repeated_frames_raise_each_event_once_in_order(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    rings = cloud.change(call(), event="ringing")
    answers = cloud.change(call(leg="connected"), event="answered")
    holds = cloud.change(call(leg="hold"), event="held")
    await cloud.say(answers, rings, answers, holds, rings, holds, answers)
    await settled(page, holds["rev"])
    await cloud.tell(call(leg="connected"), event="resumed")
    await settled(page, cloud.rev)
    assert await events(page) == ["ringing", "answered", "held", "resumed"]


async def test_a_late_frame_of_an_ended_log_on_does_not_revive_it(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    late: Frame = cloud.change(call(), event="ringing")
    cloud.is_logged_on = False
    await cloud.say(cloud.station(), late)
    await expect(page.get_by_role("button", name="Log on")).to_be_visible()
    assert await events(page) == []


async def test_s33_a_reload_in_a_call_gives_the_same_state_and_no_event(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected", answered_at=at(30)), event="answered")
    await expect(page.get_by_role("group", name="Erika Müller")).to_contain_text("Talking")
    await page.reload()
    await expect(page.get_by_role("group", name="Erika Müller")).to_contain_text("Talking")
    assert await events(page) == []
    hellos = [frame for frame in cloud.heard if frame["t"] == "hello"]
    assert hellos[0]["page"] == hellos[1]["page"]


async def test_s35_markup_and_direction_marks_are_shown_as_text(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    name = "<img src=x onerror=alert(1)>\u202egnp.exe<script>alert(2)</script>"
    remote = {"number": '"><svg onload=alert(3)>', "name": name, "presentation": "allowed"}
    await cloud.tell(call(remote=remote, queue="<b>sales</b>"), event="ringing")
    group = page.get_by_role("group").first
    await expect(group).to_contain_text("<img src=x onerror=alert(1)>gnp.exe<script>alert(2)</script>")
    await expect(group).to_contain_text("<b>sales</b>")
    assert await group.locator("img, script, svg, b").count() == 0
    assert await page.evaluate("window.violations") == []


async def test_a_name_of_five_thousand_letters_does_not_break_the_layout(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(viewport={"width": 380, "height": 800})
    remote = {"number": "+1", "name": "W" * 5000, "presentation": "allowed"}
    await cloud.tell(call(remote=remote), event="ringing")
    await expect(page.get_by_role("button", name="Answer")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
