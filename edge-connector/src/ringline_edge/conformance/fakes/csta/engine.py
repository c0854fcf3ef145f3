"""A small switch: calls, queues and agents, told as CSTA events to whoever monitors a device in the call."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from ringline_edge.conformance.fakes.csta.state import AGENT_EVENTS, SKILL, VDN, Agent, Call, RefusedError
from ringline_edge.conformance.fakes.csta.text import Dialect


class Engine:
    """All telephones of one switch.

    Attributes:
        tell: Sends an event's body to the monitors of a device, if there are any.
        busy: Numbers that are busy.
        silent: Whether agents' changes are told by no event, as some AES releases have it.
        new_ids: Whether a transfer takes a call id of its own.
        on_ring: Called where it begins to ring: the call, the number, and whether a queue offers it.
        on_fail: Called where a caller hears that it goes no further.
    """

    def __init__(self, dialect: Dialect, stations: tuple[str, ...], tell: Callable[[str, str, str], None]) -> None:
        """Phones of `stations`, all idle."""
        self.x, self.stations, self._tell = dialect, stations, tell
        self.calls: dict[str, Call] = {}
        self.agents = {station: Agent() for station in stations}
        self.busy: set[str] = set()
        self.silent = False
        self.new_ids = False
        self.out: set[str] = set()
        self.waiting: list[Call] = []
        self.on_ring: Callable[[Call, str, bool], None] = lambda _call, _number, _queue: None
        self.on_fail: Callable[[Call], None] = lambda _call: None
        self._numbers = itertools.count(519)

    # --- telling

    def emit(self, call: Call, name: str, *parts: str, end: str = "", to: tuple[str, ...] = ()) -> None:
        """To every station of the call: head, its own connection's state, the rest."""
        for station in [*(each for each in self.stations if each in call.legs), *to]:
            state = call.legs.get(station, "null")
            self._tell(station, name, f"{''.join(parts)}<localConnectionInfo>{state}</localConnectionInfo>{end}")

    def _tail(self, call: Call, cause: str, data: str = "") -> str:
        return f"{self.x.user_data(data)}<cause>{cause}</cause>{self.x.linkage(call.ucid)}"

    def _who(self, call: Call) -> str:
        return self.x.subject("callingDevice", call.calling) + self.x.subject("calledDevice", call.called)

    # --- beginnings

    def new_call(self, calling: str, called: str, data: str = "") -> Call:
        """A call in which nobody is yet."""
        number = next(self._numbers)
        ident = str(number) if self.x.kind != "openscape" else f"FF0001000000000000000000{number:08d}"
        ucid = f"00001{number:05d}1428242051" if self.x.kind == "dmcc" else ""
        call = self.calls[ident] = Call(ident, ucid, calling, called, data)
        return call

    def dial(self, station: str, number: str, *, cause: str = "newCall", data: str = "") -> Call:
        """A phone goes off the hook and dials."""
        call = self.new_call(station, number, data)
        call.cause = cause
        self._initiate(call, station)
        self._originate(call, station, number)
        return call

    def prompt(self, station: str, number: str, data: str = "") -> Call:
        """The phone asks to be picked up, and dials then."""
        call = self.new_call(station, number, data)
        call.cause, call.prompts = "makeCall", number
        self._initiate(call, station)
        return call

    def _initiate(self, call: Call, station: str) -> None:
        call.legs[station] = "initiated"
        own = self.x.connection("initiatedConnection", call.ident, station)
        self.emit(call, "ServiceInitiatedEvent", own, self.x.subject("initiatingDevice", station),
                  end=self._tail(call, call.cause))  # fmt: skip

    def _originate(self, call: Call, station: str, number: str) -> None:
        call.legs[station] = "connected"
        self.emit(call, "OriginatedEvent", self.x.connection("originatedConnection", call.ident, station),
                  self._who(call), end=self._tail(call, call.cause))  # fmt: skip
        self.route(call, number)

    def route(self, call: Call, number: str) -> None:
        """Take the call to the queue or to a number."""
        if number == VDN:
            self.waiting.append(call)
            self.distribute()
        elif number in self.busy or number in self.out:
            self.fail(call, number, "busy" if number in self.busy else "destNotObtainable")
        else:
            self.ring(call, number)

    def ring(self, call: Call, number: str, *, queue: bool = False) -> None:
        """It rings at a number, told to all in the call."""
        call.legs[number] = "alerting"
        last = VDN if queue else call.last
        redirection = "<lastRedirectionDevice><notRequired/></lastRedirectionDevice>"
        if last:
            redirection = f"<lastRedirectionDevice>{self.x.device_id('numberDialed', last)}</lastRedirectionDevice>"
        private = ""
        if queue:
            private = self.x.private("DeliveredEventPrivateData", "<trunkGroup>12</trunkGroup>",
                                     self.x.device_id("acdGroup", SKILL))  # fmt: skip
        self.emit(call, "DeliveredEvent", self.x.connection("connection", call.ident, number),
                  self.x.subject("alertingDevice", number), self._who(call), redirection,
                  end=self._tail(call, call.cause, call.data) + private)  # fmt: skip
        self.on_ring(call, number, queue)

    def fail(self, call: Call, number: str, cause: str) -> None:
        """The number cannot be reached; who called hears so until they hang up."""
        self._tell_failed(call, number, cause)
        self.on_fail(call)

    def _tell_failed(self, call: Call, number: str, cause: str) -> None:
        self.emit(call, "FailedEvent", self.x.connection("failedConnection", call.ident, number),
                  self.x.subject("failingDevice", number), self._who(call), end=self._tail(call, cause))  # fmt: skip

    def distribute(self) -> None:
        """Offer the oldest waiting call to the agent who is ready and free, and was offered one the longest ago."""
        for call in list(self.waiting):
            free = [
                s for s, a in self.agents.items() if a.state == "agentReady" and not self.of(s) and s not in self.out
            ]
            if not free:
                return
            self.waiting.remove(call)
            station = min(free, key=lambda each: self.agents[each].offered)
            self.agents[station].offered = 1 + max(each.offered for each in self.agents.values())
            self.ring(call, station, queue=True)

    def forget(self) -> None:
        """All calls are gone without a word."""
        self.calls.clear()
        self.waiting.clear()
        for agent in self.agents.values():
            agent.pending = None

    # --- in the call

    def of(self, number: str) -> list[Call]:
        """Calls in which a number is."""
        return [call for call in self.calls.values() if number in call.legs]

    def at(self, number: str, *states: str) -> Call:
        """A number's first call in one of `states`.

        Raises:
            RefusedError: It has none.
        """
        for call in self.of(number):
            if call.legs[number] in states:
                return call
        raise RefusedError("stateIncompatibility", "invalidConnectionState")

    def find(self, ident: str, number: str) -> Call:
        """A call by its id.

        Raises:
            RefusedError: There is none, or the number is not in it.
        """
        call = self.calls.get(ident)
        if call is None or number not in call.legs:
            raise RefusedError("operation", "invalidConnectionID")
        return call

    def answer(self, call: Call, number: str) -> None:
        """A phone that rings takes the call; one that asks to be picked up dials."""
        if call.prompts and number == call.calling:
            target, call.prompts = call.prompts, ""
            self._originate(call, number, target)
            return
        if call.legs[number] != "alerting":
            raise RefusedError("stateIncompatibility", "noCallToAnswer")
        call.legs[number] = "connected"
        self.emit(call, "EstablishedEvent", self.x.connection("establishedConnection", call.ident, number),
                  self.x.subject("answeringDevice", number), self._who(call),
                  "<lastRedirectionDevice><notRequired/></lastRedirectionDevice>",
                  end=self._tail(call, call.cause, call.data))  # fmt: skip

    def hold(self, call: Call, number: str, cause: str = "normal") -> None:
        """Hold a connected call."""
        if call.legs[number] != "connected":
            raise RefusedError("stateIncompatibility", "invalidConnectionState")
        call.legs[number] = "hold"
        self.emit(call, "HeldEvent", self.x.connection("heldConnection", call.ident, number),
                  self.x.subject("holdingDevice", number), end=self._tail(call, cause))  # fmt: skip

    def retrieve(self, call: Call, number: str) -> None:
        """Take a held call back."""
        if call.legs[number] != "hold":
            raise RefusedError("stateIncompatibility", "noHeldCall")
        call.legs[number] = "connected"
        self.emit(call, "RetrievedEvent", self.x.connection("retrievedConnection", call.ident, number),
                  self.x.subject("retrievingDevice", number), end=self._tail(call, "normal"))  # fmt: skip

    def clear(self, call: Call, number: str, *, releasing: str = "", cause: str = "normalClearing") -> None:
        """One party leaves; of two the other one follows."""
        was_alerting = call.legs.pop(number) == "alerting"
        self.emit(call, "ConnectionClearedEvent", self.x.connection("droppedConnection", call.ident, number),
                  self.x.subject("releasingDevice", releasing or number), end=self._tail(call, cause),
                  to=(number,) if number in self.stations else ())  # fmt: skip
        left = [each for each in call.legs if call.legs[each] != "monitor"]
        if len(left) == 1 and not (was_alerting and call in self.waiting):
            self.clear(call, left[0], releasing=releasing or number, cause=cause)
        if not any(state != "monitor" for state in call.legs.values()):
            self.calls.pop(call.ident, None)
            self.waiting = [each for each in self.waiting if each is not call]
        if number in self.agents:
            self.after_call(number)

    def divert(self, call: Call, number: str, target: str, cause: str) -> None:
        """A ringing call leaves the phone for another number."""
        call.legs.pop(number)
        self.emit(call, "DivertedEvent", self.x.connection("connection", call.ident, number),
                  self.x.subject("divertingDevice", number), self.x.subject("newDestination", target),
                  end=self._tail(call, cause), to=(number,))  # fmt: skip
        if number in self.agents:
            self.after_call(number)
        self.route(call, target)

    def pick_up(self, call: Call, station: str, rung: str) -> None:
        """Another phone takes what rings."""
        call.legs.pop(rung)
        self.emit(call, "DivertedEvent", self.x.connection("connection", call.ident, rung),
                  self.x.subject("divertingDevice", rung), self.x.subject("newDestination", station),
                  end=self._tail(call, "callPickup"), to=(rung,))  # fmt: skip
        call.legs[station] = "alerting"
        self.answer(call, station)

    # --- transfers

    def consult(self, call: Call, station: str, number: str, data: str = "") -> Call:
        """Hold, and call somebody about it."""
        self.hold(call, station, "consultation")
        return self.dial(station, number, cause="consultation", data=data)

    def transfer(self, held: Call, active: Call, station: str) -> None:
        """The active call's id survives, or a new one is taken."""
        old = dict.fromkeys(held.legs, held) | dict.fromkeys(active.legs, active)
        before = (held.ident, active.ident)
        witnesses = tuple(s for s in self.stations if s in held.legs and s not in active.legs)
        target = next(number for number in active.legs if number != station)
        if self.new_ids:
            new = self.new_call(held.calling, held.called)
            new.legs = dict(active.legs)
            del self.calls[active.ident]
        else:
            new = active
        lines = [(new.ident, n, call.ident, n) for n, call in old.items() if n != station]
        new.legs = {n: s for n, s in {**held.legs, **active.legs}.items() if n != station}
        new.calling, new.called, new.cause = held.calling, held.called, "transfer"
        self.calls.pop(held.ident, None)
        for each in {held.ident: held, active.ident: active}.values():
            each.became = None if each is new else new
        ucid = "".join(
            (self.x.linkage(new.ucid, "newCallLinkageData"), self.x.linkage(held.ucid, "oldCallLinkageData"))
        )
        tail = f"<cause>transfer</cause>{f'<callLinkageDataList>{ucid}</callLinkageDataList>' if ucid else ''}"
        self.emit(new, "TransferedEvent", self.x.connection("primaryOldCall", before[0], station),
                  self.x.connection("secondaryOldCall", before[1], station),
                  self.x.subject("transferringDevice", station), self.x.subject("transferredToDevice", target),
                  self.x.listing("transferredConnections", lines), end=tail,
                  to=(station, *(w for w in witnesses if w not in new.legs and w != station)))  # fmt: skip
        if station in self.agents:
            self.after_call(station)

    def single_step(self, call: Call, station: str, target: str, data: str = "") -> None:
        """Cold: under a new call id at OpenScape, with no old connections in the list."""
        if target in self.busy:
            raise RefusedError("stateIncompatibility", "invalidDestinationDeviceState")
        new = self.new_call(call.calling, call.called, data) if self.x.kind == "openscape" else call
        old_ident = call.ident
        new.legs = {n: s for n, s in call.legs.items() if n != station}
        new.cause, new.data = "singleStepTransfer", data or call.data
        if new is not call:
            del self.calls[old_ident]
            call.became = new
        old = "" if self.x.kind == "openscape" else old_ident
        lines = [(new.ident, number, old, number) for number in new.legs]
        self.emit(new, "TransferedEvent", self.x.connection("primaryOldCall", old_ident, station),
                  self.x.subject("transferringDevice", station), self.x.subject("transferredToDevice", target),
                  self.x.listing("transferredConnections", lines), end="<cause>singleStepTransfer</cause>",
                  to=(station,))  # fmt: skip
        new.last = station
        self.route(new, target)
        if station in self.agents:
            self.after_call(station)

    def conference(self, held: Call, active: Call, station: str) -> None:
        """All in the held call: here its id survives, unlike at a transfer."""
        before = (held.ident, active.ident)
        lines = [(held.ident, n, held.ident, n) for n in held.legs]
        lines += [(held.ident, n, active.ident, n) for n in active.legs if n != station]
        held.legs = dict.fromkeys({**held.legs, **active.legs}, "connected")
        added = next(number for number in active.legs if number != station)
        self.calls.pop(active.ident, None)
        active.became = held
        self.emit(held, "ConferencedEvent", self.x.connection("primaryOldCall", before[0], station),
                  self.x.connection("secondaryOldCall", before[1], station),
                  self.x.subject("conferencingDevice", station), self.x.subject("addedParty", added),
                  self.x.listing("conferenceConnections", lines), end="<cause>conference</cause>")  # fmt: skip

    def listen(self, call: Call, recorder: str) -> None:
        """A recorder steps in silently."""
        call.legs[recorder] = "monitor"
        lines = [(call.ident, n, call.ident, n) for n in call.legs]
        self.emit(call, "ConferencedEvent", self.x.connection("primaryOldCall", call.ident, recorder),
                  self.x.subject("conferencingDevice", recorder), self.x.subject("addedParty", recorder),
                  self.x.listing("conferenceConnections", lines), end="<cause>silentParticipation</cause>")  # fmt: skip

    # --- agents

    def set_agent(self, station: str, state: str, mode: str, reason: str = "0", *, pending: bool = False) -> bool:
        """Take a state on, or keep it for the end of the call; whether it is kept."""
        agent = self.agents[station]
        if state == "agentNull" and self.of(station):
            raise RefusedError("stateIncompatibility", "invalidDeviceState")
        if self.of(station) and pending:
            agent.pending = (state, mode)
            return True
        known = (agent.state, agent.reason)
        agent.state, agent.mode, agent.reason, agent.pending = state, mode or agent.mode, reason, None
        if known != (state, reason):
            self._tell_agent(station, known[0])
        if state == "agentReady":
            self.distribute()
        return False

    def _tell_agent(self, station: str, before: str) -> None:
        agent = self.agents[station]
        if self.silent:
            return
        head = self.x.subject("agentDevice", station) + f"<agentID>{agent.login}</agentID>"
        head += self.x.device_id("acdGroup", SKILL)
        if before == "agentNull":
            self._tell(station, "AgentLoggedOnEvent", head)
        private = ""
        if agent.state == "agentNotReady":
            private = self.x.private("AgentNotReadyEventPrivateData", f"<reasonCode>{agent.reason}</reasonCode>")
        self._tell(station, AGENT_EVENTS[agent.state], f"{head}<cause>normal</cause>{private}")

    def after_call(self, station: str) -> None:
        """What is due at a phone that may be free now: a pending state, after-call work, the next caller."""
        agent = self.agents[station]
        if self.of(station):
            return
        if agent.pending:
            state, mode = agent.pending
            self.set_agent(station, state, mode)
        elif agent.state == "agentReady" and agent.mode == "manualIn":
            self.set_agent(station, "agentWorkingAfterCall", "manualIn")
        self.distribute()
