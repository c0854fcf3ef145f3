"""Queues: members, pauses, callers in order, and whom to ring next. Empty rules are strict, as in the test Asterisk."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ringline_edge.conformance.exchange.calls import Attempt, Calls
from ringline_edge.conformance.exchange.floor import Floor, Leg, RefusedError

RETRY_MS: Final = 1000


@dataclass(slots=True)
class Membership:
    """One member."""

    station: str
    paused: bool = False
    reason: str | None = None
    penalty: int = 0


@dataclass(slots=True)
class Queue:
    """A queue; `waiting` is caller leg to when it came, `retry` when it may ring again."""

    name: str
    ring_all: bool = False
    members: dict[str, Membership] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)
    retry: dict[str, int] = field(default_factory=dict)
    last: str = ""


@dataclass(slots=True)
class AgentRecord:
    """Who is logged on at a station. `held`: for the queues the phone counts as busy."""

    login: str | None = None
    on: bool = False
    since_ms: int = 0
    by: str = "pbx"
    held: str | None = None


class Queues:
    """All queues and agents."""

    def __init__(self, calls: Calls, queues: dict[str, Queue], ring_ms: int) -> None:
        self.calls, self.floor, self.ring_ms = calls, calls.floor, ring_ms
        self.queues = queues
        self.agents = {station: AgentRecord() for station in self.floor.phones}
        calls.enter_queue = self.enter
        calls.on_unanswered = self._unanswered
        self.floor.on_end.append(self._left)

    def enter(self, caller: Leg, name: str) -> None:
        """The caller waits in a queue; where nobody could ever answer the call is refused."""
        caller.queue = name
        caller.queued_ms = caller.queued_ms or self.floor.clock()
        if not self._anybody(self.queues[name]):
            self.floor.end(caller, "not_found", "pbx")
            return
        if caller.answered_ms is None:
            caller.state = "queued"
        self.floor.show(caller)
        self.queues[name].waiting[caller.leg] = self.floor.clock()

    def _left(self, leg: Leg) -> None:
        for queue in self.queues.values():
            queue.waiting.pop(leg.leg, None)
            queue.retry.pop(leg.leg, None)

    def _unanswered(self, attempt: Attempt, _leg: Leg) -> None:
        self.queues[attempt.queue or ""].retry[attempt.caller] = self.floor.clock() + RETRY_MS

    def _anybody(self, queue: Queue) -> bool:
        phones = self.floor.phones
        return any(not m.paused and phones[m.station].in_service for m in queue.members.values())

    def in_call(self, station: str) -> bool:
        """Whether the queue must leave the phone alone (ringinuse=no)."""
        return bool(self.floor.of(station))

    def available(self, member: Membership) -> bool:
        """Whether the member would be offered a call now."""
        free = self.floor.phones[member.station].in_service and not self.in_call(member.station)
        return free and not member.paused and self.agents[member.station].held is None

    def deadlines(self) -> list[int]:
        """When callers may ring again."""
        return [at for queue in self.queues.values() for at in queue.retry.values() if at > self.floor.clock()]

    def advance(self) -> None:
        """Ring who can be rung for who waits, first come first; throw out who waits for nobody."""
        for queue in self.queues.values():
            for ident in list(queue.waiting):
                caller = self.floor.legs[ident]
                if caller.bridge is not None and ident not in self.calls.attempts:
                    self._left(caller)
                elif ident not in self.calls.attempts:
                    self._offer(queue, caller)

    def _offer(self, queue: Queue, caller: Leg) -> None:
        if not self._anybody(queue):
            self.floor.end(caller, "not_found", "pbx")
            return
        if queue.retry.get(caller.leg, 0) > self.floor.clock():
            return
        for member in self._choose(queue):
            queue.last = member.station
            self.calls.ring(caller, member.station, self.ring_ms, queue=queue.name)

    def _choose(self, queue: Queue) -> list[Membership]:
        free = [member for member in queue.members.values() if self.available(member)]
        best = min((member.penalty for member in free), default=0)
        free = sorted((member for member in free if member.penalty == best), key=lambda m: m.station)
        if queue.ring_all or not free:
            return free
        return [next((member for member in free if member.station > queue.last), free[0])]

    def log_on(self, station: str, queues: list[str], *, paused: bool, by: str, login: str | None = None) -> None:
        """Put the phone into queues.

        Raises:
            RefusedError: There is no such queue.
        """
        for name in queues:
            if name not in self.queues:
                raise RefusedError(f"no queue {name}")
        record = self.agents[station]
        if record.on and record.login != (login or station):
            self._forget(station)  # somebody else: they begin with their own queues
        for name in queues:
            self.queues[name].members.setdefault(station, Membership(station, paused))
        record.on, record.login = True, login or station
        self._changed(station, by)

    def leave(self, station: str, name: str, by: str) -> None:
        """Take the phone out of one queue; out of the last one, nobody is logged on there any more."""
        self.queues[name].members.pop(station, None)
        if not any(station in queue.members for queue in self.queues.values()):
            self.agents[station].on, self.agents[station].login = False, None
        self._changed(station, by)

    def log_off(self, station: str, by: str) -> None:
        """Take the phone out of every queue."""
        self._forget(station)
        self.agents[station].on, self.agents[station].login = False, None
        self._changed(station, by)

    def _forget(self, station: str) -> None:
        for queue in self.queues.values():
            queue.members.pop(station, None)

    def pause(
        self, station: str, paused: bool, by: str, *, reason: str | None = None, queues: list[str] | None = None,
    ) -> None:  # fmt: skip
        """Pause or unpause in all queues, or in those named.

        Raises:
            RefusedError: Nobody is logged on there.
        """
        if not self.agents[station].on:
            raise RefusedError("nobody is logged on there", "not_allowed")
        for name, queue in self.queues.items():
            member = queue.members.get(station)
            if member and (queues is None or name in queues):
                member.paused, member.reason = paused, reason if paused else None
        self._changed(station, by)

    def hold(self, station: str, reason: str | None) -> None:
        """Let no queue ring the station, or let them again; whoever pauses and unpauses, and in whatever queue."""
        self.agents[station].held = reason
        self._changed(station, "pbx")

    def _changed(self, station: str, by: str) -> None:
        record = self.agents[station]
        record.since_ms, record.by = self.floor.clock(), by
        self.floor.tell(self.agent(station))

    def agent(self, station: str) -> dict[str, Any]:
        """The agent as the link tells it."""
        record = self.agents[station]
        members = [
            {"queue": name, "paused": m.paused, "reason": m.reason, "penalty": m.penalty}
            for name, queue in self.queues.items() if (m := queue.members.get(station))
        ]  # fmt: skip
        return {"event": "agent", "station": station, "on": record.on, "login": record.login, "queues": members,
                "since_ms": record.since_ms, "by": record.by, "held": record.held}  # fmt: skip


def standard_queues() -> dict[str, Queue]:
    """The queues of the local stack."""
    return {"support": Queue("support"), "sales": Queue("sales", ring_all=True)}


def waiting_of(floor: Floor, queue: Queue) -> list[tuple[Leg, int]]:
    """Who waits, first come first, and for how many seconds."""
    now = floor.clock()
    return [(floor.legs[ident], (now - since) // 1000) for ident, since in queue.waiting.items() if ident in floor.legs]
