"""The rule of pops: ranks, and which claim is granted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.domain.pop import LEASE_MS, STEAL_MS, Candidate, Held, claimed, finished, passed, ranked

NOW = 1_800_000_000_000
HELD = Held(3, "a", NOW)
BEST_FIRST = [
    Candidate("focused", focused=True, visible=True),
    Candidate("used", visible=True, last_input_ms=9),
    Candidate("used-before", visible=True, last_input_ms=8),
    Candidate("newer", visible=True, opened_ms=2),
    Candidate("older", visible=True, opened_ms=1),
    Candidate("hidden", last_input_ms=99),
    Candidate("a", opened_ms=0),
    Candidate("b", opened_ms=0),
    Candidate("not-now", can_pop=False, focused=True, visible=True, last_input_ms=99),
]
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        st.sampled_from("abcde"),
        st.booleans(),
        st.booleans(),
        st.booleans(),
        st.integers(0, 9),
        st.integers(0, 9),
    )
)


@given(st.permutations(BEST_FIRST))
@settings(deadline=None)
def test_pages_are_ranked_the_same_in_whatever_order_they_are_read(pages: list[Candidate]) -> None:
    assert ranked(pages) == tuple(page.page for page in BEST_FIRST)


@given(CANDIDATES)
@settings(deadline=None)
def test_each_page_has_one_rank_and_who_may_pop_ranks_first(candidates: list[Candidate]) -> None:
    order = ranked(candidates)
    assert sorted(order) == sorted({each.page for each in candidates})
    newest = {each.page: each for each in sorted(candidates, key=lambda each: each.opened_ms)}
    willing = [newest[page].can_pop for page in order]
    assert willing == sorted(willing, reverse=True)


def test_of_a_page_with_two_sockets_the_newer_one_counts() -> None:
    old = Candidate("a", focused=True, visible=True, opened_ms=1)
    assert ranked([old, Candidate("a", opened_ms=2), Candidate("b", visible=True)]) == ("b", "a")


@pytest.mark.parametrize(
    ("held", "asked", "later_ms", "granted"),
    [
        (None, 0, 0, 1),
        (None, 1, 0, None),
        (HELD, 3, STEAL_MS, 4),
        (HELD, 3, STEAL_MS - 1, None),
        (HELD, 2, STEAL_MS, None),
        (HELD, 4, STEAL_MS, None),
        (HELD, 0, STEAL_MS, None),
        (replace(HELD, done=True), 3, STEAL_MS, None),
        (replace(HELD, granted_ms=0), 3, 0, 4),
        (replace(HELD, granted_ms=0, done=True), 3, 0, None),
    ],
    ids=["first", "unknown", "over", "not-yet", "older", "future", "ignorant", "done", "passed", "passed-done"],
)
def test_a_claim_is_granted_by_what_it_would_take_over(
    held: Held | None, asked: int, later_ms: int, granted: int | None
) -> None:
    expected = None if granted is None else Held(granted, "b", NOW + later_ms)
    assert claimed(held, "b", asked, NOW + later_ms) == expected


def test_done_and_passed_count_for_the_grant_that_stands_and_once() -> None:
    done, left = replace(HELD, done=True), replace(HELD, granted_ms=0)
    assert (finished(HELD, 3), finished(HELD, 2), finished(done, 3), finished(None, 0)) == (done, None, None, None)
    assert (passed(HELD, "a", 3), passed(HELD, "b", 3), passed(HELD, "a", 2)) == (left, None, None)
    assert (passed(left, "a", 3), passed(done, "a", 3), passed(None, "a", 0)) == (None, None, None)
    assert (left.is_passed, HELD.is_passed, done.is_passed) == (True, False, False)


def test_a_page_gives_up_its_grant_well_before_another_may_take_it() -> None:
    assert STEAL_MS - LEASE_MS >= 600
