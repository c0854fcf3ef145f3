"""What a PBX says of one station's way to its calls, asked by a human who wonders (`ringline-edge doctor`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ringline_core.domain.facts import Snapshot
from ringline_core.wire.codes import LegState

PhoneWord = Literal["free", "in_use", "ringing", "unavailable", "invalid", "unknown"]
"""What a queue takes a member's phone for; `invalid`: what it watches does not exist."""


@dataclass(frozen=True, slots=True)
class Seat:
    """A station's place in one queue, as the PBX lists it.

    Attributes:
        reason: Of the pause, as the PBX shows it; empty for none.
        phone: What the queue takes its phone for.
        watches: Whose state that is, where the PBX tells.
        rivals: Penalty of the best other member who is free now; None where nobody else is.
    """

    queue: str
    paused: bool
    reason: str = ""
    penalty: int = 0
    phone: PhoneWord = "unknown"
    watches: str = ""
    rivals: int | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """All that the PBX tells of whether a station gets its queues' calls.

    Attributes:
        in_service: Whether a phone is there; None where the PBX does not tell.
        dnd: Do not disturb, None likewise.
        forward: Where its calls go instead.
        talks: Whether it is in a call, or rung by one.
        held: Whether a hold of ours is on it at the PBX.
        lacks: Why no hold can be made here; empty where one can.
    """

    in_service: bool | None
    seats: tuple[Seat, ...]
    dnd: bool | None = None
    forward: str | None = None
    talks: bool = False
    held: bool = False
    lacks: str = ""


def of_snapshot(snapshot: Snapshot, station: str, *, held: frozenset[str]) -> Examination | None:
    """What a snapshot alone tells; enough for a PBX whose queues go by what their members say."""
    devices = [device for device in snapshot.devices if device.station == station]
    agent = next((each for each in snapshot.agents if each.station == station), None)
    if agent is None and not devices:
        return None
    away = {each.station for each in snapshot.devices if not each.in_service}
    ringing = {leg.station for leg in snapshot.legs if leg.state is LegState.ALERTING}
    busy = {leg.station for leg in snapshot.legs} - ringing
    word: PhoneWord = "free"
    if station in away:
        word = "unavailable"
    elif station in ringing | busy:
        word = "ringing" if station in ringing else "in_use"
    free = {each.station for each in snapshot.agents} - away - ringing - busy - held - {station}
    seats = tuple(
        Seat(
            each.queue,
            each.paused,
            each.reason or "",
            each.penalty,
            word,
            rivals=min(
                (
                    other.penalty
                    for rival in snapshot.agents
                    if rival.station in free
                    for other in rival.queues
                    if other.queue == each.queue and not other.paused
                ),
                default=None,
            ),
        )
        for each in (agent.queues if agent else ())
    )
    return Examination(
        in_service=station not in away if devices else None,
        seats=seats,
        dnd=next((each.dnd for each in devices if each.dnd is not None), None),
        forward=next((each.forward for each in devices if each.forward), None),
        talks=station in ringing | busy,
        held=station in held,
    )
