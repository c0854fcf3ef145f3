"""Ready pressed on the phone while a note is owed: from the PBX telling it to the edge asking for the hold again.

On a real Asterisk, by the strategy `pause`: there Ready takes the hold away, while by `device_state` it stays. A relay
in front of the manager interface stamps both; what the PBX needs for its own part is not in the figure.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import aiohttp

from benchmarks.figures import Figure, percentile, spread
from infra.pbx.asterisk import available
from ringline_edge.availability.gates import ONE_PRESS_MS
from tests.support import own_edge
from tests.support.page_client import PageClient
from tests.support.stack import Stack, running

PRESSES = 200
LONG_ENOUGH_S = 5.5
MOST_MS = 20.0
CLAIM = "edge: Ready on the phone -> held again (pause, Asterisk)"
_CHUNK = 65_536
_TOLD = re.compile(rb"Event: QueueMemberPause\r\n(?:(?!\r\n\r\n).)*?\r\nPaused: 0\r\n", re.DOTALL)
_ASKED = re.compile(rb"Action: QueuePause\r\n(?:(?!\r\n\r\n).)*?Paused: true", re.DOTALL | re.IGNORECASE)


class StampingRelay:
    """Relays one manager session and notes when Ready was told, and when the hold was asked for again.

    Attributes:
        told_ns: Moments in which the PBX told that a member is not paused any more.
        asked_ns: Moments in which the edge asked to pause one.
    """

    def __init__(self, target: int) -> None:
        """Nobody has come yet."""
        self.told_ns: list[int] = []
        self.asked_ns: list[int] = []
        self._target = target

    async def open(self) -> int:
        """Listen on a free port of loopback; the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        with suppress(OSError):
            await asyncio.gather(
                _pump(far_reader, writer, _TOLD, self.told_ns), _pump(reader, far_writer, _ASKED, self.asked_ns)
            )


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: re.Pattern[bytes], stamps: list[int]
) -> None:
    rest = b""
    while data := await reader.read(_CHUNK):
        rest += data
        *whole, rest = rest.split(b"\r\n\r\n")
        stamps += [time.monotonic_ns()] * sum(wanted.search(each + b"\r\n") is not None for each in whole)
        writer.write(data)
        await writer.drain()
    writer.close()


async def _press(stack: Stack, folder: Path) -> StampingRelay:
    relay = StampingRelay(stack.pbx_said()["ami"]["port"])
    port = await relay.open()
    tables = re.sub(r"(?m)^port = \d+$", f"port = {port}", own_edge.pbx_tables(stack))
    tables += "[pbx.asterisk.hold]\nstrategy = 'pause'\nqueues_ignore_paused = true\n"
    edge = await own_edge.enrol(stack, folder, tables)
    await edge.start()
    try:
        await _put_policy(stack, {"gate": "note", "on_ready_unsaved": "revert"})
        async with stack.page("anna") as page:
            await _gated(stack, page)
            for _ in range(PRESSES):
                before = _newest(page)
                await stack.phone("1001", "feature", code="*46")
                await page.document(partial(_has_tripped, page, before), "gate_tripped", timeout_s=15)
                # What follows at once counts as the same press.
                await asyncio.sleep(ONE_PRESS_MS / 1000)
    finally:
        await edge.end()
    return relay


def _has_tripped(page: PageClient, last: int, _: object) -> bool:
    return _newest(page) > last


async def _gated(stack: Stack, page: PageClient) -> None:
    await page.document(lambda d: d["agent"]["state"] not in ("logged_off", "unknown"), "log-on")
    await page.command("set_state", state="ready")
    caller = await stack.caller("5000")
    await page.call("alerting", timeout_s=20)
    await stack.phone("1001", "answer")
    await page.call("connected")
    # A shorter call owes nothing.
    await asyncio.sleep(LONG_ENOUGH_S)
    await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
    await page.document(lambda d: d["agent"]["state"] == "wrap_up", "wrap-up")


async def _put_policy(stack: Stack, policy: dict[str, str]) -> None:
    headers = {"Authorization": f"Bearer {stack.token('adam')}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession() as session:
        answer = await session.put(f"{stack.api_url}/policies", data=json.dumps(policy), headers=headers)
        answer.raise_for_status()


def _newest(page: PageClient) -> int:
    """Number of the newest trip that the page has raised."""
    return max((int(each["n"]) for each in page.events if each["event"] == "gate_tripped"), default=0)


def measure() -> Iterator[Figure]:
    """Press Ready while gated, many times; nothing where no Asterisk can run."""
    if reason := available():
        yield Figure(CLAIM, f"not measured: {reason}")
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "edge").mkdir()
        with running(folder / "stack", PBX="asterisk", EDGE="none") as stack:
            relay = asyncio.run(_press(stack, folder / "edge"))
    took = list(_pairs(relay.told_ns, relay.asked_ns))
    p99 = percentile(took, 0.99)
    note = "from the PBX telling it to the edge's QueuePause, stamped by a relay; by device_state nothing is to be done"
    yield Figure(CLAIM, spread(took), f"p99 <= {MOST_MS:.0f} ms", p99 <= MOST_MS, note)


def _pairs(told: list[int], asked: list[int]) -> Iterator[float]:
    """Milliseconds from each Ready to the first hold asked for after it."""
    for at in told:
        after = next((each for each in asked if each >= at), None)
        if after is not None:
            yield (after - at) / 1e6
