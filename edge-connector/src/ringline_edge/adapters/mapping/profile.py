"""A profile: how a feed becomes facts and how commands become messages. Nothing in it is ever executed."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field, model_validator

from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.adapters.mapping.values import Condition, Part, Scalar, Value, listed

MAX_MESSAGE_BYTES = 4 * 1024 * 1024
Format = Literal["fields", "json", "xml", "form"]
Conditions = Annotated[tuple[Condition, ...], BeforeValidator(listed)]
Names = Annotated[tuple[str, ...], BeforeValidator(listed)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
HEADER: Final = r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$"
Seconds = Annotated[float, Field(gt=0, le=3600)]
LegField = Literal[
    "call", "device", "state", "station", "role", "origin", "outside", "own_number", "own_name", "remote_number",
    "remote_name", "dialed", "queue", "queued_at_ms", "started_at_ms", "answered_at_ms", "held_at_ms",
    "changed_at_ms", "by", "consult_of", "transferred_by", "bridge",
]  # fmt: skip
Template = str | dict[str, Any]
"""Of a message to the PBX: text for XML, header by header or key by key for the others; `{name}` stands for a value."""


class Framing(Part):
    """How messages are cut from the stream of bytes.

    Attributes:
        separator: Of `decimal`, between length and message.
        size: Of `header`, bytes of the whole header.
        at: Of `header`, where the length begins.
        width: Of `header`, its bytes.
        form: Of `header`, how the length is written.
        includes_header: Of `header`, whether the length counts the header too.
    """

    kind: Literal["newline", "blank_line", "nul", "stx_etx", "decimal", "header", "xml_document", "whole"]
    separator: str = Field(default="\n", min_length=1, max_length=4)
    size: int = Field(default=4, ge=1, le=64)
    at: int = Field(default=0, ge=0, le=63)
    width: int = Field(default=4, ge=1, le=16)
    form: Literal["big", "little", "decimal", "hex"] = "big"
    includes_header: bool = False

    @model_validator(mode="before")
    @classmethod
    def _word(cls, data: Any) -> Any:
        return {"kind": data} if isinstance(data, str) else data

    @model_validator(mode="after")
    def _fits(self) -> Framing:
        if self.at + self.width > self.size:
            raise ValueError("the length field ends behind the header: at + width must not be over size")
        if any(sign.isdecimal() for sign in self.separator):
            raise ValueError("a separator has no digits")
        return self


class MessageRule(Part):
    """One class of messages; the first rule that holds decides.

    Attributes:
        reply: It answers a request, see `replies`.
        ignore: It is known and says nothing.
        answer: What is sent back at once, for the PBX's own signs of life.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    when: Conditions
    reply: bool = False
    ignore: bool = False
    answer: Template | None = None


class End(Part):
    """How a leg ends; values are words of `Cause`, `By` or a station, and `Left`."""

    cause: Value = Value(const="normal")
    by: Value | None = None
    left: Value = Value(const="cleared")
    peer: Value | None = None


class Join(Part):
    """Two calls are one story; `how` as in `Joined`."""

    call: Value
    other: Value
    how: Literal["same", "transfer", "conference", "pickup"] = "same"


class AgentSaid(Part):
    """The agent at a station, as a whole; `state` is one of our words."""

    station: Value
    state: Value
    login: Value | None = None
    reason: Value | None = None
    by: Value | None = None


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


class ErrorRule(Part):
    """What a refusal of the PBX means; `status` are those of HTTP."""

    when: Conditions = ()
    status: Annotated[tuple[int, ...], BeforeValidator(listed)] = ()
    code: Literal["rejected_by_pbx", "number_invalid", "not_allowed", "unsupported", "no_such_call"]

    @model_validator(mode="after")
    def _asks(self) -> ErrorRule:
        if not self.when and not self.status:
            raise ValueError("needs when or status")
        return self

    @property
    def error(self) -> ErrorCode:
        """The code of the contract."""
        return ErrorCode(self.code)


class Replies(Part):
    """How an answer finds its request (by `id`, or in their order), and what it says."""

    id: Value | None = None
    ok: Conditions = ()
    text: Value | None = None
    errors: tuple[ErrorRule, ...] = ()


class LoginStep(Part):
    """One message of the handshake; `expect` waits for an answer that is good, else the credentials are refused.

    Attributes:
        capture: Values of the answer, by names of your own; templates have them as `{session.NAME}` from then on.
    """

    send: Template
    expect: bool = True
    capture: dict[Name, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_answer(self) -> LoginStep:
        if self.capture and not self.expect:
            raise ValueError("nothing is captured where no answer is waited for: expect")
        return self


class SnapshotStep(Part):
    """One question for what is there now; the answer's messages are read by the events' rules up to `until`."""

    send: Template
    until: Conditions = ()


class Heartbeat(Part):
    """`send` goes out every `every_s`; a link silent for `silence_s` is lost."""

    every_s: Seconds = 15
    send: Template | None = None
    silence_s: Seconds = 60


class Session(Part):
    """What happens on a new link, in this order.

    Attributes:
        covers: What the snapshot lists in full; without a snapshot, what is not known any more on a new link.
        sequence: Number of a message; one that comes again is passed over, after a gap the session begins anew.
        logout: Said at the end, where the link still stands.
    """

    login: tuple[LoginStep, ...] = ()
    snapshot: tuple[SnapshotStep, ...] = ()
    covers: tuple[Literal["legs", "agents", "devices"], ...] = ("legs", "agents", "devices")
    heartbeat: Heartbeat | None = None
    sequence: Value | None = None
    logout: Template | None = None


class WebhookRule(Part):
    """Where the PBX posts its messages, and how it proves who it is.

    Attributes:
        secret: Name of the setting with the shared secret.
        header: Which header holds the secret itself, or the signature.
        signature: An HMAC by the secret over the body, by this digest.
        encoding: Of the signature.
        prefix: Stands before the signature.
    """

    path: str = Field(default="/", pattern=r"^/[A-Za-z0-9/_.~-]*$")
    secret: str
    header: str = Field(pattern=HEADER)
    signature: Literal["sha1", "sha256", "sha512"] | None = None
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""


class HttpRule(Part):
    """Where the PBX takes requests: `base` names the setting with its address, `headers` go with each.

    Attributes:
        every_s: For `transport: poll`, how often the snapshot is asked for.
    """

    base: str
    every_s: Seconds | None = None
    headers: dict[str, str] = Field(default_factory=dict)


class WebSocketRule(Part):
    """Which WebSocket of the PBX the feed is; settings may stand in `path` and `headers`."""

    path: str = "/"
    headers: dict[str, str] = Field(default_factory=dict)
    protocols: tuple[str, ...] = ()


class HttpTemplate(Part):
    """One request; values in `path` and `headers` are escaped for these, those of `body` by the format."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    path: str = Field(pattern=r"^/[^\s#]*$")
    headers: dict[str, str] = Field(default_factory=dict)
    body: Template | None = None


class CommandRule(Part):
    """How a verb becomes messages.

    Attributes:
        send: The message, or several, each sent when the one before was answered.
        each: Send once for each queue or digit of the command, as `{queue}` or `{digit}`.
        use: Values made of the command's own (`get: state`), for templates.
        remember: Memories that the command's leg gets before it is sent, and loses if it is refused.
        reply: Whether an answer is waited for.
        timeout_s: How long.
    """

    send: Annotated[tuple[Template, ...], BeforeValidator(listed)]
    each: Literal["queues", "digits"] | None = None
    use: dict[str, Value] = Field(default_factory=dict)
    remember: dict[str, Scalar] = Field(default_factory=dict)
    reply: bool = True
    timeout_s: Seconds = 5


class Sample(Part):
    """Messages and what they must lead to; played by `ringline-edge mapping test`."""

    name: str
    steps: tuple[SampleStep, ...]


class SampleStep(Part):
    """Messages that come, or a command that is given, and what is there afterwards.

    Attributes:
        tell: Messages, as the PBX writes them (without their frame), or objects for JSON.
        command: Verb and arguments; `legs`, `others` and `consults` are keys of legs.
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
    """The whole file. `source` says where the knowledge of the feed comes from, honestly."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")
    source: str = Field(min_length=1)
    transport: Literal["tcp", "tcp-server", "sidecar", "webhook", "websocket", "poll"] = "tcp"
    framing: Framing
    encoding: Literal["utf-8", "utf-16le", "latin-1", "cp1252"] = "utf-8"
    max_message_bytes: int = Field(default=256 * 1024, ge=64, le=MAX_MESSAGE_BYTES)
    format: Format
    namespaces: Literal["stripped", "kept"] = "stripped"
    settings: tuple[str, ...] = ()
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
