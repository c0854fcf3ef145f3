"""A PBX in time: the exchange's clock, hands for its phones, and a TCP link that a protocol of its own fills."""

from __future__ import annotations

import asyncio
import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import Final

from ringline_edge.conformance.exchange.exchange import Exchange
from ringline_edge.conformance.exchange.floor import Leg, Message, RefusedError
from ringline_edge.conformance.exchange.queues import waiting_of
from ringline_edge.conformance.phone_bank import (
    Display,
    Member,
    NotNowError,
    QueueListing,
    UnknownError,
    WaitingCaller,
)

RESTART_S: Final = 0.5
LINE_LIMIT: Final = 1024 * 1024
_SHOWN: Final = (
    ("connected", "talking"),
    ("alerting", "ringing"),
    ("initiated", "dialing"),
    ("queued", "dialing"),
    ("hold", "held"),
)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


class RunningPbx(ABC):
    """One PBX in this process. Start it, use it as a `PhoneBank`, close it; a subclass speaks the protocol.

    Attributes:
        exchange: What it is made of.
    """

    def __init__(self, ring_s: float = 20.0, two_devices: Collection[str] = ()) -> None:
        """Nobody listens yet; a queue lets one phone ring for `ring_s`."""
        self._clock_ahead_ms = 0
        self.exchange = Exchange(self._now_ms, self.tell, round(ring_s * 1000), two_devices)
        self._open: set[asyncio.StreamWriter] = set()
        self._listening: asyncio.Server | None = None
        self._address = ("127.0.0.1", 0)
        self._timer: asyncio.TimerHandle | None = None
        self._back: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._callers: dict[str, Leg] = {}

    @abstractmethod
    def tell(self, message: Message) -> None:
        """Something changed: put it into the protocol's words, to every link."""

    @abstractmethod
    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one link until it ends; what it raises of `OSError` and `ValueError` ends it too."""

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> int:
        """Listen for edges; the port."""
        self._address = (host, port)
        await self._listen()
        return self._address[1]

    async def close(self) -> None:
        """Stop listening, cut the links, end the clock."""
        for handle in (self._timer, self._back):
            if handle:
                handle.cancel()
        if self._opening:
            self._opening.cancel()
        await self._cut()

    async def _listen(self) -> None:
        self._listening = await asyncio.start_server(self._link, *self._address, limit=LINE_LIMIT)
        self._address = (self._address[0], self._listening.sockets[0].getsockname()[1])

    async def _cut(self) -> None:
        if self._listening:
            self._listening.close()
        for link in list(self._open):
            link.transport.abort()
        self._open.clear()
        await asyncio.sleep(0)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            await self.serve(reader, writer)
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    def settle(self) -> None:
        """Do what is due now, and come again when the next thing is."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        due = self.exchange.advance()
        if due is not None:
            wait = max(0.001, (due - self._now_ms()) / 1000)
            self._timer = asyncio.get_running_loop().call_later(wait, self.settle)

    def turn_clock(self, seconds: int) -> None:
        """The PBX's clock jumps, ahead or back; what it waits for meanwhile is due by the new time."""
        self._clock_ahead_ms += seconds * 1000
        self.settle()

    def _now_ms(self) -> int:
        return now_ms() + self._clock_ahead_ms

    async def dial_in(self, number: str, to: str, uui: str | None) -> str:
        """See `PhoneBank.dial_in`."""
        leg = self.exchange.dial_in(number, to, uui)
        self._callers[leg.leg] = leg
        self.settle()
        return leg.leg

    async def sent_along(self, number: str) -> str | None:
        """See `PhoneBank.sent_along`."""
        dialled, uui = self.exchange.calls.sent_along
        return uui if dialled == number else None

    def _caller(self, caller: str) -> Leg:
        try:
            return self._callers[caller]
        except KeyError:
            raise UnknownError(f"no caller {caller}") from None

    async def caller_state(self, caller: str) -> str:
        """See `PhoneBank.caller_state`."""
        return self.exchange.caller_state(self._caller(caller))

    async def hang_up_caller(self, caller: str) -> None:
        """See `PhoneBank.hang_up_caller`."""
        leg = self._caller(caller)
        if leg.leg in self.exchange.floor.legs:
            self.exchange.calls.clear(leg, "remote")
            self.settle()

    async def press(self, station: str, button: str, argument: str) -> None:
        """See `PhoneBank.press`."""
        try:
            self.exchange.press(station, button, argument)
        except RefusedError as err:
            raise (UnknownError if err.code == "unknown" else NotNowError)(str(err)) from err
        self.settle()

    async def display(self, station: str) -> Display:
        """See `PhoneBank.display`."""
        floor = self.exchange.floor
        if station not in floor.phones:
            raise UnknownError(f"no phone {station}")
        legs = floor.of(station)
        calls = len({leg.call for leg in legs})
        for state, word in _SHOWN:
            for leg in [each for each in legs if each.state == state]:
                rings = leg.leg in floor.phones[station].called_back
                return Display("ringing" if rings else word, self._other(leg), calls)
        return Display("idle", None, calls)

    def _other(self, leg: Leg) -> str | None:
        if mates := self.exchange.floor.mates(leg):
            return mates[0].number
        attempt = self.exchange.calls.attempt_at(leg)
        caller = self.exchange.floor.legs.get(attempt.caller) if attempt else None
        return caller.number if caller else leg.remote or leg.dialed

    async def queue(self, name: str) -> QueueListing:
        """See `PhoneBank.queue`."""
        queues = self.exchange.queues
        if name not in queues.queues:
            raise UnknownError(f"no queue {name}")
        queue = queues.queues[name]
        members = tuple(
            Member(m.station, m.paused, queues.available(m), m.reason or "", queues.in_call(m.station))
            for m in queue.members.values()
        )
        callers = tuple(
            WaitingCaller(leg.leg if leg.leg in self._callers else "", leg.number, waited)
            for leg, waited in waiting_of(self.exchange.floor, queue)
        )
        return QueueListing(name, members, callers)

    async def pause(self, queue: str, station: str, reason: str | None) -> None:
        """See `PhoneBank.pause`."""
        queues = self.exchange.queues
        if queue not in queues.queues or station not in queues.queues[queue].members:
            raise UnknownError(f"no member {station} of queue {queue}")
        queues.pause(station, reason is not None, "pbx", reason=reason, queues=[queue])
        self.settle()

    async def restart(self) -> None:
        """See `PhoneBank.restart`."""
        self.exchange.restart()
        await self.drop_link(RESTART_S)
        self.settle()

    async def drop_link(self, seconds: float) -> None:
        """See `PhoneBank.drop_link`."""
        await self._cut()
        if self._back:
            self._back.cancel()
        self._back = asyncio.get_running_loop().call_later(max(seconds, 0.01), self._reopen)

    def _reopen(self) -> None:
        self._opening = asyncio.get_running_loop().create_task(self._listen())
