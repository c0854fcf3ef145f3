"""What is known of an agent beside the PBX: holds of ours, and decisions that are owed."""

from __future__ import annotations

from dataclasses import dataclass

from ringline_core.domain.holds import HoldKind


@dataclass(frozen=True, slots=True)
class Owing:
    """One entry of the document's `wrap_up`; ids are the wire's, times milliseconds by the cloud's clock."""

    interaction: str
    call: str
    queue: str | None
    since_ms: int
    limit_at_ms: int | None = None
    needs: tuple[str, ...] = ()
    ask: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a station's document shows of the gate.

    Attributes:
        hold: The hold that the PBX keeps for us now.
        since_ms: Since when.
        wrap_up: What owes a decision.
        conflict: The work item that a ringing call collides with.
    """

    hold: HoldKind | None = None
    since_ms: int = 0
    wrap_up: tuple[Owing, ...] = ()
    conflict: str | None = None


NOTHING = Standing()
