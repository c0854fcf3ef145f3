"""Station documents in the wire's JSON form, built from the model's facts when somebody asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from ringline_core.domain.allowed import call_verbs, station_verbs
from ringline_core.domain.facts import Leg, Party
from ringline_core.domain.gate import CallSeen
from ringline_core.domain.lineage import Lineage
from ringline_core.domain.linkage import is_key
from ringline_core.domain.standing import Owing
from ringline_core.domain.station import Numbered, Station
from ringline_core.ids import call_id
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import Direction, LegState, Presentation, Verb
from ringline_core.wire.document import MAX_CALLS, MAX_DATA_BYTES, MAX_PARTIES

MAX_NAME = 120
MAX_NUMBER = 64
MAX_WAS = 16
LONGEST_EXTENSION = 6
NOBODY = Party()


class DocumentBuilder:
    """Builds documents of one site's stations."""

    def __init__(
        self,
        site: str,
        lineage: Lineage,
        party_legs: Callable[[Iterable[str]], list[Leg]],
        past_legs: Callable[[str], Iterable[Leg]],
    ) -> None:
        """`party_legs` gives the live parties of calls, `past_legs` those of one call that left, too."""
        self._site = site
        self._lineage = lineage
        self._party_legs = party_legs
        self._past_legs = past_legs

    def build(self, station: Station, capable: frozenset[Verb], *, link_up: bool) -> dict[str, Any]:
        """The whole document of `station`."""
        agent = station.shown_agent(link_up=link_up)
        calls = self._calls(station, capable)
        _mark(calls, station.standing.conflict)
        known = station.agent
        return {
            "station": station.station,
            "in_service": station.in_service,
            "dnd": next((device.dnd for device in station.devices.values() if device.dnd is not None), None),
            "forward": _cut(
                next((each.forward for each in station.devices.values() if each.forward), None), MAX_NUMBER
            ),
            "agent": {
                "login": _cut(known.login, 64) if known else None,
                "state": agent.state.value,
                "reason": _cut(agent.reason, 64),
                "since_at": _at(agent.since_at_ms or None),
                "pending": agent.pending.value if agent.pending else None,
                "queues": [
                    {
                        "queue": each.queue[:80],
                        "paused": each.paused,
                        "reason": _cut(each.reason, 64),
                        "penalty": each.penalty,
                    }
                    for each in sorted(known.queues if known else (), key=lambda each: each.queue)[:64]
                ],
            },
            "calls": calls,
            "wrap_up": [_owing(each) for each in station.standing.wrap_up],
            "can": station_verbs(agent.state, len(calls), capable, in_service=station.in_service),
            "recent": [self._transition(each, station) for each in station.recent],
        }

    def seen(self, station: Station) -> list[CallSeen]:
        """The station's calls as the gate sees them."""
        return [self._seen(leg) for call in station.legs if (leg := station.folded(call)) is not None]

    def _seen(self, leg: Leg) -> CallSeen:
        story = self._lineage.story(leg.call)
        return CallSeen(
            call_id(self._site, leg.call),
            self._lineage.interaction(self._site, story.root),
            leg.state,
            _direction(leg, self.known(leg)),
            leg.queue,
            leg.answered_at_ms is not None,
            leg.consult_of is not None,
            leg.answered_at_ms,
        )

    def others(self, leg: Leg) -> list[Leg]:
        """Party legs that `leg` is in touch with: the same call, or the same mix where mixes are known."""
        return [
            each
            for each in self._story(leg)
            if each.call == leg.call or (leg.bridge is not None and each.bridge == leg.bridge)
        ]

    def known(self, leg: Leg) -> list[Leg]:
        """Whose number a leg shows: the others, before they are mixed the rest of its story, and whoever left last.

        In a consultation that is the other side of it, never the customer it is about.
        """
        if others := self.others(leg):
            return others
        asked = self._past(leg, (leg.call,)) if leg.consult_of else []
        return asked or self._story(leg) or self._past(leg, self._lineage.component(leg.call))

    def remote(self, leg: Leg, others: list[Leg]) -> Party:
        """The other side of `leg`: as the PBX shows it, else the outside party, a colleague, or what it dialled."""
        if leg.remote is not None:
            return leg.remote
        best = min(others, key=lambda each: (not each.outside, each.started_at_ms, each.leg), default=None)
        if best is None or best.own.number is None:
            return Party(leg.dialed, None, Presentation.ALLOWED) if leg.origin and leg.dialed else NOBODY
        return best.own

    def _calls(self, station: Station, capable: frozenset[Verb]) -> list[dict[str, Any]]:
        legs = [leg for call in station.legs if (leg := station.folded(call)) is not None]
        legs.sort(key=lambda leg: (leg.started_at_ms, leg.leg))
        consulted = {leg.consult_of for leg in legs}
        return [self._entry(leg, capable, consulting=leg.call in consulted) for leg in legs[:MAX_CALLS]]

    def _story(self, leg: Leg) -> list[Leg]:
        """The other live parties of everything that `leg`'s call is joined with."""
        return [each for each in self._party_legs(self._lineage.component(leg.call)) if each.station != leg.station]

    def _past(self, leg: Leg, calls: Iterable[str]) -> list[Leg]:
        """Whoever left `calls` last, by the PBX's clock."""
        past = [each for call in calls for each in self._past_legs(call) if each.station != leg.station]
        ends = [each.ended.at_ms for each in past if each.ended]
        return [each for each in past if each.ended and each.ended.at_ms == max(ends)]

    def _entry(self, leg: Leg, capable: frozenset[Verb], *, consulting: bool) -> dict[str, Any]:
        others = sorted(self.others(leg), key=lambda each: (not each.outside, each.started_at_ms, each.leg))
        story = self._lineage.story(leg.call)
        known = self.known(leg)
        remote = self.remote(leg, known)
        return {
            "call": call_id(self._site, leg.call),
            "interaction": self._lineage.interaction(self._site, story.root),
            "was": self._lineage.merged(self._site, story)[:MAX_WAS],
            "related": [self._lineage.interaction(self._site, each) for each in story.related[:MAX_WAS]],
            "leg": leg.state.value,
            "direction": _direction(leg, known).value,
            "remote": {
                "number": _cut(remote.number, MAX_NUMBER),
                "name": _cut(remote.name, MAX_NAME),
                "presentation": remote.presentation.value,
            },
            "dialed": _cut(leg.dialed or _dialed_by_others(leg, known), MAX_NUMBER),
            "queue": _cut(leg.queue, 80),
            "started_at": ms_to_rfc3339(leg.started_at_ms),
            "answered_at": _at(leg.answered_at_ms),
            "held_at": _at(leg.held_at_ms) if leg.state is LegState.HOLD else None,
            "consult_of": call_id(self._site, leg.consult_of) if leg.consult_of else None,
            "transferred_by": leg.transferred_by,
            "conflict": None,
            "parties": [_party(each) for each in others[:MAX_PARTIES]],
            "data": _fitting(leg.data),
            "can": call_verbs(leg.state, capable - leg.barred, consulting=consulting),
        }

    def _transition(self, numbered: Numbered, station: Station) -> dict[str, Any]:
        happened = numbered.happened
        return {
            "n": numbered.n,
            "event": happened.event.value,
            "call": numbered.call,
            "interaction": numbered.interaction,
            "at": ms_to_rfc3339(happened.at_ms),
            "cause": happened.cause.value if happened.cause else None,
            "by": _cut(happened.by, 64),
            "peer": _cut(happened.peer, 64),
        }


def _mark(calls: list[dict[str, Any]], conflict: str | None) -> None:
    """A ringing call that meets a work item says so."""
    for each in calls:
        if conflict and each["leg"] == LegState.ALERTING:
            each["conflict"] = conflict


def _owing(owing: Owing) -> dict[str, Any]:
    return {
        "interaction": owing.interaction,
        "call": owing.call,
        "queue": owing.queue,
        "since_at": ms_to_rfc3339(owing.since_ms),
        "limit_at": _at(owing.limit_at_ms),
        "needs": list(owing.needs),
        "ask": owing.ask,
    }


def _dialed_by_others(leg: Leg, others: list[Leg]) -> str | None:
    return next((each.dialed for each in others if each.dialed and each.call == leg.call), None)


def _direction(leg: Leg, others: list[Leg]) -> Direction:
    """Seen from the leg. Before anybody rings at the far end a long number is taken for one outside."""
    outside = any(each.outside for each in others)
    if leg.origin:
        outside |= not others and len(leg.dialed or "") > LONGEST_EXTENSION
        return Direction.OUTBOUND if outside else Direction.INTERNAL
    return Direction.INBOUND if outside else Direction.INTERNAL


def _party(leg: Leg) -> dict[str, Any]:
    return {"number": _cut(leg.own.number, MAX_NUMBER), "station": leg.station, "leg": leg.state.value}


def _at(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else ms_to_rfc3339(epoch_ms)


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else str(text)[:limit]


def _fitting(data: Any) -> dict[str, Any]:
    """As many entries, in their order, as fit the contract's 2 KB; keys between sites are nobody's to read."""
    kept: dict[str, Any] = {}
    size = 2
    for key, value in data.items():
        if is_key(value):
            continue
        size += len(json.dumps({key[:64]: value}, separators=(",", ":"), ensure_ascii=False).encode())
        if size > MAX_DATA_BYTES:
            break
        kept[key[:64]] = value
    return kept
