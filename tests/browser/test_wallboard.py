"""The wallboard in a real browser, against a cloud that the test plays."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import Open, after_the_guard, axe, findings, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, at

PATH = "/wallboard/index.html?user=anna"
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil"


def station(number: str, name: str | None, **more: Any) -> Frame:
    agent = name.lower() if name else None
    base: Frame = {
        "station": number,
        "agent": agent,
        "name": name or "",
        "in_service": True,
        "state": "ready",
        "reason": None,
    }
    base |= {"pending": None, "since_at": at(65), "pages": 1, "work": 0, "owes": 0, "queues": ["support"], "calls": []}
    return base | more


def floor() -> list[Frame]:
    """A floor on which everything happens."""
    talking = [{"leg": "connected", "direction": "inbound", "queue": "support", "since_at": at(125)}]
    return [
        station("1001", "Anna", state="busy", pending="not_ready", calls=talking, work=1),
        station("1002", "Ben", state="wrap_up", owes=1, reason="ringline:wrap_up"),
        station("1003", "Cleo", state="not_ready", reason="lunch", pages=0),
        station("1004", "Dora", in_service=False),
        station("1005", None, state="logged_off", since_at=None, pages=0),
    ]


async def tell(cloud: FakePageCloud, **more: Any) -> None:
    """A board, whole unless said otherwise."""
    empty: Frame = {"stations": [], "queues": [], "gone": [], "closed": []}
    board = {"t": "board", "site": "hq", "whole": True, "at": at(), "part": 1, "parts": 1, **empty}
    await cloud.say(board | more)


async def opened(cloud: FakePageCloud, open_page: Open, **context: Any) -> Page:
    """A supervisor's wallboard that shows the floor."""
    cloud.roles, cloud.is_logged_on = ["supervisor"], False
    page = await open_page(PATH, live=False, **context)
    await cloud.hears(lambda frame: frame["t"] == "watch" and frame["on"], "watch")
    queues = [{"queue": "support", "waiting": 2, "longest_since_at": at(95)}]
    await tell(cloud, stations=floor(), queues=queues)
    await expect(row(page, "Anna")).to_be_visible()
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator(".agents tbody tr").filter(has=page.get_by_role("rowheader", name=name))


def tile(page: Page, name: str) -> Locator:
    return page.locator(f"[data-tile={name}] dd")


async def names(page: Page) -> list[str]:
    return await page.locator(".agents tbody th bdi").all_inner_texts()


async def press(button: Locator) -> None:
    await after_the_guard(button)
    await button.click()


async def test_everybody_is_shown_with_state_and_what_is_wrong(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    hello = await cloud.hears(lambda frame: frame["t"] == "hello", "hello")
    assert hello["only_looks"] is True
    for name, value in {
        "waiting": 2,
        "ready": 1,
        "busy": 1,
        "wrap_up": 1,
        "not_ready": 1,
        "page_lost": 1,
        "offline": 1,
    }.items():
        await expect(tile(page, name)).to_have_text(str(value))
    await expect(tile(page, "longest")).to_contain_text("1:3")
    await expect(row(page, "Anna")).to_contain_text("On a call")
    await expect(row(page, "Anna")).to_contain_text("talking support 2:0")
    await expect(row(page, "Anna")).to_contain_text("then not ready")
    await expect(row(page, "Cleo")).to_contain_text("No page open · lunch")
    await expect(row(page, "Dora")).to_contain_text("Phone offline")
    await expect(page.get_by_role("region", name="Queues")).to_contain_text("support")
    await expect(page.locator(".stamp")).to_contain_text("As of")


async def test_changes_are_drawn_and_who_leaves_is_taken_off(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await tell(cloud, whole=False, stations=[station("1002", "Ben")], gone=["1003"], closed=["support"])
    await expect(row(page, "Ben").locator(".state")).to_contain_text("Ready")
    await expect(row(page, "Cleo")).to_have_count(0)
    await expect(page.get_by_role("region", name="Queues")).to_be_hidden()
    await tell(cloud, stations=[])
    await expect(page.get_by_text("Nobody of your team is logged on.")).to_be_visible()


async def test_headings_sort_by_keyboard_and_say_so(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    assert await names(page) == ["Anna", "Ben", "Cleo", "Dora", "Nobody (1005)"]
    heading = page.get_by_role("columnheader", name="Owes")
    await heading.get_by_role("button").focus()
    await page.keyboard.press("Enter")
    await expect(heading).to_have_attribute("aria-sort", "ascending")
    assert (await names(page))[0] == "Ben"
    await page.keyboard.press("Enter")
    await expect(heading).to_have_attribute("aria-sort", "descending")
    assert (await names(page))[-1] == "Ben"


async def test_the_focus_stays_on_a_row_that_moves(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await page.get_by_role("columnheader", name="Owes").get_by_role("button").click()
    button = row(page, "Cleo").get_by_role("button", name="Log off")
    await button.focus()
    await tell(cloud, whole=False, stations=[station("1003", "Cleo", owes=3), station("1002", "Ben")])
    await until(page, "document.querySelector('.agents tbody th bdi').textContent === 'Cleo'")
    await expect(button).to_be_focused()


async def test_a_gate_is_broken_only_where_one_is_closed(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await expect(row(page, "Anna").get_by_role("button", name="Break gate")).to_have_attribute("aria-disabled", "true")
    await press(row(page, "Ben").get_by_role("button", name="Break gate: Ben"))
    await expect(page.get_by_text("Ben: break gate was asked for.")).to_be_visible()
    assert cloud.deeds == [("hq/1002/break-gate", {})]


async def test_states_are_set_and_a_refusal_is_said(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await press(row(page, "Cleo").get_by_role("button", name="Set ready"))
    await expect(page.get_by_text("Cleo: set ready was asked for.")).to_be_visible()
    cloud.deed_refusal = "this agent is not in your team"
    await press(row(page, "Dora").get_by_role("button", name="Set not ready"))
    await expect(page.get_by_text("Dora: this agent is not in your team")).to_be_visible()
    assert cloud.deeds == [
        ("hq/1003/set-state", {"state": "ready"}),
        ("hq/1004/set-state", {"state": "not_ready"}),
    ]


async def test_a_log_off_is_asked_twice(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    button = row(page, "Anna").get_by_role("button", name="Log off")
    dialog = page.get_by_role("dialog", name="Log off Anna?")
    await press(button)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await press(button)
    await dialog.get_by_role("button", name="Cancel").click()
    assert cloud.deeds == []
    await press(button)
    await dialog.get_by_role("button", name="Log off").click()
    await expect(page.get_by_text("Anna: log off was asked for.")).to_be_visible()
    assert cloud.deeds == [("hq/1001/log-off", {})]


async def test_an_old_board_is_grey_and_nothing_can_be_done_from_it(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await expect(page.locator(".wallboard")).to_have_attribute("data-stale", "false")
    await tell(cloud, at=at(-1), whole=False)
    await expect(page.get_by_text("No news from hq since")).to_be_visible(timeout=15_000)
    await expect(row(page, "Ben")).to_have_attribute("data-stale", "true")
    await expect(row(page, "Ben").get_by_role("button", name="Break gate")).to_have_attribute("aria-disabled", "true")
    await tell(cloud, at=at(-30), whole=False)
    await expect(row(page, "Ben")).to_have_attribute("data-stale", "false")
    cloud.ticket_status = 503
    await cloud.cut()
    await expect(page.get_by_text("No connection: what you see is old")).to_be_visible()
    await expect(row(page, "Ben")).to_have_attribute("data-stale", "true")


async def test_a_new_socket_watches_again(cloud: FakePageCloud, open_page: Open) -> None:
    await opened(cloud, open_page)
    cloud.heard.clear()
    await cloud.cut()
    await cloud.hears(lambda frame: frame["t"] == "watch", "watch")


async def test_who_may_not_look_reads_why(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.is_logged_on = False
    page = await open_page(PATH, live=False)
    await expect(page.get_by_text("This page is for supervisors and administrators.")).to_be_visible()


async def test_without_sites_there_is_nothing_to_show(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.roles, cloud.watched = ["supervisor"], []
    page = await open_page(PATH, live=False)
    await expect(page.get_by_text("There is no site where your team works.")).to_be_visible()


async def test_a_site_whose_connector_is_away_is_named(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.roles, cloud.watched = ["admin"], [{"id": "lab", "edge": "down", "pbx": "down", "tz": "UTC"}]
    page = await open_page(PATH, live=False)
    await expect(page.get_by_text("The connector of lab is offline")).to_be_visible()


async def test_names_full_of_markup_are_shown_as_text(cloud: FakePageCloud, open_page: Open) -> None:
    page = await opened(cloud, open_page)
    await tell(cloud, stations=[station("1001", HOSTILE, reason=HOSTILE, queues=[HOSTILE])])
    await expect(page.get_by_role("rowheader", name="<img src=x onerror=alert(1)>evil")).to_be_visible()
    assert await page.locator("img").count() == 0


@pytest.mark.parametrize(
    "context",
    [{}, {"color_scheme": "dark"}, {"forced_colors": "active"}, {"viewport": {"width": 380, "height": 800}}],
    ids=["light", "dark", "forced colours", "narrow"],
)
async def test_the_accessibility_checker_finds_nothing(
    cloud: FakePageCloud, open_page: Open, context: dict[str, Any]
) -> None:
    source = axe()
    if not source:
        pytest.skip("axe-core is not installed")
    page = await opened(cloud, open_page, **context)
    assert await findings(page, source) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await press(row(page, "Anna").get_by_role("button", name="Log off"))
    assert await findings(page, source) == []
    await page.keyboard.press("Escape")
    await tell(cloud, at=at(20), whole=True, stations=floor())
    cloud.ticket_status = 503
    await cloud.cut()
    await expect(page.get_by_text("No connection: what you see is old")).to_be_visible()
    assert await findings(page, source) == []
