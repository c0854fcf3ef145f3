"""The gate of one station: which calls owe a decision, and whether the agent is kept from calls meanwhile.

Pure: it is told calls, desk, keys and time, and says which holds are wanted. What it wants is brought about elsewhere.
A counted call arms the gate when it is answered, so that the PBX has no moment in which to offer the next one; its end
makes it an entry, which stands until it is decided, dropped by the policy, or let go (`ask: owe`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ringline_core.domain.holds import HoldKind
from ringline_core.domain.misses import Misses, Rung
from ringline_core.domain.policy import resolved
from ringline_core.wire.codes import Direction, EventName, LegState
from ringline_core.wire.desk import WorkItem
from ringline_core.wire.edge import DeskForEdge
from ringline_core.wire.policy import GateOn, Policy, QueuePolicy

SHORTEST_TALK_MS = 5_000
"""Shorter calls, on which nothing was written, owe nothing."""

SAVE_MS = 1_000
"""How long the cloud may take to make a draft the note."""

REJECTED_MS = 5_000
_TALKING = frozenset({LegState.CONNECTED, LegState.HOLD})
_NOBODY = Policy()


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call at the station as far as the gate cares; ids are the wire's."""

    call: str
    interaction: str
    leg: LegState
    direction: Direction
    queue: str | None = None
    is_answered: bool = False
    is_consult: bool = False
    answered_at_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """A call that counts and is up; `since_ms` by the edge's own clock, which the PBX's may be far from."""

    call: CallSeen
    since_ms: int


@dataclass(slots=True)
class Entry:
    """An interaction that owes a decision.

    Attributes:
        limit_at_ms: When it ends by itself (`dirty`), or when the agent is reminded.
        ask: What the cloud is asked to do: `save` or `owe`.
        save_until_ms: Until when the cloud may save.
        told_seq: First document that asked to owe it.
    """

    interaction: str
    call: str
    queue: str | None
    since_ms: int
    limit_at_ms: int | None = None
    ask: str | None = None
    save_until_ms: int = 0
    told_seq: int | None = None


@dataclass(slots=True)
class GateState:
    """All that a gate remembers; kept over restarts.

    Attributes:
        armed: Calls that count and are up, by call id, as last seen.
        entries: By interaction.
        waived: Ready was pressed in the present call.
        gone_since_ms: Since when the agent has no page.
        page_lost: No page for longer than the grace, and not while in a call.
        alone: Ready was pressed on the phone without a page: the agent works by phone alone until one opens.
        passed: Work items that Ready on the phone has put aside.
        rejected_until_ms: Until when nothing is offered after a rejection.
        misses: Calls of queues missed in a row.
    """

    armed: dict[str, Armed] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    waived: bool = False
    is_supervised: bool = False
    gone_since_ms: int | None = None
    page_lost: bool = False
    alone: bool = False
    passed: set[str] = field(default_factory=set)
    rejected_until_ms: int = 0
    misses: Misses = field(default_factory=Misses)


class StationGate:
    """The gate of one station.

    Attributes:
        kept: What it remembers.
        desk: What the cloud said last; None before it said anything.
        can_hold: Whether the PBX can keep the agent from calls; where not, the gate only warns.
        offset_ms: What to add to our clock to get the cloud's, which ends leases.
    """

    def __init__(self, station: str, kept: GateState | None = None, desk: DeskForEdge | None = None) -> None:
        self.station = station
        self.kept = kept or GateState()
        self.desk = desk
        self.can_hold = True
        self.offset_ms = 0.0
        self._away = False
        self._in_call = False
        self._is_released = self._has_seen = False
        self._up: frozenset[str] = frozenset()
        self._offered: dict[str, str] = {}
        self._talks = {call: each.since_ms for call, each in self.kept.armed.items()}
        for entry in self.kept.entries.values():
            entry.told_seq = None  # documents are counted anew after a restart

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to remember and nobody to keep."""
        return self.kept == GateState() and (self.desk is None or self.desk.agent is None)

    @property
    def policy(self) -> Policy:
        """The tenant's, as the cloud told it last."""
        return self.desk.policy if self.desk else _NOBODY

    def rules(self, queue: str | None) -> QueuePolicy:
        """What holds for calls of `queue`."""
        return resolved(self.policy, queue)

    def take_desk(self, desk: DeskForEdge, now_ms: int) -> None:
        """The cloud said who is here and what they decided; another agent starts afresh."""
        before, self.desk = self.desk, desk
        if before is not None and before.agent != desk.agent:
            self.kept = GateState(armed=self.kept.armed)
        kept = self.kept
        if desk.agent is None or desk.pages:
            kept.gone_since_ms, kept.page_lost, kept.alone = None, False, False
        elif kept.gone_since_ms is None:
            kept.gone_since_ms = now_ms
        kept.passed &= {item.work for item in desk.work}
        self.settle(now_ms)

    def see(self, calls: Iterable[CallSeen], now_ms: int) -> None:
        """The station's present calls: answered ones arm the gate, the end of an armed one is an entry."""
        kept, now = self.kept, {each.call: each for each in calls}
        self._up, self._in_call = frozenset(now), bool(now)
        ended = [armed for call, armed in kept.armed.items() if call not in now]
        self._offered |= {each.call: each.queue for each in now.values() if each.queue and not each.is_answered}
        talking = {call: each for call, each in now.items() if each.leg in _TALKING}
        least, self._has_seen = now_ms if self._has_seen else 0, True  # what was there before: by the PBX's clock
        since = {call: min(now_ms, max(least, each.answered_at_ms or now_ms)) for call, each in talking.items()}
        self._talks = since | {call: at_ms for call, at_ms in self._talks.items() if call in talking}
        kept.armed = {
            call: Armed(each, self._talks[call])
            for call, each in talking.items()
            if call in kept.armed or self._counts(each)
        }
        for each in ended:
            self._owe(each, now_ms)
        if not now:
            kept.waived = False
        self.settle(now_ms)

    def hear(self, ends: Iterable[Rung]) -> None:
        """How ringing ended here, in order: calls of queues that are missed in a row are counted."""
        for each in ends if self._is_manned else ():
            queue = self._offered.pop(each.call, None)
            if queue is not None or each.event is EventName.ANSWERED:
                self.kept.misses.hear(each, self.rules(queue).missed_limit or 0)
        self._offered = {call: queue for call, queue in self._offered.items() if call in self._up}

    def pressed_ready(self, now_ms: int) -> bool:
        """Ready on the phone's own keys; True when that met a closed gate (`gate_tripped`)."""
        kept = self.kept
        kept.rejected_until_ms, kept.page_lost = 0, False
        kept.misses.forget()
        kept.alone = kept.gone_since_ms is not None
        kept.passed |= {item.work for item in self._work(now_ms)}
        self._waive()
        firm = [entry for entry in self._open() if self._is_firm(entry)]
        for entry in firm:
            self._trip(entry, now_ms)
        self.settle(now_ms)
        return bool(firm)

    def asked_ready(self, now_ms: int) -> bool:
        """Ready on a page: False when the gate stands against it; else what policy leaves to the agent is waived."""
        if not self._in_call and any(self._is_firm(entry) for entry in self._open()):
            return False
        self._waive()
        self.kept.rejected_until_ms = 0
        self.kept.misses.forget()
        self.settle(now_ms)
        return True

    def rejected(self, now_ms: int) -> None:
        """The agent sent a call away."""
        self.kept.rejected_until_ms = now_ms + REJECTED_MS

    def supervise(self, *, held: bool) -> None:
        """The supervisor keeps the agent from calls, or no more."""
        self.kept.is_supervised = held
        if not held:
            self.kept.misses.forget()

    def cloud_is_away(self, *, away: bool, now_ms: int) -> None:
        """Without the cloud nobody can decide: what is undecided is let go, and nothing is armed."""
        self._away = away
        if away:
            self.let_go()
        self.settle(now_ms)

    def let_go(self) -> None:
        """All that is undecided becomes owed."""
        for entry in self._open():
            entry.ask = "owe"

    def release(self) -> None:
        """Until the next start nothing of ours keeps the agent; what is undecided becomes owed."""
        self.let_go()
        self._is_released = True

    def shown(self, seq: int) -> None:
        """Document `seq` shows the present entries."""
        for entry in self.kept.entries.values():
            if entry.ask == "owe" and entry.told_seq is None:
                entry.told_seq = seq

    def acked(self, seq: int) -> bool:
        """The cloud has document `seq`: what it was asked to owe is its own now; True when something was."""
        done = [key for key, each in self.kept.entries.items() if each.told_seq is not None and each.told_seq <= seq]
        for interaction in done:
            del self.kept.entries[interaction]
        return bool(done)

    def settle(self, now_ms: int) -> None:
        """Drop what is decided or over, and move what time moves."""
        kept, decided = self.kept, set(self.desk.decided if self.desk else ())
        for interaction, entry in list(kept.entries.items()):
            if entry.ask == "save" and now_ms >= entry.save_until_ms:
                entry.ask = None
            if interaction in decided or (entry.ask != "owe" and self._is_over(entry, now_ms)):
                del kept.entries[interaction]
            elif entry.ask != "owe":
                self._limit(entry, now_ms)
        self._miss_pages(now_ms)

    def wanted(self, now_ms: int) -> HoldKind | None:
        """The hold that the PBX is to be given now."""
        kept = self.kept
        if not self._is_manned or self._is_released:
            return None
        if kept.is_supervised:
            return HoldKind.SUPERVISOR
        if self._open() or any(self._will_hold(each.call) for each in kept.armed.values()):
            return HoldKind.GATE
        if self._work(now_ms):
            return HoldKind.WORK
        if kept.page_lost:
            return HoldKind.PAGE_LOST
        if kept.misses.is_out:
            return HoldKind.MISSED
        return HoldKind.REJECTED if now_ms < kept.rejected_until_ms else None

    def needs(self, entry: Entry) -> tuple[str, ...]:
        """What the entry still wants."""
        match self.rules(entry.queue).gate:
            case "disposition":
                return ("note", "disposition")
            case "note":
                return ("note",)
            case _:
                return ("note",) if self._has_draft(entry.interaction) else ()

    def conflict(self, now_ms: int) -> str | None:
        """The work item that a ringing call collides with."""
        return next((item.work for item in self._work(now_ms)), None)

    def next_due_ms(self, now_ms: int) -> int | None:
        """When time changes something, if nothing else does."""
        kept = self.kept
        times = [each.limit_at_ms for each in self._open() if each.limit_at_ms]
        times += [each.save_until_ms for each in kept.entries.values() if each.ask == "save"]
        times += [self._lease_ends_ms(item) for item in self._work(now_ms)]
        if kept.gone_since_ms is not None and not (kept.page_lost or kept.alone or self._in_call):
            times.append(kept.gone_since_ms + _s(self.rules(None).page_grace_s))
        times.append(kept.rejected_until_ms)
        return min((each for each in times if each > now_ms), default=None)

    def _open(self) -> Sequence[Entry]:
        return [entry for entry in self.kept.entries.values() if entry.ask != "owe"]

    def _counts(self, call: CallSeen) -> bool:
        """Whether the call's end will owe a decision: answered, not among ourselves, of a kind that policy names."""
        if call.is_consult or not call.is_answered or not self._is_manned or self._away:
            return False
        rules = self.rules(call.queue)
        return rules.gate != "off" and _kind(call) in (rules.gate_on or ())

    @property
    def _is_manned(self) -> bool:
        return self.desk is not None and self.desk.agent is not None

    def _will_hold(self, call: CallSeen) -> bool:
        if self._away or not self._is_manned or self.rules(call.queue).gate == "off":
            return False
        if self.desk and call.interaction in self.desk.decided:
            return False
        return not (self.kept.waived and self._is_soft(call.interaction, call.queue))

    def _owe(self, armed: Armed, now_ms: int) -> None:
        call = armed.call
        short = now_ms - armed.since_ms < SHORTEST_TALK_MS and not self._has_draft(call.interaction)
        if not short and self._will_hold(call):
            self.kept.entries[call.interaction] = Entry(call.interaction, call.call, call.queue, now_ms)

    def _has_draft(self, interaction: str) -> bool:
        return self.desk is not None and interaction in self.desk.drafts

    def _is_soft(self, interaction: str, queue: str | None) -> bool:
        """Whether nothing but time is owed, so that the agent may waive it."""
        return self.rules(queue).gate in ("dirty", "off") and not self._has_draft(interaction)

    def _is_firm(self, entry: Entry) -> bool:
        return not self._is_soft(entry.interaction, entry.queue)

    def _waive(self) -> None:
        self.kept.waived = self._in_call
        for entry in self._open():
            if not self._is_firm(entry):
                del self.kept.entries[entry.interaction]

    def _trip(self, entry: Entry, now_ms: int) -> None:
        rules = self.rules(entry.queue)
        unseen = self.kept.gone_since_ms is not None and now_ms >= self.kept.gone_since_ms + _s(rules.page_grace_s)
        if unseen or rules.on_ready_unsaved == "warn" or not self.can_hold:
            entry.ask = "owe"
        elif rules.on_ready_unsaved == "save":
            entry.ask, entry.save_until_ms = "save", now_ms + SAVE_MS

    def _is_over(self, entry: Entry, now_ms: int) -> bool:
        rules = self.rules(entry.queue)
        if rules.gate == "off":
            return True
        return self._is_soft(entry.interaction, entry.queue) and now_ms >= entry.since_ms + _s(rules.wrap_s)

    def _limit(self, entry: Entry, now_ms: int) -> None:
        """A soft entry ends by itself; a firm one reminds again and again, and is never taken away."""
        rules = self.rules(entry.queue)
        if self._is_soft(entry.interaction, entry.queue):
            entry.limit_at_ms = entry.since_ms + _s(rules.wrap_s)
        elif not rules.limit_s:
            entry.limit_at_ms = None
        else:
            step = _s(rules.limit_s)
            entry.limit_at_ms = entry.since_ms + step * (1 + max(0, now_ms - entry.since_ms) // step)

    def _miss_pages(self, now_ms: int) -> None:
        kept = self.kept
        if kept.gone_since_ms is None or kept.alone or self._in_call or self._away:
            return
        kept.page_lost |= now_ms >= kept.gone_since_ms + _s(self.rules(None).page_grace_s)

    def _work(self, now_ms: int) -> list[WorkItem]:
        items = self.desk.work if self.desk else ()
        return [
            item
            for item in items
            if "voice" in item.blocks and item.work not in self.kept.passed and self._lease_ends_ms(item) > now_ms
        ]

    def _lease_ends_ms(self, item: WorkItem) -> int:
        return int(item.lease_until_at.timestamp() * 1000 - self.offset_ms)


def _kind(call: CallSeen) -> GateOn | None:
    match call.direction:
        case Direction.INBOUND:
            return "queue_inbound" if call.queue else "direct_inbound"
        case Direction.OUTBOUND:
            return "outbound"
        case _:
            return None


def _s(seconds: float | None) -> int:
    return int((seconds or 0) * 1000)
