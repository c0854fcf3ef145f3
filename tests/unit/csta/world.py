"""A fake CSTA server, the adapter at a real socket, and a station model: what agents would see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from ringline_core.domain.facts import CallLegs, Fact, Pressed
from ringline_core.domain.model import StationModel
from ringline_core.domain.proof import is_shown, needs_proof
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.csta import create
from ringline_edge.conformance.fakes.csta.server import PASSWORD, STATIONS, USER, FakeCsta
from tests.support.csta_order import out_of_order
from tests.support.waiting import eventually

CUSTOMER = "+442079460000"
KINDS = ("dmcc", "standard", "openscape", "openscape_business")


def settings(pbx: FakeCsta, **more: Any) -> dict[str, Any]:
    """A configuration that fits the fake."""
    made: dict[str, Any] = {
        "host": "127.0.0.1", "port": pbx.port, "stations": STATIONS, "queues": {"5000": "support", "5100": "support"},
        "agent_password": "1234", "reasons": {"lunch": 3}, "agent_poll_s": 60, "reply_timeout_s": 3,
        "recorders": ("4799",), "monitor_queues": ("5100",),
    }  # fmt: skip
    if pbx.kind == "dmcc":
        made |= {"dialect": "dmcc", "username": USER, "password": PASSWORD, "switch_name": "CM1"}
    else:
        made |= {"dialect": "plain", "variant": pbx.kind}
    if pbx.kind == "openscape_business":
        made |= {"username": USER, "password": PASSWORD}
    return made | more


class World:
    """Everything between a telephone and an agent's document."""

    def __init__(self, pbx: FakeCsta, **more: Any) -> None:
        self.pbx = pbx
        self.adapter = create(settings(pbx, **more))
        self.facts: list[Fact] = []
        self.model = StationModel("hq")
        self.model.lead(1)
        self.model.capabilities = self.adapter.capabilities.of
        self.running = self.begin()

    def begin(self) -> asyncio.Task[None]:
        self.running = asyncio.create_task(self.adapter.run(self.emit))
        return self.running

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.model.apply(fact)

    async def end(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def is_up(self) -> None:
        await eventually(lambda: "4750" in self.model.stations)

    def legs(self, station: str) -> list[str]:
        return [call["leg"] for call in self.model.document(station)["calls"]]

    def call(self, station: str, number: int = 0) -> dict[str, Any]:
        return dict(self.model.document(station)["calls"][number])

    def agent(self, station: str) -> dict[str, Any]:
        return dict(self.model.document(station)["agent"])

    async def sees(self, station: str, *legs: str) -> None:
        await eventually(lambda: self.legs(station) == list(legs), saying=f"{station} {legs}")

    async def state(self, station: str, state: str) -> None:
        await eventually(lambda: self.agent(station)["state"] == state, saying=f"{station} {state}")

    def events(self, station: str) -> list[str]:
        recent = self.model.document(station)["recent"]
        return [e["event"] + (f":{e['cause']}" if e["cause"] else "") for e in recent if e["call"]]

    def presses(self) -> list[bool]:
        return [each.ready for each in self.facts if isinstance(each, Pressed)]

    async def do(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        command = EdgeCommand(id="c1", verb=verb, station=station, call=call, deadline_at=deadline, **more)
        legs = self.model.call_legs(station, call) if call else CallLegs()
        assert legs is not None
        before = self.model.document(station)
        await self.adapter.execute(command, legs)
        # Confirmed means shown: the document must prove it, or the page would be told that it timed out.
        if needs_proof(verb):
            await eventually(lambda: is_shown(command, before, self.model.document(station)), saying=f"proof of {verb}")

    async def talking(self, station: str = "4750", number: str = CUSTOMER) -> dict[str, Any]:
        """A customer's direct call that is answered."""
        self.pbx.outside_call(number, station)
        await self.sees(station, "alerting")
        self.pbx.answer(station)
        await self.sees(station, "connected")
        return self.call(station)

    async def ready(self, station: str, login: str = "6001") -> None:
        """An agent who is logged on and ready."""
        self.pbx.log_on(station, login)
        self.pbx.press(station, "ready")
        await self.state(station, "ready")


@contextlib.asynccontextmanager
async def world(kind: str = "dmcc", **more: Any) -> AsyncIterator[World]:
    """A world that is up."""
    pbx = FakeCsta(kind)
    await pbx.open()
    made = World(pbx, **more)
    try:
        await made.is_up()
        yield made
        assert [name for each in pbx.asked for name in out_of_order(each.root)] == []
    finally:
        await made.end()
        await pbx.close()
