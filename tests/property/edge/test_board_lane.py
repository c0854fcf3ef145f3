"""Whatever is lost on the way of the board, either way: who looks has the truth again within half a minute."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ringline_core.domain import board
from ringline_core.domain.board import Board, BoardChanges
from ringline_core.wire.edge import Ack, WatchOrder
from ringline_edge.uplink.boards import PAUSE_S, WHOLE_S, BoardLane

BEGIN_MS = 1_800_000_000_000
STATIONS = st.sampled_from([f"10{number:02}" for number in range(12)])
AGENTS = st.sampled_from([None, "anna", "ben"])


class Watcher:
    """A page that sees all, by the contract's rules."""

    def __init__(self) -> None:
        self.board: Board | None = None
        self.at = ""
        self.parts: dict[int, dict[str, Any]] = {}
        self.parts_at = ""

    def take(self, frame: dict[str, Any]) -> None:
        """One `board`, its parts in any order."""
        if frame["at"] < self.at:
            return
        if not frame["whole"]:
            if self.board is not None:
                self.board, self.at = board.applied(self.board, _changes([frame])), frame["at"]
            return
        if frame["at"] != self.parts_at:
            self.parts_at, self.parts = frame["at"], {}
        self.parts[frame["part"]] = frame
        if len(self.parts) == frame["parts"]:
            self.board, self.at = board.applied(Board(), _changes(list(self.parts.values()))), frame["at"]


def _changes(frames: list[dict[str, Any]]) -> BoardChanges:
    def all_of(kind: str) -> Iterator[Any]:
        return (each for frame in frames for each in frame.get(kind, ()))

    return BoardChanges(*(tuple(all_of(kind)) for kind in ("stations", "queues", "left", "closed")))


class BoardLaneMachine(RuleBasedStateMachine):
    """A floor, its lane, and a page; frames and acks are lost as the test likes."""

    @initialize()
    def begin(self) -> None:
        self.lane = BoardLane(count(1).__next__)
        self.lane.frame_bytes = 2048
        self.lane.make = lambda _: Board(dict(sorted(self.stations.items())))
        self.stations: dict[str, dict[str, Any]] = {}
        self.page = Watcher()
        self.now_s = 0.0
        self.sent_s: list[float] = []
        until = datetime.fromtimestamp(BEGIN_MS / 1000, UTC) + timedelta(days=30)
        self.lane.watch(WatchOrder(until_at=until, whole=True), BEGIN_MS)

    @rule(station=STATIONS, agent=AGENTS, state=st.sampled_from(["ready", "busy"]))
    def changes(self, station: str, agent: str | None, state: str) -> None:
        """An agent comes, goes, or does something else."""
        self.stations[station] = {"station": station, "agent": agent, "state": state, "name": "x" * 60}
        self.lane.changed()

    @rule(station=STATIONS)
    def goes(self, station: str) -> None:
        """A station is known no more."""
        self.stations.pop(station, None)
        self.lane.changed()

    @rule()
    def new_socket(self) -> None:
        """What was on its way is lost."""
        self.lane.closed()

    @rule(
        seconds=st.floats(0.01, 7),
        order=st.randoms(),
        unseen=st.sets(st.integers(0, 5)),
        unheard=st.sets(st.integers(0, 5)),
    )
    def passes(self, seconds: float, order: Any, unseen: set[int], unheard: set[int]) -> None:
        """Time passes; some frames never reach the page, acknowledged or not, and some acks never come."""
        self.now_s += seconds
        frames = self.said()
        order.shuffle(frames)
        for index, frame in enumerate(frames):
            if index not in unseen:
                self.page.take(frame)
            if index not in unheard:
                self.lane.acked(Ack(frame=frame["frame"]), self.now_s)

    def said(self) -> list[dict[str, Any]]:
        """What the lane says now."""
        frames = [json.loads(text) for text in self.lane.due(self.now_s, BEGIN_MS + self.now_s * 1000)]
        self.sent_s += [self.now_s] if frames else []
        return frames

    @invariant()
    def it_is_told_once_a_second_at_most(self) -> None:
        """However much happens."""
        if hasattr(self, "sent_s") and len(self.sent_s) > 1:
            assert self.sent_s[-1] - self.sent_s[-2] >= PAUSE_S - 1e-6

    def teardown(self) -> None:
        """With nothing lost any more the page has the truth in time."""
        if not hasattr(self, "lane"):
            return
        for _ in range(int(WHOLE_S) + 6):
            self.now_s += 1
            for frame in self.said():
                self.page.take(frame)
                self.lane.acked(Ack(frame=frame["frame"]), self.now_s)
        assert self.page.board == Board(dict(sorted(self.stations.items())))


TestBoardLane = BoardLaneMachine.TestCase
