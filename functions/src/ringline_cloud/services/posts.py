"""Posting to the pages of an agent and to the edge that leads a site; sockets that are gone are forgotten here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ringline_cloud.services import desk_view, frames
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_cloud.telemetry import logger
from ringline_core.wire.codes import MAX_FRAME_BYTES

DESKS_PER_FRAME = 20


def to_pages(deps: Deps, tenant: str, item: StationItem, frame: str, *, but: str | None = None) -> None:
    """Post to all pages of who is logged on, but one; a page that is gone leaves the station and its agent."""
    for socket in deps.pages.post(sorted(item.sockets - {but}), frame):
        deps.stations.drop_sockets(tenant, item.site, item.station, socket)
        if item.agent:
            deps.agents.drop_socket(tenant, item.agent, socket)


def to_sockets(deps: Deps, sockets: Iterable[str], frame: str) -> None:
    """Post to some pages, whoever they are."""
    deps.pages.post(sorted(sockets), frame)


def desk_changed(deps: Deps, tenant: str, item: StationItem, *, but: str | None = None) -> None:
    """Tell pages and edge of a desk's change."""
    to_pages(deps, tenant, item, frames.station(item, deps.now_ms()), but=but)
    to_edge(deps, tenant, item.site, desks_frame([desk_for_edge(deps, tenant, item)]))


def to_edge(deps: Deps, tenant: str, site: str, frame: str) -> bool:
    """Post to the edge that leads the site; False when none does."""
    lease = deps.leases.get(tenant, site)
    if lease.socket is None or lease.holder is None or lease.until_ms < deps.now_ms():
        return False
    if deps.edges.post((lease.socket,), frame):
        deps.leases.forget_socket(tenant, site, lease.socket)
        logger.info("edge_gone", site=site)
        return False
    return True


def desk_for_edge(deps: Deps, tenant: str, item: StationItem, policy: dict[str, Any] | None = None) -> dict[str, Any]:
    """One entry of `desks`; `policy` is the tenant's, where it is known already."""
    desk = item.desk
    kept = {name: desk.get(name, []) for name in ("drafts", "decided", "work")}
    return {
        "station": item.station,
        "rev": item.rev,
        "agent": item.agent,
        "login": item.login,
        "queues": list(item.queues),
        "name": desk.get("name", ""),
        "pages": len(item.sockets),
        **kept,
        "wrap_up": [each.model_dump(mode="json") for each in desk_view.undecided(item) if each.ask != "owe"],
        "held": None,
        "policy": deps.sites.policy(tenant) if policy is None else policy,
    }


def in_frames(desks: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Entries of `desks` in their order, as many to a frame as a socket takes; one empty frame for none."""
    chunks: list[list[dict[str, Any]]] = [[]]
    room = MAX_FRAME_BYTES
    for desk in desks:
        size = len(json.dumps(desk, separators=(",", ":")))
        if len(chunks[-1]) == DESKS_PER_FRAME or (chunks[-1] and size > room):
            chunks.append([])
            room = MAX_FRAME_BYTES
        chunks[-1].append(desk)
        room -= size
    return chunks


def desks_frame(items: list[dict[str, Any]], part: int = 1, parts: int = 1) -> str:
    """`desks` for an edge."""
    return json.dumps({"t": "desks", "items": items, "part": part, "parts": parts}, separators=(",", ":"))
