"""The tenant's policy object (contract, section 6). Every key optional; the edge resolves queue, tenant, default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ringline_core.wire.base import Queue, WireModel

GateOn = Literal["queue_inbound", "direct_inbound", "outbound"]
Disposition = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class QueuePolicy(WireModel):
    """Policy keys that a queue may override."""

    gate: Literal["off", "dirty", "note", "disposition"] | None = None
    gate_on: tuple[GateOn, ...] | None = None
    on_ready_unsaved: Literal["save", "revert", "warn"] | None = None
    wrap_s: float | None = Field(default=None, ge=0, le=3600)
    limit_s: float | None = Field(default=None, ge=0, le=86400)
    cloud_away_s: float | None = Field(default=None, ge=0, le=86400)
    page_grace_s: float | None = Field(default=None, ge=0, le=86400)
    auto_log_on: bool | None = None
    missed_limit: int | None = Field(default=None, ge=0, le=1000)
    dispositions: tuple[Disposition, ...] | None = Field(default=None, max_length=50)


class Policy(QueuePolicy):
    """A tenant's policy with its per-queue overrides."""

    queues: dict[Queue, QueuePolicy] = Field(default_factory=dict)


DEFAULTS = QueuePolicy(
    gate="dirty",
    gate_on=("queue_inbound",),
    on_ready_unsaved="save",
    wrap_s=10,
    cloud_away_s=60,
    page_grace_s=60,
    auto_log_on=True,
)
"""What holds where neither the queue nor the tenant says otherwise."""
