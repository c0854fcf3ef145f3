"""Every state of the panel: its words, its looks in light and dark, and that everybody can use it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.scenes import PLAYGROUND, STATES, Scene
from tests.browser.test_language import speak_german
from tests.support.browser import Open, axe, findings, outside
from tests.support.fake_page_cloud import FakePageCloud, call


@pytest.fixture(scope="session")
def checker() -> str:
    """axe-core's source."""
    return axe() or pytest.skip("axe-core is not there: no Node to install it with")


async def _check(cloud: FakePageCloud, open_page: Open, scene: Scene, path: str, checker: str, width: int) -> None:
    scene.arrange(cloud)
    viewport = {"width": width, "height": 760}
    page = await open_page(path, live=False, viewport=viewport, reduced_motion="reduce", color_scheme="light")
    await expect(page.get_by_text(scene.words).first).to_be_visible()
    if scene.then is not None:
        await scene.then(cloud, page)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert await outside(page) == []
    assert await page.evaluate("window.violations ?? []") == []
    assert await findings(page, checker) == []
    await page.emulate_media(color_scheme="dark")
    assert await findings(page, checker) == []


@pytest.mark.parametrize("name", STATES)
async def test_s36_the_panel_draws_and_axe_finds_nothing_in_light_and_dark(
    cloud: FakePageCloud, open_page: Open, checker: str, name: str
) -> None:
    await _check(cloud, open_page, STATES[name], "/host.html", checker, 320)


@pytest.mark.parametrize("name", STATES)
async def test_the_panel_fits_into_320_pixels_in_german(cloud: FakePageCloud, open_page: Open, name: str) -> None:
    STATES[name].arrange(cloud)
    page = await open_page(live=False, viewport={"width": 320, "height": 760})
    await expect(page.get_by_text(STATES[name].words).first).to_be_visible()
    await speak_german(page)
    assert await outside(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("name", STATES)
async def test_s36_forced_colours_leave_nothing_that_cannot_be_read(
    cloud: FakePageCloud, open_page: Open, checker: str, name: str
) -> None:
    STATES[name].arrange(cloud)
    page = await open_page(live=False, forced_colors="active", viewport={"width": 320, "height": 760})
    await expect(page.get_by_text(STATES[name].words).first).to_be_visible()
    assert await findings(page, checker) == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PLAYGROUND)
async def test_s36_the_playground_draws_and_axe_finds_nothing_in_light_and_dark(
    cloud: FakePageCloud, open_page: Open, checker: str, name: str, width: int
) -> None:
    scene, path = PLAYGROUND[name]
    await _check(cloud, open_page, scene, path, checker, width)


async def test_forced_colours_keep_every_button_visible(cloud: FakePageCloud, open_page: Open, tmp_path: Path) -> None:
    cloud.calls = [call(leg="connected")]
    page = await open_page(forced_colors="active", viewport={"width": 340, "height": 640})
    await expect(page.get_by_role("button", name="Hang up")).to_be_visible()
    await page.screenshot(path=tmp_path / "forced-colours.png")


async def test_a_call_that_comes_moves_nothing_above_it_and_nothing_below(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page(viewport={"width": 360, "height": 760})
    height = "document.getElementById('panel').offsetHeight"
    before = await page.evaluate(height)
    await cloud.tell(call(), event="ringing")
    await expect(page.get_by_role("button", name="Answer")).to_be_visible()
    assert await page.evaluate(height) == before


async def test_a_reduced_motion_setting_stops_the_ringing_from_moving(cloud: FakePageCloud, open_page: Open) -> None:
    cloud.calls = [call()]
    moving = "document.getElementById('panel').shadowRoot.getAnimations().length"
    still = await open_page(reduced_motion="reduce")
    assert await still.evaluate(moving) == 0
    lively = await open_page(reduced_motion="no-preference")
    assert await lively.evaluate(moving) > 0


async def test_steps_of_a_consultation_are_there_only_while_the_phone_system_offers_them(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="hold", can=["complete", "cancel"]), event="consulting")
    await expect(page.get_by_role("button", name="Complete transfer")).to_be_visible()
    await expect(page.get_by_role("button", name="Conference")).to_have_count(0)
    await cloud.tell(call(leg="connected"), event="resumed")
    await expect(page.get_by_role("button", name="Complete transfer")).to_have_count(0)
