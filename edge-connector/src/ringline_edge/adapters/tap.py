"""The bytes of a link for somebody who listens in. An adapter opens its links through `tapped` and knows no more."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Tap(Protocol):
    """Who listens."""

    def heard(self, data: bytes) -> None:
        """The PBX sent `data`, which may be cut anywhere."""
        ...

    def says(self, data: bytes) -> None:
        """The adapter is about to send `data`, one whole message.

        Raises:
            CommandError: It may not; nothing is sent.
        """
        ...


class Reader(Protocol):
    """What an adapter uses of `asyncio.StreamReader`."""

    async def read(self, n: int = -1, /) -> bytes:
        """See there."""
        ...


class Writer(Protocol):
    """What an adapter uses of `asyncio.StreamWriter`."""

    def write(self, data: bytes) -> None:
        """See there."""
        ...

    def close(self) -> None:
        """See there."""
        ...


def tapped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tap: Tap | None) -> tuple[Reader, Writer]:
    """Both ends of a link, with somebody listening where there is somebody."""
    return (reader, writer) if tap is None else (TappedReader(reader, tap), TappedWriter(writer, tap))


class TappedReader:
    """A reader whose bytes are heard before the adapter has them."""

    def __init__(self, reader: Reader, tap: Tap) -> None:
        self._reader, self._tap = reader, tap

    async def read(self, n: int = -1, /) -> bytes:
        """See `Reader`."""
        data = await self._reader.read(n)
        if data:
            self._tap.heard(data)
        return data


class TappedWriter:
    """A writer that asks first."""

    def __init__(self, writer: Writer, tap: Tap) -> None:
        self._writer, self._tap = writer, tap

    def write(self, data: bytes) -> None:
        """See `Writer`.

        Raises:
            CommandError: The tap forbids it.
        """
        self._tap.says(data)
        self._writer.write(data)

    def close(self) -> None:
        """See `Writer`."""
        self._writer.close()
