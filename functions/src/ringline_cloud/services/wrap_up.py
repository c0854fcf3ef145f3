"""Wrap-up: an agent decides about an interaction, and the edge asks to save or to let go."""

from __future__ import annotations

import json
from dataclasses import dataclass

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import context, decisions, dispatch, frames, notes
from ringline_cloud.services.decisions import Matter
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.interactions import is_erased
from ringline_cloud.store.stations import StationItem
from ringline_core.domain.policy import resolved
from ringline_core.errors import ForbiddenError
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Stage
from ringline_core.wire.document import StationDocument
from ringline_core.wire.page import WrapUpDone
from ringline_core.wire.policy import Policy

VERB = "wrap_up.done"
MISSING = {"note": "a finished note", "disposition": "a disposition"}


@dataclass(frozen=True)
class _Case:
    """What a decision is about, and where.

    Attributes:
        here: The agent's station, if they are logged on.
        about: The interaction.
        doc: The station's document.
    """

    here: StationItem | None
    about: Matter
    doc: StationDocument | None


def done(deps: Deps, who: PageIdentity, message: WrapUpDone) -> str:
    """Decide an interaction: `confirmed` once stored and posted, or `failed` with what is missing.

    A repeated id gets the first answer again.

    Raises:
        ForbiddenError: The agent took no part in the interaction.
    """
    agent = deps.agents.get(who.tenant, who.agent)
    seat = agent.get("seat") or {"site": "", "station": ""}
    ident = dispatch.edge_command_id(who.agent, message.id)
    stored = deps.commands.get(who.tenant, seat["site"], ident)
    if "outcome" in stored:
        return str(stored["outcome"])
    here = deps.stations.get(who.tenant, seat["site"], seat["station"]) if seat["site"] else None
    here = here if here and here.agent == who.agent else None
    doc = StationDocument.model_validate_json(here.doc) if here and here.doc else None
    case = _Case(here, decisions.matter(doc, message.interaction, agent.get("owed", {})), doc)
    answer = _decided(deps, who, case, message)
    what = {"agent": who.agent, "id": message.id, "verb": VERB, "station": seat["station"]}
    told = {"stage": json.loads(answer)["stage"], "outcome": answer}
    deps.commands.begin(who.tenant, seat["site"], ident, {**what, **told}, deps.now_ms())
    return answer


def asked(deps: Deps, tenant: str, item: StationItem, doc: StationDocument) -> None:
    """Do what the entries of the station's document ask for: make drafts the notes, let decisions go.

    Doing it again changes nothing.
    """
    if item.agent is None:
        return
    who = PageIdentity(tenant, item.agent, item.desk["name"], (), 0)
    open_entries = [entry for entry in doc.wrap_up if entry.interaction not in item.decided]
    for entry in open_entries:
        if entry.ask == "save":
            notes.finish(deps, who, item, doc, entry.interaction)
    decisions.let_go(deps, tenant, item, [entry for entry in open_entries if entry.ask == "owe"], opens=False)


def _decided(deps: Deps, who: PageIdentity, case: _Case, message: WrapUpDone) -> str:
    about = case.about
    if not (about.listed or about.owed) and not context.took_part(deps, who.tenant, about.interaction, who.agent):
        raise ForbiddenError("You took no part in this interaction.")
    if message.disposition is not None and not _is_known(deps, who.tenant, about, message.disposition):
        return frames.failed(message.id, ErrorCode.MESSAGE_INVALID, "This disposition is not among those to choose.")
    if missing := _missing(deps, who, case, message):
        text = f"Still missing: {' and '.join(MISSING[each] for each in missing)}."
        return frames.failed(message.id, ErrorCode.GATE_CLOSED, text)
    if message.disposition is not None:
        now_ms = deps.now_ms()
        at, ttl = ms_to_rfc3339(now_ms), deps.settings.kept_until_s(now_ms)
        if not is_erased(deps.interactions.head(who.tenant, about.interaction)):
            deps.decisions.dispose(
                who.tenant, about.interaction, who.agent, {"disposition": message.disposition, "at": at, "ttl": ttl}
            )
    if decisions.decide(deps, who.tenant, who.agent, case.here, about):
        return frames.result(message.id, Stage.CONFIRMED.value)
    return frames.result(message.id, Stage.CONFIRMED.value, already=True)


def _missing(deps: Deps, who: PageIdentity, case: _Case, message: WrapUpDone) -> list[str]:
    about = case.about
    if case.here and not about.owed and about.listed <= case.here.decided:
        return []  # the edge has not dropped it yet
    wanted = set(decisions.needs(deps, who.tenant, case.here, about))
    missing = []
    if "note" in wanted and not message.nothing_to_note and not notes.is_finished(deps, who, about):
        missing.append("note")
    if "disposition" in wanted and message.disposition is None and not _has_disposition(deps, who, about):
        missing.append("disposition")
    return missing


def _has_disposition(deps: Deps, who: PageIdentity, about: Matter) -> bool:
    return any(deps.decisions.disposition(who.tenant, each, who.agent) for each in sorted(about.names))


def _is_known(deps: Deps, tenant: str, about: Matter, disposition: str) -> bool:
    """Whether the policy lists the disposition; where the queue is not known any more, whether any queue's does."""
    policy = decisions.policy(deps, tenant)
    lists = [resolved(policy, about.queue).dispositions or ()]
    if not about.is_up and about.queue is None:
        lists += [each.dispositions or () for each in policy.queues.values() if each.dispositions is not None]
    return any(not each or disposition in each for each in lists)


def choices(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Dispositions to choose from, by queue; `""` is for queues without their own."""
    own = {name: each.dispositions for name, each in policy.queues.items() if each.dispositions is not None}
    return {**({"": policy.dispositions} if policy.dispositions else {}), **own}
