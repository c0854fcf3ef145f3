"""The desk: what the cloud knows of a station (contract, section 4)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ringline_core.wire.base import Data, Id, Instant, Label, Name, Station, WireModel


class OwedDecision(WireModel):
    """A decision that was let go and is still wanted; it never blocks."""

    interaction: Id
    call: Id
    since_at: Instant
    needs: tuple[Literal["note", "disposition"], ...] = ()


class WorkItem(WireModel):
    """An e-mail, chat or task that blocks calls while its lease lasts."""

    work: Id
    id: Id | None = None
    channel: str = Field(max_length=32)
    label: Label = ""
    lease_until_at: Instant
    blocks: tuple[str, ...] = ()


class PopGrant(WireModel):
    """Which page may pop a call."""

    call: Id
    grant: int
    page: Id
    done: bool = False


class HandoverFrom(WireModel):
    """Who handed an interaction over."""

    agent: str
    station: Station
    site: str | None = None


class Handover(WireModel):
    """What a transferring agent gave along; `by` is `agent_phone` where the phone's own keys passed the call on."""

    interaction: Id
    from_: HandoverFrom = Field(alias="from")
    kind: Literal["cold", "hot"]
    note: str = Field(default="", max_length=500)
    data: Data = Field(default_factory=dict)
    at: Instant
    by: Literal["agent_page", "agent_phone"] = "agent_page"


class Desk(WireModel):
    """Who is logged on at a station, and what they decided."""

    agent: str
    name: Name = ""
    since_at: Instant
    pages: int = 0
    drafts: tuple[Id, ...] = ()
    decided: tuple[Id, ...] = ()
    owed: tuple[OwedDecision, ...] = ()
    work: tuple[WorkItem, ...] = ()
    pop: tuple[PopGrant, ...] = ()
    handover: tuple[Handover, ...] = ()
