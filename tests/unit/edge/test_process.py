"""The edge as a process of its own: signals, exit codes, kills, and what systemd is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from infra.local.ports import free_port
from ringline_edge import identity
from ringline_edge.conformance.fakes.simulated import SimulatedPbx
from tests.support import fake_cloud
from tests.support.fake_cloud import FakeCloud
from tests.support.waiting import eventually

PROGRAM = Path(sys.executable).parent / "ringline-edge"


@dataclass
class Site:
    """A simulated PBX, a fake cloud, and an edge process between them."""

    pbx: SimulatedPbx
    cloud: FakeCloud
    folder: Path
    port: int
    environment: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> asyncio.subprocess.Process:
        """Start the edge."""
        with (self.folder / "edge.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *map(str, (PROGRAM, "run", "--config", self.folder / "edge.toml")),
                env={**os.environ, **self.environment},
                stderr=log,
            )
        return self.process

    async def end(self, how: signal.Signals) -> int:
        """Its exit code after a signal."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 10)

    async def get(self, path: str) -> tuple[int, str]:
        """Status and text of the health port."""
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}{path}") as answer:
            return answer.status, await answer.text()

    def logged(self) -> list[dict[str, Any]]:
        """What it logged."""
        return [json.loads(line) for line in (self.folder / "edge.log").read_text().splitlines()]

    def calls(self, station: str) -> list[dict[str, Any]]:
        """Calls that the cloud knows of."""
        return list(self.cloud.documents.get(station, {}).get("calls", []))


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    pbx = SimulatedPbx()
    pbx_port, port = await pbx.start(), free_port()
    state = tmp_path / "state"
    state.mkdir()
    (tmp_path / "edge.toml").write_text(
        f"version = 1\n[edge]\nstate_dir = {json.dumps(str(state))}\n[health]\nport = {port}\n"
        f"[pbx]\nkind = 'simulator'\n[pbx.simulator]\nport = {pbx_port}\n"
    )
    async with fake_cloud.running() as cloud:
        private, _ = identity.make_key()
        identity.save(state, identity.EdgeIdentity("hq", "edge-1", "k1", "aud", cloud.url, private))
        made = Site(pbx, cloud, tmp_path, port)
        yield made
        if made.process is not None:
            await made.end(signal.SIGKILL)
    await pbx.close()


async def test_a_call_of_the_pbx_reaches_the_cloud_and_sigterm_ends_with_0_in_three_seconds(site: Site) -> None:
    await site.start()
    await site.cloud.whole()
    await site.pbx.dial_in("+442071234567", "1001", None)
    await site.cloud.until(lambda _: [call["leg"] for call in site.calls("1001")] == ["alerting"])
    began = time.monotonic()
    assert await site.end(signal.SIGTERM) == 0
    assert time.monotonic() - began < 3
    assert site.cloud.said("release")
    assert site.logged()[-1]["event"] == "edge_stopped"
    assert "442071234567" not in (site.folder / "edge.log").read_text()


async def test_health_and_metrics_answer_while_it_runs(site: Site) -> None:
    await site.start()
    await site.cloud.whole()
    status, text = await site.get("/healthz")
    seen = json.loads(text)
    assert (status, seen["role"], seen["pbx"], seen["problems"]) == (200, "active", "up", [])
    status, text = await site.get("/metrics")
    assert status == 200
    assert "ringline_edge_pbx_up 1.0" in text
    assert "ringline_edge_facts_received_total 1.0" in text


async def test_a_result_that_a_killed_process_could_not_tell_is_told_by_the_next_one(site: Site) -> None:
    await site.start()
    await site.cloud.whole()
    site.cloud.swallow = 1_000  # the proof is never acknowledged
    await site.cloud.command("x1", "place", "1002", to="1003")
    await site.cloud.until(lambda cloud: any(shows_a_call(frame, "1002") for frame in cloud.said("state")))
    assert "confirmed" not in [result["stage"] for result in site.cloud.results]
    await site.end(signal.SIGKILL)
    site.cloud.swallow = 0
    await site.start()
    await site.cloud.whole(epoch=2)
    await site.cloud.result("x1", "confirmed")
    await site.cloud.command("x1", "place", "1002", to="1003")
    await site.cloud.until(lambda c: [r["stage"] for r in c.results].count("confirmed") == 2)
    assert len(site.calls("1002")) == 1


def shows_a_call(frame: dict[str, Any], station: str) -> bool:
    """Whether a `state` frame has a call at a station."""
    return any(each["station"] == station and each["doc"]["calls"] for each in frame["stations"])


async def test_calls_that_a_killed_process_had_are_shown_again_without_ringing(site: Site) -> None:
    await site.start()
    await site.cloud.whole()
    caller = await site.pbx.dial_in("+442071234567", "1001", None)
    await site.cloud.until(lambda _: site.calls("1001"))
    await site.pbx.press("1001", "answer", "")
    await site.cloud.until(lambda _: site.calls("1001")[0]["leg"] == "connected")
    call = site.calls("1001")[0]["call"]
    await site.end(signal.SIGKILL)
    await site.start()
    await site.cloud.whole(epoch=2)
    assert [each["call"] for each in site.calls("1001")] == [call]
    assert "ringing" not in [each["event"] for each in site.cloud.documents["1001"]["recent"]]
    await site.pbx.hang_up_caller(caller)
    await site.cloud.until(lambda cloud: call in cloud.records)
    assert len(site.cloud.sessions) == 2


async def test_a_pbx_that_is_away_is_logged_once_down_and_once_up(site: Site) -> None:
    await site.start()
    await site.cloud.whole()
    await site.pbx.drop_link(1.5)
    await eventually(lambda: [e["event"] for e in site.logged() if e.get("part") == "pbx"][1:] == ["part_lost"])
    await eventually(
        lambda: [e["event"] for e in site.logged() if e.get("part") == "pbx"][1:] == ["part_lost", "part_found"],
        timeout_s=15,
    )


async def test_systemd_hears_when_it_is_ready_and_when_it_stops(site: Site) -> None:
    address = site.folder / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(address))
        ear.setblocking(False)
        site.environment["NOTIFY_SOCKET"] = str(address)
        await site.start()
        loop = asyncio.get_running_loop()
        assert await asyncio.wait_for(loop.sock_recv(ear, 64), 10) == b"READY=1"
        await site.end(signal.SIGTERM)
        assert await asyncio.wait_for(loop.sock_recv(ear, 64), 10) == b"STOPPING=1"


async def test_a_port_that_is_taken_ends_it_with_78_and_says_which(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        process = await site.start()
        assert await asyncio.wait_for(process.wait(), 10) == 78
    said = (site.folder / "edge.log").read_text()
    assert f"{site.folder / 'edge.toml'}: health.port: 127.0.0.1:{site.port}" in said


async def test_a_second_process_on_the_same_state_is_refused(site: Site) -> None:
    first = await site.start()
    await site.cloud.whole()
    second = await site.start()
    assert await asyncio.wait_for(second.wait(), 10) == 78
    assert "edge.state_dir: another ringline-edge runs with it" in (site.folder / "edge.log").read_text()
    assert first.returncode is None
    site.process = first
