"""The gate of one station, case by case; times are milliseconds on a clock that begins at 0."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_core.domain.gate import REJECTED_MS, SAVE_MS
from ringline_core.domain.holds import HoldKind
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import Direction, LegState
from ringline_core.wire.edge import DeskForEdge
from tests.support.gate import LONG, after_a_call, call, desk, gate_of

WRAP = 10_000
NOTE = {"gate": "note"}


def test_an_answered_call_holds_and_its_end_owes_a_decision() -> None:
    gate = gate_of(policy=NOTE)
    gate.see([call(leg=LegState.ALERTING, is_answered=False)], 0)
    assert gate.wanted(0) is None
    gate.see([call()], 1)
    assert gate.wanted(1) is HoldKind.GATE
    assert not gate.kept.entries
    gate.see([], 1 + LONG)
    (entry,) = gate.kept.entries.values()
    assert (entry.interaction, entry.call, entry.since_ms, gate.needs(entry)) == ("i-1", "c-1", 1 + LONG, ("note",))
    assert gate.wanted(10**9) is HoldKind.GATE


@pytest.mark.parametrize(
    ("more", "policy"),
    [
        ({"is_consult": True}, {}),
        ({"direction": Direction.INTERNAL}, {"gate_on": ["queue_inbound", "direct_inbound", "outbound"]}),
        ({"is_answered": False, "leg": LegState.ALERTING}, {}),
        ({"queue": None}, {}),
        ({"direction": Direction.OUTBOUND, "queue": None}, {}),
        ({}, {"gate": "off"}),
        ({}, {"queues": {"support": {"gate": "off"}}}),
    ],
)
def test_some_calls_owe_nothing(more: dict[str, Any], policy: dict[str, Any]) -> None:
    gate = gate_of(policy=NOTE | policy)
    now = after_a_call(gate, **more)
    assert (gate.kept.entries, gate.wanted(now)) == ({}, None)


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"queue": None}, "direct_inbound"),
        ({"queue": None, "direction": Direction.OUTBOUND}, "outbound"),
        ({}, "queue_inbound"),
    ],
)
def test_policy_names_the_kinds_of_calls_that_count(more: dict[str, Any], kind: str) -> None:
    gate = gate_of(policy=NOTE | {"gate_on": [kind]})
    after_a_call(gate, **more)
    assert list(gate.kept.entries) == ["i-1"]


@pytest.mark.parametrize(
    ("answered_at_ms", "owes"),
    [(1, ["i-1"]), (LONG + 9_999, []), (10**9, []), (None, [])],
    ids=["long ago", "just now", "by a clock that is ahead", "not told"],
)
def test_a_call_that_was_there_before_the_gate_talks_since_it_was_answered(
    answered_at_ms: int | None, owes: list[str]
) -> None:
    gate = gate_of(policy=NOTE)
    gate.see([call(answered_at_ms=answered_at_ms)], LONG + 10_000)
    gate.see([], LONG + 10_001)
    assert list(gate.kept.entries) == owes


def test_later_calls_talk_since_the_gate_saw_them_whatever_the_pbx_says() -> None:
    gate = gate_of(policy=NOTE)
    gate.see([], 0)
    gate.see([call(answered_at_ms=1)], LONG + 10_000)
    gate.see([], LONG + 10_001)
    assert not gate.kept.entries


def test_a_call_of_under_five_seconds_owes_nothing_unless_something_was_written() -> None:
    gate = gate_of(policy=NOTE)
    assert gate.wanted(after_a_call(gate, LONG - 1)) is None
    written = gate_of(policy=NOTE, drafts=["i-1"])
    assert written.wanted(after_a_call(written, LONG - 1)) is HoldKind.GATE


def test_a_decision_opens_and_one_made_during_the_call_spares_the_entry() -> None:
    gate = gate_of(policy=NOTE)
    now = after_a_call(gate)
    gate.take_desk(desk(2, policy=NOTE, decided=["i-1"]), now)
    assert (gate.kept.entries, gate.wanted(now)) == ({}, None)
    early = gate_of(policy=NOTE)
    early.see([call()], 0)
    early.take_desk(desk(2, policy=NOTE, decided=["i-1"]), LONG)
    assert early.wanted(LONG) is None
    early.see([], LONG)
    assert not early.kept.entries


def test_without_a_draft_the_default_policy_holds_for_ten_seconds() -> None:
    gate = gate_of()
    now = after_a_call(gate)
    (entry,) = gate.kept.entries.values()
    assert (gate.needs(entry), entry.limit_at_ms, gate.next_due_ms(now)) == ((), now + WRAP, now + WRAP)
    gate.settle(now + WRAP - 1)
    assert gate.wanted(now + WRAP - 1) is HoldKind.GATE
    gate.settle(now + WRAP)
    assert gate.wanted(now + WRAP) is None


def test_typing_prolongs_until_decided_and_emptying_the_draft_lets_time_end_it() -> None:
    gate = gate_of()
    now = after_a_call(gate)
    gate.take_desk(desk(2, drafts=["i-1"]), now + 1)
    (entry,) = gate.kept.entries.values()
    assert (gate.needs(entry), entry.limit_at_ms) == (("note",), None)
    gate.settle(now + 10 * WRAP)
    assert gate.wanted(now + 10 * WRAP) is HoldKind.GATE
    gate.take_desk(desk(3), now + 10 * WRAP)
    assert gate.wanted(now + 10 * WRAP) is None
    gate.take_desk(desk(4, drafts=["i-1"]), now + 10 * WRAP)
    assert gate.wanted(now + 10 * WRAP) is None, "a draft begun after the entry was dropped does not hold again"


def test_ready_on_a_page_ends_what_only_time_would_end_and_is_refused_by_the_rest() -> None:
    soft, firm = gate_of(), gate_of(policy=NOTE)
    for gate in (soft, firm):
        after_a_call(gate)
    assert (soft.asked_ready(LONG), soft.wanted(LONG)) == (True, None)
    assert (firm.asked_ready(LONG), firm.wanted(LONG)) == (False, HoldKind.GATE)


def test_ready_in_a_call_waives_the_time_after_it_but_not_a_note_that_is_asked_for() -> None:
    for policy, held in (({}, None), (NOTE, HoldKind.GATE)):
        gate = gate_of(policy=policy)
        gate.see([call()], 0)
        assert gate.asked_ready(1)
        gate.see([], LONG)
        assert gate.wanted(LONG) is held
    again = gate_of()
    again.see([call()], 0)
    again.asked_ready(1)
    again.see([], LONG)
    again.see([call("c-2")], 2 * LONG)
    again.see([], 3 * LONG)
    assert again.wanted(3 * LONG) is HoldKind.GATE, "the waiver is for one call"


@pytest.mark.parametrize(("policy", "ask"), [("save", "save"), ("revert", None), ("warn", "owe")])
def test_ready_on_the_phone_with_a_note_owed_does_as_policy_says(policy: str, ask: str | None) -> None:
    gate = gate_of(policy=NOTE | {"on_ready_unsaved": policy})
    now = after_a_call(gate)
    assert gate.pressed_ready(now)
    (entry,) = gate.kept.entries.values()
    assert entry.ask == ask
    assert gate.wanted(now) is (None if ask == "owe" else HoldKind.GATE)
    gate.settle(now + SAVE_MS)
    assert (entry.ask, gate.wanted(now + SAVE_MS)) == (("owe", None) if ask == "owe" else (None, HoldKind.GATE))


def test_ready_on_the_phone_ends_the_default_wrap_up_at_once() -> None:
    gate = gate_of()
    now = after_a_call(gate)
    assert (gate.pressed_ready(now), gate.wanted(now)) == (False, None)


def test_where_the_pbx_cannot_hold_the_gate_only_warns() -> None:
    gate = gate_of(policy=NOTE)
    gate.can_hold = False
    now = after_a_call(gate)
    assert gate.pressed_ready(now)
    assert [each.ask for each in gate.kept.entries.values()] == ["owe"]


def test_without_a_page_for_the_grace_ready_on_the_phone_lets_the_note_be_owed() -> None:
    gate = gate_of(policy=NOTE)
    now = after_a_call(gate)
    gate.take_desk(desk(2, policy=NOTE, pages=0), now)
    assert gate.pressed_ready(now + 59_999)
    assert [each.ask for each in gate.kept.entries.values()] == ["save"]
    gate.settle(now + 70_000)
    assert gate.pressed_ready(now + 70_000)
    assert ([each.ask for each in gate.kept.entries.values()], gate.wanted(now + 70_000)) == (["owe"], None)


def test_what_is_owed_stays_until_the_cloud_has_the_document_that_says_so() -> None:
    gate = gate_of(policy=NOTE | {"on_ready_unsaved": "warn"})
    now = after_a_call(gate)
    gate.pressed_ready(now)
    assert not gate.acked(7)
    gate.shown(8)
    gate.shown(9)
    assert not gate.acked(7)
    assert gate.acked(8)
    assert gate.is_idle or not gate.kept.entries


def test_without_the_cloud_nothing_is_armed_and_what_was_owed_is_let_go() -> None:
    gate = gate_of(policy=NOTE)
    now = after_a_call(gate)
    gate.cloud_is_away(away=True, now_ms=now)
    assert (gate.wanted(now), [each.ask for each in gate.kept.entries.values()]) == (None, ["owe"])
    gate.see([call("c-2")], now)
    assert gate.wanted(now) is None
    gate.see([], now + LONG)
    assert list(gate.kept.entries) == ["i-1"]
    gate.cloud_is_away(away=False, now_ms=now)
    gate.see([call("c-3")], now)
    assert gate.wanted(now) is HoldKind.GATE


def test_a_call_that_counts_only_since_the_cloud_is_back_is_as_long_as_it_was() -> None:
    gate = gate_of(policy=NOTE)
    gate.cloud_is_away(away=True, now_ms=0)
    gate.see([call()], 0)
    gate.cloud_is_away(away=False, now_ms=LONG)
    gate.see([call()], LONG)
    gate.see([], LONG + 1)
    assert list(gate.kept.entries) == ["i-1"]


def test_what_is_let_go_is_not_reminded_of() -> None:
    gate = gate_of(policy=NOTE | {"limit_s": 60, "on_ready_unsaved": "warn"})
    now = after_a_call(gate)
    gate.pressed_ready(now)
    (entry,) = gate.kept.entries.values()
    before = entry.limit_at_ms
    gate.settle(now + 10**6)
    assert (entry.limit_at_ms, gate.next_due_ms(now)) == (before, None)


def test_two_calls_owe_two_decisions_and_one_of_them_holds_on() -> None:
    gate = gate_of(policy=NOTE)
    gate.see([call("c-1"), call("c-2", leg=LegState.HOLD)], 0)
    gate.see([call("c-2")], LONG)
    gate.take_desk(desk(2, policy=NOTE, decided=["i-1"]), LONG)
    gate.see([], 2 * LONG)
    assert (list(gate.kept.entries), gate.wanted(2 * LONG)) == (["i-2"], HoldKind.GATE)


def test_another_agent_at_the_desk_starts_afresh_and_nobody_is_never_held() -> None:
    gate = gate_of(policy=NOTE)
    now = after_a_call(gate)
    gate.take_desk(DeskForEdge(station="1001", rev=2), now)
    assert (gate.kept.entries, gate.wanted(now), gate.is_idle) == ({}, None, True)
    gate.see([call()], now)
    assert gate.wanted(now) is None


def test_a_limit_reminds_again_and_again_and_takes_nothing_away() -> None:
    gate = gate_of(policy=NOTE | {"limit_s": 60})
    now = after_a_call(gate)
    (entry,) = gate.kept.entries.values()
    limits = []
    for minutes in range(3):
        gate.settle(now + minutes * 60_000 + 1)
        limits.append((entry.limit_at_ms or 0) - now)
    assert (limits, gate.wanted(now + 10**7)) == ([60_000, 120_000, 180_000], HoldKind.GATE)


def work(until_ms: int, **more: Any) -> dict[str, Any]:
    """An e-mail in hand."""
    return {"work": "w-1", "channel": "email", "blocks": ["voice"], "lease_until_at": ms_to_rfc3339(until_ms), **more}


def test_a_work_item_holds_while_its_lease_lasts_by_the_clouds_clock() -> None:
    gate = gate_of(work=[work(60_000)])
    assert (gate.wanted(59_999), gate.wanted(60_000), gate.next_due_ms(0)) == (HoldKind.WORK, None, 60_000)
    assert (gate.conflict(0), gate.conflict(60_000)) == ("w-1", None)
    gate.offset_ms = 600_000
    assert gate.wanted(0) is None
    assert gate_of(work=[work(60_000, blocks=["chat"])]).wanted(0) is None


def test_ready_on_the_phone_puts_the_work_item_aside() -> None:
    gate = gate_of(work=[work(60_000)])
    gate.pressed_ready(1)
    assert gate.wanted(1) is None
    gate.take_desk(desk(2, work=[work(60_000), work(60_000, work="w-2")]), 2)
    assert gate.wanted(2) is HoldKind.WORK


def test_without_a_page_the_agent_is_held_after_the_grace_and_never_in_a_call() -> None:
    gate = gate_of()
    gate.take_desk(desk(2, pages=0), 1_000)
    gate.settle(60_999)
    assert (gate.wanted(60_999), gate.next_due_ms(1_000)) == (None, 61_000)
    gate.see([call(leg=LegState.ALERTING, is_answered=False)], 61_000)
    assert gate.wanted(61_000) is None
    gate.see([], 62_000)
    assert gate.wanted(62_000) is HoldKind.PAGE_LOST
    gate.take_desk(desk(3, pages=1), 63_000)
    assert gate.wanted(63_000) is None


def test_who_presses_ready_on_the_phone_without_a_page_works_on_by_phone() -> None:
    gate = gate_of()
    gate.take_desk(desk(2, pages=0), 0)
    gate.settle(60_000)
    gate.pressed_ready(60_000)
    gate.settle(10**9)
    assert gate.wanted(10**9) is None


def test_the_supervisors_hold_is_shown_before_all_and_stands_against_keys() -> None:
    gate = gate_of(policy=NOTE)
    now = after_a_call(gate)
    gate.supervise(held=True)
    assert gate.wanted(now) is HoldKind.SUPERVISOR
    gate.pressed_ready(now)
    assert gate.wanted(now) is HoldKind.SUPERVISOR
    gate.supervise(held=False)
    assert gate.wanted(now) is HoldKind.GATE


def test_a_rejection_holds_for_a_moment_and_ready_ends_it() -> None:
    gate = gate_of()
    gate.rejected(0)
    assert (gate.wanted(0), gate.wanted(REJECTED_MS), gate.next_due_ms(0)) == (HoldKind.REJECTED, None, REJECTED_MS)
    assert (gate.asked_ready(1), gate.wanted(1)) == (True, None)


def test_release_frees_whatever_held_and_owes_what_was_undecided() -> None:
    gate = gate_of(policy=NOTE, work=[work(10**9)])
    now = after_a_call(gate)
    gate.see([call("c-2")], now)
    gate.supervise(held=True)
    gate.release()
    assert gate.wanted(now) is None
    assert [each.ask for each in gate.kept.entries.values()] == ["owe"]
