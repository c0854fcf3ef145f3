"""An edge process of the test's own, beside a stack that was started without one."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from infra.local.children import clean_environment
from infra.local.ports import free_port
from infra.local.settings import ROOT
from tests.support.stack import Stack
from tests.support.waiting import eventually

PROGRAM = Path(sys.executable).parent / "ringline-edge"


@dataclass
class OwnEdge:
    """One edge: enrolled once, started and ended as often as the test likes."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.folder / "edge.toml"

    async def start(self, role: str = "active") -> None:
        """Start it, and wait until it has this role and sees its PBX."""
        with (self.folder / "edge.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *map(str, (PROGRAM, "run", "--config", self.config)),
                cwd=ROOT,
                env=clean_environment({}),
                stdout=log,
                stderr=log,
            )
        await self.becomes(role)

    async def becomes(self, role: str, within_s: float = 20) -> None:
        """Wait until it has this role and sees its PBX."""

        async def check() -> bool:
            assert self.process is not None
            assert self.process.returncode is None, (self.folder / "edge.log").read_text()[-3000:]
            health = await self.health()
            return health.get("role") == role and health.get("pbx") == "up"

        await eventually(check, timeout_s=within_s, saying=f"the edge is {role}")

    async def health(self) -> dict[str, Any]:
        """What `/healthz` says, empty while it does not answer."""
        try:
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/healthz") as said:
                found: dict[str, Any] = await said.json(content_type=None)
                return found
        except (aiohttp.ClientError, ValueError):
            return {}

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it with a signal; its exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(how)
        return await asyncio.wait_for(self.process.wait(), 10)

    def reach_cloud_by(self, port: int) -> int:
        """Have it reach the cloud by another port of this machine from its next start on; the port so far."""
        path = self.folder / "state" / "enrolment.json"
        enrolment = json.loads(path.read_text())
        url = urlsplit(enrolment["socket_url"])
        before = url.port or 80
        path.write_text(json.dumps({**enrolment, "socket_url": url._replace(netloc=f"127.0.0.1:{port}").geturl()}))
        return before


def pbx_tables(stack: Stack) -> str:
    """The stack's PBX as the `[pbx]` tables of an edge's configuration."""
    said, kind = stack.pbx_said(), stack.ready["pbx"]["kind"]
    settings = said["ami"] if kind == "asterisk" else {"host": "127.0.0.1", "port": said["pbx_port"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    return "\n".join(["[pbx]", f"kind = {json.dumps(kind)}", f"[pbx.{kind}]", *lines, ""])


async def enrol(stack: Stack, folder: Path, pbx: str, name: str = "edge-own", code: str | None = None) -> OwnEdge:
    """Write a configuration with `pbx` (its TOML tables), and enrol with a code, else with the stack's fresh one.

    Raises:
        AssertionError: The enrolment was refused; the text has its words.
    """
    edge = OwnEdge(folder, free_port())
    state, port = json.dumps(str(folder / "state")), edge.port
    edge.config.write_text(
        f"version = 1\n[edge]\nstate_dir = {state}\n[health]\nhost = '127.0.0.1'\nport = {port}\n{pbx}"
    )
    process = await asyncio.create_subprocess_exec(
        *map(str, (PROGRAM, "enroll", "--config", edge.config, "--api", stack.api_url, "--edge", name)),
        env=clean_environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(f"{code or stack.ready['edge']['enrolment_code']}\n".encode())
    assert process.returncode == 0, said.decode()
    return edge
