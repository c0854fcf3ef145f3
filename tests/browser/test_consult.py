"""A consultation on the panel: who hears whom, and buttons that say whom they end."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page, expect

from tests.support.browser import Open, after_the_guard, is_command
from tests.support.fake_page_cloud import FakePageCloud, Frame, call

STEPS = ["complete", "cancel", "swap", "conference"]


def aside(leg: str, **fields: Any) -> Frame:
    """The call to the colleague."""
    ben = {"number": "1002", "name": "Ben Ode", "presentation": "allowed"}
    told: Frame = {"remote": ben, "queue": None, "direction": "internal", "dialed": "1002", "consult_of": "c-1"}
    return call("c-2", leg=leg, can=["drop"], **told | fields)


def card(page: Page) -> Any:
    """The customer's card."""
    return page.get_by_role("group", name="Erika Müller")


async def test_s14_a_consultation_says_who_hears_whom_at_every_step(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(leg="hold", can=["cancel", "drop"]), aside("initiated"), event="consulting")
    await expect(card(page)).to_contain_text("Ben Ode is being called. Erika Müller hears music.")
    await cloud.tell(call(leg="hold", can=[*STEPS, "drop"]), aside("connected"), event="answered", on="c-2")
    await expect(card(page)).to_contain_text("You and Ben Ode hear each other. Erika Müller hears music.")
    await cloud.tell(call(leg="connected", can=[*STEPS, "drop"]), aside("hold"), event="resumed")
    await expect(card(page)).to_contain_text("You and Erika Müller hear each other. Ben Ode hears music.")
    both = [{"number": "+442071234567", "station": None, "leg": "connected"}]
    both.append({"number": "1002", "station": "1002", "leg": "connected"})
    await cloud.tell(call(leg="connected", parties=both), event="conferenced")
    await expect(card(page)).to_contain_text("You, Erika Müller, and 1002 hear each other.")
    await cloud.tell(call(leg="connected"), event="dropped", on="c-2")
    await expect(card(page).locator(".hears")).to_be_hidden()


async def test_s14_with_two_calls_each_end_says_whose_it_is_and_ends_that_one(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page(viewport={"width": 320, "height": 800})
    await cloud.tell(call(leg="hold", can=[*STEPS, "drop"]), aside("connected"), event="consulting")
    await after_the_guard(page.get_by_role("button", name="End with Erika Müller"))
    await expect(page.get_by_role("button", name="Hang up")).to_have_count(0)
    await page.get_by_role("button", name="End with Ben Ode").click()
    assert (await cloud.hears(is_command("drop"), "drop"))["call"] == "c-2"
    await cloud.tell(call(leg="connected"), event="dropped", on="c-2")
    await expect(page.get_by_role("button", name="Hang up")).to_be_visible()


async def test_s14_every_step_asks_for_the_customers_call(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(leg="hold", can=[*STEPS, "drop"]), aside("connected"), event="consulting")
    names = {"complete": "Complete transfer", "swap": "Swap", "conference": "Conference", "cancel": "Back to caller"}
    await after_the_guard(page.get_by_role("button", name="Swap"))
    for verb, name in names.items():
        await page.get_by_role("button", name=name).click()
        assert (await cloud.hears(is_command(verb), verb))["call"] == "c-1"


async def test_s35_a_name_that_turns_the_text_around_stays_in_its_place(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(viewport={"width": 320, "height": 800})
    hebrew = {"number": "1002", "name": "<b>דוד</b> \u202e" + "לוי" * 30, "presentation": "allowed"}
    await cloud.tell(call(leg="hold", can=STEPS), aside("connected", remote=hebrew), event="consulting")
    names = card(page).locator(".hears bdi")
    await expect(names).to_have_count(2)
    await expect(names.first).to_contain_text("<b>דוד</b>")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
