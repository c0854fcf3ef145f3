"""The tenant's policy: stored as it was given, and told to every desk that it holds for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ringline_cloud.services import frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_core.errors import TooLargeError
from ringline_core.wire.codec import compact
from ringline_core.wire.policy import Policy

WRITERS = 8
LARGEST_BYTES = 16 * 1024
"""It goes with every desk to the edge."""


def put(deps: Deps, tenant: str, policy: Policy) -> dict[str, Any]:
    """Replace the tenant's policy; every logged-on station's pages and edge are told. What was stored.

    Raises:
        TooLargeError: Above 16 KiB as JSON.
    """
    stored = policy.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    if len(compact(stored).encode()) > LARGEST_BYTES:
        raise TooLargeError(f"policy: at most {LARGEST_BYTES} bytes")
    deps.sites.put_policy(tenant, stored)
    seats = sorted({_seat(agent) for agent in deps.agents.everybody(tenant) if "seat" in agent})
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="policy") as pool:
        told = list(pool.map(lambda seat: _tell_pages(deps, tenant, *seat), seats))
    items = [item for item in told if item]
    for site in sorted({item.site for item in items}):
        desks = [posts.desk_for_edge(deps, tenant, item, stored) for item in items if item.site == site]
        for chunk in posts.in_frames(desks):
            posts.to_edge(deps, tenant, site, posts.desks_frame(chunk))
    return stored


def _seat(agent: dict[str, Any]) -> tuple[str, str]:
    return agent["seat"]["site"], agent["seat"]["station"]


def _tell_pages(deps: Deps, tenant: str, site: str, station: str) -> StationItem | None:
    done, item = deps.stations.touch(tenant, site, station)
    if not done:
        return None
    posts.to_pages(deps, tenant, item, frames.station(item, deps.now_ms()))
    return item
