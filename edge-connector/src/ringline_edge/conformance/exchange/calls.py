"""Dialling, ringing, answering and hanging up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ringline_edge.conformance.exchange.floor import MAX_CALLS, Floor, Leg, RefusedError

RING_OUT_MS: Final = 300
DIRECT_RING_MS: Final = 20_000
BUSY_NUMBER: Final = "+15550486"
SILENT_NUMBER: Final = "+15550408"
ECHO: Final = "600"
VOICEMAIL: Final = "650"
MENU: Final = "660"
MENU_MS: Final = 1000
MENU_LEADS_TO: Final = "5000"
GOES_OUT: Final = "linkage"
"""The entry of call data that the trunk takes along as user-to-user data."""


@dataclass(slots=True)
class Attempt:
    """A leg that waits for others to answer.

    Attributes:
        targets: Ringing legs.
        until_ms: When ringing is given up.
        answers_ms: When the outside party picks up by itself; None for phones and silent parties.
        queue: Queue that rings on the caller's behalf.
        recall: Station that gets the caller back when nobody answers.
    """

    caller: str
    targets: list[str] = field(default_factory=list)
    until_ms: int = 0
    answers_ms: int | None = None
    queue: str | None = None
    recall: str | None = None


class Calls:
    """Attempts and mixes over a floor. `enter_queue` is set by the queues, which stand above.

    Attributes:
        sent_along: The number outside that was dialled last, and the user-to-user data that went with the call.
    """

    def __init__(self, floor: Floor, queues: dict[str, str]) -> None:
        self.floor = floor
        self.queue_numbers = queues
        self.attempts: dict[str, Attempt] = {}
        self.in_menu: dict[str, int] = {}
        self.sent_along: tuple[str, str | None] = ("", None)
        self.enter_queue: Callable[[Leg, str], None] = lambda _leg, _name: None
        self.on_unanswered: Callable[[Attempt, Leg], None] = lambda _attempt, _leg: None
        floor.on_end.append(self._leg_ended)

    def dial(self, caller: Leg, number: str, *, recall: str | None = None, transferred_by: str | None = None) -> None:
        """The caller's leg asks for `number`; what cannot be reached ends it, or brings it back to `recall`."""
        floor = self.floor
        caller.dialed = caller.dialed or number  # what the caller dialled stays so, wherever the call is sent on to
        caller.transferred_by = transferred_by if caller.station else None
        floor.show(caller)
        if number in self.queue_numbers:
            self.enter_queue(caller, self.queue_numbers[number])
        elif number in (ECHO, VOICEMAIL, MENU):
            floor.connect(caller, floor.new_id(), "remote")
            if number == MENU:
                self.in_menu[caller.leg] = floor.clock() + MENU_MS
        elif number in floor.phones:
            self.ring(caller, number, DIRECT_RING_MS, recall=recall, transferred_by=transferred_by)
        elif number.startswith(("+", "9")) and len(number) > 2:
            self._ring_out(caller, number, recall)
        else:
            self.fail(caller, "not_found", recall)

    def ring(
        self,
        caller: Leg,
        station: str,
        for_ms: int,
        *,
        queue: str | None = None,
        recall: str | None = None,
        transferred_by: str | None = None,
    ) -> None:
        """Ring every device of a phone for the caller; a second phone joins what rings already."""
        floor, phone = self.floor, self.floor.phones[station]
        if not phone.in_service or len({leg.call for leg in floor.of(station)}) >= MAX_CALLS:
            self.fail(caller, "busy" if phone.in_service else "not_found", recall)
            return
        attempt = self.attempts.setdefault(caller.leg, Attempt(caller.leg, queue=queue, recall=recall))
        attempt.until_ms = floor.clock() + for_ms
        for device in phone.devices:
            leg = floor.station_leg(
                station, device, caller.call, "alerting", dialed=caller.dialed, queue=queue or caller.queue,
                consult_of=caller.consult_of, transferred_by=transferred_by, data=dict(caller.data),
            )  # fmt: skip
            attempt.targets.append(leg.leg)

    def _ring_out(self, caller: Leg, number: str, recall: str | None) -> None:
        if number == BUSY_NUMBER:
            self.fail(caller, "busy", recall)
            return
        floor = self.floor
        self.sent_along = number, caller.data.get(GOES_OUT)
        target = floor.outside_leg(number, caller.call, "alerting", dialed=number, consult_of=caller.consult_of)
        answers = None if number == SILENT_NUMBER else floor.clock() + RING_OUT_MS
        until = floor.clock() + DIRECT_RING_MS
        self.attempts[caller.leg] = Attempt(caller.leg, [target.leg], until, answers, recall=recall)

    def fail(self, caller: Leg, cause: str, recall: str | None = None) -> None:
        """Nobody was reached: back to who transferred it, else the caller's leg is over."""
        self.attempts.pop(caller.leg, None)
        if recall is not None and caller.leg in self.floor.legs:
            self.ring(caller, recall, DIRECT_RING_MS)
        else:
            self.floor.end(caller, cause, "pbx")

    def answer(self, leg: Leg, by: str = "agent_phone") -> None:
        """A ringing leg is taken; the caller and it speak.

        Raises:
            RefusedError: Nobody rings it.
        """
        attempt = self.attempt_at(leg)
        if attempt is None:
            raise RefusedError("nothing rings here")
        del self.attempts[attempt.caller]
        caller, bridge = self.floor.legs[attempt.caller], self.floor.new_id()
        for other in [self.floor.legs[t] for t in attempt.targets if t != leg.leg]:
            self.floor.end(other, "answered_elsewhere", "pbx", "diverted", leg.station or leg.number)
        self.floor.hold_others(leg.station, leg, by)
        caller.queue = attempt.queue or caller.queue
        self.floor.connect(leg, bridge, by)
        if caller.state == "hold":
            caller.bridge = bridge
            self.floor.show(caller)
        else:
            self.floor.connect(caller, bridge, "remote")

    def attempt_at(self, leg: Leg) -> Attempt | None:
        """The attempt that rings `leg`."""
        return next((each for each in self.attempts.values() if leg.leg in each.targets), None)

    def decline(self, leg: Leg, cause: str = "rejected", by: str = "agent_phone") -> None:
        """A ringing leg is refused, or rang long enough; the last one decides the attempt."""
        attempt = self.attempt_at(leg)
        if attempt is None:
            raise RefusedError("nothing rings here")
        siblings = [t for t in attempt.targets if self.floor.legs[t].station == leg.station and leg.station]
        for each in siblings or [leg.leg]:
            attempt.targets.remove(each)
            self.floor.end(self.floor.legs[each], cause, by)
        if attempt.targets:
            return
        caller = self.floor.legs[attempt.caller]
        if attempt.queue:
            del self.attempts[attempt.caller]
            self.on_unanswered(attempt, leg)
        else:
            self.fail(caller, "busy" if cause == "rejected" else cause, attempt.recall)

    def clear(self, leg: Leg, by: str) -> None:
        """The leg's own party hangs up, whatever the leg does."""
        if self.attempt_at(leg) is not None:
            self.decline(leg, by=by)
            return
        cause = "abandoned" if leg.leg in self.attempts and leg.outside else "normal"
        self.floor.end(leg, cause, by)

    def _leg_ended(self, leg: Leg) -> None:
        self.in_menu.pop(leg.leg, None)
        attempt = self.attempts.pop(leg.leg, None)
        for target in attempt.targets if attempt else []:
            self.floor.end(self.floor.legs[target], "abandoned", "remote")
        left = self.floor.mates(leg)
        for listener in self.floor.monitors(leg) if not left else ():
            self.floor.end(listener, "normal", "pbx")
        if len(left) == 1 and leg.ended and leg.ended["left"] == "cleared":
            self.floor.end(left[0], "normal", "remote")

    def deadlines(self) -> list[int]:
        """When the next thing happens by itself, one moment per attempt."""
        rung = [min(a.until_ms, a.answers_ms or a.until_ms) for a in self.attempts.values() if a.targets]
        return [*rung, *self.in_menu.values()]

    def advance(self) -> None:
        """Do what is due."""
        now = self.floor.clock()
        for ident in [ident for ident, until_ms in self.in_menu.items() if until_ms <= now]:
            del self.in_menu[ident]
            self.floor.legs[ident].bridge = None
            self.dial(self.floor.legs[ident], MENU_LEADS_TO)
        for attempt in list(self.attempts.values()):
            if self.attempts.get(attempt.caller) is not attempt or not attempt.targets:
                continue
            if attempt.answers_ms is not None and attempt.answers_ms <= now:
                self.answer(self.floor.legs[attempt.targets[0]], "remote")
            elif attempt.until_ms <= now:
                self._give_up(attempt)

    def _give_up(self, attempt: Attempt) -> None:
        for target in list(attempt.targets):
            leg = self.floor.legs.get(target)
            if leg is not None:
                self.decline(leg, "no_answer", "pbx")
