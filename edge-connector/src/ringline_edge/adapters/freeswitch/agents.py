"""Agents of mod_callcenter: who is logged on where, ready or not, and which holds of ours stand.

A status is what the agent wants, a state what the queues make of it; neither is touched by a hold. A hold is the
agent's `ready_time`, before which no queue offers a call: set to a moment in 2038 that also tells the reason, it
outlasts calls and this process, and the PBX itself remembers it. Source: `mod_callcenter.c` (agents_callback), 1.10.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ringline_core.domain.facts import Agent, Fact, Membership, Pressed
from ringline_core.domain.holds import REASONS
from ringline_core.wire.codes import AgentStateName, By
from ringline_edge.adapters.freeswitch.channels import Naming
from ringline_edge.adapters.freeswitch.protocol import Message, text

AVAILABLE, ON_DEMAND, ON_BREAK, LOGGED_OUT = "Available", "Available (On Demand)", "On Break", "Logged Out"
WAITING, IDLE = "Waiting", "Idle"
_READY: Final = frozenset({AVAILABLE, ON_DEMAND})
_ORDER: Final = tuple(sorted(REASONS))
HELD_FROM: Final = 2_147_480_000
"""In January 2038, in seconds since the epoch: the last that fit a database's 32-bit column; holds are not before."""

_CONTACT: Final = re.compile(r"(?:^|[/\]}])(?:user|sofia/[^/]+)/([^/@%,|]+)")
_DIGITS: Final = 10


def held_until(reason: str) -> int:
    """The `ready_time` that stands for a hold with a reason of `REASONS`."""
    return HELD_FROM + (_ORDER.index(reason) if reason in _ORDER else len(_ORDER))


@dataclass(frozen=True, slots=True)
class Row:
    """One agent as mod_callcenter has it; times in seconds since the epoch."""

    name: str
    station: str
    status: str = LOGGED_OUT
    state: str = WAITING
    ready_time: int = 0
    wrap_up_s: int = 0
    last_bridge_end: int = 0
    last_status_change: int = 0

    @property
    def is_held(self) -> bool:
        """Whether a hold of ours keeps it from calls."""
        return self.ready_time >= HELD_FROM


class Agents:
    """All agents that are stations, by their names.

    Attributes:
        rows: As they are now.
        tiers: Level by queue, by agent.
    """

    def __init__(self, naming: Naming) -> None:
        """Nobody is known yet."""
        self._naming = naming
        self.rows: dict[str, Row] = {}
        self.tiers: dict[str, dict[str, int]] = {}
        self._expected: Counter[tuple[str, str]] = Counter()
        self._reasons: dict[str, str] = {}
        self._told: dict[str, Agent] = {}
        self._by_pbx: set[str] = set()
        self._last: dict[str, str | None] = {}

    @property
    def held(self) -> frozenset[str]:
        """Stations at which a hold of ours stands."""
        return frozenset(row.station for row in self.rows.values() if row.is_held)

    def of(self, station: str) -> Row | None:
        """The agent of a station; of several the first by name."""
        return min(
            (row for row in self.rows.values() if row.station == station), key=lambda row: row.name, default=None
        )

    def expect(self, name: str, status: str, reason: str | None) -> None:
        """We are about to set a status; mod_callcenter keeps no reason, so it is kept here."""
        self._expected[name, status] += 1
        if row := self.rows.get(name):
            self._reasons.pop(row.station, None)
            if reason is not None and status == ON_BREAK:
                self._reasons[row.station] = reason

    def unexpect(self, name: str, status: str) -> None:
        """Nothing came of it, or all that could has come."""
        self._expected.pop((name, status), None)

    def settled(self) -> None:
        """All that was set has been told by now."""
        self._expected.clear()

    def set_ready_time(self, name: str, until: int) -> None:
        """We set it; no event tells."""
        if row := self.rows.get(name):
            self.rows[name] = replace(row, ready_time=until)

    def replace(self, agents: Iterable[Mapping[str, str]], tiers: Iterable[Mapping[str, str]]) -> None:
        """Take whole lists of agents and tiers."""
        rows = [row for each in agents if (row := self._row(each)) is not None]
        self.rows = {row.name: row for row in rows}
        self.tiers = {}
        for each in tiers:
            if each.get("queue"):
                self.tiers.setdefault(each.get("agent", ""), {})[each["queue"]] = _number(each.get("level"))

    def _row(self, each: Mapping[str, str]) -> Row | None:
        name = each.get("name", "")
        station = self._station(name, each.get("contact", ""))
        if station is None:
            return None
        return Row(
            name,
            station,
            each.get("status", LOGGED_OUT),
            each.get("state", WAITING),
            _number(each.get("ready_time")),
            _number(each.get("wrap_up_time")),
            _number(each.get("last_bridge_end")),
            _number(each.get("last_status_change")),
        )

    def _station(self, name: str, contact: str) -> str | None:
        """By the name where it begins with a station, else by the contact: FusionPBX names agents by a UUID."""
        found = self._naming.station(name)
        dialled = _CONTACT.search(contact)
        return self._naming.station(dialled[1]) if found is None and dialled else found

    def see(self, message: Message, at_ms: int) -> Iterator[Fact]:
        """The facts in a callcenter::info that is about an agent."""
        name, action = text(message, "CC-Agent") or "", text(message, "CC-Action")
        row = self.rows.get(name)
        if action in ("agent-add", "agent-contact-change"):
            yield from self._appears(name, text(message, "CC-Agent-Contact") or "", at_ms)
        elif row is not None:
            yield from self._changes(row, action, message, at_ms)

    def _appears(self, name: str, contact: str, at_ms: int) -> Iterator[Fact]:
        station = self._station(name, contact)
        if station is not None:
            self.rows[name] = replace(self.rows.get(name) or Row(name, station), station=station)
            yield self.agent(station, at_ms)

    def _changes(self, row: Row, action: str | None, message: Message, at_ms: int) -> Iterator[Fact]:
        pressed: bool | None = None
        match action:
            case "agent-status-change":
                if self._is_repeated(row.name, text(message, "Event-Date-Timestamp")):
                    return
                status = text(message, "CC-Agent-Status") or row.status
                pressed = self._was_pressed(row, status)
                self.rows[row.name] = replace(row, status=status, last_status_change=at_ms // 1000)
            case "agent-state-change":
                self.rows[row.name] = replace(row, state=text(message, "CC-Agent-State") or row.state)
            case "bridge-agent-end":
                self.rows[row.name] = replace(row, last_bridge_end=at_ms // 1000)
            case "agent-max-no-answer":
                self._by_pbx.add(row.name)
                return
            case _:
                return
        yield self.agent(row.station, at_ms)
        if pressed is not None:
            yield Pressed(row.station, pressed, at_ms)

    def _is_repeated(self, name: str, stamp: str | None) -> bool:
        """Whether a change of status was told before: taken twice it would look as if somebody had pressed a key."""
        before, self._last[name] = self._last.get(name), stamp
        return stamp is not None and stamp == before

    def _was_pressed(self, row: Row, status: str) -> bool | None:
        """Ready or not, where somebody else than we or the PBX itself set a status; else None."""
        if self._expected[row.name, status] > 0:
            self._expected[row.name, status] -= 1
            return None
        self._reasons.pop(row.station, None)
        if row.name in self._by_pbx:
            self._by_pbx.discard(row.name)
            return None
        # Whether it changed does not matter: a list may have shown it before its event came.
        return None if status == LOGGED_OUT else status in _READY

    def agents(self, at_ms: int) -> tuple[Agent, ...]:
        """Everybody, as they are now."""
        return tuple(self.agent(station, at_ms) for station in sorted({row.station for row in self.rows.values()}))

    def news(self, at_ms: int) -> Iterator[Agent]:
        """Agents who are not any more what was told last: their lists or the clock went on without an event."""
        for station in sorted({*self._told, *(row.station for row in self.rows.values())}):
            before = self._told.get(station)
            if (now := self.agent(station, at_ms)) != before:
                yield now

    def next_change_ms(self, at_ms: int) -> int | None:
        """When the next wrap-up ends."""
        ends = ((row.last_bridge_end + row.wrap_up_s + 1) * 1000 for row in self.rows.values() if wraps_up(row, at_ms))
        return min(ends, default=None)

    def agent(self, station: str, at_ms: int) -> Agent:
        """A station's agent as of now; one whose state and reason did not change keeps its time."""
        row = self.of(station)
        agent = self._agent(row, at_ms) if row else Agent(station, AgentStateName.LOGGED_OFF, at_ms, by=By.AGENT_PHONE)
        told = self._told.get(station)
        if told is not None and (told.state, told.reason) == (agent.state, agent.reason):
            agent = replace(agent, since_at_ms=told.since_at_ms)
        elif told is None and row is not None and row.last_status_change:
            agent = replace(agent, since_at_ms=row.last_status_change * 1000)
        self._told[station] = agent
        return agent

    def _agent(self, row: Row, at_ms: int) -> Agent:
        state, reason = AgentStateName.NOT_READY, self._reasons.get(row.station)
        if row.status == LOGGED_OUT:
            return Agent(row.station, AgentStateName.LOGGED_OFF, at_ms, by=By.AGENT_PHONE)
        if row.status in _READY:
            state, reason = AgentStateName.READY, None
            if wraps_up(row, at_ms) or row.state == IDLE:
                # Idle follows a call of an agent who is available on demand: the next one comes when they say so.
                state = AgentStateName.WRAP_UP
        paused = row.status not in _READY
        tiers = sorted(self.tiers.get(row.name, {}).items())
        queues = tuple(Membership(queue, paused, reason, level) for queue, level in tiers)
        return Agent(row.station, state, at_ms, row.station, reason, queues=queues, by=By.AGENT_PHONE)


def wraps_up(row: Row, at_ms: int) -> bool:
    """Whether the agent's own wrap-up time keeps calls away; the queue compares whole seconds."""
    return row.wrap_up_s > 0 and at_ms // 1000 <= row.last_bridge_end + row.wrap_up_s


def _number(value: str | None) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= _DIGITS else 0
