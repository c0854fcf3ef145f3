"""A plain client of the wire contract, written against its text and not against our models.

It does what a page must do (contract, sections 1, 2 and 5): ticket, socket, hello, apply `station` frames by `since_at`
and `rev`, raise each entry of `recent` once, send commands and collect their results.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import aiohttp
from websockets.asyncio.client import ClientConnection, connect

Frame = dict[str, Any]
FINAL = frozenset({"confirmed", "failed", "expired"})


class PageClient:
    """One page of one agent."""

    _numbers = itertools.count(1)

    def __init__(self, api_url: str, token: str, *, page: str | None = None, origin: str | None = None) -> None:
        """`token` is the agent's id token; `page` the page's id, made up when left out."""
        self.api_url, self.token, self.origin = api_url, token, origin
        self.page = page or f"page-{next(self._numbers)}-{id(self):x}"
        self.frames: list[Frame] = []
        self.events: list[Frame] = []
        self.welcome: Frame = {}
        self.station: str | None = None
        self.rev: int | None = None
        self.doc: Frame | None = None
        self.desk: Frame | None = None
        self._n = 0
        self._changed = asyncio.Condition()
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> PageClient:
        """Open the socket and say hello; returns when the welcome is there."""
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the socket."""
        await self.close()

    async def ticket(self) -> Frame:
        """A fresh ticket."""
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.api_url}/tickets", headers={"Authorization": f"Bearer {self.token}"}) as answer,
        ):
            assert answer.status == 201, (answer.status, await answer.text())
            given: Frame = await answer.json()
            return given

    async def open(self, **hello: Any) -> Frame:
        """Ticket, socket, hello; the welcome."""
        ticket = await self.ticket()
        self._socket = await connect(ticket["url"], origin=self.origin, max_size=None)  # type: ignore[arg-type]
        self._reader = asyncio.create_task(self._read(self._socket))
        mine = {"rev": self.rev, "n": self._n} if self.doc else {}
        said = {"t": "hello", "v": 1, "page": self.page, "client": "plain/1", "visible": True, "focused": True}
        await self.send({**said, "can_pop": True, "label": "test", **mine, **hello})
        self.welcome = await self.frame(lambda f: f.get("t") == "welcome", "welcome")
        return self.welcome

    async def close(self) -> None:
        """Close the socket, as a closed tab does."""
        if self._reader:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
        if self._socket:
            await self._socket.close()

    async def send(self, frame: Frame) -> None:
        """One frame."""
        await self.send_raw(json.dumps(frame))

    async def send_raw(self, text: str) -> None:
        """Any text, for what a page should never say."""
        assert self._socket is not None
        await self._socket.send(text)

    async def frame(self, wanted: Callable[[Frame], bool], what: str, timeout_s: float = 10) -> Frame:
        """The newest frame that fits, now or within `timeout_s`."""
        return await self._until(lambda: next((f for f in reversed(self.frames) if wanted(f)), None), what, timeout_s)

    async def event(self, name: str, timeout_s: float = 10, **fields: Any) -> Frame:
        """The first raised event called `name` that has these fields."""

        def raised() -> Frame | None:
            for event in self.events:
                if event["event"] == name and all(event.get(key) == value for key, value in fields.items()):
                    return event
            return None

        return await self._until(raised, f"event {name} {fields}", timeout_s)

    async def document(self, wanted: Callable[[Frame], bool], what: str, timeout_s: float = 10) -> Frame:
        """The document, once it is as wanted."""
        return await self._until(lambda: self.doc if self.doc and wanted(self.doc) else None, what, timeout_s)

    async def call(self, leg: str, timeout_s: float = 10) -> Frame:
        """The first call whose leg is in that state."""

        def found() -> Frame | None:
            return next((call for call in (self.doc or {}).get("calls", ()) if call["leg"] == leg), None)

        return await self._until(found, f"a call that is {leg}", timeout_s)

    async def command(self, verb: str, *, timeout_s: float = 15, **arguments: Any) -> list[Frame]:
        """Send a command; all its results, the final one last."""
        ident = arguments.pop("id", None) or f"cmd-{next(self._numbers)}-{id(self):x}"
        await self.send({"t": "command", "id": ident, "verb": verb, **arguments})
        await self.frame(
            lambda f: f.get("t") == "result" and f["id"] == ident and f["stage"] in FINAL, f"end of {verb}", timeout_s
        )
        return [f for f in self.frames if f.get("t") == "result" and f["id"] == ident]

    async def clock(self) -> datetime:
        """The cloud's clock, by a beat."""
        before = sum(f.get("t") == "beat" for f in self.frames)
        await self.send({"t": "beat"})
        beats = await self._until(
            lambda: {"all": found} if len(found := [f for f in self.frames if f.get("t") == "beat"]) > before else None,
            "beat",
            5,
        )
        return datetime.fromisoformat(beats["all"][-1]["now_at"])

    def names(self) -> list[str]:
        """Names of the events raised so far, agent states left out."""
        return [event["event"] for event in self.events if event["event"] != "agent_state"]

    async def _until(self, found: Callable[[], Frame | None], what: str, timeout_s: float) -> Frame:
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while (value := found()) is None:
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise AssertionError(f"{self.page}: no {what} in {timeout_s} s; {self._story()}") from None

    def _story(self) -> str:
        return json.dumps({"events": self.names(), "doc": self.doc, "last": self.frames[-5:]}, indent=1)[:6000]

    async def _read(self, socket: ClientConnection) -> None:
        async for text in socket:
            frame = json.loads(text)
            async with self._changed:
                self.frames.append(frame)
                match frame.get("t"):
                    case "welcome":
                        self._take_welcome(frame)
                    case "station":
                        self._take_station(frame)
                self._changed.notify_all()

    def _take_welcome(self, frame: Frame) -> None:
        """The whole truth; a page that knew this log-on raises what it missed, a new page raises nothing."""
        known = self.desk and frame["desk"] and self.desk["since_at"] == frame["desk"]["since_at"]
        if known and frame["rev"] < (self.rev or 0):
            return  # a newer `station` frame overtook the welcome
        self._take(frame, quiet=not known)

    def _take_station(self, frame: Frame) -> None:
        held = self.desk["since_at"] if self.desk else None
        if frame["desk"] is None:
            if held is None or frame["now_at"] > held:
                self._take(frame, quiet=True)
            return
        since = frame["desk"]["since_at"]
        if held is None or since > held:
            self._take(frame, quiet=True)
        elif since == held and frame["rev"] > (self.rev or 0):
            self._take(frame, quiet=False)

    def _take(self, frame: Frame, *, quiet: bool) -> None:
        self.station, self.rev, self.doc, self.desk = frame["station"], frame["rev"], frame["doc"], frame["desk"]
        recent = (frame["doc"] or {}).get("recent", [])
        if not quiet:
            self.events += sorted((entry for entry in recent if entry["n"] > self._n), key=lambda entry: entry["n"])
        self._n = max([entry["n"] for entry in recent], default=0 if quiet else self._n)
