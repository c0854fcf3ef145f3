"""The processes of the local stack: started with a clean environment, watched, ended youngest first, and reaped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STOP_GRACE_S = 3.0
"""For the youngest child, which still has something to tell the others; those get what is left of five seconds."""

REST_GRACE_S = 1.2
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "RINGLINE_PBX_CACHE")


class ChildError(Exception):
    """A child ended or said the wrong thing while it was needed; the text shows its last words."""


@dataclass
class Child:
    """One running process and its log."""

    name: str
    process: asyncio.subprocess.Process
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def last_words(self, lines: int = 12) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Children:
    """All processes of one stack."""

    def __init__(self, log_dir: Path) -> None:
        """Logs go to `log_dir/NAME.log`."""
        self._log_dir = log_dir
        self._children: list[Child] = []

    async def start(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        inherits: Sequence[int] = (),
    ) -> Child:
        """Start `command` in a session of its own, so that a Ctrl-C in the terminal reaches it only through us.

        Args:
            name: For its log.
            command: Program and arguments.
            cwd: Its folder.
            env: What it needs beside the little that every child gets.
            inherits: Open files that it takes over.
        """
        self._log_dir.mkdir(parents=True, exist_ok=True)
        log = self._log_dir / f"{name}.log"
        with log.open("wb") as sink:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                cwd=cwd,
                env=clean_environment(env or {}),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                pass_fds=tuple(inherits),
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    async def ready_line(self, child: Child, timeout_s: float) -> dict[str, Any]:
        """The JSON object with `"ready": true` that `child` prints when it is up.

        Raises:
            ChildError: It ended, or said nothing of the kind in time.
        """
        deadline = asyncio.get_running_loop().time() + timeout_s
        while asyncio.get_running_loop().time() < deadline:
            for line in child.log.read_text(errors="replace").splitlines():
                if line.startswith("{"):
                    with contextlib.suppress(ValueError):
                        said = json.loads(line)
                        if said.get("ready"):
                            return dict(said)
            if child.process.returncode is not None:
                raise ChildError(f"{child.name} ended with {child.process.returncode}:\n{child.last_words()}")
            await asyncio.sleep(0.03)
        raise ChildError(f"{child.name} was not ready after {timeout_s:.0f} s:\n{child.last_words()}")

    async def first_to_end(self) -> Child:
        """Wait until some child ends, and say which."""
        waits = {asyncio.create_task(child.process.wait()): child for child in self._children}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()
        return waits[next(iter(done))]

    async def stop(self) -> None:
        """End all children within five seconds and reap them: the youngest first, then the rest together."""
        if self._children:
            *rest, youngest = self._children
            await stop_child(youngest, STOP_GRACE_S)
            await asyncio.gather(*(stop_child(child, REST_GRACE_S) for child in rest))
        self._children.clear()

    def forget(self, child: Child) -> None:
        """Leave `child` out of what is watched and stopped; somebody else ended it."""
        self._children.remove(child)


async def stop_child(child: Child, grace_s: float = STOP_GRACE_S) -> None:
    """End one child and what it started, by its process group; killed when it does not listen within `grace_s`."""
    if child.process.returncode is not None:
        return
    _signal(child, signal.SIGTERM)
    try:
        await asyncio.wait_for(child.process.wait(), grace_s)
    except TimeoutError:
        _signal(child, signal.SIGKILL)
        await child.process.wait()


def _signal(child: Child, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.process.pid, number)


def clean_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Only what a child needs of ours, and `extra`. The emulator hands its whole environment to the functions."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {**kept, "PYTHONUNBUFFERED": "1", **extra}
