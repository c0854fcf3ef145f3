"""The adapter against the real simulated PBX on a real socket, driven by the control API; checked in documents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from infra.pbx.control import build_app
from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.simulator import create
from ringline_edge.conformance.fakes.simulated import SimulatedPbx
from tests.support.waiting import eventually

NUMBER = "+442071234567"


class World:
    """A PBX, its control API, an adapter and a station model."""

    def __init__(self, pbx: SimulatedPbx, client: Any, port: int) -> None:
        self.pbx, self.client = pbx, client
        self.adapter = create({"port": port})
        self.model = StationModel("hq")
        self.model.lead(1)
        self.model.capabilities = self.adapter.capabilities.of
        self.running = asyncio.create_task(self.adapter.run(self.emit))

    def emit(self, fact: Fact) -> None:
        """Take a fact of the adapter."""
        self.model.apply(fact)

    async def post(self, path: str, **body: Any) -> Any:
        async with self.client.post(path, json=body) as answer:
            assert answer.status == 200, (path, body, await answer.text())
            return await answer.json()

    async def phone(self, station: str, do: str, **more: str) -> None:
        await self.post(f"/phones/{station}", do=do, **more)

    async def caller(self, to: str = "5000") -> str:
        return str((await self.post("/callers", **{"from": NUMBER, "to": to}))["caller"])

    def legs(self, station: str) -> list[str]:
        return [call["leg"] for call in self.model.document(station)["calls"]]

    def call(self, station: str, number: int = 0) -> dict[str, Any]:
        return dict(self.model.document(station)["calls"][number])

    async def sees(self, station: str, *legs: str) -> None:
        await eventually(lambda: self.legs(station) == list(legs), saying=f"{station} {legs}")

    def events(self, station: str) -> list[tuple[str, str | None, str | None]]:
        recent = self.model.document(station)["recent"]
        return [(e["event"], e["cause"], e["by"]) for e in recent if e["call"]]

    async def do(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        command = EdgeCommand(
            id="c1", verb=verb, station=station, call=call, deadline_at=datetime.now(UTC) + timedelta(seconds=8), **more
        )
        legs = self.model.call_legs(station, call) if call else CallLegs()
        assert legs is not None
        await self.adapter.execute(command, legs)


@pytest_asyncio.fixture
async def world() -> AsyncIterator[World]:
    pbx = SimulatedPbx(ring_s=0.3)
    port = await pbx.start()
    async with TestClient(TestServer(build_app(pbx))) as client:
        made = World(pbx, client, port)
        await eventually(lambda: "1001" in made.model.stations)
        yield made
        made.running.cancel()
        await asyncio.gather(made.running, return_exceptions=True)
        await pbx.close()


async def talking(world: World) -> str:
    caller = await world.caller("1001")
    await world.sees("1001", "alerting")
    await world.phone("1001", "answer")
    await world.sees("1001", "connected")
    return caller


async def test_a_queue_call_rings_is_answered_and_hung_up_by_the_phone(world: World) -> None:
    await world.phone("1001", "feature", code="*22")
    caller = await world.caller()
    await world.sees("1001", "alerting")
    call = world.call("1001")
    assert (call["remote"]["number"], call["queue"], call["dialed"]) == (NUMBER, "support", "5000")
    await world.phone("1001", "answer")
    await world.phone("1001", "hangup")
    await world.sees("1001")
    expected = [("ringing", None, None), ("answered", None, "agent_phone"), ("dropped", "normal", "agent_phone")]
    assert world.events("1001") == expected
    async with world.client.get(f"/callers/{caller}") as answer:
        assert await answer.json() == {"state": "ended"}


async def test_a_caller_who_gives_up_is_missed_as_abandoned(world: World) -> None:
    caller = await world.caller("1001")
    await world.post(f"/callers/{caller}", do="hangup")
    await eventually(lambda: ("missed", "abandoned", "remote") in world.events("1001"))


async def test_a_queue_rings_the_next_when_nobody_answers_or_rejects(world: World) -> None:
    for station in ("1001", "1002"):
        await world.phone(station, "feature", code="*22")
    await world.caller()
    await world.sees("1001", "alerting")
    await world.phone("1001", "reject")
    await eventually(lambda: ("missed", "rejected", "agent_phone") in world.events("1001"))
    await world.sees("1002", "alerting")
    await eventually(lambda: ("missed", "no_answer", "pbx") in world.events("1002"))


async def test_hold_and_resume_are_seen(world: World) -> None:
    await talking(world)
    await world.phone("1001", "hold")
    await world.sees("1001", "hold")
    await world.do(Verb.RESUME, "1001", world.call("1001")["call"])
    await world.sees("1001", "connected")


async def test_two_calls_stand_side_by_side(world: World) -> None:
    await talking(world)
    await world.caller("1001")
    await world.sees("1001", "connected", "alerting")


@pytest.mark.parametrize("by_page", [True, False])
async def test_a_cold_transfer_keeps_the_interaction(world: World, by_page: bool) -> None:
    await talking(world)
    before = world.call("1001")
    if by_page:
        await world.do(Verb.TRANSFER, "1001", before["call"], to="1003", data={"key": "k"})
    else:
        await world.phone("1001", "blind", number="1003")
    await world.sees("1003", "alerting")
    seen = world.call("1003")
    assert (seen["transferred_by"], seen["remote"]["number"]) == ("1001", NUMBER)
    assert seen["interaction"] == before["interaction"]
    await world.phone("1003", "answer")
    await world.sees("1003", "connected")
    assert [e[0] for e in world.events("1001")] == ["ringing", "answered", "transferred"]
    assert [e[0] for e in world.events("1003")] == ["ringing", "answered", "transferred"]


@pytest.mark.parametrize("answered", [True, False])
async def test_a_consult_completes_as_a_hot_transfer(world: World, answered: bool) -> None:
    await talking(world)
    main = world.call("1001")
    await world.phone("1001", "attended", number="1002")
    await world.sees("1002", "alerting")
    assert world.call("1001", 1)["consult_of"] == main["call"]
    if answered:
        await world.phone("1002", "answer")
        await world.sees("1001", "hold", "connected")
    await world.do(Verb.COMPLETE, "1001", main["call"])
    await world.sees("1001")
    if not answered:
        await world.phone("1002", "answer")
    await world.sees("1002", "connected")
    seen = world.call("1002")
    assert (seen["remote"]["number"], seen["transferred_by"]) == (NUMBER, "1001")
    assert [e[0] for e in world.events("1002")] == ["ringing", "answered", "transferred"]


async def test_consult_swap_cancel_and_conference(world: World) -> None:
    await talking(world)
    main = world.call("1001")["call"]
    await world.do(Verb.CONSULT, "1001", main, to="1002")
    await world.phone("1002", "answer")
    await world.sees("1001", "hold", "connected")
    await world.do(Verb.SWAP, "1001", main)
    await world.sees("1001", "connected", "hold")
    await world.do(Verb.CANCEL, "1001", main)
    await world.sees("1001", "connected")
    await world.sees("1002")
    await world.do(Verb.CONSULT, "1001", main, to="1002")
    await world.phone("1002", "answer")
    await world.do(Verb.CONFERENCE, "1001", main)
    await world.sees("1001", "connected")
    assert len(world.call("1001")["parties"]) == 2


async def test_place_rings_the_own_phone_first(world: World) -> None:
    await world.do(Verb.PLACE, "1001", to="+442079460123")
    await world.sees("1001", "initiated")
    await world.phone("1001", "answer")
    await world.sees("1001", "connected")
    assert world.call("1001")["direction"] == "outbound"


async def test_log_on_pause_and_log_off_show_in_the_pbx_and_the_document(world: World) -> None:
    await world.do(Verb.LOG_ON, "1001", login="7001", queues=("support", "sales"))
    await eventually(lambda: world.model.document("1001")["agent"]["state"] == "not_ready")
    await world.do(Verb.SET_STATE, "1001", state="ready")
    await eventually(lambda: world.model.document("1001")["agent"]["state"] == "ready")
    async with world.client.get("/queues/sales") as answer:
        assert (await answer.json())["members"][0]["available"] is True
    await world.do(Verb.LOG_OFF, "1001")
    await eventually(lambda: world.model.document("1001")["agent"]["state"] == "logged_off")


async def test_a_number_with_letters_is_refused(world: World) -> None:
    with pytest.raises(CommandError) as caught:
        await world.do(Verb.PLACE, "1001", to="abc\r\n")
    assert caught.value.error_code == "number_invalid"


@pytest.mark.parametrize("do", ["drop_link", "restart"])
async def test_a_lost_link_is_told_and_a_snapshot_shows_what_is_left(world: World, do: str) -> None:
    await talking(world)
    await world.post("/switch", do=do, seconds=0.05)
    with pytest.raises(PbxUnavailableError):
        await world.running
    world.model.link_lost(1)

    async def again() -> bool:
        if world.running.done():
            world.running = asyncio.create_task(world.adapter.run(world.emit))
        return bool(world.model.document("1001")["in_service"])

    await eventually(again)
    assert world.legs("1001") == ([] if do == "restart" else ["connected"])
    assert [e[0] for e in world.events("1001")].count("dropped") == (do == "restart")


async def test_bad_requests_get_clear_errors(world: World) -> None:
    for path, body, status in [
        ("/phones/1999", {"do": "answer"}, 404),
        ("/phones/1001", {"do": "answer"}, 409),
        ("/phones/1001", {"do": "fly"}, 400),
        ("/phones/1001", {"do": "dial", "number": "x"}, 400),
        ("/callers", {"from": "1"}, 400),
        ("/switch", {"do": "drop_link", "seconds": "1"}, 400),
    ]:
        async with world.client.post(path, json=body) as answer:
            assert answer.status == status, path
            assert set((await answer.json())["error"]) == {"code", "text"}
    async with world.client.get("/phones/1001", headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403


async def test_a_link_without_the_pbxs_token_is_refused_for_good() -> None:
    pbx = SimulatedPbx(token="known here")
    port = await pbx.start()
    try:
        with pytest.raises(PbxAuthError):
            await create({"port": port, "token": "guessed"}).run(lambda fact: None)
        seen: list[Fact] = []
        running = asyncio.create_task(create({"port": port, "token": "known here"}).run(seen.append))
        await eventually(lambda: any(isinstance(fact, Snapshot) for fact in seen))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    finally:
        await pbx.close()
