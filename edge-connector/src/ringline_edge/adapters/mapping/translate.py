"""Messages of a feed as facts, by a profile. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from ringline_core.domain.facts import Agent, Device, Ended, Fact, Leg, Snapshot
from ringline_core.wire.codes import AgentStateName, Verb
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.classes import MessageClass
from ringline_edge.adapters.mapping.expressions import Scope, Test
from ringline_edge.adapters.mapping.floor import Floor, Listing, agent_of
from ringline_edge.adapters.mapping.headed import header_of
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.rules import Play
from ringline_edge.adapters.mapping.values import Condition, Value


@dataclass(slots=True)
class Heard:
    """One message: its tree, and its class, which is None where no rule knows it."""

    scope: Scope
    known: MessageClass | None

    def holds(self, test: Test) -> bool:
        """Whether a condition holds for it."""
        return test(self.scope)


class Translator:
    """What one feed has told so far.

    Attributes:
        unmatched: Messages that no rule knew.
    """

    def __init__(self, plan: Plan, settings: Mapping[str, str]) -> None:
        """`settings` are those that the profile names."""
        profile = plan.profile
        self.floor = Floor(profile.identity)
        self.unmatched = 0
        self._plan, self._settings = plan, settings
        self._parse = documents.parser(profile.format, strip_namespaces=profile.namespaces == "stripped")
        self._memory = self.floor.memory
        self._depending = [(verb, each.when) for verb, each in plan.commands.items() if each.when is not None]
        if self._depending:
            self.floor.barred = self._barred
            self.floor.bars_across = any(_asks_of(each) for rule in profile.commands.values() for each in rule.when)

    @property
    def is_listing(self) -> bool:
        """Messages tell all that is there, and are not at their end."""
        return self.floor.listing is not None

    def hear(self, text: str, now_ms: int) -> Heard:
        """Read and classify one message.

        Raises:
            PbxProtocolError: It is none of the profile's format.
        """
        root = self._parse(text)
        scope = Scope(root, root, now_ms, self._memory, self._settings, header=header_of(text))
        known = self._plan.classes.of(scope)
        if known is None:
            self.unmatched += 1
        return Heard(scope, known)

    def facts(self, heard: Heard) -> Iterable[Fact]:
        """What a message says, in order; has to be taken to its end."""
        if heard.known is None or heard.known.rule.ignore:
            return ()
        return self._told(heard.scope, self._plan.events.get(heard.known.rule.name, ()))

    def _told(self, scope: Scope, plays: Iterable[Play]) -> Iterator[Fact]:
        for play in plays:
            yield from play(scope, self.floor)
        yield from self.floor.settle()

    def _barred(self, leg: str) -> frozenset[Verb]:
        scope = Scope(None, None, 0, self._memory, self._settings, leg)
        return frozenset(verb for verb, holds in self._depending if not holds(scope))

    def begin_list(self) -> None:
        """From now on messages tell all that is there."""
        self.floor.listing = Listing()

    def end_list(self, now_ms: int) -> list[Fact]:
        """What was not told is not there: facts of its end, for who listens already. Nobody said how, or by whom."""
        listing, self.floor.listing = self.floor.listing, None
        gone = () if listing is None else self.floor.compare(listing, self._plan.profile.session.covers)
        over: list[Fact] = [_over(each, now_ms) for each in gone]
        return [*over, *self.floor.barred_anew()] if self.floor.bars_across else over

    def drop_list(self) -> None:
        """The list did not come to its end; it says nothing about what was not told."""
        self.floor.listing = None

    def picture(self, now_ms: int) -> Snapshot:
        """Everything that is there, as one fact."""
        floor = self.floor
        agents = tuple(agent_of(each) for each in floor.agents.values())
        return Snapshot(now_ms, tuple(floor.all_legs()), (), agents, tuple(floor.devices.values()))


def _asks_of(value: Value) -> bool:
    """Whether a value or condition looks at another leg than its own."""
    inside: list[Value] = [*(value.coalesce or ()), *value.parts.values()]
    if isinstance(value, Condition):
        inside += [*(value.any or ()), *(() if value.negate is None else (value.negate,))]
    return value.of is not None or any(map(_asks_of, inside))


def _over(gone: Leg | Agent | Device, at_ms: int) -> Fact:
    match gone:
        case Leg():
            return replace(gone, ended=Ended(at_ms))
        case Agent():
            return Agent(gone.station, AgentStateName.LOGGED_OFF, at_ms)
        case Device():
            return replace(gone, in_service=False, at_ms=at_ms)
