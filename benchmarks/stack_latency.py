"""PBX event to page, on the local stack: from the edge seeing the event (`seen_at`) to the frame at the page.

Shares are told apart by the times that frames carry: the edge's own (`seen_at` to `sent_at`), and the emulator with
the Lambda and the post (`sent_at` to arrival). The emulator runs one worker per function and is no measure of AWS; its
share is shown so that nobody takes it for ours.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.figures import Figure, percentile, spread
from tests.support.page_client import Frame, PageClient
from tests.support.stack import Stack, running

CALLS = 60


class TimedPage(PageClient):
    """A page that notes when each frame arrived."""

    def __init__(self, *words: str, **options: str) -> None:
        """As `PageClient`."""
        super().__init__(*words, **options)
        self.arrivals: list[tuple[Frame, float]] = []

    def _take_station(self, frame: Frame) -> None:
        self.arrivals.append((frame, time.time()))
        super()._take_station(frame)


async def _calls(stack: Stack) -> list[tuple[Frame, float]]:
    page = TimedPage(stack.api_url, stack.token("anna"), origin=stack.origin)
    async with page:
        for number in range(CALLS):
            # Also ends the time for notes that a call leaves behind.
            await page.command("set_state", state="ready")
            caller = await stack.caller("5000", f"+4420790{number:05d}")
            await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["alerting"], "ringing")
            await stack.phone("1001", "answer")
            await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "talking")
            await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
            await page.document(lambda d: not d["calls"], "idle")
    return page.arrivals


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def measure() -> Iterator[Figure]:
    """Bring a stack up, make calls one after the other, and compare the times that the frames carry."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as stack:
        arrivals = asyncio.run(_calls(stack))
    timed = [(f, at) for f, at in arrivals if f.get("seen_at") and f.get("sent_at")]
    whole = [(at - _epoch(f["seen_at"])) * 1000 for f, at in timed]
    edge = [(_epoch(f["sent_at"]) - _epoch(f["seen_at"])) * 1000 for f, _ in timed]
    cloud = [(at - _epoch(f["sent_at"])) * 1000 for f, at in timed]
    p95 = percentile(whole, 0.95)
    yield Figure("PBX event -> page, local stack", spread(whole), "p95 <= 50 ms", p95 <= 50, "simulated PBX, one agent")
    yield Figure("of it the edge's own share", spread(edge), "", None, "times have whole milliseconds")
    yield Figure("of it emulator, Lambda and post", spread(cloud), "", None, "not a measure of AWS")
