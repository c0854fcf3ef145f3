"""What a call came to: whether it was answered and by whom, how long it waited, rang and talked, and its transfers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ringline_core.wire.codes import Direction, Presentation
from ringline_core.wire.record import RecordedCall, RecordedLeg


class Outcome(StrEnum):
    """How a call ended for the customer."""

    ANSWERED = "answered"
    MISSED = "missed"
    """A phone rang, and nobody took it."""
    ABANDONED = "abandoned"
    """It came through a queue, and nobody took it."""
    FAILED = "failed"
    """Nobody was reached: an outbound call without an answer, or nothing rang."""


@dataclass(frozen=True, slots=True)
class Handed:
    """One transfer: the leg at `by` left the call, which went on to `to` (a station or number, where known)."""

    at: datetime
    by: str
    to: str | None


@dataclass(frozen=True, slots=True)
class Summary:
    """A call in short.

    Attributes:
        number: Of the other party; None where it is withheld.
        stations: All that the call was at, in the order in which it came there.
        answered_by: Those of them that took it, or that made an outbound call which was answered.
        cause: Why the leg that made the call ended.
        wait_s: From entering the queue, else from the beginning, to the first answer, else to the end.
        ring_s: While phones rang.
        talk_s: While somebody was there who had answered, without `hold_s`.
        hold_s: All holds; None where the PBX does not tell.
        consult_of: The call that it consulted about.
    """

    began_at: datetime
    ended_at: datetime
    direction: Direction
    queue: str | None
    outcome: Outcome
    cause: str | None
    number: str | None
    name: str | None
    stations: tuple[str, ...]
    answered_by: tuple[str, ...]
    wait_s: float
    ring_s: float
    talk_s: float
    hold_s: float | None
    transfers: tuple[Handed, ...]
    consult_of: str | None


def summary(record: RecordedCall) -> Summary:
    """The call in short."""
    legs = sorted(record.legs, key=lambda leg: leg.started_at)
    maker = next((leg for leg in legs if leg.origin), legs[0])
    called = [leg for leg in legs if leg is not maker]
    direction = record.direction or _direction(maker, called)
    taking = called or ([maker] if direction is not Direction.INBOUND else [])
    if direction is Direction.INBOUND:
        taking = [leg for leg in called if leg.station]
    queue = next((leg.queue for leg in legs if leg.queue), None)
    began = min(leg.started_at for leg in legs)
    ended = max([leg.ended_at for leg in legs if leg.ended_at] or [began])
    answers = sorted(leg.answered_at for leg in taking if leg.answered_at)
    waits_from = min((leg.queued_at for leg in legs if leg.queued_at), default=began)
    hold_s = _hold_s(legs)
    talk_s = _united((leg.answered_at, leg.ended_at or ended) for leg in taking if leg.answered_at)
    return Summary(
        began_at=began,
        ended_at=ended,
        direction=direction,
        queue=queue,
        outcome=_outcome(direction, queue, taking, is_answered=bool(answers)),
        cause=maker.cause.value if maker.cause else None,
        **_party(record, legs),
        stations=_each_once(leg.station for leg in legs),
        answered_by=_each_once(leg.station for leg in _answering(direction, maker, taking)),
        wait_s=_seconds(waits_from, answers[0] if answers else ended),
        ring_s=round(
            _united((leg.started_at, leg.answered_at or leg.ended_at or ended) for leg in called if leg.station), 1
        ),
        talk_s=round(max(0.0, talk_s - (hold_s or 0.0)), 1),
        hold_s=hold_s,
        transfers=tuple(
            Handed(leg.ended_at, leg.station, leg.peer)
            for leg in sorted(legs, key=lambda leg: leg.ended_at or ended)
            if leg.left == "transferred" and leg.station and leg.ended_at
        ),
        consult_of=next((leg.consult_of for leg in legs if leg.consult_of), None),
    )


def _direction(maker: RecordedLeg, called: list[RecordedLeg]) -> Direction:
    if maker.outside:
        return Direction.INBOUND
    return Direction.OUTBOUND if any(leg.outside for leg in called) else Direction.INTERNAL


def _outcome(direction: Direction, queue: str | None, taking: list[RecordedLeg], *, is_answered: bool) -> Outcome:
    if is_answered:
        return Outcome.ANSWERED
    if direction is Direction.INBOUND and queue:
        return Outcome.ABANDONED
    rang = direction is not Direction.OUTBOUND and any(leg.station and not leg.origin for leg in taking)
    return Outcome.MISSED if rang else Outcome.FAILED


def _answering(direction: Direction, maker: RecordedLeg, taking: list[RecordedLeg]) -> list[RecordedLeg]:
    took = [leg for leg in taking if leg.answered_at]
    return [maker, *took] if took and direction is Direction.OUTBOUND else sorted(took, key=_answer)


def _answer(leg: RecordedLeg) -> datetime:
    return leg.answered_at or leg.started_at


def _party(record: RecordedCall, legs: list[RecordedLeg]) -> dict[str, str | None]:
    if record.remote is None:
        return {"number": next((leg.number for leg in legs if leg.outside), None), "name": None}
    if record.remote.presentation is Presentation.RESTRICTED:
        return {"number": None, "name": None}
    return {"number": record.remote.number, "name": record.remote.name}


def _hold_s(legs: list[RecordedLeg]) -> float | None:
    held = [leg.held_s for leg in legs if leg.station and leg.answered_at]
    return None if None in held else round(sum(each or 0.0 for each in held), 1)


def _united(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """Seconds that the spans cover together."""
    total, reached = 0.0, None
    for start, end in sorted(spans):
        begins = start if reached is None else max(start, reached)
        if end > begins:
            total += (end - begins).total_seconds()
            reached = end
    return total


def _seconds(start: datetime, end: datetime) -> float:
    return round(max(0.0, (end - start).total_seconds()), 1)


def _each_once(stations: Iterable[str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in stations if each))
