"""A desk as pages see it: what is over is hidden at once, and leaves the table with the list's next write."""

from __future__ import annotations

import json
from typing import Any

from ringline_cloud.store.stations import StationItem
from ringline_core.domain.holds import HoldKind
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.document import StationDocument, WrapUpEntry

HANDED_MS = 120_000
"""How long a hand-over stays on a desk that its interaction does not come to, or has left."""

HANDED_MOST = 4
"""Hand-overs that a desk has room for: the item is written with every event, and paid by its size."""


def shown(item: StationItem, now_ms: int) -> dict[str, Any]:
    """The station's desk without what is over: work whose lease has ended, hand-overs of calls that went on."""
    desk = item.desk
    if desk.get("work"):
        desk = {**desk, "work": work(item, now_ms)}
    if desk and item.handed:
        desk = {**desk, "handover": [json.loads(item.handed[mark]) for mark in handed(item, now_ms)]}
    return desk


def work(item: StationItem, now_ms: int) -> list[dict[str, Any]]:
    """Work items whose lease lasts, oldest first."""
    # Times that the cloud wrote itself sort as text.
    now_at = ms_to_rfc3339(now_ms)
    return [each for each in item.desk.get("work", []) if each["lease_until_at"] > now_at]


def handed(item: StationItem, now_ms: int) -> list[str]:
    """Marks of the newest hand-overs that are fresh, or whose interaction the document lists; oldest first."""
    fresh_from = handed_at(now_ms - HANDED_MS)
    old = [mark for mark in item.handed if mark < fresh_from]
    listed = _listed(item.doc) if old else frozenset()
    over = {mark for mark in old if json.loads(item.handed[mark])["interaction"] not in listed}
    return sorted(item.handed.keys() - over)[-HANDED_MOST:]


def handed_at(epoch_ms: int) -> str:
    """How the mark of a hand-over begins that is made then; marks sort by time."""
    return f"{epoch_ms:014d}-"


def _listed(doc: str | None) -> frozenset[str]:
    """Interactions that a document lists, those that merged into them included."""
    told = json.loads(doc) if doc else {"calls": (), "wrap_up": ()}
    calls = {name for call in told["calls"] for name in (call["interaction"], *call["was"])}
    return frozenset(calls | {owing["interaction"] for owing in told["wrap_up"]})


def undecided(item: StationItem) -> tuple[WrapUpEntry, ...]:
    """Entries of the station's document that nobody has decided."""
    if item.doc is None or '"wrap_up":[]' in item.doc:
        return ()
    listed = StationDocument.model_validate_json(item.doc).wrap_up
    return tuple(each for each in listed if each.interaction not in item.decided)


def shown_hold(item: StationItem) -> str | None:
    """Which of the holds that only an edge knows of the station's document shows: a supervisor's, or missed calls'."""
    reason = json.loads(item.doc)["agent"]["reason"] if item.doc else None
    return reason if reason in (HoldKind.SUPERVISOR.reason, HoldKind.MISSED.reason) else None
