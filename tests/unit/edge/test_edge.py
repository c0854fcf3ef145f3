"""The running edge: documents up, commands down, faults in between."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from ringline_core.domain.facts import Agent, Ended, Leg, Party, Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import AgentStateName, ErrorCode, LegState, Verb
from ringline_edge import app
from ringline_edge.adapters.port import Capabilities
from ringline_edge.spool.live import Entry
from tests.support.fake_cloud import FakeCloud, Frame
from tests.support.waiting import eventually
from tests.unit.edge.conftest import Bench, build

CALL = "c-hq-k1"
OUTSIDE = Leg("t1", "k1", "trunk", LegState.CONNECTED, 1_000, outside=True, origin=True, own=Party("+44207"))
RINGING = Leg("a1", "k1", "PJSIP/1001", LegState.ALERTING, 2_000, station="1001")
TALKING = replace(RINGING, state=LegState.CONNECTED, answered_at_ms=3_000)


def legs(cloud: FakeCloud) -> list[str]:
    """Legs that the cloud knows at 1001."""
    return [call["leg"] for call in cloud.documents.get("1001", {}).get("calls", [])]


async def talking(bench: Bench) -> None:
    """A connected call that the cloud knows of."""
    await bench.cloud.whole()
    bench.pbx.say(OUTSIDE, RINGING, TALKING)
    await bench.cloud.until(lambda c: legs(c) == ["connected"])


async def test_a_snapshot_goes_first_and_is_framed_by_begin_and_end(bench: Bench) -> None:
    await bench.cloud.whole()
    kinds = [f["t"] + f.get("phase", "") for f in bench.cloud.heard if f["t"] != "beat"]
    assert kinds == ["hello", "snapshotbegin", "snapshotend"]


async def test_a_burst_of_facts_is_one_document_with_united_rang(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.pbx.say(OUTSIDE, RINGING, TALKING)
    await bench.cloud.until(lambda c: legs(c) == ["connected"])
    states = [f for f in bench.cloud.heard if f["t"] == "state"]
    assert len(states) == 1
    assert states[0]["stations"][0]["rang"] == [CALL]


async def test_a_frame_without_an_answer_is_sent_again(bench: Bench) -> None:
    bench.cloud.swallow = 1
    await talking(bench)
    assert len({f["frame"] for f in bench.cloud.heard if f["t"] == "state"}) == 1


async def test_api_gateways_own_error_frame_makes_the_edge_send_again(bench: Bench) -> None:
    bench.cloud.fail = 1
    await talking(bench)


async def test_a_cut_socket_loses_nothing_and_keeps_the_epoch(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    await bench.cloud.cut()
    await bench.cloud.until(lambda c: legs(c) == [])
    assert len(bench.cloud.sessions) == 1


async def test_a_call_that_ended_becomes_a_record(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    bench.pbx.say(replace(OUTSIDE, ended=Ended(4_000)))
    await bench.cloud.until(lambda c: CALL in c.records)


async def test_a_drop_is_sent_then_confirmed_after_the_ack_of_its_proof(bench: Bench) -> None:
    await talking(bench)
    await bench.cloud.command("x1", "drop", "1001", call=CALL)
    await bench.cloud.result("x1", "sent")
    assert bench.pbx.executed[0][1].legs == ("a1",)
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    await bench.cloud.result("x1", "confirmed")
    heard = bench.cloud.heard
    shown = next(i for i, f in enumerate(heard) if f["t"] == "state" and not f["stations"][0]["doc"]["calls"])
    confirmed = next(i for i, f in enumerate(heard) if f.get("stage") == "confirmed")
    assert shown < confirmed
    assert bench.cloud.documents["1001"]["recent"][-1]["by"] == "agent_page"


async def test_a_repeated_id_has_one_effect_and_the_same_answer(bench: Bench) -> None:
    await talking(bench)
    await bench.cloud.command("x1", "dtmf", "1001", call=CALL, digits="1")
    await bench.cloud.result("x1", "confirmed")
    await bench.cloud.command("x1", "dtmf", "1001", call=CALL, digits="1")
    await bench.cloud.until(lambda c: len(c.results) == 2)
    assert len(bench.pbx.executed) == 1
    assert [r["stage"] for r in bench.cloud.results] == ["confirmed", "confirmed"]


async def test_a_drop_of_a_call_that_is_gone_already_is_confirmed_as_already(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    await bench.cloud.until(lambda c: legs(c) == [])
    await bench.cloud.command("x1", "drop", "1001", call=CALL)
    assert (await bench.cloud.result("x1", "confirmed"))["already"] is True
    assert not bench.pbx.executed


async def test_a_command_past_its_deadline_is_expired_and_not_done(bench: Bench) -> None:
    await talking(bench)
    await bench.cloud.command("x1", "drop", "1001", within_s=-1, call=CALL)
    await bench.cloud.result("x1", "expired")
    assert not bench.pbx.executed


@pytest.mark.parametrize(
    ("verb", "arguments", "code"),
    [
        ("conference", {"call": CALL}, "unsupported"),
        ("drop", {"call": "c-other"}, "no_such_call"),
        ("transfer", {"call": CALL}, "message_invalid"),
    ],
)
async def test_what_cannot_be_done_fails_with_its_code(bench: Bench, verb: str, arguments: Frame, code: str) -> None:
    await talking(bench)
    await bench.cloud.command("x1", verb, "1001", **arguments)
    assert (await bench.cloud.result("x1", "failed"))["error"]["code"] == code


async def test_a_refusal_of_the_pbx_reaches_the_page_with_its_code(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.refuse = CommandError(ErrorCode.NUMBER_INVALID, "no such number")
    await bench.cloud.command("x1", "place", "1001", to="999x")
    assert (await bench.cloud.result("x1", "failed"))["error"]["code"] == "number_invalid"


async def test_an_absent_pbx_puts_stations_out_of_service_and_refuses_commands(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.absent = PbxUnavailableError("away")
    bench.pbx.gone.set()
    await bench.cloud.until(lambda c: not c.documents["1001"]["in_service"])
    await bench.cloud.command("x1", "drop", "1001", call=CALL)
    assert (await bench.cloud.result("x1", "failed"))["error"]["code"] == "pbx_down"
    bench.pbx.absent = None
    await bench.cloud.until(lambda c: c.documents["1001"]["in_service"], timeout_s=20)
    assert legs(bench.cloud) == []
    events = [(e["event"], e["cause"]) for e in bench.cloud.documents["1001"]["recent"]]
    assert ("dropped", "reconciled") in events


async def test_a_wrong_password_stops_the_adapter_after_one_try(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.pbx.absent = PbxAuthError("wrong password")
    bench.pbx.gone.set()
    await eventually(lambda: bench.edge.health().stopped)
    assert bench.edge.health().stopped[0].code == "pbx_auth_failed"
    assert bench.pbx.runs == 2


async def test_a_fenced_edge_stands_by_until_the_cloud_says_lead(bench: Bench) -> None:
    await talking(bench)
    bench.cloud.epoch += 1
    bench.cloud.role = "standby"
    bench.pbx.say(Agent("1001", AgentStateName.READY, 1))
    await bench.cloud.until(lambda c: c.heard[-1]["t"] == "beat")
    await eventually(lambda: bench.edge.health().role == "standby")
    assert bench.cloud.documents["1001"]["agent"]["state"] != "ready"
    bench.cloud.epoch, bench.cloud.role = bench.cloud.epoch + 1, "active"
    await bench.cloud.send({"t": "lead", "epoch": bench.cloud.epoch})
    await bench.cloud.until(lambda c: c.documents["1001"]["agent"]["state"] == "busy")


async def test_a_snapshot_with_a_call_shows_it_without_ringing(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.pbx.first = Snapshot(9_000, legs=(OUTSIDE, TALKING))
    bench.pbx.gone.set()
    await bench.cloud.until(lambda c: legs(c) == ["connected"], timeout_s=20)
    events = [each["event"] for each in bench.cloud.documents["1001"]["recent"]]
    assert "ringing" not in events
    assert bench.cloud.documents["1001"]["calls"][0]["started_at"] == "1970-01-01T00:00:02.000Z"


async def test_numbers_of_an_earlier_run_are_exceeded_and_its_unknown_stations_dropped(idle: Bench) -> None:
    spool = idle.edge._live
    spool.put([Entry("1001", 500, "{}", ("c-old",), 0), Entry("1777", 501, "{}", (), 0)])
    idle.edge = build(idle.folder)
    idle.pbx.first = Snapshot(1, legs=(OUTSIDE, TALKING))
    idle.start()
    await idle.cloud.whole()
    assert set(idle.cloud.documents) == {"1001"}
    assert idle.cloud.lanes["1001"][1] > 501
    assert "c-old" in idle.cloud.said("state")[0]["stations"][0]["rang"]


async def test_a_record_is_sent_only_after_the_document_that_shows_the_end(bench: Bench) -> None:
    await talking(bench)
    bench.cloud.fail = 2
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)), replace(OUTSIDE, ended=Ended(4_000)))
    await bench.cloud.until(lambda c: CALL in c.records)
    assert legs(bench.cloud) == []
    kinds = [f["t"] for f in bench.cloud.heard if f["t"] in ("state", "records")]
    assert kinds == ["state", "state", "state", "state", "records"]


async def test_a_station_that_the_cloud_will_never_take_holds_up_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.cloud.whole()
    bench.cloud.reject["1001"] = "message_invalid"
    bench.pbx.say(OUTSIDE, TALKING, Agent("1002", AgentStateName.READY, 1))
    await bench.cloud.until(lambda c: "1002" in c.documents)
    await eventually(lambda: bench.edge.health().live_waiting == 0)
    assert bench.edge.health().refused == 1
    refused = next(each for each in caplog.records if each.message == "refused_by_cloud")
    assert (vars(refused)["what"], vars(refused)["code"]) == (("1001",), "message_invalid")


async def test_a_station_that_the_cloud_cannot_take_now_is_sent_again_but_not_at_once(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.cloud.reject["1001"] = "rate_limited"
    bench.pbx.say(Agent("1001", AgentStateName.READY, 1))
    await bench.cloud.until(lambda c: len(c.said("state")) == 1)
    del bench.cloud.reject["1001"]
    await bench.cloud.until(lambda c: "1001" in c.documents)
    await eventually(lambda: bench.edge.health().live_waiting == 0)
    assert len(bench.cloud.said("state")) == 2


async def test_what_the_pbx_can_do_is_told_again_when_the_adapter_learns_it(bench: Bench) -> None:
    await bench.cloud.whole()
    await bench.cloud.until(lambda c: c.said("hello")[-1]["capabilities"])
    first = bench.cloud.said("hello")[-1]
    assert "conference" not in first["capabilities"]
    assert first["pbx"] == {"kind": "scripted", "version": "1"}
    bench.pbx.capabilities = Capabilities(frozenset({Verb.DROP}), {"1001": frozenset({Verb.CONFERENCE})})
    bench.pbx.say(Snapshot(5))
    await bench.cloud.until(lambda c: c.said("hello")[-1]["capabilities"] == ["conference", "drop"])
    assert len(bench.cloud.sessions) == 1


async def test_desks_of_the_cloud_are_known_and_counted(bench: Bench) -> None:
    await bench.cloud.whole()
    await bench.cloud.send({"t": "desks", "items": [{"station": "1001", "rev": 3, "agent": "anna", "login": "7001"}]})
    await eventually(lambda: bench.edge.health().logged_on == 1)


async def test_a_command_is_expired_by_the_clouds_clock_not_by_ours(idle: Bench) -> None:
    idle.cloud.clock_ahead_s = 3600
    idle.start()
    await talking(idle)
    await idle.cloud.command("x1", "dtmf", "1001", call=CALL, digits="1")
    await idle.cloud.result("x1", "confirmed")
    await idle.cloud.command("x2", "dtmf", "1001", within_s=-1, call=CALL, digits="1")
    await idle.cloud.result("x2", "expired")


async def test_a_restart_tells_unfinished_commands_as_failed_after_the_snapshot(bench: Bench) -> None:
    await talking(bench)
    await bench.cloud.command("x1", "hold", "1001", call=CALL)
    await bench.cloud.result("x1", "sent")
    bench.pbx.first = Snapshot(9_000, legs=(OUTSIDE, TALKING))
    await bench.restart()
    failed = await bench.cloud.result("x1", "failed")
    assert failed["error"]["code"] == "timeout"
    heard = bench.cloud.heard
    whole = next(i for i, f in enumerate(heard) if f["t"] == "snapshot" and f["epoch"] == 2 and f["phase"] == "end")
    assert whole < heard.index(failed)
    await bench.cloud.command("x1", "hold", "1001", call=CALL)
    await bench.cloud.until(lambda c: [r["stage"] for r in c.results].count("failed") == 2)
    assert len(bench.pbx.executed) == 1


async def test_the_end_of_the_service_tells_what_waits_gives_the_lead_up_and_is_quick(bench: Bench) -> None:
    await talking(bench)
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    began = time.monotonic()
    await bench.stop()
    assert time.monotonic() - began < 3
    assert legs(bench.cloud) == []
    assert bench.cloud.heard[-1]["t"] == "release"


async def test_the_end_of_the_service_is_quick_with_a_cloud_that_answers_nothing(bench: Bench) -> None:
    await talking(bench)
    bench.cloud.deaf = True
    bench.pbx.say(replace(TALKING, ended=Ended(4_000)))
    began = time.monotonic()
    await bench.stop()
    assert time.monotonic() - began < 3
    bench.cloud.deaf = False
    bench.edge = build(bench.folder)
    bench.start()
    await bench.cloud.whole(epoch=2)


async def test_journals_of_all_spools_are_settled_while_the_edge_runs(
    idle: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not any(map(tables, idle.folder.glob("*.db"))), "so far all is in the journals"
    monkeypatch.setattr(app, "SETTLE_S", 0.01)
    idle.start()
    await eventually(lambda: {*map(tables, idle.folder.glob("*.db"))} == {"live", "record refused", "command", "gate"})
    await talking(idle)


def tables(path: Path) -> str:
    """Tables in the database's own file, without what is in its journal."""
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
        names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return " ".join(name for (name,) in names)


async def test_a_fault_in_one_part_leaves_the_other_in_service(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    await talking(bench)
    bench.pbx.absent = ValueError("a bug in the adapter")
    bench.pbx.gone.set()
    await bench.cloud.until(lambda c: not c.documents["1001"]["in_service"])
    assert bench.edge.health().problems == ("pbx_down",)
    await eventually(lambda: "part_broke" in [each.message for each in caplog.records])
    bench.pbx.absent = None
    await bench.cloud.until(lambda c: c.documents["1001"]["in_service"], timeout_s=20)


async def test_another_edges_word_is_followed_until_the_cloud_gives_the_lead_back(idle: Bench) -> None:
    idle.cloud.role = "standby"
    idle.cloud.beat_s = 0.1
    idle.start()
    await idle.cloud.until(lambda c: c.said("beat"))
    idle.pbx.say(OUTSIDE, TALKING)
    await eventually(lambda: idle.edge.health().live_waiting == 1)
    assert idle.edge.health().role == "standby"
    assert not idle.cloud.said("state")
    idle.cloud.role, idle.cloud.epoch = "active", idle.cloud.epoch + 1
    await idle.cloud.whole(epoch=idle.cloud.epoch)
    assert legs(idle.cloud) == ["connected"]
