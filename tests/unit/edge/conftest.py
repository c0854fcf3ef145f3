"""An edge of our own between a scripted PBX and a fake cloud, all in the test's loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge import identity, registry
from ringline_edge.adapters.examination import Examination
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.app import Edge
from ringline_edge.config import Config
from tests.support import fake_cloud
from tests.support.fake_cloud import FakeCloud


class ScriptedPbx:
    """A PBX in the test's hands: says the facts it is given, notes the commands it gets."""

    identity = PbxIdentity("scripted", "1")

    def __init__(self) -> None:
        self.capabilities = Capabilities(frozenset(Verb) - {Verb.CONFERENCE})
        self.emit: Emit | None = None
        self.executed: list[tuple[EdgeCommand, CallLegs]] = []
        self.refuse: Exception | None = None
        self.first = Snapshot(0)
        self.absent: Exception | None = None
        self.runs = 0
        self.answers = asyncio.Event()
        self.answers.set()
        self.gone = asyncio.Event()
        self.holds: dict[str, str] = {}
        self.refuse_hold: CommandError | None = None
        self.examined: dict[str, Examination] = {}

    @property
    def held(self) -> frozenset[str]:
        return frozenset(self.holds)

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        assert isinstance(in_call, bool)
        if self.refuse_hold:
            raise self.refuse_hold
        self.holds[station] = reason

    async def unhold(self, station: str) -> None:
        self.holds.pop(station, None)

    async def run(self, emit: Emit) -> None:
        self.runs += 1
        if self.absent:
            raise self.absent
        self.emit = emit
        emit(self.first)
        await self.gone.wait()
        self.gone.clear()
        raise PbxUnavailableError("cut by the test")

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        self.executed.append((command, calls))
        await self.answers.wait()
        if self.refuse:
            raise self.refuse

    async def snapshot(self) -> Snapshot:
        return self.first

    async def examine(self, station: str) -> Examination | None:
        return self.examined.get(station)

    def say(self, *facts: Fact) -> None:
        assert self.emit is not None
        for fact in facts:
            self.emit(fact)


@dataclass
class Bench:
    """The edge, its PBX, its cloud."""

    pbx: ScriptedPbx
    cloud: FakeCloud
    folder: Path
    edge: Edge
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve."""
        self.task = asyncio.create_task(self.edge.run())

    async def stop(self) -> None:
        """End in order, as for SIGTERM."""
        self.edge.stop()
        if self.task is not None:
            await asyncio.wait_for(self.task, 5)

    async def restart(self) -> None:
        """Another process on the same spool."""
        await self.stop()
        self.edge = build(self.folder)
        self.start()


def build(folder: Path) -> Edge:
    """An edge on the state in `folder`; its PBX comes from the registry."""
    return Edge(
        Config.model_validate(
            {"version": 1, "edge": {"state_dir": folder}, "health": {"port": 0}, "pbx": {"kind": "scripted"}}
        ),
        "test.toml",
    )


@asynccontextmanager
async def benched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A bench whose edge does not serve yet."""
    pbx = ScriptedPbx()
    monkeypatch.setattr(registry, "create", lambda *_: pbx)
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    async with fake_cloud.running() as cloud:
        private, _ = identity.make_key()
        identity.save(folder, identity.EdgeIdentity("hq", "edge-1", "k1", "aud", cloud.url, private))
        bench = Bench(pbx, cloud, folder, build(folder))
        yield bench
        await bench.stop()


@pytest_asyncio.fixture
async def idle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    """A bench to be started by the test."""
    async with benched(tmp_path, monkeypatch) as bench:
        yield bench


@pytest_asyncio.fixture
async def bench(idle: Bench) -> Bench:
    """A bench that serves."""
    idle.start()
    return idle
