"""What is known of the switch's calls: one `Call` per call id in use, in it one `Connection` per device.

A call id is used again by the switch after a while, and one call may change its id; so neither names a leg or a call of
ours. A call is named by its UCID where the switch tells one, by a call id that is long enough to be unique, or by its
call id and the time at which it was first seen. A leg keeps the name that its call had when the leg was born.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from ringline_core.domain.facts import Ended, Fact, Joined, Left, Leg, LegRole, Party
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.csta.keys import DataKeys
from ringline_edge.adapters.csta.naming import NOBODY, Naming

LATE_COPY_MS: Final = 5000
"""How long another monitor's copy of an event may come after the connection's end."""

LINGER_MS: Final = 60_000
"""How long a call that left all monitored devices may take to show at another one."""

UNIQUE_CALL_ID: Final = 16
"""Call ids of this length are globally unique (OpenScape: `FF000100000000002D65C85C1C750000` [C]); a guess."""

_CONFERENCE: Final = 3
NO_PARTY: Final = Party()
_ALL_ZERO: Final = "0" * 20
_UP: Final = frozenset({LegState.CONNECTED, LegState.HOLD})
_TOMBSTONES: Final = 1024
_PLACED: Final = 64


@dataclass(slots=True, eq=False)
class Connection:
    """One device in one call (CSTA: connection).

    Attributes:
        leg: Our id of it.
        call: Name of the call in which it was born.
        number: Number in its device id; `NOBODY` where the switch tells none.
        device: The device id as the switch wrote it in connection ids, to be sent back unchanged.
        failed: Why its call got nowhere.
        told: The newest fact that was told.
    """

    leg: str
    call: str
    number: str
    device: str
    state: LegState
    started_at_ms: int
    station: str | None = None
    outside: bool = False
    origin: bool = False
    role: LegRole = LegRole.PARTY
    own: Party = NO_PARTY
    answered_at_ms: int | None = None
    held_at_ms: int | None = None
    changed_at_ms: int | None = None
    by: By | str | None = None
    consult_of: str | None = None
    transferred_by: str | None = None
    failed: Cause | None = None
    told: Leg | None = None

    @property
    def is_up(self) -> bool:
        """Whether it speaks, or did and is held."""
        return self.state in _UP


@dataclass(slots=True, eq=False)
class Call:
    """One call id in use.

    Attributes:
        ident: The switch's call id, as of now.
        name: Our name of it.
        ucid: Its UCID, where known.
        legs: Its connections by number.
        transferred_by: Station that transferred it; for those who are rung from now on.
        consult_of: Name of the call that it consults about, until that was told.
        asks_about: `Connection.call` of the held connection that it consults about, as long as it does.
        seen_at_ms: When a monitored device left it last; counts while none is in it.
    """

    ident: str
    name: str
    ucid: str = ""
    dialed: str | None = None
    queue: str | None = None
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    legs: dict[str, Connection] = field(default_factory=dict)
    transferred_by: str | None = None
    consult_of: str | None = None
    asks_about: str | None = None
    seen_at_ms: int = 0

    @property
    def stations(self) -> list[Connection]:
        """Connections of monitored devices."""
        return [each for each in self.legs.values() if each.station is not None]


@dataclass(slots=True)
class _Over:
    at_ms: int
    told: set[str]


class Floor:
    """All calls of one switch.

    Attributes:
        calls: By the switch's call id.
        monitors: Number of the monitored device by `monitorCrossRefID`.
        placed: What was dialled in a call that we had made and of which no event came yet, by its id.
    """

    def __init__(self, naming: Naming, user_data_bytes: int, *, shared_ucid: bool = False) -> None:
        """No calls yet; see `CstaConfig`."""
        self.naming = naming
        self._shared_ucid = shared_ucid
        self.keys = DataKeys(user_data_bytes)
        self.monitors: dict[str, str] = {}
        self.calls: dict[str, Call] = {}
        self.placed: dict[str, str] = {}
        self._serial = itertools.count(1)
        self._over: dict[tuple[str, str], _Over] = {}

    def open(self, ident: str, ucid: str, at_ms: int) -> Call:
        """The call with this id; a new one where there is none, or where the UCID shows that the id is used again."""
        call = self.calls.get(ident)
        ucid = "" if ucid == _ALL_ZERO else ucid
        if call is None:
            name = ucid or (ident if len(ident) >= UNIQUE_CALL_ID else f"{ident}.{at_ms}")
            call = self.calls[ident] = Call(ident, name, ucid, seen_at_ms=at_ms)
        elif ucid and not call.ucid:
            call.ucid = ucid
        return call

    def find(self, leg: str) -> tuple[Call, Connection] | None:
        """The connection of a leg id."""
        for call in self.calls.values():
            for each in call.legs.values():
                if each.leg == leg:
                    return call, each
        return None

    def connection(self, call: Call, number: str) -> Connection | None:
        """A call's connection of a number; what the switch names by a trunk is the one party that is outside."""
        found = call.legs.get(number)
        if found is None and self.naming.is_outside(number or NOBODY):
            outside = [each for each in call.legs.values() if each.outside]
            found = outside[0] if len(outside) == 1 else None
        return found

    def enter(self, call: Call, number: str, device: str, state: LegState, at_ms: int) -> Connection:
        """A new connection."""
        number = number or NOBODY
        station = self.naming.station(number)
        made = Connection(
            f"{call.name}@{number}.{next(self._serial)}", call.name, number, device or number, state, at_ms, station,
            self.naming.is_outside(number),
        )  # fmt: skip
        if self.naming.is_recorder(number):
            made.role = LegRole.MONITOR
        elif self.naming.queue(number):
            made.role = LegRole.HELPER
        made.consult_of = call.asks_about
        call.legs[number] = made
        return made

    def place(self, ident: str, number: str) -> list[Fact]:
        """We had a call made: what it will dial is known while the own phone rings, and before any event says it."""
        call = self.calls.get(ident)
        if call is None:
            self.placed[ident] = number
            if len(self.placed) > _PLACED:
                del self.placed[next(iter(self.placed))]  # the call of that answer never showed
            return []
        call.dialed = call.dialed or number
        return self.tell_all(call)

    def asks_no_more(self, gone: Connection) -> Iterator[Fact]:
        """Where the call that it was about has left the phone, what is left of a consultation is an ordinary call."""
        for call in list(self.calls.values()):
            if call.asks_about == gone.call and gone.number in call.legs:
                self.no_consult(call)
                yield from self.tell_all(call)

    @staticmethod
    def no_consult(call: Call) -> None:
        """A call that is none, or no longer."""
        call.asks_about = None
        for each in call.legs.values():
            each.consult_of = None

    def is_others_word(self, number: str, device: str) -> bool:
        """Whether a monitor of another device tells of one that has a monitor of its own, which tells it first-hand."""
        return device != number and number in self.monitors.values()

    def is_late_copy(self, ident: str, number: str, monitor: str, at_ms: int) -> bool:
        """Whether an event of this monitor about a connection that is over is an old one.

        Two monitors in one call tell everything twice; what the second one tells after the end would raise the dead.
        """
        over = self._over.get((ident, number))
        return over is not None and monitor not in over.told and at_ms - over.at_ms < LATE_COPY_MS

    def bury(self, ident: str, number: str, at_ms: int, monitor: str) -> None:
        """A connection is no more under this id, as this monitor told: it ended, or is in another call now."""
        self._over.pop((ident, number), None)
        self._over[ident, number] = _Over(at_ms, {monitor})
        if len(self._over) > _TOMBSTONES:
            del self._over[next(iter(self._over))]

    def note_end(self, ident: str, number: str, monitor: str) -> None:
        """This monitor, too, has told the end of a connection."""
        over = self._over.get((ident, number))
        if over is not None:
            over.told.add(monitor)

    def tell(self, call: Call, each: Connection) -> list[Fact]:
        """The connection's fact, where it is news."""
        fact = self.fact(call, each)
        if fact == each.told:
            return []
        each.told = fact
        return [fact]

    def tell_all(self, call: Call) -> list[Fact]:
        """All connections of a call, where they are news; outside parties first.

        Whom a consultation rings learns of the customer's story then; before that its own caller would be shown the
        customer as whom they consult.
        """
        news: list[Fact] = []
        if call.consult_of is not None and len(call.legs) > 1:
            joined, call.consult_of = call.consult_of, None
            news.append(Joined(call.name, joined, max(each.started_at_ms for each in call.legs.values()), "transfer"))
        for outside in (True, False):
            for each in call.legs.values():
                if each.outside is outside:
                    news += self.tell(call, each)
        return news

    def fact(self, call: Call, each: Connection, ended: Ended | None = None) -> Leg:
        """The whole truth about one connection; who has no number is shown as the switch shows them, while alone."""
        nameless = call.legs.get(NOBODY) if each.station is not None else None
        remote = nameless.own if nameless is not None and len(call.legs) < _CONFERENCE else None
        return Leg(
            each.leg, each.call, each.device, each.state, each.started_at_ms, each.station, each.role, each.origin,
            each.outside, each.own, remote, call.dialed, call.queue, None, each.answered_at_ms, each.held_at_ms,
            each.changed_at_ms, each.by, each.consult_of, each.transferred_by, call.ident if each.is_up else None,
            call.data, ended, (call.ucid or None) if self._shared_ucid else None,
        )  # fmt: skip

    def leave(self, call: Call, each: Connection, ended: Ended, monitor: str = "") -> Iterator[Fact]:
        """The end of a connection."""
        call.legs.pop(each.number, None)
        self.bury(call.ident, each.number, ended.at_ms, monitor)
        if each.station is not None:
            call.seen_at_ms = ended.at_ms
        yield self.fact(call, each, ended)
        if not call.legs:
            self.calls.pop(call.ident, None)

    def clear(self, call: Call, ended: Ended) -> Iterator[Fact]:
        """The end of everybody who is left."""
        for each in list(call.legs.values()):
            yield from self.leave(call, each, ended)
        self.calls.pop(call.ident, None)

    def sweep(self, now_ms: int) -> Iterator[Fact]:
        """End what left all monitored devices a while ago: nobody tells its end."""
        for call in list(self.calls.values()):
            if not call.stations and now_ms - call.seen_at_ms > LINGER_MS:
                yield from self.clear(call, Ended(now_ms, Left.CLEARED, Cause.NORMAL, By.PBX))
