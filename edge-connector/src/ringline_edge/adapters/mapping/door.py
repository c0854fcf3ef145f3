"""Where a PBX posts its messages: one path, who proves to be the PBX, and nothing that lasts or grows without end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientPayloadError, StreamReader, web

from ringline_core.errors import PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters import tls
from ringline_edge.adapters.mapping import closing
from ringline_edge.adapters.mapping.config import MappingConfig, split
from ringline_edge.adapters.mapping.exchange import Lock
from ringline_edge.adapters.mapping.transports import WebhookRule

MOST_LINKS: Final = 64
"""Links at a time; one more is closed at once."""

PATIENCE_S: Final = 10.0
"""How long a link may be idle, a head take to arrive (the HTTP library takes both for the same), and a body."""

Take = Callable[[bytes], bool]
"""Takes the body of a post; false where it is no message. Raises `PbxProtocolError` where the session is over."""


class Door:
    """Answers posts, each once its message was taken."""

    def __init__(self, rule: WebhookRule, lock: Lock, limit: int, take: Take, patience_s: float = PATIENCE_S) -> None:
        """`limit` is the largest body in bytes."""
        self._rule, self._lock, self._limit, self._take = rule, lock, limit, take
        self._patience_s = patience_s
        self._is_closed = False
        self._server = web.Server(
            self._serve, access_log=None, keepalive_timeout=patience_s, lingering_time=1.0, auto_decompress=False
        )

    @asynccontextmanager
    async def opened(self, config: MappingConfig) -> AsyncIterator[None]:
        """Posts are taken while the block runs.

        Raises:
            PbxUnavailableError: The address cannot be listened at.
        """
        host, port = split(config.listen or "")
        context = None if config.tls is None else tls.serving(config.tls, known_only=False)
        patience_s = None if context is None else self._patience_s
        try:
            listening = await asyncio.get_running_loop().create_server(
                self._link, host, port, ssl=context, ssl_handshake_timeout=patience_s
            )
        except OSError as err:
            raise PbxUnavailableError(f"cannot listen at {config.listen}") from err
        try:
            yield
        finally:
            self._is_closed = True
            await closing.close(listening)
            await self._server.shutdown(0.2)

    def _link(self) -> asyncio.Protocol:
        if len(self._server.connections) >= MOST_LINKS:
            return _Closed()
        return self._server()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        status, code = await self._answer(request)
        return web.json_response({"code": code}, status=status) if code else web.Response(status=status)

    async def _answer(self, request: web.BaseRequest) -> tuple[int, str]:
        if self._is_closed:
            return 503, "pbx_down"
        given = request.headers.getall(self._rule.header, [])
        proof = given[0] if len(given) == 1 else None
        if request.path != self._rule.path:
            return 404, "not_found"
        if request.method != "POST":
            return 405, "not_allowed"
        if not self._lock.lets_try(proof):
            return 401, "not_authorized"
        if request.headers.get("Content-Encoding", "identity") != "identity":
            return 415, "message_invalid"
        if (request.content_length or 0) > self._limit:
            return 413, "too_large"
        try:
            async with asyncio.timeout(self._patience_s):
                body = await whole(request.content, self._limit)
        except TimeoutError:
            return 408, "timeout"
        except (ClientPayloadError, web.RequestPayloadError, ValueError, OSError):
            return 400, "message_invalid"
        if body is None:
            return 413, "too_large"
        return self._taken(body) if self._lock.opens(proof, body) else (401, "not_authorized")

    def _taken(self, body: bytes) -> tuple[int, str]:
        try:
            return (204, "") if self._take(body) else (400, "message_invalid")
        except PbxProtocolError:
            return 503, "pbx_protocol"


class _Closed(asyncio.Protocol):
    """A link that is too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        transport.close()


async def whole(stream: StreamReader, limit: int) -> bytes | None:
    """All that comes; None where that is more than `limit` bytes."""
    found = bytearray()
    async for piece in stream.iter_any():
        found += piece
        if len(found) > limit:
            return None
    return bytes(found)
