"""The keyboard: nothing is taken from the agent, everything can be reached."""

from __future__ import annotations

from playwright.async_api import expect

from tests.support.browser import Open, after_the_guard, is_command, until
from tests.support.fake_page_cloud import FakePageCloud, call


async def test_s36_typing_elsewhere_while_it_rings_loses_no_key_and_answers_nothing(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    field = page.locator("#field")
    await field.focus()
    text = ""
    for index in range(10):
        ident = f"c-{index}"
        await cloud.tell(call(ident), event="ringing", on=ident)
        await page.keyboard.type("ab c ")
        await cloud.tell(event="missed", on=ident, cause="abandoned")
        text += "ab c "
    await expect(field).to_have_value(text)
    assert await page.evaluate("document.activeElement.id") == "field"
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_s36_a_whole_call_with_the_keyboard_alone(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    await after_the_guard(page.get_by_role("button", name="Answer"))
    await page.keyboard.press("Alt+Shift+KeyA")
    command = await cloud.hears(is_command("answer"), "answer")
    await cloud.tell(call(leg="connected"), event="answered")
    await cloud.result(command, "confirmed")
    hang_up = page.get_by_role("button", name="Hang up")
    await expect(hang_up).to_be_visible()
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await hang_up.evaluate("node => node.getRootNode().activeElement === node"):
            break
    await after_the_guard(hang_up)
    await page.keyboard.press("Enter")
    await cloud.hears(is_command("drop"), "drop")


async def test_hanging_up_from_outside_the_panel_takes_two_presses(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    await after_the_guard(page.get_by_role("button", name="Hang up"))
    await page.locator("#field").focus()
    await page.keyboard.press("Alt+Shift+KeyX")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]
    await page.keyboard.press("Alt+Shift+KeyX")
    await cloud.hears(is_command("drop"), "drop")


async def test_a_transfer_goes_to_the_number_typed_into_its_row(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await page.get_by_label("Transfer this call to").fill("1002")
    await page.keyboard.press("Enter")
    command = await cloud.hears(is_command("transfer"), "transfer")
    assert (command["call"], command["to"]) == ("c-1", "1002")


async def test_escape_closes_the_row_never_the_call_and_the_focus_is_not_lost(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    button = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(button)
    await button.click()
    field = page.get_by_label("Transfer this call to")
    await field.fill("10")
    await page.keyboard.press("Escape")
    await expect(field).to_be_hidden()
    await expect(button).to_be_focused()
    await page.keyboard.press("Escape")
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_asking_a_colleague_first_is_a_consultation_with_the_typed_number(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await page.get_by_label("Transfer this call to").fill("1002")
    await page.get_by_role("button", name="Ask first").click()
    command = await cloud.hears(is_command("consult"), "consult")
    assert (command["call"], command["to"]) == ("c-1", "1002")


async def test_a_press_that_lands_just_as_the_call_comes_answers_nothing(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    button = "document.getElementById('panel').shadowRoot.querySelector('.call .go.big')"
    await page.evaluate(f"void window.client.on('ringing', () => setTimeout(() => (window.slip = {button}).click()))")
    await cloud.tell(call(), event="ringing")
    await until(page, "window.slip?.textContent === 'Answer'")
    await after_the_guard(page.get_by_role("button", name="Answer"))
    assert not [frame for frame in cloud.heard if frame["t"] == "command"]


async def test_screen_readers_hear_one_sentence_when_it_rings(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page()
    await cloud.tell(call(), event="ringing")
    alert = page.get_by_role("alert").filter(has_text="Incoming call")
    await expect(alert).to_have_text("Incoming call, Erika Müller, support.")
