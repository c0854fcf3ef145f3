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
CUSTOMERS = 20
"""Fewer than calls, so that most of them have earlier interactions to show."""

LOG_ONS = 60
MOST_WHOLE_MS, MOST_CONTEXT_MS, MOST_LOG_ON_MS = 50, 300, 1000


class TimedPage(PageClient):
    """A page that notes when each frame arrived."""

    def __init__(self, *words: str, **options: str) -> None:
        """As `PageClient`."""
        super().__init__(*words, **options)
        self.arrivals: list[tuple[Frame, float]] = []
        self.frames = _Stamped(self.arrivals)


class _Stamped(list[Frame]):
    """Frames as they come, each noted with its time in `arrivals`."""

    def __init__(self, arrivals: list[tuple[Frame, float]]) -> None:
        super().__init__()
        self._arrivals = arrivals

    def append(self, frame: Frame) -> None:
        self._arrivals.append((frame, time.time()))
        super().append(frame)


async def _shift(stack: Stack) -> tuple[list[tuple[Frame, float]], list[float]]:
    page = TimedPage(stack.api_url, stack.token("anna"), origin=stack.origin)
    async with page:
        await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
        for number in range(CALLS):
            await _call(stack, page, f"+4420790{number % CUSTOMERS:05d}")
        return page.arrivals, [await _logged_on_again(page) for _ in range(LOG_ONS)]


async def _call(stack: Stack, page: PageClient, number: str) -> None:
    # Also ends the time for notes that a call leaves behind.
    await page.command("set_state", state="ready")
    caller = await stack.caller("5000", number)
    await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["alerting"], "ringing")
    await stack.phone("1001", "answer")
    await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "talking")
    await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
    await page.document(lambda d: not d["calls"], "idle")


async def _logged_on_again(page: PageClient) -> float:
    """Milliseconds from asking to the result that says the PBX shows it."""
    await page.command("log_off")
    began = time.perf_counter()
    done = await page.command("log_on")
    if done[-1]["stage"] != "confirmed":
        raise RuntimeError(f"log-on: {done[-1]}")
    return (time.perf_counter() - began) * 1000


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _contexts(arrivals: list[tuple[Frame, float]]) -> list[float]:
    """Milliseconds from the edge seeing a call alert to its context at the page."""
    rung: dict[str, float] = {}
    for frame, _ in arrivals:
        if frame["t"] == "station" and frame.get("seen_at") and frame["doc"]:
            for call in frame["doc"]["calls"]:
                if call["leg"] == "alerting":
                    rung.setdefault(call["interaction"], _epoch(frame["seen_at"]))
    told: dict[str, float] = {}
    for frame, at in arrivals:
        if frame["t"] == "context":
            told.setdefault(frame["interaction"], at)
    return [(told[each] - rung[each]) * 1000 for each in rung if each in told]


def measure() -> Iterator[Figure]:
    """Bring a stack up, make calls one after the other, and compare the times that the frames carry."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as stack:
        arrivals, log_ons = asyncio.run(_shift(stack))
    timed = [(f, at) for f, at in arrivals if f["t"] == "station" and f.get("seen_at") and f.get("sent_at")]
    whole = [(at - _epoch(f["seen_at"])) * 1000 for f, at in timed]
    edge = [(_epoch(f["sent_at"]) - _epoch(f["seen_at"])) * 1000 for f, _ in timed]
    cloud = [(at - _epoch(f["sent_at"])) * 1000 for f, at in timed]
    yield _promised("PBX event -> page, local stack", whole, MOST_WHOLE_MS, "simulated PBX, one agent")
    yield Figure("of it the edge's own share", spread(edge), "", None, "times have whole milliseconds")
    yield Figure("of it emulator, Lambda and post", spread(cloud), "", None, "not a measure of AWS")
    note = f"from the edge seeing it; {CUSTOMERS} customers, so most have a history"
    yield _promised("ring -> context at the page, local stack", _contexts(arrivals), MOST_CONTEXT_MS, note)
    note = "command to result, with the simulated PBX's own doing"
    yield _promised("log-on -> confirmed by the PBX, local stack", log_ons, MOST_LOG_ON_MS, note)


def _promised(claim: str, values: list[float], most_ms: int, note: str) -> Figure:
    return Figure(claim, spread(values), f"p95 <= {most_ms} ms", percentile(values, 0.95) <= most_ms, note)
