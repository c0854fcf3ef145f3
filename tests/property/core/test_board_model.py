"""Whoever takes every change in has the whole board, and nothing is told twice."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from ringline_core.domain import board
from ringline_core.domain.board import Board
from ringline_core.domain.waiting import Waiting
from ringline_core.wire.edge import DeskForEdge
from tests.contract.examples import DOCUMENT

STATIONS = ("1001", "1002", "1003")
QUEUES = ("sales", "support")
AGENTS = st.sampled_from([None, "anna", "ben"])


def document(station: str, state: str, queues: set[str]) -> dict[str, Any]:
    served = [{"queue": queue} for queue in sorted(queues)]
    return {**DOCUMENT, "station": station, "agent": {**DOCUMENT["agent"], "state": state, "queues": served}}


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Any board of three stations and two queues."""
    states, queues = st.sampled_from(["ready", "busy"]), st.sets(st.sampled_from(QUEUES))
    known = sorted(draw(st.sets(st.sampled_from(STATIONS))))
    documents = [document(station, draw(states), draw(queues)) for station in known]
    desks = {each: DeskForEdge(station=each, rev=1, agent=draw(AGENTS)) for each in known}
    waiting = draw(st.lists(st.builds(Waiting, st.sampled_from(QUEUES), st.integers(0, 3)), max_size=3))
    return board.built(documents, desks, waiting, 0)


@given(st.lists(boards(), min_size=1, max_size=6))
def test_who_takes_every_change_in_has_the_whole_board(seen: list[Board]) -> None:
    held = board.applied(Board(), board.whole(seen[0]))
    for before, after in itertools.pairwise(seen):
        held = board.applied(held, board.changes(before, after))
        assert held == after


@given(boards(), boards())
def test_changes_are_no_longer_than_needed(before: Board, after: Board) -> None:
    told = board.changes(before, after)
    assert all(before.stations.get(each["station"]) != each for each in told.stations)
    assert all(before.queues.get(each["queue"]) != each for each in told.queues)
    assert bool(told.stations or told.queues or told.left or told.closed) == (before != after)
