"""What the cloud last said of each desk: who is logged on, and what they decided."""

from __future__ import annotations

from collections.abc import Mapping

from ringline_core.wire.edge import DeskForEdge, Desks


class DeskBook:
    """The newest desk of each station; kept in memory only, the cloud tells all of them after each hello."""

    def __init__(self) -> None:
        self._desks: dict[str, DeskForEdge] = {}

    @property
    def desks(self) -> Mapping[str, DeskForEdge]:
        """Desks by station."""
        return self._desks

    @property
    def logged_on(self) -> int:
        """How many desks have an agent."""
        return sum(desk.agent is not None for desk in self._desks.values())

    def take(self, frame: Desks) -> None:
        """Keep what is newer than what is known; frames arrive in any order."""
        for desk in frame.items:
            known = self._desks.get(desk.station)
            if known is None or desk.rev > known.rev:
                self._desks[desk.station] = desk
