"""Which pauses the agent made by the phone's own keys, and which were ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ringline_core.domain.facts import Pressed
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.protocol import Message


class OwnPauses:
    """Pauses that we asked for and whose events have not come yet.

    The PBX tells a pause also where the member was paused already, and that is how a Ready shows that was pressed by an
    agent who was not paused at all, but held.
    """

    def __init__(self, naming: Naming) -> None:
        """`naming` tells stations from interfaces."""
        self._naming = naming
        self._due: Counter[tuple[str, str]] = Counter()

    def expect(self, headers: Mapping[str, str | Sequence[str]]) -> None:
        """A QueuePause with these headers is about to be asked."""
        if "Paused" in headers and "Interface" in headers:
            self._due[str(headers.get("Queue")), str(headers["Paused"])] += 1

    def settled(self) -> None:
        """All that was asked has had its events."""
        self._due.clear()

    def pressed(self, message: Message, at_ms: int) -> Pressed | None:
        """What an agent pressed; None for an event of our own doing, or of no station.

        Args:
            message: A QueueMemberPause event.
            at_ms: When.
        """
        paused = message.get("Paused") == "1"
        key = (message.get("Queue", ""), "true" if paused else "false")
        if self._due[key] > 0:
            self._due[key] -= 1
            return None
        station = self._naming.station(message.get("Interface") or message.get("Location") or "")
        return None if station is None else Pressed(station, not paused, at_ms)
