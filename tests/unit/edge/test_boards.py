"""The board on its way: while somebody looks, once a second, only what changed, and not by a fenced edge."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from ringline_core.domain.board import Board
from ringline_core.domain.facts import Agent, Leg, Membership, Snapshot
from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import AgentStateName, ErrorCode, LegState
from ringline_core.wire.edge import Ack, WatchOrder
from ringline_core.wire.edge import Board as BoardFrame
from ringline_edge.uplink import boards
from ringline_edge.uplink.boards import BoardLane
from ringline_edge.uplink.heard import Refused
from tests.support.fake_cloud import FakeCloud, Frame
from tests.support.waiting import eventually
from tests.unit.edge.conftest import Bench

NOW_MS = 1_800_000_000_000
READY = Agent("1001", AgentStateName.READY, 1_000, login="7001", queues=(Membership("support"),))
CALLER = Leg("t1", "k1", "trunk", LegState.QUEUED, 1_000, outside=True, origin=True, queue="support")


def station(number: str, state: str = "ready", agent: str | None = None, name: str = "") -> Frame:
    return {"station": number, "agent": agent, "name": name, "in_service": True, "state": state}


@dataclass
class Line:
    """A lane, its clock, and what the cloud makes of what it says."""

    lane: BoardLane = field(default_factory=lambda: BoardLane(count(1).__next__))
    now_s: float = 100.0
    stations: dict[str, Frame] = field(default_factory=dict)
    ended: int = 0

    def __post_init__(self) -> None:
        self.lane.make = lambda _: Board({name: dict(each) for name, each in self.stations.items()})
        self.lane.on_end = self._end
        self.set("1001")

    def _end(self) -> None:
        self.ended += 1

    def set(self, number: str, **fields: Any) -> None:
        self.stations[number] = station(number, **fields)
        self.lane.changed()

    @property
    def cloud_ms(self) -> float:
        return NOW_MS + self.now_s * 1000

    def watch(self, for_s: float = 90, *, whole: bool = True) -> None:
        until = datetime.fromtimestamp(self.cloud_ms / 1000, UTC) + timedelta(seconds=for_s)
        self.lane.watch(WatchOrder(until_at=until, whole=whole), self.cloud_ms)

    def said(self, *, answered: bool = True) -> list[Frame]:
        """What is due now; the cloud takes it unless told otherwise."""
        texts = self.lane.due(self.now_s, self.cloud_ms)
        assert all(isinstance(codec.decode_from_edge(text), BoardFrame) for text in texts)
        frames = [json.loads(text) for text in texts]
        for frame in frames:
            if answered:
                self.answer(frame)
        return frames

    def answer(self, frame: Frame, code: ErrorCode | None = None) -> Refused | None:
        assert self.lane.holds(frame["frame"])
        return self.lane.acked(Ack(frame=frame["frame"], code=code), self.now_s)

    def later(self, seconds: float, **more: Any) -> list[Frame]:
        self.now_s += seconds
        return self.said(**more)


@pytest.fixture
def line() -> Line:
    """Somebody looks, and has the whole board."""
    made = Line()
    made.watch()
    (first,) = made.said()
    assert (first["whole"], [each["station"] for each in first["stations"]]) == (True, ["1001"])
    return made


def test_nothing_is_told_while_nobody_looks() -> None:
    line = Line()
    assert (line.said(), line.lane.next_due_s()) == ([], None)


def test_what_changed_goes_once_a_second_and_together(line: Line) -> None:
    line.set("1001", state="busy")
    assert line.later(0.9) == []
    line.set("1002")
    line.set("1001", state="wrap_up")
    (told,) = line.later(0.2)
    assert (told["whole"], {each["station"]: each["state"] for each in told["stations"]}) == (
        False, {"1001": "wrap_up", "1002": "ready"},
    )  # fmt: skip
    assert line.later(1) == [], "it has been told"
    line.set("1001", state="wrap_up")
    assert line.later(1) == [], "nothing is another"


def test_a_quiet_floor_says_so_every_five_seconds_and_all_of_it_every_thirty(line: Line) -> None:
    told = [(line.now_s, frame) for _ in range(62) for frame in line.later(0.5)]
    assert [frame["whole"] for _, frame in told] == [False, False, False, False, False, True]
    assert [frame.get("stations", []) for _, frame in told[:5]] == [[]] * 5
    assert [now_s - 100 for now_s, _ in told] == [5, 10, 15, 20, 25, 30]


def test_it_ends_with_the_lease_and_begins_whole(line: Line) -> None:
    line.watch(for_s=30, whole=False)
    line.now_s += 30
    assert (line.said(), line.lane.is_watched, line.ended) == ([], False, 1)
    line.watch(whole=False)
    assert [frame["whole"] for frame in line.said()] == [True]


def test_a_lease_in_the_past_is_the_end_at_once(line: Line) -> None:
    line.watch(for_s=0)
    assert (line.lane.is_watched, line.ended, line.later(10)) == (False, 1, [])


def test_a_renewal_tells_nothing_anew_and_a_new_watcher_makes_it_whole(line: Line) -> None:
    line.now_s += 2
    line.watch(whole=False)
    assert line.said() == []
    line.watch(whole=True)
    assert [frame["whole"] for frame in line.said()] == [True]


def test_one_telling_is_on_its_way_and_a_lost_one_is_followed_by_all(line: Line) -> None:
    line.set("1001", state="busy")
    (lost,) = line.later(1, answered=False)
    line.set("1001", state="ready")
    assert line.later(4.9) == []
    (again,) = line.later(0.2)
    assert (lost["whole"], again["whole"], again["stations"][0]["state"]) == (False, True, "ready")
    assert not line.lane.holds(lost["frame"])


def test_a_new_socket_begins_with_all(line: Line) -> None:
    line.lane.closed()
    assert [frame["whole"] for frame in line.later(1)] == [True]


def test_a_large_board_goes_in_parts_that_a_frame_holds() -> None:
    line = Line()
    for number in range(2000, 2200):
        line.set(str(number), agent=f"agent-{number}", name="Ä" * 100)
    line.watch()
    frames = line.said(answered=False)
    assert [(frame["part"], frame["parts"]) for frame in frames] == [
        (part, len(frames)) for part in range(1, len(frames) + 1)
    ]
    assert len(frames) > 3
    assert max(len(codec.compact(frame).encode()) for frame in frames) < 28_672 // 2
    assert sum(len(frame["stations"]) for frame in frames) == 201
    for frame in frames[1:]:
        line.answer(frame)
    line.set("2000", state="busy")
    assert line.later(1) == [], "one part is not acknowledged yet"
    line.answer(frames[0])
    assert [[each["station"] for each in frame["stations"]] for frame in line.said()] == [["2000"]]


def test_changes_that_one_frame_does_not_hold_are_told_as_a_whole_board(line: Line) -> None:
    for number in range(2000, 2100):
        line.set(str(number), agent=f"agent-{number}", name="Ä" * 100)
    frames = line.later(1)
    assert {frame["whole"] for frame in frames} == {True}
    assert sum(len(frame["stations"]) for frame in frames) == 101
    line.set("2000", state="busy")
    assert [frame["whole"] for frame in line.later(1)] == [False]


def test_a_cloud_that_is_in_trouble_is_asked_again_later_and_one_that_refuses_is_not(line: Line) -> None:
    line.set("1001", state="busy")
    (told,) = line.later(1, answered=False)
    assert line.answer(told, ErrorCode.INTERNAL) is None
    assert line.later(4.9) == []
    (again,) = line.later(0.2, answered=False)
    assert again["whole"]
    assert line.answer(again, ErrorCode.MESSAGE_INVALID) == Refused(("board",), "message_invalid")
    assert (line.later(10), line.ended) == ([], 1)


# --- in the running edge


def told(cloud: FakeCloud) -> dict[str, Frame]:
    """The newest that was told of each station and queue."""
    entries = [each for frame in cloud.said("board") for kind in ("stations", "queues") for each in frame.get(kind, ())]
    return {each.get("station") or each["queue"]: each for each in entries}


async def watched(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edge with one ready agent, at whose board somebody looks; its seconds are short."""
    monkeypatch.setattr(boards, "PAUSE_S", 0.01)
    bench.pbx.first = Snapshot(1_000, agents=(READY,))
    bench.start()
    await bench.cloud.whole()
    assert bench.cloud.said("board") == []
    await bench.cloud.send({"t": "watch", "until_at": ms_to_rfc3339(4_000_000_000_000), "whole": True})
    await bench.cloud.until(lambda cloud: "1001" in told(cloud))


async def test_who_looks_sees_agents_desks_and_waiting_callers(idle: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await watched(idle, monkeypatch)
    assert idle.edge.health().watched
    assert (told(idle.cloud)["1001"]["state"], told(idle.cloud)["support"]["waiting"]) == ("ready", 0)
    desk = {"station": "1001", "rev": 5, "agent": "anna", "name": "Anna Ek", "pages": 1}
    await idle.cloud.send({"t": "desks", "items": [desk], "part": 1, "parts": 1})
    await idle.cloud.until(lambda cloud: told(cloud)["1001"]["agent"] == "anna")
    idle.pbx.say(CALLER)
    await idle.cloud.until(lambda cloud: told(cloud)["support"]["waiting"] == 1)
    idle.pbx.say(replace(CALLER, state=LegState.CONNECTED))
    await idle.cloud.until(lambda cloud: told(cloud)["support"]["waiting"] == 0)


async def test_a_fenced_edge_tells_no_board_and_asks_for_its_role(idle: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    await watched(idle, monkeypatch)
    hellos = len(idle.cloud.said("hello"))
    idle.cloud.role = "standby"
    idle.cloud.fence_boards = True
    idle.pbx.say(CALLER)
    await idle.cloud.until(lambda cloud: len(cloud.said("hello")) > hellos)
    await eventually(lambda: idle.edge.health().role == "standby")
    assert not idle.edge.health().watched
