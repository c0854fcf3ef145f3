"""A cloud for edge tests: the few rules of the contract's section 6, and every fault that a real one may show.

Socket plumbing is websockets'; what an edge said and what was stored can be read back.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

Frame = dict[str, Any]
T = TypeVar("T")


@dataclass
class FakeCloud:
    """What the cloud knows, and how it misbehaves.

    Attributes:
        heard: All frames of all edges, in order.
        documents: Newest document per station.
        swallow: How many of the next `state` frames get no answer.
        fail: How many of the next `state` frames get API Gateway's own error frame.
        fence_boards: Whether a newer edge leads, as a `board` frame is told.
        reject: Code per station whose document is not taken.
        deaf: Whether nothing is answered at all.
        largest: Frames above this many bytes close the socket with 1009.
        refuse_upgrade: Status that the next upgrades get.
        role: What hello is answered.
        clock_ahead_s: How much the cloud's clock is ahead of ours.
        opened: Sockets opened so far.
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
    fence_boards: bool = False
    reject: dict[str, str] = field(default_factory=dict)
    deaf: bool = False
    largest: int = 32_768
    refuse_upgrade: int | None = None
    clock_ahead_s: float = 0.0
    window: int = 4
    beat_s: float = 25
    lease_s: float = 60
    url: str = ""
    opened: int = 0
    sockets: list[ServerConnection] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, frame: Frame) -> None:
        """Post a frame to every edge."""
        for socket in tuple(self.sockets):
            await socket.send(json.dumps(frame))

    async def command(self, ident: str, verb: str, station: str, *, within_s: float = 8, **arguments: Any) -> None:
        """Post a command with a deadline from now, by the cloud's clock."""
        deadline = (self._now() + timedelta(seconds=within_s)).isoformat()
        frame = {"t": "command", "id": ident, "verb": verb, "station": station, "deadline_at": deadline}
        await self.send({**frame, **arguments})

    async def cut(self) -> None:
        """End all sockets, as a network does."""
        for socket in tuple(self.sockets):
            socket.transport.abort()

    async def until(self, check: Callable[[FakeCloud], T], timeout_s: float = 10) -> T:
        """The first truthy value of `check(self)`."""
        async with asyncio.timeout(timeout_s), self.changed:
            while not (value := check(self)):
                await self.changed.wait()
            return value

    async def result(self, ident: str, stage: str) -> Frame:
        """That result of a command."""

        def found(cloud: FakeCloud) -> Frame | None:
            return next((r for r in cloud.results if r["id"] == ident and r["stage"] == stage), None)

        said = await self.until(found)
        assert said is not None
        return said

    async def whole(self, epoch: int = 1) -> None:
        """The snapshot of an epoch is there."""
        await self.until(lambda cloud: {"t": "snapshot", "epoch": epoch, "phase": "end"} in cloud._snapshots())

    def said(self, kind: str) -> list[Frame]:
        """Frames of a type."""
        return [frame for frame in self.heard if frame["t"] == kind]

    def _snapshots(self) -> list[Frame]:
        return [{key: frame[key] for key in ("t", "epoch", "phase")} for frame in self.said("snapshot")]

    async def serve_socket(self, socket: ServerConnection) -> None:
        """Answer one edge until it goes."""
        self.sockets.append(socket)
        self.opened += 1
        try:
            with suppress(ConnectionClosed):
                await self._serve(socket)
        finally:
            self.sockets.remove(socket)
            async with self.changed:
                self.changed.notify_all()

    async def _serve(self, socket: ServerConnection) -> None:
        async for raw in socket:
            if len(raw) > self.largest:
                await socket.close(1009)
                return
            frame = json.loads(raw)
            async with self.changed:
                self.heard.append(frame)
                answer = None if self.deaf else self._answer(frame)
                self.changed.notify_all()
            if answer:
                await socket.send(json.dumps(answer))

    def admit(self, socket: ServerConnection, _request: Request) -> Response | None:
        """The authorizer's answer to an upgrade."""
        return None if self.refuse_upgrade is None else socket.respond(HTTPStatus(self.refuse_upgrade), "")

    def _answer(self, frame: Frame) -> Frame | None:
        ack = {"t": "ack", "frame": frame["frame"], "epoch": frame.get("epoch")}
        match frame["t"]:
            case "hello":
                return self._hello(frame)
            case "beat":
                now_at = self._now().isoformat()
                return {"t": "beat", "frame": frame["frame"], "now_at": now_at, "role": self.role, "epoch": self.epoch}
            case "state":
                return self._state(frame, ack)
            case "board" if self.fence_boards:
                return {**ack, "code": "fenced"}
            case "records":
                self.records |= {item["call"]: item for item in frame["items"]}
            case "result":
                self.results.append(frame)
        return ack

    def _hello(self, frame: Frame) -> Frame:
        if not self.sessions or self.sessions[-1] != frame["session"]:
            self.sessions.append(frame["session"])
            self.epoch += 1
        limits = {"beat_s": self.beat_s, "lease_s": self.lease_s, "frame_bytes": 28_672, "window": self.window}
        role = {"role": self.role, "epoch": self.epoch, "now_at": self._now().isoformat(), "limits": limits}
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
            if each["station"] not in self.reject and lane > self.lanes.get(each["station"], (0, 0)):
                self.lanes[each["station"]] = lane
                self.documents[each["station"]] = each["doc"]
        named = [each["station"] for each in frame["stations"] if each["station"] in self.reject]
        return {**ack, "rejected": [{"station": station, "code": self.reject[station]} for station in named]}

    def _now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s)


@asynccontextmanager
async def running() -> AsyncIterator[FakeCloud]:
    """A fake cloud on a free port of loopback."""
    cloud = FakeCloud()
    async with serve(cloud.serve_socket, "127.0.0.1", 0, process_request=cloud.admit, close_timeout=0.5) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        cloud.url = f"ws://127.0.0.1:{port}/"
        yield cloud
