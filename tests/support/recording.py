"""`ringline-edge record` as a process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from ringline_edge.recording import folder
from tests.support.waiting import eventually

PROGRAM = Path(sys.executable).parent / "ringline-edge"


class Recording:
    """A running `ringline-edge record` and what it said."""

    def __init__(self, process: asyncio.subprocess.Process, out: Path) -> None:
        self.process, self.out = process, out
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.said.append(line.decode().rstrip())

    async def says(self, *words: str) -> None:
        """Wait for a line with all of these."""
        await eventually(lambda: any(all(word in line for word in words) for line in self.said), 15, saying=str(words))

    async def end(self, how: signal.Signals | None = signal.SIGINT) -> int:
        """Its exit code."""
        if how is not None:
            self.process.send_signal(how)
        code = await asyncio.wait_for(self.process.wait(), 15)
        await self._reading
        return code


def configuration(path: Path, kind: str, settings: Mapping[str, Any]) -> Path:
    table = "\n".join(f"{key} = {folder.toml(value)}" for key, value in settings.items())
    path.write_text(f"version = 1\n[pbx]\nkind = '{kind}'\n[pbx.{kind}]\n{table}\n")
    return path


@contextlib.asynccontextmanager
async def process(kind: str, settings: Mapping[str, Any], at: Path, *more: str) -> AsyncIterator[Recording]:
    """Record to `at`/trace; it is connected."""
    config = configuration(at / "edge.toml", kind, settings)
    words = (PROGRAM, "record", "--config", config, "--out", at / "trace", *more)
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*map(str, words), stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    made = Recording(child, at / "trace")
    try:
        await made.says("the PBX tells of")
        yield made
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
