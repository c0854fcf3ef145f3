"""The gates of a site at work: fed with desks, keys, calls and time, their wishes handed to the PBX.

Theory of operation. A gate is pure and judges one station. It is asked again whenever the station's document is about
to be built, so that the document in which a call has ended lists what the call owes; and whenever time, the cloud or a
hold of the PBX moved something. What a document shows as held is what the PBX keeps.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from ringline_core.domain.facts import Pressed
from ringline_core.domain.gate import Entry, GateState, StationGate
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.model import StationModel
from ringline_core.domain.standing import Owing, Standing
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState
from ringline_core.wire.edge import DeskForEdge, Desks
from ringline_edge.availability.holding import Holding, Wish
from ringline_edge.availability.memory import GateMemory

logger = logging.getLogger(__name__)
ONE_PRESS_MS = 300
"""One press unpauses every queue, and the PBX tells each by itself."""

OFFERED_MS = 1_000
"""A call that rings so shortly after Ready met a closed gate was offered by mistake."""


class Gates:
    """All gates.

    Attributes:
        changed: Has a station's document built anew.
        send_away: Has a call that rings at a station go back where it came from; takes station and call.
        work_held: Called with the id of a `work.begin` that holds now, and the station and `seq` of the document that
            shows it, None where none will.
        offset_ms: What to add to our clock to get the cloud's.
        leads: Whether the cloud made this edge the one to act at the PBX.
    """

    def __init__(self, model: StationModel, holding: Holding, memory: GateMemory) -> None:
        """Goes on from what `memory` holds."""
        self.changed: Callable[[str], None] = lambda _station: None
        self.send_away: Callable[[str, str], None] = lambda _station, _call: None
        self.work_held: Callable[[str, tuple[str, int] | None], None] = lambda _ident, _shown: None
        self.offset_ms: Callable[[], float] = lambda: 0.0
        self.leads: Callable[[], bool] = lambda: True
        self._model, self._holding, self._memory = model, holding, memory
        self._gates = {gate.station: gate for gate in memory.gates()}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._held_since: dict[str, tuple[HoldKind | None, int]] = {}
        self._tripped: dict[str, int] = {}
        self._work_told: dict[str, set[str]] = {}
        self._rung: dict[str, int] = {}
        self._is_away = self._stands_by = False
        self._knows_calls = False
        holding.on_kept = self._kept

    @property
    def gated(self) -> int:
        """How many stations owe a decision."""
        return sum(bool(gate.kept.entries) for gate in self._gates.values())

    def of(self, station: str) -> StationGate | None:
        """The gate of a station, where it has one."""
        return self._gates.get(station)

    def take(self, frame: Desks) -> None:
        """The cloud told of desks."""
        for desk in frame.items:
            gate = self._gates.get(desk.station)
            if gate is None:
                if desk.agent is None:
                    continue
                gate = self._new(desk.station)
                gate.kept.entries |= self._debts(desk)
                gate.kept.is_supervised = desk.held == HoldKind.SUPERVISOR.reason
                gate.kept.misses.is_out = desk.held == HoldKind.MISSED.reason
            if gate.desk is None or desk.rev > gate.desk.rev:
                self._take(gate, desk)
                if not self.leads() and desk.agent is not None:
                    # Told with a lead that begins: another edge may have led since we remembered.
                    gate.kept.entries = self._debts(desk) | gate.kept.entries
                    self._touch(desk.station)

    def judge(self, station: str) -> bool:
        """Lay over the station's document what its gate says; whether that changed it."""
        gate = self._gates.get(station)
        if gate is None:
            return False
        now_ms = _now_ms()
        gate.offset_ms = self.offset_ms()
        gate.can_hold = station not in self._holding.impossible
        if self._knows_calls:
            gate.see(self._model.calls_seen(station), now_ms)
            self._count_misses(gate)
            self._bring_about(gate, now_ms)
        changed = self._model.stand(station, self._standing(gate, now_ms), now_ms)
        self._send_back(station, now_ms)
        self._memory.keep(gate)
        self._wake_at(gate, now_ms)
        return changed

    def pressed(self, pressed: Pressed) -> None:
        """The agent used the phone's own keys."""
        gate = self._gates.get(pressed.station)
        if gate is None or not pressed.ready or not self._knows_calls:
            return
        now_ms = _now_ms()
        gate.see(self._model.calls_seen(pressed.station), now_ms)
        if gate.pressed_ready(now_ms) and now_ms > self._tripped.get(pressed.station, 0) + ONE_PRESS_MS:
            self._model.trip(pressed.station, pressed.at_ms)
            self._tripped[pressed.station] = now_ms
            self.changed(pressed.station)
        if self._acts:
            self._bring_about(gate, now_ms)
            self._holding.undone(pressed.station)
        self._touch(pressed.station)

    def ask_ready(self, station: str) -> None:
        """A page wants to be ready.

        Raises:
            CommandError: `gate_closed`, a decision is owed first; `not_allowed`, a supervisor keeps them.
        """
        gate = self._gates.get(station)
        if gate is None:
            return
        if gate.kept.is_supervised:
            raise CommandError(ErrorCode.NOT_ALLOWED, "A supervisor has set you to not ready.")
        if not gate.asked_ready(_now_ms()):
            raise CommandError(ErrorCode.GATE_CLOSED, "Save the note of the last call first.")
        self._touch(station)

    def supervise(self, station: str, *, held: bool) -> None:
        """A supervisor keeps the agent from calls, or lets them again."""
        self._gate(station).supervise(held=held)
        self._touch(station)

    def rejected(self, station: str) -> None:
        """A page sent a call away: keep the agent out of the queues for a moment."""
        gate = self._gates.get(station)
        if gate is not None:
            gate.rejected(_now_ms())
            self._touch(station)

    def shown(self, station: str, seq: int) -> None:
        """Document `seq` of the station went into the spool."""
        gate = self._gates.get(station)
        if gate is not None:
            gate.shown(seq)
            self._tell_work(gate, (station, seq))

    def acked(self, station: str, seq: int) -> None:
        """The cloud has document `seq` of the station."""
        gate = self._gates.get(station)
        if gate is not None and gate.acked(seq):
            self._touch(station)

    def cloud_is_away(self, *, away: bool) -> None:
        """The cloud cannot be asked for longer than the policy waits, or it can again."""
        if away == self._is_away:
            return
        self._is_away = away
        if away:
            logger.warning("cloud_away", extra={"gated": self.gated})
        else:
            logger.info("cloud_back", extra={"gated": self.gated})
        for gate in self._gates.values():
            gate.cloud_is_away(away=away, now_ms=_now_ms())
        self._align()

    def cloud_away_s(self) -> float:
        """How long the cloud may be away before gates open: the shortest that a tenant's policy says."""
        return min((gate.rules(None).cloud_away_s or 0 for gate in self._gates.values()), default=60)

    def led(self) -> None:
        """This edge leads from now on: what is wanted is asked of the PBX."""
        self._stands_by = False
        self._align()

    def stood_by(self) -> None:
        """Another edge leads: what this one remembers ages, and the cloud tells it anew together with the lead."""
        self._stands_by = True
        self._holding.forget()
        self._held_since.clear()
        for station, gate in list(self._gates.items()):
            gate.kept = GateState()
            gate.desk = None
            self._touch(station)
        self._gates.clear()

    def found_pbx(self) -> None:
        """The PBX has told everything; before that no call is known, and none may be taken for over."""
        self._knows_calls = True
        self._align()

    async def release(self) -> None:
        """Free every agent whom a hold of ours keeps; what is undecided becomes owed."""
        for gate in self._gates.values():
            gate.release()
            self._touch(gate.station)
        await self._holding.settled()

    def close(self) -> None:
        """Stop the clocks."""
        for timer in self._timers.values():
            timer.cancel()

    def _gate(self, station: str) -> StationGate:
        return self._gates.get(station) or self._new(station)

    def _debts(self, desk: DeskForEdge) -> dict[str, Entry]:
        """What the agent owes by what another edge has told the cloud."""
        offset_ms, now_ms = self.offset_ms(), _now_ms()
        return {
            each.interaction: Entry(
                each.interaction,
                each.call,
                each.queue,
                min(now_ms, round(each.since_at.timestamp() * 1000 - offset_ms)),
            )
            for each in desk.wrap_up
        }

    def _new(self, station: str) -> StationGate:
        gate = self._gates[station] = StationGate(station)
        gate.cloud_is_away(away=self._is_away, now_ms=_now_ms())
        return gate

    def _take(self, gate: StationGate, desk: DeskForEdge) -> None:
        gate.take_desk(desk, _now_ms())
        self._touch(gate.station)

    def _touch(self, station: str) -> None:
        if self.judge(station):
            self.changed(station)
        elif station in self._gates:
            self._tell_work(self._gates[station], None)

    @property
    def _acts(self) -> bool:
        """Who leads acts, also without the cloud; who stands by never does, since the other may have the cloud."""
        return self.leads() or (self._is_away and not self._stands_by)

    def _align(self) -> None:
        for station in list(self._gates):
            self._touch(station)
        if self._knows_calls and self._acts:
            self._holding.align()

    def _bring_about(self, gate: StationGate, now_ms: int) -> None:
        if self._acts:
            self._holding.want(gate.station, Wish(gate.wanted(now_ms), in_call=bool(gate.kept.armed)))

    def _count_misses(self, gate: StationGate) -> None:
        ends = self._model.rung(gate.station, self._rung.get(gate.station, 0))
        if ends:
            self._rung[gate.station] = ends[-1].n
        gate.hear(ends)

    def _kept(self, station: str) -> None:
        kind, since = self._holding.kept(station), self._held_since.get(station)
        if since is None or since[0] is not kind:
            self._held_since[station] = kind, _now_ms()
        self._touch(station)

    def _tell_work(self, gate: StationGate, shown: tuple[str, int] | None) -> None:
        """A `work.begin` is done once the PBX keeps the agent, for whatever reason of ours that is shown first."""
        items = gate.desk.work if gate.desk else ()
        asked = {item.id for item in items if item.id}
        told = self._work_told.get(gate.station, set())
        if asked - told and self._holding.kept(gate.station):
            self._work_told[gate.station] = asked
            for ident in sorted(asked - told):
                self.work_held(ident, shown)

    def _standing(self, gate: StationGate, now_ms: int) -> Standing:
        kept = self._holding.kept(gate.station)
        offset_ms = round(self.offset_ms())
        owing = tuple(
            Owing(
                each.interaction,
                each.call,
                each.queue,
                each.since_ms + offset_ms,
                None if each.limit_at_ms is None else each.limit_at_ms + offset_ms,
                gate.needs(each),
                each.ask,
            )
            for each in gate.kept.entries.values()
        )
        _, held_since = self._held_since.get(gate.station, (kept, now_ms))
        since = max(held_since, *(each.since_ms for each in gate.kept.entries.values()), 0)
        return Standing(kept, since + offset_ms if kept else 0, owing, gate.conflict(now_ms))

    def _send_back(self, station: str, now_ms: int) -> None:
        if self._holding.kept(station) is not HoldKind.GATE or now_ms > self._tripped.get(station, 0) + OFFERED_MS:
            return
        for call in self._model.calls_seen(station):
            if call.leg is LegState.ALERTING and call.queue:
                self.send_away(station, call.call)

    def _wake_at(self, gate: StationGate, now_ms: int) -> None:
        timer = self._timers.pop(gate.station, None)
        if timer is not None:
            timer.cancel()
        due_ms = gate.next_due_ms(now_ms)
        if due_ms is not None:
            delay_s = max(0.0, (due_ms - now_ms) / 1000)
            self._timers[gate.station] = asyncio.get_running_loop().call_later(delay_s, self._touch, gate.station)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
