"""Log-on and log-off: a desk is claimed by a conditional write, and freed again when the PBX refuses."""

from __future__ import annotations

import json
from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import audit, decisions, desk_view, dispatch, frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Stage, Verb
from ringline_core.wire.command import PageCommand
from ringline_core.wire.document import StationDocument
from ringline_core.wire.edge import EdgeResult

TAKEN = "Somebody else is logged on there."
AUTO = "auto-"
"""Begins the ids of log-ons that nobody asked for in so many words."""

OWED_SHOWN = 20
"""Of what an agent owes, the newest so many: the station's item is written with every event, and paid by its size."""


def log_on(deps: Deps, who: PageIdentity, socket: str, message: PageCommand) -> str | None:
    """Claim the desk and ask the edge to log the phone on; a `result` when that cannot be."""
    agent = deps.agents.get(who.tenant, who.agent)
    mapping = agent.get("mapping")
    if mapping is None:
        return frames.failed(
            message.id, ErrorCode.STATION_UNKNOWN, "No phone is mapped to you; ask your administrator."
        )
    station = message.station or mapping["station"]
    if station != mapping["station"] and not mapping.get("hot_desk"):
        return frames.failed(message.id, ErrorCode.NOT_ALLOWED, "You may log on to your own phone only.")
    if refusal := _leave_old_desk(deps, who, agent, mapping["site"], station, message):
        return refusal
    refusal = _claim(deps, who, agent, mapping, station, message)
    if refusal:
        return refusal
    more = {"login": mapping["login"], "queues": mapping["queues"], "name": mapping["name"]}
    answer = dispatch.send(deps, who, socket, message, (mapping["site"], station), more)
    sat = agent.get("seat") == {"site": mapping["site"], "station": station}
    if not sat and answer is not None and json.loads(answer)["stage"] == Stage.FAILED:
        asked = dispatch.edge_command_id(who.agent, message.id)
        _free(deps, who.tenant, mapping["site"], station, who.agent, asked)
    return answer


def log_off(deps: Deps, who: PageIdentity, socket: str, seat: dict[str, str], message: PageCommand) -> str | None:
    """Ask the edge to log the phone off; a `result` when the agent may not now: in a call, unless forced."""
    item = deps.stations.get(who.tenant, seat["site"], seat["station"])
    if item is not None and _in_call(item) and not message.force:
        return frames.failed(message.id, ErrorCode.NOT_ALLOWED, "You are in a call.")
    return dispatch.send(deps, who, socket, message, (seat["site"], seat["station"]), ahead=claim_of(item))


def claim_of(item: StationItem | None) -> dispatch.Ahead:
    """What to keep with a log-off, so that told late or twice it ends this log-on and no later one."""
    return dispatch.Ahead({"claim": item.asked} if item is not None and item.asked else {})


def finish(deps: Deps, who: EdgeIdentity, stored: dict[str, Any], message: EdgeResult) -> None:
    """The PBX has logged somebody on or off, or refused to; done twice it changes nothing more."""
    verb, failed = stored.get("verb"), message.stage in (Stage.FAILED, Stage.EXPIRED)
    if verb == Verb.LOG_ON and failed:
        _free(deps, who.tenant, who.site, stored["station"], stored["agent"], message.id)
        if stored["id"].startswith(AUTO):
            code = message.error.code.value if message.error else ErrorCode.EXPIRED.value
            text = message.error.text if message.error else "The phone could not be logged on in time."
            posts.to_sockets(deps, stored.get("sockets", ()), frames.notice("error", code, text))
    elif verb == Verb.LOG_OFF and message.stage is Stage.CONFIRMED:
        _free(deps, who.tenant, who.site, stored["station"], stored["agent"], stored.get("claim"))


def _leave_old_desk(
    deps: Deps, who: PageIdentity, agent: dict[str, Any], site: str, station: str, message: PageCommand
) -> str | None:
    seat = agent.get("seat")
    if seat is None or (seat["site"], seat["station"]) == (site, station):
        return None
    old = deps.stations.get(who.tenant, seat["site"], seat["station"])
    if old is not None and _in_call(old):
        return frames.failed(message.id, ErrorCode.NOT_ALLOWED, "You are in a call at your other phone.")
    if old is not None and decisions.is_gated(old):
        return frames.failed(message.id, ErrorCode.GATE_CLOSED, "Your note at the other phone is not decided yet.")
    off = PageCommand(id=f"move-{message.id}"[:64], verb=Verb.LOG_OFF)
    dispatch.send(deps, who, None, off, (seat["site"], seat["station"]), ahead=claim_of(old))
    _free(deps, who.tenant, seat["site"], seat["station"], who.agent, None)
    return None


def _claim(
    deps: Deps, who: PageIdentity, agent: dict[str, Any], mapping: dict[str, Any], station: str, message: PageCommand
) -> str | None:
    site = mapping["site"]
    before = deps.stations.get(who.tenant, site, station)
    if before is not None and message.takeover and before.agent not in (None, who.agent):
        before = _take_over(deps, who, before, dispatch.edge_command_id(who.agent, message.id))
    again = before is not None and before.agent == who.agent
    desk: dict[str, Any] = {
        "who": who.agent,
        "who_name": mapping["name"] or who.name,
        "since_at": before.desk["since_at"] if before and again else ms_to_rfc3339(deps.now_ms()),
        "login": mapping["login"],
        "queues": mapping["queues"],
        "asked": dispatch.edge_command_id(who.agent, message.id),
    }
    claim = deps.stations.claim_again if again else deps.stations.claim
    more = {} if again else _begin(agent, before)
    done, item = claim(who.tenant, site, station, {**desk, **more}, agent.get("sockets", ()))
    if not done:
        return frames.failed(message.id, ErrorCode.STATION_TAKEN, TAKEN)
    deps.stations.enter(who.tenant, site, station)
    deps.agents.sit(who.tenant, who.agent, site, station)
    posts.desk_changed(deps, who.tenant, item)
    return None


def _begin(agent: dict[str, Any], before: StationItem | None) -> dict[str, Any]:
    """What a desk begins with: the agent's debts; what the document lists from before them holds nobody."""
    doc = StationDocument.model_validate_json(before.doc) if before and before.doc else None
    old = {owing.interaction for owing in doc.wrap_up} if doc else set()
    return {"owed": decisions.newest(agent.get("owed", {}), OWED_SHOWN), "decided": old}


def _take_over(deps: Deps, who: PageIdentity, before: StationItem, asked: str) -> StationItem | None:
    """Log off who is there, so that what they have not decided becomes owed; the station as it is then."""
    _free(deps, who.tenant, before.site, before.station, str(before.agent), None)
    text = "Somebody else has logged on to your phone."
    posts.to_sockets(deps, before.sockets, frames.notice("warning", ErrorCode.STATION_TAKEN.value, text))
    audit.record(deps, who, str(before.agent), before, asked, "takeover", {})
    return deps.stations.get(who.tenant, before.site, before.station)


def _free(deps: Deps, tenant: str, site: str, station: str, agent: str, asked: str | None) -> None:
    before = deps.stations.get(tenant, site, station)
    if before is None or before.agent != agent or asked not in (None, before.asked):
        return
    if entries := desk_view.undecided(before):
        deps.decisions.owe(tenant, agent, decisions.debts(entries))
    done, item = deps.stations.free(tenant, site, station, agent, asked)
    if done:
        decisions.left(deps, tenant, agent, before, item)
        deps.agents.stand_up(tenant, agent, site, station)
        posts.to_sockets(deps, before.sockets, frames.logged_off(deps.now_ms()))
        posts.to_edge(deps, tenant, site, posts.desks_frame([posts.desk_for_edge(deps, tenant, item)]))


def _in_call(item: StationItem) -> bool:
    return bool(item.doc and json.loads(item.doc)["calls"])
