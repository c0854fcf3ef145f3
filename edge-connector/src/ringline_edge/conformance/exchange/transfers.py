"""Transfers, consults and conferences."""

from __future__ import annotations

from ringline_edge.conformance.exchange.calls import Calls
from ringline_edge.conformance.exchange.floor import Floor, Leg, RefusedError


class Transfers:
    """What a station can do with a call that it speaks in."""

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self.floor: Floor = calls.floor

    def blind(self, leg: Leg, number: str, by: str) -> None:
        """Send the other side to `number`; it comes back here when nobody answers.

        Raises:
            RefusedError: The call is not up, or it has no single other side.
        """
        mates = self.floor.mates(leg)
        if len(mates) != 1 or leg.leg in self.floor.consults.values():
            raise RefusedError("there is nobody, or more than one, to transfer")
        other, station = mates[0], leg.station
        self.floor.passed("transfer", number, by=leg.leg, other=other.leg)
        self.floor.end(leg, "normal", by, "transferred", number)
        other.bridge = None
        self.calls.dial(other, number, recall=station, transferred_by=station)

    def consult(self, leg: Leg, number: str, by: str) -> Leg:
        """Hold the call and ask `number` first; the consult leg.

        Raises:
            RefusedError: The call is not up, or is in a consult already.
        """
        if not self.floor.mates(leg) or leg.leg in {*self.floor.consults, *self.floor.consults.values()}:
            raise RefusedError("the call is not up, or a consult runs already")
        if leg.state == "connected":
            self.floor.hold(leg, by)
        self.floor.hold_others(leg.station, leg, by)
        call = self.floor.new_id()
        self.floor.join(call, leg.call, "consult")
        mine = self.floor.station_leg(
            str(leg.station), leg.device, call, "initiated", origin=True, by=by, consult_of=leg.call, dialed=number,
            remote=number, data=dict(leg.data),
        )  # fmt: skip
        self.floor.consults[mine.leg] = leg.leg
        self.calls.dial(mine, number)
        return mine

    def pair(self, station: str) -> tuple[Leg, Leg]:
        """Main and consult leg of the consult that runs at a station.

        Raises:
            RefusedError: None runs.
        """
        for consult, main in self.floor.consults.items():
            if self.floor.legs[main].station == station:
                return self.floor.legs[main], self.floor.legs[consult]
        raise RefusedError("no consult runs here")

    def complete(self, station: str, by: str) -> None:
        """Put the two others together and leave; before the answer too (semi-attended)."""
        main, consult = self._joinable(station)
        others, targets = self.floor.mates(main), self.floor.mates(consult)
        if not others or (not targets and consult.leg not in self.calls.attempts):
            raise RefusedError("nobody is there to transfer, or to transfer to")
        attempt, target = self.calls.attempts.pop(consult.leg, None), consult.dialed
        rung = self.floor.legs[attempt.targets[0]] if attempt and attempt.targets else None
        met = targets[0] if targets else rung
        also = {"target": met.leg} if met else {}
        self.floor.passed("attended", None, by=main.leg, second=consult.leg, other=others[0].leg, **also)
        self.floor.join(main.call, consult.call, "transfer")
        for leg in (consult, main):
            self.floor.end(leg, "normal", by, "transferred", target)
        if attempt is None:
            self._bridge(targets, others, station)
            return
        attempt.caller, attempt.recall = others[0].leg, station
        others[0].bridge = None
        self.calls.attempts[attempt.caller] = attempt
        for queue_target in attempt.targets:
            leg = self.floor.legs[queue_target]
            leg.transferred_by, leg.remote = station, others[0].number
            self.floor.show(leg)

    def _joinable(self, station: str) -> tuple[Leg, Leg]:
        """The two calls that are to be joined: of a consult, else the only two that the phone has, the held one first.

        Raises:
            RefusedError: There are no two such calls.
        """
        legs = [leg for leg in self.floor.of(station) if self.floor.mates(leg)]
        if len(legs) != 2 or station in {self.floor.legs[main].station for main in self.floor.consults.values()}:
            return self.pair(station)
        first, second = sorted(legs, key=lambda leg: leg.state != "hold")
        return first, second

    def _bridge(self, targets: list[Leg], others: list[Leg], station: str) -> None:
        """Who was asked comes to the others; the transfer is told to who of them sits at a phone."""
        at_phones = [leg for leg in targets if leg.station] or [leg for leg in others if leg.station]
        for leg in targets:
            leg.bridge = others[0].bridge
        for leg in {each.leg: each for each in (*targets, *at_phones)}.values():
            leg.transferred_by, leg.remote = station if leg in at_phones else None, None
            leg.changed_ms = self.floor.clock()
            self.floor.show(leg)

    def cancel(self, station: str, by: str) -> None:
        """End the consult and go back to the customer."""
        main, consult = self.pair(station)
        self.floor.end(consult, "normal", by)
        if main.leg in self.floor.legs:
            self.floor.connect(main, str(main.bridge), by)

    def swap(self, station: str, by: str) -> None:
        """Speak with the other of the two."""
        main, consult = self.pair(station)
        if not self.floor.mates(consult):
            raise RefusedError("the consulted side has not answered")
        talking, held = (main, consult) if main.state == "connected" else (consult, main)
        if talking.state == "connected":
            self.floor.hold(talking, by)
        self.floor.connect(held, str(held.bridge), by)

    def conference(self, station: str, by: str) -> None:
        """All together in one mix."""
        main, consult = self.pair(station)
        targets = self.floor.mates(consult)
        if not targets:
            raise RefusedError("the consulted side has not answered")
        self.floor.join(main.call, consult.call, "conference")
        consult.role, consult.bridge = "helper", None
        self.floor.show(consult)
        self.floor.end(consult, "normal", by, "transferred")
        for leg in targets:
            leg.bridge, leg.remote = main.bridge, None
            self.floor.show(leg)
        self.floor.connect(main, str(main.bridge), by)

    def pick_up(self, station: str, rung: str) -> None:
        """Take at `station` what rings at `rung`.

        Raises:
            RefusedError: Nothing rings there.
        """
        ringing = next((leg for leg in self.floor.of(rung) if self.calls.attempt_at(leg)), None)
        attempt = self.calls.attempt_at(ringing) if ringing else None
        if ringing is None or attempt is None or rung == station:
            raise RefusedError(f"nothing rings at {rung}", "not_allowed")
        device = self.floor.phones[station].devices[0]
        mine = self.floor.station_leg(
            station, device, ringing.call, "connected", answered_ms=self.floor.clock(), by="agent_phone",
            dialed=ringing.dialed, queue=ringing.queue, data=ringing.data,
        )  # fmt: skip
        self.floor.passed("pickup", None, by=mine.leg, target=ringing.leg)
        for target in attempt.targets:
            self.floor.end(self.floor.legs[target], "picked_up", station, "diverted", station)
        attempt.targets = [mine.leg]
        self.calls.answer(mine)
