"""Where posts are taken: what comes in just as it closes is told so, and never left waiting."""

from __future__ import annotations

import asyncio
import socket

import pytest

from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.door import Door
from ringline_edge.adapters.mapping.exchange import Lock
from ringline_edge.adapters.mapping.transports import WebhookRule
from tests.unit.mapping.test_adapter import free_port

RULE = WebhookRule(path="/in", secret="secret", header="X-Secret")
POST = b"POST /in HTTP/1.1\r\nHost: here\r\nX-Secret: word\r\nContent-Length: 1\r\n\r\na"


def door(taken: list[bytes]) -> Door:
    def take(body: bytes) -> bool:
        taken.append(body)
        return True

    return Door(RULE, Lock(RULE, "word"), 100, take)


@pytest.mark.parametrize("turns", range(5))
async def test_a_link_that_comes_in_while_it_closes_is_ended(turns: int) -> None:
    port, loop, taken = await free_port(), asyncio.get_running_loop(), list[bytes]()
    async with door(taken).opened(MappingConfig(listen=f"127.0.0.1:{port}")):
        link = socket.create_connection(("127.0.0.1", port))
        link.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
    with link:
        async with asyncio.timeout(5):
            try:
                await loop.sock_sendall(link, POST)
                said = await loop.sock_recv(link, 4096)
            except ConnectionError:
                said = b""
    assert (said, taken) == (b"", [])


async def test_a_post_on_an_open_link_is_not_taken_once_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    port, taken, closed, shut = await free_port(), list[bytes](), asyncio.Event(), asyncio.Event()
    opened = door(taken)
    shutdown = opened._server.shutdown

    async def shutdown_later(patience_s: float) -> None:
        closed.set()
        await shut.wait()
        await shutdown(patience_s)

    monkeypatch.setattr(opened._server, "shutdown", shutdown_later)

    async def post(link: socket.socket) -> bytes:
        async with asyncio.timeout(5):
            await asyncio.get_running_loop().sock_sendall(link, POST)
            return await asyncio.get_running_loop().sock_recv(link, 4096)

    async def late(link: socket.socket) -> bytes:
        await closed.wait()
        try:
            return await post(link)
        finally:
            shut.set()

    async with opened.opened(MappingConfig(listen=f"127.0.0.1:{port}")):
        link = socket.create_connection(("127.0.0.1", port))
        link.setblocking(False)
        assert b" 204 " in await post(link)
        waiting = asyncio.create_task(late(link))
    said = await waiting
    link.close()
    assert (b" 503 " in said, b"pbx_down" in said, taken) == (True, True, [b"a"])
