"""The fake cloud for pages, with the cloud's own rule of who pops, delays on the way, and faults on demand."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from ringline_core.domain import pop
from ringline_core.domain.pop import Candidate, Held
from tests.support.fake_page_cloud import ROOT, FakePageCloud, Frame, at, call

HOP_S = (0.02, 0.08)
"""One way between page and cloud, as on a good network; drawn for each frame."""


@dataclass
class Line:
    """One socket of a page."""

    page: str
    known: Candidate
    closed: int | None = None
    closed_s: float | None = None
    """When it ended, by the loop's clock, and with which code."""


class PopCloud(FakePageCloud):
    """One agent's cloud that ranks their pages.

    Attributes:
        lines: Every socket that said hello, in order.
        deaf: Pages to which nothing is delivered, although posting to them works.
        put_none: Notes are not taken, and nobody is told.
        rang_s: When each call rang, by the loop's clock; `done_s`: when its page said that it had popped.
        first: A page that ranks first whatever it says; how a cloud sees a page whose last words are on their way.
    """

    def __init__(self) -> None:
        """No page yet."""
        super().__init__()
        self.lines: dict[web.WebSocketResponse, Line] = {}
        self.deaf: set[str] = set()
        self.first: str | None = None
        self.held: dict[str, Held] = {}
        self.rang_s: dict[str, float] = {}
        self.done_s: dict[str, float] = {}
        self.hop_s = HOP_S
        self.put_none = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._calls = itertools.count(1)
        self._pages = itertools.count(1)

    def _app(self) -> web.Application:
        app = super()._app()
        for name in ("pops.html", "pops.js", "away.html"):
            app.router.add_get(f"/pops/{name}", _served(name))
        return app

    async def _headers(self, request: web.Request, response: web.StreamResponse) -> None:
        await super()._headers(request, response)
        response.headers["Cache-Control"] = "no-cache"  # `no-store` would keep pages out of the back/forward cache

    # --- what the test says

    async def ring(self) -> str:
        """A call alerts; its id."""
        ident = f"c-{next(self._calls)}"
        frame = self.change(call(ident, started_at=at(0)), event="ringing", on=ident)
        self.rang_s[ident] = asyncio.get_running_loop().time()
        for socket in self.live:
            self._later(self._post(socket, frame))
        self._tell(ident)
        return ident

    async def hang_up(self) -> None:
        """The caller gives up."""
        ident = self.calls[0]["call"] if self.calls else "c-0"
        frame = self.change(event="missed", on=ident)
        for socket in self.live:
            self._later(self._post(socket, frame))

    @property
    def live(self) -> list[web.WebSocketResponse]:
        """Open sockets that said hello."""
        return [socket for socket, line in self.lines.items() if line.closed is None]

    def hellos(self, page: str) -> int:
        """How many sockets that page has had."""
        return sum(line.page == page for line in self.lines.values())

    def open_lines(self, page: str) -> int:
        """How many sockets that page has."""
        return sum(self.lines[socket].page == page for socket in self.live)

    # --- what pages say

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            await asyncio.sleep(0)
            self._later(self._hear_later(socket, json.loads(message.data)))
        if line := self.lines.get(socket):
            line.closed, line.closed_s = socket.close_code or 1006, asyncio.get_running_loop().time()
        return socket

    async def _hear_later(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if frame["t"] == "hello":
            self._welcome_line(socket, frame)
        await self._hop()
        if frame["t"].startswith("pop.") and socket in self.lines:
            self._take(socket, frame)
        elif frame["t"] == "page" and socket in self.lines:
            self.lines[socket].known = _candidate(self.lines[socket].page, frame, self.lines[socket].known.opened_ms)
        if not socket.closed:
            await self._hear(socket, frame)
        if frame["t"] == "hello":
            for entry in self.calls:
                self._tell(entry["call"], only=socket)

    def _welcome_line(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self.sockets.append(socket)
        opened = next(self._pages)
        self.lines[socket] = Line(frame["page"], _candidate(frame["page"], frame, opened))

    def _take(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        """As `services/pop.py` does: the rule, then every page is told."""
        ident, page, grant = frame["call"], self.lines[socket].page, frame["grant"]
        if ident not in [entry["call"] for entry in self.calls]:
            return
        before, after = self.held.get(ident), None
        match frame["t"]:
            case "pop.claim":
                after = pop.claimed(before, page, grant, int(asyncio.get_running_loop().time() * 1000))
            case "pop.done":
                after = pop.finished(before, grant)
            case "pop.pass":
                after = pop.passed(before, page, grant)
        if after is not None:
            self.held[ident] = after
            if after.done:
                self.done_s[ident] = asyncio.get_running_loop().time()
        self._tell(ident)

    async def _put(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if not self.put_none:
            await super()._put(socket, frame)

    def _tell(self, ident: str, only: web.WebSocketResponse | None = None) -> None:
        held = self.held.get(ident)
        order = self.ranking()
        holder = held.page if held and not held.is_passed else None
        state = {"grant": held.grant if held else 0, "page": holder, "done": held.done if held else False}
        for socket in self.live:
            if only in (None, socket):
                rank = order.index(self.lines[socket].page)
                frame = {"t": "pop", "call": ident, "rank": rank, **state}
                self._later(self._post(socket, frame | {"lease_ms": pop.LEASE_MS, "steal_ms": pop.STEAL_MS}))

    def ranking(self) -> list[str]:
        """Pages, best first."""
        order = list(pop.ranked(self.lines[socket].known for socket in self.live))
        return sorted(order, key=lambda page: page != self.first)

    # --- the way between

    def _later(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _hop(self) -> None:
        await asyncio.sleep(random.uniform(*self.hop_s))

    async def _post(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        await self._hop()
        if not socket.closed and self.lines[socket].page not in self.deaf:
            await socket.send_json(frame)


def _candidate(page: str, frame: Frame, opened: int) -> Candidate:
    used = frame.get("last_input_at")
    used_ms = int(datetime.fromisoformat(used).timestamp() * 1000) if used else 0
    return Candidate(page, frame["can_pop"], frame["focused"], frame["visible"], used_ms, opened)


def _served(name: str) -> Any:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(ROOT / "tests" / "browser" / "host" / name)

    return serve
