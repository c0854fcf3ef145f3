"""What a scenario is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from ringline_edge.conformance.stage import Stage

WORLD: Final = {
    "queue": "a queue, support, at 5000",
    "pickup": "a key that takes what rings at another phone",
    "transfer_keys": "phones that transfer by keys of their own",
    "second_device": "a second device at station 1003",
    "monitor": "somebody who listens in, unheard",
    "restart": "a restart that ends all calls",
    "outside": "a way to outside numbers",
    "along": "a way out that takes call data along",
}
"""What a scenario may need beside phones and callers."""

Play = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story.

    Attributes:
        name: One word, as reports name it.
        story: In one sentence.
        needs: Of `WORLD`.
        play: Plays it; raises what `stage` raises.
    """

    name: str
    story: str
    needs: frozenset[str]
    play: Play


class Plays:
    """The scenarios of one module, in their order."""

    def __init__(self) -> None:
        self._all: list[Scenario] = []

    def __call__(self, *needs: str) -> Callable[[Play], Play]:
        """Make a function a scenario; its name and docstring are the scenario's."""

        def add(play: Play) -> Play:
            story = (play.__doc__ or "").strip().splitlines()[0]
            self._all.append(Scenario(getattr(play, "__name__", "?"), story, frozenset(needs), play))
            return play

        return add

    @property
    def all(self) -> tuple[Scenario, ...]:
        """Everything that was added."""
        return tuple(self._all)
