"""Freeing every agent whom a hold of ours keeps, without the connector: for the hour when it is gone for good."""

from __future__ import annotations

import asyncio

from ringline_core.domain.facts import Fact, Snapshot
from ringline_edge.adapters.port import PbxAdapter

PATIENCE_S = 30.0


async def release_all(adapter: PbxAdapter) -> tuple[str, ...]:
    """Open one session with the PBX and take every hold of ours away; the stations that had one, sorted.

    Raises:
        PbxUnavailableError: The PBX cannot be reached, or did not tell its state in time.
        PbxAuthError: It refuses the credentials.
        CommandError: It refuses to lift a hold; those before it are lifted.
    """
    known = asyncio.Event()

    def heard(fact: Fact) -> None:
        if isinstance(fact, Snapshot):
            known.set()

    session = asyncio.create_task(adapter.run(heard))
    waiting = asyncio.create_task(known.wait())
    try:
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.wait((session, waiting), return_when=asyncio.FIRST_COMPLETED)
        if session.done():
            await session
        held = tuple(sorted(adapter.held))
        for station in held:
            await adapter.unhold(station)
        return held
    finally:
        for task in (session, waiting):
            task.cancel()
        await asyncio.gather(session, waiting, return_exceptions=True)
