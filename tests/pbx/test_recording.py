"""A recording at a real Asterisk, beside a running adapter: the call is caught, and nobody is in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringline_edge.cli import app
from tests.support.asterisk_desk import CUSTOMER, Desk
from tests.support.recording import process
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_call_of_a_sip_phone_is_recorded_and_replayed(desk: Desk, tmp_path: Path) -> None:
    login = desk.bench.edge_login("bridge")
    async with process("asterisk", login, tmp_path) as made:
        desk.bench.outside.dial_in(CUSTOMER, "1001")
        await made.says("1001", "ringing", "alerting with …67")
        await eventually(lambda: desk.bench.phones["1001"].display.state == "ringing")
        desk.bench.phones["1001"].answer()
        await made.says("1001", "answered", "connected with …67")
        await desk.sees("1001", "connected")
        await desk.bench.phones["1001"].hang_up()
        await made.says("1001", "dropped", "no call")
        assert await made.end() == 0
    done = CliRunner().invoke(app, ["replay", str(made.out)])
    documents = [json.loads(line) for line in done.output.splitlines()]
    last = [each for each in documents if each["station"] == "1001"][-1]
    assert [each["event"] for each in last["recent"] if each["call"]] == ["ringing", "answered", "dropped"]
    numbers = {each["number"] for document in documents for each in [call["remote"] for call in document["calls"]]}
    assert {(len(each), each[:3], each == CUSTOMER) for each in numbers} == {(len(CUSTOMER), "+44", False)}
    for path in made.out.iterdir():
        data = path.read_bytes()
        assert str(login["secret"]).encode() not in data
        assert CUSTOMER[-9:].encode() not in data
        assert b"Ada" not in data
    assert "Asterisk" in (made.out / "meta.toml").read_text() or "22." in (made.out / "meta.toml").read_text()
