"""Colleagues to choose from, in every field that takes a number."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.support.browser import Open, after_the_guard, axe, findings, is_command, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call


def colleague(agent: str, name: str, station: str | None, state: str, **fields: object) -> Frame:
    """As `GET /colleagues` tells of one."""
    base: Frame = {"agent": agent, "name": name, "station": station, "site": "hq", "team": "support", "state": state}
    return base | {"since_at": at(60), "on_call": False} | fields


PEOPLE = [
    colleague("ben", "Ben Ode", "1002", "ready"),
    colleague("bea", "Bea Lund", "1003", "busy", on_call=True),
    colleague("beat", "Beat Ruf", None, "logged_off"),
]


def options(page: Page) -> Locator:
    """What there is to choose from."""
    return page.get_by_role("listbox", name="Colleagues").get_by_role("option")


async def test_colleagues_are_found_by_name_with_their_presence_in_words_and_one_is_called_by_keyboard(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page()
    field = page.get_by_role("combobox", name="Number to call")
    await field.focus()
    await page.keyboard.type("be")
    await expect(options(page)).to_have_text(
        [
            "✓Ben Ode1002Ready · support · hq",
            "☎Bea Lund1003On a call · support · hq",
            "○Beat RufSigned out · support · hq",
        ]
    )
    await expect(field).to_have_attribute("aria-expanded", "true")
    assert await findings(page, axe()) == []
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(options(page).nth(1)).to_have_attribute("aria-selected", "true")
    active = await field.get_attribute("aria-activedescendant")
    assert active == await options(page).nth(1).get_attribute("id")
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("1003")
    await expect(options(page)).to_have_count(0)
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]
    await page.keyboard.press("Enter")
    assert (await cloud.hears(is_command("place"), "place"))["to"] == "1003"


async def test_a_number_of_ones_own_is_dialled_as_it_was_typed(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page()
    await page.get_by_role("combobox", name="Number to call").focus()
    await page.keyboard.type("100")
    await expect(options(page)).to_have_count(2)
    await page.keyboard.type("9")
    await page.keyboard.press("Enter")
    assert (await cloud.hears(is_command("place"), "place"))["to"] == "1009"
    await expect(options(page)).to_have_count(0)


async def test_a_name_is_no_number_and_enter_leads_to_the_first_who_bears_it(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page()
    await page.get_by_role("combobox", name="Number to call").focus()
    await page.keyboard.type("ode")
    await expect(options(page)).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(options(page).first).to_have_attribute("aria-selected", "true")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_s14_a_colleague_is_chosen_with_the_mouse_to_be_asked_first(
    cloud: FakePageCloud, open_page: Open
) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page(viewport={"width": 320, "height": 900})
    await cloud.tell(call(leg="connected"), event="answered")
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await page.keyboard.type("ben")
    await options(page).filter(has_text="Ben Ode").click()
    await expect(page.get_by_role("combobox", name="Transfer this call to")).to_be_focused()
    await page.get_by_role("button", name="Ask first").click()
    command = await cloud.hears(is_command("consult"), "consult")
    assert (command["call"], command["to"]) == ("c-1", "1002")


async def test_who_has_no_phone_now_cannot_be_chosen(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page()
    field = page.get_by_role("combobox", name="Number to call")
    await field.fill("beat")
    await expect(options(page)).to_have_attribute("aria-disabled", "true")
    await field.press("ArrowDown")
    await field.press("Enter")
    await expect(field).to_have_value("beat")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_escape_closes_the_list_first_and_then_the_row(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.colleagues = PEOPLE
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await page.keyboard.type("ben")
    await expect(options(page)).to_have_count(1)
    await page.keyboard.press("Escape")
    await expect(options(page)).to_have_count(0)
    await expect(page.get_by_role("combobox", name="Transfer this call to")).to_have_value("ben")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Transfer", exact=True)).to_be_focused()


async def test_a_cloud_without_a_directory_leaves_a_field_for_numbers(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.refused_tokens = {"token"}
    page = await open_page()
    field = page.get_by_role("combobox", name="Number to call")
    await field.fill("1002")
    await field.press("ArrowDown")
    await field.press("Enter")
    assert (await cloud.hears(is_command("place"), "place"))["to"] == "1002"
    await until(page, "window.tokens.includes('rejected')")
    await expect(page.get_by_text("Sign in again")).to_have_count(0)


async def test_s35_names_of_colleagues_are_text(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.colleagues = [colleague("x", "<img src=x>\u202egnp" * 20, "1002", "<b>odd</b>", team="<i>t</i>")]
    page = await open_page(viewport={"width": 320, "height": 760})
    await page.get_by_role("combobox", name="Number to call").fill("gnp")
    await expect(options(page)).to_contain_text("<img src=x>gnp")
    await expect(options(page)).to_contain_text("Unknown")
    assert await options(page).locator("img, b, i").count() == 0
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
