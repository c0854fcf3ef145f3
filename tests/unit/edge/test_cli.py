"""The command line: what is refused, with which exit code, and what is said."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from ringline_core.errors import ConfigError, PbxUnavailableError
from ringline_edge import config, identity, registry
from ringline_edge.availability.release import release_all
from ringline_edge.cli import EXIT_CONFIG, EXIT_DATA, app
from tests.unit.edge.conftest import ScriptedPbx

ROOT = Path(__file__).parents[3]
GOOD = "version = 1\n[pbx]\nkind = 'simulator'\n[pbx.simulator]\nport = 5\n"
ANSWER = {"site": "hq", "edge": "edge-1", "kid": "k1", "audience": "aud", "socket_url": "wss://x/prod"}


def write(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def run(*words: object, stdin: str | None = None) -> tuple[int, str]:
    """Exit code and all that was said."""
    done = CliRunner().invoke(app, [str(word) for word in words], input=stdin)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("version = ", "not TOML"),
        ("", "version: this program reads version 1, the file says None"),
        ("version = 2", "version: this program reads version 1, the file says 2"),
        ("version = 1", "pbx: Field required"),
        (GOOD.replace("simulator'", "panasonic'"), "pbx.kind: 'panasonic' is not one of"),
        (GOOD.replace("port = 5", "port = 'x'"), "pbx.simulator.port: "),
        (GOOD.replace("port = 5", "port = 5\ntypo = 1"), "pbx.simulator.typo: "),
        (GOOD.replace("port = 5", ""), "pbx.simulator.port: Field required"),
        ("version = 1\n[pbx]\nkind = 'simulator'\nsimulator = 3", "pbx.simulator: "),
        (GOOD + "[health]\nport = 70000", "health.port: "),
        (GOOD + "[spool]\nlimit_mb = 0", "spool.limit_mb: "),
        (GOOD + "[edge]\nlog_level = 'loud'", "edge.log_level: "),
        (GOOD + "[edgy]\n", "edgy: "),
    ],
)
def test_a_wrong_file_ends_with_78_and_names_file_key_and_reason(tmp_path: Path, text: str, key: str) -> None:
    path = write(tmp_path, text)
    for command in ("check-config", "run"):
        code, said = run(command, "--config", path)
        if command == "check-config" or "pbx.simulator" not in key:
            assert code == EXIT_CONFIG
        assert said.startswith(f"ringline-edge: {path}: {key}") or command == "run"


def test_a_secret_that_is_wrong_is_not_repeated(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + "token = ['hunter2']\n")
    code, said = run("check-config", "--config", path)
    assert (code, "hunter2" in said) == (EXIT_CONFIG, False)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, said = run("run", "--config", tmp_path / "no.toml")
    assert (code, said) == (EXIT_CONFIG, f"ringline-edge: {tmp_path}/no.toml: No such file or directory\n")


def test_run_before_enrolment_says_what_to_do(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD + f"[edge]\nstate_dir = {json.dumps(str(tmp_path / 'state'))}\n")
    code, said = run("run", "--config", path)
    assert code == EXIT_CONFIG
    assert "not enrolled yet; run `ringline-edge enroll` first" in said


def test_a_good_file_is_called_good(tmp_path: Path) -> None:
    code, said = run("check-config", "--config", write(tmp_path, GOOD))
    assert (code, said) == (0, f"{tmp_path}/edge.toml: good; pbx simulator, state in /var/lib/ringline-edge\n")


def test_the_example_is_a_good_file() -> None:
    loaded = config.load(ROOT / "edge-connector" / "config.example.toml")
    adapter = registry.create(loaded.pbx.kind, loaded.pbx.settings, "config.example.toml")
    assert adapter.identity.kind == "asterisk"


def test_the_version_is_said() -> None:
    code, said = run("--version")
    assert code == 0
    assert said.startswith("ringline-edge/0.")


class Cloud(BaseHTTPRequestHandler):
    """Answers enrolments as told."""

    answer: ClassVar[tuple[int, bytes]] = (201, b"")
    asked: ClassVar[list[tuple[str, dict[str, Any]]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append((self.path, json.loads(body)))
        self.send_response(self.answer[0])
        self.end_headers()
        self.wfile.write(self.answer[1])

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    Cloud.answer, Cloud.asked[:] = (201, json.dumps(ANSWER).encode()), []
    with HTTPServer(("127.0.0.1", 0), Cloud) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def enrol(folder: Path, api: str) -> tuple[int, str]:
    path = write(folder, GOOD + f"[edge]\nstate_dir = {json.dumps(str(folder / 'state'))}\n")
    return run("enroll", "--config", path, "--api", api, "--edge", "edge-1", stdin="CODE-1\n")


def test_enrolment_sends_the_public_half_and_keeps_the_private_one_to_its_owner(tmp_path: Path, api: str) -> None:
    code, said = enrol(tmp_path, api)
    assert code == 0, said
    assert json.loads(said.splitlines()[-1]) == ANSWER
    ((path, asked),) = Cloud.asked
    assert path == "/enrolments"
    assert (asked["code"], asked["edge"]) == ("CODE-1", "edge-1")
    assert "PRIVATE" not in json.dumps(asked)
    me = identity.load(tmp_path / "state")
    assert me.socket_url == ANSWER["socket_url"]
    assert b"PRIVATE" in me.private_pem
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "state").iterdir()} == {0o600}


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ((403, b'{"error":"no such code"}'), "refused the enrolment (403)"),
        ((201, b'{"site":"hq"}'), "lacks 'edge'"),
        ((201, b"no json"), "cannot be reached"),
    ],
)
def test_a_refused_enrolment_ends_with_1_and_leaves_no_key(
    tmp_path: Path, api: str, answer: tuple[int, bytes], text: str
) -> None:
    Cloud.answer = answer
    code, said = enrol(tmp_path, api)
    assert code == 1
    assert text in said
    assert not list((tmp_path / "state").iterdir())


def test_a_cloud_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    code, said = enrol(tmp_path, "http://127.0.0.1:1")
    assert code == 1
    assert "cannot be reached" in said


@pytest.mark.parametrize("name", ["edge.pem", "enrolment.json"])
def test_a_damaged_identity_says_to_enrol_again(tmp_path: Path, api: str, name: str) -> None:
    enrol(tmp_path, api)
    (tmp_path / "state" / name).write_text("junk")
    with pytest.raises(ConfigError, match="damaged; enrol again"):
        identity.load(tmp_path / "state")


SNAPSHOT = {
    "event": "snapshot", "at_ms": 5000, "joins": [], "agents": [],
    "phones": [{"station": "1001", "device": "d1", "in_service": True, "at_ms": 1}],
    "legs": [{"event": "leg", "leg": "l1", "call": "k1", "device": "d1", "state": "connected", "started_ms": 1000,
              "station": "1001", "role": "party", "origin": False, "outside": False, "number": "1001", "data": {}}],
}  # fmt: skip


def test_replay_prints_documents_for_a_snapshot_and_for_what_follows(tmp_path: Path) -> None:
    ended = {**SNAPSHOT["legs"][0], "ended": {"at_ms": 9000, "left": "cleared", "cause": "normal"}}  # type: ignore[index]
    trace = tmp_path / "in.bin"
    trace.write_text("".join(json.dumps(each) + "\n" for each in (SNAPSHOT, ended)))
    code, said = run("replay", trace, "--kind", "simulator", "--site", "hq")
    assert code == 0, said
    documents = [json.loads(line) for line in said.splitlines()]
    assert [[call["leg"] for call in each["calls"]] for each in documents] == [["connected"], []]
    assert documents[1]["recent"][-1]["event"] == "dropped"


@pytest.mark.parametrize(
    ("content", "kind", "code"), [(None, "simulator", EXIT_DATA), ("junk\n", "simulator", EXIT_DATA), ("", "x", 78)]
)
def test_a_trace_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None, kind: str, code: int) -> None:
    trace = tmp_path / "in.bin"
    if content is not None:
        trace.write_text(content)
    assert run("replay", trace, "--kind", kind)[0] == code


async def test_release_all_frees_whoever_is_held_and_says_who() -> None:
    pbx = ScriptedPbx()
    pbx.holds = {"1002": "ringline:wrap_up", "1001": "ringline:work"}
    assert await release_all(pbx) == ("1001", "1002")
    assert pbx.holds == {}


async def test_release_all_says_why_the_pbx_cannot_be_asked() -> None:
    pbx = ScriptedPbx()
    pbx.absent = PbxUnavailableError("127.0.0.1:5038")
    with pytest.raises(PbxUnavailableError, match="5038"):
        await release_all(pbx)


@pytest.mark.parametrize("strategy", ["pause", "wrapuptime"])
def test_a_strategy_that_may_throw_callers_out_is_refused_until_somebody_looked(strategy: str, tmp_path: Path) -> None:
    base = 'version = 1\n[pbx]\nkind = "asterisk"\n[pbx.asterisk]\nusername = "u"\nsecret = "s"\n[pbx.asterisk.hold]\n'
    path = write(tmp_path, f'{base}strategy = "{strategy}"\n')
    refused = CliRunner().invoke(app, ["check-config", "--config", str(path)])
    assert refused.exit_code == EXIT_CONFIG
    assert "pbx.asterisk.hold" in refused.output
    assert "joinempty" in refused.output
    path = write(tmp_path, f'{base}strategy = "{strategy}"\nqueues_ignore_paused = true\n')
    assert CliRunner().invoke(app, ["check-config", "--config", str(path)]).exit_code == 0
