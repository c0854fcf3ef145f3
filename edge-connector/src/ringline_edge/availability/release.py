"""Freeing every agent whom a hold of ours keeps, without the connector: for the hour when it is gone for good."""

from __future__ import annotations

from ringline_edge.adapters.beside import session
from ringline_edge.adapters.port import PbxAdapter


async def release_all(adapter: PbxAdapter) -> tuple[str, ...]:
    """Open one session with the PBX and take every hold of ours away; the stations that had one, sorted.

    Raises:
        PbxUnavailableError: The PBX cannot be reached, or did not tell its state in time.
        PbxAuthError: It refuses the credentials.
        CommandError: It refuses to lift a hold; those before it are lifted.
    """
    async with session(adapter):
        held = tuple(sorted(adapter.held))
        for station in held:
            await adapter.unhold(station)
        return held
