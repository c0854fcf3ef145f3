"""The outside world on 127.0.0.2: callers who dial in over the trunk, and the numbers that agents dial."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import Final

from infra.pbx.asterisk.sip.agent import Incoming, UserAgent
from infra.pbx.asterisk.sip.caller import Account
from infra.pbx.asterisk.sip.dialog import CallState, SipCall
from infra.pbx.asterisk.sip.digest import Credentials
from infra.pbx.asterisk.sip.endpoint import Address
from infra.pbx.asterisk.sip.message import Header

HOST: Final = "127.0.0.2"
ENDED_KEPT: Final = 1000
_WITHHELD: Final = "anonymous"
_REACTIONS: Final = {"0486": Incoming.REJECT, "0408": Incoming.RING}  # as SIP's own codes for busy and time-out


class Destinations(UserAgent):
    """Whoever answers outside: everybody at once, but for numbers that end in 0486 (busy) or 0408 (never)."""

    def reaction_to(self, call: SipCall) -> Incoming:
        """See `UserAgent.reaction_to`."""
        return next((reaction for end, reaction in _REACTIONS.items() if call.dialled.endswith(end)), Incoming.ANSWER)


@dataclass(slots=True)
class Caller:
    """Somebody who dialled in; stays readable after the end."""

    caller: str
    number: str
    dialled: str
    call: SipCall


class OutsideWorld:
    """The far end of the PBX's trunk."""

    def __init__(self, server: Address) -> None:
        self.agent = Destinations(Account(Credentials("outside", ""), server), obeys_notify=False)
        self._callers: dict[str, Caller] = {}
        self._numbers = itertools.count(1)

    async def open(self, port: int) -> None:
        """Listen where the PBX's trunk points."""
        await self.agent.open(HOST, port)

    def close(self) -> None:
        """Leave without a word."""
        self.agent.close()

    def dial_in(self, number: str, to: str, uui: str | None = None) -> Caller:
        """Let somebody dial `to`.

        Args:
            number: The caller's number; empty for one who withholds it.
            to: What they dial.
            uui: User-to-User data, with its parameters.
        """
        name = f"c{next(self._numbers)}"
        headers: list[Header] = [("X-Bench-Caller", name)]
        if uui:
            headers.append(("User-to-User", uui))
        if not number:
            headers.append(("Privacy", "id"))
        call = self.agent.dial(to, caller=number or _WITHHELD, headers=headers)
        caller = Caller(name, number, to, call)
        self._callers[caller.caller] = caller
        self._forget_oldest()
        return caller

    def caller(self, caller: str) -> Caller | None:
        """The caller of that id; None when there is none."""
        return self._callers.get(caller)

    def forget_calls(self) -> None:
        """End every call without a word, as when the PBX that carried them is gone."""
        for call in self.agent.live_calls:
            self.agent.end(call)

    async def hang_up_all(self) -> None:
        """Let everybody outside hang up."""
        await asyncio.gather(*(self.agent.hang_up(call) for call in self.agent.live_calls), return_exceptions=True)

    def _forget_oldest(self) -> None:
        ended = [key for key, caller in self._callers.items() if caller.call.state is CallState.ENDED]
        for key in ended[: max(0, len(ended) - ENDED_KEPT)]:
            del self._callers[key]
