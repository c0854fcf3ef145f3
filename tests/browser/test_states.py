"""Every state of the panel, in light and dark: its words, its screenshot, and that nothing sticks out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.support.browser import Open
from tests.support.fake_page_cloud import FakePageCloud, call


def _out(cloud: FakePageCloud) -> None:
    cloud.is_logged_on = False


def _not_ready(cloud: FakePageCloud) -> None:
    cloud.agent_state = "not_ready"


def _busy(leg: str) -> Callable[[FakePageCloud], None]:
    def arrange(cloud: FakePageCloud) -> None:
        cloud.agent_state = "ready" if leg == "alerting" else "busy"
        cloud.calls = [call(leg=leg)]

    return arrange


def _two(cloud: FakePageCloud) -> None:
    cloud.agent_state = "busy"
    withheld = {"number": None, "name": None, "presentation": "restricted"}
    cloud.calls = [call(leg="hold"), call("c-2", remote=withheld)]
    cloud.desk["handover"] = [
        {"interaction": "i-c-2", "from": {"agent": "ben", "station": "1002"}, "kind": "cold", "note": "wants a refund"}
    ]


def _edge_down(cloud: FakePageCloud) -> None:
    cloud.site["edge"] = "down"


def _pbx_down(cloud: FakePageCloud) -> None:
    cloud.site["pbx"] = "down"


def _phone_off(cloud: FakePageCloud) -> None:
    cloud.in_service = False


STATES: dict[str, tuple[Callable[[FakePageCloud], None], str]] = {
    "signed-out": (_out, "Log on to take calls"),
    "not-ready": (_not_ready, "Not ready"),
    "ready": (lambda cloud: None, "Calls you take appear here"),
    "dialing": (_busy("initiated"), "Dialing"),
    "ringing": (_busy("alerting"), "Ringing"),
    "talking": (_busy("connected"), "Talking"),
    "held": (_busy("hold"), "Held"),
    "two-calls": (_two, "wants a refund"),
    "edge-offline": (_edge_down, "connector is offline"),
    "pbx-offline": (_pbx_down, "out of reach"),
    "phone-offline": (_phone_off, "Calls will not reach you"),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", STATES)
async def test_the_panel_draws(cloud: FakePageCloud, open_page: Open, tmp_path: Path, name: str, scheme: str) -> None:
    arrange, words = STATES[name]
    arrange(cloud)
    page = await open_page(color_scheme=scheme, viewport={"width": 340, "height": 640})
    await expect(page.locator("section.panel")).to_contain_text(words)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await page.screenshot(path=tmp_path / f"{name}-{scheme}.png")


async def test_forced_colours_keep_every_button_visible(cloud: FakePageCloud, open_page: Open, tmp_path: Path) -> None:
    cloud.calls = [call(leg="connected")]
    page = await open_page(forced_colors="active", viewport={"width": 340, "height": 640})
    await expect(page.get_by_role("button", name="Hang up")).to_be_visible()
    await page.screenshot(path=tmp_path / "forced-colours.png")
