"""An edge of our own between the simulated PBX and a fake cloud, all in the test's loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.errors import PbxUnavailableError
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge import identity, registry
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.app import Edge
from ringline_edge.config import Config
from tests.support import fake_cloud
from tests.support.fake_cloud import FakeCloud


class ScriptedPbx:
    """A PBX in the test's hands: says the facts it is given, notes the commands it gets."""

    identity = PbxIdentity("scripted", "1")
    capabilities = Capabilities(frozenset(Verb) - {Verb.CONFERENCE})

    def __init__(self) -> None:
        self.emit: Emit | None = None
        self.executed: list[tuple[EdgeCommand, CallLegs]] = []
        self.refuse: Exception | None = None
        self.first = Snapshot(0)
        self.absent: Exception | None = None
        self.runs = 0
        self.gone = asyncio.Event()

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
        if self.refuse:
            raise self.refuse

    async def snapshot(self) -> Snapshot:
        return self.first

    def say(self, fact: Fact) -> None:
        assert self.emit is not None
        self.emit(fact)


@dataclass
class Bench:
    """The edge, its PBX, its cloud."""

    pbx: ScriptedPbx
    cloud: FakeCloud
    edge: Edge
    task: asyncio.Task[None]


@pytest_asyncio.fixture
async def bench(tmp_path: Path, monkeypatch: object) -> AsyncIterator[Bench]:
    pbx = ScriptedPbx()
    async with fake_cloud.running() as cloud:
        private, _ = identity.make_key()
        identity.save(tmp_path, identity.EdgeIdentity("hq", "edge-1", "k1", "aud", cloud.url, private))
        with contextlib.ExitStack() as stack:
            original = registry.create
            registry.create = lambda *_: pbx  # type: ignore[assignment]
            stack.callback(setattr, registry, "create", original)
            config = Config.model_validate(
                {"version": 1, "edge": {"state_dir": tmp_path}, "health": {"port": 0}, "pbx": {"kind": "scripted"}}
            )
            edge = Edge(config, "test")
        task = asyncio.create_task(edge.run())
        yield Bench(pbx, cloud, edge, task)
        edge.stop()
        await asyncio.wait_for(task, 10)
