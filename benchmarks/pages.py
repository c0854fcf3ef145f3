"""Pages in real browsers: calls popped twice or not at all, and what of a note a killed browser loses.

python -m benchmarks.run pages     not part of `make bench`: it takes a quarter of an hour
    RINGLINE_RINGS=1000 RINGLINE_KILLS=50

Pages, browsers and the cloud's rule are real; the cloud is played (`tests/support/pop_cloud.py`), 20-80 ms one way.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.page_typing import typing
from tests.support.browser import available
from tests.support.devtools import Chromium, Gone, Tab, launched
from tests.support.pop_cloud import PopCloud
from tests.support.tabs import BUSY, CLAIMS, READS_NO_GRANT, Desk, now_s
from tests.support.waiting import eventually

RINGS = int(os.environ.get("RINGLINE_RINGS", "1000"))
DESKS = 3
QUIET_S = 0.6
"""After a pop that all know of, no rule makes a second one; a page that still hangs is waited for."""
FAULTS = {
    "nothing": 40,
    "gone before its claim": 15,
    "gone after its claim": 15,
    "hung before": 7,
    "hung after its claim": 8,
    "frozen": 7,
    "socket cut": 8,
}
"""What happens to the best page, and how often of a hundred."""
DEATHS: tuple[Callable[[Tab], Awaitable[None]], ...] = (
    Tab.close,
    Tab.crash,
    Tab.kill,
    lambda tab: tab.go("about:blank"),
)


class Agent:
    """One desk with three tabs in a browser of its own and one in a second browser."""

    def __init__(self, desk: Desk, one: Chromium, other: Chromium, seed: int) -> None:
        """Nothing is open yet."""
        self.desk, self.one, self.other = desk, one, other
        self.chance = random.Random(seed)
        self.seen: Counter[str] = Counter()
        self.took_ms: dict[str, list[float]] = defaultdict(list)

    async def work(self, rings: int) -> None:
        """So many rings, each with a fault or none."""
        for number in range(rings):
            if number % 50 == 0:
                print(f"  {number} rings: {dict(self.seen)}", flush=True)
            await self._complete()
            (fault,) = self.chance.choices(list(FAULTS), list(FAULTS.values()))
            await self._ring(fault)

    async def _complete(self) -> None:
        self.desk.tabs = {page: tab for page, tab in self.desk.tabs.items() if not tab.has_crashed}
        for browser, wanted in ((self.other, 1), (self.one, 3)):
            there = [page for page, tab in self.desk.tabs.items() if tab.browser is browser]
            await self.desk.open(browser, wanted - len(there))
        self.desk.cloud.deaf.clear()
        await eventually(lambda: len(self.desk.cloud.live) == 4, 20, saying="four sockets")

    async def _ring(self, fault: str) -> None:
        cloud = self.desk.cloud
        best = self.chance.choice(list(self.desk.tabs))
        if fault == "frozen":
            best = await self._hidden()
        cloud.first = best
        await self._prepare(fault, best)
        call = await cloud.ring()
        hurt = asyncio.create_task(self._hurt(fault, best, call))
        with suppress(AssertionError):
            await eventually(lambda: call in cloud.held and cloud.held[call].done, 12)
        await hurt
        quiet_s = now_s() + QUIET_S
        await eventually(lambda: now_s() > quiet_s)
        await self._count(fault, call)
        await cloud.hang_up()

    async def _hidden(self) -> str:
        for page, tab in self.desk.tabs.items():
            if await tab.evaluate("document.visibilityState") == "hidden":
                return page
        raise AssertionError("no tab is hidden")

    async def _prepare(self, fault: str, best: str) -> None:
        tab = self.desk.tabs[best]
        match fault:
            case "gone before its claim":
                self.desk.cloud.deaf.add(best)
            case "gone after its claim":
                await tab.evaluate(READS_NO_GRANT)
            case "hung before":
                await tab.begin(BUSY % self.chance.randint(300, 4000))
            case "hung after its claim":
                hang = BUSY % self.chance.randint(300, 4000)
                await tab.evaluate(CLAIMS % f"window.onSent = null; {hang}")
            case "frozen":
                await tab.freeze()

    async def _hurt(self, fault: str, best: str, call: str) -> None:
        """What happens to the page while it rings; returns when the page is itself again, or gone for good."""
        cloud, tab = self.desk.cloud, self.desk.tabs[best]
        if fault.startswith("gone"):
            if "after" in fault:
                await eventually(lambda: call in cloud.held, saying="a grant")
            del self.desk.tabs[best]
            await self.chance.choice(DEATHS)(tab)
            with suppress(Gone, TimeoutError):
                await tab.close()
        elif fault == "frozen":
            await eventually(lambda: call in cloud.held and cloud.held[call].done, 12)
            await tab.freeze(False)
            await tab.until(f"client.state.doc.calls.some((each) => each.call === '{call}')")
        elif fault == "socket cut":
            await asyncio.sleep(self.chance.random() * 0.3)
            for socket in [each for each in cloud.live if cloud.lines[each].page == best]:
                await socket.close(code=1011)
        elif fault.startswith("hung"):
            shows = f"client.state.doc.calls.some((each) => each.call === '{call}')"
            await eventually(lambda: _gone_or(tab, shows), 20, saying=shows)

    async def _count(self, fault: str, call: str) -> None:
        pops = self.desk.pops(call)
        self.seen["double" if len(pops) > 1 else "once" if pops else "missed"] += 1
        if len(pops) != 1:
            print(f"  {fault}: {call} popped {len(pops)} times", flush=True)
        if pops:
            done_s = self.desk.cloud.done_s[call]
            self.took_ms[fault].append((done_s - self.desk.cloud.rang_s[call]) * 1000)


async def pops() -> Iterator[Figure]:
    """Ring, hurt, count."""
    async with AsyncExitStack() as running:
        profiles = [
            Path(running.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))) for _ in "1234"
        ]
        other, *own = [await running.enter_async_context(launched(profile)) for profile in profiles]
        clouds = [await running.enter_async_context(PopCloud()) for _ in range(DESKS)]
        agents = [
            Agent(Desk(cloud), one, other, seed) for seed, (cloud, one) in enumerate(zip(clouds, own, strict=True))
        ]
        works = (agent.work(-(-RINGS // DESKS)) for agent in agents)
        for failed in filter(None, await asyncio.gather(*works, return_exceptions=True)):
            print(f"  an agent's work ended early: {failed!r}", flush=True)
    return iter(_figures(agents))


async def _gone_or(tab: Tab, condition: str) -> bool:
    return tab.has_crashed or await tab.holds(condition)


def _profile(running: AsyncExitStack) -> Path:
    return Path(running.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))


def _figures(agents: list[Agent]) -> Iterator[Figure]:
    seen = sum((agent.seen for agent in agents), Counter[str]())
    wrong = seen["double"] + seen["missed"]
    value = f"{seen['double']} double, {seen['missed']} missed of {seen.total()}"
    how = f"{DESKS} agents, each 3 tabs and a second browser; the best page fares badly in 60 of 100"
    yield Figure("rings in real browsers", value, "0, 0", wrong == 0, how)
    for fault in FAULTS:
        took = sorted(each for agent in agents for each in agent.took_ms[fault])
        if took:
            spread = f"p50 {took[len(took) // 2]:.0f}, max {took[-1]:.0f} ms (n={len(took)})"
            yield Figure(f"ring until the cloud knows of the pop, best page: {fault}", spread)


def measure() -> Iterator[Figure]:
    """Pops, then typing."""
    if reason := available():
        yield Figure("pages in real browsers", "not measured", note=reason)
        return
    yield from asyncio.run(pops())
    yield from asyncio.run(typing())
