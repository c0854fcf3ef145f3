"""Call records: what remains of a call when nobody is in it any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ringline_core.domain.document import LONGEST_EXTENSION, MAX_NAME, MAX_NUMBER
from ringline_core.domain.facts import Leg, Party
from ringline_core.domain.lineage import Lineage
from ringline_core.ids import call_id
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import Direction, LegState, Presentation

MAX_LEGS = 32


@dataclass(frozen=True, slots=True)
class CallRecordDraft:
    """A record for the `log` lane.

    Attributes:
        call: Wire id of the call.
        version: Grows when the same call is recorded again.
        record: JSON-ready, as `ringline_core.wire.record` reads it.
    """

    call: str
    version: int
    record: dict[str, Any]


class Chronicle:
    """Legs of the calls that still live, ended ones included."""

    def __init__(self, site: str) -> None:
        """Nothing is noted yet."""
        self._site = site
        self._legs: dict[str, dict[str, Leg]] = {}
        self._held: dict[str, int | None] = {}

    def note(self, leg: Leg) -> None:
        """Keep the newest truth of a leg, up to 32 legs per call, and for how long it was held."""
        legs = self._legs.setdefault(leg.call, {})
        before = legs.get(leg.leg)
        if before is None and len(legs) >= MAX_LEGS:
            return
        legs[leg.leg] = leg
        if before is not None and before.held_at_ms is not None and _ends_hold(before, leg):
            self._add_hold(leg.leg, before.held_at_ms, leg.ended.at_ms if leg.ended else leg.changed_at_ms)

    def forget(self, leg: Leg) -> None:
        """The leg turned out to be no party."""
        self._legs.get(leg.call, {}).pop(leg.leg, None)
        self._held.pop(leg.leg, None)

    def legs(self, call: str) -> Iterable[Leg]:
        """All that is known of a call's parties, also of those who left."""
        return self._legs.get(call, {}).values()

    def close(self, calls: Iterable[str], lineage: Lineage) -> tuple[CallRecordDraft, ...]:
        """Records of calls that are over, oldest id first; they are forgotten here."""
        known = {call: _in_order(self._legs.pop(call, {}).values()) for call in sorted(calls)}
        drafts = []
        for call, legs in known.items():
            if any(leg.station or leg.queue for leg in legs):
                story = lineage.story(call)
                body = {
                    "interaction": lineage.interaction(self._site, story.root),
                    "was": lineage.merged(self._site, story),
                    "direction": _direction(legs).value,
                    "remote": _shown(_remote(legs, known.get(story.root, legs))),
                    "legs": [self._leg(leg) for leg in legs],
                }
                drafts.append(CallRecordDraft(call_id(self._site, call), 1, body))
        for leg in (each.leg for legs in known.values() for each in legs):
            self._held.pop(leg, None)
        return tuple(drafts)

    def _add_hold(self, leg: str, since_ms: int, until_ms: int | None) -> None:
        """One hold more; None from the first on whose end nobody tells."""
        total = self._held.get(leg, 0)
        self._held[leg] = None if total is None or until_ms is None else total + max(0, until_ms - since_ms)

    def _leg(self, leg: Leg) -> dict[str, Any]:
        ended, held_ms = leg.ended, self._held.get(leg.leg, 0)
        return {
            "station": leg.station,
            "number": _cut(leg.own.number),
            "outside": leg.outside,
            "origin": leg.origin,
            "queue": leg.queue,
            "dialed": _cut(leg.dialed),
            "started_at": ms_to_rfc3339(leg.started_at_ms),
            "queued_at": _at(leg.queued_at_ms),
            "answered_at": _at(leg.answered_at_ms),
            "ended_at": None if ended is None else ms_to_rfc3339(ended.at_ms),
            "held_s": None if held_ms is None else held_ms / 1000,
            "left": None if ended is None else ended.left.value,
            "cause": None if ended is None else ended.cause.value,
            "by": None if ended is None else ended.by,
            "peer": None if ended is None else ended.peer,
            "transferred_by": leg.transferred_by,
            "consult_of": call_id(self._site, leg.consult_of) if leg.consult_of else None,
        }


def _in_order(legs: Iterable[Leg]) -> list[Leg]:
    return sorted(legs, key=lambda leg: (leg.started_at_ms, leg.leg))


def _ends_hold(before: Leg, leg: Leg) -> bool:
    if before.state is not LegState.HOLD:
        return False
    return leg.ended is not None or leg.state is not LegState.HOLD or leg.held_at_ms != before.held_at_ms


def _direction(legs: list[Leg]) -> Direction:
    """Of the whole call, seen from the site; a long number that nobody could be reached at is taken for one outside."""
    maker = _maker(legs)
    if maker.outside:
        return Direction.INBOUND
    others = [leg for leg in legs if leg is not maker]
    outside = any(leg.outside for leg in others) or (not others and len(maker.dialed or "") > LONGEST_EXTENSION)
    return Direction.OUTBOUND if outside else Direction.INTERNAL


def _remote(legs: list[Leg], story: list[Leg]) -> Party:
    """Whom the call was with: the party outside, of its own call or of the story's; else whom its maker asked for."""
    outside = next((leg for leg in (*legs, *story) if leg.outside), None)
    if outside is not None and (outside.own.number or outside.own.presentation is Presentation.RESTRICTED):
        return outside.own
    maker = _maker(legs)
    asked = next((leg.own for leg in legs if leg is not maker and leg.own.number), Party())
    shown = next((leg.remote for leg in legs if leg.station and leg.remote is not None and leg.remote.number), asked)
    return (
        shown
        if shown.number
        else Party(maker.dialed, None, Presentation.ALLOWED if maker.dialed else asked.presentation)
    )


def _maker(legs: list[Leg]) -> Leg:
    return next((leg for leg in legs if leg.origin), legs[0])


def _shown(party: Party) -> dict[str, Any]:
    name = None if party.name is None else party.name[:MAX_NAME]
    return {"number": _cut(party.number), "name": name, "presentation": party.presentation.value}


def _cut(number: str | None) -> str | None:
    return None if number is None else number[:MAX_NUMBER]


def _at(epoch_ms: int | None) -> str | None:
    return None if epoch_ms is None else ms_to_rfc3339(epoch_ms)
