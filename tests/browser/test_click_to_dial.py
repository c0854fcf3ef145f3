"""Numbers of the hosted app that dial when clicked."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Open, is_command
from tests.support.fake_page_cloud import FakePageCloud

BUILDS = """async () => {
  const { clickToDial } = await import("/panel/extras.js");
  document.getElementById("panel").use(clickToDial());
  const make = (tag, attributes, text, parent = document.querySelector("main")) => {
    const node = Object.assign(document.createElement(tag), { textContent: text });
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    parent.append(node);
    return node;
  };
  make("a", { id: "link", href: "tel:+44-20-7123-4567;ext=9" }, "call us");
  make("span", { id: "marked", "data-ringline-phone": "" }, "+49 (0)30 / 231-250 42");
  const cell = make("div", { id: "given", "data-ringline-phone": "1002" }, "");
  make("b", { id: "inner" }, "Ben", cell);
  const editor = make("div", { id: "editor", contenteditable: "true" }, "");
  make("a", { id: "edited", href: "tel:1" }, "1", editor);
  make("a", { id: "empty", href: "tel:" }, "nobody");
  window.html = document.querySelector("main").innerHTML.length;
}"""


async def with_numbers(open_page: Open) -> Page:
    """A page whose app shows numbers."""
    page = await open_page()
    await page.evaluate(BUILDS)
    return page


@pytest.mark.parametrize(
    ("what", "number"), [("#link", "+442071234567"), ("#marked", "+493023125042"), ("#inner", "1002")]
)
async def test_a_click_fills_the_field_and_dials_only_when_the_agent_says_so(
    cloud: FakePageCloud, open_page: Open, what: str, number: str
) -> None:
    page = await with_numbers(open_page)
    await page.evaluate("addEventListener('click', (event) => (window.taken = event.defaultPrevented))")
    await page.locator(what).click()
    assert await page.evaluate("window.taken") is True
    field = page.get_by_label("Number to call")
    await expect(field).to_have_value(number)
    await expect(field).to_be_focused()
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]
    await page.keyboard.press("Enter")
    assert (await cloud.hears(is_command("place"), "place"))["to"] == number


async def test_with_alt_it_is_dialled_at_once_and_the_apps_elements_stay_as_they_were(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await with_numbers(open_page)
    await page.locator("#marked").click(modifiers=["Alt"])
    assert (await cloud.hears(is_command("place"), "place"))["to"] == "+493023125042"
    assert await page.evaluate("document.querySelector('main').innerHTML.length === window.html")


async def test_the_app_may_say_no_and_hears_which_number_it_was(cloud: FakePageCloud, open_page: Open) -> None:
    page = await with_numbers(open_page)
    await page.evaluate(
        "addEventListener('ringline:dial', (event) => (event.preventDefault(), (window.wanted = event.detail)))"
    )
    await page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    await page.locator("#link").click(modifiers=["Alt"])
    assert await page.evaluate("window.wanted") == {"number": "+442071234567", "atOnce": True}
    await expect(page.get_by_label("Number to call")).to_have_value("")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


@pytest.mark.parametrize("what", ["#edited", "#empty", "#field"])
async def test_what_is_edited_or_names_nobody_dials_nothing(cloud: FakePageCloud, open_page: Open, what: str) -> None:
    page = await with_numbers(open_page)
    await page.evaluate("addEventListener('click', (event) => event.preventDefault())")
    await page.evaluate("document.getElementById('field').setAttribute('data-ringline-phone', '1')")
    await page.locator(what).click(modifiers=["Alt"])
    await expect(page.get_by_label("Number to call")).to_have_value("")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]
