"""A fake FreeSWITCH, an adapter on it, and a station model that takes its facts."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from ringline_core.domain.facts import CallLegs, Fact, Pressed
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.freeswitch import create
from ringline_edge.conformance.fakes.freeswitch.server import PASSWORD, FakeFreeswitch
from tests.support.waiting import eventually


class World:
    """Everything that a test of the adapter needs, checked in documents."""

    def __init__(self, pbx: FakeFreeswitch, **settings: Any) -> None:
        self.pbx = pbx
        self.adapter = create({"port": pbx.port, "password": PASSWORD, **settings})
        self.model = StationModel("hq")
        self.model.lead(1)
        self.pressed: list[tuple[str, bool]] = []
        self.facts: list[Fact] = []
        self._ids = itertools.count(1)
        self.begin()

    def begin(self) -> None:
        """Run a session."""
        self.running = asyncio.create_task(self.adapter.run(self._emit))

    async def end(self) -> None:
        """Stop it."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    def _emit(self, fact: Fact) -> None:
        self.facts.append(fact)
        if isinstance(fact, Pressed):
            self.pressed.append((fact.station, fact.ready))
        self.model.apply(fact)

    def legs(self, station: str) -> list[str]:
        """States of a station's calls, oldest first."""
        return [call["leg"] for call in self.model.document(station)["calls"]]

    def call(self, station: str, number: int = 0) -> dict[str, Any]:
        """One of a station's calls."""
        return dict(self.model.document(station)["calls"][number])

    async def sees(self, station: str, *legs: str) -> None:
        """Wait until a station has calls in these states."""
        await eventually(lambda: self.legs(station) == list(legs), saying=f"{station} {legs}, is {self.legs(station)}")

    def events(self, station: str) -> list[tuple[str, str | None, str | None]]:
        """Transitions of a station's calls."""
        recent = self.model.document(station)["recent"]
        return [(each["event"], each["cause"], each["by"]) for each in recent if each["call"]]

    def names(self, station: str) -> list[str]:
        """Names of them."""
        return [name for name, _, _ in self.events(station)]

    def agent(self, station: str) -> dict[str, Any]:
        """A station's agent."""
        return dict(self.model.document(station)["agent"])

    async def agent_is(self, station: str, state: str) -> None:
        """Wait for an agent's state."""
        await eventually(lambda: self.agent(station)["state"] == state, saying=f"{station} {state}")

    async def do(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        """Have the adapter carry a command out."""
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        command = EdgeCommand(
            id=f"c{next(self._ids)}", verb=verb, station=station, call=call, deadline_at=deadline, **more
        )
        legs = self.model.call_legs(station, call) if call else CallLegs()
        assert legs is not None
        await self.adapter.execute(command, legs)
