"""`/healthz` and Prometheus `/metrics`, on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

Health = dict[str, Any]

_GAUGES = {
    "live_waiting": ("ringline_edge_spool_live", "Station documents that wait for their ack"),
    "records_waiting": ("ringline_edge_spool_records", "Call records that wait for their ack"),
    "records_bytes": ("ringline_edge_spool_bytes", "Size of the waiting call records"),
    "stations": ("ringline_edge_stations", "Stations known"),
    "epoch": ("ringline_edge_epoch", "Epoch of the newest lead"),
}
_COUNTERS = {
    "facts": ("ringline_edge_facts_received", "Facts taken from the PBX adapter"),
    "records_discarded": ("ringline_edge_records_discarded", "Call records that the full spool refused"),
}


class _HealthCollector(Collector):
    def __init__(self, health: Callable[[], Health]) -> None:
        self._health = health

    def collect(self) -> Iterator[Metric]:
        seen = self._health()
        for key, (name, text) in _GAUGES.items():
            yield GaugeMetricFamily(name, text, value=float(seen[key]))
        for key, (name, text) in _COUNTERS.items():
            yield CounterMetricFamily(name, text, value=float(seen[key]))
        for part in ("pbx", "uplink"):
            up = float(seen[part] == "up")
            yield GaugeMetricFamily(f"ringline_edge_{part}_up", f"Whether the way to the {part} is up", value=up)


@asynccontextmanager
async def serving(host: str, port: int, health: Callable[[], Health]) -> AsyncIterator[None]:
    """Serve health and metrics while the block runs; with port 0 nothing is served."""
    if port == 0:
        yield
        return
    registry = CollectorRegistry()
    registry.register(_HealthCollector(health))

    async def healthz(_: web.Request) -> web.Response:
        seen = health()
        good = seen["uplink"] == "up" and seen["pbx"] == "up"
        return web.json_response(seen, status=200 if good else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), content_type="text/plain")

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield
    finally:
        await runner.cleanup()
