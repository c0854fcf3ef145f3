"""The whole PBX without I/O: callers, buttons, commands of the link, and time. One instance, one clock."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from ringline_edge.conformance.exchange.calls import Calls
from ringline_edge.conformance.exchange.floor import MAX_CALLS, Floor, Leg, Message, RefusedError
from ringline_edge.conformance.exchange.queues import Queues, standard_queues
from ringline_edge.conformance.exchange.transfers import Transfers

STATIONS: Final = tuple(str(number) for number in range(1001, 1011))
QUEUE_NUMBERS: Final = {"5000": "support", "5001": "sales"}
_TURNS: Final = 100


class Exchange:
    """A PBX; every public method may raise `RefusedError` and leaves nothing half done then."""

    def __init__(
        self,
        clock: Callable[[], int],
        tell: Callable[[Message], None],
        ring_ms: int = 20_000,
        two_devices: Collection[str] = (),
    ) -> None:
        """Phones of `two_devices` ring twice; `ring_ms` is how long a queue lets one phone ring."""
        self.floor = Floor(STATIONS, clock, tell, two_devices)
        self.calls = Calls(self.floor, dict(QUEUE_NUMBERS))
        self.queues = Queues(self.calls, standard_queues(), ring_ms)
        self.transfers = Transfers(self.calls)

    def advance(self) -> int | None:
        """Do all that is due; when to come again, in milliseconds since the epoch."""
        for _ in range(_TURNS):
            before = (len(self.floor.legs), len(self.calls.attempts))
            self.calls.advance()
            self.queues.advance()
            if before == (len(self.floor.legs), len(self.calls.attempts)):
                break
        return min(self.calls.deadlines() + self.queues.deadlines(), default=None)

    def restart(self) -> None:
        """All calls are gone without a word; members and phones stay."""
        self.calls.attempts.clear()
        for queue in self.queues.queues.values():
            queue.waiting.clear()
            queue.retry.clear()
        self.floor.reboot()

    def snapshot(self) -> Message:
        """Everything that is known now."""
        return {
            "at_ms": self.floor.clock(),
            "legs": [leg.message() for leg in self.floor.legs.values()],
            "joins": self.floor.live_joins(),
            "agents": [self.queues.agent(station) for station in self.floor.phones],
            "phones": [self._phone(station) for station in self.floor.phones],
        }

    def _phone(self, station: str) -> Message:
        phone = self.floor.phones[station]
        return {"event": "phone", "station": station, "device": phone.devices[0], "in_service": phone.in_service,
                "at_ms": self.floor.clock()}  # fmt: skip

    def dial_in(self, number: str, to: str, uui: str | None) -> Leg:
        """An outside caller dials; the caller's leg."""
        data = {"uui": uui} if uui else {}
        leg = self.floor.outside_leg(number, self.floor.new_id(), "initiated", origin=True, dialed=to, data=data)
        self.calls.dial(leg, to)
        return leg

    def caller_state(self, leg: Leg) -> str:
        """What the caller hears, in the control API's words."""
        if leg.leg not in self.floor.legs:
            return "ended"
        if leg.bridge is not None:
            return "held" if any(mate.state == "hold" for mate in self.floor.mates(leg)) else "talking"
        attempt = self.calls.attempts.get(leg.leg)
        if attempt and attempt.targets:
            return "ringing"
        return "queued" if any(leg.leg in queue.waiting for queue in self.queues.queues.values()) else "dialing"

    def press(self, station: str, button: str, argument: str = "") -> None:
        """A button of a phone; `unknown` for a phone or button that is not there."""
        phone = self.floor.phone(station)
        if not phone.in_service and button != "plug":
            raise RefusedError("the phone is unplugged")
        simple = self._simple().get(button)
        if simple is not None:
            simple(station)
        else:
            self._with_argument(station, button, argument)

    def _simple(self) -> dict[str, Callable[[str], None]]:
        return {
            "answer": lambda s: self.answer(self.pick(s, "alerting", "initiated")),
            "reject": lambda s: self.reject(self.pick(s, "alerting", "initiated")),
            "hangup": lambda s: self.calls.clear(
                self.pick(s, "connected", "initiated", "queued", "hold", "alerting"), "agent_phone"
            ),
            "hold": lambda s: self.hold(self.pick(s, "connected")),
            "resume": lambda s: self.resume(self.pick(s, "hold")),
            "complete": lambda s: self.transfers.complete(s, "agent_phone"),
            "cancel": lambda s: self.transfers.cancel(s, "agent_phone"),
            "monitored": self._monitored,
            "unplug": self._unplug,
            "plug": lambda s: self._plugged(s, in_service=True),
        }

    def _with_argument(self, station: str, button: str, argument: str) -> None:
        match button:
            case "dial" | "feature":
                self.dial(station, argument)
            case "blind":
                self.transfers.blind(self.pick(station, "connected", "hold"), argument, "agent_phone")
            case "attended":
                self.transfers.consult(self.pick(station, "connected", "hold"), argument, "agent_phone")
            case "dtmf":
                self.pick(station, "connected")
                self.floor.phones[station].digits += argument
            case _:
                raise RefusedError(f"no button {button}", "unknown")

    def pick(self, station: str, *states: str) -> Leg:
        """The station's oldest leg in the first of `states` that it has.

        Raises:
            RefusedError: It has none.
        """
        legs = self.floor.of(station)
        for state in states:
            for leg in legs:
                called_back = leg.leg in self.floor.phones[station].called_back
                if leg.state == state and not (states[0] == "alerting" and state == "initiated" and not called_back):
                    return leg
        raise RefusedError(f"no call at {station} is {' or '.join(states)}")

    def answer(self, leg: Leg) -> None:
        """Take a ringing leg, or a click-to-dial that rings at its own phone."""
        number = self.floor.phones[str(leg.station)].called_back.pop(leg.leg, None)
        if number is None:
            self.calls.answer(leg)
            return
        self.floor.hold_others(leg.station, leg, "agent_phone")
        self.calls.dial(leg, number)

    def reject(self, leg: Leg) -> None:
        """Refuse a ringing leg; a queue rings on elsewhere."""
        if leg.leg in self.floor.phones[str(leg.station)].called_back:
            self.floor.end(leg, "rejected", "agent_phone")
        else:
            self.calls.decline(leg)

    def hold(self, leg: Leg) -> None:
        """Hold a connected leg."""
        if leg.state != "connected":
            raise RefusedError("the call is not connected")
        self.floor.hold(leg, "agent_phone")

    def resume(self, leg: Leg) -> None:
        """Take a held leg back; what was connected is held."""
        if leg.state != "hold" or leg.bridge is None:
            raise RefusedError("the call is not held")
        self.floor.hold_others(leg.station, leg, "agent_phone")
        self.floor.connect(leg, leg.bridge, "agent_phone")

    def dial(self, station: str, number: str) -> None:
        """A phone dials a number or a feature code."""
        if number.startswith("*"):
            self._feature(station, number)
            return
        leg = self._own(station, number)
        self.floor.hold_others(station, leg, "agent_phone")
        self.calls.dial(leg, number)

    def place(
        self,
        station: str,
        number: str,
        *,
        auto_answer: bool = False,
        data: dict[str, Any] | None = None,
        ident: str | None = None,
    ) -> Leg:
        """Click to dial: the own phone rings first, then the number is dialled; `ident` names the own leg."""
        if not self.floor.phone(station).in_service:
            raise RefusedError("the phone is not in service")
        leg = self._own(station, number, data, ident)
        self.floor.phones[station].called_back[leg.leg] = number
        if auto_answer:
            self.answer(leg)
        return leg

    def _own(self, station: str, number: str, data: dict[str, Any] | None = None, ident: str | None = None) -> Leg:
        if len(self.floor.of(station)) >= MAX_CALLS:
            raise RefusedError("all lines of the phone are taken")
        return self.floor.station_leg(
            station, self.floor.phone(station).devices[0], self.floor.new_id(), "initiated", origin=True,
            by="agent_phone", dialed=number, remote=number, data=data or {}, ident=ident,
        )  # fmt: skip

    def _feature(self, station: str, code: str) -> None:
        if code == "*22":
            self.queues.log_on(station, ["support"], paused=False, by="agent_phone")
        elif code == "*23":
            self.queues.log_off(station, "agent_phone")
        elif code.startswith("*45"):
            self.queues.pause(station, True, "agent_phone", reason=code[3:] or None)
        elif code == "*46":
            self.queues.pause(station, False, "agent_phone")
        elif code.startswith("*8"):
            self.transfers.pick_up(station, code[2:])
        else:
            raise RefusedError(f"no feature {code}", "not_allowed")

    def _monitored(self, station: str) -> None:
        """Somebody listens in, unheard."""
        leg, floor = self.pick(station, "connected"), self.floor
        listener = floor.outside_leg("recorder", leg.call, "initiated", role="monitor")
        floor.connect(listener, str(leg.bridge), "pbx")

    def _unplug(self, station: str) -> None:
        self._plugged(station, in_service=False)
        for leg in self.floor.of(station):
            if leg.leg not in self.floor.legs:
                continue
            if self.calls.attempt_at(leg):
                self.calls.decline(leg, "network", "pbx")
            else:
                self.floor.end(leg, "network", "pbx")

    def _plugged(self, station: str, *, in_service: bool) -> None:
        self.floor.phones[station].in_service = in_service
        self.floor.tell(self._phone(station))
