"""The board: what a supervisor sees of a site while somebody looks (contract, section 5.7)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ringline_core.wire.base import Counter, Instant, Name, Queue, Reason, Station, WireModel
from ringline_core.wire.codes import AgentStateName, Direction, LegState
from ringline_core.wire.document import MAX_CALLS

Part = Annotated[int, Field(ge=1, le=1000)]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class BoardCall(WireModel):
    """One call at a station, without who is at its other end."""

    leg: LegState
    direction: Direction
    queue: Queue | None = None
    since_at: Instant


class BoardStation(WireModel):
    """A station and who works there; `owes` counts the decisions that keep the gate closed."""

    station: Station
    agent: str | None = None
    name: Name = ""
    in_service: bool
    state: AgentStateName
    reason: Reason | None = None
    pending: AgentStateName | None = None
    since_at: Instant | None = None
    pages: Counter = 0
    work: Count = 0
    owes: Count = 0
    queues: tuple[Queue, ...] = Field(default=(), max_length=64)
    calls: tuple[BoardCall, ...] = Field(default=(), max_length=MAX_CALLS)


class BoardQueue(WireModel):
    """A queue and who waits in it; `longest_since_at` is when the first of them began to wait."""

    queue: Queue
    waiting: Count = 0
    longest_since_at: Instant | None = None


class LeftStation(WireModel):
    """A station that this agent has left, or, with null, that is known no more."""

    station: Station
    agent: str | None = None


class BoardContent(WireModel):
    """What boards of both ways have in common; a part that is not `whole` tells only what changed."""

    whole: bool
    at: Instant
    part: Part = 1
    parts: Part = 1
    stations: tuple[BoardStation, ...] = ()
    queues: tuple[BoardQueue, ...] = ()
    closed: tuple[Queue, ...] = ()
