"""The running edge: documents up, commands down, faults in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ringline_core.domain.facts import Agent, Ended, Leg, Party, Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxUnavailableError
from ringline_core.wire.codes import AgentStateName, ErrorCode, LegState
from tests.support.fake_cloud import FakeCloud, Frame
from tests.support.waiting import eventually
from tests.unit.edge.conftest import Bench

CALL = "c-hq-k1"
OUTSIDE = Leg("t1", "k1", "trunk", LegState.CONNECTED, 1_000, outside=True, origin=True, own=Party("+44207"))
RINGING = Leg("a1", "k1", "PJSIP/1001", LegState.ALERTING, 2_000, station="1001")
TALKING = replace(RINGING, state=LegState.CONNECTED, answered_at_ms=3_000)


def legs(cloud: FakeCloud) -> list[str]:
    """Legs that the cloud knows at 1001."""
    return [call["leg"] for call in cloud.documents.get("1001", {}).get("calls", [])]


async def talking(bench: Bench) -> None:
    """A connected call that the cloud knows of."""
    await bench.cloud.until(lambda c: any(f["t"] == "snapshot" and f["phase"] == "end" for f in c.heard))
    for fact in (OUTSIDE, RINGING, TALKING):
        bench.pbx.say(fact)
    await bench.cloud.until(lambda c: legs(c) == ["connected"])


async def test_a_snapshot_goes_first_and_is_framed_by_begin_and_end(bench: Bench) -> None:
    await bench.cloud.until(lambda c: any(f["t"] == "snapshot" and f["phase"] == "end" for f in c.heard))
    kinds = [f["t"] + f.get("phase", "") for f in bench.cloud.heard if f["t"] != "beat"]
    assert kinds == ["hello", "snapshotbegin", "snapshotend"]


async def test_a_burst_of_facts_is_one_document_with_united_rang(bench: Bench) -> None:
    await bench.cloud.until(lambda c: any(f["t"] == "snapshot" and f["phase"] == "end" for f in c.heard))
    for fact in (OUTSIDE, RINGING, TALKING):
        bench.pbx.say(fact)
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
    await bench.cloud.until(lambda c: any(f["t"] == "snapshot" and f["phase"] == "end" for f in c.heard))
    bench.pbx.absent = PbxAuthError("wrong password")
    bench.pbx.gone.set()
    await eventually(lambda: bench.edge.health()["stopped"])
    assert bench.edge.health()["stopped"]["code"] == "pbx_auth_failed"
    assert bench.pbx.runs == 2


async def test_a_fenced_edge_stands_by_until_the_cloud_says_lead(bench: Bench) -> None:
    await talking(bench)
    bench.cloud.epoch += 1
    bench.cloud.role = "standby"
    bench.pbx.say(Agent("1001", AgentStateName.READY, 1))
    await bench.cloud.until(lambda c: c.heard[-1]["t"] == "beat")
    await eventually(lambda: bench.edge.health()["role"] == "standby")
    assert bench.cloud.documents["1001"]["agent"]["state"] != "ready"
    bench.cloud.epoch, bench.cloud.role = bench.cloud.epoch + 1, "active"
    await bench.cloud.send({"t": "lead", "epoch": bench.cloud.epoch})
    await bench.cloud.until(lambda c: c.documents["1001"]["agent"]["state"] == "busy")


async def test_a_snapshot_with_a_call_shows_it_without_ringing(bench: Bench) -> None:
    await bench.cloud.until(lambda c: any(f["t"] == "snapshot" and f["phase"] == "end" for f in c.heard))
    bench.pbx.first = Snapshot(9_000, legs=(OUTSIDE, TALKING))
    bench.pbx.gone.set()
    await bench.cloud.until(lambda c: legs(c) == ["connected"], timeout_s=20)
    events = [each["event"] for each in bench.cloud.documents["1001"]["recent"]]
    assert "ringing" not in events
    assert bench.cloud.documents["1001"]["calls"][0]["started_at"] == "1970-01-01T00:00:02.000Z"
