"""The station document: what the edge says of one station (contract, section 3)."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from ringline_core.wire.base import (
    TOO_LARGE,
    Counter,
    Data,
    Id,
    Instant,
    Name,
    Number,
    Queue,
    Reason,
    Station,
    WireModel,
)
from ringline_core.wire.codes import (
    AgentStateName,
    Cause,
    Direction,
    EventName,
    LegState,
    Presentation,
    Verb,
)

MAX_CALLS = 4
MAX_PARTIES = 8
MAX_DATA_BYTES = 2048
MIN_RECENT = 8


class QueueMembership(WireModel):
    """One queue that the agent is logged on to."""

    queue: Queue
    paused: bool = False
    reason: Reason | None = None
    penalty: int = 0


class AgentAtStation(WireModel):
    """What the PBX says of the agent at this station."""

    login: str | None = Field(default=None, max_length=64)
    state: AgentStateName
    reason: Reason | None = None
    since_at: Instant | None = None
    pending: AgentStateName | None = None
    queues: tuple[QueueMembership, ...] = Field(default=(), max_length=64)


class Remote(WireModel):
    """The other side of a leg."""

    number: Number | None = None
    name: Name | None = None
    presentation: Presentation = Presentation.UNKNOWN


class CallParty(WireModel):
    """Another leg of the same call."""

    number: Number | None = None
    station: Station | None = None
    leg: LegState


class CallEntry(WireModel):
    """One call at this station; a station's devices are folded into it."""

    call: Id
    interaction: Id
    was: tuple[Id, ...] = ()
    related: tuple[Id, ...] = ()
    leg: LegState
    direction: Direction
    remote: Remote
    dialed: Number | None = None
    queue: Queue | None = None
    started_at: Instant
    answered_at: Instant | None = None
    held_at: Instant | None = None
    consult_of: Id | None = None
    transferred_by: Station | None = None
    conflict: Id | None = None
    parties: tuple[CallParty, ...] = Field(default=(), max_length=MAX_PARTIES)
    data: Data = Field(default_factory=dict)
    can: tuple[Verb, ...] = ()

    @field_validator("data")
    @classmethod
    def _data_fits(cls, value: Data) -> Data:
        return bounded_data(value)


class WrapUpEntry(WireModel):
    """An interaction that owes a decision; `queue` is its call's."""

    interaction: Id
    call: Id
    queue: Queue | None = None
    since_at: Instant
    limit_at: Instant | None = None
    needs: tuple[Literal["note", "disposition"], ...] = ()
    ask: Literal["save", "owe"] | None = None


class Transition(WireModel):
    """One numbered entry of `recent`; `n` = epoch * 2**32 + counter."""

    n: Counter
    event: EventName
    call: Id | None = None
    interaction: Id | None = None
    at: Instant
    cause: Cause | None = None
    by: str | None = Field(default=None, max_length=64)
    peer: str | None = Field(default=None, max_length=64)


class StationDocument(WireModel):
    """Everything true of one station now, and its newest transitions."""

    station: Station
    in_service: bool
    dnd: bool | None = None
    forward: Number | None = None
    agent: AgentAtStation
    calls: tuple[CallEntry, ...] = Field(default=(), max_length=MAX_CALLS)
    wrap_up: tuple[WrapUpEntry, ...] = ()
    can: tuple[Verb, ...] = ()
    recent: tuple[Transition, ...] = Field(default=(), max_length=64)


def bounded_data(value: Data) -> Data:
    """`value`, if its compact JSON fits the contract's 2 KB.

    Raises:
        PydanticCustomError: When it does not.
    """
    if len(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()) > MAX_DATA_BYTES:
        raise PydanticCustomError(TOO_LARGE, "data exceeds 2048 bytes")
    return value
