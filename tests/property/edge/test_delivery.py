"""Spool and session against a cloud that loses, repeats, delays and reorders: nothing acknowledged is lost."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool, Record
from ringline_edge.uplink.session import Leading, Session

STATIONS = st.sampled_from(["1001", "1002", "1003"])
Frame = dict[str, Any]


def document(station: str, number: int) -> str:
    """A document that can be told from every other one."""
    return json.dumps({"station": station, "number": number})


class Delivery(RuleBasedStateMachine):
    """One edge process, killed at will, and one cloud."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = 0.0
        self.number = self.process = self.seq = 0
        self.newest: dict[str, str] = {}
        self.recorded: set[str] = set()
        self.stored: dict[str, tuple[tuple[int, int], str]] = {}
        self.records: set[str] = set()
        self.epoch = 0
        self.up: list[Frame] = []
        self.down: list[str] = []
        self.start()

    def start(self) -> None:
        """A new process on the old spool."""
        self.live = LiveSpool(self.folder / "live.db")
        self.log = LogSpool(self.folder / "log.db", 10_000_000)
        self.process += 1
        self.session = Session("edge-1", f"s{self.process}", "test", self.live, self.log, lambda: 0.5)
        self.session.snapshot_ready = True
        self.open()

    def open(self) -> None:
        """A new socket: answers on the old one are gone, frames may still arrive late."""
        self.session.closed()
        self.up.append(json.loads(self.session.opened()))
        self.down = []

    def put(self, station: str) -> None:
        self.seq += 1
        entry = Entry(station, self.seq, self.newest[station], (), int(self.now * 1000))
        self.live.put([entry])

    @rule(station=STATIONS)
    def change(self, station: str) -> None:
        self.number += 1
        self.newest[station] = document(station, self.number)
        self.put(station)

    @rule()
    def record(self) -> None:
        self.number += 1
        self.log.put(Record(f"c-{self.number}", 1, "{}"))
        self.recorded.add(f"c-{self.number}")

    @rule(seconds=st.sampled_from([0.0, 0.1, 3.5, 30.0]))
    def send(self, seconds: float) -> None:
        self.now += seconds
        texts = self.session.due(self.now, int(self.now * 1000))
        self.up += [json.loads(text) for text in texts]

    @rule(data=st.data())
    def cloud_takes_any(self, data: st.DataObject) -> None:
        if self.up:
            index = data.draw(st.integers(0, len(self.up) - 1))
            frame = self.up[index] if data.draw(st.booleans()) else self.up.pop(index)
            self.down.append(json.dumps(self.answer(frame)))

    @rule(data=st.data())
    def edge_hears_any(self, data: st.DataObject) -> None:
        if self.down:
            self.hear(self.down.pop(data.draw(st.integers(0, len(self.down) - 1))))

    @rule()
    def lose_everything_on_the_way(self) -> None:
        self.up, self.down = [], []

    @rule()
    def error_frame(self) -> None:
        self.hear('{"message":"Internal server error","connectionId":"x","requestId":"y"}')

    @rule()
    def cut(self) -> None:
        self.open()

    @rule()
    def kill(self) -> None:
        self.live.close()
        self.log.close()
        self.start()

    @invariant()
    def window_is_kept_and_no_station_is_twice_on_its_way(self) -> None:
        flight = [station for each in self.session.window for station in each.stations]
        assert len(self.session.window) <= 4
        assert len(flight) == len(set(flight))

    @invariant()
    def nothing_is_lost(self) -> None:
        for station, doc in self.newest.items():
            waits = station in self.live.entries and self.live.entries[station].doc == doc
            assert waits or json.loads(self.stored[station][1]) == json.loads(doc)
        assert self.recorded <= self.records | {record.call for record in self.log.oldest(10_000)}

    def teardown(self) -> None:
        """With a good line everything arrives."""
        self.open()
        for _ in range(200):
            self.send(5.0)
            while self.up:
                self.down.append(json.dumps(self.answer(self.up.pop(0))))
            while self.down:
                self.hear(self.down.pop(0))
        assert {s: json.loads(d) for s, (_, d) in self.stored.items()} == {
            s: json.loads(d) for s, d in self.newest.items()
        }
        assert self.records == self.recorded
        assert not len(self.live)
        self.live.close()
        self.log.close()
        shutil.rmtree(self.folder)

    def hear(self, text: str) -> None:
        match self.session.heard(text, self.now, int(self.now * 1000)):
            case Leading():
                for station in self.newest:
                    self.put(station)
                self.session.snapshot_of({s: e.seq for s, e in self.live.entries.items()})

    def answer(self, frame: Frame) -> Frame:
        """The cloud's rules, and nothing else."""
        ack: Frame = {"t": "ack", "frame": frame["frame"], "epoch": frame.get("epoch")}
        match frame["t"]:
            case "hello":
                if frame["session"] != getattr(self, "leader", None):
                    self.leader = frame["session"]
                    self.epoch += 1
                limits = {"beat_s": 25, "lease_s": 60, "frame_bytes": 300, "window": 4}
                now = "2026-01-01T00:00:00.000Z"
                return {"t": "welcome", "role": "active", "epoch": self.epoch, "now_at": now, "limits": limits}
            case "beat":
                now = "2026-01-01T00:00:00.000Z"
                return {"t": "beat", "frame": frame["frame"], "now_at": now, "role": "active", "epoch": self.epoch}
            case "state" if frame["epoch"] < self.epoch:
                return {**ack, "code": "fenced"}
            case "state":
                for each in frame["stations"]:
                    lane = (frame["epoch"], each["seq"])
                    if lane > self.stored.get(each["station"], ((0, 0), ""))[0]:
                        self.stored[each["station"]] = (lane, json.dumps(each["doc"]))
            case "records":
                self.records |= {item["call"] for item in frame["items"]}
        return ack


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(deadline=None, max_examples=150, stateful_step_count=60)
