"""A session with the PBX beside the connector's own, for what a human asks on the command line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ringline_core.domain.facts import Fact, Snapshot
from ringline_edge.adapters.port import PbxAdapter

PATIENCE_S = 30.0


@asynccontextmanager
async def session(adapter: PbxAdapter) -> AsyncIterator[None]:
    """The block runs once the PBX has told its whole state; the session ends with it.

    Raises:
        PbxUnavailableError: The PBX cannot be reached.
        PbxAuthError: It refuses the credentials.
        TimeoutError: It did not tell its state in time.
    """
    known = asyncio.Event()

    def heard(fact: Fact) -> None:
        if isinstance(fact, Snapshot):
            known.set()

    running = asyncio.create_task(adapter.run(heard))
    waiting = asyncio.create_task(known.wait())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            await running
        yield
    finally:
        for task in (running, waiting):
            task.cancel()
        await asyncio.gather(running, waiting, return_exceptions=True)
