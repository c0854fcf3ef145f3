"""Call records: what remains of a call when nobody is in it any more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ringline_core.domain.facts import Leg
from ringline_core.domain.lineage import Lineage
from ringline_core.ids import call_id, interaction_id
from ringline_core.wire.base import ms_to_rfc3339

MAX_LEGS = 32


@dataclass(frozen=True, slots=True)
class CallRecordDraft:
    """A record for the `log` lane.

    Attributes:
        call: Wire id of the call.
        version: Grows when the same call is recorded again.
        record: JSON-ready: interaction, legs with their times and how each ended.
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

    def note(self, leg: Leg) -> None:
        """Keep the newest truth of a leg, up to 32 legs per call."""
        legs = self._legs.setdefault(leg.call, {})
        if leg.leg in legs or len(legs) < MAX_LEGS:
            legs[leg.leg] = leg

    def legs(self, call: str) -> Iterable[Leg]:
        """All that is known of a call's parties, also of those who left."""
        return self._legs.get(call, {}).values()

    def close(self, calls: Iterable[str], lineage: Lineage) -> tuple[CallRecordDraft, ...]:
        """Records of calls that are over, oldest id first; they are forgotten here."""
        drafts = []
        for call in sorted(calls):
            legs = self._legs.pop(call, {})
            if any(leg.station for leg in legs.values()) or any(leg.queue for leg in legs.values()):
                story = lineage.story(call)
                body = {
                    "interaction": interaction_id(self._site, story.root),
                    "was": [interaction_id(self._site, each) for each in story.was],
                    "legs": [_leg(leg) for leg in sorted(legs.values(), key=lambda leg: (leg.started_at_ms, leg.leg))],
                }
                drafts.append(CallRecordDraft(call_id(self._site, call), 1, body))
        return tuple(drafts)


def _leg(leg: Leg) -> dict[str, Any]:
    ended = leg.ended
    return {
        "station": leg.station,
        "number": leg.own.number,
        "outside": leg.outside,
        "queue": leg.queue,
        "dialed": leg.dialed,
        "started_at": ms_to_rfc3339(leg.started_at_ms),
        "answered_at": None if leg.answered_at_ms is None else ms_to_rfc3339(leg.answered_at_ms),
        "ended_at": None if ended is None else ms_to_rfc3339(ended.at_ms),
        "left": None if ended is None else ended.left.value,
        "cause": None if ended is None else ended.cause.value,
        "by": None if ended is None else ended.by,
        "peer": None if ended is None else ended.peer,
        "transferred_by": leg.transferred_by,
    }
