"""What a call's record says: who was in the call, from when to when, and how each of them left.

The wire carries records as objects, so that an edge may say more than a cloud knows. These models read what they know
of one, also of one that an older edge made.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ringline_core.wire.base import Id, Instant, Name, Number, Queue, Station, WireModel
from ringline_core.wire.codes import Cause, Direction, Presentation

MAX_LEGS = 64
Seconds = Annotated[float, Field(ge=0, le=10**7)]


class RecordedParty(WireModel):
    """The party outside, or the other side of an internal call."""

    number: Number | None = None
    name: Name | None = None
    presentation: Presentation = Presentation.UNKNOWN


class RecordedLeg(WireModel):
    """One device's part in the call.

    Attributes:
        origin: It made the call; None by an edge that does not tell.
        queued_at: When it first entered a queue.
        held_s: For how long it was held altogether; None where the PBX does not tell.
        left: `cleared`, `diverted` or `transferred`.
        by: Who ended it: `agent_page agent_phone remote pbx`, or a station.
        peer: Where its call went.
        consult_of: The call that it consulted about.
    """

    station: Station | None = None
    number: Number | None = None
    outside: bool = False
    origin: bool | None = None
    queue: Queue | None = None
    dialed: Number | None = None
    started_at: Instant
    queued_at: Instant | None = None
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    held_s: Seconds | None = None
    left: str | None = None
    cause: Cause | None = None
    by: str | None = None
    peer: str | None = None
    transferred_by: str | None = None
    consult_of: Id | None = None


class RecordedCall(WireModel):
    """A call that is over; legs are in the order in which they began.

    Attributes:
        was: Interactions that merged into this one.
        direction: Seen from the site.
    """

    interaction: Id
    was: tuple[Id, ...] = ()
    direction: Direction | None = None
    remote: RecordedParty | None = None
    legs: tuple[RecordedLeg, ...] = Field(min_length=1, max_length=MAX_LEGS)
