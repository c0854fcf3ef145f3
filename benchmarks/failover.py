"""How long a site is led by nobody when the connector that leads it is killed, with another one standing by.

Two real connectors on the local stack, with the rhythm of pairs (beat 3 s, lease 8 s); killed at another moment of the
beat each time. Counted from the kill until the other one says that it leads.
"""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from pathlib import Path
from statistics import median

import aiohttp

from benchmarks.figures import Figure
from tests.support.own_edge import OwnEdge, enrol, pbx_tables
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

EDGES = ("edge-a", "edge-b")
KILLS = 16
BEATS = "EdgeBeatSeconds=3 EdgeLeaseSeconds=8"
STEP_S = 0.7
BEAT_S = 3.0
MOST_S = 10.0


def measure() -> list[Figure]:
    """The figure of a killed leader."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "stack", PBX="simulator", EDGE="none", PARAMETERS=BEATS) as stack,
    ):
        for name in EDGES:
            (Path(folder) / name).mkdir()
        took = asyncio.run(_kill_again_and_again(stack, Path(folder)))
    seen = f"p50 {median(took):.1f}, most {max(took):.1f} s (n={len(took)})"
    note = "pair of edges on the local stack, beat 3 s, lease 8 s, killed at any moment of the beat"
    return [Figure("a killed leader's site is led again", seen, "<= 10 s", max(took) <= MOST_S, note)]


async def _kill_again_and_again(stack: Stack, folder: Path) -> list[float]:
    lead, other = [await _enrolled(stack, folder / name, name) for name in EDGES]
    await lead.start()
    await other.start("standby")
    took = []
    try:
        for number in range(KILLS):
            await asyncio.sleep(1 + number * STEP_S % BEAT_S)
            took.append(await _killed(lead, other))
            await lead.start("standby")
            lead, other = other, lead
    finally:
        for edge in (lead, other):
            await edge.end()
    return took


async def _killed(lead: OwnEdge, other: OwnEdge) -> float:
    """Seconds until the other one leads."""
    await lead.end(signal.SIGKILL)
    began = time.monotonic()

    async def leads() -> bool:
        return (await other.health()).get("role") == "active"

    await eventually(leads, timeout_s=30, saying="the other one leads")
    return time.monotonic() - began


async def _enrolled(stack: Stack, folder: Path, name: str) -> OwnEdge:
    headers = {"Authorization": f"Bearer {stack.token('adam')}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{stack.api_url}/sites/hq/enrolments", json={}) as answer,
    ):
        code = (await answer.json())["code"]
    return await enrol(stack, folder, pbx_tables(stack), name, code)
