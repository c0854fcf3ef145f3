"""The end of a server that others come to."""

from __future__ import annotations

import asyncio
from typing import Final

TURNS: Final = 2
"""Of the event loop, until a link that was accepted is known."""


async def close(server: asyncio.Server) -> None:
    """Take no more links; those that were accepted are known when this returns, and whoever knows them ends them.

    A link that was accepted a moment ago is set up in the next turn of the loop, and its protocol hears of it one
    later. asyncio of Python 3.11 would leave it open and unanswered for ever, were the server closed before.
    """
    for socket in server.sockets:
        asyncio.get_running_loop().remove_reader(socket.fileno())
    try:
        for _ in range(TURNS):
            await asyncio.sleep(0)
    finally:
        server.close()
