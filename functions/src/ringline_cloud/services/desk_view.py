"""A desk as pages see it: what is over is hidden at once, and leaves the table with the list's next write."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import ms_to_rfc3339


def shown(item: StationItem, now_ms: int) -> dict[str, Any]:
    """The station's desk without work whose lease is over."""
    return {**item.desk, "work": work(item, now_ms)} if item.desk.get("work") else item.desk


def work(item: StationItem, now_ms: int) -> list[dict[str, Any]]:
    """Work items whose lease lasts, oldest first."""
    # Times that the cloud wrote itself sort as text.
    now_at = ms_to_rfc3339(now_ms)
    return [each for each in item.desk.get("work", []) if each["lease_until_at"] > now_at]
