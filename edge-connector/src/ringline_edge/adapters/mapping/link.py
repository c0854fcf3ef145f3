"""The ways to a feed that streams: we call the PBX, it calls us, or a program on this machine stands between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from ringline_core.errors import PbxUnavailableError
from ringline_edge.adapters import tls
from ringline_edge.adapters.mapping import closing, sockets
from ringline_edge.adapters.mapping.config import MappingConfig, split
from ringline_edge.adapters.mapping.exchange import HttpMessage
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.tap import Reader, Tap, TappedReader

PATIENCE_S: Final = 2.0
"""How long a child process may take to end by itself, once its standard input has ended."""


@dataclass(frozen=True, slots=True)
class Link:
    """Both directions."""

    reader: Reader
    write: Callable[[bytes], None]


@asynccontextmanager
async def opened(
    profile: Profile, config: MappingConfig, handshake: HttpMessage | None, tap: Tap | None = None
) -> AsyncIterator[Link]:
    """The link of a profile; it ends with the block. A WebSocket begins with `handshake`.

    Raises:
        PbxUnavailableError: Nobody is there.
        PbxAuthError: A WebSocket is refused to us.
    """
    if handshake is not None:
        async with sockets.opened(profile, config, handshake) as socket:
            yield Link(socket, socket.write)
        return
    ways = {"tcp": _called, "tcp-server": _served, "sidecar": _child, "pipe": _met}
    if profile.transport not in ways:
        raise PbxUnavailableError(f"the transport {profile.transport} has no stream")
    async with ways[profile.transport](config) as link:
        yield link if tap is None else _heard(link, tap)


def _heard(link: Link, tap: Tap) -> Link:
    def write(data: bytes) -> None:
        tap.says(data)
        link.write(data)

    return Link(TappedReader(link.reader, tap), write)


@asynccontextmanager
async def _called(config: MappingConfig) -> AsyncIterator[Link]:
    reader, writer = await _first(config)
    try:
        yield Link(reader, writer.write)
    finally:
        writer.close()


async def _first(config: MappingConfig) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The first host that answers, and is the one that is trusted."""
    refused = []
    for address in config.hosts:
        host, port = split(address)
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                return await tls.connect(host, port, config.tls)
        except tls.UntrustedError as err:
            refused.append(f"{address}: {err}")
        except (OSError, TimeoutError):
            refused.append(address)
    raise PbxUnavailableError(", ".join(refused))


@asynccontextmanager
async def _met(config: MappingConfig) -> AsyncIterator[Link]:
    """A socket of the machine's own, at which somebody waits; who may use it, the file's rights say."""
    try:
        async with asyncio.timeout(config.connect_timeout_s):
            reader, writer = await asyncio.open_unix_connection(config.pipe)
    except (OSError, TimeoutError) as err:
        raise PbxUnavailableError(f"nobody is at {config.pipe}") from err
    try:
        yield Link(reader, writer.write)
    finally:
        writer.close()


@asynccontextmanager
async def _served(config: MappingConfig) -> AsyncIterator[Link]:
    """One PBX at a time; who comes while one is there is sent away."""
    came: asyncio.Future[Link] = asyncio.get_running_loop().create_future()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if came.done():
            writer.close()
            return
        writers.append(writer)
        came.set_result(Link(reader, writer.write))

    host, port = split(config.listen or "")
    context = None if config.tls is None else tls.serving(config.tls, known_only=config.tls.ca_file is not None)
    try:
        server = await asyncio.start_server(serve, host, port, ssl=context)
    except OSError as err:
        raise PbxUnavailableError(f"cannot listen at {config.listen}") from err
    try:
        yield await came
    finally:
        await closing.close(server)
        for writer in writers:
            writer.close()


@asynccontextmanager
async def _child(config: MappingConfig) -> AsyncIterator[Link]:
    """The child's standard input and output; what it says on standard error goes where ours goes."""
    pipe = asyncio.subprocess.PIPE
    try:
        child = await asyncio.create_subprocess_exec(*config.sidecar, stdin=pipe, stdout=pipe)
    except OSError as err:
        raise PbxUnavailableError(f"cannot start {config.sidecar[0]}") from err
    try:
        if child.stdin is None or child.stdout is None:
            raise PbxUnavailableError(f"{config.sidecar[0]} has no standard input and output")
        yield Link(child.stdout, child.stdin.write)
    finally:
        await _end(child)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.stdin is not None:
        child.stdin.close()
    try:
        async with asyncio.timeout(PATIENCE_S):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
