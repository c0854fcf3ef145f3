"""Spool and session against a cloud that loses, repeats, delays and reorders: nothing acknowledged is lost."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ringline_edge.spool import files
from ringline_edge.spool.commands import CommandSpool
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool, Record
from ringline_edge.uplink.results import OwnResult
from ringline_edge.uplink.session import Session
from tests.property.edge.rules_of_the_cloud import Cloud, Frame

STATIONS = st.sampled_from(["1001", "1002", "1003"])


class Process:
    """One edge process on a spool."""

    def __init__(self, folder: Path, number: int, newest: dict[str, int], now: float) -> None:
        self.folder, self.newest, self.now = folder, newest, now
        self.name = f"s{number}"
        self.live = LiveSpool(folder / "live.db")
        self.log = LogSpool(folder / "log.db", 10_000_000)
        self.commands = CommandSpool(folder / "commands.db")
        self.seq = self.live.newest_seq
        self.session = Session("edge-1", self.name, "test", self.live, self.log, lambda: 0.5)
        self.session.lanes.known = self.known
        self.session.lanes.snapshot_ready = True
        self.session.telling.told = self.commands.told
        for left in self.commands.untold():
            body = json.loads(left.result) if left.result and left.final else failed(left.id)
            self.finish(body, "snapshot")

    def put(self, station: str) -> int:
        """Put a station's newest document into the spool; its `seq`."""
        self.seq += 1
        doc = json.dumps({"station": station, "number": self.newest[station]})
        self.live.put([Entry(station, self.seq, doc, (), int(self.now * 1000))])
        return self.seq

    def known(self) -> list[str]:
        """All stations, told anew."""
        for station in self.newest:
            self.put(station)
        return list(self.newest)

    def finish(self, body: dict[str, object], after: Any) -> None:
        """Keep a command's result and tell it."""
        self.commands.store(str(body["id"]), json.dumps(body), final=True)
        self.session.telling.put(OwnResult(body, after))

    def close(self) -> None:
        """Let go of the files."""
        for spool in (self.live, self.log, self.commands):
            spool.close()


def failed(ident: str) -> dict[str, object]:
    """What a command is told whose process ended in the middle of it."""
    return {"id": ident, "stage": "failed", "error": {"code": "timeout", "text": "unknown"}}


Trouble = Callable[["Delivery"], None]
TROUBLES: st.SearchStrategy[Trouble] = st.one_of(
    st.just(lambda edge: edge.rotate()),
    st.booleans().map(lambda lost: lambda edge: edge.cut(lost)),
    st.just(lambda edge: edge.kill()),
    st.just(lambda edge: edge.cut_the_power()),
    st.just(lambda edge: edge.another_edge_takes_over()),
    st.booleans().map(lambda says_so: lambda edge: edge.the_other_edge_dies(says_so)),
    st.tuples(STATIONS, st.sampled_from(["rate_limited", "message_invalid"])).map(
        lambda what: lambda edge: edge.turn_documents_away(*what)
    ),
    STATIONS.map(lambda station: lambda edge: edge.turn_documents_away(station, None)),
)


class Delivery(RuleBasedStateMachine):
    """One edge, killed at will, between a PBX and a cloud; frames as (process, frame) on their way."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="delivery-"))
        self.now = 0.0
        self.number = self.processes = 0
        self.newest: dict[str, int] = {}
        self.recorded: set[str] = set()
        self.synced: set[str] = set()
        self.lost: set[str] = set()
        self.asked: set[str] = set()
        self.cloud = Cloud()
        self.up: list[tuple[str, Frame]] = []
        self.down: list[tuple[str, str]] = []

    @initialize(window=st.sampled_from([1, 4]))
    def begin(self, window: int) -> None:
        self.cloud.window = window
        (self.folder / "0").mkdir()
        (self.folder / "disk").mkdir()
        self.edge = Process(self.folder / "0", 0, self.newest, self.now)
        self.say_hello()

    def say_hello(self) -> None:
        self.up.append((self.edge.name, json.loads(self.edge.session.hello())))

    @rule(station=STATIONS)
    def change(self, station: str) -> None:
        """The PBX changes something at a station."""
        self.number += 1
        self.newest[station] = self.number
        self.edge.put(station)

    @rule(station=STATIONS)
    def end_a_call(self, station: str) -> None:
        self.number += 1
        self.newest[station] = self.number
        call = f"c-{self.number}"
        self.cloud.needs[call] = (station, self.number)
        self.edge.log.put([Record(call, 1, "{}", self.edge.seq + 1)])
        self.recorded.add(call)
        self.edge.put(station)

    @rule(settles=st.booleans())
    def sync_the_log(self, settles: bool) -> None:
        """What was put before is on the disk from now on; a journal may move into its database at any time."""
        self.edge.log.sync()
        if settles:
            for path in self.edge.folder.glob("*.db"):
                files.settle(path)
        for path in self.edge.folder.glob("log.db*"):
            shutil.copy(path, self.folder / "disk")
        self.synced = set(self.recorded)

    @rule(station=STATIONS)
    def prove_a_command(self, station: str) -> None:
        self.number += 1
        self.newest[station] = self.number
        ident = f"x-{self.number}"
        self.cloud.needs[ident] = (station, self.number)
        assert self.edge.commands.begin(ident, int(self.now * 1000))
        self.asked.add(ident)
        self.edge.finish({"id": ident, "stage": "confirmed"}, (station, self.edge.put(station)))

    @rule()
    def take_a_command_whose_end_only_the_next_process_tells(self) -> None:
        self.number += 1
        ident = f"x-{self.number}"
        assert self.edge.commands.begin(ident, int(self.now * 1000))
        self.edge.commands.store(ident, json.dumps({"id": ident, "stage": "sent"}), final=False)
        self.edge.session.telling.put(OwnResult({"id": ident, "stage": "sent"}))
        self.asked.add(ident)

    @rule(seconds=st.sampled_from([0.0, 0.1, 3.5, 30.0]))
    def send(self, seconds: float) -> None:
        self.now += seconds
        self.edge.now = self.now
        texts = self.edge.session.due(self.now, int(self.now * 1000))
        self.up += [(self.edge.name, json.loads(text)) for text in texts]

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def cloud_takes_any(self, data: st.DataObject) -> None:
        """In any order, some twice, some long after their socket has ended."""
        index = data.draw(st.integers(0, len(self.up) - 1))
        self.take(*(self.up[index] if data.draw(st.booleans()) else self.up.pop(index)))

    @precondition(lambda self: self.down)
    @rule(data=st.data())
    def edge_hears_any(self, data: st.DataObject) -> None:
        self.hear(*self.down.pop(data.draw(st.integers(0, len(self.down) - 1))))

    @rule(rounds=st.integers(1, 4))
    def have_a_good_moment(self, rounds: int) -> None:
        """All arrives in its order for a while; without such moments hardly a run would get past the hello."""
        for _ in range(rounds):
            self.send(0.1)
            self.take_all()
            self.hear_all()

    @rule(station=STATIONS, ends=st.booleans())
    def change_while_the_acks_are_on_their_way(self, station: str, ends: bool) -> None:
        self.send(0.1)
        self.take_all()
        self.end_a_call(station) if ends else self.change(station)
        self.hear_all()

    @rule(frames=st.integers(1, 3))
    def have_a_moment_under_load(self, frames: int) -> None:
        self.cloud.throttled = frames
        self.have_a_good_moment(3)

    def hear_all(self) -> None:
        while self.down:
            self.hear(*self.down.pop(0))

    @rule(data=st.data())
    def lose_one(self, data: st.DataObject) -> None:
        lane: list[Any] = self.up if data.draw(st.booleans()) else self.down
        if lane:
            lane.pop(data.draw(st.integers(0, len(lane) - 1)))

    @precondition(lambda self: self.up)
    @rule(data=st.data())
    def fail_in_the_cloud(self, data: st.DataObject) -> None:
        """API Gateway's own error frame, with or without the work done."""
        name, frame = self.up.pop(data.draw(st.integers(0, len(self.up) - 1)))
        if data.draw(st.booleans()):
            self.cloud.answer(name, frame)
        self.down.append((name, '{"message":"Internal server error","connectionId":"x","requestId":"y"}'))

    @rule(trouble=TROUBLES)
    def have_trouble(self, trouble: Trouble) -> None:
        """One rule for all of it: with one each, hardly a run would come to anything that can be lost."""
        trouble(self)

    def turn_documents_away(self, station: str, code: str | None) -> None:
        if code is None:
            self.cloud.refuses.pop(station, None)
        else:
            self.cloud.refuses[station] = code

    def rotate(self) -> None:
        """A second socket of the same process; what is on its way on the first one still arrives."""
        self.say_hello()

    def cut(self, lose_answers: bool) -> None:
        self.edge.session.closed()
        if lose_answers:
            self.down = []
        self.say_hello()

    def another_edge_takes_over(self) -> None:
        self.cloud.leader, self.cloud.epoch = "other edge", self.cloud.epoch + 1

    def the_other_edge_dies(self, says_so: bool) -> None:
        if self.cloud.leader == "other edge":
            self.cloud.leader = None
        if self.cloud.leader is None and says_so:
            self.cloud.leader, self.cloud.epoch = self.edge.name, self.cloud.epoch + 1
            self.down.append((self.edge.name, json.dumps({"t": "lead", "epoch": self.cloud.epoch})))

    def kill(self) -> None:
        """The next process finds the files as they are in this moment; nothing was closed."""
        self.begin_anew()

    def cut_the_power(self) -> None:
        """The next process finds the log as it was synced last; records that were put since may be lost."""
        self.lost |= self.recorded - self.synced - self.cloud.records
        self.recorded -= self.lost
        self.begin_anew(log=self.folder / "disk")

    def begin_anew(self, log: Path | None = None) -> None:
        self.processes += 1
        folder = self.folder / str(self.processes)
        shutil.copytree(self.edge.folder, folder, ignore=shutil.ignore_patterns("log.db*") if log else None)
        if log:
            shutil.copytree(log, folder, dirs_exist_ok=True)
        self.edge.close()
        self.edge = Process(folder, self.processes, self.newest, self.now)
        self.say_hello()

    @invariant()
    def window_is_kept_and_no_station_is_twice_on_its_way(self) -> None:
        if self.edge_is_there():
            flight = [station for each in self.edge.session.lanes.window for station in each.stations]
            assert len(self.edge.session.lanes.window) <= max(4, self.cloud.window)
            assert len(flight) == len(set(flight))

    @invariant()
    def nothing_is_lost(self) -> None:
        if self.edge_is_there():
            for station, number in self.newest.items():
                waits = (
                    station in self.edge.live.entries
                    and json.loads(self.edge.live.entries[station].doc)["number"] == number
                )
                assert waits or self.cloud.has(station, number)
            assert self.recorded <= self.cloud.records | {record.call for record in self.edge.log.oldest(10_000)}
            untold = {each.id for each in self.edge.commands.untold()}
            assert self.asked <= {i for i, stage in self.cloud.results.items() if stage != "sent"} | untold

    def edge_is_there(self) -> bool:
        return hasattr(self, "edge")

    def teardown(self) -> None:
        """With a good line everything arrives; what no process can know any more is told by the next one.

        What was refused for good is made good by the station's next document.
        """
        if self.edge_is_there():
            with self.removed():
                self.cloud.refuses.clear()
                self.cloud.throttled = 0
                if self.cloud.leader == "other edge":
                    self.cloud.leader = None
                for station in self.cloud.gone:
                    self.change(station)
                self.calm_down()
                unfinished = {each.id for each in self.edge.commands.untold()}
                assert all(not each.final for each in self.edge.commands.untold())
                self.check_all(self.asked - unfinished)
                self.kill()
                self.calm_down()
                assert not self.edge.commands.untold()
                self.check_all(self.asked)

    def calm_down(self) -> None:
        self.cut(lose_answers=False)
        for _ in range(60):
            self.send(5.0)
            self.take_all()
            self.hear_all()

    def check_all(self, asked: set[str]) -> None:
        assert {station: number for station, (_, number) in self.cloud.stored.items()} == self.newest
        assert self.recorded <= self.cloud.records <= self.recorded | self.lost
        assert {ident for ident, stage in self.cloud.results.items() if stage != "sent"} == asked
        assert not len(self.edge.live)
        assert not len(self.edge.log)
        assert not len(self.edge.session.telling)

    @contextmanager
    def removed(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.edge.close()
            shutil.rmtree(self.folder)

    def take_all(self) -> None:
        while self.up:
            self.take(*self.up.pop(0))

    def take(self, name: str, frame: Frame) -> None:
        self.down.append((name, json.dumps(self.cloud.answer(name, frame))))

    def hear(self, name: str, text: str) -> None:
        """Answers to a process that is dead reach nobody."""
        if name == self.edge.name:
            self.edge.session.heard(text, self.now, int(self.now * 1000))


TestDelivery = Delivery.TestCase
TestDelivery.settings = settings(deadline=None, max_examples=200, stateful_step_count=80)
