"""A local stack for tests: `make run`'s own program, brought up once and shared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from infra.local.settings import ROOT
from tests.support.page_client import PageClient

BRING_UP_S = 240.0
TAKE_DOWN_S = 15.0


@dataclass(frozen=True)
class Stack:
    """A stack that is up, as its `ready.json` describes it."""

    ready: dict[str, Any]
    process: subprocess.Popen[bytes]
    run_dir: Path

    @property
    def api_url(self) -> str:
        """The HTTP API, through the pages process."""
        return str(self.ready["api_url"])

    @property
    def origin(self) -> str:
        """The page's origin, which the stack allows."""
        return str(self.ready["page_url"]).rstrip("/")

    def pbx_said(self) -> dict[str, Any]:
        """The PBX's ready line: its ports, for an edge of the test's own."""
        lines = (self.run_dir / "logs" / "pbx.log").read_text().splitlines()
        return dict(json.loads(next(line for line in lines if line.startswith("{"))))

    def token(self, user: str) -> str:
        """An id token of a demo user."""
        return str(next(entry["token"] for entry in self.ready["users"] if entry["user"] == user))

    def page(self, user: str, **options: Any) -> PageClient:
        """A page of `user`, not opened yet."""
        return PageClient(self.api_url, self.token(user), origin=self.origin, **options)

    async def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request to the PBX's control API; the answer's JSON."""
        status, answer = await self.try_control(method, path, body)
        assert status < 300, (method, path, body, status, answer)
        return answer

    async def try_control(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
        """The same, with the status, whatever it is."""
        url = f"{self.ready['pbx']['control_url']}{path}"
        async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def caller(self, to: str, number: str = "+442071234567") -> str:
        """An outside caller who dials `to`; its id."""
        return str((await self.control("POST", "/callers", {"from": number, "to": to}))["caller"])

    async def phone(self, station: str, do: str, **arguments: Any) -> Any:
        """Press something on a phone."""
        return await self.control("POST", f"/phones/{station}", {"do": do, **arguments})


@contextmanager
def running(run_dir: Path, **environment: str) -> Iterator[Stack]:
    """Bring a stack up, and take it down at the end.

    Raises:
        AssertionError: It did not come up; the text has its words.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    log = run_dir / "run.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "infra.local.run"],
            cwd=ROOT,
            env={**os.environ, "RUN_DIR": str(run_dir), **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        yield Stack(_ready(process, run_dir, log), process, run_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(TAKE_DOWN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the stack did not end in {TAKE_DOWN_S} s") from None


def _ready(process: subprocess.Popen[bytes], run_dir: Path, log: Path) -> dict[str, Any]:
    path = run_dir / "ready.json"
    deadline = time.monotonic() + BRING_UP_S
    while time.monotonic() < deadline:
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        if process.poll() is not None:
            raise AssertionError(f"make run ended with {process.returncode}:\n{log.read_text()}")
        time.sleep(0.1)
    raise AssertionError(f"make run was not ready in {BRING_UP_S} s:\n{log.read_text()}")
