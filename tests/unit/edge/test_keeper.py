"""The keeper: what goes into the spool, in which order, under which numbers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
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
