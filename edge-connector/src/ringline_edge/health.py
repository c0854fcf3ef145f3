"""`/healthz`, Prometheus `/metrics` and `/stations`, on loopback.

The library that holds the uplink's sockets answers plain requests, too; a web server beside it would take 12 MB.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any, Final, Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from ringline_core.errors import ConfigError
from ringline_edge.views import StationView

UpDown = Literal["up", "down"]
Stations = Callable[[], list[StationView]]
_JSON: Final = "application/json"
_CLOSE_S: Final = 0.2


@dataclass(frozen=True)
class Stopped:
    """A part that is not tried again until a human acted."""

    part: str
    code: str
    reason: str


@dataclass(frozen=True)
class Health:
    """How the edge is.

    Attributes:
        role: What the cloud made this edge; None until it said.
        records_waiting: Call records that wait for their ack.
        records_bytes: Their size.
        records_discarded: Call records that the spool did not take; they are lost.
        spool_full: Whether the spool took none of the newest records.
        disk_failures: Writes that the disk refused; what they held goes on in memory.
        refused: Documents and records that the cloud will never take.
        facts: Facts taken from the PBX.
        uplink_losses: How often the way to the cloud broke; the same for the PBX.
        rotations: How often a socket was changed before its end.
        watched: Whether a supervisor looks at the board.
        gated: Stations that owe a decision.
        held: Stations that a hold of ours keeps from calls.
        unholdable: Stations that cannot be kept, each with what is lacking; their gate only warns.
        stopped: Parts that gave up.
    """

    role: str | None
    epoch: int
    uplink: UpDown
    pbx: UpDown
    pbx_kind: str
    pbx_version: str
    stations: int
    logged_on: int
    live_waiting: int
    results_waiting: int
    records_waiting: int
    records_bytes: int
    records_discarded: int
    records_refused: int
    spool_full: bool
    disk_failures: int
    refused: int
    facts: int
    uplink_losses: int
    pbx_losses: int
    rotations: int
    watched: bool = False
    gated: int = 0
    held: int = 0
    unholdable: tuple[str, ...] = ()
    stopped: tuple[Stopped, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What somebody should look at, in words that stay the same."""
        found = {
            "uplink_down": self.uplink == "down",
            "pbx_down": self.pbx == "down",
            "spool_full": self.spool_full,
            "disk_failures": self.disk_failures > 0,
            "unholdable": bool(self.unholdable),
            "stopped": bool(self.stopped),
        }
        return tuple(name for name, is_so in found.items() if is_so)

    def as_json(self) -> dict[str, Any]:
        """What `/healthz` says."""
        return {"problems": self.problems, **asdict(self)}


class Page(NamedTuple):
    """One answer."""

    kind: str
    text: str
    status: HTTPStatus = HTTPStatus.OK


_GAUGES: dict[str, tuple[str, Callable[[Health], float]]] = {
    "ringline_edge_spool_live": ("Station documents that wait for their ack", lambda seen: seen.live_waiting),
    "ringline_edge_spool_results": ("Results of commands that wait for their ack", lambda seen: seen.results_waiting),
    "ringline_edge_spool_records": ("Call records that wait for their ack", lambda seen: seen.records_waiting),
    "ringline_edge_spool_bytes": ("Size of the waiting call records", lambda seen: seen.records_bytes),
    "ringline_edge_spool_full": ("Whether the spool refuses new call records", lambda seen: seen.spool_full),
    "ringline_edge_records_refused": ("Call records kept aside for a human", lambda seen: seen.records_refused),
    "ringline_edge_stations": ("Stations known", lambda seen: seen.stations),
    "ringline_edge_agents": ("Desks with an agent", lambda seen: seen.logged_on),
    "ringline_edge_gated": ("Stations that owe a decision", lambda seen: seen.gated),
    "ringline_edge_held": ("Stations that a hold of ours keeps from calls", lambda seen: seen.held),
    "ringline_edge_unholdable": ("Stations that cannot be kept from calls", lambda seen: len(seen.unholdable)),
    "ringline_edge_epoch": ("Epoch of the newest lead", lambda seen: seen.epoch),
    "ringline_edge_active": ("Whether this edge leads its site", lambda seen: seen.role == "active"),
    "ringline_edge_pbx_up": ("Whether the PBX is seen", lambda seen: seen.pbx == "up"),
    "ringline_edge_uplink_up": ("Whether the cloud is reached", lambda seen: seen.uplink == "up"),
    "ringline_edge_parts_stopped": ("Parts that gave up until a human acts", lambda seen: len(seen.stopped)),
}
_COUNTERS: dict[str, tuple[str, Callable[[Health], float]]] = {
    "ringline_edge_facts_received": ("Facts taken from the PBX adapter", lambda seen: seen.facts),
    "ringline_edge_records_discarded": ("Call records the spool did not take", lambda seen: seen.records_discarded),
    "ringline_edge_disk_failures": ("Writes that the disk refused", lambda seen: seen.disk_failures),
    "ringline_edge_refused": ("Documents and records the cloud will never take", lambda seen: seen.refused),
    "ringline_edge_uplink_losses": ("How often the way to the cloud broke", lambda seen: seen.uplink_losses),
    "ringline_edge_pbx_losses": ("How often the way to the PBX broke", lambda seen: seen.pbx_losses),
    "ringline_edge_rotations": ("Sockets changed before their end", lambda seen: seen.rotations),
}


class _HealthCollector(Collector):
    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        seen = self._health()
        for name, (text, value) in _GAUGES.items():
            yield GaugeMetricFamily(name, text, value=float(value(seen)))
        for name, (text, value) in _COUNTERS.items():
            yield CounterMetricFamily(name, text, value=float(value(seen)))


@asynccontextmanager
async def serving(
    host: str, port: int, health: Callable[[], Health], place: str, stations: Stations = list
) -> AsyncIterator[None]:
    """Serve health, metrics and `/stations` while the block runs; with port 0 nothing is served.

    Raises:
        ConfigError: The port cannot be opened; `place` is the configuration file, for the text.
    """
    if port == 0:
        yield
        return
    pages = _pages(health, stations)

    def answer(connection: ServerConnection, request: Request) -> Response:
        return _answer(connection, request, pages)

    try:
        server = await serve(_no_socket, host, port, process_request=answer, compression=None, close_timeout=_CLOSE_S)
    except OSError as err:
        raise ConfigError(f"{place}: health.port: {host}:{port} cannot be opened: {err.strerror}") from err
    async with server:
        yield


def _pages(health: Callable[[], Health], stations: Stations) -> dict[str, Callable[[], Page]]:
    registry = CollectorRegistry()
    registry.register(_HealthCollector(health))

    def healthz() -> Page:
        seen = health()
        return Page(
            _JSON, json.dumps(seen.as_json()), HTTPStatus.SERVICE_UNAVAILABLE if seen.problems else HTTPStatus.OK
        )

    def metrics() -> Page:
        return Page("text/plain; version=0.0.4", generate_latest(registry).decode())

    def all_stations() -> Page:
        return Page(_JSON, json.dumps({"stations": [view.model_dump(mode="json") for view in stations()]}))

    return {"/healthz": healthz, "/metrics": metrics, "/stations": all_stations}


def _answer(connection: ServerConnection, request: Request, pages: dict[str, Callable[[], Page]]) -> Response:
    page = pages.get(request.path.partition("?")[0])
    if page is None:
        return connection.respond(HTTPStatus.NOT_FOUND, "")
    if request.method not in ("GET", "HEAD"):
        return connection.respond(HTTPStatus.METHOD_NOT_ALLOWED, "")
    made = page()
    response = connection.respond(made.status, made.text)
    del response.headers["Content-Type"]
    response.headers["Content-Type"] = made.kind
    if request.method == "HEAD":
        response.body = b""
    return response


async def _no_socket(_: ServerConnection) -> None:
    """Every request is answered before it could become one."""
