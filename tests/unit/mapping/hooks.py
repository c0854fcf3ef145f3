"""A PBX that posts, for the tests of the transport webhook."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from ringline_edge.adapters.mapping.loading import SHIPPED
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import Edge, Message, free_port

WEBHOOK = (SHIPPED / "webhook.yaml").read_text()
SECRET, KEY = "posts-are-signed-by-this", "key-of-the-pbx"
CALL = {"event": "call", "call": "c7", "phone": "201", "outside": {"number": "+442071234567", "way": "in"}}
RINGS, TALKS, ENDED = ({**CALL, "state": state} for state in ("ringing", "talking", "ended"))
NO_CALLS = {"event": "list", "calls": [], "phones": [{"phone": "201", "works": True}]}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def small(form: str) -> str:
    """A profile of posts in this format, which knows one thing, and takes no requests."""
    return f"""\
name: small
source: this test
transport: webhook
framing: whole
format: {form}
settings: [secret]
webhook: {{path: /ringline/events, secret: secret, header: X-Signature, signature: sha256, prefix: "sha256="}}
messages: [{{name: call, when: {{get: event, equals: call}}}}]
events:
  - on: call
    leg: call
    make: true
    first: {{call: call, device: phone, station: phone}}
    set: {{state: {{get: state, steps: [{{map: {{ringing: alerting}}}}]}}, remote_name: name}}
"""


PATIENCE = aiohttp.ClientTimeout(total=10)
"""Of a PBX that posts; the library's own would be five minutes."""

Headers = dict[str, str] | list[tuple[str, str]]


class Pbx:
    """It posts to the adapter, and takes requests; it answers these by `answers` (status and text), in order."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Any]] = []
        self.keys = set[str | None]()
        self.lists: tuple[int, str] = (200, json.dumps(NO_CALLS))
        self.answer: tuple[int, str] = (200, "")
        self.door = ""

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        text = await request.text()
        self.asked.append((request.method, request.raw_path, json.loads(text) if text else None))
        self.keys.add(request.headers.get("Authorization"))
        status, said = self.lists if request.method == "GET" else self.answer
        if status == 0:
            await asyncio.Event().wait()
        headers = {"Location": "/api/elsewhere"} if status == 302 else {}
        return web.Response(status=status, text=said, headers=headers)

    async def post(self, body: bytes | Message, headers: Headers | None = None, **more: Any) -> tuple[int, str]:
        """Status and code of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with aiohttp.ClientSession(timeout=PATIENCE) as http:
            given = signed(data) if headers is None else headers
            url = more.pop("url", self.door)
            async with http.request(more.pop("method", "POST"), url, data=data, headers=given, **more) as answer:
                text = await answer.text()
        return answer.status, json.loads(text)["code"] if text else ""


@contextlib.asynccontextmanager
async def serving(pbx: Pbx, ssl: Any = None) -> AsyncIterator[str]:
    """The PBX takes requests; host, port and path of its address."""
    server = web.Server(pbx.serve, access_log=None)
    listening = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=ssl)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}/api/"
    finally:
        listening.close()
        await server.shutdown(0.1)


@contextlib.asynccontextmanager
async def hooked(
    folder: Path, *changes: tuple[str, str], pbx: Pbx | None = None, **more: Any
) -> AsyncIterator[tuple[Pbx, Edge]]:
    """A PBX and the adapter, which listens; the profile `webhook`, changed."""
    pbx = pbx or Pbx()
    text = WEBHOOK
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    file = folder / "hook.yaml"
    file.write_text(text)
    port = await free_port()
    async with serving(pbx, more.pop("pbx_ssl", None)) as where:
        settings = {"secret": SECRET, "address": f"{more.pop('scheme', 'http')}://{where}", "key": KEY}
        edge = Edge({"profile": str(file), "listen": f"127.0.0.1:{port}", "settings": settings, **more})
        pbx.door = f"{'https' if 'tls' in more else 'http'}://127.0.0.1:{port}/ringline/events"
        try:
            await eventually(lambda: edge.facts or edge.running.done())
            yield pbx, edge
        finally:
            await edge.end()
