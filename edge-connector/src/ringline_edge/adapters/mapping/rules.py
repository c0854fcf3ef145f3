"""Event rules as functions: what a message changes on the floor, and the facts that follow at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from ringline_core.domain.facts import Agent, Device, Ended, Fact, Joined, Left, LegRole, Membership, Pressed
from ringline_core.wire.codes import AgentStateName, Cause, LegState
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.expressions import Compiler, Scope
from ringline_edge.adapters.mapping.floor import (
    LONGEST_WHO,
    AgentMemory,
    Fields,
    Floor,
    LegMemory,
    agent_of,
    by,
    moment,
    station_of,
    told_at,
)
from ringline_edge.adapters.mapping.loading import Place
from ringline_edge.adapters.mapping.profile import (
    AgentSaid,
    DeviceSaid,
    End,
    EventRule,
    Join,
    MemberSaid,
    PressedSaid,
)  # fmt: skip
from ringline_edge.adapters.mapping.values import Scalar, Value, text

Play = Callable[[Scope, Floor], Iterable[Fact]]
"""Changes the floor at once; the facts have to be taken to their end."""

_WORDS: Final[Mapping[str, frozenset[str]]] = {
    "state": frozenset(LegState),
    "role": frozenset(LegRole),
    "cause": frozenset(Cause),
    "left": frozenset(Left),
}
_AGENT_STATES: Final = frozenset({"logged_off", "not_ready", "ready", "wrap_up", "unknown"})
_CAUSES: Final = frozenset(Cause)
_LEFT: Final = frozenset(Left)
_TRUE: Final = frozenset({"true", "1", "yes"})


def compiled(compiler: Compiler, rule: EventRule, place: Place) -> Play:
    """A rule as a function, its guards and its `each` included."""
    play = _guarded(compiler, rule, place)
    if rule.each is None:
        return play
    try:
        many = documents.many(compiler.form, rule.each)
    except ValueError as err:
        raise compiler.fail((*place, "each"), str(err)) from None

    def for_each(scope: Scope, floor: Floor) -> Iterator[Fact]:
        for item in many(scope):
            yield from play(replace(scope, item=item, leg=""), floor)

    return for_each


def _guarded(compiler: Compiler, rule: EventRule, place: Place) -> Play:
    play = _play(compiler, rule, place)
    holds = compiler.all_of(rule.when, (*place, "when"))
    key = compiler.maybe(rule.leg, (*place, "leg"))

    def unguarded(scope: Scope, floor: Floor) -> Iterable[Fact]:
        scope.leg = text(key(scope))
        return play(scope, floor)

    def guarded(scope: Scope, floor: Floor) -> Iterable[Fact]:
        scope.leg = text(key(scope))
        return play(scope, floor) if holds(scope) else ()

    return guarded if rule.when else unguarded


def _play(compiler: Compiler, rule: EventRule, place: Place) -> Play:
    if rule.leg is not None:
        return LegPlay(compiler, rule, place)
    if rule.join is not None:
        return _join(compiler, rule.join, (*place, "join"))
    if rule.agent is not None:
        return _agent(compiler, rule.agent, (*place, "agent"))
    if rule.member is not None:
        return _member(compiler, rule.member, (*place, "member"))
    if rule.device is not None:
        return _device(compiler, rule.device, (*place, "device"))
    if rule.pressed is not None:
        return _pressed(compiler, rule.pressed, (*place, "pressed"))
    raise compiler.fail(place, "says nothing")


def check_words(compiler: Compiler, name: str, value: Value, place: Place, known: frozenset[str] | None = None) -> None:
    """Refuse constants and tables whose words are none of ours."""
    allowed = known or _WORDS.get(name)
    if allowed is None:
        return
    said = {text(value.const)} if "const" in value.model_fields_set and not value.steps else set[str]()
    if value.steps and value.steps[-1].map is not None:
        said |= {text(each) for each in (*value.steps[-1].map.values(), value.steps[-1].default) if each is not None}
    for each in value.coalesce or ():
        check_words(compiler, name, each, place, known)
    if wrong := sorted(said - allowed - {""}):
        raise compiler.fail(place, f"{', '.join(wrong)} is none of {', '.join(sorted(allowed))}")


class LegPlay:
    """A rule about one leg; its key stands in the scope."""

    def __init__(self, compiler: Compiler, rule: EventRule, place: Place) -> None:
        for where, table in (("first", rule.first), ("set", rule.set)):
            for name, value in table.items():
                check_words(compiler, name, value, (*place, where, name))
        self._make, self._clear = rule.make, rule.clear
        self._first = tuple(compiler.table(rule.first, (*place, "first")).items())
        # What the profile remembers by names of its own is written like the fields are.
        self._set = (
            *compiler.table(rule.set, (*place, "set")).items(),
            *compiler.table(rule.remember, (*place, "remember")).items(),
        )
        self._data = compiler.table(rule.data, (*place, "data"))
        self._end = _Ending(compiler, rule.end, (*place, "end")) if rule.end is not None else None

    def __call__(self, scope: Scope, floor: Floor) -> Iterable[Fact]:
        """Play it."""
        leg = floor.legs.get(scope.leg)
        if leg is None:
            listed_late = floor.listing is not None and scope.leg in floor.listing.gone
            if not self._make or not scope.leg or listed_late:
                return ()
            leg = floor.born(scope.leg, scope.now_ms)
        if floor.listing is not None:
            floor.listing.legs.add(leg.key)
        joined = self._write(scope, floor, leg)
        return joined if self._end is None else (*joined, *self._over(scope, floor, leg, self._end))

    def _write(self, scope: Scope, floor: Floor, leg: LegMemory) -> Iterable[Fact]:
        values = self._values(scope, leg)
        joined: tuple[Joined, ...] = ()
        known, now = leg.fields.get("call"), values.get("call")
        if known is not None and now not in (None, "", known):
            values["call"] = known
            if leg.fields.get("_call") != now:
                values["_call"] = now
                joined = (self._joined(floor, leg, now, scope.now_ms),)
        for name, get in self._data.items():
            if (found := get(scope)) is not None:
                leg.data[name] = found
                values[f"data.{name}"] = found
        if values:
            floor.write(leg, values, scope.now_ms)
        return joined

    def _values(self, scope: Scope, leg: LegMemory) -> Fields:
        values: Fields = {}
        for name, get in self._first:
            if leg.fields.get(name) is None and (found := get(scope)) is not None:
                values[name] = found
        for name, get in self._set:
            if (found := get(scope)) is not None:
                values[name] = found
        for name in self._clear:
            values[name] = None
        return values

    @staticmethod
    def _joined(floor: Floor, leg: LegMemory, now: Scalar, now_ms: int) -> Joined:
        known = text(leg.fields.get("call"))
        return Joined(floor.call(known, leg.born_ms), floor.call(text(now), now_ms), now_ms, floor.identity.call_change)

    @staticmethod
    def _over(scope: Scope, floor: Floor, leg: LegMemory, end: _Ending) -> Iterator[Fact]:
        fact = floor.leg(leg, end.of(scope, moment(leg.fields.get("started_at_ms")) or leg.born_ms))
        floor.forget(leg)
        if floor.listing is not None:
            floor.listing.gone.add(leg.key)
        if fact is not None:
            yield fact


class _Ending:
    """How a leg ends."""

    def __init__(self, compiler: Compiler, end: End, place: Place) -> None:
        check_words(compiler, "cause", end.cause, (*place, "cause"))
        check_words(compiler, "left", end.left, (*place, "left"))
        self._cause = compiler.value(end.cause, (*place, "cause"))
        self._left = compiler.value(end.left, (*place, "left"))
        self._by = compiler.maybe(end.by, (*place, "by"))
        self._peer = compiler.maybe(end.peer, (*place, "peer"))
        self._at_ms = compiler.maybe(end.at_ms, (*place, "at_ms"))

    def of(self, scope: Scope, since_ms: int) -> Ended:
        """The end of what began at `since_ms`, with what is not known taken for the usual."""
        cause, left, peer = self._cause(scope), self._left(scope), self._peer(scope)
        return Ended(
            told_at(self._at_ms(scope), scope.now_ms, since_ms) or scope.now_ms,
            Left(text(left)) if left in _LEFT else Left.CLEARED,
            Cause(text(cause)) if cause in _CAUSES else Cause.NORMAL,
            by(self._by(scope)),
            None if peer in (None, "") else text(peer)[:LONGEST_WHO],
        )


def _join(compiler: Compiler, join: Join, place: Place) -> Play:
    call, other = compiler.value(join.call, (*place, "call")), compiler.value(join.other, (*place, "other"))

    def play(scope: Scope, floor: Floor) -> Iterator[Fact]:
        one, two = text(call(scope)), text(other(scope))
        if one and two and one != two:
            now = scope.now_ms
            yield Joined(floor.call(one, now), floor.call(two, now), now, join.how)

    return play


def _agent(compiler: Compiler, said: AgentSaid, place: Place) -> Play:
    check_words(compiler, "agent", said.state, (*place, "state"), _AGENT_STATES)
    station, state = compiler.value(said.station, (*place, "station")), compiler.value(said.state, (*place, "state"))
    login, reason = compiler.maybe(said.login, (*place, "login")), compiler.maybe(said.reason, (*place, "reason"))
    who, began = compiler.maybe(said.by, (*place, "by")), compiler.maybe(said.since_at_ms, (*place, "since_at_ms"))

    def play(scope: Scope, floor: Floor) -> Iterator[Fact]:
        where, what = station_of(station(scope)), text(state(scope))
        if not where or what not in _AGENT_STATES:
            return
        before = floor.agents.get(where) or floor.seat(where, scope.now_ms)
        known = before.agent
        why = text(reason(scope)) or None
        is_known = (known.state, known.reason) == (what, why)
        since = told_at(began(scope), scope.now_ms) or (known.since_at_ms if is_known else scope.now_ms)
        name = text(login(scope)) or known.login
        told = Agent(where, AgentStateName(what), since, login=name, reason=why, by=by(who(scope)))
        floor.agents[where] = AgentMemory(told)
        if floor.listing is not None:
            floor.listing.agents.add(where)
        yield told

    return play


def _member(compiler: Compiler, said: MemberSaid, place: Place) -> Play:
    station, queue = compiler.value(said.station, (*place, "station")), compiler.value(said.queue, (*place, "queue"))
    paused, reason = compiler.maybe(said.paused, (*place, "paused")), compiler.maybe(said.reason, (*place, "reason"))

    def play(scope: Scope, floor: Floor) -> Iterator[Fact]:
        where, name = station_of(station(scope)), text(queue(scope))
        if not where or not name:
            return
        memory = floor.seat(where, scope.now_ms)
        before = agent_of(memory)
        queues = memory.queues = dict(memory.queues or {})
        if said.gone:
            queues.pop(name, None)
        else:
            is_paused = text(paused(scope)).lower() in _TRUE
            queues[name] = Membership(name, is_paused, (text(reason(scope)) or None) if is_paused else None)
        if floor.listing is not None and not said.gone:
            floor.listing.members.add((where, name))
        after = agent_of(memory)
        if (before.state, before.reason) != (after.state, after.reason):
            memory.agent = replace(memory.agent, since_at_ms=scope.now_ms)
        yield agent_of(memory)

    return play


def _device(compiler: Compiler, said: DeviceSaid, place: Place) -> Play:
    station, name = compiler.value(said.station, (*place, "station")), compiler.value(said.device, (*place, "device"))
    there = compiler.value(said.in_service, (*place, "in_service"))
    dnd, forward = compiler.maybe(said.dnd, (*place, "dnd")), compiler.maybe(said.forward, (*place, "forward"))

    def play(scope: Scope, floor: Floor) -> Iterator[Fact]:
        where, device, is_there = station_of(station(scope)), text(name(scope)), there(scope)
        if not where or not device or is_there is None:
            return
        quiet = _truth(dnd(scope))
        in_service, to = _truth(is_there) is True, text(forward(scope)) or None
        fact = Device(where, device, in_service, scope.now_ms, quiet, to)
        known = floor.devices.get((where, device))
        if known is not None and replace(known, at_ms=fact.at_ms) == fact:
            fact = known
        if known is None:
            floor.check_room()
        floor.devices[where, device] = fact
        if floor.listing is not None:
            floor.listing.devices.add((where, device))
        yield fact

    return play


def _pressed(compiler: Compiler, said: PressedSaid, place: Place) -> Play:
    station, ready = compiler.value(said.station, (*place, "station")), compiler.value(said.ready, (*place, "ready"))

    def play(scope: Scope, _: Floor) -> Iterator[Fact]:
        where, wish = station_of(station(scope)), _truth(ready(scope))
        if where and wish is not None:
            yield Pressed(where, wish, scope.now_ms)

    return play


def _truth(value: Scalar) -> bool | None:
    return None if value in (None, "") else text(value).lower() in _TRUE
