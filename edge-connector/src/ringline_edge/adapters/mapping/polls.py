"""One session with a PBX that only answers: it is asked for everything again and again, and what changed is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from ringline_core.domain.facts import Agent, Device, Ended, Fact, Leg
from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import AgentStateName
from ringline_edge.adapters.mapping.asks import HttpSession
from ringline_edge.adapters.mapping.listening import now_ms


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
        try:
            await self._begin()
            while True:
                await asyncio.sleep(http.every_s)
                async with self._listing:
                    await self._ask_all()
                    for fact in self._translator.end_list():
                        self._emit(_gone(fact, now_ms()))
        finally:
            self._listener.is_live = False


def _gone(fact: Fact, at_ms: int) -> Fact:
    """What is no longer listed is over; nobody said how, or by whom."""
    match fact:
        case Leg():
            return replace(fact, ended=Ended(at_ms))
        case Agent():
            return Agent(fact.station, AgentStateName.LOGGED_OFF, at_ms)
        case Device():
            return replace(fact, in_service=False, at_ms=at_ms)
        case _:
            return fact
