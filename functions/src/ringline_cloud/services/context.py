"""What a page shows beside a call: notes, data, and earlier interactions of the same number.

Read only where a call first alerts or connects, or its interaction or number changed (`rang`).
"""

from __future__ import annotations

import json
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import handovers, numbers, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.interactions import Ring, digests_of, is_erased
from ringline_cloud.store.stations import StationItem
from ringline_core.errors import ForbiddenError, InvalidMessageError
from ringline_core.wire.base import to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import Direction, Presentation
from ringline_core.wire.document import CallEntry, StationDocument
from ringline_core.wire.page import ContextRequest

SHOWN = 10


def rang(deps: Deps, tenant: str, item: StationItem, doc: StationDocument, calls: tuple[str, ...]) -> None:
    """Note the interactions that began here and send their context to the agent's pages."""
    for call in doc.calls:
        if call.call in calls:
            frame = _context(deps, tenant, item, call)
            posts.to_pages(deps, tenant, item, compact(frame))


def asked(deps: Deps, who: PageIdentity, message: ContextRequest) -> str:
    """`context` for a page that asks: of an interaction the agent took part in, or of a number that calls them now.

    Raises:
        ForbiddenError: Neither is the case.
        InvalidMessageError: Neither interaction nor number was named.
    """
    limit = message.limit or SHOWN
    if message.interaction is not None:
        head = deps.interactions.head(who.tenant, message.interaction)
        if not is_of(head, who.agent):
            raise ForbiddenError("You took no part in this interaction.")
        told = notes(deps, who.tenant, message.interaction, who.agent)
        frame = _frame(message.interaction, told, {}, [], limit)
        return compact({**frame, "handover": handovers.shown(head, who.agent)})
    if message.number is None:
        raise InvalidMessageError("context: interaction or number is needed")
    call = _present_call(deps, who, message.number)
    if call is None:
        raise ForbiddenError("No call with this number is at your phone.")
    digest = _digest(deps.settings.pepper, who.tenant, call)
    rows = deps.interactions.history(who.tenant, digest, limit + 2) if digest else None
    previous = _earlier(rows or [], call.interaction, limit)
    return compact(_frame(None, [], {}, previous, limit))


def took_part(deps: Deps, tenant: str, interaction: str, agent: str) -> bool:
    """Whether the interaction was at the agent's phone."""
    return is_of(deps.interactions.head(tenant, interaction), agent)


def is_of(head: dict[str, Any] | None, agent: str) -> bool:
    """Whether an interaction, by its head, was at the agent's phone."""
    return head is not None and not is_erased(head) and agent in head.get("agents", ())


def _present_call(deps: Deps, who: PageIdentity, number: str) -> CallEntry | None:
    seat = deps.agents.get(who.tenant, who.agent).get("seat")
    item = seat and deps.stations.get(who.tenant, seat["site"], seat["station"])
    if not item or item.agent != who.agent or item.doc is None:
        return None
    doc = StationDocument.model_validate_json(item.doc)
    return next((call for call in doc.calls if call.remote.number == number), None)


def _context(deps: Deps, tenant: str, item: StationItem, call: CallEntry) -> dict[str, Any]:
    digest = _digest(deps.settings.pepper, tenant, call)
    rows = deps.interactions.history(tenant, digest, SHOWN + 2) if digest else None
    digest = None if rows is None else digest
    ttl = deps.settings.kept_until_s(deps.now_ms())
    digest = None if call.consult_of else digest
    is_called = call.direction is Direction.OUTBOUND
    place = (item.site, item.station)
    ring = Ring(to_rfc3339(call.started_at), ttl, item.agent, digest, is_called, place, call.was)
    head = deps.interactions.ring(tenant, call.interaction, ring)
    if is_erased(head):
        return {**_frame(call.interaction, [], dict(call.data), []), "handover": None}
    if digest and digest in digests_of(head):
        deps.interactions.file_number(tenant, digest, head["started_at"], call.interaction, call.queue, ttl)
    previous = _earlier(rows or [], call.interaction, SHOWN)
    found = _stored(deps, tenant, (call.interaction, *call.was))
    told = _shown(deps, tenant, found, item.agent)
    merged = [deps.interactions.head(tenant, each) for each in call.was]
    written = {note["author"]: str(note["text"]) for each, note in found if each == call.interaction}
    handover = handovers.told(deps, tenant, item, call, [head, *merged], written)
    data = {**(handover["data"] if handover else {}), **call.data}
    return {**_frame(call.interaction, told, data, previous), "handover": handover}


def _earlier(rows: list[dict[str, Any]], but: str, limit: int) -> list[dict[str, Any]]:
    """Earlier interactions of a number, newest first; one more than `limit` where there are more."""
    return [_previous(row) for row in rows if row["interaction"] != but][: limit + 1]


def _frame(
    interaction: str | None,
    told: list[dict[str, Any]],
    data: dict[str, Any],
    previous: list[dict[str, Any]],
    limit: int = SHOWN,
) -> dict[str, Any]:
    shown = {"notes": told, "data": data, "handover": None, "previous": previous[:limit]}
    return {"t": "context", "interaction": interaction, **shown, "more": len(previous) > limit}


def notes(
    deps: Deps, tenant: str, interaction: str, reader: str | None, was: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """What an agent may read of an interaction's notes, oldest first, as `context` shows them.

    Of others that is what they finished: while they work on it again, what it was before. A note that went along when
    interactions merged is shown once, under the present one.

    Args:
        deps: The store.
        tenant: The agent's tenant.
        interaction: Which one.
        reader: Who reads.
        was: Interactions that merged into it; each costs a query.
    """
    return _shown(deps, tenant, _stored(deps, tenant, (interaction, *was)), reader)


def _stored(deps: Deps, tenant: str, interactions: tuple[str, ...]) -> list[tuple[str, dict[str, Any]]]:
    return [(each, note) for each in interactions for note in deps.interactions.notes(tenant, each)]


def _shown(
    deps: Deps, tenant: str, found: list[tuple[str, dict[str, Any]]], reader: str | None
) -> list[dict[str, Any]]:
    moved = {(note["author"], note["carried"]) for _, note in found if "carried" in note}
    shown = [
        note_view(each, finished)
        for each, note in found
        if (note["author"], each) not in moved and (finished := _readable(deps, tenant, each, note, reader))
    ]
    return sorted(shown, key=lambda view: (view["at"], view["note"]))


def note_view(interaction: str, note: dict[str, Any]) -> dict[str, Any]:
    """A stored note or revision as the contract shows it."""
    view = {name: note[name] for name in ("note", "rev", "author", "text", "draft", "at")}
    return {"interaction": interaction, **view, "fields": json.loads(note["fields_json"])}


def _readable(
    deps: Deps, tenant: str, interaction: str, note: dict[str, Any], reader: str | None
) -> dict[str, Any] | None:
    if note["author"] == reader or not note["draft"]:
        return note
    rev = note.get("finished_rev")
    return deps.interactions.revision(tenant, interaction, note["author"], rev) if rev else None


def _previous(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "interaction": row["interaction"],
        "at": row["began_at"],
        "queue": row.get("queue"),
        "agents": [],
        "note": row.get("beginning", ""),
    }


def _digest(pepper: str, tenant: str, call: CallEntry) -> str | None:
    """Key of the caller's number; None for withheld, unknown and internal ones, which have no history."""
    number = call.remote.number
    if not number or call.remote.presentation is not Presentation.ALLOWED or call.direction is Direction.INTERNAL:
        return None
    return numbers.digest(pepper, tenant, number)
