"""The link between PBX and edge as something that can be cut: a TCP relay in front of AMI, which the edge is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from infra.pbx.asterisk.errors import StartError

_CHUNK = 65_536


class LinkRelay:
    """Relays TCP on `port` of 127.0.0.1 to `target` there, both ways, until it is told to cut."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()
        self._mending: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen.

        Raises:
            StartError: The port is taken.
        """
        try:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        except OSError as err:
            raise StartError(f"port {self.port} is taken") from err

    async def close(self) -> None:
        """Cut every link and stop listening."""
        if self._mending:
            self._mending.cancel()
        await self._cut()

    async def drop(self, seconds: float) -> None:
        """Cut every link at once and refuse new ones for `seconds`; a drop under way is replaced."""
        if self._mending:
            self._mending.cancel()
        await self._cut()
        self._mending = asyncio.create_task(self._mend(seconds))

    async def _mend(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.open()

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        links = tuple(self._links)
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._links.add(task)
        try:
            async with _closing(writer):
                await self._link(reader, writer)
        except (asyncio.CancelledError, OSError):
            pass  # cut, or one side went away: the link is over either way
        finally:
            self._links.discard(task)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        async with _closing(far_writer):
            ways = {asyncio.create_task(_pump(reader, far_writer)), asyncio.create_task(_pump(far_reader, writer))}
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()


@contextlib.asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
