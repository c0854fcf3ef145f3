"""Which pauses the agent made by the phone's own keys, and which were ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from ringline_core.domain.facts import Pressed
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.protocol import Message

LATE_MS = 2_000
"""A loaded PBX tells what an action did after it has answered the action, and the next one too."""


class OwnPauses:
    """Pauses that we asked for and whose events have not come yet.

    The PBX tells a pause also where the member was paused already, and that is how a Ready shows that was pressed by an
    agent who was not paused at all, but held.
    """

    def __init__(self, naming: Naming) -> None:
        """`naming` tells stations from interfaces."""
        self._naming = naming
        self._due: dict[tuple[str, str, str], list[float]] = {}

    def expect(self, headers: Mapping[str, str | Sequence[str]]) -> None:
        """A QueuePause with these headers is about to be asked."""
        key = (str(headers.get("Queue")), str(headers.get("Interface")), str(headers.get("Paused")))
        self._due.setdefault(key, []).append(inf)

    def settled(self, now_ms: int) -> None:
        """All that was asked is answered: what has had no event until `LATE_MS` from now has none."""
        kept = {key: [min(each, now_ms + LATE_MS) for each in until] for key, until in self._due.items()}
        self._due = {key: live for key, until in kept.items() if (live := [each for each in until if each > now_ms])}

    def pressed(self, message: Message, at_ms: int, now_ms: int) -> Pressed | None:
        """What an agent pressed; None for an event of our own doing, or of no station.

        Args:
            message: A QueueMemberPause event.
            at_ms: When, by the PBX's clock.
            now_ms: By ours.
        """
        paused = message.get("Paused") == "1"
        interface = message.get("Interface") or message.get("Location") or ""
        due = self._due.get((message.get("Queue", ""), interface, "true" if paused else "false"), [])
        while due:
            if due.pop(0) >= now_ms:
                return None
        station = self._naming.station(interface)
        return None if station is None else Pressed(station, not paused, at_ms)
