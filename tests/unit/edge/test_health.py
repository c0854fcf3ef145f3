"""What `/healthz` and `/metrics` say."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace

import aiohttp
import pytest

from infra.local.ports import free_port
from ringline_core.errors import ConfigError
from ringline_edge.health import Health, Stopped, serving

GOOD = Health(
    role="active", epoch=3, uplink="up", pbx="up", pbx_kind="asterisk", pbx_version="22.1", stations=12, logged_on=4,
    live_waiting=1, results_waiting=0, records_waiting=2, records_bytes=900, records_discarded=0, records_refused=0,
    spool_full=False, disk_failures=0, refused=0, facts=77, uplink_losses=1, pbx_losses=0, rotations=5,
)  # fmt: skip
STOPPED = (Stopped("pbx", "pbx_auth_failed", "the PBX refuses the password"),)


async def get(health: Health, path: str) -> tuple[int, str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}{path}"
    async with (
        serving("127.0.0.1", port, lambda: health, "edge.toml"),
        aiohttp.ClientSession() as session,
        session.get(url) as answer,
    ):
        return answer.status, await answer.text()


async def said(port: int, sent: bytes) -> bytes:
    """All that comes for some bytes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(sent)
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def raw(sent: bytes) -> bytes:
    port = free_port()
    async with serving("127.0.0.1", port, lambda: GOOD, "edge.toml"):
        return await said(port, sent)


@pytest.mark.parametrize(
    ("health", "problems"),
    [
        (GOOD, []),
        (replace(GOOD, role="standby"), []),
        (replace(GOOD, uplink="down"), ["uplink_down"]),
        (replace(GOOD, pbx="down", stopped=STOPPED), ["pbx_down", "stopped"]),
        (replace(GOOD, spool_full=True), ["spool_full"]),
        (replace(GOOD, disk_failures=2), ["disk_failures"]),
    ],
)
async def test_healthz_is_200_only_when_nobody_needs_to_look(health: Health, problems: list[str]) -> None:
    status, text = await get(health, "/healthz")
    seen = json.loads(text)
    assert status == (503 if problems else 200)
    assert seen["problems"] == problems
    assert seen["stopped"] == [vars(each) for each in health.stopped]


async def test_metrics_are_prometheus_text_with_one_line_per_figure() -> None:
    status, text = await get(replace(GOOD, spool_full=True, records_discarded=6), "/metrics")
    assert status == 200
    figures = dict(line.split(" ") for line in text.splitlines() if not line.startswith("#"))
    assert figures == {
        "ringline_edge_spool_live": "1.0", "ringline_edge_spool_results": "0.0", "ringline_edge_spool_records": "2.0",
        "ringline_edge_spool_bytes": "900.0", "ringline_edge_spool_full": "1.0", "ringline_edge_records_refused": "0.0",
        "ringline_edge_stations": "12.0", "ringline_edge_agents": "4.0", "ringline_edge_epoch": "3.0",
        "ringline_edge_active": "1.0", "ringline_edge_pbx_up": "1.0", "ringline_edge_uplink_up": "1.0",
        "ringline_edge_gated": "0.0", "ringline_edge_held": "0.0", "ringline_edge_unholdable": "0.0",
        "ringline_edge_parts_stopped": "0.0", "ringline_edge_facts_received_total": "77.0",
        "ringline_edge_records_discarded_total": "6.0", "ringline_edge_disk_failures_total": "0.0",
        "ringline_edge_refused_total": "0.0", "ringline_edge_uplink_losses_total": "1.0",
        "ringline_edge_pbx_losses_total": "0.0", "ringline_edge_rotations_total": "5.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "status", "has_body"),
    [
        ("GET /healthz?verbose=1 HTTP/1.1", 200, True),
        ("HEAD /healthz HTTP/1.1", 200, False),
        ("GET /stations HTTP/1.1", 200, True),
        ("GET / HTTP/1.1", 404, False),
        ("POST /healthz HTTP/1.1", 405, False),
        ("GET /healthz HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade", 200, True),
    ],
)
async def test_other_requests_are_answered_too(asked: str, status: int, has_body: bool) -> None:
    head, _, body = (await raw(f"{asked}\r\nHost: edge\r\n\r\n".encode())).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert bool(body) is has_body


@pytest.mark.parametrize(
    "sent", [b"no request\r\n\r\n", b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_request_is_not_served_and_the_next_one_is(sent: bytes) -> None:
    port = free_port()
    async with serving("127.0.0.1", port, lambda: GOOD, "edge.toml"):
        assert not (await said(port, sent)).startswith(b"HTTP/1.1 2")
        assert (await said(port, b"GET /healthz HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200 ")


async def test_port_0_serves_nothing_and_a_taken_port_is_a_config_error() -> None:
    async with serving("127.0.0.1", 0, lambda: GOOD, "edge.toml"):
        pass
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"edge\.toml: health\.port: 127\.0\.0\.1:{port}"):
            async with serving("127.0.0.1", port, lambda: GOOD, "edge.toml"):
                pass
