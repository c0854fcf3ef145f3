"""Notes: every accepted revision is kept, and of two pages that write at once the second one is told what is there.

One note per interaction and agent, drafts included. A write holds only while the note has the revision that the page
saw; what is refused stays with the page, which shows both texts. The revision is kept right after the write: should the
function die between the two, the page repeats its frame, and the repetition keeps it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import context, decisions, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.decisions import Owed
from ringline_cloud.store.stations import StationItem
from ringline_core.errors import ForbiddenError
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.document import StationDocument
from ringline_core.wire.page import NotePut

DAY_S = 86_400
DRAFT_KEPT_DAYS = 30
"""Days that a revision is kept which was only a draft; the newest one stands as long as any note."""

BEGINNING = 200
"""Characters of a finished note that a later call of the same number shows."""

_SAID = ("text", "fields_json", "draft")
_KEPT = ("note", "rev", "author", "at", "put", *_SAID)


@dataclass(frozen=True)
class _Outcome:
    """What became of a revision: `note` is it, or, when it was refused, what is there (empty: nothing)."""

    interaction: str
    note: dict[str, Any]
    accepted: bool = False
    newest: bool = False


def put(deps: Deps, who: PageIdentity, socket: str, message: NotePut) -> str:
    """Store a revision of the agent's note: `note`, or `error` with what is there instead.

    The agent's other pages are told as well. A repeated frame is answered like the first.

    Raises:
        ForbiddenError: The agent took no part in the interaction.
    """
    agent = deps.agents.get(who.tenant, who.agent)
    here = _desk_of(deps, who, agent)
    doc = StationDocument.model_validate_json(here.doc) if here and here.doc else None
    interaction = _present(doc, message.interaction)
    head = deps.interactions.head(who.tenant, interaction)
    if head is None or not context.is_of(head, who.agent):
        raise ForbiddenError("You took no part in this interaction.")
    merged = tuple(old for call in doc.calls if call.interaction == interaction for old in call.was) if doc else ()
    outcome = _stored(deps, who, interaction, message, merged)
    if not outcome.accepted:
        return _conflict(message.id, outcome)
    if outcome.newest:
        _keep(deps, who.tenant, head, outcome)
    frame = _frame(outcome)
    if here is None:
        posts.to_sockets(deps, set(agent.get("sockets", ())) - {socket}, frame)
    else:
        posts.to_pages(deps, who.tenant, here, frame, but=socket)
    if outcome.newest:
        _follow(deps, who, here, doc, message, agent.get("owed", {}))
    return frame


def finish(deps: Deps, who: PageIdentity, here: StationItem, doc: StationDocument, interaction: str) -> None:
    """The agent's unsaved draft becomes their note, as if a page had saved it; nothing where there is none.

    A page that writes at the same moment keeps what it wrote, as a draft.
    """
    about = decisions.matter(doc, interaction, here.owed)
    found = [deps.interactions.note(who.tenant, each, who.agent) for each in (about.interaction, *_merged(doc, about))]
    there = next((note for note in found if note), None)
    if there is None or not (there["text"].strip() or _says(json.loads(there["fields_json"]))):
        return
    said = {"text": there["text"], "fields": json.loads(there["fields_json"]), "draft": False}
    message = NotePut(id=f"save-{there['rev']}", interaction=about.interaction, base=there["rev"], **said)
    if there["draft"]:
        outcome = _stored(deps, who, about.interaction, message, _merged(doc, about))
        if not outcome.newest:
            return
        _keep(deps, who.tenant, deps.interactions.head(who.tenant, about.interaction) or {}, outcome)
        posts.to_pages(deps, who.tenant, here, _frame(outcome))
    _follow(deps, who, here, doc, message, here.owed)


def is_finished(deps: Deps, who: PageIdentity, about: decisions.Matter) -> bool:
    """Whether the agent has finished a note on the interaction, under whichever of its ids."""
    found = (deps.interactions.note(who.tenant, each, who.agent) for each in sorted(about.names))
    return any(note and ("finished_rev" in note or not note["draft"]) for note in found)


def _frame(outcome: _Outcome) -> str:
    return compact({"t": "note", **context.note_view(outcome.interaction, outcome.note)})


def _merged(doc: StationDocument, about: decisions.Matter) -> tuple[str, ...]:
    return tuple(old for call in doc.calls if call.interaction == about.interaction for old in call.was)


def _desk_of(deps: Deps, who: PageIdentity, agent: dict[str, Any]) -> StationItem | None:
    seat = agent.get("seat")
    item = seat and deps.stations.get(who.tenant, seat["site"], seat["station"])
    return item if item and item.agent == who.agent else None


def _present(doc: StationDocument | None, interaction: str) -> str:
    """The interaction that the given one merged into, as far as a call at the agent's station shows it."""
    calls = doc.calls if doc else ()
    return next((call.interaction for call in calls if interaction in call.was), interaction)


def _stored(deps: Deps, who: PageIdentity, interaction: str, message: NotePut, merged: tuple[str, ...]) -> _Outcome:
    note = _revision(deps, who, interaction, message)
    written = deps.interactions.write_note(who.tenant, interaction, message.base, note)
    if written.applied:
        return _Outcome(interaction, note, accepted=True, newest=True)
    if not written.item and message.base:
        return _carried(deps, who, interaction, note, merged)
    return _repeated(deps, who, interaction, note, written.item)


def _revision(deps: Deps, who: PageIdentity, interaction: str, message: NotePut) -> dict[str, Any]:
    now_ms = deps.now_ms()
    digest = hashlib.blake2b(f"{who.tenant}|{interaction}|{who.agent}".encode(), digest_size=12).hexdigest()
    note: dict[str, Any] = {"note": f"n-{digest}", "rev": message.base + 1, "author": who.agent, "put": message.id}
    # As JSON, since the table has no floating-point numbers of ours.
    note |= {"text": message.text, "fields_json": compact(message.fields), "draft": message.draft}
    note |= {"at": ms_to_rfc3339(now_ms), "ttl": deps.settings.kept_until_s(now_ms)}
    return note if message.draft else {**note, "finished_rev": note["rev"]}


def _carried(
    deps: Deps, who: PageIdentity, interaction: str, note: dict[str, Any], merged: tuple[str, ...]
) -> _Outcome:
    """A note that was begun under an id that merged since goes along, and grows on under the present one."""
    for each in merged:
        old = deps.interactions.note(who.tenant, each, who.agent)
        if old and old["rev"] + 1 == note["rev"]:
            written = deps.interactions.write_note(who.tenant, interaction, 0, {**note, "carried": each})
            return _Outcome(interaction, written.item, accepted=written.applied, newest=written.applied)
        if old:
            return _Outcome(each, old)
    return _Outcome(interaction, {})


def _repeated(deps: Deps, who: PageIdentity, interaction: str, note: dict[str, Any], there: dict[str, Any]) -> _Outcome:
    """A frame that came before is answered as it was then, also when the note has grown on; all else is refused."""
    if _is_same(there, note):
        return _Outcome(interaction, there, accepted=True, newest=True)
    kept = deps.interactions.revision(who.tenant, interaction, who.agent, note["rev"])
    return _Outcome(interaction, kept, accepted=True) if kept and _is_same(kept, note) else _Outcome(interaction, there)


def _is_same(there: dict[str, Any], note: dict[str, Any]) -> bool:
    return all(there.get(name) == note[name] for name in ("put", "rev", *_SAID))


def _keep(deps: Deps, tenant: str, head: dict[str, Any], outcome: _Outcome) -> None:
    """Keep the revision, and put a finished note's beginning where the number's next call finds it."""
    note = outcome.note
    days = deps.settings.note_kept_days
    days = min(days, DRAFT_KEPT_DAYS) if note["draft"] else days
    revision = {name: note[name] for name in _KEPT} | {"ttl": deps.now_ms() // 1000 + days * DAY_S}
    deps.interactions.keep_revision(tenant, outcome.interaction, revision)
    if not note["draft"] and "digest" in head:
        beginning = note["text"][:BEGINNING]
        deps.interactions.tell_number(tenant, head["digest"], head["started_at"], outcome.interaction, beginning)


def _conflict(ref: str, outcome: _Outcome) -> str:
    current = context.note_view(outcome.interaction, outcome.note) if outcome.note else None
    text = "This note was changed on another page."
    error = {"t": "error", "ref": ref, "code": ErrorCode.NOTE_CONFLICT.value, "text": text}
    return compact({**error, "current": current})


def _follow(
    deps: Deps, who: PageIdentity, here: StationItem | None, doc: StationDocument | None, message: NotePut, owed: Owed
) -> None:
    """A finished note decides where nothing else is wanted; a draft is told when it begins and when it ends."""
    about = decisions.matter(doc, message.interaction, owed)
    drafts = _drafts(here, doc, about.interaction, message) if here and doc else _Drafts()
    if not message.draft and set(decisions.needs(deps, who.tenant, here, about)) <= {"note"}:
        decisions.decide(deps, who.tenant, who.agent, here, about, drafts.over)
    elif here and (drafts.begun or drafts.over):
        done, item = deps.stations.change_drafts(who.tenant, here, drafts.begun, set(drafts.over))
        if done:
            posts.desk_changed(deps, who.tenant, item)


@dataclass(frozen=True)
class _Drafts:
    """How a revision changes the desk's drafts: one that begins, or those that are over; nothing for most."""

    begun: str | None = None
    over: frozenset[str] = frozenset()


def _drafts(here: StationItem, doc: StationDocument, interaction: str, message: NotePut) -> _Drafts:
    listed = {call.interaction for call in doc.calls} | {owing.interaction for owing in doc.wrap_up}
    before = frozenset(here.desk["drafts"])
    is_draft = interaction in listed and _is_unsaved(message)
    if is_draft == (interaction in before):
        return _Drafts()
    gone = before - listed
    return _Drafts(interaction, gone) if is_draft else _Drafts(None, gone | {interaction})


def _is_unsaved(message: NotePut) -> bool:
    return message.draft and bool(message.text.strip() or _says(message.fields))


def _says(fields: Mapping[str, object]) -> bool:
    return any(value not in (None, "") for value in fields.values())
