"""`ringline-edge record` as a process, beside each of the kit's PBXes: a call is caught, and nobody is in the file."""

from __future__ import annotations

import json
import signal
import stat
import tomllib
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.local.ports import free_port
from ringline_core.wire.codes import Verb
from ringline_edge.cli import app
from ringline_edge.conformance import worlds
from ringline_edge.conformance.fakes.ami import server as ami
from ringline_edge.conformance.fakes.csta import server as csta
from ringline_edge.conformance.fakes.freeswitch import server as freeswitch
from ringline_edge.conformance.phone_bank import NotNowError
from ringline_edge.conformance.stage import CUSTOMER, Stage, World
from tests.contract import golden
from tests.contract import test_golden_traces as contract
from tests.support.recording import Recording, configuration, process
from tests.support.waiting import eventually

SECRETS = (ami.SECRET, ami.SEED, ami.USER, csta.PASSWORD, csta.USER, freeswitch.PASSWORD)
every_world = pytest.mark.parametrize("name", sorted(worlds.FAKES))


def kind_of(world: World, name: str) -> str:
    return world.kind or name


def recording(world: World, kind: str, at: Path, *more: str) -> AbstractAsyncContextManager[Recording]:
    """Record to `at`/trace."""
    return process(kind, world.settings, at, *more)


async def press(world: World, station: str, button: str) -> None:
    async def done() -> bool:
        try:
            await world.bank.press(station, button, "")
        except NotNowError:
            return False
        return True

    await eventually(done)


async def call(world: World, made: Recording) -> None:
    """A customer calls 1001, who answers, and hangs up."""
    await world.bank.dial_in(CUSTOMER, "1001", None)
    await made.says("1001", "ringing", "alerting with …67")
    await press(world, "1001", "answer")
    await made.says("1001", "answered")
    await press(world, "1001", "hangup")
    await made.says("1001", "dropped", "no call")


def replayed(out: Path) -> list[str]:
    """Transitions at 1001, by the command."""
    done = CliRunner().invoke(app, ["replay", str(out)])
    assert done.exit_code == 0, done.output
    documents = [json.loads(line) for line in done.output.splitlines()]
    last = [each for each in documents if each["station"] == "1001"][-1]
    assert last["calls"] == []
    return [each["event"] for each in last["recent"] if each["call"]]


def everything(out: Path) -> Iterator[bytes]:
    yield from (path.read_bytes() for path in sorted(out.iterdir()))


@every_world
async def test_a_call_is_recorded_and_replayed_and_nobody_is_in_the_files(name: str, tmp_path: Path) -> None:
    async with worlds.of(name)() as world, recording(world, kind_of(world, name), tmp_path) as made:
        await call(world, made)
        assert await made.end() == 0
    assert replayed(made.out) == ["ringing", "answered", "dropped"]
    for data in everything(made.out):
        assert not [secret for secret in SECRETS if len(secret) > 3 and secret.encode() in data]
        assert CUSTOMER[-9:].encode() not in data
    assert not [line for line in made.said if CUSTOMER[-9:] in line]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made.out.iterdir()} == {0o600}
    assert stat.S_IMODE(made.out.stat().st_mode) == 0o700


@every_world
async def test_a_call_that_was_up_before_is_in_the_recording(name: str, tmp_path: Path) -> None:
    async with worlds.of(name)() as world:
        await world.bank.dial_in(CUSTOMER, "1001", None)
        await press(world, "1001", "answer")
        async with recording(world, kind_of(world, name), tmp_path) as made:
            await made.says("the PBX tells of")
            await press(world, "1001", "hangup")
            await made.says("1001", "dropped", "no call")
            assert await made.end(signal.SIGTERM) == 0
    assert replayed(made.out)[-1] == "dropped"


@pytest.mark.parametrize("name", ["asterisk", "csta", "freeswitch", "mapping", "simulator"])
async def test_a_recording_dropped_into_the_traces_is_a_test(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with worlds.of(name)() as world, recording(world, name, tmp_path, "--scenario", "A call.") as made:
        await call(world, made)
        assert await made.end() == 0
    monkeypatch.setattr(golden, "TRACES", tmp_path / "traces")
    (tmp_path / "traces" / name).mkdir(parents=True)
    made.out.rename(tmp_path / "traces" / name / "recorded")
    assert golden.main([]) == 1
    assert golden.main(["--update", "recorded"]) == 0
    (trace,) = golden.traces()
    expected = [json.loads(line) for line in (trace / "out.jsonl").read_text().splitlines()]
    told = [event["event"] for line in expected if line["station"] == "1001" for event in line.get("events", ())]
    assert [each for each in told if each in ("ringing", "answered", "dropped")] == ["ringing", "answered", "dropped"]
    for check in (
        contract.test_a_recorded_session_leads_to_the_expected_documents,
        contract.test_a_recorded_session_says_where_it_comes_from,
        contract.test_every_document_on_the_way_is_one_of_the_contract,
        contract.test_when_everybody_has_hung_up_no_call_is_left_anywhere,
        contract.test_every_call_begins_and_ends_once_at_a_station,
    ):
        check(trace)
    said = tomllib.loads((trace / "meta.toml").read_text())
    assert (said["kind"], said["scenario"], said["numbers_kept"]) == (name, "A call.", False)
    assert said["pbx"].startswith(name)
    assert said["seconds"] > 0


async def test_a_link_that_ends_ends_the_recording_and_the_file_is_kept(tmp_path: Path) -> None:
    async with worlds.of("asterisk")() as world, recording(world, "asterisk", tmp_path) as made:
        await call(world, made)
        await world.bank.drop_link(0)
        assert await made.end(None) == 1
    assert made.said[-2] == "Over: the session with the PBX ended: pbx_down: the PBX closed the link."
    assert replayed(made.out) == ["ringing", "answered", "dropped"]


async def test_the_time_being_over_is_a_good_end(tmp_path: Path) -> None:
    async with worlds.of("simulator")() as world, recording(world, "simulator", tmp_path, "--seconds", "1") as made:
        assert await made.end(None) == 0
    assert "Over: 1 s are over." in made.said


async def test_numbers_are_kept_for_a_lab_only_and_the_file_says_so(tmp_path: Path) -> None:
    async with worlds.of("asterisk")() as world, recording(world, "asterisk", tmp_path, "--keep-numbers") as made:
        await call(world, made)
        assert await made.end() == 0
    assert CUSTOMER.encode() in (made.out / "in.ami").read_bytes()
    assert tomllib.loads((made.out / "meta.toml").read_text())["numbers_kept"] is True
    assert "do not send it" in made.said[-1]


async def test_recording_beside_a_running_connector_does_it_no_harm(tmp_path: Path) -> None:
    async with worlds.of("freeswitch")() as world, recording(world, "freeswitch", tmp_path) as made:
        stage = Stage("freeswitch", world)
        await stage.begin()
        try:
            await stage.ready("1001")
            await stage.talking("1001")
            await stage.command(Verb.HOLD, "1001", stage.document("1001")["calls"][0]["call"])
            await made.says("1001", "hold with")
            await press(world, "1001", "hangup")
            await made.says("1001", "dropped")
            await stage.shows("1001")
        finally:
            await stage.end()
        assert await made.end() == 0
    assert replayed(made.out)[0] == "ringing"


def test_a_folder_that_is_there_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "trace").mkdir()
    config = configuration(tmp_path / "edge.toml", "simulator", {"port": 1})
    done = CliRunner().invoke(app, ["record", "--config", str(config), "--out", str(tmp_path / "trace")])
    assert done.exit_code == 78
    assert f"ringline-edge: recording_exists: {tmp_path}/trace: is there already" in done.output
    assert list((tmp_path / "trace").iterdir()) == []


def test_a_pbx_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    config = configuration(tmp_path / "edge.toml", "asterisk", {"port": free_port(), "username": "u", "secret": "s"})
    done = CliRunner().invoke(app, ["record", "--config", str(config), "--out", str(tmp_path / "trace")])
    assert (done.exit_code, "pbx_down" in done.output) == (1, True)
    assert "Nothing came from the PBX, and nothing is kept." in done.output
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("kind", "settings", "word"),
    [("simulator", {}, "config: "), ("panasonic", {"x": 1}, "'panasonic' cannot be recorded yet")],
)
def test_a_configuration_that_is_wrong_leaves_nothing_behind(
    tmp_path: Path, kind: str, settings: dict[str, Any], word: str
) -> None:
    config = configuration(tmp_path / "edge.toml", kind, settings)
    done = CliRunner().invoke(app, ["record", "--config", str(config), "--out", str(tmp_path / "trace")])
    assert (done.exit_code, word in done.output) == (78, True), done.output
    assert not (tmp_path / "trace").exists()


def test_replay_wants_to_know_the_kind_of_bare_bytes(tmp_path: Path) -> None:
    (tmp_path / "in.ami").write_bytes(b"")
    done = CliRunner().invoke(app, ["replay", str(tmp_path / "in.ami")])
    assert (done.exit_code, "use --kind" in done.output) == (78, True)
