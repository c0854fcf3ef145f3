"""One session with a PBX that posts its messages: ask for everything, take posts; commands are requests of ours."""

from __future__ import annotations

import asyncio
import time

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping.asks import HttpSession
from ringline_edge.adapters.mapping.door import Door
from ringline_edge.adapters.mapping.exchange import Lock
from ringline_edge.adapters.mapping.protocol import Framer


class HookSession(HttpSession):
    """The posts of a PBX."""

    async def run(self) -> None:
        """Take posts for ever.

        Raises:
            PbxUnavailableError: Nobody can post, or nobody does; or the PBX does not tell what is there.
            PbxProtocolError: What was told is more than a PBX has.
            PbxAuthError: The PBX refuses our requests.
        """
        rule = self._plan.profile.webhook
        if rule is None:
            raise PbxProtocolError(f"the profile {self._plan.profile.name} takes no posts")
        lock = Lock(rule, self._settings[rule.secret])
        door = Door(rule, lock, self._plan.profile.max_message_bytes, self._take)
        async with door.opened(self._config):
            beat = self._listener.watch(self._plan.profile.session.heartbeat, lambda: None)
            tasks = [asyncio.create_task(each) for each in (self._begin(), beat)]
            try:
                await asyncio.gather(self._broken, *tasks)
            finally:
                self._listener.is_live = False
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _take(self, body: bytes) -> bool:
        self._listener.heard_at = time.monotonic()
        try:
            return all(self._listener.take(text) is not None for text in Framer(self._plan.profile).receive_data(body))
        except PbxProtocolError as err:
            self._ends(err)
            raise
