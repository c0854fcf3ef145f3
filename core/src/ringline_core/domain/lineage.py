"""Which of the PBX's calls are one story: interactions by connected component.

A PBX's own call id is no story: transfers and conferences join calls, and some PBXes rename one of them. So the story
is worked out from facts that only ever add up (calls, who is outside, which calls were joined), and the answer depends
on the set of facts alone, never on their order.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ringline_core.domain.facts import Leg
from ringline_core.domain.linkage import Linkage
from ringline_core.ids import interaction_id


@dataclass(frozen=True, slots=True)
class Story:
    """The interaction that a call belongs to.

    Attributes:
        root: The PBX's call that names the interaction.
        was: Calls whose own interactions merged into it, oldest first.
        related: Roots of other outside parties' interactions in the same conference, oldest first.
    """

    root: str
    was: tuple[str, ...] = ()
    related: tuple[str, ...] = ()


@dataclass(slots=True)
class _Node:
    started_at_ms: int
    outside: bool = False
    joined: set[str] = field(default_factory=set)


class Lineage:
    """The calls of a PBX and how they were joined.

    Attributes:
        linkage: Reads the keys that calls bring from other sites; None before the cloud told its secret.
    """

    def __init__(self) -> None:
        """No calls yet."""
        self.linkage: Linkage | None = None
        self._nodes: dict[str, _Node] = {}
        self._stories: dict[str, Story] = {}
        self._continued: dict[str, str] = {}
        self._shared: set[str] = set()
        self._left: dict[str, list[str]] = {}

    def __contains__(self, call: str) -> bool:
        return call in self._nodes

    def see(self, call: str, started_at_ms: int, *, outside: bool) -> bool:
        """A leg of `call` exists; whether that can have changed a story."""
        node = self._nodes.get(call)
        if node is None:
            self._nodes[call] = _Node(started_at_ms, outside)
            return True
        changed = (outside and not node.outside) or started_at_ms < node.started_at_ms
        node.outside |= outside
        node.started_at_ms = min(node.started_at_ms, started_at_ms)
        if changed and node.joined:
            self._forget_stories(call)
        return changed

    def join(self, call: str, other: str, at_ms: int) -> bool:
        """Two calls are one story from now on; whether that was news."""
        if call == other or other in self._node(call, at_ms).joined:
            return False
        self._node(call, at_ms).joined.add(other)
        self._node(other, at_ms).joined.add(call)
        self._forget_stories(call)
        return True

    def component(self, call: str) -> Iterable[str]:
        """All calls that are joined with `call`, itself included."""
        node = self._nodes.get(call)
        if node is None or not node.joined:
            return (call,)
        seen, open_ends = {call}, [call]
        while open_ends:
            for neighbour in self._nodes[open_ends.pop()].joined - seen:
                seen.add(neighbour)
                open_ends.append(neighbour)
        return seen

    def story(self, call: str) -> Story:
        """The interaction of `call`."""
        node = self._nodes.get(call)
        if node is None or not node.joined:
            return Story(call)
        if call not in self._stories:
            self._stories.update(self._tell(sorted(self.component(call), key=self._age)))
        return self._stories[call]

    def go_on(self, call: str, interaction: str) -> None:
        """`call` continues an earlier interaction, of whatever site, instead of beginning its own."""
        self._continued[call] = interaction

    def link(self, leg: Leg) -> bool:
        """A call that another site knows too continues the interaction that it has there; whether that was news.

        A key goes before a name that all sites share, whichever comes first.
        """
        known = self._continued.get(leg.call)
        if known is not None and leg.call not in self._shared:
            return False
        if interaction := self._brought(leg):
            self._shared.discard(leg.call)
        elif known is None and leg.linkage:
            interaction = interaction_id("", leg.linkage)
            self._shared.add(leg.call)
        if not interaction:
            return False
        self.go_on(leg.call, interaction)
        return True

    def leave(self, call: str, interaction: str) -> None:
        """`call` was shown under another interaction before: that one has merged into the one that it continues."""
        self._left.setdefault(call, []).append(interaction)

    def _brought(self, leg: Leg) -> str | None:
        """The interaction of the key that a call brought from its beginning.

        That is a call from another site, or one that was placed so and is met again after a restart. At other legs the
        key is only on its way out, and a consultation has a story of its own until it is completed.
        """
        if self.linkage is None or not (leg.origin and leg.data) or leg.consult_of:
            return None
        texts = [each for each in leg.data.values() if isinstance(each, str)]
        return next(filter(None, (self.linkage.interaction(each, leg.started_at_ms) for each in texts)), None)

    def interaction(self, site: str, root: str) -> str:
        """Wire id of the interaction that a story's call names."""
        return self._continued.get(root) or interaction_id(site, root)

    def merged(self, site: str, story: Story) -> list[str]:
        """Wire ids that merged into the story's; a call that continues it is no other one."""
        own = self.interaction(site, story.root)
        left = (each for call in (story.root, *story.was) for each in self._left.get(call, ()))
        old = (self.interaction(site, each) for each in story.was)
        return [each for each in dict.fromkeys((*left, *old)) if each != own]

    def drop(self, calls: Iterable[str]) -> None:
        """Forget a whole component that is over."""
        for call in calls:
            self._nodes.pop(call, None)
            self._stories.pop(call, None)
            self._continued.pop(call, None)
            self._left.pop(call, None)
            self._shared.discard(call)

    def keep(self, calls: Iterable[str]) -> None:
        """Forget all but the components of `calls`; a join told late may have named calls that nobody ends again."""
        alive: set[str] = set()
        for call in calls:
            if call not in alive:
                alive.update(self.component(call))
        self.drop([call for call in self._nodes if call not in alive])

    def _node(self, call: str, at_ms: int) -> _Node:
        return self._nodes.setdefault(call, _Node(at_ms))

    def _age(self, call: str) -> tuple[int, str]:
        return (self._nodes[call].started_at_ms, call)

    def _tell(self, calls: list[str]) -> dict[str, Story]:
        """Stories of one component; `calls` oldest first."""
        outside = [call for call in calls if self._nodes[call].outside]
        main = outside[0] if outside else calls[0]
        roots = {call: call if call in outside else main for call in calls}
        heads = [call for call in calls if roots[call] == call]
        return {
            call: Story(
                root,
                tuple(each for each in calls if roots[each] == root and each != root),
                tuple(head for head in heads if head != root),
            )
            for call, root in roots.items()
        }

    def _forget_stories(self, call: str) -> None:
        for each in self.component(call):
            self._stories.pop(each, None)
