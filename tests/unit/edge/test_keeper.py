"""The keeper: what goes into the spool, in which order, under which numbers."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from ringline_core.domain.facts import Agent, Ended, Leg, Party, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import AgentStateName, LegState
from ringline_core.wire.edge import DeskForEdge, Desks
from ringline_edge.desks import DeskBook
from ringline_edge.keeper import StationKeeper
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool
from tests.support.waiting import eventually

OUTSIDE = Leg("t1", "k1", "trunk", LegState.CONNECTED, 1_000, outside=True, origin=True, own=Party("+44207"))
RINGING = Leg("a1", "k1", "PJSIP/1001", LegState.ALERTING, 2_000, station="1001")
TALKING = replace(RINGING, state=LegState.CONNECTED, answered_at_ms=3_000)
GONE = (replace(TALKING, ended=Ended(4_000)), replace(OUTSIDE, ended=Ended(4_000)))


@dataclass
class Kept:
    """A keeper on spools of its own."""

    live: LiveSpool
    log: LogSpool
    model: StationModel = field(default_factory=lambda: StationModel("hq"))
    shown: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = StationKeeper(self.model, self.live, self.log)
        self.keeper.watch = self.watch
        self.model.lead(1)

    def watch(self, station: str, seq: int, _document: dict[str, Any]) -> None:
        self.shown.append((station, seq))

    async def end_a_call(self, call: str) -> None:
        """A call of its own, from its answer to its end."""
        legs = [replace(leg, leg=f"{leg.leg}-{call}", call=call) for leg in (OUTSIDE, TALKING)]
        await self.say(*legs)
        await self.say(*(replace(leg, ended=Ended(9_000)) for leg in legs))

    async def say(self, *facts: Any) -> None:
        for fact in facts:
            self.keeper.emit(fact)
        await asyncio.sleep(0)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    live, log = LiveSpool(tmp_path / "live.db"), LogSpool(tmp_path / "log.db", 100_000)
    yield Kept(live, log)
    live.close()
    log.close()


async def test_a_burst_of_facts_is_one_document_and_rang_is_united(kept: Kept) -> None:
    await kept.say(OUTSIDE, RINGING, TALKING)
    assert kept.shown == [("1001", 1)]
    assert kept.live.entries["1001"].rang == ("c-hq-k1",)


async def test_a_record_waits_for_the_documents_of_its_own_turn(kept: Kept) -> None:
    await kept.say(OUTSIDE, RINGING, TALKING)
    await kept.say(*GONE)
    (record,) = kept.log.oldest(10)
    assert (record.call, record.after_seq) == ("c-hq-k1", kept.live.entries["1001"].seq)
    assert not json.loads(kept.live.entries["1001"].doc)["calls"]
    assert record.at_ms > 0
    assert kept.log.oldest(10, kept.live.oldest_seq) == []


async def test_a_record_is_stored_before_the_document_that_shows_the_end(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = kept.live.put

    def put_and_die(entries: Iterable[Entry]) -> None:
        shutil.copytree(tmp_path, tmp_path / "killed")
        put(entries)

    await kept.say(OUTSIDE, RINGING, TALKING)
    monkeypatch.setattr(kept.live, "put", put_and_die)
    await kept.say(*GONE)
    log = LogSpool(tmp_path / "killed" / "log.db", 100_000)
    assert [record.call for record in log.oldest(10)] == ["c-hq-k1"]
    log.close()


async def test_the_disk_is_waited_for_only_once_documents_may_leave_and_never_twice_at_a_time(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    disk_is_done = threading.Event()

    def slow_disk(_number: int) -> None:
        order.append("sync")
        disk_is_done.wait(10)

    monkeypatch.setattr("os.fsync", slow_disk)
    kept.keeper.wake = lambda: order.append("wake")
    await kept.end_a_call("k1")
    await eventually(lambda: order == ["wake", "wake", "sync"])
    for call in ("k2", "k3"):
        await kept.end_a_call(call)
    assert order.count("sync") == 1
    assert len(kept.log) == 3
    disk_is_done.set()
    await eventually(lambda: order.count("sync") == 2)
    await kept.end_a_call("k4")
    await eventually(lambda: order.count("sync") == 3)


async def test_a_disk_that_refuses_a_sync_is_counted_and_the_record_goes_its_way(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("os.fsync", refuse)
    for number in (1, 2):
        await kept.end_a_call(f"k{number}")
        await eventually(lambda wanted=number: kept.log.failures == wanted)  # type: ignore[misc]
    assert [record.call for record in kept.log.oldest(10)] == ["c-hq-k1", "c-hq-k2"]
    assert [each.message for each in caplog.records] == ["spool_write_failed"]


def refuse(_number: int) -> None:
    raise OSError(5, "Input/output error")


async def test_numbers_go_on_above_what_an_earlier_run_left(kept: Kept) -> None:
    kept.live.put([Entry("1009", 41, "{}", (), 0)])
    kept.keeper = StationKeeper(kept.model, kept.live, kept.log)
    await kept.say(Agent("1001", AgentStateName.READY, 1))
    assert kept.live.entries["1001"].seq == 42


async def test_a_full_snapshot_puts_every_station_anew(kept: Kept) -> None:
    await kept.say(Agent("1001", AgentStateName.READY, 1), Agent("1002", AgentStateName.READY, 1))
    kept.live.acked("1001", 1)
    kept.live.acked("1002", 2)
    assert kept.keeper.known() == ("1001", "1002")
    assert {station: entry.seq for station, entry in kept.live.entries.items()} == {"1001": 3, "1002": 4}


async def test_a_full_spool_is_alarmed_once_counted_and_told_when_it_has_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    live, log = LiveSpool(tmp_path / "l.db"), LogSpool(tmp_path / "g.db", 10)
    kept = Kept(live, log)
    for number in range(3):
        legs = [replace(leg, leg=f"{leg.leg}{number}", call=f"k{number}") for leg in (OUTSIDE, TALKING)]
        await kept.say(*legs)
        await kept.say(*(replace(leg, ended=Ended(9_000)) for leg in legs))
    assert (kept.keeper.discarded, kept.keeper.is_full, len(log)) == (3, True, 0)
    assert json.loads(live.entries["1001"].doc)["calls"] == [], "the live state goes on"
    log._limit = 100_000
    await kept.say(OUTSIDE, TALKING)
    await kept.say(*GONE)
    assert (kept.keeper.is_full, len(log)) == (False, 1)
    assert [each.message for each in caplog.records] == ["spool_full", "spool_has_room"]
    live.close()
    log.close()


async def test_a_lost_link_puts_every_station_out_of_service_once(kept: Kept) -> None:
    await kept.say(Snapshot(1, agents=(Agent("1001", AgentStateName.READY, 1),)))
    kept.keeper.link_lost()
    kept.keeper.link_lost()
    await asyncio.sleep(0)
    assert json.loads(kept.live.entries["1001"].doc)["in_service"] is False
    assert kept.shown == [("1001", 1), ("1001", 2)]


def test_desks_keep_the_newest_whatever_the_order() -> None:
    book = DeskBook()
    newer = DeskForEdge(station="1001", rev=7, agent="anna")
    book.take(Desks(items=(newer, DeskForEdge(station="1002", rev=1))))
    book.take(Desks(items=(DeskForEdge(station="1001", rev=6), DeskForEdge(station="1002", rev=2, agent="ben"))))
    assert book.desks["1001"] is newer
    assert book.desks["1002"].rev == 2
    assert book.logged_on == 2
