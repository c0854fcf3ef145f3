"""What the board shows of documents, desks and waiting callers, and how boards differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringline_core.domain import board
from ringline_core.domain.board import Board, BoardChanges
from ringline_core.domain.facts import Ended, Joined, Leg, LegRole, Snapshot
from ringline_core.domain.waiting import Waiting, WaitingCallers
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.board import BoardStation
from ringline_core.wire.codes import LegState
from ringline_core.wire.edge import DeskForEdge
from tests.contract.examples import AT, DOCUMENT, WORK

NOW_MS = 1_800_000_000_000
CALLER = Leg("l-1", "c-1", "trunk", LegState.QUEUED, NOW_MS - 60_000, outside=True, queue="support")


def desk(station: str = "1001", agent: str | None = "anna", **more: Any) -> DeskForEdge:
    return DeskForEdge.model_validate({"station": station, "rev": 1, "agent": agent, "name": "Anna Ek", **more})


def test_a_station_shows_its_agent_state_calls_and_what_is_open() -> None:
    work = [{**WORK, "lease_until_at": ms_to_rfc3339(NOW_MS + wait)} for wait in (1, -1)]
    shown = board.built([DOCUMENT], {"1001": desk(pages=2, work=work)}, (), NOW_MS).stations["1001"]
    assert shown == {
        "station": "1001", "agent": "anna", "name": "Anna Ek", "in_service": True, "state": "wrap_up", "reason": None,
        "pending": None, "since_at": AT, "pages": 2, "work": 1, "owes": 1, "queues": ["support"],
        "calls": [{"leg": "alerting", "direction": "inbound", "queue": "support", "since_at": AT}],
    }  # fmt: skip
    assert BoardStation.model_validate(shown).name == "Anna Ek"
    assert "+442071234567" not in repr(shown), "a board needs no numbers"


@pytest.mark.parametrize("desks", [{}, {"1001": desk(agent=None)}], ids=["unknown", "free"])
def test_a_station_without_an_agent_shows_nobody(desks: dict[str, DeskForEdge]) -> None:
    shown = board.built([DOCUMENT], desks, (), NOW_MS).stations["1001"]
    assert (shown["agent"], shown["name"], shown["pages"], shown["work"]) == (None, "", 0, 0)


@pytest.mark.parametrize(
    ("times", "since"),
    [({}, 1), ({"answered_at": 2}, 2), ({"answered_at": 2, "held_at": 3}, 3)],
    ids=["ringing", "talking", "held"],
)
def test_a_calls_time_is_that_of_its_present_leg(times: dict[str, int], since: int) -> None:
    call = DOCUMENT["calls"][0] | {"started_at": 1, "answered_at": None, "held_at": None} | times
    shown = board.built([{**DOCUMENT, "calls": [call]}], {}, (), NOW_MS).stations["1001"]
    assert shown["calls"][0]["since_at"] == since


def test_queues_are_those_that_agents_serve_and_those_where_somebody_waits() -> None:
    waiting = [Waiting("sales", NOW_MS), Waiting("sales", NOW_MS - 5), Waiting("sales", NOW_MS + 5)]
    assert board.built([DOCUMENT], {}, waiting, NOW_MS).queues == {
        "sales": {"queue": "sales", "waiting": 3, "longest_since_at": ms_to_rfc3339(NOW_MS - 5)},
        "support": {"queue": "support", "waiting": 0, "longest_since_at": None},
    }


def test_who_left_a_station_is_told_with_the_change() -> None:
    before = board.built([DOCUMENT], {"1001": desk()}, (), NOW_MS)
    after = board.built([DOCUMENT], {"1001": desk(agent="ben")}, (), NOW_MS)
    told = board.changes(before, after)
    assert ([each["agent"] for each in told.stations], told.left) == (["ben"], ({"station": "1001", "agent": "anna"},))
    assert board.changes(before, Board()) == BoardChanges(
        left=({"station": "1001", "agent": "anna"},), closed=("support",)
    )


def test_nothing_is_told_of_what_did_not_change() -> None:
    same = [board.built([DOCUMENT], {"1001": desk()}, [Waiting("sales", 5)], NOW_MS) for _ in range(2)]
    assert board.changes(*same) == BoardChanges()


def test_a_caller_waits_from_when_they_came_to_the_queue_until_somebody_answers() -> None:
    callers = WaitingCallers()
    assert not callers.take(replace(CALLER, state=LegState.CONNECTED), NOW_MS - 30_000)
    assert callers.take(CALLER, NOW_MS)
    assert not callers.take(CALLER, NOW_MS + 1)
    assert callers.all == (Waiting("support", NOW_MS),)
    assert callers.take(replace(CALLER, queue="sales"), NOW_MS + 2)
    assert callers.all == (Waiting("sales", NOW_MS + 2),)
    assert callers.take(replace(CALLER, state=LegState.CONNECTED), NOW_MS + 3)
    assert not callers.all


@pytest.mark.parametrize(
    "other",
    [{"ended": Ended(NOW_MS)}, {"role": LegRole.HELPER}, {"queue": None}, {"state": LegState.ALERTING}],
    ids=["gone", "helper", "no queue", "rings"],
)
def test_only_parties_in_a_queue_wait(other: dict[str, Any]) -> None:
    callers = WaitingCallers()
    assert not callers.take(replace(CALLER, **other), NOW_MS)
    callers.take(CALLER, NOW_MS)
    assert callers.take(replace(CALLER, **other), NOW_MS)
    assert not callers.all


def test_a_snapshot_says_who_still_waits_and_keeps_since_when() -> None:
    callers, other = WaitingCallers(), replace(CALLER, leg="l-2")
    callers.take(CALLER, NOW_MS)
    assert callers.take(Snapshot(NOW_MS + 9, legs=(CALLER, other)), NOW_MS + 9)
    assert callers.all == (Waiting("support", NOW_MS), Waiting("support", other.started_at_ms))
    assert not callers.take(Snapshot(NOW_MS + 10, legs=(CALLER, other)), NOW_MS + 10)
    assert callers.take(Snapshot(NOW_MS + 11), NOW_MS + 11)
    assert not callers.take(Joined("c-1", "c-2", NOW_MS), NOW_MS)
    assert not callers.all
