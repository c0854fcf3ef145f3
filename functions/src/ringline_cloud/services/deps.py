"""What services work with; made once per cold start by an entry module, or by a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ringline_cloud.config import Settings
from ringline_cloud.fanout.port import Fanout
from ringline_cloud.store.agents import Agents
from ringline_cloud.store.audits import Audits
from ringline_cloud.store.calls import Calls
from ringline_cloud.store.commands import Commands
from ringline_cloud.store.credentials import Credentials
from ringline_cloud.store.decisions import Decisions
from ringline_cloud.store.handovers import Handovers
from ringline_cloud.store.interactions import Interactions
from ringline_cloud.store.leases import Leases
from ringline_cloud.store.sites import Sites
from ringline_cloud.store.sockets import Sockets
from ringline_cloud.store.stations import Stations
from ringline_cloud.store.watches import Watches
from ringline_cloud.store.work_items import WorkItems


@dataclass(frozen=True)
class Deps:
    """Store, ways to the sockets, settings, and the clock (milliseconds since the epoch)."""

    settings: Settings
    stations: Stations
    leases: Leases
    sockets: Sockets
    agents: Agents
    commands: Commands
    credentials: Credentials
    sites: Sites
    interactions: Interactions
    calls: Calls
    handovers: Handovers
    work_items: WorkItems
    decisions: Decisions
    audits: Audits
    watches: Watches
    pages: Fanout
    edges: Fanout
    now_ms: Callable[[], int]
