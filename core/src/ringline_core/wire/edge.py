"""Messages between edge and cloud (contract, section 6)."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from ringline_core.wire.base import Counter, Id, Instant, Name, Queue, Reason, Station, WireModel
from ringline_core.wire.board import BoardContent, LeftStation
from ringline_core.wire.codes import PROTOCOL_VERSION, ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand, Result
from ringline_core.wire.desk import WorkItem
from ringline_core.wire.document import StationDocument, WrapUpEntry
from ringline_core.wire.page import Bye
from ringline_core.wire.policy import Policy

Frame = Annotated[int, Field(ge=0, lt=2**53)]
Epoch = Annotated[int, Field(ge=0, lt=2**31)]
SEQ_LIMIT = 2**40
"""`seq` stays below this, so that `epoch * 2**40 + seq` orders across epochs."""


class PbxInfo(WireModel):
    """What PBX the edge speaks to."""

    kind: str = Field(max_length=32)
    version: str = Field(default="", max_length=64)


class EdgeHello(WireModel):
    """First frame of an edge on a socket."""

    t: Literal["hello"] = "hello"
    frame: Frame
    v: int = PROTOCOL_VERSION
    edge: Id
    session: Id
    software: str = Field(max_length=64)
    pbx: PbxInfo
    capabilities: tuple[Verb, ...] = ()


class StationState(WireModel):
    """The newest document of one station."""

    station: Station
    seq: Annotated[int, Field(ge=1, lt=SEQ_LIMIT)]
    doc: StationDocument
    rang: tuple[Id, ...] = ()
    seen_at: Instant | None = None

    @model_validator(mode="after")
    def _is_its_own(self) -> StationState:
        if self.doc.station != self.station:
            raise ValueError("the document is of another station")
        return self


class State(WireModel):
    """Documents of the stations that changed."""

    t: Literal["state"] = "state"
    frame: Frame
    epoch: Epoch
    stations: tuple[StationState, ...] = Field(min_length=1)
    sent_at: Instant | None = None


class Snapshot(WireModel):
    """Begin or end of a full snapshot."""

    t: Literal["snapshot"] = "snapshot"
    frame: Frame
    epoch: Epoch
    phase: Literal["begin", "end"]


class CallRecord(WireModel):
    """One call's record; a higher version replaces a lower one."""

    call: Id
    version: Annotated[int, Field(ge=1, lt=2**53)]
    record: dict[str, JsonValue]

    @field_validator("record")
    @classmethod
    def _is_json(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        json.dumps(value, allow_nan=False)
        return value


class Records(WireModel):
    """Call records of the `log` lane, acked as a whole."""

    t: Literal["records"] = "records"
    frame: Frame
    items: tuple[CallRecord, ...] = Field(min_length=1)


class EdgeResult(Result):
    """How far a command has come at the PBX."""

    frame: Frame


class HeldStation(WireModel):
    """A station with holds of the cloud's making, and the desk `rev` the edge has."""

    station: Station
    rev: Counter


class EdgeBeat(WireModel):
    """The edge is alive, and how full its spool is."""

    t: Literal["beat"] = "beat"
    frame: Frame
    epoch: Epoch
    spool: Counter = 0
    pbx: Literal["up", "down"]
    held: tuple[HeldStation, ...] = ()


class Board(BoardContent):
    """The board of the site, while somebody looks; `left` tells whom to take off."""

    t: Literal["board"] = "board"
    frame: Frame
    epoch: Epoch
    left: tuple[LeftStation, ...] = ()


class Release(WireModel):
    """The edge gives its lease up."""

    t: Literal["release"] = "release"
    frame: Frame
    epoch: Epoch


FromEdge = Annotated[
    EdgeHello | State | Snapshot | Records | EdgeResult | EdgeBeat | Board | Release,
    Field(discriminator="t"),
]
"""Everything an edge may send."""


class EdgeLimits(WireModel):
    """The rhythm and sizes that the cloud asks of an edge."""

    beat_s: float
    lease_s: float
    frame_bytes: int
    window: int = 4


class EdgeWelcome(WireModel):
    """The answer to an edge's hello; `linkage_secret` signs keys that ride with calls between sites."""

    t: Literal["welcome"] = "welcome"
    frame: Frame | None = None
    role: Literal["active", "standby"]
    epoch: Epoch
    now_at: Instant
    limits: EdgeLimits
    linkage_secret: str | None = Field(default=None, min_length=32, max_length=128, repr=False)


class RejectedStation(WireModel):
    """A document that was not taken, and why."""

    station: Station
    code: ErrorCode


class Ack(WireModel):
    """A frame was handled; with `code` it was refused as a whole."""

    t: Literal["ack"] = "ack"
    frame: Frame
    epoch: Epoch | None = None
    rejected: tuple[RejectedStation, ...] = ()
    code: ErrorCode | None = None


class EdgeBeatReply(WireModel):
    """The cloud's answer to an edge's beat; in `free_in_ms` the lead is free for a standby, unless it is prolonged."""

    t: Literal["beat"] = "beat"
    frame: Frame
    now_at: Instant
    role: Literal["active", "standby"]
    epoch: Epoch
    free_in_ms: int | None = Field(default=None, ge=0)


class DeskForEdge(WireModel):
    """What an edge must know of a desk."""

    station: Station
    rev: Counter
    agent: str | None = None
    login: str | None = None
    queues: tuple[Queue, ...] = ()
    name: Name = ""
    pages: int = 0
    drafts: tuple[Id, ...] = ()
    decided: tuple[Id, ...] = ()
    work: tuple[WorkItem, ...] = ()
    wrap_up: tuple[WrapUpEntry, ...] = ()
    held: Reason | None = None
    policy: Policy = Policy()


class Desks(WireModel):
    """Desks of a site; after hello all of them, later those that changed."""

    t: Literal["desks"] = "desks"
    items: tuple[DeskForEdge, ...]
    part: int = 1
    parts: int = 1


class WatchOrder(WireModel):
    """`watch`: somebody looks at the board until then; with `whole` it is told anew from its beginning."""

    t: Literal["watch"] = "watch"
    until_at: Instant
    whole: bool = False


class Lead(WireModel):
    """This edge leads, or stands by, from now on."""

    t: Literal["lead", "standby"]
    epoch: Epoch


ToEdge = Annotated[
    EdgeWelcome | Ack | EdgeBeatReply | EdgeCommand | Desks | WatchOrder | Lead | Bye,
    Field(discriminator="t"),
]
"""Everything the cloud may send to an edge."""
