"""What the running edge knows of a station, told on loopback to whoever looks for a fault; no number of a caller."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict

from ringline_core.domain.gate import StationGate
from ringline_core.domain.model import StationModel
from ringline_core.wire.base import ms_to_rfc3339
from ringline_edge.availability.gates import Gates
from ringline_edge.availability.holding import Holding
from ringline_edge.desks import DeskBook


class OwingView(BaseModel):
    """A decision that keeps the agent from calls, or that was let go (`ask: owe`)."""

    model_config = ConfigDict(frozen=True)

    interaction: str
    since_at: str
    needs: tuple[str, ...] = ()
    ask: str | None = None


class WorkView(BaseModel):
    """A work item that blocks calls."""

    model_config = ConfigDict(frozen=True)

    work: str
    channel: str
    lease_until_at: str


class StationView(BaseModel):
    """One station.

    Attributes:
        state: The agent's, as pages show it; likewise `reason` and `state_since_at`.
        agent: Who is logged on, as the cloud told.
        queues: That the agent is mapped to.
        wanted: The hold that is to be, and `kept` the one that the PBX keeps.
        unholdable: Why no hold can be made here; empty where one can.
        page_gone_since_at: Since when the agent has no page.
    """

    model_config = ConfigDict(frozen=True)

    station: str
    state: str = "logged_off"
    reason: str | None = None
    state_since_at: str | None = None
    agent: str | None = None
    queues: tuple[str, ...] = ()
    pages: int = 0
    wanted: str | None = None
    kept: str | None = None
    unholdable: str = ""
    owing: tuple[OwingView, ...] = ()
    work: tuple[WorkView, ...] = ()
    page_gone_since_at: str | None = None


class Views:
    """Looks into the parts of the edge."""

    def __init__(self, model: StationModel, desks: DeskBook, gates: Gates, holding: Holding) -> None:
        self._model, self._desks, self._gates, self._holding = model, desks, gates, holding

    def all(self) -> list[StationView]:
        """Every station that the PBX or the cloud told of."""
        return [self.of(station) for station in sorted({*self._model.stations, *self._desks.desks})]

    def of(self, station: str) -> StationView:
        """One station; an unknown one has a view, too, and an empty one."""
        desk, gate = self._desks.desks.get(station), self._gates.of(station)
        shown = self._model.document(station)["agent"] if station in self._model.stations else {}
        view = StationView(
            station=station,
            state=shown.get("state", "logged_off"),
            reason=shown.get("reason"),
            state_since_at=shown.get("since_at"),
            unholdable=self._holding.impossible.get(station, ""),
            agent=desk.agent if desk else None,
            queues=desk.queues if desk else (),
            pages=desk.pages if desk else 0,
        )
        if gate is None:
            return view
        now_ms = round(datetime.now(UTC).timestamp() * 1000)
        wanted, kept = gate.wanted(now_ms), self._holding.kept(station)
        return view.model_copy(
            update={
                "wanted": wanted.value if wanted else None,
                "kept": kept.value if kept else None,
                "owing": tuple(_owing(gate)),
                "work": tuple(_work(gate)),
                "page_gone_since_at": _at(gate.kept.gone_since_ms),
            }
        )


def _owing(gate: StationGate) -> Iterator[OwingView]:
    for each in gate.kept.entries.values():
        yield OwingView(
            interaction=each.interaction, since_at=ms_to_rfc3339(each.since_ms), needs=gate.needs(each), ask=each.ask
        )


def _work(gate: StationGate) -> Iterator[WorkView]:
    for item in gate.desk.work if gate.desk else ():
        yield WorkView(work=item.work, channel=item.channel, lease_until_at=item.lease_until_at.isoformat())


def _at(moment_ms: int | None) -> str | None:
    return None if moment_ms is None else ms_to_rfc3339(moment_ms)
