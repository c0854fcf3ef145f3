"""The way to a feed by a WebSocket: its messages are pieces of a stream, each whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
from aiohttp import WSMsgType

from ringline_core.errors import PbxAuthError, PbxUnavailableError
from ringline_edge.adapters import tls
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.exchange import HttpMessage
from ringline_edge.adapters.mapping.profile import Profile

MOST_WAITING: Final = 1000
"""Messages of ours that a PBX has not taken yet; one more, and the link is lost."""

PATIENCE_S: Final = 1.0
"""How long the last messages may take at the end."""


class WebSocket:
    """Both directions of one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, encoding: str) -> None:
        """The socket is open."""
        self._socket, self._encoding = socket, encoding
        self._waiting: asyncio.Queue[str] = asyncio.Queue(MOST_WAITING)

    async def read(self, _size: int = -1, /) -> bytes:
        """The next message that is not empty; empty at the end."""
        while True:
            message = await self._socket.receive()
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return b""
            if message.data:
                text = message.type is WSMsgType.TEXT
                return message.data.encode(self._encoding, "replace") if text else bytes(message.data)

    def write(self, data: bytes) -> None:
        """Send a message soon.

        Raises:
            PbxUnavailableError: The PBX takes none.
        """
        try:
            self._waiting.put_nowait(data.decode(self._encoding, "replace"))
        except asyncio.QueueFull as err:
            raise PbxUnavailableError("the PBX takes no messages") from err

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """What is written goes out while the block runs, and the rest at its end."""
        task = asyncio.create_task(self._send())
        try:
            yield
        finally:
            sent = asyncio.create_task(self._waiting.join())
            await asyncio.wait((task, sent), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
            task.cancel()
            sent.cancel()
            await asyncio.gather(task, sent, return_exceptions=True)

    async def _send(self) -> None:
        try:
            while True:
                await self._socket.send_str(await self._waiting.get())
                self._waiting.task_done()
        except (aiohttp.ClientError, OSError):
            await self._socket.close()


@asynccontextmanager
async def opened(profile: Profile, config: MappingConfig, asked: HttpMessage) -> AsyncIterator[WebSocket]:
    """A WebSocket to the first host that answers; `asked` is its handshake.

    Raises:
        PbxUnavailableError: Nobody is there, or nobody who is trusted.
        PbxAuthError: The PBX refuses us.
    """
    async with aiohttp.ClientSession(connector=connector(config), cookie_jar=aiohttp.DummyCookieJar()) as http:
        socket = await _first(http, profile, config, asked)
        try:
            found = WebSocket(socket, profile.encoding)
            async with found.sending():
                yield found
        finally:
            await socket.close()


async def _first(
    http: aiohttp.ClientSession, profile: Profile, config: MappingConfig, asked: HttpMessage
) -> aiohttp.ClientWebSocketResponse:
    protocols = () if profile.websocket is None else profile.websocket.protocols
    scheme, name = ("ws", None) if config.tls is None else ("wss", config.tls.server_name)
    refused = []
    for address in config.hosts:
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                return await http.ws_connect(
                    f"{scheme}://{address}{asked.path}", headers=asked.headers, protocols=protocols,
                    max_msg_size=profile.max_message_bytes, server_hostname=name,
                )  # fmt: skip
        except aiohttp.WSServerHandshakeError as err:
            if err.status in (401, 403):
                raise PbxAuthError(f"the PBX refuses us: {err.status}") from err
            refused.append(f"{address}: {err.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as err:
            refused.append(f"{address}: {type(err).__name__}")
    raise PbxUnavailableError(", ".join(refused))


def connector(config: MappingConfig) -> aiohttp.TCPConnector:
    """Links of HTTP to whom `config` trusts."""
    given = config.tls
    if given is None:
        return aiohttp.TCPConnector()
    if given.pin_sha256 is not None:
        return aiohttp.TCPConnector(ssl=aiohttp.Fingerprint(bytes.fromhex(given.pin_sha256)))
    return aiohttp.TCPConnector(ssl=tls.calling(given))
