"""The directory of colleagues: who they are, where they sit, and whether they can be reached now."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.codes import AgentStateName, LegState

READERS = 8
_ON_CALL = frozenset({LegState.INITIATED, LegState.CONNECTED, LegState.HOLD})


def colleagues(deps: Deps, who: PageIdentity, asked: str, limit: int) -> list[dict[str, Any]]:
    """Colleagues with a mapping, the caller left out: those of the own site first, then by name.

    Args:
        deps: The store.
        who: Who asks; their tenant is the directory's.
        asked: What a name, user or station contains, in any case; empty for all.
        limit: At most so many; only so many stations are read.
    """
    everybody = deps.agents.mapped(who.tenant)
    own = next((_place(each)[0] for each in everybody if each["who"] == who.agent), None)
    found = [each for each in everybody if each["who"] != who.agent and _fits(each, asked.strip().casefold())]
    found.sort(key=lambda each: (_place(each)[0] != own, _name(each).casefold(), each["who"]))
    with ThreadPoolExecutor(READERS, thread_name_prefix="directory") as pool:
        return list(pool.map(lambda each: _shown(deps, who.tenant, each), found[:limit]))


def _place(agent: dict[str, Any]) -> tuple[str, str]:
    """Site and station where the agent is logged on, else where they belong."""
    at = agent.get("seat") or agent["mapping"]
    return str(at["site"]), str(at["station"])


def _name(agent: dict[str, Any]) -> str:
    return str(agent["mapping"].get("name") or agent["who"])


def _fits(agent: dict[str, Any], asked: str) -> bool:
    return any(asked in text.casefold() for text in (_name(agent), str(agent["who"]), _place(agent)[1]))


def _shown(deps: Deps, tenant: str, agent: dict[str, Any]) -> dict[str, Any]:
    site, station = _place(agent)
    names = {"agent": agent["who"], "name": _name(agent), "station": station, "site": site}
    presence = _presence(deps.stations.get(tenant, site, station), str(agent["who"]))
    return {**names, "team": agent["mapping"].get("team", ""), **presence}


def _presence(item: StationItem | None, agent: str) -> dict[str, Any]:
    """What the station's document says of the agent; a phone in somebody else's hands says nothing of them."""
    if item is None or item.doc is None or item.agent not in (None, agent):
        return {"state": AgentStateName.LOGGED_OFF.value, "since_at": None, "on_call": False}
    doc = json.loads(item.doc)
    on_call = any(call["leg"] in _ON_CALL for call in doc["calls"])
    if item.agent is None:
        return {"state": AgentStateName.LOGGED_OFF.value, "since_at": None, "on_call": on_call}
    state = doc["agent"]["state"] if doc["in_service"] else AgentStateName.UNKNOWN.value
    return {"state": state, "since_at": doc["agent"].get("since_at"), "on_call": on_call}
