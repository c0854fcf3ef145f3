"""What an adapter says: facts about legs, calls, agents and stations, shaped after CSTA (ECMA-269).

Two rules make the model above the port simple:

1. A `Leg` is the whole present truth of one leg, not a delta. Within one leg facts arrive in order; facts of
   different legs may arrive in any order; a repeated fact changes nothing.
2. Nothing here is a PBX's own word. `call` is the PBX's id of a call, opaque to everybody but its adapter.

Times are integers: milliseconds since the epoch, UTC, by the PBX's clock where it tells one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from ringline_core.wire.codes import AgentStateName, By, Cause, LegState, Presentation, Verb

_NOTHING: Mapping[str, str | int | float | bool | None] = MappingProxyType({})


class LegRole(StrEnum):
    """What a leg is in its call."""

    PARTY = "party"
    """Somebody who speaks: an agent's phone, a customer."""
    HELPER = "helper"
    """The PBX's own half channels, announcers, `Local/` pairs: no party, no event."""
    MONITOR = "monitor"
    """Recorders, silent monitors, bridged appearances that did not answer: no party, no event."""


class Left(StrEnum):
    """How a leg left its call."""

    CLEARED = "cleared"
    """It was hung up, refused, or nobody took it (CSTA Connection Cleared, Failed)."""
    DIVERTED = "diverted"
    """Its call went elsewhere before an answer here (CSTA Diverted)."""
    TRANSFERRED = "transferred"
    """Its call went on without it (CSTA Transferred)."""


@dataclass(frozen=True, slots=True)
class Party:
    """Number and name of one side, as the PBX shows them."""

    number: str | None = None
    name: str | None = None
    presentation: Presentation = Presentation.UNKNOWN


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a leg.

    Attributes:
        at_ms: When.
        left: How it left; decides the event.
        cause: Why.
        by: Who ended it: a `By`, or a station's number.
        peer: Where its call went, or who took it (station or number).
    """

    at_ms: int
    left: Left = Left.CLEARED
    cause: Cause = Cause.NORMAL
    by: By | str | None = None
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """The present truth of one device's part in one call (CSTA: connection).

    Attributes:
        leg: The PBX's id of this leg; never used again for another one.
        call: The PBX's id of the call in which the leg was born. Never changes; joins are said by `Joined`.
        station: Station the device belongs to; None for outside parties and helpers.
        device: The PBX's name of the device (`PJSIP/1001`); several devices may share a station.
        state: Present state; the last one before the end when `ended` is set.
        role: Only parties are shown.
        origin: This leg made the call (dialled it, or was called back by click-to-dial).
        outside: This leg is a party outside the PBX (trunk side).
        own: The leg's own number and name, as others should see them.
        remote: The other side as the PBX shows it at this leg; None lets the model derive it from the other legs.
        dialed: Number that was dialled to reach the call, where the PBX tells it (CSTA: called device, DNIS).
        queue: Queue through which the call came.
        queued_at_ms: When this leg first entered a queue, where the PBX tells it.
        started_at_ms: When the leg began.
        answered_at_ms: First time it was connected.
        changed_at_ms: When it was resumed, mixed anew or transferred last; None where no other time tells that.
        held_at_ms: Since when it is held.
        by: Who made the newest state change: answered, held or resumed it.
        consult_of: `call` of the call that this leg's call consults about.
        transferred_by: Station that transferred this leg's call here; known from ringing on.
        bridge: The PBX's id of the mix the leg speaks in now; legs of one bridge hear each other. None: not known.
        data: Free key-values of the call.
        ended: Set once, when the leg is over.
        linkage: A name of the call that every site sees alike, where that may be relied on (CSTA: globally unique call
            linkage id, UCID).
        barred: Verbs that the PBX does not take for this leg now, though it is capable of them and the state allows
            them (CSTA: what is not among the services permitted).
    """

    leg: str
    call: str
    device: str
    state: LegState
    started_at_ms: int
    station: str | None = None
    role: LegRole = LegRole.PARTY
    origin: bool = False
    outside: bool = False
    own: Party = Party()
    remote: Party | None = None
    dialed: str | None = None
    queue: str | None = None
    queued_at_ms: int | None = None
    answered_at_ms: int | None = None
    held_at_ms: int | None = None
    changed_at_ms: int | None = None
    by: By | str | None = None
    consult_of: str | None = None
    transferred_by: str | None = None
    bridge: str | None = None
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=lambda: _NOTHING)
    ended: Ended | None = None
    linkage: str | None = None
    barred: frozenset[Verb] = frozenset()


@dataclass(frozen=True, slots=True)
class Joined:
    """Two of the PBX's calls are one story from now on: transfer, conference, pickup, or a changed call id.

    Attributes:
        call: One of them.
        other: The other one; the order means nothing.
        how: `same` when the PBX only renamed the call; else what joined them.
    """

    call: str
    other: str
    at_ms: int
    how: Literal["same", "transfer", "conference", "pickup"] = "same"


@dataclass(frozen=True, slots=True)
class Membership:
    """One queue of an agent, as the PBX lists it."""

    queue: str
    paused: bool = False
    reason: str | None = None
    penalty: int = 0


@dataclass(frozen=True, slots=True)
class Agent:
    """The present truth of the agent at a station, calls left out.

    Attributes:
        state: `logged_off`, `not_ready`, `ready`, `wrap_up` or `unknown`; `busy` is derived from the legs.
        by: Who made the newest change.
    """

    station: str
    state: AgentStateName
    since_at_ms: int
    login: str | None = None
    reason: str | None = None
    pending: AgentStateName | None = None
    queues: tuple[Membership, ...] = ()
    by: By | str | None = None


@dataclass(frozen=True, slots=True)
class Pressed:
    """The agent pressed Ready or not ready on the phone; told also where the PBX changed nothing by it."""

    station: str
    ready: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class Device:
    """The present truth of one device of a station. A station is in service while one of its devices is."""

    station: str
    device: str
    in_service: bool
    at_ms: int
    dnd: bool | None = None
    forward: str | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the PBX knows now. What is not in it is over, with cause `reconciled`."""

    at_ms: int
    legs: tuple[Leg, ...] = ()
    joins: tuple[Joined, ...] = ()
    agents: tuple[Agent, ...] = ()
    devices: tuple[Device, ...] = ()
    capabilities: Mapping[str, frozenset[Verb]] | None = None


Fact = Leg | Joined | Agent | Pressed | Device | Snapshot
"""Everything that an adapter emits."""


@dataclass(frozen=True, slots=True)
class CallLegs:
    """A call at one station in the PBX's own leg ids; what an adapter needs to carry a command out.

    Attributes:
        legs: Leg ids of this station in the call, the most advanced first; empty for verbs without a call.
        others: Leg ids of the call's other parties, the outside party first.
        consult_legs: Leg ids of this station in the consult call that belongs to it, if there is one.
    """

    legs: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    consult_legs: tuple[str, ...] = ()
