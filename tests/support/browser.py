"""What browser tests share: where Chromium is, and questions to the page under test."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from playwright.async_api import Locator, Page

from infra import web
from tests.support.fake_page_cloud import Frame

Open = Callable[..., Awaitable[Page]]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
GUARD_MS = 450
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)
"""Chromium's flags: nothing leaves the machine."""

STORED = """new Promise((done) => {{
  const opening = indexedDB.open('ringline');
  opening.onsuccess = () => {{
    const all = opening.result.transaction('drafts').objectStore('drafts').getAll();
    all.onsuccess = () => (opening.result.close(), done(all.result[0]?.text === '{text}'));
  }};
}})"""
"""Whether a note with that text is in IndexedDB."""


def chromium() -> str | None:
    """Chromium's path, if this machine has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def available() -> str:
    """Why no browser test can run here; empty when they can."""
    return "" if chromium() else f"no Chromium on PATH ({', '.join(NAMES)})"


def is_command(verb: str) -> Callable[[Frame], bool]:
    """Fits a heard `command` with that verb."""
    return lambda frame: frame["t"] == "command" and frame["verb"] == verb


def axe() -> str:
    """The accessibility checker's source, installed with the other development tools; empty without Node."""
    return "" if web.missing() or not web.install() else (web.MODULES / "axe-core" / "axe.min.js").read_text()


async def findings(page: Page, source: str) -> list[str]:
    """What axe-core finds on the page, shadow roots included: rule, impact and where."""
    found: list[Frame] = await page.evaluate(
        f"{source}; axe.run(document, {{ resultTypes: ['violations'] }}).then(({{ violations }}) => violations)"
    )
    return [f"{each['id']} ({each['impact']}): {each['nodes'][0]['target']}" for each in found]


async def outside(page: Page) -> list[str]:
    """What sticks out of the panel to either side: its edge cuts off what does."""
    found: list[str] = await page.evaluate(
        """() => [...document.querySelectorAll("ringline-panel")].flatMap(({ shadowRoot }) => {
          const edge = shadowRoot.querySelector(".panel").getBoundingClientRect();
          const parts = shadowRoot.querySelectorAll("button, input, textarea, select, th, td, p, .name, .band");
          return [...parts].filter((each) => {
            const { width, left, right } = each.getBoundingClientRect();
            return width > 2 && (right > edge.right || left < edge.left);
          }).map((each) => each.textContent || each.tagName);
        })"""
    )
    return found


async def events(page: Page) -> list[str]:
    """What the page raised so far."""
    raised: list[str] = await page.evaluate("window.events")
    return raised


async def until(page: Page, condition: str, timeout_s: float = 10) -> None:
    """Wait until the JavaScript expression holds; `wait_for_function` would evaluate it against the page's policy."""
    look = f"const look = () => ({condition}) ? done(true) : setTimeout(look, 20); look();"
    async with asyncio.timeout(timeout_s):
        await page.evaluate(f"new Promise((done) => {{ {look} }})")


async def settled(page: Page, rev: int) -> None:
    """Wait until the page holds that revision."""
    await until(page, f"window.client.state.rev >= {rev}")


class StoppedClock:
    """A page's clock that stands still between the times that a test sets; timers run on."""

    def __init__(self, page: Page, here: float, there: float) -> None:
        """Use `stopped`. `here` is when it was stopped by the page's clock, `there` by the cloud's, in seconds."""
        self._page, self._here, self._there = page, here, there

    def ago(self, seconds: float) -> str:
        """A time on the wire, so long before the clock was stopped."""
        moment = datetime.fromtimestamp(self._there - seconds, UTC)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    async def put(self, seconds: float) -> None:
        """Set the clock to so long after it was stopped."""
        await self._page.clock.set_fixed_time(self._here + seconds)


async def stopped(page: Page) -> StoppedClock:
    """Load the page anew and stop its clock: who looks once a second can miss what is shown for a second only."""
    await page.clock.install()
    await page.reload()
    await until(page, "window.client?.state.socket.state === 'live'")
    here, there = await page.evaluate("[window.client.env.now() / 1000, window.client.serverNow() / 1000]")
    clock = StoppedClock(page, here, there)
    await clock.put(0.5)  # far from where a shown second ends, whatever the next beat says of the cloud's clock
    return clock


async def after_the_guard(shown: Locator) -> None:
    """A press right after a button changed counts as a slip; this waits for `shown` and lets that time pass.

    Args:
        shown: What came with the change. The guard begins when it is drawn, not when the cloud said so.
    """
    await shown.wait_for()
    await shown.page.evaluate(f"new Promise((done) => setTimeout(done, {GUARD_MS}))")
