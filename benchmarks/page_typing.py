"""From a keystroke to the device's storage, and what SIGKILL of the browser takes away."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, percentile, spread
from tests.support.devtools import Tab, launched
from tests.support.pop_cloud import PopCloud
from tests.support.waiting import eventually

KILLS = int(os.environ.get("RINGLINE_KILLS", "50"))
KEYS = 60
WATCHED = """
window.typedAt = []; window.durable = [];
const area = document.getElementById('note');
area.addEventListener('input', () => window.typedAt.push([area.value.length, performance.now()]), true);
const put = IDBObjectStore.prototype.put;
IDBObjectStore.prototype.put = function (draft) {
  this.transaction.addEventListener('complete', () => {
    const atMs = performance.now();
    window.durable.push([draft.text.length, atMs]);
    window.stored?.(JSON.stringify(draft.text));
  });
  return put.call(this, draft);
};
"""
"""Tells of each transaction that completed, in the page and, through the binding `stored`, outside."""


async def typing() -> Iterator[Figure]:
    """Type in a page whose cloud takes no notes, so that the device is all there is."""
    waits: list[float] = []
    lost_older, lost_younger = 0, 0
    chance = random.Random(1)
    async with PopCloud() as cloud:
        cloud.put_none = True
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            kept = ""
            for number in range(KILLS):
                profile = Path(folder) / str(number)
                text, stored, took = await _killed(cloud, profile, chance)
                waits += took
                kept = await _back(cloud, profile, len(stored))
                lost_older += len(stored) - len(kept) if not kept.startswith(stored) else 0
                lost_younger = max(lost_younger, len(text) - len(kept))
    how = f"{KILLS} browsers killed at any moment while typing 15-50 letters a second; played cloud that takes no notes"
    figures = [
        Figure("keystroke until IndexedDB has it", spread(waits), "p99 <= 50 ms + 1 transaction", note=how),
        Figure("the slowest of them", f"{percentile(waits, 1):.1f} ms"),
        Figure("letters lost that IndexedDB had", f"{lost_older} in {KILLS} kills", "0", lost_older == 0, how),
        Figure(
            "letters lost that it had not, at most", f"{lost_younger} in a kill", note="typed in the last 50 ms or so"
        ),
    ]
    return iter(figures)


async def _killed(cloud: PopCloud, profile: Path, chance: random.Random) -> tuple[str, str, list[float]]:
    """Type until the browser is killed: what was typed, what was stored by then, and the waits seen before."""
    async with launched(profile) as browser:
        tab = await _ready(browser_tab := await browser.open(f"{cloud.url}/pops/pops.html", bindings=("stored",)))
        await tab.evaluate(f"{{ {WATCHED} }}")
        await tab.evaluate("document.getElementById('note').focus()")
        text = ""
        for _ in range(chance.randint(10, KEYS)):
            letter = chance.choice("abcdefghij ")
            await tab.send("Input.dispatchKeyEvent", type="char", text=letter)
            text += letter
            await asyncio.sleep(chance.uniform(0.015, 0.06))
        waits = await _waits(tab)
        stored = browser.told(browser_tab, "stored")
        await browser.kill()
    return text, stored[-1] if stored else "", waits


async def _waits(tab: Tab) -> list[float]:
    """Of each key whose text is stored: from its event to the completed transaction, ms."""
    typed, durable = await tab.evaluate("[window.typedAt, window.durable]")
    found = []
    for length, at in typed:
        until = next((when for had, when in durable if had >= length), None)
        if until is not None:
            found.append(until - at)
    return found


async def _back(cloud: PopCloud, profile: Path, at_least: int) -> str:
    """What the next browser with that profile shows."""
    async with launched(profile) as browser:
        tab = await _ready(await browser.open(f"{cloud.url}/pops/pops.html"))
        shown = "document.getElementById('note').value"
        if at_least:
            await eventually(lambda: tab.evaluate(f"{shown} !== ''"), 10, saying="the text")
        text: Any = await tab.evaluate(shown)
        return str(text)


async def _ready(tab: Tab) -> Tab:
    await tab.until("window.client?.state.socket.state === 'live'", 30)
    return tab
