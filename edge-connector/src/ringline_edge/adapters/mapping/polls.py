"""One session with a PBX that only answers: it is asked for everything again and again, and what changed is told."""

from __future__ import annotations

import asyncio

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping.asks import HttpSession


class PollSession(HttpSession):
    """The answers of a PBX. What comes and goes between two of them nobody ever hears of."""

    async def run(self) -> None:
        """Ask for ever.

        Raises:
            PbxUnavailableError: The PBX does not answer, or refuses to tell.
            PbxProtocolError: What it tells is no list.
            PbxAuthError: It refuses us.
        """
        http = self._plan.profile.http
        if http is None or http.every_s is None:
            raise PbxProtocolError(f"the profile {self._plan.profile.name} does not say how often to ask")
        asking = asyncio.create_task(self._ask(http.every_s))
        try:
            await asyncio.gather(self._broken, asking)
        finally:
            self._listener.is_live = False
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    async def _ask(self, every_s: float) -> None:
        await self._begin()
        while True:
            await asyncio.sleep(every_s)
            await self.snapshot()
