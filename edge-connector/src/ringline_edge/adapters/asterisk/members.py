"""Queue members as agents: who is logged on where, paused or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ringline_core.domain.facts import Agent, Membership
from ringline_core.domain.holds import REASONS
from ringline_core.wire.codes import AgentStateName, By
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.protocol import Message

_DIGITS: Final = 10
LOGGED_OFF: Final = "ringline:logged_off"
"""Pause reason that stands for log-off where a member is static and cannot be removed."""


@dataclass(frozen=True, slots=True)
class Member:
    """One interface in one queue.

    Attributes:
        since_ms: Since when it is paused or not, where the PBX tells.
        state_interface: Whose state tells the queue whether it is free.
    """

    interface: str
    queue: str
    paused: bool
    reason: str
    penalty: int
    is_static: bool
    since_ms: int | None = None
    state_interface: str = ""

    @property
    def is_held(self) -> bool:
        """Whether a hold of ours pauses it."""
        return self.paused and self.reason in REASONS


class Members:
    """All members of all queues, by station."""

    def __init__(self, naming: Naming) -> None:
        """Nobody is a member yet."""
        self._naming = naming
        self._members: dict[str, dict[str, Member]] = {}
        self._logins: dict[str, str] = {}
        self._told: dict[str, Agent] = {}

    @property
    def all(self) -> Mapping[str, Mapping[str, Member]]:
        """Memberships by station and queue."""
        return self._members

    def of(self, station: str) -> dict[str, Member]:
        """Memberships of a station, by queue."""
        return self._members.get(station, {})

    def login(self, station: str) -> str | None:
        """Who was logged on here by us."""
        return self._logins.get(station)

    def logs_on(self, station: str, login: str | None) -> None:
        """Who is about to be logged on: a queue knows phones, not people, so it is remembered until the log-off."""
        if login is None:
            self._logins.pop(station, None)
        else:
            self._logins[station] = login

    def replace(self, messages: Iterable[Message]) -> None:
        """Take a whole list of QueueMember items; who is not in it is a member no more, but stays known as an agent."""
        for queues in self._members.values():
            queues.clear()
        for message in messages:
            self.take(message)

    def take(self, message: Message) -> str | None:
        """Take a member from a QueueMember* event; its station, None when it is no station of ours.

        Raises:
            KeyError: No queue is named.
            ValueError: The queue has no name.
        """
        interface = message.get("Interface") or message.get("Location") or ""
        station = self._naming.station(interface)
        if station is None:
            return None
        queue = message["Queue"]
        if not queue:
            raise ValueError("a member of no queue")
        if message["Event"] == "QueueMemberRemoved":
            self._members.get(station, {}).pop(queue, None)
        else:
            reason = message.get("PausedReason") or message.get("Reason") or ""
            self._members.setdefault(station, {})[queue] = Member(
                interface,
                queue,
                message.get("Paused") == "1",
                reason,
                _number(message.get("Penalty")),
                message.get("Membership") in ("static", "realtime"),
                _since(message),
                message.get("StateInterface", ""),
            )
        return station

    def changed(self, message: Message, at_ms: int) -> Iterator[Agent]:
        """The agent that an event is about, as they are now."""
        station = self.take(message)
        if station is not None:
            yield self.agent(station, at_ms)

    def agents(self, at_ms: int) -> tuple[Agent, ...]:
        """Everybody, as they are now."""
        return tuple(self.agent(station, at_ms) for station in sorted(self._members))

    def agent(self, station: str, at_ms: int) -> Agent:
        """A station's agent as of now; one whose state and reason did not change keeps its time."""
        members = [self._members.get(station, {})[queue] for queue in sorted(self._members.get(station, {}))]
        agent = _agent(station, self._logins.get(station, station), members, at_ms)
        if agent.login is None:
            self._logins.pop(station, None)
        told = self._told.get(station)
        if told is not None and (told.state, told.reason) == (agent.state, agent.reason):
            agent = replace(agent, since_at_ms=told.since_at_ms)
        elif told is None:
            agent = replace(agent, since_at_ms=max((m.since_ms for m in members if m.since_ms), default=at_ms))
        self._told[station] = agent
        return agent


def _agent(station: str, login: str, members: Sequence[Member], at_ms: int) -> Agent:
    """Ready while one queue may call but for holds of ours, off when in none or marked so where members are static."""
    queues = tuple(Membership(m.queue, m.paused, m.reason or None, m.penalty) for m in members)
    if all(member.is_static and member.paused and member.reason == LOGGED_OFF for member in members):
        return Agent(station, AgentStateName.LOGGED_OFF, at_ms, queues=queues, by=By.AGENT_PHONE)
    paused = [member for member in members if member.paused and not member.is_held]
    if len(paused) < len(members):
        return Agent(station, AgentStateName.READY, at_ms, login, queues=queues, by=By.AGENT_PHONE)
    reason = next((member.reason for member in paused if member.reason not in ("", LOGGED_OFF)), None)
    return Agent(station, AgentStateName.NOT_READY, at_ms, login, reason, queues=queues, by=By.AGENT_PHONE)


def _since(message: Message) -> int | None:
    """LastPause tells of members that are paused, and by its absence of those who never were; in seconds."""
    last_pause, log_on = _number(message.get("LastPause")), _number(message.get("LoginTime"))
    if message.get("Paused") == "1":
        return last_pause * 1000 or None
    return None if last_pause else log_on * 1000 or None


def _number(value: str | None) -> int:
    return int(value) if value and value.isdecimal() and len(value) <= _DIGITS else 0
