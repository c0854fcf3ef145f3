"""A cloud for edge tests: the few rules of the contract's section 6, and every fault that a real one may show.

Socket plumbing is websockets'; what an edge said and what was stored can be read back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

Frame = dict[str, Any]


@dataclass
class FakeCloud:
    """What the cloud knows.

    Attributes:
        heard: All frames of all edges, in order.
        documents: Newest document per station.
        swallow: How many of the next `state` frames get no answer.
        fail: How many of the next `state` frames get API Gateway's own error frame.
        role: What hello is answered.
    """

    heard: list[Frame] = field(default_factory=list)
    documents: dict[str, Frame] = field(default_factory=dict)
    lanes: dict[str, tuple[int, int]] = field(default_factory=dict)
    records: dict[str, Frame] = field(default_factory=dict)
    results: list[Frame] = field(default_factory=list)
    epoch: int = 0
    sessions: list[str] = field(default_factory=list)
    role: str = "active"
    swallow: int = 0
    fail: int = 0
    window: int = 4
    url: str = ""
    sockets: set[ServerConnection] = field(default_factory=set)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, frame: Frame) -> None:
        """Post a frame to every edge."""
        for socket in self.sockets:
            await socket.send(json.dumps(frame))

    async def command(self, ident: str, verb: str, station: str, *, within_s: float = 8, **arguments: Any) -> None:
        """Post a command with a deadline from now."""
        deadline = datetime.fromtimestamp(datetime.now(UTC).timestamp() + within_s, UTC)
        frame = {"t": "command", "id": ident, "verb": verb, "station": station, "deadline_at": deadline.isoformat()}
        await self.send({**frame, **arguments})

    async def cut(self) -> None:
        """End all sockets, as a network does."""
        for socket in tuple(self.sockets):
            socket.transport.abort()

    async def until(self, check: Any, timeout_s: float = 10) -> Any:
        """The first truthy value of `check(self)`."""
        async with asyncio.timeout(timeout_s), self.changed:
            while not (value := check(self)):
                await self.changed.wait()
            return value

    async def result(self, ident: str, stage: str) -> Frame:
        """That result of a command."""

        def found(cloud: FakeCloud) -> Frame | None:
            return next((r for r in cloud.results if r["id"] == ident and r["stage"] == stage), None)

        return dict(await self.until(found))

    async def serve_socket(self, socket: ServerConnection) -> None:
        """Answer one edge until it goes."""
        self.sockets.add(socket)
        try:
            async for raw in socket:
                frame = json.loads(raw)
                async with self.changed:
                    self.heard.append(frame)
                    answer = self._answer(frame)
                    self.changed.notify_all()
                if answer:
                    await socket.send(json.dumps(answer))
        finally:
            self.sockets.discard(socket)

    def _answer(self, frame: Frame) -> Frame | None:
        ack = {"t": "ack", "frame": frame["frame"], "epoch": frame.get("epoch")}
        match frame["t"]:
            case "hello":
                return self._hello(frame)
            case "beat":
                return {"t": "beat", "frame": frame["frame"], "now_at": _now(), "role": self.role, "epoch": self.epoch}
            case "state":
                return self._state(frame, ack)
            case "records":
                self.records |= {item["call"]: item for item in frame["items"]}
            case "result":
                self.results.append(frame)
        return ack

    def _hello(self, frame: Frame) -> Frame:
        if not self.sessions or self.sessions[-1] != frame["session"]:
            self.sessions.append(frame["session"])
            self.epoch += 1
        limits = {"beat_s": 25, "lease_s": 60, "frame_bytes": 28_672, "window": self.window}
        role = {"role": self.role, "epoch": self.epoch, "now_at": _now(), "limits": limits}
        return {"t": "welcome", "frame": frame["frame"], **role}

    def _state(self, frame: Frame, ack: Frame) -> Frame | None:
        if self.swallow:
            self.swallow -= 1
            return None
        if self.fail:
            self.fail -= 1
            return {"message": "Internal server error", "connectionId": "x", "requestId": "y"}
        if frame["epoch"] < self.epoch:
            return {**ack, "code": "fenced"}
        for each in frame["stations"]:
            lane = (frame["epoch"], each["seq"])
            if lane > self.lanes.get(each["station"], (0, 0)):
                self.lanes[each["station"]] = lane
                self.documents[each["station"]] = each["doc"]
        return ack


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@asynccontextmanager
async def running() -> AsyncIterator[FakeCloud]:
    """A fake cloud on a free port of loopback."""
    cloud = FakeCloud()
    async with serve(cloud.serve_socket, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        cloud.url = f"ws://127.0.0.1:{port}/"
        yield cloud
