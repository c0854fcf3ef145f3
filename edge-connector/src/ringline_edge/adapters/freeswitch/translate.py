"""Events of the event socket to facts: pure, one small state per channel.

Three findings shape it. Channel-Call-State is the state before the event, so the event's own name and Answer-State are
believed. A channel's Channel-Call-UUID changes with every bridge, so a leg keeps the call it was born in. And every
event carries all of its channel, so one that was missed costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.freeswitch import calls
from ringline_edge.adapters.freeswitch.agents import Agents
from ringline_edge.adapters.freeswitch.channels import Naming, moment
from ringline_edge.adapters.freeswitch.floor import Floor
from ringline_edge.adapters.freeswitch.phones import Phones
from ringline_edge.adapters.freeswitch.protocol import Message, text

RESUME_MS: Final = 30
"""After so long a resume was one, and not the first sign of a hang-up."""

Handler = Callable[[Floor, Message, int], Iterator[Fact]]


class Translator:
    """Turns the events of sessions into facts.

    Attributes:
        naming: How this PBX names things.
        floor: What is up now.
        agents: Who is logged on where.
        phones: Who is registered.
        skipped: Events that lacked something they must have; nothing came of them.
    """

    def __init__(self, naming: Naming) -> None:
        """Knows nothing yet."""
        self.naming = naming
        self.floor = Floor(naming)
        self.agents = Agents(naming)
        self.phones = Phones(naming)
        self.skipped = 0
        self._resumes: dict[str, tuple[Message, int]] = {}

    def translate(self, message: Message, now_ms: int) -> Iterator[Fact]:
        """The facts that one event brings.

        Args:
            message: The event.
            now_ms: Used where the event carries no time.
        """
        try:
            name = message["Event-Name"]
            handler = _HANDLERS.get(name)
            at_ms = moment(message, now_ms)
            if self._resumes:
                yield from self._after_resume(name, message, at_ms)
            if name == "CHANNEL_UNHOLD":
                self._wait_for_hangup(message, at_ms)
            elif handler is not None:
                yield from handler(self.floor, message, at_ms)
            elif name == "CUSTOM":
                yield from self._custom(message, at_ms)
        except (KeyError, TypeError, ValueError, AttributeError):
            self.skipped += 1

    def _wait_for_hangup(self, message: Message, at_ms: int) -> None:
        ident = text(message, "Unique-ID")
        if ident is None:
            raise KeyError("Unique-ID")
        self._resumes[ident] = message, at_ms

    def _after_resume(self, name: str, message: Message, at_ms: int) -> Iterator[Fact]:
        """A channel that hangs up on hold is said to be resumed first; every other resume was one."""
        ident = text(message, "Unique-ID") or ""
        if name in ("CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"):
            self._resumes.pop(ident, None)
        same = "" if name == "CHANNEL_CALLSTATE" else ident
        late = [each for each, (_, then) in self._resumes.items() if each == same or at_ms - then > RESUME_MS]
        yield from self.release(late)

    def release(self, idents: Iterable[str] | None = None) -> Iterator[Fact]:
        """Tell resumes: those of some channels, or all."""
        for ident in list(self._resumes if idents is None else idents):
            message, at_ms = self._resumes.pop(ident)
            yield from calls.unhold(self.floor, message, at_ms)

    def _custom(self, message: Message, at_ms: int) -> Iterator[Fact]:
        match text(message, "Event-Subclass"):
            case "callcenter::info":
                if text(message, "CC-Action") in ("member-queue-start", "member-queue-resume"):
                    yield from calls.waits(self.floor, message, at_ms)
                else:
                    yield from self.agents.see(message, at_ms)
            case "sofia::register" | "sofia::unregister" | "sofia::expire":
                yield from self.phones.see(message, at_ms)


_HANDLERS: Final[dict[str, Handler]] = {
    "CHANNEL_CREATE": calls.create,
    "CHANNEL_PROGRESS": calls.progress,
    "CHANNEL_PROGRESS_MEDIA": calls.progress,
    "CHANNEL_CALLSTATE": calls.callstate,
    "CHANNEL_ANSWER": calls.answer,
    "CHANNEL_BRIDGE": calls.bridge,
    "CHANNEL_UNBRIDGE": calls.unbridge,
    "CHANNEL_HOLD": calls.hold,
    "CHANNEL_UUID": calls.renamed,
    "CHANNEL_HANGUP_COMPLETE": calls.hangup,
}
