"""A site as pages see it: whether its edge is there, and whether that sees its PBX."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store.leases import Lease


def site_status(lease: Lease, site: str, config: dict[str, Any] | None, now_ms: int) -> dict[str, Any]:
    """`site` of `welcome` and `beat`, and one of `sites` of `watching`."""
    up = lease.socket is not None and lease.holder is not None and lease.until_ms >= now_ms
    pbx = lease.pbx if up else "down"
    return {"id": site, "edge": "up" if up else "down", "pbx": pbx, "tz": (config or {}).get("tz", "UTC")}
