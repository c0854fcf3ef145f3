"""What a page shows beside a call: notes, data, and earlier interactions of the same number.

Read only where a call first alerts or connects, or its interaction or number changed (`rang`).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from ringline_cloud.services import posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import Direction, Presentation
from ringline_core.wire.document import CallEntry, StationDocument

SHOWN = 10


def rang(deps: Deps, tenant: str, item: StationItem, doc: StationDocument, calls: tuple[str, ...]) -> None:
    """Note the interactions that began here and send their context to the agent's pages."""
    for call in doc.calls:
        if call.call in calls:
            frame = _context(deps, tenant, item, call)
            posts.to_pages(deps, tenant, item, compact(frame))


def of_interaction(deps: Deps, tenant: str, interaction: str) -> dict[str, Any]:
    """`context` of one interaction, without earlier ones."""
    return _frame(interaction, _notes(deps, tenant, interaction), {}, [])


def _context(deps: Deps, tenant: str, item: StationItem, call: CallEntry) -> dict[str, Any]:
    at = to_rfc3339(call.started_at)
    deps.interactions.ring(tenant, call.interaction, at, item.agent)
    digest = _digest(deps.settings.pepper, tenant, call)
    previous: list[dict[str, Any]] = []
    if digest:
        deps.interactions.file_number(tenant, digest, at, call.interaction, call.queue)
        rows = deps.interactions.of_number(tenant, digest, SHOWN + 1)
        previous = [_previous(row) for row in rows if row["interaction"] != call.interaction]
    return _frame(call.interaction, _notes(deps, tenant, call.interaction), dict(call.data), previous)


def _frame(
    interaction: str, notes: list[dict[str, Any]], data: dict[str, Any], previous: list[dict[str, Any]]
) -> dict[str, Any]:
    shown = {"notes": notes, "data": data, "handover": None, "previous": previous[:SHOWN]}
    return {"t": "context", "interaction": interaction, **shown, "more": len(previous) > SHOWN}


def _notes(deps: Deps, tenant: str, interaction: str) -> list[dict[str, Any]]:
    names = ("note", "rev", "author", "text", "fields", "draft", "at")
    found = deps.interactions.notes(tenant, interaction)
    return [{"interaction": interaction} | {name: each.get(name) for name in names} for each in found]


def _previous(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "interaction": row["interaction"],
        "at": row["began_at"],
        "queue": row.get("queue"),
        "agents": [],
        "note": "",
    }


def _digest(pepper: str, tenant: str, call: CallEntry) -> str | None:
    """Key of the caller's number; None for withheld and internal ones, which have no history."""
    number = call.remote.number
    if not number or call.remote.presentation is Presentation.RESTRICTED or call.direction is Direction.INTERNAL:
        return None
    return hmac.new(pepper.encode(), f"{tenant}|{number}".encode(), hashlib.sha256).hexdigest()
