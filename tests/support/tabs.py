"""An agent's tabs in real browsers, and faults that happen in the middle of a pop."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.support.devtools import Chromium, Tab
from tests.support.pop_cloud import PopCloud
from tests.support.waiting import eventually

CLAIMS = "window.onSent = ({ t, grant }) => { if (t === 'pop.claim' && grant === 0) { %s } };"
"""Happens right after the page's first claim."""
READS_NO_GRANT = "window.onRead = ({ t, grant, page }) => !(t === 'pop' && grant === 1 && page === client.page);"
"""The page claims, and does not hear that it was granted."""
BUSY = "for (const end = Date.now() + %d; Date.now() < end; );"
"""The page hangs for so many milliseconds."""


def now_s() -> float:
    """The loop's clock, which is the cloud's too."""
    return asyncio.get_running_loop().time()


@dataclass
class Desk:
    """An agent's cloud and their tabs, by page id; `opened` has those that are no more as well."""

    cloud: PopCloud
    tabs: dict[str, Tab] = field(default_factory=dict)
    opened: list[Tab] = field(default_factory=list)

    async def open(self, browser: Chromium, count: int = 1) -> list[str]:
        """More tabs, live; their pages."""
        pages = []
        for _ in range(count):
            tab = await browser.open(f"{self.cloud.url}/pops/pops.html", bindings=("popped",))
            self.opened.append(tab)
            await tab.until("window.client?.state.socket.state === 'live'", 30)
            pages.append(str(await tab.evaluate("client.page")))
            self.tabs[pages[-1]] = tab
        return pages

    def pops(self, call: str) -> list[str]:
        """The pages that popped the call, in order."""
        told = [each for tab in self.opened for each in tab.browser.told(tab, "popped")]
        return [each["page"] for each in sorted(told, key=lambda each: each["grant"]) if each["call"] == call]

    async def ranks(self, *pages: str) -> None:
        """Wait until the cloud ranks these first."""
        await eventually(lambda: self.cloud.ranking()[: len(pages)] == list(pages), saying=f"{pages} first")
