"""Hands on the switch behind the fake: phones, callers, and what happens there by time alone."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ringline_edge.conformance.fakes.csta.engine import Engine
from ringline_edge.conformance.fakes.csta.server import FakeCsta
from ringline_edge.conformance.fakes.csta.state import SKILL, VDN, Call, RefusedError
from ringline_edge.conformance.phone_bank import (
    Display,
    Member,
    NotNowError,
    QueueListing,
    UnknownError,
    WaitingCaller,
)

STATIONS: Final = ("1001", "1002", "1003", "1004")
BUSY_NUMBER: Final = "+15550486"
RECORDER: Final = "1099"
QUEUE: Final = "support"
QUEUE_NUMBERS: Final = (VDN, SKILL)
_ANSWERS_S: Final = 0.05
_BUSY_TONE_S: Final = 0.2
_RESTART_S: Final = 0.5
_INSIDE: Final = 6
"""Longer numbers are outside."""

_IN_CALL: Final = ("connected", "initiated", "hold", "alerting")
_SHOWN: Final = (("connected", "talking"), ("alerting", "ringing"), ("initiated", "dialing"), ("hold", "held"))
_SIMPLE_KEYS: Final = {"*46": "ready", "*45": "not_ready", "*23": "log_off"}


@dataclass
class _Caller:
    number: str
    call: Call
    since: float


class CstaBank:
    """A `PhoneBank` over a fake switch. Start it, use it, close it.

    Attributes:
        server: What an edge connects to.
    """

    def __init__(self, kind: str = "dmcc", ring_s: float = 20.0) -> None:
        """A queue lets one phone ring for `ring_s`; `kind` is the server's."""
        self.server = FakeCsta(kind, STATIONS)
        self._engine: Engine = self.server.engine
        self._engine.busy.add(BUSY_NUMBER)
        self._engine.on_ring, self._engine.on_fail = self._rings, self._fails
        self._ring_s = ring_s
        self._callers: dict[str, _Caller] = {}
        self._ids = itertools.count(1)
        self._ringing: dict[tuple[str, str], asyncio.TimerHandle] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._opening: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Listen for edges; the port."""
        await self.server.open()
        return self.server.port

    async def close(self) -> None:
        """Stop listening, cut the link, end the clock."""
        for handle in (*self._timers, *self._ringing.values()):
            handle.cancel()
        if self._opening:
            self._opening.cancel()
        self.server.shut()

    # --- time

    def _later(self, seconds: float, do: Callable[[], None]) -> asyncio.TimerHandle:
        def due() -> None:
            self._timers.discard(handle)
            with contextlib.suppress(RefusedError):  # it is over already
                do()

        handle = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(handle)
        return handle

    def _rings(self, call: Call, number: str, queued: bool) -> None:
        before = self._ringing.pop((call.ident, number), None)
        if before is not None:
            before.cancel()
        if number not in STATIONS and number not in (VDN, SKILL):
            self._later(_ANSWERS_S, lambda: self._outside_answers(call, number))
        elif queued:
            handle = self._later(self._ring_s, lambda: self._rung_out(call, number))
            self._ringing[call.ident, number] = handle

    def _outside_answers(self, call: Call, number: str) -> None:
        if call.legs.get(number) == "alerting":
            self._engine.answer(call, number)

    def _rung_out(self, call: Call, number: str) -> None:
        if call.legs.get(number) == "alerting":
            self._engine.divert(call, number, VDN, "callForwardNoAnswer")

    def _fails(self, call: Call) -> None:
        """Who hears that the line is busy hangs up soon."""

        def hang_up() -> None:
            if call.calling in call.legs:
                self._engine.clear(call, call.calling)

        self._later(_BUSY_TONE_S, hang_up)

    # --- callers

    async def dial_in(self, number: str, to: str, uui: str | None) -> str:
        """See `PhoneBank.dial_in`."""
        call = self._engine.new_call(number, to, uui or "")
        call.legs[number] = "connected"
        caller = f"c{next(self._ids)}"
        self._callers[caller] = _Caller(number, call, time.monotonic())
        self._engine.route(call, to)
        return caller

    async def sent_along(self, number: str) -> str | None:
        """See `PhoneBank.sent_along`."""
        found = [call.data for call in self._engine.calls.values() if number in call.legs]
        return found[-1] or None if found else None

    def wraps_up(self, station: str) -> None:
        """The agent works with manual-in: after-call work follows every call until they say that they are ready."""
        self._engine.agents[station].mode = "manualIn"

    def _caller(self, caller: str) -> _Caller:
        try:
            found = self._callers[caller]
        except KeyError:
            raise UnknownError(f"no caller {caller}") from None
        while found.call.became is not None:
            found.call = found.call.became
        return found

    def _is_there(self, caller: _Caller) -> bool:
        return caller.call in self._engine.calls.values() and caller.number in caller.call.legs

    async def caller_state(self, caller: str) -> str:
        """See `PhoneBank.caller_state`."""
        found = self._caller(caller)
        if not self._is_there(found):
            return "ended"
        others = [state for number, state in found.call.legs.items() if number != found.number]
        for state, word in (("connected", "talking"), ("hold", "held"), ("alerting", "ringing")):
            if state in others:
                return word
        return "queued" if found.call in self._engine.waiting else "dialing"

    async def hang_up_caller(self, caller: str) -> None:
        """See `PhoneBank.hang_up_caller`."""
        found = self._caller(caller)
        if self._is_there(found):
            self._engine.clear(found.call, found.number)

    # --- phones

    async def press(self, station: str, button: str, argument: str) -> None:
        """See `PhoneBank.press`."""
        if station not in STATIONS:
            raise UnknownError(f"no phone {station}")
        if station in self._engine.out and button != "plug":
            raise NotNowError("the phone is unplugged")
        simple = self._simple().get(button)
        try:
            if simple is not None:
                simple(station)
            else:
                self._with_argument(station, button, argument)
        except RefusedError as err:
            raise NotNowError(": ".join(err.args)) from err

    def _simple(self) -> dict[str, Callable[[str], None]]:
        fake, engine = self.server, self._engine
        return {
            "answer": self._answer,
            "reject": self._reject,
            "hangup": lambda s: engine.clear(self._first(s, *_IN_CALL), s),
            "hold": fake.hold,
            "resume": self._resume,
            "complete": fake.transfer,
            "cancel": self._cancel,
            "monitored": lambda s: engine.listen(engine.at(s, "connected"), RECORDER),
            "unplug": fake.unplug,
            "plug": fake.plug_in,
        }

    def _first(self, station: str, *states: str) -> Call:
        """The phone's call in the first of `states` that it has.

        Raises:
            RefusedError: It has none.
        """
        for state in states:
            with contextlib.suppress(RefusedError):
                return self._engine.at(station, state)
        raise RefusedError("stateIncompatibility", "invalidConnectionState")

    def _answer(self, station: str) -> None:
        call = self._first(station, "alerting", "initiated")
        self._hold_others(station, call)
        self._engine.answer(call, station)

    def _resume(self, station: str) -> None:
        call = self._engine.at(station, "hold")
        self._hold_others(station, call)
        self._engine.retrieve(call, station)

    def _cancel(self, station: str) -> None:
        held, active = self._engine.at(station, "hold"), self._engine.at(station, "connected")
        self._engine.clear(active, station)
        self._engine.retrieve(held, station)

    def _reject(self, station: str) -> None:
        call = self._first(station, "alerting", "initiated")
        if (call.ident, station) in self._ringing:
            self._engine.divert(call, station, VDN, "redirected")
        else:
            self._engine.clear(call, station)

    def _hold_others(self, station: str, but: Call) -> None:
        """A phone speaks in one call at a time."""
        for call in self._engine.of(station):
            if call is not but and call.legs[station] == "connected":
                self._engine.hold(call, station)

    def _with_argument(self, station: str, button: str, argument: str) -> None:
        match button:
            case "dial":
                self._engine.dial(station, argument)
            case "feature":
                self._feature(station, argument)
            case "blind":
                self._engine.single_step(self._first(station, "connected", "hold"), station, argument)
            case "attended":
                self._engine.consult(self._engine.at(station, "connected"), station, argument)
            case "dtmf":
                self._engine.at(station, "connected")
            case _:
                raise UnknownError(f"no button {button}")

    def _feature(self, station: str, code: str) -> None:
        if code == "*22":
            self.server.log_on(station, station)
            self.server.press(station, "ready")
        elif code[:3] in _SIMPLE_KEYS:
            self.server.press(station, _SIMPLE_KEYS[code[:3]])
        elif code.startswith("*8"):
            self.server.pick_up(station, code[2:])
        else:
            raise RefusedError("operation", f"no feature {code}")

    async def display(self, station: str) -> Display:
        """See `PhoneBank.display`."""
        if station not in STATIONS:
            raise UnknownError(f"no phone {station}")
        calls = self._engine.of(station)
        for state, word in _SHOWN:
            for call in calls:
                if call.legs[station] == state:
                    other = next((each for each in call.legs if each != station), call.called)
                    return Display("ringing" if call.prompts else word, other, len(calls))
        return Display("idle", None, 0)

    # --- the queue

    async def queue(self, name: str) -> QueueListing:
        """See `PhoneBank.queue`."""
        if name != QUEUE:
            raise UnknownError(f"no queue {name}")
        return QueueListing(name, tuple(self._members()), tuple(self._waiting()))

    def _members(self) -> Iterator[Member]:
        for station, agent in self._engine.agents.items():
            if agent.state != "agentNull":
                ready, busy = agent.state == "agentReady", bool(self._engine.of(station))
                reason = "" if agent.reason == "0" else agent.reason
                yield Member(station, not ready, ready and not busy, reason, busy)

    def _waiting(self) -> Iterator[WaitingCaller]:
        known = {id(self._caller(each).call): (each, found) for each, found in self._callers.items()}
        for call in self._engine.waiting:
            caller, found = known.get(id(call), ("", None))
            yield WaitingCaller(caller, call.calling, int(time.monotonic() - found.since) if found else 0)

    async def pause(self, queue: str, station: str, reason: str | None) -> None:
        """See `PhoneBank.pause`; an agent of this switch has one state in all queues."""
        agent = self._engine.agents.get(station)
        if queue != QUEUE or agent is None or agent.state == "agentNull":
            raise UnknownError(f"no member {station} of queue {queue}")
        self.server.press(station, "ready" if reason is None else "not_ready", reason or "0")

    # --- the whole switch

    async def restart(self) -> None:
        """See `PhoneBank.restart`; the server knows no session any more either."""
        self.server.forget()
        await self.drop_link(_RESTART_S)

    async def drop_link(self, seconds: float) -> None:
        """See `PhoneBank.drop_link`."""
        self.server.shut()
        self._later(max(seconds, 0.01), self._reopen)

    def _reopen(self) -> None:
        self._opening = asyncio.get_running_loop().create_task(self.server.open())
