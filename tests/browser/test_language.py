"""The panel in another language than English."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.support.browser import Open, is_command
from tests.support.fake_page_cloud import FakePageCloud, call


async def speak_german(page: Page) -> None:
    """Pass the German texts in and ask for them, as an app does whose user switches."""
    await page.evaluate(
        """async () => {
          const [{ addTexts }, de] = await Promise.all([import("/panel/texts.js"), import("/panel/texts/de.js")]);
          addTexts("de", de);
          document.getElementById("panel").setAttribute("locale", "de-DE");
        }"""
    )
    await expect(page.get_by_role("region", name="Telefon", exact=True)).to_be_visible()


async def test_the_panel_changes_its_language_in_the_middle_of_a_call_and_goes_on(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    await expect(page.get_by_role("button", name="Answer")).to_be_visible()
    await speak_german(page)
    card = page.get_by_role("group", name="Erika Müller")
    await expect(card).to_contain_text("Klingelt")
    await cloud.tell(call(leg="connected"), event="answered")
    await expect(page.get_by_role("button", name="Auflegen")).to_be_visible()
    await expect(page.locator(".call")).to_have_count(1)
    await page.locator("#panel").evaluate("panel => panel.setAttribute('locale', 'en')")
    await expect(page.get_by_role("button", name="Hang up")).to_be_visible()


async def test_what_the_cloud_says_stays_as_it_was_sent_and_what_the_page_refuses_is_translated(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await speak_german(page)
    await page.get_by_label("Nummer zum Anrufen").fill("999")
    await page.get_by_role("button", name="Anrufen", exact=True).click()
    command = await cloud.hears(is_command("place"), "place")
    await cloud.result(command, "failed", error={"code": "number_invalid", "text": "That is no number."})
    await expect(page.get_by_text("That is no number.")).to_be_visible()
    await page.get_by_label("Nummer zum Anrufen").fill("1" * 30_000)
    await page.get_by_role("button", name="Anrufen", exact=True).click()
    await expect(page.get_by_text("Das ist zu lang zum Senden.")).to_be_visible()


async def test_without_german_texts_a_german_page_gets_english(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(locale="de-DE")
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
