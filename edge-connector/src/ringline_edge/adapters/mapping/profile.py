"""A profile: how a feed becomes facts and how commands become messages. Nothing in it is ever executed."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from ringline_core.wire.codes import Verb
from ringline_edge.adapters.mapping.talk import CommandRule, Replies, Session
from ringline_edge.adapters.mapping.transports import Framing, HttpRule, WebhookRule, WebSocketRule
from ringline_edge.adapters.mapping.values import Conditions, Format, Name, Names, Part, Paths, Template, Value, listed

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
LegField = Literal[
    "call", "device", "state", "station", "role", "origin", "outside", "own_number", "own_name", "remote_number",
    "remote_name", "dialed", "queue", "queued_at_ms", "started_at_ms", "answered_at_ms", "held_at_ms",
    "changed_at_ms", "by", "consult_of", "transferred_by", "bridge",
]  # fmt: skip


class MessageRule(Part):
    """One class of messages; the first rule that holds decides.

    Attributes:
        reply: It answers a request, see `replies`.
        ignore: It is known and says nothing.
        answer: What is sent back at once, for the PBX's own signs of life.
        use: Values of the message, by names of your own, for `answer`.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: Conditions
    reply: bool = False
    ignore: bool = False
    answer: Template | None = None
    use: dict[Name, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_used(self) -> MessageRule:
        if self.use and self.answer is None:
            raise ValueError("use is for an answer, and there is none")
        return self


class End(Part):
    """How a leg ends; values are words of `Cause`, `By` or a station, and `Left`; `at_ms` is when, else now."""

    cause: Value = Value(const="normal")
    by: Value | None = None
    left: Value = Value(const="cleared")
    at_ms: Value | None = None
    peer: Value | None = None


class Join(Part):
    """Two calls are one story; `how` as in `Joined`."""

    call: Value
    other: Value
    how: Literal["same", "transfer", "conference", "pickup"] = "same"


class AgentSaid(Part):
    """The agent at a station, as a whole; `state` is one of our words, `since_at_ms` when it began, else now."""

    station: Value
    state: Value
    login: Value | None = None
    reason: Value | None = None
    by: Value | None = None
    since_at_ms: Value | None = None


class MemberSaid(Part):
    """A station's place in one queue; who is in no queue is logged off, who is paused in all of them not ready."""

    station: Value
    queue: Value
    paused: Value | None = None
    reason: Value | None = None
    gone: bool = False


class DeviceSaid(Part):
    """A phone; `in_service` is a truth value."""

    station: Value
    device: Value
    in_service: Value
    dnd: Value | None = None
    forward: Value | None = None


class PressedSaid(Part):
    """The agent pressed Ready or not ready on the phone."""

    station: Value
    ready: Value


class EventRule(Part):
    """What a message of some classes says; exactly one of `leg`, `join`, `agent`, `member`, `device`, `pressed`.

    Attributes:
        on: Names of classes.
        each: Path to things inside of the message; the rule is played once for each, and its paths begin there.
        when: Guards; all must hold.
        leg: Key of the leg that the rest of the rule is about.
        make: A leg that is not known begins; without it, the rule says nothing about unknown legs.
        first: Fields that are set only where they have no value.
        set: Fields that are set; a value that is not there changes nothing.
        clear: Fields and memories that lose their value.
        remember: Memories by names of your own, told to nobody.
        data: Free key-values of the call.
        end: The leg is over.
    """

    on: Names
    each: str | None = Field(default=None, max_length=200)
    when: Conditions = ()
    leg: Value | None = None
    make: bool = False
    first: dict[LegField, Value] = Field(default_factory=dict)
    set: dict[LegField, Value] = Field(default_factory=dict)
    clear: tuple[str, ...] = ()
    remember: dict[str, Value] = Field(default_factory=dict)
    data: dict[str, Value] = Field(default_factory=dict)
    end: End | None = None
    join: Join | None = None
    agent: AgentSaid | None = None
    member: MemberSaid | None = None
    device: DeviceSaid | None = None
    pressed: PressedSaid | None = None

    @model_validator(mode="after")
    def _one(self) -> EventRule:
        kinds = ("leg", "join", "agent", "member", "device", "pressed")
        given = [kind for kind in kinds if kind in self.model_fields_set]
        if len(given) != 1:
            raise ValueError(f"says exactly one of {', '.join(kinds)}; has {', '.join(given) or 'none'}")
        of_legs = {"make", "first", "set", "clear", "remember", "data", "end"} & self.model_fields_set
        if self.leg is None and of_legs:
            raise ValueError(f"{', '.join(sorted(of_legs))} need a leg")
        return self


class Identity(Part):
    """How the PBX names things.

    Attributes:
        reused: It uses ids again later, so ours hold the time of the beginning too.
        call_change: What a new call id of a known leg means.
        unknown: Values of numbers and names that mean nothing is known.
        hidden: Numbers, in small letters, that mean the caller does not want to be shown.
    """

    reused: bool = False
    call_change: Literal["same", "transfer", "conference", "pickup"] = "same"
    unknown: tuple[str, ...] = ("",)
    hidden: tuple[str, ...] = ("anonymous", "restricted", "withheld")


class Sample(Part):
    """Messages and what they must lead to; played by `ringline-edge mapping test`.

    Attributes:
        settings: What stands for settings, where `a secret` would not fit; never the real ones.
    """

    name: str
    settings: dict[str, str] = Field(default_factory=dict)
    steps: tuple[SampleStep, ...]


class SampleStep(Part):
    """Messages that come, or a command that is given, and what is there afterwards.

    Attributes:
        tell: Messages, as the PBX writes them (without their frame), or objects for JSON.
        command: Verb and arguments; `legs`, `others` and `consults` are keys of legs, `password` is the agent's.
        sends: What the command must write, as templates are rendered.
        shows: Calls by station, each with the keys that it must have.
        tells: All transitions of calls so far by station, each `event cause by`.
        agents: State by station.
        unmatched: How many messages no rule knew so far.
    """

    tell: Annotated[tuple[str | dict[str, Any], ...], BeforeValidator(listed)] = ()
    command: dict[str, Any] | None = None
    sends: Annotated[tuple[Template, ...], BeforeValidator(listed)] = ()
    shows: dict[str, tuple[dict[str, Any], ...]] = Field(default_factory=dict)
    tells: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    agents: dict[str, str] = Field(default_factory=dict)
    unmatched: int | None = None


class Profile(Part):
    """The whole file.

    Attributes:
        source: Where the knowledge of the feed comes from, honestly.
        undecodable: What becomes of bytes that `encoding` does not have: a mark in their place, or the whole message is
            read in another encoding.
        redact: Paths of values that are written nowhere, neither in recordings nor in what a refusal says.
        between: Of plain text, the signs that part its fields; no value in a message of ours may hold one.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    source: str = Field(min_length=1)
    transport: Literal["tcp", "tcp-server", "sidecar", "webhook", "websocket", "poll", "pipe"] = "tcp"
    framing: Framing
    encoding: Literal["utf-8", "utf-16le", "latin-1", "cp1252"] = "utf-8"
    undecodable: Literal["replace", "latin-1", "cp1252"] = "replace"
    max_message_bytes: int = Field(default=256 * 1024, ge=64, le=MAX_MESSAGE_BYTES)
    format: Format
    namespaces: Literal["stripped", "kept"] = "stripped"
    between: str | None = Field(default=None, max_length=16)
    settings: tuple[str, ...] = ()
    redact: Paths = ()
    identity: Identity = Identity()
    webhook: WebhookRule | None = None
    http: HttpRule | None = None
    websocket: WebSocketRule | None = None
    session: Session = Session()
    messages: tuple[MessageRule, ...] = Field(min_length=1, max_length=500)
    events: tuple[EventRule, ...] = Field(default=(), max_length=500)
    replies: Replies | None = None
    commands: dict[Verb, CommandRule] = Field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
