"""Whatever happens to a gate, in whatever order: it never offers an agent who owes, and never loses what is owed."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import TypeAdapter

from ringline_core.domain.gate import SHORTEST_TALK_MS, CallSeen, GateState, StationGate
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.misses import Rung
from ringline_core.wire.codes import Cause, Direction, EventName, LegState
from ringline_core.wire.edge import DeskForEdge

KEPT = TypeAdapter(GateState)
CALLS = ("c-1", "c-2", "c-3")
TIMES = st.integers(1, 30_000)


class GateMachine(RuleBasedStateMachine):
    """One station; `owed_to` is what the cloud took over, `answered` when each live call was answered."""

    @initialize(
        gate=st.sampled_from(["dirty", "note", "disposition"]), ready=st.sampled_from(["save", "revert", "warn"])
    )
    def begin(self, gate: str, ready: str) -> None:
        self.policy = {"gate": gate, "on_ready_unsaved": ready, "wrap_s": 10, "limit_s": 30, "missed_limit": 2}
        self.gate, self.now, self.rev, self.seq = StationGate("1001"), 0, 0, 0
        self.answered: dict[str, int] = {}
        self.drafts: set[str] = set()
        self.decided: set[str] = set()
        self.wanted_decisions: set[str] = set()
        self.owed: set[str] = set()
        self.away = False
        self.used = self.rung = self.missed = 0
        self.tell()

    def tell(self) -> None:
        self.rev += 1
        told: dict[str, Any] = {"station": "1001", "rev": self.rev, "agent": "anna", "pages": 1, "policy": self.policy}
        told |= {"drafts": sorted(self.drafts), "decided": sorted(self.decided)}
        self.gate.take_desk(DeskForEdge.model_validate(told), self.now)

    def see(self) -> None:
        up = [
            CallSeen(call, call.replace("c", "i"), LegState.CONNECTED, Direction.INBOUND, "support", is_answered=True)
            for call in self.answered
        ]
        self.gate.see(up, self.now)

    @rule()
    def a_call_is_answered(self) -> None:
        self.used += 1
        self.answered[f"c-{self.used}"] = self.now
        self.see()
        self.hear(f"c-{self.used}", EventName.ANSWERED)
        self.missed = 0 if self.missed < 2 else self.missed

    def hear(self, call: str, event: EventName, cause: Cause | None = None) -> None:
        self.rung += 1
        self.gate.hear([Rung(self.rung, call, event, cause)])

    @precondition(lambda self: not self.answered)
    @rule()
    def a_call_is_missed(self) -> None:
        call = CallSeen("c-0", "i-0", LegState.ALERTING, Direction.INBOUND, "support")
        self.gate.see([call], self.now)
        self.gate.see([], self.now)
        self.hear("c-0", EventName.MISSED, Cause.NO_ANSWER)
        self.missed += 1

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def a_call_ends(self, data: st.DataObject) -> None:
        call = data.draw(st.sampled_from(sorted(self.answered)))
        long = self.now - self.answered.pop(call) >= SHORTEST_TALK_MS
        interaction = call.replace("c", "i")
        counted = (long or interaction in self.drafts) and call in self.gate.kept.armed
        firm = self.policy["gate"] != "dirty" or interaction in self.drafts
        if counted and firm and not self.away and interaction not in self.decided:
            self.wanted_decisions.add(interaction)
        self.see()

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def a_draft_begins(self, data: st.DataObject) -> None:
        interaction = f"i-{data.draw(st.integers(1, self.used))}"
        self.drafts.add(interaction)
        if interaction in self.gate.kept.entries and self.gate.kept.entries[interaction].ask != "owe":
            self.wanted_decisions.add(interaction)
        self.tell()

    @precondition(lambda self: self.used)
    @rule(data=st.data())
    def the_cloud_decides(self, data: st.DataObject) -> None:
        interaction = f"i-{data.draw(st.integers(1, self.used))}"
        self.decided.add(interaction)
        self.drafts.discard(interaction)
        self.tell()

    @rule(by_ms=TIMES)
    def time_passes(self, by_ms: int) -> None:
        before, until = self.picture(), self.gate.next_due_ms(self.now)
        quiet_ms = min(by_ms, (until - self.now - 1) if until else by_ms)
        self.gate.settle(self.now + quiet_ms)
        assert (before, self.gate.wanted(self.now + quiet_ms)) == (self.picture(), self.gate.wanted(self.now)), (
            "nothing changes before it is said to be due"
        )
        self.now += by_ms
        self.see()

    @rule()
    def ready_on_the_phone(self) -> None:
        self.gate.pressed_ready(self.now)
        self.missed = 0

    @rule()
    def ready_on_a_page(self) -> None:
        firm = [i for i in self.gate.kept.entries if self.is_open(i) and i in self.wanted_decisions]
        accepted = self.gate.asked_ready(self.now)
        assert accepted or firm or self.gate.kept.entries
        if firm and not self.answered:
            assert not accepted
        self.missed = 0 if accepted else self.missed

    @rule()
    def the_cloud_has_the_document(self) -> None:
        self.seq += 1
        self.gate.shown(self.seq)
        owing = {i for i, each in self.gate.kept.entries.items() if each.ask == "owe"}
        self.gate.acked(self.seq)
        assert not owing & set(self.gate.kept.entries)
        self.owed |= owing

    @rule(away=st.booleans())
    def the_cloud_goes_or_comes(self, *, away: bool) -> None:
        self.away = away
        self.gate.cloud_is_away(away=away, now_ms=self.now)

    @rule()
    def the_edge_restarts(self) -> None:
        kept = KEPT.validate_json(KEPT.dump_json(self.gate.kept))
        assert kept == self.gate.kept
        self.gate = StationGate("1001", kept, self.gate.desk)
        self.gate.cloud_is_away(away=self.away, now_ms=self.now)
        self.see()

    def is_open(self, interaction: str) -> bool:
        return self.gate.kept.entries[interaction].ask != "owe"

    def picture(self) -> bytes:
        return KEPT.dump_json(self.gate.kept)

    @invariant()
    def who_owes_is_kept_from_calls(self) -> None:
        if any(self.is_open(each) for each in self.gate.kept.entries):
            assert self.gate.wanted(self.now) is HoldKind.GATE
        if self.away:
            assert self.gate.wanted(self.now) in (None, HoldKind.MISSED)

    @invariant()
    def who_missed_too_many_in_a_row_is_kept_from_calls(self) -> None:
        assert self.gate.kept.misses.is_out == (self.missed >= 2)
        if self.missed >= 2:
            assert self.gate.wanted(self.now) in (HoldKind.GATE, HoldKind.MISSED)

    @invariant()
    def nothing_that_is_wanted_gets_lost(self) -> None:
        for interaction in self.wanted_decisions:
            kept = interaction in self.gate.kept.entries
            assert kept or interaction in self.decided or interaction in self.owed, interaction


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
