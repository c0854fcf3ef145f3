"""Messages of a feed as facts, by a profile. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ringline_core.domain.facts import Fact, Snapshot
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.documents import Node
from ringline_edge.adapters.mapping.expressions import Scope, Test
from ringline_edge.adapters.mapping.floor import Floor, Listing, agent_of
from ringline_edge.adapters.mapping.plan import MessageClass, Plan


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
        self.floor = Floor(plan.profile.identity)
        self.unmatched = 0
        self._plan, self._settings = plan, settings

    def hear(self, text: str, now_ms: int) -> Heard:
        """Read and classify one message.

        Raises:
            PbxProtocolError: It is none of the profile's format.
        """
        profile = self._plan.profile
        root: Node = documents.parse(profile.format, text, strip_namespaces=profile.namespaces == "stripped")
        scope = Scope(root, root, now_ms, self.floor.memory, self._settings)
        known = next((each for each in self._plan.classes if each.holds(scope)), None)
        if known is None:
            self.unmatched += 1
        return Heard(scope, known)

    def facts(self, heard: Heard) -> Iterator[Fact]:
        """What a message says, in order; has to be taken to its end."""
        if heard.known is None or heard.known.rule.ignore:
            return
        for play in self._plan.events.get(heard.known.rule.name, ()):
            yield from play(heard.scope, self.floor)
        yield from self.floor.settle()

    def begin_list(self) -> None:
        """From now on messages tell all that is there."""
        self.floor.listing = Listing()

    def end_list(self) -> None:
        """What was not told is not there."""
        listing, self.floor.listing = self.floor.listing, None
        if listing is not None:
            self.floor.compare(listing, self._plan.profile.session.covers)

    def picture(self, now_ms: int) -> Snapshot:
        """Everything that is there, as one fact."""
        floor = self.floor
        agents = tuple(agent_of(each) for each in floor.agents.values())
        return Snapshot(now_ms, tuple(floor.all_legs()), (), agents, tuple(floor.devices.values()))
