"""What a feed has told of legs, agents and phones so far; facts are made of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ringline_core.domain.facts import Agent, Device, Ended, Leg, LegRole, Membership, Party
from ringline_core.errors import PbxProtocolError
from ringline_core.ids import STATION_PATTERN
from ringline_core.wire.codes import AgentStateName, By, LegState, Presentation, Verb
from ringline_edge.adapters.mapping.profile import Identity
from ringline_edge.adapters.mapping.values import Scalar, text

Fields = dict[str, Scalar]
DAY_MS: Final = 86_400_000
LATEST_MS: Final = 2**43
MOST: Final = 20_000
LONGEST_WHO: Final = 64
_STATION: Final = re.compile(STATION_PATTERN)
_STATES: Final = frozenset(LegState)
_ROLES: Final = frozenset(LegRole)
_BYS: Final = frozenset(By)


@dataclass(slots=True)
class LegMemory:
    """One leg.

    Attributes:
        fields: What its fact is made of, and what the profile remembers of it.
        before: The same, as it was when the present message came.
        data: The call's free key-values.
        told: Whether a fact was made of it.
        barred: Verbs that the PBX does not take for it, as that fact had them.
    """

    key: str
    fields: Fields
    before: Fields = field(default_factory=dict)
    data: dict[str, Scalar] = field(default_factory=dict)
    born_ms: int = 0
    told: bool = False
    barred: frozenset[Verb] = frozenset()


@dataclass(slots=True)
class AgentMemory:
    """One agent; `queues` is None where the feed tells of no queues."""

    agent: Agent
    queues: dict[str, Membership] | None = None


@dataclass(slots=True)
class Listing:
    """What was told since the PBX was asked for all that is there; what was not, is not there.

    Attributes:
        gone: Legs that ended meanwhile; a list that was made before says nothing about them.
    """

    legs: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    members: set[tuple[str, str]] = field(default_factory=set)
    devices: set[tuple[str, str]] = field(default_factory=set)


@dataclass(slots=True)
class Floor:
    """Everything that is there now.

    Attributes:
        barred: Verbs that the PBX does not take for a leg, by its key and what is remembered of it.
        bars_across: Whether what is remembered of other legs matters for that.
    """

    identity: Identity
    barred: Callable[[str], frozenset[Verb]] = lambda _key: frozenset()
    bars_across: bool = False
    legs: dict[str, LegMemory] = field(default_factory=dict)
    agents: dict[str, AgentMemory] = field(default_factory=dict)
    devices: dict[tuple[str, str], Device] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    listing: Listing | None = None
    _touched: dict[str, LegMemory] = field(default_factory=dict)

    def memory(self, key: str, name: str) -> Scalar:
        """A leg's memory from before this message."""
        leg = self.legs.get(key)
        return leg.before.get(name) if leg is not None else None

    def remark(self, leg: str, values: Fields) -> Fields:
        """Set memories of a leg between messages; what they were before."""
        known = self.legs.get(self.key_of(leg))
        if known is None:
            return {}
        were = {name: known.fields.get(name) for name in values}
        known.fields = known.before = {**known.fields, **values}
        return were

    def born(self, key: str, now_ms: int) -> LegMemory:
        """A leg begins.

        Raises:
            PbxProtocolError: There are more than a PBX has.
        """
        if len(self.legs) >= MOST:
            raise PbxProtocolError(f"the PBX tells of more than {MOST} legs")
        leg = self.legs[key] = LegMemory(key, {}, born_ms=now_ms)
        return leg

    def settle(self) -> Iterator[Leg]:
        """The message is over: what it set is from before from now on, and is told."""
        for leg in self._touched.values():
            changed = leg.fields != leg.before or not leg.told
            leg.before = leg.fields
            if leg.key in self.legs and changed and (fact := self.leg(leg)) is not None:
                leg.told, leg.barred = True, fact.barred
                yield fact
        self._touched.clear()
        if self.bars_across:
            yield from self.barred_anew()

    def barred_anew(self) -> Iterator[Leg]:
        """Legs for which the PBX takes other verbs than was told, though nothing else of them changed."""
        for leg in self.legs.values():
            if leg.told and self.barred(leg.key) != leg.barred and (fact := self.leg(leg)) is not None:
                leg.barred = fact.barred
                yield fact

    def write(self, leg: LegMemory, values: Fields, now_ms: int) -> None:
        """Set fields; what a state brings with it is set by itself where the feed does not tell it."""
        state, was = values.get("state"), leg.fields.get("state")
        fields = {**leg.fields, **values}
        if state == LegState.CONNECTED:
            if fields.get("answered_at_ms") is None:
                fields["answered_at_ms"] = now_ms
            if was == LegState.HOLD:
                fields["changed_at_ms"] = values.get("changed_at_ms", now_ms)
                fields["held_at_ms"] = None
        elif state == LegState.HOLD and was != LegState.HOLD:
            fields["held_at_ms"] = values.get("held_at_ms", now_ms)
        leg.fields = fields
        self._touched[leg.key] = leg

    def leg(self, leg: LegMemory, ended: Ended | None = None) -> Leg | None:
        """The fact of a leg; None while it has no state, call or device."""
        fields = leg.fields
        state, call, device = fields.get("state"), fields.get("call"), fields.get("device")
        if state not in _STATES or call in (None, "") or device in (None, ""):
            return None
        role = fields.get("role")
        return Leg(
            leg=self._scoped(leg.key, leg.born_ms),
            call=self.call(text(call), leg.born_ms),
            device=text(device),
            state=LegState(text(state)),
            started_at_ms=_ms(fields, "started_at_ms") or leg.born_ms,
            station=station_of(fields.get("station")),
            role=LegRole(text(role)) if role in _ROLES else LegRole.PARTY,
            origin=_true(fields.get("origin")),
            outside=_true(fields.get("outside")),
            own=self._party(fields, "own"),
            remote=self._party(fields, "remote") if "remote_number" in fields else None,
            by=by(fields.get("by")),
            bridge=_text(fields, "bridge"),
            data=dict(leg.data),
            ended=ended,
            barred=self.barred(leg.key),
            dialed=_text(fields, "dialed"),
            queue=_text(fields, "queue"),
            transferred_by=station_of(fields.get("transferred_by")),
            queued_at_ms=_ms(fields, "queued_at_ms"),
            answered_at_ms=_ms(fields, "answered_at_ms"),
            held_at_ms=_ms(fields, "held_at_ms"),
            changed_at_ms=_ms(fields, "changed_at_ms"),
            consult_of=self.call(consult, leg.born_ms) if (consult := _text(fields, "consult_of")) else None,
        )

    def call(self, key: str, now_ms: int) -> str:
        """Our id of a call; with its first moment in it where the PBX uses ids again."""
        return self._scoped(key, self.calls.setdefault(key, now_ms)) if self.identity.reused else key

    def forget(self, leg: LegMemory) -> None:
        """A leg is over; its call too, where nobody else is in it."""
        del self.legs[leg.key]
        if not self.calls:
            return
        call = text(leg.fields.get("call"))
        if not any(text(each.fields.get("call")) == call for each in self.legs.values()):
            self.calls.pop(call, None)

    def key_of(self, leg: str) -> str:
        """The PBX's own id of a leg as our facts name it."""
        return leg.rpartition("@")[0] if self.identity.reused else leg

    def seat(self, station: str, now_ms: int) -> AgentMemory:
        """The agent at a station, with queues to come.

        Raises:
            PbxProtocolError: There are more stations than a PBX has.
        """
        if station not in self.agents:
            self.check_room()
        nobody = AgentMemory(Agent(station, AgentStateName.LOGGED_OFF, now_ms), {})
        return self.agents.setdefault(station, nobody)

    def check_room(self) -> None:
        """Refuse one more agent or phone than a PBX has.

        Raises:
            PbxProtocolError: There is no room.
        """
        if len(self.agents) + len(self.devices) >= MOST:
            raise PbxProtocolError(f"the PBX tells of more than {MOST} agents and phones")

    def compare(self, listing: Listing, covers: Collection[str]) -> list[Leg | Agent | Device]:
        """Drop what was there before and is not in a list of all; the last facts of that."""
        gone: list[Leg | Agent | Device] = []
        if "legs" in covers:
            for leg in [each for each in self.legs.values() if each.key not in listing.legs]:
                if (fact := self.leg(leg)) is not None:
                    gone.append(fact)
                self.forget(leg)
        if "devices" in covers:
            gone += [each for key, each in self.devices.items() if key not in listing.devices]
            self.devices = {key: each for key, each in self.devices.items() if key in listing.devices}
        return gone + self._compare_agents(listing) if "agents" in covers else gone

    def _compare_agents(self, listing: Listing) -> list[Leg | Agent | Device]:
        gone: list[Leg | Agent | Device] = []
        for station, memory in list(self.agents.items()):
            if memory.queues is None and station not in listing.agents:
                gone.append(self.agents.pop(station).agent)
            elif memory.queues is not None:
                kept = {name: each for name, each in memory.queues.items() if (station, name) in listing.members}
                if memory.queues and not kept:
                    gone.append(memory.agent)
                memory.queues = kept
        return gone

    def all_legs(self) -> Iterator[Leg]:
        """Facts of all legs that can be told."""
        found = (self.leg(each) for each in self.legs.values())
        return (each for each in found if each is not None)

    def _scoped(self, key: str, born_ms: int) -> str:
        return f"{key}@{born_ms}" if self.identity.reused else key

    def _party(self, fields: Fields, side: str) -> Party:
        number, name = fields.get(f"{side}_number"), fields.get(f"{side}_name")
        shown = None if number is None or text(number) in self.identity.unknown else text(number)
        called = None if name is None or text(name) in self.identity.unknown else text(name)
        if shown is None:
            return Party(None, called, Presentation.UNKNOWN)
        if shown.lower() in self.identity.hidden:
            return Party(None, None, Presentation.RESTRICTED)
        return Party(shown, called, Presentation.ALLOWED)


def by(word: Scalar) -> By | str | None:
    """Who did it: a word of ours, or a station."""
    if word in (None, ""):
        return None
    return By(text(word)) if word in _BYS else text(word)[:LONGEST_WHO]


def station_of(value: Scalar) -> str | None:
    """A station's number as the contract has them; None for everything else, which is no station."""
    found = text(value)
    return found if _STATION.fullmatch(found) else None


def agent_of(memory: AgentMemory) -> Agent:
    """The agent's fact, from the queues where the feed tells of them."""
    if memory.queues is None:
        return memory.agent
    queues = tuple(memory.queues[name] for name in sorted(memory.queues))
    ready = any(not each.paused for each in queues)
    state = AgentStateName.READY if ready else AgentStateName.NOT_READY if queues else AgentStateName.LOGGED_OFF
    reason = None if ready else next((each.reason for each in queues if each.reason), None)
    told: dict[str, Any] = {"login": memory.agent.login, "since_at_ms": memory.agent.since_at_ms}
    return Agent(memory.agent.station, state, reason=reason, queues=queues, **told)


def _text(fields: Fields, name: str) -> str | None:
    value = fields.get(name)
    return None if value in (None, "") else text(value)


def _ms(fields: Fields, name: str) -> int | None:
    return moment(fields.get(name))


def moment(value: Scalar) -> int | None:
    """Milliseconds since the epoch; None for what cannot be that."""
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LATEST_MS
    return value if fits and isinstance(value, int) else None


def told_at(value: Scalar, now_ms: int, since_ms: int = 0) -> int | None:
    """A time as the feed tells it; None for one before `since_ms`, or more than a day ahead, where a clock is wrong."""
    found = moment(value)
    return found if found is not None and since_ms <= found <= now_ms + DAY_MS else None


def _true(value: Scalar) -> bool:
    return text(value).lower() in ("true", "1", "yes")
