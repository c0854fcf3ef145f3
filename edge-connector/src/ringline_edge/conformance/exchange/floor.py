"""Legs, phones and what is told about them. Everything else in the call model is built on these few moves."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

Message = dict[str, Any]
MAX_CALLS: Final = 4
MAX_JOINS: Final = 1000


class RefusedError(Exception):
    """The PBX does not do what was asked; the text says why, `code` is stable."""

    def __init__(self, text: str, code: str = "rejected") -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Leg:
    """One device's part in one call; fields are named as on the link, see docs/adapters/simulator.md."""

    leg: str
    call: str
    device: str
    state: str
    started_ms: int
    number: str
    station: str | None = None
    name: str | None = None
    origin: bool = False
    outside: bool = False
    role: str = "party"
    dialed: str | None = None
    queue: str | None = None
    queued_ms: int | None = None
    answered_ms: int | None = None
    held_ms: int | None = None
    changed_ms: int | None = None
    by: str | None = None
    consult_of: str | None = None
    transferred_by: str | None = None
    bridge: str | None = None
    remote: str | None = None
    data: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] | None = None

    def message(self) -> Message:
        """The leg as the link tells it."""
        return {"event": "leg", **asdict(self)}


@dataclass(slots=True)
class Phone:
    """A station's phone; `devices` ring together, `called_back` is a click-to-dial that still rings here."""

    station: str
    devices: tuple[str, ...]
    in_service: bool = True
    called_back: dict[str, str] = field(default_factory=dict)
    digits: str = ""


class Floor:
    """All live legs and all phones.

    Attributes:
        tell: Takes each message for the link, in order.
        clock: Milliseconds since the epoch.
        consults: Consult leg to the leg it consults about, both of one station.
        on_end: Called with each leg that ended.
        on_pass: Called when a call is passed on: how (`transfer`, `attended`, `pickup`), legs by their roles, to whom.
    """

    def __init__(
        self,
        stations: Iterable[str],
        clock: Callable[[], int],
        tell: Callable[[Message], None],
        two_devices: Collection[str] = (),
    ) -> None:
        self.clock = clock
        self.tell = tell
        self.legs: dict[str, Leg] = {}
        self.phones = {each: Phone(each, (f"SIM/{each}",)) for each in stations}
        for each in two_devices:
            self.phones[each].devices += (f"SIM/{each}-2",)
        self.consults: dict[str, str] = {}
        self.joins: list[Message] = []
        self.on_end: list[Callable[[Leg], None]] = []
        self.on_pass: list[Callable[[str, dict[str, str], str | None], None]] = []
        self._boot = clock() // 1000
        self._counter = 0

    def new_id(self) -> str:
        """An id that this PBX never gave before, restarts included."""
        self._counter += 1
        return f"{self._boot}.{self._counter}"

    def reboot(self) -> None:
        """Forget all calls without a word."""
        self.legs.clear()
        self.consults.clear()
        self.joins.clear()
        for phone in self.phones.values():
            phone.called_back.clear()
        self._boot = max(self._boot + 1, self.clock() // 1000)

    def station_leg(
        self, station: str, device: str, call: str, state: str, *, ident: str | None = None, **more: Any
    ) -> Leg:
        """A new leg at a phone, told; `ident` where somebody else names it."""
        more.setdefault("name", f"Agent {station}")
        return self._add(Leg(ident or self.new_id(), call, device, state, self.clock(), station, station, **more))

    def outside_leg(self, number: str, call: str, state: str, **more: Any) -> Leg:
        """A new leg of a party outside, told."""
        ident = self.new_id()
        return self._add(Leg(ident, call, f"TRUNK/{ident}", state, self.clock(), number, outside=True, **more))

    def _add(self, leg: Leg) -> Leg:
        self.legs[leg.leg] = leg
        self.show(leg)
        return leg

    def show(self, leg: Leg) -> None:
        """Tell the leg's present truth."""
        self.tell(leg.message())

    def of(self, station: str) -> list[Leg]:
        """Legs at a station, oldest first."""
        return [leg for leg in self.legs.values() if leg.station == station]

    def phone(self, station: str) -> Phone:
        """The phone of a station.

        Raises:
            RefusedError: `unknown`, there is none.
        """
        if station not in self.phones:
            raise RefusedError(f"no phone {station}", "unknown")
        return self.phones[station]

    def mates(self, leg: Leg) -> list[Leg]:
        """Who else speaks in the leg's mix."""
        return [each for each in self._mixed(leg) if each.role == "party"]

    def monitors(self, leg: Leg) -> list[Leg]:
        """Who listens in on the leg's mix."""
        return [each for each in self._mixed(leg) if each.role == "monitor"]

    def _mixed(self, leg: Leg) -> list[Leg]:
        if leg.bridge is None:
            return []
        return [each for each in self.legs.values() if each.bridge == leg.bridge and each is not leg]

    def connect(self, leg: Leg, bridge: str, by: str | None) -> None:
        """The leg speaks in `bridge` from now on."""
        leg.state, leg.bridge, leg.by, leg.held_ms = "connected", bridge, by, None
        if leg.answered_ms is None:
            leg.answered_ms = self.clock()
        else:
            leg.changed_ms = self.clock()
        self.show(leg)

    def hold(self, leg: Leg, by: str) -> None:
        """The station holds its leg."""
        leg.state, leg.held_ms, leg.by = "hold", self.clock(), by
        self.show(leg)

    def hold_others(self, station: str | None, but: Leg, by: str) -> None:
        """A phone speaks in one call at a time: hold the others."""
        for leg in self.of(station) if station else []:
            if leg is not but and leg.state == "connected":
                self.hold(leg, by)

    def end(self, leg: Leg, cause: str, by: str, left: str = "cleared", peer: str | None = None) -> None:
        """The leg is over; told once, whoever asks again."""
        if self.legs.pop(leg.leg, None) is None:
            return
        leg.ended = {"at_ms": self.clock(), "left": left, "cause": cause, "by": by, "peer": peer}
        if leg.station:
            self.phones[leg.station].called_back.pop(leg.leg, None)
        self.show(leg)
        self._forget_consult(leg)
        for hook in self.on_end:
            hook(leg)

    def passed(self, how: str, to: str | None = None, **roles: str) -> None:
        """A call is being passed on: `by`, `second`, `other`, `target` are legs."""
        for hook in self.on_pass:
            hook(how, roles, to)

    def join(self, call: str, other: str, how: str) -> None:
        """Two calls are one story; told."""
        if call == other:
            return
        message = {"event": "join", "call": call, "other": other, "how": how, "at_ms": self.clock()}
        self.joins = [*self.joins, message][-MAX_JOINS:]
        self.tell(message)

    def live_joins(self) -> list[Message]:
        """Joins of stories in which somebody still is."""
        alive = {leg.call for leg in self.legs.values()}
        while (
            more := {c for j in self.joins for c in (j["call"], j["other"]) if {j["call"], j["other"]} & alive} - alive
        ):
            alive |= more
        return [join for join in self.joins if join["call"] in alive]

    def _forget_consult(self, leg: Leg) -> None:
        for consult, main in list(self.consults.items()):
            if leg.leg in (consult, main):
                del self.consults[consult]
                call = leg.call if leg.leg == consult else self.legs[consult].call
                self.clear_consult(call)

    def clear_consult(self, call: str) -> None:
        """What is left of a consult call is an ordinary one."""
        for each in [leg for leg in self.legs.values() if leg.call == call and leg.consult_of]:
            each.consult_of = None
            self.show(each)
