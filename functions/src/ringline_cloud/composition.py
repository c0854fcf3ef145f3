"""The composition root: settings and AWS clients become the parts that services work with.

Clients are made while the module of a function loads, when Lambda gives it a full processor.
"""

from __future__ import annotations

import time
from typing import Any

import boto3
from botocore.config import Config

from ringline_cloud.config import Settings, from_environment
from ringline_cloud.fanout.api_gateway import ApiGatewayFanout
from ringline_cloud.services.deps import Deps
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
from ringline_cloud.store.table import Table
from ringline_cloud.store.watches import Watches
from ringline_cloud.store.work_items import WorkItems

SOCKETS_AT_ONCE = 16
# The SDK's own retries sleep for seconds; whoever sent the frame sends it again, and a post has its own small budget.
TABLE_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 2},
    connect_timeout=1,
    read_timeout=2,
    max_pool_connections=SOCKETS_AT_ONCE,
)
POST_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=1,
    read_timeout=2,
    max_pool_connections=SOCKETS_AT_ONCE,
)


def build() -> Deps:
    """Everything, from the function's environment.

    Raises:
        ConfigError: A variable is missing; the text names it.
    """
    settings = from_environment()
    session = boto3.Session()
    table = Table(session.client("dynamodb", config=TABLE_CONFIG), settings.table)
    return assembled(settings, table, _posts(session, settings.page_callback), _posts(session, settings.edge_callback))


def assembled(settings: Settings, table: Table, pages: Any, edges: Any) -> Deps:
    """The parts around a table and two ways to sockets."""
    return Deps(
        settings=settings,
        stations=Stations(table),
        leases=Leases(table),
        sockets=Sockets(table),
        agents=Agents(table),
        commands=Commands(table),
        credentials=Credentials(table),
        sites=Sites(table),
        interactions=Interactions(table),
        calls=Calls(table),
        handovers=Handovers(table),
        work_items=WorkItems(table),
        decisions=Decisions(table),
        audits=Audits(table),
        watches=Watches(table),
        pages=pages,
        edges=edges,
        now_ms=_now_ms,
    )


def _posts(session: boto3.Session, endpoint_url: str) -> ApiGatewayFanout:
    return ApiGatewayFanout(session.client("apigatewaymanagementapi", endpoint_url=endpoint_url, config=POST_CONFIG))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
