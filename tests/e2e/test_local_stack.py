"""What `make run` promises of itself: it ends cleanly, says what fell, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.stack import Stack, running
from tests.support.waiting import eventually

ENDS_WITHIN_S = 5.0


@pytest.fixture
def own_stack(tmp_path: Path, pbx: str) -> Iterator[Stack]:
    """A stack of the test's own, which the test may end."""
    with running(tmp_path / "run", PBX=pbx) as stack:
        yield stack


def all_gone(stack: Stack) -> bool:
    """Whether no process of the stack is left."""
    return not any(Path(f"/proc/{pid}").exists() for pid in stack.ready["pids"].values())


def said(stack: Stack) -> str:
    """What `make run` has printed."""
    return (stack.run_dir / "run.log").read_text()


async def test_a_signal_ends_everything_within_five_seconds(own_stack: Stack) -> None:
    ready = f"READY {own_stack.ready['page_url']}"
    await eventually(lambda: said(own_stack).splitlines()[-1] == ready, saying=ready)  # a moment after `ready.json`
    assert set(own_stack.ready["pids"]) == {"emulator", "edge", "pages", "pbx"}
    mode = (own_stack.run_dir / "ready.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    began = time.monotonic()
    own_stack.process.send_signal(signal.SIGINT)
    assert own_stack.process.wait(ENDS_WITHIN_S) == 0
    assert time.monotonic() - began < ENDS_WITHIN_S
    assert all_gone(own_stack)
    assert not (own_stack.run_dir / "ready.json").exists()
    assert not (own_stack.run_dir / "emulator").exists()  # what it unpacked for its functions


async def test_an_emulator_that_is_gone_ends_the_stack_and_says_so(own_stack: Stack) -> None:
    os.kill(own_stack.ready["pids"]["emulator"], signal.SIGKILL)
    await eventually(lambda: own_stack.process.poll() is not None, timeout_s=8)
    assert own_stack.process.returncode == 1
    assert "emulator ended by itself" in said(own_stack)
    await eventually(partial(all_gone, own_stack))


async def test_the_edge_outlives_a_cloud_that_is_gone(own_stack: Stack) -> None:
    os.kill(own_stack.ready["pids"]["emulator"], signal.SIGSTOP)
    try:
        await own_stack.caller("1001")
        await eventually(partial(_rings, own_stack))
        log = own_stack.run_dir / "logs" / "edge.log"
        events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
        assert "part_stopped" not in events
    finally:
        os.kill(own_stack.ready["pids"]["emulator"], signal.SIGCONT)
        own_stack.process.send_signal(signal.SIGTERM)
        assert own_stack.process.wait(ENDS_WITHIN_S * 2) == 0


async def _rings(stack: Stack) -> bool:
    shown = await stack.control("GET", "/phones/1001")
    return bool(shown["state"] == "ringing")
