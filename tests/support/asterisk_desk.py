"""A desk of the PBX bench: the Asterisk adapter, the model that it feeds, and what a test asks of both."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.pbx.asterisk.bench import Bench
from infra.pbx.asterisk.outside import Caller
from infra.pbx.asterisk.view import Member
from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import create
from tests.support.waiting import eventually

CUSTOMER = "+442071234567"
FAR = "+442079460123"


class Desk:
    """An adapter at the bench, and the model that it feeds."""

    def __init__(self, bench: Bench, user: str = "bridge-notify", **settings: Any) -> None:
        self.bench = bench
        answer = "notify" if user == "bridge-notify" else "none"
        self.adapter = create({**bench.edge_login(user), "default_answer": answer, **settings})
        self.model = StationModel("hq")
        self.model.lead(1)
        self.model.capabilities = self.adapter.capabilities.of
        self.facts: list[Fact] = []
        self.running: asyncio.Task[None] | None = None
        self._numbers = 0

    async def begin(self) -> None:
        """Run a session, and wait for its snapshot."""
        await self.end()
        seen = sum(isinstance(fact, Snapshot) for fact in self.facts)
        self.running = asyncio.create_task(self.adapter.run(self.emit))
        await eventually(lambda: sum(isinstance(fact, Snapshot) for fact in self.facts) > seen or self.running_ended())

    async def end(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)

    def running_ended(self) -> bool:
        return self.running is not None and self.running.done()

    def emit(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.model.apply(fact)

    def call(self, station: str, number: int = 0) -> dict[str, Any]:
        return dict(self.model.document(station)["calls"][number])

    def agent(self, station: str) -> dict[str, Any]:
        return dict(self.model.document(station)["agent"])

    def events(self, station: str) -> list[tuple[str, str | None, str | None]]:
        recent = self.model.document(station)["recent"]
        return [(event["event"], event["cause"], event["by"]) for event in recent if event["call"]]

    def names(self, station: str) -> list[str]:
        return [name for name, _, _ in self.events(station)]

    async def sees(self, station: str, *legs: str) -> None:
        def check() -> bool:
            found = [call["leg"] for call in self.model.document(station)["calls"]]
            assert found == list(legs)
            return True

        await eventually(check, saying=f"{station} {legs}")

    async def is_told(self, station: str, *event: str | None) -> None:
        def check() -> bool:
            assert event in self.events(station)
            return True

        await eventually(check, saying=f"{station} {event}")

    async def has_state(self, station: str, state: str, reason: str | None = None) -> None:
        def check() -> bool:
            agent = self.agent(station)
            assert (agent["state"], agent["reason"]) == (state, reason)
            return True

        await eventually(check, saying=f"{station} {state}")

    async def do(self, verb: Verb, station: str, call: str | None = None, **more: Any) -> None:
        self._numbers += 1
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        ident = f"x{id(self)}-{self._numbers}"
        command = EdgeCommand(id=ident, verb=verb, station=station, call=call, deadline_at=deadline, **more)
        legs = self.model.call_legs(station, call) if call else CallLegs()
        assert legs is not None
        self.model.expect(verb, station, call)
        await self.adapter.execute(command, legs)

    async def log_on(self, station: str, *queues: str) -> None:
        await self.do(Verb.LOG_ON, station, queues=queues, name=f"Agent {station}")
        await self.has_state(station, "not_ready", "ringline:agent")
        await self.do(Verb.SET_STATE, station, state="ready")
        await self.has_state(station, "ready")

    async def rung_by_queue(self, station: str = "1001", to: str = "5000") -> Caller:
        """A customer whose queue call rings at `station`."""
        caller = self.bench.outside.dial_in(CUSTOMER, to)
        await self.sees(station, "alerting")
        return caller

    async def in_talk(self, station: str = "1001") -> Caller:
        """A customer in talk with `station` by the queue support."""
        await self.log_on(station, "support")
        caller = await self.rung_by_queue(station)
        await eventually(lambda: self.bench.phones[station].display.state == "ringing")
        self.bench.phones[station].answer()
        await self.sees(station, "connected")
        await self.bench.connected(station)
        return caller


async def members(bench: Bench, queue: str) -> dict[str, Member]:
    """The PBX's own listing of a queue."""
    listing = await bench.view.queue(queue)
    assert listing is not None
    return {member.station: member for member in listing.members}
