"""Asking the running edge and the PBX."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

from pydantic import ValidationError

from ringline_core.errors import RinglineError
from ringline_edge.adapters.beside import session
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.config import HealthTable
from ringline_edge.doctor.facts import EdgeSeen, Facts

PATIENCE_S = 5.0


async def ask(
    where: HealthTable, adapter: PbxAdapter, *, agent: str | None = None, station: str | None = None
) -> tuple[Facts, ...]:
    """Find out all about one agent or station; with neither, about everybody who is logged on.

    Args:
        where: The running edge's own address.
        adapter: Of the PBX, not running; it gets a session of its own, beside the edge's.
        agent: As the cloud knows them.
        station: As the PBX knows it.
    """
    edge, error = await _edge(where)
    wanted = _wanted(edge, agent, station)
    try:
        async with session(adapter):
            return tuple([await _one(adapter, edge, error, who, number) for who, number in wanted])
    except (RinglineError, TimeoutError) as err:
        why = str(err) or "no answer in time"
        return tuple(_facts(edge, error, who, number, pbx_error=why) for who, number in wanted)


def _wanted(edge: EdgeSeen | None, agent: str | None, station: str | None) -> list[tuple[str, str | None]]:
    views = edge.stations if edge else ()
    if station is not None:
        return [(station, station)]
    if agent is not None:
        return [(agent, next((view.station for view in views if view.agent == agent), None))]
    return [(f"{view.agent} ({view.station})", view.station) for view in views if view.agent]


async def _one(adapter: PbxAdapter, edge: EdgeSeen | None, error: str, who: str, station: str | None) -> Facts:
    found = await adapter.examine(station) if station else None
    return _facts(edge, error, who, station, found=found)


def _facts(edge: EdgeSeen | None, error: str, who: str, station: str | None, **more: Any) -> Facts:
    view = next((each for each in (edge.stations if edge else ()) if each.station == station), None)
    return Facts(who=who, edge=edge, edge_error=error, station=station, view=view, **more)


async def _edge(where: HealthTable) -> tuple[EdgeSeen | None, str]:
    """The running edge, or why it cannot be seen."""
    if where.port == 0:
        return None, "health.port is 0 in its configuration"
    base = f"http://{where.host}:{where.port}"
    try:
        health, stations = [await asyncio.to_thread(_read, f"{base}{path}") for path in ("/healthz", "/stations")]
        return EdgeSeen.model_validate({**health, **stations}), ""
    except (OSError, HTTPException, ValidationError, ValueError, TypeError) as err:
        return None, f"{base}: {type(err).__name__}"


def _read(url: str) -> Any:
    """JSON of the edge itself, on loopback and so past any proxy; with problems it says 503, and what it knows."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=PATIENCE_S) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as err:
        with err:
            if err.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise
            return json.load(err)
