"""The station model: facts in, station documents out.

Theory of operation. Per leg the newest fact is kept; facts are whole truths, so a repeated one changes nothing and
facts of different legs commute. A document is built from the kept facts alone, and only when somebody asks for it.
Transitions come from comparing what a station showed of a call before and after a fact. What is over is forgotten at
once; a bounded set of tombstones keeps a late repetition from raising the dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from ringline_core.domain import transitions
from ringline_core.domain.changes import NOTHING, Changes
from ringline_core.domain.document import DocumentBuilder
from ringline_core.domain.facts import Agent, CallLegs, Device, Ended, Fact, Joined, Leg, LegRole, Pressed, Snapshot
from ringline_core.domain.gate import CallSeen
from ringline_core.domain.lineage import Lineage
from ringline_core.domain.linkage import Linkage
from ringline_core.domain.misses import Rung
from ringline_core.domain.record import CallRecordDraft, Chronicle
from ringline_core.domain.standing import Standing
from ringline_core.domain.station import Expected, Placed, Station
from ringline_core.domain.transitions import Happened
from ringline_core.ids import call_id
from ringline_core.wire.codes import AgentStateName, By, Cause, EventName, LegState, Verb

TOMBSTONES = 4096
_NO_RANG: frozenset[str] = frozenset()


class StationModel:
    """All stations of one PBX."""

    def __init__(self, site: str) -> None:
        """`site` makes call and interaction ids unique in the tenant."""
        self.site = site
        self.capabilities: Callable[[str], frozenset[Verb]] = lambda _station: frozenset()
        self._link_up = True
        self._epoch = 0
        self._stations: dict[str, Station] = {}
        self._legs: dict[str, Leg] = {}
        self._by_call: dict[str, set[str]] = {}
        self._over: dict[str, None] = {}
        self._lineage = Lineage()
        self._chronicle = Chronicle(site)
        self._documents = DocumentBuilder(site, self._lineage, self._party_legs, self._chronicle.legs)

    @property
    def stations(self) -> tuple[str, ...]:
        """All stations ever heard of, sorted."""
        return tuple(sorted(self._stations))

    @property
    def linkage(self) -> Linkage | None:
        """What reads the keys that calls bring from other sites, and writes ours; None before the cloud told."""
        return self._lineage.linkage

    @linkage.setter
    def linkage(self, linkage: Linkage) -> None:
        self._lineage.linkage = linkage
        for leg in self._legs.values():
            self._lineage.link(leg)

    def lead(self, epoch: int) -> None:
        """This edge leads from now on under `epoch`: `recent` and its numbers begin anew."""
        self._epoch = epoch
        for station in self._stations.values():
            station.lead(epoch)

    def expect(self, verb: Verb, station: str, call: str | None, ident: str = "", placed: Placed | None = None) -> None:
        """The next transition that `verb` can cause at `station` is the page's doing.

        Args:
            verb: The command's verb.
            station: Where.
            call: The command's wire call id; None for verbs without a call.
            ident: The command's own id, by which it is taken back.
            placed: For a call that is to continue an earlier interaction.
        """
        self._station(station).expected.append(Expected(verb, call, ident, placed))

    def unexpect(self, station: str, ident: str = "") -> None:
        """The command is over, with its effect or without: what happens next is not the page's doing."""
        found = self._stations.get(station)
        if found is not None:
            found.expected = [each for each in found.expected if each.ident != ident]
            if not (found.devices or found.legs or found.agent or found.expected):
                del self._stations[station]

    def document(self, station: str) -> dict[str, Any]:
        """The station's document in the wire's JSON form; of a station nobody heard of, an empty one."""
        found = self._stations.get(station) or Station(station, self._epoch)
        return self._documents.build(found, self.capabilities(station), link_up=self._link_up)

    def calls_seen(self, station: str) -> list[CallSeen]:
        """The station's calls as its gate sees them."""
        found = self._stations.get(station)
        return self._documents.seen(found) if found else []

    def stand(self, station: str, standing: Standing, at_ms: int) -> bool:
        """Lay holds and owed decisions over what the PBX says; whether that changed the station's document."""
        found = self._station(station)
        if found.standing == standing:
            return False
        found.standing = standing
        self._tell_agent(found, at_ms, None)
        return True

    def trip(self, station: str, at_ms: int) -> None:
        """Ready was pressed on the phone against a closed gate."""
        self._station(station).raise_all([Happened(EventName.GATE_TRIPPED, at_ms, by=By.AGENT_PHONE)])

    def rung(self, station: str, after: int) -> list[Rung]:
        """How ringing ended at the station, of the transitions numbered above `after`."""
        found = self._stations.get(station)
        return [
            Rung(each.n, each.call, each.happened.event, each.happened.cause)
            for each in (found.recent if found else ())
            if each.n > after and each.call and each.happened.event in (EventName.MISSED, EventName.ANSWERED)
        ]

    def interaction(self, station: str, call: str) -> str | None:
        """Wire id of the interaction of a call at a station; None when the station has no such call."""
        return next((seen.interaction for seen in self.calls_seen(station) if seen.call == call), None)

    def call_legs(self, station: str, call: str) -> CallLegs | None:
        """The PBX's leg ids of a call at a station; None when the station has no such call."""
        found = self._stations.get(station)
        native = found and next((each for each in found.legs if call_id(self.site, each) == call), None)
        if not found or not native:
            return None
        mine = sorted(found.legs[native].values(), key=lambda leg: -transitions.RANK[leg.state])
        others = sorted(self._documents.others(mine[0]), key=lambda leg: (not leg.outside, leg.leg))
        consult = [leg.leg for legs in found.legs.values() for leg in legs.values() if leg.consult_of == native]
        return CallLegs(tuple(leg.leg for leg in mine), tuple(leg.leg for leg in others), tuple(consult))

    def apply(self, fact: Fact) -> Changes:
        """Take one fact in.

        Returns:
            Which stations changed, and the records of calls that ended by it.
        """
        match fact:
            case Leg():
                return self._apply_leg(fact, quiet=False)
            case Joined():
                return self._apply_join(fact)
            case Agent():
                return self._apply_agent(fact)
            case Device():
                return self._apply_device(fact)
            case Pressed():
                return NOTHING  # What came of it the PBX tells by itself; the gate is who cares.
            case Snapshot():
                return self._apply_snapshot(fact)

    def link_lost(self, at_ms: int) -> Changes:
        """The link to the PBX is gone: nothing is known any more, calls stay as they were last seen."""
        if not self._link_up:
            return NOTHING
        self._link_up = False
        for station in self._stations.values():
            self._tell_service(station, at_ms)
            self._tell_agent(station, at_ms, None)
        return Changes(dict.fromkeys(self._stations, _NO_RANG))

    def _apply_leg(self, leg: Leg, *, quiet: bool) -> Changes:
        known = self._legs.get(leg.leg)
        if leg.leg in self._over or known == leg:
            return NOTHING
        self._keep(leg)
        if leg.role is not LegRole.PARTY:
            if known and known.role is LegRole.PARTY:
                return self._hide(known)
            return Changes(records=self._settle(tuple(self._lineage.component(leg.call)))) if leg.ended else NOTHING
        if leg.ended and known is None and leg.station is None:
            return NOTHING
        if leg.ended is None:
            self._lineage.see(leg.call, leg.started_at_ms, outside=leg.outside)
            if leg.data or leg.linkage:
                self._link(leg)
        self._chronicle.note(leg)
        if leg.station is not None:
            if known is None and leg.origin and (placed := self._station(leg.station).placed(leg)):
                self._lineage.go_on(leg.call, placed.interaction)
            self._tell_leg(self._station(leg.station), known, leg, quiet=quiet)
        return self._changes_around(leg)

    def _link(self, leg: Leg) -> None:
        before = self._lineage.interaction(self.site, leg.call)
        others = [self._legs[each] for each in self._by_call.get(leg.call, ()) if each != leg.leg]
        if self._lineage.link(leg) and any(each.station for each in others):
            self._lineage.leave(leg.call, before)

    def _keep(self, leg: Leg) -> None:
        if leg.ended is None:
            self._legs[leg.leg] = leg
            self._by_call.setdefault(leg.call, set()).add(leg.leg)
            return
        self._legs.pop(leg.leg, None)
        self._by_call.get(leg.call, set()).discard(leg.leg)
        self._over[leg.leg] = None
        if len(self._over) > TOMBSTONES:
            del self._over[next(iter(self._over))]

    def _hide(self, leg: Leg) -> Changes:
        """A leg turned out to be no party: take it off its station without an event."""
        self._chronicle.forget(leg)
        if leg.station is not None:
            station = self._station(leg.station)
            station.legs.get(leg.call, {}).pop(leg.leg, None)
            if not station.legs.get(leg.call):
                station.legs.pop(leg.call, None)
                station.forget_call(call_id(self.site, leg.call))
        return self._changes_around(leg)

    def _tell_leg(self, station: Station, known: Leg | None, leg: Leg, *, quiet: bool) -> None:
        """Put the leg at its station and raise what follows from it."""
        before = station.folded(leg.call)
        at_ms = leg.ended.at_ms if leg.ended else self._moment(leg)
        legs = station.legs.setdefault(leg.call, {})
        if leg.ended is None:
            legs[leg.leg] = leg
        else:
            legs.pop(leg.leg, None)
        after = station.folded(leg.call)
        call = call_id(self.site, leg.call)
        if after is None:
            del station.legs[leg.call]
            if before is not None and leg.ended is not None:
                station.raise_all([transitions.gone(before.state, before, leg.ended)], call, self._interaction(leg))
            station.forget_call(call)
        elif not quiet or after.state is LegState.ALERTING:
            station.raise_all(self._shown(before, after, at_ms), call, self._interaction(leg))
        self._tell_agent(station, at_ms, None)

    def _interaction(self, leg: Leg) -> str:
        return self._lineage.interaction(self.site, self._lineage.story(leg.call).root)

    def _shown(self, before: Leg | None, after: Leg, at_ms: int) -> list[Happened]:
        if before is None:
            return transitions.appeared(after, at_ms)
        happened = transitions.changed(before.state, after, at_ms)
        late = after.transferred_by and not before.transferred_by and before.state is LegState.CONNECTED
        if late and after.transferred_by != after.station:
            happened.append(Happened(EventName.TRANSFERRED, at_ms, peer=after.transferred_by))
        return happened

    @staticmethod
    def _moment(leg: Leg) -> int:
        match leg.state:
            case LegState.CONNECTED:
                return leg.changed_at_ms or leg.answered_at_ms or leg.started_at_ms
            case LegState.HOLD:
                return leg.held_at_ms or leg.started_at_ms
            case _:
                return leg.started_at_ms

    def _changes_around(self, leg: Leg) -> Changes:
        calls = tuple(self._lineage.component(leg.call))
        touched = self._stations_in(calls)
        if leg.station is not None:
            touched.setdefault(leg.station, _NO_RANG)
        return Changes(touched, self._settle(calls))

    def _stations_in(self, calls: Iterable[str]) -> dict[str, frozenset[str]]:
        """Stations with a live leg in `calls`, and what rang there by the newest fact."""
        touched: dict[str, frozenset[str]] = {}
        for call in calls:
            for leg_id in self._by_call.get(call, ()):
                leg = self._legs[leg_id]
                if leg.station is not None and leg.role is LegRole.PARTY:
                    self._tell_conference(leg)
                    rang = self._rang(self._station(leg.station), call)
                    touched[leg.station] = touched.get(leg.station, _NO_RANG) | rang
        return touched

    def _rang(self, station: Station, call: str) -> frozenset[str]:
        leg = station.folded(call)
        if leg is None or leg.state not in (LegState.ALERTING, LegState.CONNECTED):
            return _NO_RANG
        remote = self._documents.remote(leg, self._documents.known(leg))
        # With who transferred it, since they hand something over.
        now = (self._interaction(leg), remote.number, leg.transferred_by)
        wire_call = call_id(self.site, call)
        if station.rang.get(wire_call) == now:
            return _NO_RANG
        station.rang[wire_call] = now
        return frozenset((wire_call,))

    def _tell_conference(self, leg: Leg) -> None:
        if leg.bridge is None or leg.state is not LegState.CONNECTED or leg.station is None:
            return
        station, call = self._station(leg.station), call_id(self.site, leg.call)
        others = [each for each in self._documents.others(leg) if each.bridge == leg.bridge]
        if len(others) >= 2 and call not in station.conferenced:
            station.conferenced.add(call)
            latest = max(self._moment(each) for each in [leg, *others])
            station.raise_all([Happened(EventName.CONFERENCED, latest)], call, self._interaction(leg))

    def _party_legs(self, calls: Iterable[str]) -> list[Leg]:
        legs = (self._legs[leg_id] for call in calls for leg_id in self._by_call.get(call, ()))
        return [leg for leg in legs if leg.role is LegRole.PARTY]

    def _settle(self, calls: tuple[str, ...]) -> tuple[CallRecordDraft, ...]:
        """Records of the component's calls, once nobody is in it any more; then it is forgotten."""
        if any(self._by_call.get(call) for call in calls):
            return ()
        records = self._chronicle.close(calls, self._lineage)
        self._lineage.drop(calls)
        for call in calls:
            self._by_call.pop(call, None)
        return records

    def _apply_join(self, fact: Joined) -> Changes:
        if not self._lineage.join(fact.call, fact.other, fact.at_ms):
            return NOTHING
        calls = tuple(self._lineage.component(fact.call))
        return Changes(self._stations_in(calls))

    def _apply_agent(self, fact: Agent) -> Changes:
        station = self._station(fact.station)
        if station.agent == fact:
            return NOTHING
        station.agent = fact
        self._tell_agent(station, fact.since_at_ms, fact.by)
        return Changes({fact.station: _NO_RANG})

    def _tell_agent(self, station: Station, at_ms: int, by: By | str | None) -> None:
        shown = station.shown_agent(link_up=self._link_up)
        if station.told_agent is None:
            station.told_agent = (AgentStateName.LOGGED_OFF, None)
        if (shown.state, shown.reason) != station.told_agent:
            station.told_agent = (shown.state, shown.reason)
            station.raise_all([Happened(EventName.AGENT_STATE, at_ms, by=by)])

    def _apply_device(self, fact: Device) -> Changes:
        station = self._station(fact.station)
        if station.devices.get(fact.device) == fact:
            return NOTHING
        station.devices[fact.device] = fact
        self._tell_service(station, fact.at_ms)
        return Changes({fact.station: _NO_RANG})

    def _tell_service(self, station: Station, at_ms: int) -> None:
        devices = station.devices.values()
        now = self._link_up and (not devices or any(device.in_service for device in devices))
        if now != station.in_service:
            station.in_service = now
            event = EventName.IN_SERVICE if now else EventName.OUT_OF_SERVICE
            station.raise_all([Happened(event, at_ms)])

    def _apply_snapshot(self, fact: Snapshot) -> Changes:
        self._link_up = True
        if fact.capabilities is not None:
            offered = fact.capabilities
            self.capabilities = lambda station: offered.get(station, offered.get("", frozenset()))
        records: list[CallRecordDraft] = []
        present = {leg.leg for leg in fact.legs}
        for leg in [each for each in self._legs.values() if each.leg not in present]:
            ended = Ended(fact.at_ms, cause=Cause.RECONCILED, by=By.PBX)
            records += self._apply_leg(replace(leg, ended=ended), quiet=False).records
        for join in fact.joins:
            self._apply_join(join)
        for leg in fact.legs:
            self._lineage.link(leg)  # before anything that rings is told
        for leg in fact.legs:
            self._apply_leg(leg, quiet=True)
        self._replace_agents(fact)
        for device in fact.devices:
            self._apply_device(device)
        for station in self._stations.values():
            self._tell_service(station, fact.at_ms)
            self._tell_agent(station, fact.at_ms, None)
        self._lineage.keep([*self._by_call, *(call for join in fact.joins for call in (join.call, join.other))])
        rang = self._stations_in(list(self._by_call))
        return Changes({**dict.fromkeys(self._stations, _NO_RANG), **rang}, tuple(records))

    def _replace_agents(self, fact: Snapshot) -> None:
        listed = {agent.station: agent for agent in fact.agents}
        for station in self._stations.values():
            if station.agent is not None and station.station not in listed:
                off = Agent(station.station, AgentStateName.LOGGED_OFF, fact.at_ms, by=By.PBX)
                if station.agent.state is not AgentStateName.LOGGED_OFF:
                    self._apply_agent(off)
        for agent in fact.agents:
            self._apply_agent(agent)

    def _station(self, station: str) -> Station:
        found = self._stations.get(station)
        if found is None:
            found = self._stations[station] = Station(station, self._epoch)
        return found
