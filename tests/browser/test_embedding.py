"""The documentation's own example, run as it stands."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.browser import Open, is_command
from tests.support.fake_page_cloud import FakePageCloud, call


async def test_the_example_shows_the_panel_hears_a_call_and_places_one(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page("/docs/examples/embed.html", live=False)
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    await cloud.tell(call(), event="ringing")
    await cloud.pop()
    await expect(page.get_by_text("Erika Müller calls support.")).to_be_visible()
    await cloud.tell(event="missed", cause="abandoned")
    await page.get_by_role("button", name="Call +44").click()
    command = await cloud.hears(is_command("place"), "place")
    assert command["to"] == "+442079460958"
    await cloud.result(command, "sent")
    await cloud.result(command, "confirmed")
    await expect(page.get_by_text("It rings there.")).to_be_visible()


async def test_s35_the_strictest_policy_of_the_documentation_is_enough(cloud: FakePageCloud, open_page: Open) -> None:
    socket = cloud.url.replace("http", "ws")
    cloud.policy = (
        f"default-src 'none'; script-src 'self'; connect-src {cloud.url} {socket}; img-src data:; "
        "require-trusted-types-for 'script'"
    )
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    button = page.get_by_role("button", name="Answer")
    await expect(button).to_have_css("background-color", "rgb(11, 107, 58)")
    assert await page.evaluate("window.violations") == []


async def test_events_bubble_out_of_the_panel_for_apps_that_keep_no_client(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await page.evaluate("addEventListener('ringline:ringing', ({ detail }) => (window.heard = detail.call))")
    await cloud.tell(call(), event="ringing")
    await expect(page.get_by_role("group", name="Erika Müller")).to_be_visible()
    assert await page.evaluate("window.heard") == "c-1"


async def test_a_panel_taken_off_the_page_lets_go_and_put_back_goes_on(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    counts = "[...window.client.listeners.byName.values()].reduce((sum, fns) => sum + fns.size, 0)"
    before = await page.evaluate(counts)
    for _ in range(20):
        await page.evaluate("document.body.append(document.getElementById('panel'))")
    assert await page.evaluate(counts) == before
    await page.evaluate("(window.panel = document.getElementById('panel')).remove()")
    await cloud.tell(call(), event="ringing")
    await page.evaluate("document.body.append(window.panel)")
    await expect(page.get_by_role("group", name="Erika Müller")).to_be_visible()
