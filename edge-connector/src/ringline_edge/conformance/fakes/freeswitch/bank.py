"""Hands on the phones and callers of the fake FreeSWITCH, its clock, and feature codes as dial plans have them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import quote

from ringline_edge.conformance.fakes.freeswitch.calls import AgentRow
from ringline_edge.conformance.fakes.freeswitch.channels import Chan
from ringline_edge.conformance.fakes.freeswitch.server import FakeFreeswitch
from ringline_edge.conformance.phone_bank import (
    Display,
    Member,
    NotNowError,
    QueueListing,
    UnknownError,
    WaitingCaller,
)

QUEUES: Final = {"5000": "support"}
BUSY_NUMBER, SILENT_NUMBER = "+15550486", "+15550408"
ANSWERS_S: Final = 0.05
"""After so long an outside number answers."""

TICK_S: Final = 0.1
"""How often a queue looks for an agent; mod_callcenter's own thread does so."""

RESTART_S: Final = 0.5
LISTENER: Final = "1004"
"""The phone of somebody who listens in, by `eavesdrop`: a channel of its own that nobody is bridged to."""

_READY: Final = frozenset({"Available", "Available (On Demand)"})


class FreeswitchPhones:
    """A `PhoneBank` on a fake FreeSWITCH in this process. Open it, use it, close it.

    Attributes:
        pbx: What is called, and speaks the protocol.
    """

    def __init__(self, ring_s: float = 20.0, two_devices: Collection[str] = ()) -> None:
        """Nobody listens yet; a queue lets one phone ring for `ring_s`."""
        self.pbx = FakeFreeswitch()
        self._engine = self.pbx.engine
        self._engine.queues = dict(QUEUES)
        self._engine.busy.add(BUSY_NUMBER)
        self._engine.on_ring = self._rings
        for station in two_devices:
            self._engine.registered[station].add(f"{station}-b")
        self._ring_s = ring_s
        self._callers: set[str] = set()
        self._unplugged: dict[str, set[str]] = {}
        self._clock: asyncio.Task[None] | None = None
        self._back: asyncio.Task[None] | None = None

    async def open(self) -> int:
        """Listen for edges; the port."""
        await self.pbx.open()
        self._clock = asyncio.create_task(self._distribute())
        return self.pbx.port

    async def close(self) -> None:
        """Stop listening, cut the links, end the clock."""
        tasks = [each for each in (self._clock, self._back) if each is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pbx.close()

    async def _distribute(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._engine.distribute()

    def _rings(self, chan: Chan) -> None:
        """Outside numbers answer by themselves, a queue gives up after its time."""
        if "cc_agent" in chan.vars:
            self._later(self._ring_s, chan, lambda: self._engine.refuse(chan, "NO_ANSWER", "send_cancel"))
        elif chan.station is None and chan.dest != SILENT_NUMBER:
            self._later(ANSWERS_S, chan, lambda: self._engine.pick_up(chan))

    def _later(self, seconds: float, chan: Chan, do: Callable[[], None]) -> None:
        """Do something to a channel unless it was answered or is gone by then."""

        def due() -> None:
            if chan.uuid in self._engine.channels and not chan.answered:
                do()

        asyncio.get_running_loop().call_later(seconds, due)

    async def dial_in(self, number: str, to: str, uui: str | None) -> str:
        """See `PhoneBank.dial_in`; user-to-user data is a variable that the dial plan exports."""
        caller = self.pbx.outside_call(number, to, uui=quote(uui or ""))
        self._callers.add(caller)
        return caller

    async def sent_along(self, number: str) -> str | None:
        """See `PhoneBank.sent_along`."""
        found = [each.vars.get("sip_h_User-to-User") for each in self._engine.channels.values() if each.dest == number]
        return found[-1] if found else None

    def turn_clock(self, seconds: int) -> None:
        """FreeSWITCH's clock jumps, ahead or back."""
        self._engine.clock.turn(seconds)

    def wraps_up(self, station: str) -> None:
        """The agent's own wrap-up time is a second, the shortest that there is."""
        for agent in self._engine.agents.values():
            if agent.station == station:
                agent.wrap_up_time = 1

    def _caller(self, caller: str) -> Chan | None:
        if caller not in self._callers:
            raise UnknownError(f"no caller {caller}")
        return self._engine.channels.get(caller)

    async def caller_state(self, caller: str) -> str:
        """See `PhoneBank.caller_state`."""
        chan = self._caller(caller)
        if chan is None:
            return "ended"
        if chan.peer is not None:
            return "held" if chan.peer.held else "talking"
        if chan.conference:
            return "talking"
        live = self._engine.channels.values()
        if any(each.originator is chan or each.vars.get("cc_member_session_uuid") == chan.uuid for each in live):
            return "ringing"
        return "queued" if chan in self._engine.waiting else "dialing"

    async def hang_up_caller(self, caller: str) -> None:
        """See `PhoneBank.hang_up_caller`."""
        if self._caller(caller) is not None:
            self.pbx.hang_up(caller)

    async def press(self, station: str, button: str, argument: str) -> None:
        """See `PhoneBank.press`."""
        if station not in self._engine.registered:
            raise UnknownError(f"no phone {station}")
        if station in self._unplugged and button != "plug":
            raise NotNowError("the phone is unplugged")
        simple = self._simple().get(button)
        if simple is not None:
            simple(station)
        else:
            self._with_argument(station, button, argument)

    def _simple(self) -> dict[str, Callable[[str], None]]:
        return {
            "answer": lambda s: self._answer(self._pick(s, _rung)),
            "reject": lambda s: self._engine.refuse(self._pick(s, _rung), "CALL_REJECTED", "recv_refuse"),
            "hangup": lambda s: self._hang_up(self._pick(s, _talks, _dials, _held, _rung)),
            "hold": lambda s: self._engine.hold(self._pick(s, _talks), on=True),
            "resume": self._resume,
            "complete": self._complete,
            "cancel": self._cancel,
            "monitored": self._monitored,
            "unplug": self._unplug,
            "plug": self._plug,
        }

    def _with_argument(self, station: str, button: str, argument: str) -> None:
        match button:
            case "dial":
                self._dial(station, argument)
            case "feature":
                self._feature(station, argument)
            case "blind":
                self._pick(station, _talks)
                self.pbx.transfer(station, argument)
            case "attended":
                self._pick(station, _talks)
                self._dial(station, argument)
            case "dtmf":
                self._engine.heard.append((self._pick(station, _talks).uuid, argument))
            case _:
                raise UnknownError(f"no button {button}")

    def _pick(self, station: str, *whiches: Callable[[Chan], bool]) -> Chan:
        """The phone's oldest channel that is so; what is asked for first counts first."""
        for which in whiches:
            for chan in self.pbx.legs(station):
                if which(chan):
                    return chan
        raise NotNowError(f"the phone {station} has no such call now")

    def _hold_others(self, station: str, but: Chan | None = None) -> None:
        for each in self.pbx.legs(station):
            if each is not but and _talks(each):
                self._engine.hold(each, on=True)

    def _answer(self, chan: Chan) -> None:
        self._hold_others(str(chan.station), chan)
        self._engine.pick_up(chan)

    def _hang_up(self, chan: Chan) -> None:
        if _rung(chan):
            self._engine.refuse(chan, "CALL_REJECTED", "recv_refuse")
        else:
            self._engine.hang_up(chan, side="recv_bye" if chan.answered else "recv_cancel")

    def _resume(self, station: str) -> None:
        chan = self._pick(station, _held)
        self._hold_others(station, chan)
        self._engine.hold(chan, on=False)

    def _dial(self, station: str, number: str) -> None:
        if number.startswith("*"):
            self._feature(station, number)
        else:
            self._hold_others(station)
            self.pbx.dial(station, number)

    def _complete(self, station: str) -> None:
        if len([each for each in self.pbx.legs(station) if each.peer is not None]) < 2:
            raise NotNowError("the phone does not speak to two")
        self.pbx.complete(station)

    def _cancel(self, station: str) -> None:
        first = self._pick(station, _held)
        self._hang_up(self._pick(station, _talks, _dials))
        self._engine.hold(first, on=False)

    def _monitored(self, station: str) -> None:
        self._pick(station, _talks)
        self.pbx.dial(LISTENER, f"*33{station}")

    def _unplug(self, station: str) -> None:
        """Nobody is told but by silence: what rings times out, what is spoken loses its media."""
        self._unplugged[station] = set(self._engine.registered[station])
        for name in sorted(self._unplugged[station]):
            self.pbx.unregister(station, name.rpartition("-")[2])
        for chan in self.pbx.legs(station):
            if chan.uuid not in self._engine.channels:
                continue
            if _rung(chan):
                self._engine.refuse(chan, "NO_USER_RESPONSE", "send_cancel")
            else:
                self._engine.hang_up(chan, "MEDIA_TIMEOUT", "send_bye")

    def _plug(self, station: str) -> None:
        for name in sorted(self._unplugged.pop(station, ())):
            self.pbx.register(station, name.rpartition("-")[2])

    def _feature(self, station: str, code: str) -> None:
        """The dial plan answers, does it, and hangs up."""
        if code.startswith("*8"):
            self._pick_up(station, code[2:])
            return
        status = {"*22": "Available", "*23": "Logged Out", "*46": "Available"}.get(code)
        if status is None and not code.startswith("*45"):
            raise NotNowError(f"no feature {code}")
        chan = self._engine.channels[self.pbx.dial(station, code)]
        agent = self._agent(station, make=code == "*22")
        if agent is not None:
            self._engine.set_status(agent, status or "On Break")
        self._engine.hang_up(chan)

    def _pick_up(self, station: str, other: str) -> None:
        rung = self._pick(other, _rung)
        if rung.originator is None:
            raise NotNowError("a queue's call is not picked up")
        self._engine.intercept(self._engine.channels[self.pbx.dial(station, f"*8{other}")], rung.originator)

    def _agent(self, station: str, *, make: bool) -> AgentRow | None:
        name = f"{station}@default"
        if make and name not in self._engine.agents:
            self.pbx.add_agent(station, *QUEUES.values())
            self._engine.callcenter("agent-add", CC_Agent=name)
        return self._engine.agents.get(name)

    async def display(self, station: str) -> Display:
        """See `PhoneBank.display`."""
        if station not in self._engine.registered:
            raise UnknownError(f"no phone {station}")
        legs = self.pbx.legs(station)
        shown = (("talking", _talks), ("ringing", _rung), ("dialing", _dials), ("held", _held))
        for word, which in shown:
            for leg in legs:
                if which(leg):
                    return Display(word, _other(leg), len(legs))
        return Display("idle", None, 0)

    async def queue(self, name: str) -> QueueListing:
        """See `PhoneBank.queue`; mod_callcenter keeps no reasons."""
        if name not in self._engine.queues.values():
            raise UnknownError(f"no queue {name}")
        members = (each for each in self._engine.agents.values() if name in each.tiers and each.status != "Logged Out")
        waiting = (each for each in self._engine.waiting if each.vars["cc_queue"] == name)
        now_us = self._engine.clock.now()
        return QueueListing(
            name,
            tuple(self._member(each, name) for each in members),
            tuple(
                WaitingCaller(
                    each.uuid if each.uuid in self._callers else "", each.number, (now_us - each.created_us) // 10**6
                )
                for each in waiting
            ),
        )

    def _member(self, agent: AgentRow, queue: str) -> Member:
        in_call = any(map(_talks, self.pbx.legs(agent.station)))
        available = self._engine.is_free(agent, queue)
        return Member(agent.station, agent.status not in _READY, available, "", in_call)

    async def pause(self, queue: str, station: str, reason: str | None) -> None:
        """See `PhoneBank.pause`; mod_callcenter pauses an agent, and so all of their queues."""
        agent = self._agent(station, make=False)
        if agent is None or queue not in agent.tiers:
            raise UnknownError(f"no member {station} of queue {queue}")
        self._engine.set_status(agent, "On Break" if reason is not None else "Available")

    async def restart(self) -> None:
        """See `PhoneBank.restart`."""
        self.pbx.restart()
        await self.drop_link(RESTART_S)

    async def drop_link(self, seconds: float) -> None:
        """See `PhoneBank.drop_link`."""
        await self.pbx.close()
        if self._back is not None:
            self._back.cancel()
        self._back = asyncio.create_task(self._reopen(seconds))

    async def _reopen(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.pbx.open()


def _rung(chan: Chan) -> bool:
    return chan.outbound and not chan.answered


def _dials(chan: Chan) -> bool:
    return not chan.outbound and not chan.answered


def _talks(chan: Chan) -> bool:
    return chan.answered and not chan.held


def _held(chan: Chan) -> bool:
    return chan.held


def _other(chan: Chan) -> str | None:
    """The number at the other end."""
    if chan.peer is not None:
        return chan.peer.station or (chan.peer.dest if chan.peer.outbound else chan.peer.number)
    return chan.number or None if chan.outbound else chan.dest
