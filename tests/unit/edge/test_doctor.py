"""Why an agent gets no calls: each cause is found, named first, and told with what to do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.local.ports import free_port
from ringline_core.domain.facts import Agent, Device, Membership, Snapshot
from ringline_core.domain.holds import HoldKind
from ringline_core.errors import PbxUnavailableError
from ringline_core.wire.codes import AgentStateName
from ringline_edge import health
from ringline_edge.adapters.examination import Examination, Seat, of_snapshot
from ringline_edge.config import HealthTable
from ringline_edge.doctor import asking, reasoning, telling
from ringline_edge.doctor.facts import EdgeSeen, Facts, StoppedPart
from ringline_edge.doctor.reasoning import diagnose
from ringline_edge.views import OwingView, StationView, WorkView
from tests.unit.edge.conftest import Bench, ScriptedPbx
from tests.unit.edge.test_cli import run
from tests.unit.edge.test_health import GOOD

FREE = Seat("support", paused=False, phone="free", watches="hint:1001@agents")
AT = "2026-03-01T10:00:00.000Z"
VIEW = StationView(station="1001", state="ready", agent="anna", queues=("support",), pages=1, state_since_at=AT)
EDGE = EdgeSeen(role="active", uplink="up", pbx="up", stations=(VIEW,))
FOUND = Examination(in_service=True, seats=(FREE,))
FACTS = Facts("anna", edge=EDGE, station="1001", view=VIEW, found=FOUND)


def seen(**changes: Any) -> Facts:
    """The good case with another examination."""
    return replace(FACTS, found=replace(FOUND, **changes))


def viewed(**changes: Any) -> Facts:
    """The good case with another view."""
    return replace(FACTS, view=VIEW.model_copy(update=changes))


def edged(**changes: Any) -> Facts:
    """The good case with another edge."""
    return replace(FACTS, edge=EDGE.model_copy(update=changes))


def seat(**changes: Any) -> Facts:
    """The good case with another place in the queue."""
    return seen(seats=(replace(FREE, **changes),))


OWING = OwingView(interaction="i-1", since_at=AT, needs=("note",))
BLOCKED = [
    (replace(FACTS, station=None, view=None, found=None), "nobody_logged_on", "at no phone of this site"),
    (replace(FACTS, found=None), "station_unknown", "no phone and no queue member 1001"),
    (seen(in_service=False), "out_of_service", "not registered"),
    (seen(dnd=True), "dnd", "do not disturb"),
    (seen(forward="0170123"), "forward", "forwards its calls"),
    (seen(talks=True), "in_call", "in a call"),
    (seen(seats=()), "in_no_queue", "member of no queue"),
    (replace(seen(seats=()), view=None), "nobody_logged_on", "no agent is logged on at 1001"),
    (seat(paused=True, reason="lunch"), "paused", "queue support has them paused with reason lunch"),
    (seat(paused=True), "paused", "without a reason"),
    (seat(paused=True, reason="ringline:agent"), "paused", "with reason ringline:agent"),
    (seat(paused=True, reason="ringline:logged_off"), "logged_off", "paused as logged off"),
    (seat(phone="invalid"), "hint_missing", "hint:1001@agents, which does not exist"),
    (seat(phone="unavailable"), "phone_unavailable", "unavailable"),
    (seat(phone="in_use"), "phone_busy", "takes the phone for in use, and it is in no call"),
    (viewed(wanted="supervisor"), "hold_supervisor", f"a supervisor set them to not ready, since {AT}"),
    (viewed(wanted="wrap_up", owing=(OWING,)), "hold_wrap_up", f"note of a call is owed (lacking: note), since {AT}"),
    (viewed(wanted="wrap_up"), "hold_wrap_up", "time to write it runs"),
    (viewed(wanted="page_lost", page_gone_since_at="yesterday"), "hold_page_lost", "since yesterday"),
    (
        viewed(wanted="work", work=(WorkView(work="w-1", channel="email", lease_until_at=AT),)),
        "hold_work",
        f"a work item is open (email, its lease ends {AT})",
    ),
    (viewed(wanted="rejected"), "hold_rejected", "just sent a call away"),
    (seen(held=True), "hold_left_over", "no edge here wants it"),
    (replace(seen(held=True), edge=EDGE.model_copy(update={"role": "standby"})), "hold_elsewhere", "that leads keeps"),
    (replace(seen(held=True), edge=None, view=None), "hold_left_over", "no edge here wants it"),
]


@pytest.mark.parametrize(("facts", "code", "words"), BLOCKED, ids=[f"{n}-{each[1]}" for n, each in enumerate(BLOCKED)])
def test_each_cause_is_the_verdict_and_the_first_that_blocks(facts: Facts, code: str, words: str) -> None:
    found = diagnose(facts)
    assert found.gets_calls is False
    first = next(each for each in found.findings if each.level == "blocks")
    assert first.code == code
    assert words in found.verdict
    assert found.verdict.startswith("anna gets no calls: ")
    assert telling.exit_code([found]) == 1


LOOKS = [
    (replace(FACTS, edge=None, edge_error="refused", view=None), "edge_unreachable"),
    (edged(uplink="down"), "cloud_away"),
    (edged(role="standby"), "standby"),
    (edged(pbx="down"), "edge_without_pbx"),
    (edged(stopped=(StoppedPart(part="uplink", code="uplink_refused", reason="clock"),)), "stopped"),
    (replace(FACTS, view=None), "nobody_logged_on"),
    (viewed(pages=0), "no_page"),
    (viewed(queues=("support", "sales")), "queue_missing"),
    (seat(penalty=5, rivals=0), "penalty"),
    (seen(lacks="the dial plan lacks 'exten => 1001,hint,x'"), "hold_degraded"),
    (viewed(wanted="wrap_up", unholdable="no hint"), "hold_wrap_up"),
    (seen(seats=(FREE, replace(FREE, queue="sales", paused=True, reason="training"))), "paused"),
]


@pytest.mark.parametrize(("facts", "code"), LOOKS, ids=[each[1] for each in LOOKS])
def test_what_only_is_worth_a_look_is_told_and_stops_no_call(facts: Facts, code: str) -> None:
    found = diagnose(facts)
    assert (found.gets_calls, telling.exit_code([found])) == (True, 0)
    assert code in [each.code for each in found.findings if each.level == "look"]
    assert found.verdict == "anna would get calls of support."


def test_a_pbx_that_cannot_be_asked_leaves_it_open_unless_something_else_is_certain() -> None:
    away = replace(FACTS, found=None, pbx_error="refused")
    found = diagnose(away)
    assert (found.gets_calls, telling.exit_code([found])) == (None, 2)
    assert (
        found.verdict == "It could not be found out whether anna would get calls: the PBX could not be asked (refused)."
    )
    certain = diagnose(replace(away, view=VIEW.model_copy(update={"wanted": "supervisor"})))
    assert certain.gets_calls is False
    nowhere = diagnose(Facts("anna", edge_error="refused", pbx_error="refused"))
    assert nowhere.gets_calls is None


def test_a_pause_by_a_hold_is_told_by_the_hold_that_has_the_reason() -> None:
    held = replace(seat(paused=True, reason="ringline:wrap_up"), view=VIEW.model_copy(update={"wanted": "wrap_up"}))
    assert "the note of a call is owed" in diagnose(held).verdict


def test_every_hold_has_its_sentence() -> None:
    assert set(reasoning._OURS) == set(HoldKind)


def test_the_text_begins_with_the_verdict_and_tells_what_to_do() -> None:
    lines = telling.text(diagnose(seat(paused=True, reason="lunch"))).splitlines()
    assert lines[0] == "anna gets no calls: queue support has them paused with reason lunch."
    mine = next(n for n, line in enumerate(lines) if "[paused]" in line)
    assert lines[mine].startswith("  x ")
    assert lines[mine + 1].strip() == "-> Ready on the page or the phone"
    assert json.loads(json.dumps(telling.as_json([diagnose(FACTS)])))[0]["gets_calls"] is True


def test_nobody_found_is_no_good_news() -> None:
    assert telling.exit_code([]) == telling.NOT_FOUND_OUT


def test_a_snapshot_tells_the_seats_and_who_comes_first() -> None:
    def agent(station: str, penalty: int, *, paused: bool = False) -> Agent:
        queues = (Membership("support", paused, None, penalty),)
        return Agent(station, AgentStateName.READY, 1, queues=queues)

    phones = (Device("1001", "1001", True, 1), Device("1002", "1002", True, 1), Device("1003", "1003", False, 1))
    agents = (agent("1001", 5), agent("1002", 2), agent("1003", 0), agent("1004", 1, paused=True))
    found = of_snapshot(Snapshot(1, agents=agents, devices=phones), "1001", held=frozenset())
    assert found == Examination(True, (Seat("support", False, "", 5, "free", rivals=2),))
    assert of_snapshot(Snapshot(1), "1001", held=frozenset()) is None


async def asked(pbx: ScriptedPbx, port: int, **who: str) -> tuple[Facts, ...]:
    return await asking.ask(HealthTable(port=port), pbx, **who)


async def test_the_edge_and_the_pbx_are_asked_and_an_agent_is_found_at_their_phone() -> None:
    pbx, port = ScriptedPbx(), free_port()
    pbx.examined = {"1001": FOUND}
    async with health.serving("127.0.0.1", port, lambda: GOOD, "edge.toml", lambda: [VIEW]):
        (facts,) = await asked(pbx, port, agent="anna")
        assert (facts.station, facts.view, facts.found, facts.edge_error) == ("1001", VIEW, FOUND, "")
        (facts,) = await asked(pbx, port, agent="ben")
        assert (facts.station, facts.found) == (None, None)
        (facts,) = await asked(pbx, port)
        assert facts.who == "anna (1001)"
        pbx.absent = PbxUnavailableError("nobody there")
        (facts,) = await asked(pbx, port, station="1001")
        assert facts.pbx_error == "nobody there"
    (facts,) = await asked(ScriptedPbx(), port, station="1001")
    assert (facts.edge, facts.found) == (None, None)
    assert "Error" in facts.edge_error


async def test_the_running_edge_tells_its_stations_without_numbers(bench: Bench) -> None:
    await bench.cloud.whole()
    bench.pbx.say(Agent("1001", AgentStateName.READY, 1_000, login="1001"))
    await bench.cloud.until(lambda c: "1001" in c.documents)
    (view,) = bench.edge._views.all()
    assert (view.station, view.state, view.agent) == ("1001", "ready", None)


def test_the_command_refuses_both_an_agent_and_a_station(tmp_path: Path) -> None:
    code, said = run("doctor", "--agent", "anna", "--station", "1001", "--config", tmp_path / "no.toml")
    assert (code, "not both" in said) == (2, True)
    code, said = run("doctor", "--agent", "anna", "--config", tmp_path / "no.toml")
    assert (code, "No such file" in said) == (2, True)
