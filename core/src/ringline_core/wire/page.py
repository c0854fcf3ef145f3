"""Messages between page and cloud (contract, section 5)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ringline_core.wire.base import (
    MAX_NOTE_BYTES,
    Counter,
    Data,
    Id,
    Instant,
    Label,
    Name,
    NoteText,
    Number,
    Station,
    WireModel,
)
from ringline_core.wire.board import BoardContent
from ringline_core.wire.codes import PROTOCOL_VERSION, ByeCode, Verb
from ringline_core.wire.command import ErrorDetail, PageCommand, Result
from ringline_core.wire.desk import Desk, Handover
from ringline_core.wire.document import MAX_DATA_BYTES, StationDocument

Channel = Annotated[str, Field(max_length=32)]
Blocks = tuple[Annotated[str, Field(max_length=32)], ...]
LeaseSeconds = Annotated[int, Field(ge=1, le=86_400)]
DEFAULT_LEASE_S = 900


class PageHello(WireModel):
    """First frame of a page."""

    t: Literal["hello"] = "hello"
    v: int = PROTOCOL_VERSION
    page: Id
    client: str = Field(max_length=64)
    station: Station | None = None
    rev: Counter | None = None
    n: Counter | None = None
    visible: bool = True
    focused: bool = False
    can_pop: bool = True
    label: Label = ""
    replaces: Id | None = None
    only_looks: bool = False


class PageState(WireModel):
    """`page`: what the server needs to rank this page."""

    t: Literal["page"] = "page"
    visible: bool
    focused: bool
    can_pop: bool
    last_input_at: Instant | None = None


class PageBeat(WireModel):
    """`beat` of a page: what it has, so that the cloud can tell whether it is behind."""

    t: Literal["beat"] = "beat"
    station: Station | None = None
    rev: Counter | None = None


class PagesRequest(WireModel):
    """Ask which pages this agent has open."""

    t: Literal["pages"] = "pages"
    id: Id


class NotePut(WireModel):
    """One revision of this agent's note on an interaction."""

    t: Literal["note.put"] = "note.put"
    id: Id
    interaction: Id
    base: Counter = 0
    text: NoteText
    fields: Data = Field(default_factory=dict)
    draft: bool = True


class WrapUpDone(WireModel):
    """A decision about an interaction that owes one."""

    t: Literal["wrap_up.done"] = "wrap_up.done"
    id: Id
    interaction: Id
    disposition: str | None = Field(default=None, max_length=64)
    nothing_to_note: bool = False


class WorkBegin(WireModel):
    """Begin a work item that blocks calls."""

    t: Literal["work.begin"] = "work.begin"
    id: Id
    work: Id
    channel: Channel
    label: Label = ""
    blocks: Blocks = ("voice",)
    ttl_s: LeaseSeconds = DEFAULT_LEASE_S


class WorkTouch(WireModel):
    """Prolong a work item's lease; what describes the item may be repeated and changes nothing."""

    t: Literal["work.touch"] = "work.touch"
    id: Id
    work: Id
    channel: Channel | None = None
    label: Label | None = None
    blocks: Blocks | None = None
    ttl_s: LeaseSeconds = DEFAULT_LEASE_S


class WorkEnd(WireModel):
    """End a work item; what describes the item may be repeated and changes nothing."""

    t: Literal["work.end"] = "work.end"
    id: Id
    work: Id
    channel: Channel | None = None
    label: Label | None = None
    blocks: Blocks | None = None
    ttl_s: LeaseSeconds | None = None


class PopMessage(WireModel):
    """This page would pop the call, has popped it, or leaves it to the next."""

    t: Literal["pop.claim", "pop.done", "pop.pass"]
    call: Id
    grant: int = Field(ge=0)


class ContextRequest(WireModel):
    """Ask for notes and earlier interactions."""

    t: Literal["context"] = "context"
    interaction: Id | None = None
    number: Number | None = None
    limit: int | None = Field(default=None, ge=1, le=50)


class Watch(WireModel):
    """A supervisor begins, goes on (`on`), or ends to look at the board; it ends by itself after 90 s."""

    t: Literal["watch"] = "watch"
    on: bool


FromPage = Annotated[
    PageHello
    | PageState
    | PageBeat
    | PagesRequest
    | PageCommand
    | NotePut
    | WrapUpDone
    | WorkBegin
    | WorkTouch
    | WorkEnd
    | PopMessage
    | ContextRequest
    | Watch,
    Field(discriminator="t"),
]
"""Everything a page may send."""


class PageLimits(WireModel):
    """Sizes a page must keep to."""

    frame_bytes: int
    note_bytes: int = MAX_NOTE_BYTES
    data_bytes: int = MAX_DATA_BYTES


class SiteStatus(WireModel):
    """How the way to the PBX is."""

    id: str
    edge: Literal["up", "down"]
    pbx: Literal["up", "down"]
    tz: str = "UTC"


class PageWelcome(WireModel):
    """The whole truth, for a page that said hello."""

    t: Literal["welcome"] = "welcome"
    v: int = PROTOCOL_VERSION
    now_at: Instant
    expires_at: Instant
    agent: str
    name: Name = ""
    roles: tuple[str, ...] = ()
    station: Station | None = None
    rev: Counter | None = None
    doc: StationDocument | None = None
    desk: Desk | None = None
    capabilities: tuple[Verb, ...] = ()
    site: SiteStatus | None = None
    limits: PageLimits
    heartbeat_s: float
    dispositions: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class StationFrame(WireModel):
    """`station`: document and desk after a change; all null after log-off or takeover."""

    t: Literal["station"] = "station"
    station: Station | None
    rev: Counter | None
    doc: StationDocument | None
    desk: Desk | None
    now_at: Instant
    seen_at: Instant | None = None
    sent_at: Instant | None = None


class NoteView(WireModel):
    """A note as `context` shows it."""

    note: Id
    interaction: Id
    rev: Counter
    author: str
    text: str
    fields: Data = Field(default_factory=dict)
    draft: bool
    at: Instant


class NoteFrame(NoteView):
    """`note`: a revision was stored."""

    t: Literal["note"] = "note"


class PreviousInteraction(WireModel):
    """An earlier interaction of the same number."""

    interaction: Id
    at: Instant
    queue: str | None = None
    agents: tuple[str, ...] = ()
    note: str = ""


class ContextFrame(WireModel):
    """Notes, hand-over and history of an interaction."""

    t: Literal["context"] = "context"
    interaction: Id | None
    notes: tuple[NoteView, ...] = ()
    data: Data = Field(default_factory=dict)
    handover: Handover | None = None
    previous: tuple[PreviousInteraction, ...] = ()
    more: bool = False


class PopFrame(WireModel):
    """`pop`: this page's rank and who holds the grant."""

    t: Literal["pop"] = "pop"
    call: Id
    rank: int
    grant: int
    page: Id | None
    done: bool
    lease_ms: int
    steal_ms: int


class OpenPage(WireModel):
    """One page that the agent has open; `since_at` is its first hello."""

    page: Id
    label: Label = ""
    focused: bool
    visible: bool
    can_pop: bool
    since_at: Instant


class PagesFrame(WireModel):
    """`pages`: the agent's open pages, the one that would pop a call first; `id` is the request's."""

    t: Literal["pages"] = "pages"
    id: Id
    pages: tuple[OpenPage, ...]


class BeatReply(WireModel):
    """The cloud's answer to a page's beat."""

    t: Literal["beat"] = "beat"
    now_at: Instant
    rev: Counter | None
    site: SiteStatus | None


class Notice(WireModel):
    """Something the agent should read."""

    t: Literal["notice"] = "notice"
    level: Literal["info", "warning", "error"]
    code: str = Field(max_length=64)
    text: str = Field(max_length=500)


class Watching(WireModel):
    """The answer to `watch`: the sites whose boards come, and until when."""

    t: Literal["watching"] = "watching"
    until_at: Instant
    sites: tuple[SiteStatus, ...]


class BoardFrame(BoardContent):
    """`board` of a site, as far as this supervisor may see it; `gone` are stations to take off."""

    t: Literal["board"] = "board"
    site: str
    gone: tuple[Station, ...] = ()


class ErrorFrame(ErrorDetail):
    """A message was refused; `ref` is its `id` where it had one."""

    t: Literal["error"] = "error"
    ref: str | None = None
    current: NoteView | None = None


class Bye(WireModel):
    """The cloud is about to close this socket."""

    t: Literal["bye"] = "bye"
    code: ByeCode
    retry_after_ms: int | None = None


ToPage = Annotated[
    PageWelcome
    | StationFrame
    | ContextFrame
    | Result
    | NoteFrame
    | PopFrame
    | PagesFrame
    | BeatReply
    | Watching
    | BoardFrame
    | Notice
    | ErrorFrame
    | Bye,
    Field(discriminator="t"),
]
"""Everything the cloud may send to a page."""
