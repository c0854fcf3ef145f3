"""What is recorded, in one line per change: enough to see that the call was caught, without the numbers in it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from ringline_core.domain.facts import Fact, Snapshot
from ringline_core.domain.model import StationModel

_SHOWN: Final = 2
"""Last digits of a number that are shown: whoever made the call knows it again, nobody else does."""


class Watch:
    """A model of its own, and the lines about its changes."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """`tell` takes each line."""
        self._tell = tell
        self._model = StationModel("recording")
        self._model.lead(1)
        self._raised: dict[str, int] = {}
        self._last: dict[str, str] = {}
        self.is_connected = False

    def see(self, fact: Fact) -> None:
        """Take a fact in, and tell what it changes."""
        stations = sorted(self._model.apply(fact).stations)
        if isinstance(fact, Snapshot):
            self.is_connected = True
            self._line(f"the PBX tells of {len(fact.legs)} legs, {len(fact.agents)} agents, {len(fact.devices)} phones")
        for station in stations:
            document = self._model.document(station)
            events = self._events(station, document["recent"])
            line = f"{station}: {self._shown(document)}"
            if events or (line != self._last.get(station) and not isinstance(fact, Snapshot)):
                self._line(f"{station}: {', '.join(events)}{'; ' if events else ''}{self._shown(document)}")
            self._last[station] = line

    def _events(self, station: str, recent: list[dict[str, Any]]) -> list[str]:
        raised = self._raised.get(station, 0)
        self._raised[station] = max((each["n"] for each in recent), default=raised)
        new = [each for each in recent if each["n"] > raised]
        return [" ".join(str(each[key]) for key in ("event", "cause") if each.get(key)) for each in new]

    @staticmethod
    def _shown(document: dict[str, Any]) -> str:
        calls = [f"{each['leg']} with {_masked(each['remote']['number'])}" for each in document["calls"]]
        return f"{', '.join(calls) or 'no call'}; agent {document['agent']['state']}"

    def _line(self, text: str) -> None:
        self._tell(f"{time.strftime('%H:%M:%S')} {text}")


def _masked(number: str | None) -> str:
    return f"…{number[-_SHOWN:]}" if number and len(number) > 2 * _SHOWN else number or "nobody known"
