"""Enrols and starts a real edge process for the local stack."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from infra.local.children import Child, ChildError, Children, clean_environment
from infra.local.pbx import Pbx
from infra.local.ports import LOOPBACK, free_port
from infra.local.settings import ROOT, Settings

EDGE_ID = "edge-1"
ACTIVE_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Edge:
    """A running edge and where it tells of its health."""

    child: Child
    health_url: str
    metrics_url: str
    socket_url: str


async def start(children: Children, settings: Settings, api_url: str, code: str, pbx: Pbx) -> Edge:
    """Write the configuration, enrol with `code`, start, and wait until the edge leads and sees its PBX.

    Raises:
        ChildError: Enrolment was refused, or the edge did not become active.
    """
    folder = settings.run_dir / "edge"
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "edge.toml"
    config.write_text(_toml(folder / "state", port, pbx.edge_config))
    config.chmod(0o600)
    program = settings.python.parent / "ringline-edge"
    enrolled = await _enrol([program, "enroll", "--config", config, "--api", api_url, "--edge", EDGE_ID], code)
    child = await children.start("edge", [program, "run", "--config", config], cwd=ROOT)
    base = f"http://{LOOPBACK}:{port}"
    await _until_active(child, f"{base}/healthz")
    return Edge(child, f"{base}/healthz", f"{base}/metrics", enrolled)


async def _enrol(command: list[str | Path], code: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=ROOT,
        env=clean_environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(f"{code}\n".encode())
    if process.returncode:
        raise ChildError(f"the edge could not enrol ({process.returncode}):\n{err.decode(errors='replace')[-800:]}")
    answer = next(line for line in out.decode().splitlines() if line.startswith("{"))
    return str(json.loads(answer)["socket_url"])


async def _until_active(child: Child, health_url: str) -> None:
    deadline = asyncio.get_running_loop().time() + ACTIVE_TIMEOUT_S
    seen: dict[str, Any] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session:
        while asyncio.get_running_loop().time() < deadline:
            if child.process.returncode is not None:
                break
            try:
                async with session.get(health_url) as answer:
                    seen = await answer.json(content_type=None)
                if seen.get("role") == "active" and seen.get("pbx") == "up":
                    return
            except (aiohttp.ClientError, TimeoutError, ValueError):
                pass
            await asyncio.sleep(0.05)
    raise ChildError(f"the edge did not become active ({seen}):\n{child.last_words()}")


def _toml(state_dir: Path, health_port: int, pbx: dict[str, Any]) -> str:
    kind = pbx["kind"]
    lines = [
        "version = 1",
        "[edge]",
        f"state_dir = {_value(str(state_dir))}",
        "[health]",
        f"host = {_value(LOOPBACK)}",
        f"port = {health_port}",
        "[pbx]",
        f"kind = {_value(kind)}",
        f"[pbx.{kind}]",
        *(f"{key} = {_value(value)}" for key, value in pbx[kind].items()),
    ]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """A scalar as TOML; JSON's strings and numbers are TOML's too."""
    return json.dumps(value)
