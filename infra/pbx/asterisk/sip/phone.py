"""A desk phone: a registered user agent with the buttons that an agent presses.

Every button acts on the call that a person would mean: `answer` on the one that rings, `hold` on the one talked on.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Final

from infra.pbx.asterisk.sip.agent import UserAgent
from infra.pbx.asterisk.sip.caller import Account
from infra.pbx.asterisk.sip.dialog import ESTABLISHED, CallState, SipCall, sip_uri
from infra.pbx.asterisk.sip.endpoint import NoAnswerError

logger = logging.getLogger(__name__)

REGISTRATION_S: Final = 120
REGISTER_LIMIT_S: Final = 8.0
DIGIT_GAP_S: Final = 0.12
# What a person looks at first: speech, then what calls for a decision, then what waits.
_FOCUS: Final = (CallState.TALKING, CallState.RINGING, CallState.DIALING, CallState.HELD)


class NoSuchCallError(LookupError):
    """The button has nothing to act on."""


class TransferRefusedError(RuntimeError):
    """The PBX refused a transfer."""


class NotRegisteredError(RuntimeError):
    """The PBX did not take the registration."""


@dataclass(frozen=True, slots=True)
class Display:
    """What the phone shows.

    Attributes:
        state: idle, dialing, ringing, talking or held.
        number: The other side of the call in focus; None when idle.
        calls: How many calls the phone has.
    """

    state: str
    number: str | None
    calls: int


class Phone:
    """One desk phone; `plug` puts it into service."""

    def __init__(self, account: Account, host: str = "127.0.0.1") -> None:
        self._account = account
        self._host = host
        self._plugged = False
        self._refresh: asyncio.Task[None] | None = None
        self._consult: tuple[SipCall, SipCall] | None = None
        self.agent = UserAgent(account)

    @property
    def plugged(self) -> bool:
        """Whether the phone has power and network."""
        return self._plugged

    @property
    def display(self) -> Display:
        """What the phone shows now."""
        calls = self.agent.live_calls
        for state in _FOCUS:
            shown = next((call for call in reversed(calls) if call.state is state), None)
            if shown:
                return Display(state.value, shown.shown, len(calls))
        return Display("idle", None, 0)

    async def plug(self) -> None:
        """Power the phone on: register, and stay registered.

        Raises:
            NotRegisteredError: The PBX refuses or does not answer.
        """
        if self._plugged:
            return
        self.agent = UserAgent(self._account, incoming=self.agent.incoming, obeys_notify=self.agent.obeys_notify)
        await self.agent.open(self._host)
        self._plugged = True
        try:
            await self.register()
        except NotRegisteredError:
            self.unplug()
            raise
        self._refresh = asyncio.create_task(self._stay_registered())

    def unplug(self) -> None:
        """Pull the cable: nothing is said to anyone, and the calls are gone for this phone."""
        if self._refresh:
            self._refresh.cancel()
            self._refresh = None
        self._plugged = False
        self._consult = None
        self.agent.close()

    async def register(self, expires_s: int = REGISTRATION_S) -> None:
        """Register for `expires_s` seconds; 0 takes the registration back.

        Raises:
            NotRegisteredError: The PBX refuses or does not answer.
        """
        uri = f"sip:{self._account.domain}"
        try:
            answer = await self.agent.ask_server("REGISTER", uri, (("Expires", str(expires_s)),), REGISTER_LIMIT_S)
        except NoAnswerError as err:
            raise NotRegisteredError(f"{self._account.credentials.user}: no answer") from err
        if answer.status != 200:
            raise NotRegisteredError(f"{self._account.credentials.user}: {answer.status}")

    async def _stay_registered(self) -> None:
        while True:
            await asyncio.sleep(REGISTRATION_S * 0.7)
            try:
                await self.register()
            except NotRegisteredError as err:  # the PBX is away; the next turn is soon enough
                logger.warning("not registered: %s", err)

    def forget_calls(self) -> None:
        """Drop every call without a word, as when the PBX that carried them is gone."""
        for call in self.agent.live_calls:
            self.agent.end(call)
        self._consult = None

    # -- buttons

    def answer(self) -> None:
        """Answer the call that rings."""
        self.agent.answer(self._pick(CallState.RINGING))

    def reject(self) -> None:
        """Refuse the call that rings."""
        self.agent.reject(self._pick(CallState.RINGING))

    async def hang_up(self) -> None:
        """End the call in focus."""
        await self.agent.hang_up(self._pick(*_FOCUS))

    async def hang_up_all(self) -> None:
        """End every call."""
        self._consult = None
        for call in self.agent.live_calls:
            await self.agent.hang_up(call)

    async def hold(self) -> None:
        """Hold the call talked on."""
        await self.agent.set_held(self._pick(CallState.TALKING), held=True)

    async def resume(self) -> None:
        """Take the held call back; the call talked on is held first."""
        held = self._pick(CallState.HELD)
        await self._hold_others()
        await self.agent.set_held(held, held=False)

    async def dial(self, number: str) -> None:
        """Call `number`; the call talked on is held first.

        Raises:
            NoSuchCallError: The phone is unplugged.
        """
        self._need_power()
        await self._hold_others()
        self.agent.dial(number)

    async def blind_transfer(self, number: str) -> None:
        """Send the other side to `number` and leave.

        Raises:
            TransferRefusedError: The PBX refuses.
        """
        call = self._pick(CallState.TALKING, CallState.HELD)
        await self._refer(call, f"<{sip_uri(number, self._account.domain)}>")

    async def consult(self, number: str) -> None:
        """Hold the call and ask `number`: the first half of an attended transfer."""
        first = self._pick(CallState.TALKING, CallState.HELD)
        if first.state is CallState.TALKING:
            await self.agent.set_held(first, held=True)
        self._consult = (first, self.agent.dial(number))

    async def complete(self) -> None:
        """Join the two other sides and leave: the second half of an attended transfer.

        Raises:
            NoSuchCallError: There are no two calls to join.
            TransferRefusedError: The PBX refuses.
        """
        first, second = self._pair()
        if not second.live:
            raise NoSuchCallError("the consultation has ended")
        await self._refer(first, second.refer_to_with_replaces())
        self._consult = None

    async def cancel(self) -> None:
        """Give the consultation up and take the first call back."""
        first, second = self._pair()
        if second.live:
            await self.agent.hang_up(second)
        await self.agent.set_held(first, held=False)
        self._consult = None

    async def send_digits(self, digits: str) -> None:
        """Press `digits` in the call talked on."""
        call = self._pick(CallState.TALKING)
        for digit in digits:
            await self.agent.send_digit(call, digit)
            await asyncio.sleep(DIGIT_GAP_S)

    def _need_power(self) -> None:
        if not self._plugged:
            raise NoSuchCallError("the phone is unplugged")

    async def _hold_others(self) -> None:
        for call in self.agent.live_calls:
            if call.state is CallState.TALKING:
                await self.agent.set_held(call, held=True)

    async def _refer(self, call: SipCall, refer_to: str) -> None:
        status = await self.agent.refer(call, refer_to)
        if status >= 300:
            raise TransferRefusedError(f"the PBX answered {status}")

    def _pair(self) -> tuple[SipCall, SipCall]:
        if self._consult and self._consult[0].live:
            return self._consult
        calls = [call for call in self.agent.live_calls if call.state in ESTABLISHED]
        if len(calls) != 2:
            raise NoSuchCallError("there is no consultation")
        held_first = sorted(calls, key=lambda call: call.state is not CallState.HELD)
        return held_first[0], held_first[1]

    def _pick(self, *states: CallState) -> SipCall:
        for state in states:
            for call in reversed(self.agent.live_calls):
                if call.state is state:
                    return call
        raise NoSuchCallError(f"no call is {' or '.join(states)}")
