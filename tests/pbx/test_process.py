"""`python -m infra.pbx.asterisk` as the local stack runs it: one line when ready, the control API, a clean end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from infra.pbx.asterisk import available
from tests.support.waiting import eventually

READY_S = 60.0
CUSTOMER = "+442071234567"

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


@dataclass
class Process:
    """The bench in a process of its own."""

    child: asyncio.subprocess.Process
    said: Mapping[str, Any]
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """One request to the control API: status and answer."""
        url = f"http://127.0.0.1:{self.said['control_port']}{path}"
        async with self.http.request(method, url, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def press(self, station: str, do: str, **arguments: str) -> None:
        """Press something on a phone, and be obeyed."""
        status, answer = await self.ask("POST", f"/phones/{station}", {"do": do, **arguments})
        assert status < 300, answer

    async def is_so(self, path: str, **expected: Any) -> bool:
        """Whether what `path` answers has the expected fields."""
        _, answer = await self.ask("GET", path)
        assert {key: answer.get(key) for key in expected} == expected
        return True


@asynccontextmanager
async def started(state: Path) -> AsyncIterator[Process]:
    """The process, ready; killed at the end if it still runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["-m", "infra.pbx.asterisk", "--state", str(state), "--control-port", str(port), "--queue-ring", "2.5"]
    child = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    try:
        assert child.stdout is not None
        async with asyncio.timeout(READY_S), aiohttp.ClientSession() as http:
            yield Process(child, json.loads(await child.stdout.readline()), http)
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


def is_gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_the_process_says_where_it_is_serves_a_call_and_ends_cleanly(tmp_path: Path) -> None:
    async with started(tmp_path) as bench:
        assert bench.said["ready"] is True
        assert set(bench.said["ami"]) == {"host", "port", "username", "secret"}
        await bench.press("1001", "feature", code="*22")
        await eventually(lambda: bench.is_so("/phones/1001", state="idle"))
        await eventually(lambda: bench.is_so("/queues/support", name="support"))
        _, answer = await bench.ask("POST", "/callers", {"from": CUSTOMER, "to": "5000"})
        caller = f"/callers/{answer['caller']}"
        await eventually(lambda: bench.is_so("/phones/1001", state="ringing", calls=1, **{"with": CUSTOMER}))
        await bench.press("1001", "answer")
        await bench.press("1001", "blind", number="1002")
        await eventually(lambda: bench.is_so("/phones/1002", state="ringing", **{"with": CUSTOMER}))
        await bench.press("1002", "answer")
        await eventually(lambda: bench.is_so(caller, state="talking"))
        for _ in range(2):
            assert (await bench.ask("POST", caller, {"do": "hangup"}))[0] == 200
        await eventually(lambda: bench.is_so(caller, state="ended"))
        bench.child.send_signal(signal.SIGTERM)
        assert await bench.child.wait() == 0
        assert is_gone(int(bench.said["pid"]))


async def test_what_cannot_be_done_is_refused_with_a_reason(tmp_path: Path) -> None:
    async with started(tmp_path) as bench:
        assert (await bench.ask("GET", "/callers/c99"))[0] == 404
        assert (await bench.ask("GET", "/phones/9999"))[0] == 404
        assert (await bench.ask("GET", "/queues/nope"))[0] == 404
        assert (await bench.ask("POST", "/phones/1001", {"do": "fly"}))[0] == 400
        assert (await bench.ask("POST", "/phones/1001", {"do": "answer"}))[0] == 409


async def test_a_bench_that_is_killed_leaves_no_asterisk_behind(tmp_path: Path) -> None:
    async with started(tmp_path) as bench:
        bench.child.kill()
        await bench.child.wait()
        await eventually(lambda: is_gone(int(bench.said["pid"])))
