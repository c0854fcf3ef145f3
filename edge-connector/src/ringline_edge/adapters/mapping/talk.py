"""Parts of a profile that say what is said to the PBX, and how its answers are understood."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.mapping.values import Conditions, Name, Part, Scalar, Seconds, Template, Value, listed


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
    """How an answer finds its request (by `id`, or in their order), and what it says.

    Attributes:
        ids: What `{id}` is in our messages: `text` that no other session ever used, or a number from 1 up to this one,
            and then from 1 again.
    """

    id: Value | None = None
    ids: Literal["text"] | Annotated[int, Field(ge=99, lt=2**63)] = "text"
    ok: Conditions = ()
    text: Value | None = None
    errors: tuple[ErrorRule, ...] = ()


class LoginStep(Part):
    """One message of the handshake; `expect` waits for an answer that is good, else the credentials are refused.

    Attributes:
        send: What we say; without it, which only the first step may be, the PBX says something first.
        timeout_s: How long the answer may take; the edge's `reply_timeout_s` without it.
        capture: Values of the answer, by names of your own; templates have them as `{session.NAME}` from then on.
    """

    send: Template | None = None
    expect: bool = True
    timeout_s: Seconds | None = None
    capture: dict[Name, Value] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_answer(self) -> LoginStep:
        if self.send is None and not self.expect:
            raise ValueError("needs something to send or to wait for")
        if (self.capture or self.timeout_s is not None) and not self.expect:
            raise ValueError("no answer is waited for, so nothing is captured and nothing takes time: expect")
        return self


class SnapshotStep(Part):
    """One question for what is there now; the answer's messages are read by the events' rules up to `until`.

    Attributes:
        timeout_s: How long that may take; the edge's `reply_timeout_s` without it.
    """

    send: Template
    until: Conditions = ()
    timeout_s: Seconds | None = None


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
        once: A message for which this is the same as for an earlier one of the session is passed over.
        logout: Said at the end, where the link still stands.
    """

    login: tuple[LoginStep, ...] = ()
    snapshot: tuple[SnapshotStep, ...] = ()
    covers: tuple[Literal["legs", "agents", "devices"], ...] = ("legs", "agents", "devices")
    heartbeat: Heartbeat | None = None
    sequence: Value | None = None
    once: Value | None = None
    logout: Template | None = None


class CommandRule(Part):
    """How a verb becomes messages.

    Attributes:
        when: What must be remembered of the call's leg for the PBX to take the verb; until then it is not offered.
        send: The message, or several, each sent when the one before was answered.
        each: Send once for each queue or digit of the command, as `{queue}` or `{digit}`.
        use: Values made of the command's own (`get: state`), for templates.
        remember: Memories that the command's leg gets before it is sent, and loses if it is refused.
        capture: Values of each answer, by names of your own; the messages after it have them as `{answer.NAME}`.
        reply: Whether an answer is waited for.
        timeout_s: How long.
    """

    when: Conditions = ()
    send: Annotated[tuple[Template, ...], BeforeValidator(listed)]
    each: Literal["queues", "digits"] | None = None
    use: dict[str, Value] = Field(default_factory=dict)
    remember: dict[str, Scalar] = Field(default_factory=dict)
    capture: dict[Name, Value] = Field(default_factory=dict)
    reply: bool = True
    timeout_s: Seconds = 5

    @model_validator(mode="after")
    def _has_answer(self) -> CommandRule:
        if self.capture and not self.reply:
            raise ValueError("no answer is waited for, so nothing is captured: reply")
        return self
