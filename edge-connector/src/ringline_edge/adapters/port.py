"""The port that every adapter fills. The model above it never learns which PBX it is.

An adapter serves one PBX session at a time and never retries: the supervisor owns all retry, and the class of the
error that ends `run` decides what happens next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.examination import Examination

Emit = Callable[[Fact], None]
"""Takes one fact, at once and without awaiting; facts of one leg are emitted in their order."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this PBX, as configured, can be asked to do.

    Attributes:
        default: Verbs of a station that `stations` does not name.
        stations: Verbs of single stations, complete lists.
    """

    default: frozenset[Verb]
    stations: Mapping[str, frozenset[Verb]] = field(default_factory=dict)

    def of(self, station: str) -> frozenset[Verb]:
        """Verbs that `station` may be asked to do."""
        return self.stations.get(station, self.default)


@dataclass(frozen=True, slots=True)
class PbxIdentity:
    """Kind and version of the PBX, as it says itself; `version` is empty until it has."""

    kind: str
    version: str = ""


class PbxAdapter(Protocol):
    """One PBX, as the edge sees it."""

    @property
    def identity(self) -> PbxIdentity:
        """Kind and version of the PBX."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What may be asked; `execute` refuses the rest."""
        ...

    async def run(self, emit: Emit) -> None:
        """Serve one PBX session until it ends: connect, emit one `Snapshot`, then every change.

        Never returns in good order; cancel it to stop.

        Raises:
            PbxUnavailableError: The PBX cannot be reached or the link ended; worth another try.
            PbxProtocolError: The PBX said something impossible; worth another try.
            PbxAuthError: The PBX refuses the credentials; another try is of no use.
        """
        ...

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """Ask the PBX to do `command`; returns once it took the request, which proves nothing yet.

        Args:
            command: A verb this station is capable of, with its arguments checked.
            calls: The legs that `command.call` means at this station, in the PBX's own ids.

        Raises:
            CommandError: `rejected_by_pbx`, `unsupported`, `number_invalid`, `not_allowed`, `pbx_down`.
        """
        ...

    @property
    def held(self) -> frozenset[str]:
        """Stations at which the PBX shows a hold of ours, whoever of us made it and when."""
        ...

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """Have no queue offer `station` a call until `unhold`; returns once that is so.

        The agent's own pauses stay as they are, queue by queue. Asked again, only the reason changes.

        Args:
            station: Which.
            reason: Of `ringline_core.domain.holds.REASONS`, as the PBX's reports may show it.
            in_call: The agent is in a call still, so that a strategy that works at its end need do nothing yet.

        Raises:
            CommandError: `unsupported` where this cannot be done at this station as it is set up, with what is lacking;
                `rejected_by_pbx`, `pbx_down`.
        """
        ...

    async def unhold(self, station: str) -> None:
        """Take a hold of ours away, and nothing else; returns once that is so.

        Raises:
            CommandError: `rejected_by_pbx`, `pbx_down`.
        """
        ...

    async def snapshot(self) -> Snapshot:
        """Ask the PBX for everything it knows now, within a running session.

        Raises:
            PbxUnavailableError: No session, or it ended meanwhile.
        """
        ...

    async def examine(self, station: str) -> Examination | None:
        """What the PBX itself says now of a station's way to its calls; None where it knows no such station.

        Raises:
            PbxUnavailableError: No session, or it ended meanwhile.
        """
        ...
