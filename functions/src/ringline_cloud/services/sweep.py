"""Sockets whose end nobody told: API Gateway ends every socket at two hours, and its `$disconnect` may never come.

Source: API Gateway WebSocket quotas (connection duration 2 h), best-effort delivery of `$disconnect`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ringline_cloud.services import posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_cloud.telemetry import Metric, count

LONGEST_MS = (2 * 3600 + 300) * 1000


def sweep(deps: Deps) -> int:
    """Take sockets that cannot be open any more off stations and agents; how many."""
    swept = 0
    for tenant, site in deps.sites.everywhere():
        swept += sum(_sweep_station(deps, tenant, each) for each in deps.stations.of_site(tenant, site))
    for tenant in sorted({tenant for tenant, _ in deps.sites.everywhere()}):
        swept += _sweep_agents(deps, tenant)
    if swept:
        count(Metric.SOCKET_SWEPT, swept)
    return swept


def _sweep_station(deps: Deps, tenant: str, item: StationItem) -> int:
    dead = _dead(deps, item.sockets)
    for socket in dead:
        done, now = deps.stations.drop_sockets(tenant, item.site, item.station, socket)
        if done:
            posts.desk_changed(deps, tenant, now)
    return len(dead)


def _sweep_agents(deps: Deps, tenant: str) -> int:
    swept = 0
    for agent in deps.agents.everybody(tenant):
        dead = _dead(deps, agent.get("sockets", ()))
        for socket in dead:
            deps.agents.drop_socket(tenant, agent["who"], socket)
        swept += len(dead)
    return swept


def _dead(deps: Deps, sockets: Iterable[str]) -> list[str]:
    return [socket for socket in sockets if _is_over(deps, socket)]


def _is_over(deps: Deps, socket: str) -> bool:
    known = deps.sockets.get(socket)
    return known is None or int(known.get("opened_ms", 0)) < deps.now_ms() - LONGEST_MS
