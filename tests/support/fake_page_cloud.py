"""A cloud for pages, played by the test: tickets, one socket per page, static files, and a PBX's other side.

It says exactly what the test tells it to, in any order, and keeps what it heard. The served headers are those of the
local stack: a strict content security policy, violations of which the test sees.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from aiohttp import web

Frame = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'self'; require-trusted-types-for 'script'"
)
SINCE = "2026-11-24T08:00:00.000Z"
OTHERS = {"ben": ("1002", "Ben Ode"), "cleo": ("1003", "Cleo Marsh"), "sue": ("1004", "Sue Park")}
"""Anna's colleagues in the playground: station and name. Everybody else who asks for a ticket is Anna."""


def at(seconds_ago: float = 0) -> str:
    """A time on the wire."""
    moment = datetime.now(UTC) - timedelta(seconds=seconds_ago)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def call(ident: str = "c-1", leg: str = "alerting", **fields: Any) -> Frame:
    """A call entry as the contract has it."""
    cans = {"alerting": ["answer", "reject"], "connected": ["drop", "hold", "transfer", "consult", "dtmf"]}
    can = cans.get(leg, ["resume", "drop"])
    remote = {"number": "+442071234567", "name": "Erika Müller", "presentation": "allowed"}
    base: Frame = {
        "call": ident,
        "interaction": f"i-{ident}",
        "was": [],
        "related": [],
        "leg": leg,
        "direction": "inbound",
    }
    base |= {"remote": remote, "dialed": "5000", "queue": "support", "started_at": at(5), "consult_of": None}
    base |= {"answered_at": None if leg == "alerting" else at(3), "held_at": at(2) if leg == "hold" else None}
    base |= {"transferred_by": None, "conflict": None, "parties": [], "data": {}, "can": can}
    return base | fields


class FakePageCloud:
    """One agent's cloud; `async with` gives it a port."""

    def __init__(self) -> None:
        self.url = ""
        self.policy = CONTENT_SECURITY_POLICY
        self.heartbeat_s = 30.0
        self.rev, self.counter = 1, 0
        self.calls: list[Frame] = []
        self.recent: list[Frame] = []
        self.wrap_up: list[Frame] = []
        self.dispositions: dict[str, list[str]] = {}
        self.agent: Frame = {"login": "7001", "state": "ready", "reason": None, "since_at": at(60), "pending": None}
        self.agent["queues"] = [{"queue": "support", "paused": False, "reason": None, "penalty": 0}]
        self.in_service = True
        self.is_logged_on = True
        self.site: dict[str, str] = {"id": "hq", "edge": "up", "pbx": "up", "tz": "UTC"}
        self.desk: Frame = {"agent": "anna", "name": "Anna Ek", "since_at": SINCE, "pages": 1, "handover": []}
        self.roles = ["agent"]
        self.watched: list[Frame] = [self.site]
        self.deeds: list[tuple[str, Frame]] = []
        self.deed_refusal: str | None = None
        self.ticket_status = 201
        self.is_mute = False
        self.heard: list[Frame] = []
        self.tickets = 0
        self.sockets: list[web.WebSocketResponse] = []
        self.presses: list[tuple[str, Frame]] = []
        self.notes: dict[str, Frame] = {}
        self.phones: dict[str, Frame] = {}
        self.queues: dict[str, list[Frame]] = {}
        self.callers: dict[str, Frame] = {}
        self.colleagues: list[Frame] = []
        self.missed: list[Frame] = []
        self.page_of_missed = 50
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.refused_tokens: set[str] = set()
        self.files: dict[str, str] = {}
        self._ids = itertools.count(1)
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Listen on a free port of loopback."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every socket and stop."""
        await self.cut()
        await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(self._headers)
        add = app.router
        add.add_post("/api/tickets", self._ticket)
        add.add_post("/api/sites/{site}/stations/{station}/{deed}", self._do)
        add.add_get("/api/colleagues", self._colleagues)
        add.add_get("/api/calls", self._calls_over)
        add.add_get("/ws", self._socket)
        add.add_get("/playground.json", self._playground)
        add.add_get("/", _file("web/playground/index.html"))
        add.add_get("/host.html", _file("tests/browser/host/host.html"))
        add.add_get("/host.js", _file("tests/browser/host/host.js"))
        add.add_get("/pbx/phones/{station}", self._phone)
        add.add_post("/pbx/phones/{station}", self._press)
        add.add_post("/pbx/callers", self._new_caller)
        add.add_get("/pbx/callers/{caller}", self._caller)
        add.add_post("/pbx/callers/{caller}", self._hang_up)
        add.add_get("/pbx/queues/{name}", self._queue)
        add.add_get("/ringline/{path:.+}", self._ringline)
        add.add_static("/docs/examples", ROOT / "docs" / "examples")
        add.add_static("/", ROOT / "web")
        return app

    async def _headers(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers["Content-Security-Policy"] = self.policy
        response.headers["Cache-Control"] = "no-store"

    # --- what the test says

    def document(self) -> Frame:
        """The station document as it stands."""
        base = {"station": "1001", "in_service": self.in_service, "dnd": None, "forward": None, "agent": self.agent}
        base |= {"calls": self.calls, "wrap_up": self.wrap_up, "can": ["place", "set_state", "log_off"]}
        return json.loads(json.dumps(base | {"recent": self.recent[-8:]}))  # type: ignore[no-any-return]

    def change(self, *calls: Frame, event: str | None = None, on: str = "c-1", **fields: Any) -> Frame:
        """The calls are now these and this happened; the frame that tells so, not yet sent."""
        self.calls = list(calls)
        self.rev += 1
        if event:
            self.counter += 1
            entry = {"n": 2**32 + self.counter, "event": event, "call": on, "interaction": f"i-{on}", "at": at()}
            self.recent.append(entry | {"cause": None, "by": None, "peer": None} | fields)
        return self.station()

    def station(self) -> Frame:
        """A `station` frame of what is true now."""
        here: Frame = {"station": "1001", "rev": self.rev, "doc": self.document(), "desk": dict(self.desk)}
        nothing = dict.fromkeys(here)
        return {"t": "station", "now_at": at(), **(here if self.is_logged_on else nothing)}

    async def say(self, *frames: Frame) -> None:
        """Send to every open socket."""
        for socket in [each for each in self.sockets if not each.closed]:
            for frame in frames:
                await socket.send_json(frame)

    async def tell(self, *calls: Frame, **what: Any) -> None:
        """`change` and `say` at once."""
        await self.say(self.change(*calls, **what))

    async def pop(self, ident: str = "c-1") -> None:
        """Let the page that said hello last pop a call that rings: rank, claim, grant, done."""
        page = [frame["page"] for frame in self.heard if frame["t"] == "hello"][-1]
        said: Frame = {"t": "pop", "call": ident, "rank": 0, "done": False, "lease_ms": 1200, "steal_ms": 1800}
        await self.say(said | {"grant": 0, "page": None})
        await self.hears(lambda frame: frame["t"] == "pop.claim" and frame["call"] == ident, "pop.claim")
        await self.say(said | {"grant": 1, "page": page})
        await self.hears(lambda frame: frame["t"] == "pop.done" and frame["call"] == ident, "pop.done")

    async def result(self, command: Frame, stage: str, **fields: Any) -> None:
        """A stage of a command."""
        await self.say({"t": "result", "id": command["id"], "stage": stage, **fields})

    async def cut(self) -> None:
        """End every socket."""
        gone, self.sockets = self.sockets, []
        for socket in gone:
            await socket.close()

    async def hears(self, wanted: Callable[[Frame], bool], what: str, timeout_s: float = 8) -> Frame:
        """The first frame heard that fits."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while not (found := [frame for frame in self.heard if wanted(frame)]):
                    await self._changed.wait()
                return found[0]
        except TimeoutError:
            raise AssertionError(f"no {what}; heard {self.heard}") from None

    # --- what pages and browsers ask

    async def _ticket(self, request: web.Request) -> web.Response:
        self.tickets += 1
        if self.ticket_status != 201:
            return web.json_response({"error": {"code": "x", "text": "x"}}, status=self.ticket_status)
        ticket = f"t-{self.tickets}-{request.headers['Authorization'].removeprefix('Bearer ')}"
        url = f"ws://{request.host}/ws?ticket={ticket}"
        return web.json_response({"ticket": ticket, "url": url, "expires_in_s": 30}, status=201)

    async def _ringline(self, request: web.Request) -> web.StreamResponse:
        """The files of the web room as a hosted app serves them, and what the test puts beside them."""
        path = request.match_info["path"]
        if path not in self.files:
            return web.FileResponse(ROOT / "web" / path)
        kind = "text/html" if path.endswith(".html") else "text/javascript"
        return web.Response(text=self.files[path], content_type=kind)

    async def _read(self, request: web.Request) -> dict[str, str]:
        """The question of a page that may ask; what it was is kept."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token or token in self.refused_tokens:
            raise web.HTTPUnauthorized
        async with self._changed:
            self.asked.append((request.path.removeprefix("/api/"), dict(request.query)))
            self._changed.notify_all()
        return dict(request.query)

    async def _colleagues(self, request: web.Request) -> web.Response:
        wanted = (await self._read(request))["q"].casefold()
        fits = [each for each in self.colleagues if wanted in f"{each['name']} {each['station']}".casefold()]
        return web.json_response({"items": fits})

    async def _calls_over(self, request: web.Request) -> web.Response:
        """Missed calls, newest first; the cursor is simply where the page begins."""
        begin = int((await self._read(request)).get("before", 0))
        end = begin + self.page_of_missed
        more = str(end) if end < len(self.missed) else None
        return web.json_response({"items": self.missed[begin:end], "next": more})

    async def asks(
        self, wanted: Callable[[str, dict[str, str]], bool], what: str, timeout_s: float = 8
    ) -> dict[str, str]:
        """The first question over HTTP that fits."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                while not (found := [query for path, query in self.asked if wanted(path, query)]):
                    await self._changed.wait()
                return found[0]
        except TimeoutError:
            raise AssertionError(f"no {what}; asked {self.asked}") from None

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        user = request.query["ticket"].rpartition("-")[2]
        if user in OTHERS:
            return await self._serve_other(socket, user)
        self.sockets.append(socket)
        async for message in socket:
            await self._hear(socket, json.loads(message.data))
        return socket

    async def _hear(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if not self.is_mute:
            match frame["t"]:
                case "hello":
                    await socket.send_json(self._welcome())
                case "beat":
                    rev = self.rev if self.is_logged_on else None
                    await socket.send_json({"t": "beat", "now_at": at(), "rev": rev, "site": self.site})
                    if self.is_logged_on and frame.get("rev") != self.rev:
                        await socket.send_json(self.station())
                case "watch":
                    watching = {"t": "watching", "until_at": at(-90), "sites": self.watched if frame["on"] else []}
                    await socket.send_json(watching)
                case "note.put":
                    await self._put(socket, frame)
                case "context":
                    await socket.send_json(self._context(frame["interaction"]))
        async with self._changed:
            self.heard.append(frame)
            self._changed.notify_all()

    async def _put(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        """Store a note as the cloud does: asked for by its base, told to every page."""
        there = self.notes.get(frame["interaction"])
        if frame["base"] != (there["rev"] if there else 0):
            refused = {"t": "error", "ref": frame["id"], "code": "note_conflict", "text": "It changed."}
            return await socket.send_json({**refused, "current": there})
        said = {name: frame[name] for name in ("interaction", "text", "fields", "draft")}
        note = {"note": "n-1", "rev": frame["base"] + 1, "author": "anna", "at": at(), **said}
        self.notes[frame["interaction"]] = note
        await self.say({"t": "note", **note})
        return None

    def _context(self, interaction: str) -> Frame:
        told = [note for note in (self.notes.get(interaction),) if note]
        shown: Frame = {"notes": told, "data": {}, "handover": None, "previous": [], "more": False}
        return {"t": "context", "interaction": interaction, **shown}

    async def _serve_other(self, socket: web.WebSocketResponse, user: str) -> web.WebSocketResponse:
        """A colleague, who sits there and does nothing."""
        station, name = OTHERS[user]
        quiet = self.document() | {"station": station, "calls": [], "recent": []}
        quiet["agent"] |= {"state": "not_ready", "reason": None, "pending": None}
        desk = {"agent": user, "name": name, "since_at": SINCE, "pages": 1, "handover": []}
        here = {"station": station, "rev": 1, "doc": quiet, "desk": desk, "agent": user, "name": name}
        async for message in socket:
            if json.loads(message.data)["t"] == "hello":
                await socket.send_json(self._welcome() | here)
        return socket

    def _welcome(self) -> Frame:
        truth = self.station() | {"t": "welcome", "v": 1, "expires_at": at(-7200), "agent": "anna", "name": "Anna Ek"}
        truth |= {"roles": self.roles, "capabilities": ["place", "drop"], "site": self.site}
        truth |= {"dispositions": self.dispositions}
        return truth | {"limits": {"frame_bytes": 28672}, "heartbeat_s": self.heartbeat_s}

    async def _playground(self, _: web.Request) -> web.Response:
        people: dict[str, tuple[str | None, str]] = {"anna": ("1001", "Anna Ek"), **OTHERS, "adam": (None, "Adam Rao")}
        users = [
            {"user": user, "name": name, "station": station, "token": user, "roles": ["agent"]}
            for user, (station, name) in people.items()
        ]
        return web.json_response({"api": "/api", "pbx": "/pbx", "users": users})

    async def _do(self, request: web.Request) -> web.Response:
        """What a supervisor does to a station."""
        body = await request.text()
        where = f"{request.match_info['site']}/{request.match_info['station']}/{request.match_info['deed']}"
        self.deeds.append((where, json.loads(body) if body else {}))
        if self.deed_refusal:
            return web.json_response({"error": {"code": "forbidden", "text": self.deed_refusal}}, status=403)
        return web.json_response({"command": "c-1"}, status=202)

    async def _phone(self, request: web.Request) -> web.Response:
        idle = {"state": "idle", "with": None, "calls": 0}
        return web.json_response(self.phones.get(request.match_info["station"], idle))

    async def _press(self, request: web.Request) -> web.Response:
        self.presses.append((request.match_info["station"], await request.json()))
        return web.Response()

    async def _new_caller(self, request: web.Request) -> web.Response:
        ident = f"caller-{next(self._ids)}"
        self.callers[ident] = {"state": "queued", **(await request.json())}
        return web.json_response({"caller": ident})

    async def _caller(self, request: web.Request) -> web.Response:
        return web.json_response(self.callers[request.match_info["caller"]])

    async def _hang_up(self, request: web.Request) -> web.Response:
        self.callers[request.match_info["caller"]]["state"] = "ended"
        return web.Response()

    async def _queue(self, request: web.Request) -> web.Response:
        free = {"paused": False, "available": True, "reason": None, "in_call": False}
        members = [{"station": station, **free} for station in ("1001", "1002")]
        name = request.match_info["name"]
        return web.json_response({"name": name, "members": members, "callers": self.queues.get(name, [])})


def _file(path: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(ROOT / path)

    return serve
