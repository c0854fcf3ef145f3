"""Hands on the real phones: what the control API asks for, done on SIP phones and by the PBX's own listing."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.errors import BenchError
from infra.pbx.asterisk.outside import Caller
from infra.pbx.asterisk.sip.endpoint import NoAnswerError
from infra.pbx.asterisk.sip.phone import NoSuchCallError, NotRegisteredError, Phone, TransferRefusedError
from ringline_edge.conformance.phone_bank import Display, Member, NotNowError, QueueListing, UnknownError, WaitingCaller

_NOT_NOW: Final = (BenchError, NoAnswerError, NoSuchCallError, NotRegisteredError, TransferRefusedError)
_AT_ONCE: Final[Mapping[str, Callable[[Phone], None]]] = {
    "answer": Phone.answer,
    "reject": Phone.reject,
    "unplug": Phone.unplug,
}
_PLAIN: Final[Mapping[str, Callable[[Phone], Awaitable[None]]]] = {
    "hangup": Phone.hang_up,
    "hold": Phone.hold,
    "resume": Phone.resume,
    "complete": Phone.complete,
    "cancel": Phone.cancel,
    "plug": Phone.plug,
}
_WITH_ARGUMENT: Final[Mapping[str, Callable[[Phone, str], Awaitable[None]]]] = {
    "dial": Phone.dial,
    "feature": Phone.dial,
    "blind": Phone.blind_transfer,
    "attended": Phone.consult,
    "dtmf": Phone.send_digits,
}
_AFTER_CONNECT: Final = frozenset({"hold", "blind", "attended", "complete"})


class AsteriskPhoneBank:
    """The `PhoneBank` of one bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def dial_in(self, number: str, to: str, uui: str | None) -> str:
        """See `PhoneBank.dial_in`."""
        return self._bench.outside.dial_in(number, to, uui).caller

    async def sent_along(self, number: str) -> str | None:
        """See `PhoneBank.sent_along`."""
        found = [call for call in self._bench.outside.agent.live_calls if call.invite and call.dialled == number]
        return (found[-1].invite.header("user-to-user") or None) if found and found[-1].invite else None

    async def caller_state(self, caller: str) -> str:
        """See `PhoneBank.caller_state`."""
        return await self._bench.caller_state(self._caller(caller))

    async def hang_up_caller(self, caller: str) -> None:
        """See `PhoneBank.hang_up_caller`."""
        call = self._caller(caller).call
        with _refusals():
            await self._bench.outside.agent.hang_up(call)

    async def press(self, station: str, button: str, argument: str) -> None:
        """See `PhoneBank.press`. Buttons that the PBX takes only in a connected call wait for that, up to a second."""
        phone = self._phone(station)
        if button in _AFTER_CONNECT:
            await self._bench.connected(station)
        with _refusals():
            if button in _AT_ONCE:
                _AT_ONCE[button](phone)
            elif button in _PLAIN:
                await _PLAIN[button](phone)
            elif button in _WITH_ARGUMENT:
                await _WITH_ARGUMENT[button](phone, argument)
            else:
                raise UnknownError(f"no button {button}")

    async def display(self, station: str) -> Display:
        """See `PhoneBank.display`."""
        shown = self._phone(station).display
        return Display(shown.state, shown.number, shown.calls)

    async def queue(self, name: str) -> QueueListing:
        """See `PhoneBank.queue`."""
        with _refusals():
            listing = await self._bench.view.queue(name)
            callers = {channel.name: channel.caller for channel in await self._bench.view.channels()}
        if listing is None:
            raise UnknownError(f"no queue {name}")
        members = (Member(m.station, m.paused, m.available, m.reason, m.in_call) for m in listing.members)
        waiting = (WaitingCaller(callers.get(w.channel, ""), w.number, w.waited_s) for w in listing.waiting)
        return QueueListing(name, tuple(members), tuple(waiting))

    async def pause(self, queue: str, station: str, reason: str | None) -> None:
        """See `PhoneBank.pause`."""
        with _refusals():
            listing = await self._bench.view.queue(queue)
            member = next((each for each in listing.members if each.station == station), None) if listing else None
            if member is None:
                raise UnknownError(f"no member {station} of queue {queue}")
            more = {"Paused": "true", "Reason": reason} if reason else {"Paused": "false"}
            await self._bench.view.act("QueuePause", Queue=queue, Interface=member.interface, **more)

    async def restart(self) -> None:
        """See `PhoneBank.restart`."""
        with _refusals():
            await self._bench.restart()

    async def drop_link(self, seconds: float) -> None:
        """See `PhoneBank.drop_link`."""
        await self._bench.relay.drop(seconds)

    def _phone(self, station: str) -> Phone:
        try:
            return self._bench.phones[station]
        except KeyError:
            raise UnknownError(f"no phone {station}") from None

    def _caller(self, caller: str) -> Caller:
        found = self._bench.outside.caller(caller)
        if found is None:
            raise UnknownError(f"no caller {caller}")
        return found


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except _NOT_NOW as err:
        raise NotNowError(str(err)) from err
