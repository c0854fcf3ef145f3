"""The edge's own share of the way: from an event's last byte on AMI to the `state` frame at the cloud's socket.

A real `ringline-edge` process with its spool on disk, enrolled by its own command, a manager interface that plays whole
calls among ten times as much noise, and a cloud that acknowledges at once. All on loopback, three processes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks import cloud_probe
from benchmarks.ami_ringline import TRUNK
from benchmarks.bare_relay import STATION
from benchmarks.cloud_probe import Arrivals
from benchmarks.fake_ami import AmiSession, FakeAmi, Sent
from benchmarks.figures import ROOT, Figure, percentile, spread
from benchmarks.paced_calls import Mark, introduced, marks, plain_marks

PER_S: Final = 100
SECONDS: Final = 25
NOISE_PER_MARK: Final = 10
STATIONS: Final = 1000
CALLED_STATIONS: Final = 100
"""Few enough for several calls each, so that documents are as long as after some hours."""

RELAY_SECONDS: Final = 10
MOST_P50_MS, MOST_P99_MS, MOST_RSS_MB = 0.5, 3.0, 60.0
_PROGRAM: Final = Path(sys.executable).parent / "ringline-edge"
_PATIENCE_S: Final = 30.0


class _Enrolment(BaseHTTPRequestHandler):
    """`POST /enrolments` of a cloud that takes every code."""

    socket_url = ""

    def do_POST(self) -> None:
        """Take the edge in."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        given = {
            "site": "hq",
            "edge": asked["edge"],
            "kid": "bench",
            "audience": "bench",
            "socket_url": self.socket_url,
        }
        body = json.dumps(given).encode()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Load:
    """What the edge process has used so far, from /proc; source: proc(5)."""

    cpu_s: float
    rss_mb: float

    @classmethod
    def of(cls, pid: int) -> Load:
        """Of a running process."""
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return cls((int(ticks[11]) + int(ticks[12])) / 100, int(status["VmRSS"].split()[0]) / 1024)


@contextmanager
def _cloud() -> Iterator[tuple[int, Connection]]:
    """The probe in a process of its own; its port, and the pipe to ask it."""
    spawning = get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=cloud_probe.run, args=(theirs,), daemon=True)
    process.start()
    # With their end closed here, too, a probe that dies ends our waiting.
    theirs.close()
    port = int(ours.recv())
    try:
        yield port, ours
    finally:
        ours.send("end")
        process.join(5)


def _enrol(config: Path, socket_url: str) -> None:
    handler = type("_Here", (_Enrolment,), {"socket_url": socket_url})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        api = f"http://127.0.0.1:{server.server_port}"
        command = [str(_PROGRAM), "enroll", "--config", str(config), "--api", api, "--edge", "edge-1"]
        subprocess.run(command, input=b"bench\n", stdout=subprocess.DEVNULL, check=True)
        server.shutdown()


def _configure(folder: Path, ami_port: int) -> Path:
    config = folder / "edge.toml"
    config.write_text(
        f"version = 1\n[edge]\nstate_dir = {json.dumps(str(folder / 'state'))}\n[health]\nport = 0\n"
        f"[pbx]\nkind = 'asterisk'\n[pbx.asterisk]\nport = {ami_port}\nusername = 'bench'\nsecret = 'bench'\n"
        f"trunk = '{TRUNK}'\n"
    )
    config.chmod(0o600)
    return config


@contextmanager
def _running(command: Sequence[str | Path], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as sink, subprocess.Popen(command, cwd=ROOT, stderr=sink) as process:
        try:
            yield process
        finally:
            process.terminate()


def _wait_for_stations(cloud: Connection, log: Path) -> None:
    """Until the cloud has heard of all stations.

    Raises:
        RuntimeError: That took too long; with the edge's last words.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        cloud.send("stations")
        known = cloud.recv()
        if known == STATIONS:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"the cloud knows {known} stations of {STATIONS}:\n{log.read_text()[-2000:]}")
        time.sleep(0.1)


def _listed(server: FakeAmi, log: Path) -> AmiSession:
    session = server.accept(_PATIENCE_S)
    if not session.has_listed.wait(_PATIENCE_S):
        raise RuntimeError(f"the edge did not ask for the list of channels:\n{log.read_text()[-2000:]}")
    return session


@dataclass(frozen=True)
class Seen:
    """One run: what was to be sent, when it was, what arrived, and what the process in between used."""

    made: Sequence[Mark]
    sent: Sequence[Sent]
    arrivals: Arrivals
    empty: Load
    before: Load
    after: Load
    wall_s: float

    def times(self) -> dict[str, list[float]]:
        """Milliseconds from the last byte written to the frame, by event; what never came is left out.

        Raises:
            RuntimeError: Hardly anything came.
        """
        times: dict[str, list[float]] = {}
        for mark, sent in zip(self.made, self.sent, strict=True):
            at_ns = self.arrivals.seen_ns.get((mark.station, mark.count))
            if at_ns is not None:
                times.setdefault(mark.event, []).append((at_ns - sent.written_ns) / 1e6)
        if sum(map(len, times.values())) * 2 < len(self.made):
            raise RuntimeError(f"most of {len(self.made)} events never came: a figure would mean nothing")
        return times


def _play(made: Sequence[Mark]) -> Seen:
    """The real edge, once it has told the cloud of all stations."""
    server = FakeAmi()
    with tempfile.TemporaryDirectory() as name, _cloud() as (port, cloud):
        folder, log = Path(name), Path(name) / "edge.log"
        config = _configure(folder, server.port)
        _enrol(config, f"ws://127.0.0.1:{port}/")
        with _running([_PROGRAM, "run", "--config", config], log) as edge:
            session = _listed(server, log)
            empty = Load.of(edge.pid)
            session.play(introduced(STATIONS))
            _wait_for_stations(cloud, log)
            return _paced(session, made, edge.pid, cloud, empty)


def _play_to_relay(made: Sequence[Mark]) -> Seen:
    server = FakeAmi()
    with tempfile.TemporaryDirectory() as name, _cloud() as (port, cloud):
        log = Path(name) / "relay.log"
        command = [sys.executable, "-m", "benchmarks.bare_relay", str(server.port), str(port)]
        with _running(command, log) as relay:
            session = _listed(server, log)
            seen = _paced(session, made, relay.pid, cloud, Load.of(relay.pid))
            session.close()
            return seen


def _paced(session: AmiSession, made: Sequence[Mark], pid: int, cloud: Connection, empty: Load) -> Seen:
    before, began_s = Load.of(pid), time.monotonic()
    sent = session.pace([mark.data for mark in made], PER_S)
    wall_s = time.monotonic() - began_s
    time.sleep(0.5)
    after = Load.of(pid)
    cloud.send("arrivals")
    return Seen(made, sent, cloud.recv(), empty, before, after, wall_s)


def measure() -> Iterator[Figure]:
    """Play calls to the edge, and bare events to a bare relay; when they left against when their frames came."""
    relay = _play_to_relay(plain_marks(PER_S * RELAY_SECONDS, STATION, NOISE_PER_MARK))
    edge = _play(marks(PER_S * SECONDS, CALLED_STATIONS, NOISE_PER_MARK))
    yield from _latencies(edge, relay)
    yield from _loads(edge)


def _latencies(edge: Seen, relay: Seen) -> Iterator[Figure]:
    times, floor = edge.times(), relay.times()["relayed"]
    every = [each for some in times.values() for each in some]
    p50, p99, lost = median(every), percentile(every, 0.99), len(edge.made) - len(every)
    note = f"{PER_S} events/s, {NOISE_PER_MARK} x noise, {SECONDS} s, durable spool; {lost} lost; "
    note += f"p50 {p50 / median(floor):.1f} x, p99 {p99 / percentile(floor, 0.99):.1f} x a bare relay in the same run"
    target = f"p50 <= {MOST_P50_MS} ms, p99 <= {MOST_P99_MS:.0f} ms"
    good = p50 <= MOST_P50_MS and p99 <= MOST_P99_MS and not lost
    yield Figure("edge: AMI event -> state frame at the cloud", spread(every), target, good, note)
    told = ", ".join(f"{event} {median(some):.2f}/{percentile(some, 0.99):.2f}" for event, some in times.items())
    yield Figure("of it by event, p50/p99 ms", told, note="the end of a call also stores its record")
    yield Figure("the same way through a bare relay", spread(floor), note="no state, no disk: the machine's own share")


def _loads(seen: Seen) -> Iterator[Figure]:
    cores = (seen.after.cpu_s - seen.before.cpu_s) / seen.wall_s
    late = percentile([(each.written_ns - each.due_ns) / 1e6 for each in seen.sent], 0.99)
    note = f"{seen.arrivals.frames:,} state frames in all; the player itself was late by p99 {late:.2f} ms"
    yield Figure("edge: processor at that rate", f"{cores:.3f} cores", note=note)
    rss = seen.after.rss_mb
    target = f"<= {MOST_RSS_MB:.0f} MB"
    yield Figure(
        "edge: memory at 1,000 stations",
        f"{rss:.1f} MB RSS",
        target,
        rss <= MOST_RSS_MB,
        f"{seen.empty.rss_mb:.1f} MB before any",
    )
