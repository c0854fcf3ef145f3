"""What somebody did to another's station: kept for admins, and said in the log."""

from __future__ import annotations

from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_cloud.telemetry import logger
from ringline_core.wire.base import ms_to_rfc3339


def record(
    deps: Deps, by: PageIdentity, agent: str, item: StationItem, ident: str, action: str, more: dict[str, Any]
) -> None:
    """Keep one deed.

    Args:
        deps: The store and the clock.
        by: Who did it.
        agent: To whom.
        item: At which station.
        ident: Id of the command that did it, or of the deed.
        action: What, in one word.
        more: What else there is to know of it.
    """
    now_ms = deps.now_ms()
    where = {"action": action, "site": item.site, "station": item.station, "agent": agent}
    what = {**where, "by_whom": by.agent, "command_id": ident, **more}
    deps.audits.put(by.tenant, ident, {**what, "at": ms_to_rfc3339(now_ms)}, now_ms)
    logger.info("audit", **what)
