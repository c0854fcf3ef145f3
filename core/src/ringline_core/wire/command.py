"""Commands and their results, as pages send them and edges receive them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from ringline_core.wire.base import Data, Id, Instant, Name, NoteText, Number, Queue, Reason, Station, WireModel
from ringline_core.wire.codes import ErrorCode, RejectReason, Stage, Verb
from ringline_core.wire.document import bounded_data

DEFAULT_TTL_MS = 8000
LONGEST_TTL_MS = 600_000


OURS = "ringline:"
"""Begins the reasons of our own making: by them alone a PBX's pauses are known to be holds of ours."""


class Arguments(WireModel):
    """Arguments of all verbs; the services check which verb needs which."""

    call: Id | None = None
    to: Number | None = None
    data: Data | None = None
    note: NoteText | None = None
    caller_id: Number | None = None
    account: str | None = Field(default=None, max_length=64)
    interaction: Id | None = None
    reason: Reason | None = None
    digits: str | None = Field(default=None, pattern=r"^[0-9A-D*#]{1,64}$")
    state: Literal["ready", "not_ready"] | None = None
    after_call: bool | None = None
    takeover: bool | None = None
    force: bool | None = None

    @field_validator("data")
    @classmethod
    def _data_fits(cls, value: Data | None) -> Data | None:
        return None if value is None else bounded_data(value)


class PageCommand(Arguments):
    """`command` from a page."""

    t: Literal["command"] = "command"
    id: Id
    verb: Verb
    station: Station | None = None
    ttl_ms: int = Field(default=DEFAULT_TTL_MS, ge=0, le=LONGEST_TTL_MS)

    @model_validator(mode="after")
    def _reason_is_known(self) -> PageCommand:
        if self.verb is Verb.REJECT and self.reason is not None and self.reason not in tuple(RejectReason):
            raise ValueError(f"reason: one of {', '.join(RejectReason)}")
        if self.verb is Verb.SET_STATE and self.reason is not None and self.reason.startswith(OURS):
            raise ValueError(f"reason: {OURS} begins the reasons that Ringline itself sets")
        return self


class EdgeCommand(Arguments):
    """`command` to an edge; `deadline_at` is the cloud's clock, to start by."""

    t: Literal["command"] = "command"
    id: Id
    verb: Verb
    station: Station
    deadline_at: Instant
    login: str | None = Field(default=None, max_length=64)
    queues: tuple[Queue, ...] | None = None
    name: Name | None = None
    by: Literal["supervisor"] | None = None


class ErrorDetail(WireModel):
    """A code and one sentence for people."""

    code: ErrorCode
    text: str = Field(max_length=500)


class Result(WireModel):
    """How far a command has come; sent by edges to the cloud and by the cloud to pages."""

    t: Literal["result"] = "result"
    id: Id
    stage: Stage
    already: bool | None = None
    error: ErrorDetail | None = None


REQUIRED: dict[Verb, tuple[str, ...]] = {
    Verb.SET_STATE: ("state",),
    Verb.PLACE: ("to",),
    Verb.ANSWER: ("call",),
    Verb.REJECT: ("call", "reason"),
    Verb.DROP: ("call",),
    Verb.HOLD: ("call",),
    Verb.RESUME: ("call",),
    Verb.TRANSFER: ("call", "to"),
    Verb.CONSULT: ("call", "to"),
    Verb.COMPLETE: ("call",),
    Verb.CANCEL: ("call",),
    Verb.SWAP: ("call",),
    Verb.CONFERENCE: ("call",),
    Verb.DTMF: ("call", "digits"),
    Verb.ATTACH: ("call", "data"),
}
"""Arguments that a verb cannot do without."""


def missing_arguments(command: Arguments, verb: Verb) -> tuple[str, ...]:
    """Names of the arguments that `verb` needs and `command` lacks."""
    return tuple(name for name in REQUIRED.get(verb, ()) if getattr(command, name) is None)
