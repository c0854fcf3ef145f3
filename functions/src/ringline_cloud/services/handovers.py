"""Hand-overs: what an agent gives along with a call that goes on to somebody else.

It is bound to the interaction before the PBX is asked, so that whoever the call rings at next sees it while it rings:
a colleague, whoever takes it from a queue, or the one to whom it comes back. For a colleague's own number it is laid on
their desk as well, so that their page has it before the ring. What the phone's own keys pass on, nobody announces: who
did it and what they had written is looked up when it rings.

It is taken back when nothing was passed on. Of a command the edge tells that. A consultation that came to nothing, by
whomever, shows in the asking station's documents: its call failed or was dropped, where a transfer would have said so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import desk_view, dispatch, frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.handovers import Made
from ringline_cloud.store.interactions import seated
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import By, ErrorCode, EventName, LegState, Verb
from ringline_core.wire.command import PageCommand
from ringline_core.wire.document import CallEntry, StationDocument

VERBS = {Verb.TRANSFER: "cold", Verb.CONSULT: "hot"}
SHOWN = 500
"""Characters of the note that are handed over; the note itself is there as well."""

_CAME_TO_NOTHING = (EventName.FAILED, EventName.DROPPED)
_OVER = (*_CAME_TO_NOTHING, EventName.TRANSFERRED)


@dataclass(frozen=True)
class _Handover:
    """A hand-over before it is made.

    Attributes:
        mark: See `store.handovers`.
        interaction: Which one is handed over.
        to: Whom the command names; a station, maybe.
        body: As the contract shows it.
    """

    mark: str
    interaction: str
    to: str
    body: dict[str, Any]

    @property
    def kept(self) -> dict[str, Any]:
        """By what it is found again."""
        return {"mark": self.mark, "interaction": self.interaction, "to": self.to}


def refusal(seat: dict[str, str], message: PageCommand) -> str | None:
    """A `result` for a transfer to the agent's own phone."""
    if message.verb in VERBS and message.to == seat["station"]:
        return frames.failed(message.id, ErrorCode.NOT_ALLOWED, "That is your own phone.")
    return None


def ahead(deps: Deps, who: PageIdentity, seat: dict[str, str], message: PageCommand) -> dispatch.Ahead | None:
    """What to do ahead of a command that passes a call on; None where nothing is handed over.

    Args:
        deps: Store and clock.
        who: The agent.
        seat: Site and station of the agent.
        message: The page's command.
    """
    call = _call(deps, who, seat, message)
    if call is None:
        return None
    note = message.note or _written(deps, who.tenant, call.interaction, who.agent)
    now_ms = deps.now_ms()
    body = {
        "interaction": call.interaction,
        "from": {"agent": who.agent, "site": seat["site"], "station": seat["station"]},
        "kind": VERBS[message.verb],
        "note": note[:SHOWN],
        "data": message.data or {},
        "at": ms_to_rfc3339(now_ms),
        "by": By.AGENT_PAGE.value,
    }
    mark = desk_view.handed_at(now_ms) + dispatch.edge_command_id(who.agent, message.id)
    made = _Handover(mark, call.interaction, message.to or "", body)
    return dispatch.Ahead(
        kept=made.kept,
        do=lambda: _make(deps, who.tenant, seat["site"], made),
        undo=lambda: take_back(deps, who.tenant, seat["site"], made.kept),
    )


def _make(deps: Deps, tenant: str, site: str, made: _Handover) -> None:
    text = json.dumps(made.body)
    kept = Made(text, site, made.to, deps.settings.kept_until_s(deps.now_ms()))
    if not deps.handovers.bind(tenant, made.interaction, made.mark, kept):
        return
    done, item = deps.handovers.lay(tenant, site, made.to, made.mark, text)
    if done:
        posts.desk_changed(deps, tenant, item)
        if over := item.handed.keys() - set(desk_view.handed(item, deps.now_ms())):
            deps.handovers.prune(tenant, item, over)


def take_back(deps: Deps, tenant: str, site: str, kept: dict[str, Any]) -> None:
    """Nothing was passed on: the hand-over is taken back where it is bound and where it is laid.

    Args:
        deps: Store and ways to the sockets.
        tenant: The agent's tenant.
        site: The agent's site.
        kept: `mark`, `interaction` and `to` of the hand-over.
    """
    deps.handovers.take_back(tenant, kept["interaction"], kept["mark"])
    done, item = deps.handovers.lift(tenant, site, kept["to"], kept["mark"])
    if done:
        posts.desk_changed(deps, tenant, item)


def consulting(deps: Deps, who: EdgeIdentity, stored: dict[str, Any]) -> None:
    """The PBX shows the consultation that a page asked for: from here on its end is watched.

    Args:
        deps: The store.
        who: The edge that says so.
        stored: The page's command.
    """
    here = deps.stations.get(who.tenant, who.site, stored["station"]) if "mark" in stored else None
    if here is None or here.agent != stored["agent"] or here.doc is None:
        return
    began = [each for each in _doc(here).recent if each.event is EventName.CONSULTING and each.call]
    if not began:
        return
    kept = {name: stored[name] for name in ("mark", "interaction", "to")}
    newest = max(began, key=lambda each: each.n)
    item = deps.handovers.watch(who.tenant, here, {**kept, "consult": newest.call})
    if item.doc:
        followed(deps, who.tenant, item, _doc(item))


def followed(deps: Deps, tenant: str, item: StationItem, doc: StationDocument) -> None:
    """What a document says of the consultation that is watched at its station, if one is."""
    watched = item.consult
    if watched is None:
        return
    ends = [each.event for each in doc.recent if each.call == watched["consult"] and each.event in _OVER]
    is_up = any(call.call == watched["consult"] for call in doc.calls)
    if is_up:
        return
    if any(event in _CAME_TO_NOTHING for event in ends):
        take_back(deps, tenant, item.site, watched)
    deps.handovers.unwatch(tenant, item)


def shown(head: dict[str, Any] | None, reader: str | None) -> dict[str, Any] | None:
    """The interaction's newest hand-over, by its head; nobody is shown their own."""
    if not head or "handover_json" not in head:
        return None
    found: dict[str, Any] = json.loads(head["handover_json"])
    return None if found["from"]["agent"] == reader else found


def told(
    deps: Deps,
    tenant: str,
    item: StationItem,
    call: CallEntry,
    heads: list[dict[str, Any] | None],
    written: Mapping[str, str],
) -> dict[str, Any] | None:
    """The hand-over that a call comes with, made by a page or by a phone's keys; nobody is told their own.

    Args:
        deps: The store.
        tenant: The station's tenant.
        item: Where the call is.
        call: The call.
        heads: Of its interaction, and of those that merged into it.
        written: Texts of its interaction's notes, by author.
    """
    bound = [head for head in heads if head and "handover_mark" in head]
    newest = max(bound, key=lambda head: str(head["handover_mark"]), default=None)
    station = call.transferred_by or (call.remote.number if _is_asked(call) else None)
    made = json.loads(newest["handover_json"]) if newest else None
    if station and station != item.station and not _is_from(made, item.site, station):
        agent = _sat_at(item.site, station, heads) or _sits_at(deps, tenant, item.site, station)
        who = {"site": item.site, "station": station}
        made = _by_keys(deps, {"agent": agent, **who}, call, written) if agent else made
    return None if made is None or made["from"]["agent"] == item.agent else made


def _is_from(made: dict[str, Any] | None, site: str, station: str) -> bool:
    """Whether a hand-over was made at that phone: other sites have phones of the same number."""
    return made is not None and (made["from"].get("site", site), made["from"]["station"]) == (site, station)


def _is_asked(call: CallEntry) -> bool:
    """Whether the call consults this station; at the asking one it shows whom that dialled."""
    return call.consult_of is not None and call.dialed != call.remote.number


def _sat_at(site: str, station: str, heads: list[dict[str, Any] | None]) -> str | None:
    """Who had the interaction at a station, by its heads; None where those name nobody there, or several."""
    agents = {agent for head in heads for agent in seated(head, site, station)}
    return agents.pop() if len(agents) == 1 else None


def _sits_at(deps: Deps, tenant: str, site: str, station: str) -> str | None:
    there = deps.stations.get(tenant, site, station)
    return None if there is None else there.agent


def _by_keys(deps: Deps, who: dict[str, str], call: CallEntry, written: Mapping[str, str]) -> dict[str, Any]:
    asked = call.consult_of is not None or call.leg is not LegState.ALERTING
    return {
        "interaction": call.interaction,
        "from": who,
        "kind": "hot" if asked else "cold",
        "note": written.get(who["agent"], "")[:SHOWN],
        "data": {},
        "at": ms_to_rfc3339(deps.now_ms()),
        "by": By.AGENT_PHONE.value,
    }


def _written(deps: Deps, tenant: str, interaction: str, agent: str) -> str:
    return str((deps.interactions.note(tenant, interaction, agent) or {}).get("text", ""))


def _doc(item: StationItem) -> StationDocument:
    return StationDocument.model_validate_json(item.doc or "")


def _call(deps: Deps, who: PageIdentity, seat: dict[str, str], message: PageCommand) -> CallEntry | None:
    if message.verb not in VERBS:
        return None
    here = deps.stations.get(who.tenant, seat["site"], seat["station"])
    if here is None or here.agent != who.agent or here.doc is None:
        return None
    return next((call for call in _doc(here).calls if call.call == message.call), None)
