"""Anna's desk, its gate, and calls as the gate sees them; times are milliseconds on a clock that begins at 0."""

from __future__ import annotations

from typing import Any

from ringline_core.domain.gate import SHORTEST_TALK_MS, CallSeen, StationGate
from ringline_core.wire.codes import Direction, LegState
from ringline_core.wire.edge import DeskForEdge

LONG = SHORTEST_TALK_MS


def desk(rev: int = 1, **more: Any) -> DeskForEdge:
    """Anna's desk with one page."""
    told = {"station": "1001", "rev": rev, "agent": "anna", "pages": 1, **more}
    return DeskForEdge.model_validate(told)


def gate_of(**more: Any) -> StationGate:
    """A gate with Anna at its desk."""
    gate = StationGate("1001")
    gate.take_desk(desk(**more), 0)
    return gate


def call(ident: str = "c-1", **more: Any) -> CallSeen:
    """A customer's call through the queue, being spoken."""
    seen: dict[str, Any] = {"leg": LegState.CONNECTED, "direction": Direction.INBOUND, "queue": "support"}
    return CallSeen(ident, ident.replace("c", "i"), **(seen | {"is_answered": True} | more))


def after_a_call(gate: StationGate, talk_ms: int = LONG, **more: Any) -> int:
    """One call was answered at 0 and is over; when."""
    gate.see([call(**more)], 0)
    gate.see([], talk_ms)
    return talk_ms
