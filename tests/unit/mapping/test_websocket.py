"""The transport websocket on real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from aiohttp import web

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.mapping import loading, plan, sockets
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.exchange import HttpMessage
from ringline_edge.adapters.mapping.loading import ProfileError
from tests.support.certificates import certificate
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import CALL, JSONL, Edge, Feed, Message, changed, command, edge, free_port

SOCKET = 'websocket: {path: "/feed?key={settings.token}", headers: {X-Key: "{settings.token}"}, protocols: [calls]}\n'
CHANGES = (
    ("transport: tcp", "transport: websocket"),
    ("framing: newline", "framing: whole"),
    ("session:\n", f"{SOCKET}session:\n"),
)
SECRET = "a/b&c d"


class Socket:
    """A PBX behind a WebSocket, with the answers of a `Feed`."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.feed.answers["login"] = lambda m: [{"type": "reply", "id": m["id"], "ok": True}]
        self.seen: tuple[Any, ...] = ()
        self.status = 0
        self.socket = web.WebSocketResponse(protocols=("calls",))

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.status:
            return web.Response(status=self.status)
        self.seen = request.path, request.query.get("key"), request.headers.get("X-Key")
        await self.socket.prepare(request)
        async for message in self.socket:
            asked = json.loads(message.data)
            self.feed.asked.append(asked)
            for answer in self.feed.answers[asked["type"]](asked) if asked["type"] in self.feed.answers else []:
                await self.tell(answer)
        return self.socket

    async def tell(self, message: Message) -> None:
        await self.socket.send_str(json.dumps(message))


@contextlib.asynccontextmanager
async def opened(
    folder: Path, *changes: tuple[str, str], pbx: Socket | None = None, **more: Any
) -> AsyncIterator[tuple[Socket, Edge]]:
    pbx = pbx or Socket()
    server = web.Server(pbx.serve, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=more.pop("pbx_ssl", None))
    hosts = [f"127.0.0.1:{await free_port()}", f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"]
    profile = changed(folder, *CHANGES, *changes)
    try:
        async with edge(profile=profile, hosts=hosts, settings={"token": SECRET}, **more) as joined:
            await eventually(lambda: joined.facts or joined.running.done())
            yield pbx, joined
    finally:
        listening.close()
        await server.shutdown(0.1)


async def test_calls_are_told_and_commands_taken_over_a_websocket(tmp_path: Path) -> None:
    bye = ("session:\n", 'session:\n  logout: {type: bye, id: "{id}"}\n')
    async with opened(tmp_path, bye) as (pbx, joined):
        assert pbx.seen == ("/feed", SECRET, SECRET)
        assert pbx.socket.ws_protocol == "calls"
        await pbx.tell({**CALL, "state": "rings"})
        await pbx.socket.send_bytes(json.dumps({**CALL, "state": "talks"}).encode())
        await pbx.socket.send_str("")
        await pbx.socket.send_str("no json\n{}")
        await pbx.socket.ping()
        await eventually(lambda: joined.states() == [LegState.ALERTING, LegState.CONNECTED])
        await joined.adapter.execute(command("hold", call="c"), CallLegs(("7/1001",)))
        assert pbx.feed.asked[-1]["do"] == "hold"
    assert pbx.feed.asked[-1]["type"] == "bye"


async def test_what_was_written_goes_out_before_the_end(tmp_path: Path) -> None:
    known = plan.load(changed(tmp_path, *CHANGES)).profile
    pbx = Socket()
    server = web.Server(pbx.serve, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    config = MappingConfig(hosts=(f"127.0.0.1:{listening.sockets[0].getsockname()[1]}",))
    async with sockets.opened(known, config, HttpMessage("GET", "/", {}, None)) as socket:
        for number in range(50):
            socket.write(json.dumps({"type": "said", "number": number}).encode())
    await eventually(lambda: len(pbx.feed.asked) == 50)
    assert [each["number"] for each in pbx.feed.asked] == list(range(50))
    listening.close()
    await server.shutdown(0.1)


async def test_a_pbx_that_takes_nothing_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "MOST_WAITING", 2)
    socket = sockets.WebSocket(cast("aiohttp.ClientWebSocketResponse", None), "utf-8")
    socket.write(b"1")
    socket.write(b"2")
    with pytest.raises(PbxUnavailableError):
        socket.write(b"3")


async def test_the_end_of_the_websocket_is_a_lost_link(tmp_path: Path) -> None:
    async with opened(tmp_path) as (pbx, joined):
        await pbx.socket.close()
        assert isinstance(await joined.fault(), PbxUnavailableError)
        with pytest.raises(CommandError):
            await joined.adapter.execute(command("place", to="1"), CallLegs())


async def test_a_message_over_the_limit_ends_the_link(tmp_path: Path) -> None:
    async with opened(tmp_path, ("format: json", "format: json\nmax_message_bytes: 1000")) as (pbx, joined):
        await pbx.tell({"type": "x" * 2000})
        assert isinstance(await joined.fault(), PbxUnavailableError)


@pytest.mark.parametrize(("status", "kind"), [(401, PbxAuthError), (403, PbxAuthError), (404, PbxUnavailableError)])
async def test_a_websocket_that_is_refused_is_told_by_its_status(
    tmp_path: Path, status: int, kind: type[Exception]
) -> None:
    pbx = Socket()
    pbx.status = status
    async with opened(tmp_path, pbx=pbx) as (_, joined):
        fault = await joined.fault()
        assert (type(fault), str(status) in str(fault)) == (kind, True)
        assert SECRET not in str(fault)


async def test_a_websocket_goes_by_tls_to_the_one_that_is_trusted(tmp_path: Path) -> None:
    folder, pin = certificate(tmp_path, "pbx.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "both.pem")
    ca = str(folder / "ca.pem")
    for tls in ({"pin_sha256": pin}, {"ca_file": ca, "server_name": "pbx.example"}):
        async with opened(tmp_path, tls=tls, pbx_ssl=context) as (_, joined):
            await joined.ready()
    for wrong in ({"pin_sha256": "0" * 64}, {}, {"ca_file": ca}):
        async with opened(tmp_path, tls=wrong, pbx_ssl=context) as (pbx, joined):
            assert isinstance(await joined.fault(), PbxUnavailableError)
            assert pbx.seen == ()


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("framing: whole", "framing: newline", "5: framing: whole is for posts and WebSockets"),
        (SOCKET, "", "4: transport: websocket is missing"),
        ("transport: websocket", "transport: tcp", "5: framing: whole is for posts"),
        ('{settings.token}", headers', '{id}", headers', "9: websocket.path: no values of that name: id"),
        ("X-Key:", "X Key:", "9: websocket.headers.X Key: no header"),
        ("/feed", "feed", "9: websocket.path: String should match"),
    ],
)
def test_faults_of_it_are_told(good: str, bad: str, told: str) -> None:
    text = JSONL
    for before, after in CHANGES:
        text = text.replace(before, after, 1)
    plan.compiled(*loading.parse(text, "feed.yaml"))
    assert good in text
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(text.replace(good, bad, 1), "feed.yaml"))
    assert told in str(found.value)
