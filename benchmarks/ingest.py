"""What 100,000 AMI events cost our edge, against a bare parser and panoramisk, in one interleaved run.

Every client gets the same bytes over loopback in a fresh process of its own, delivers the same events and checks them
by count and checksum. Ours then goes on to what the others leave to their callers: facts, stations, documents as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks import ami_stream
from benchmarks.ami_events import end_mark
from benchmarks.ami_stream import Said
from benchmarks.fake_ami import FakeAmi
from benchmarks.figures import ROOT, Figure
from ringline_edge.adapters.asterisk.protocol import WANTED

EVENTS: Final = 100_000
RUNS: Final = 5
MOST_TIMES_BARE: Final = 3.4
_PEERS: Final = ROOT / ".tools" / "bench" / "bin" / "python"
_CLIENTS: Final = {
    "bare": (sys.executable, "benchmarks.ami_clients"),
    "documents": (sys.executable, "benchmarks.ami_ringline"),
    "spool": (sys.executable, "benchmarks.ami_ringline"),
    "panoramisk": (str(_PEERS), "benchmarks.ami_clients"),
}
_TELLING: Final = ("ringing", "answered", "held", "resumed", "dropped", "diverted", "dialing", "transferred")
"""Events that the stream's calls must have raised, or the figure would mean nothing."""

Outcome = dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """The bytes to be played, and what of them must be delivered."""

    data: bytes
    before: Path
    wanted: tuple[str, ...]
    count: int
    checksum: int


def _stream(folder: Path) -> Stream:
    before, after = ami_stream.generate(EVENTS)
    file = folder / "before.ami"
    file.write_bytes(b"".join(said.raw for said in before))
    wanted = tuple(sorted(name.decode() for name in WANTED))
    told = [said for said in after if said.name in wanted]
    checksum = 0
    for said in told:
        checksum = zlib.crc32(f"{said.name}|{_uniqueid(said)}".encode(), checksum)
    return Stream(b"".join(said.raw for said in after) + end_mark(), file, wanted, len(told), checksum)


def _uniqueid(said: Said) -> str | None:
    _, found, rest = said.raw.partition(b"\r\nUniqueid: ")
    return rest.partition(b"\r\n")[0].decode() if found else None


def _run(name: str, stream: Stream) -> Outcome:
    """One client, from its start to the stream's end.

    Raises:
        RuntimeError: It did not deliver what it should.
    """
    python, module = _CLIENTS[name]
    server = FakeAmi()
    with tempfile.TemporaryDirectory() as folder:
        told = {"port": server.port, "wanted": stream.wanted, "before": str(stream.before), "folder": folder}
        command = [python, "-m", module, name, json.dumps(told)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as client:
            session = server.accept()
            if not session.logged_in.wait(30):
                raise RuntimeError(f"{name} did not log in")
            session.play(stream.data)
            said, _ = client.communicate(timeout=120)
        session.close()
    server.close()
    outcome: Outcome = json.loads(said)
    if (outcome["count"], outcome["checksum"]) != (stream.count, stream.checksum):
        raise RuntimeError(f"{name} delivered {outcome['count']} events of {stream.count}, or others")
    return outcome


def _check_documents(outcome: Outcome) -> None:
    missing = [event for event in _TELLING if not outcome["events"].get(event)]
    if missing or outcome["with_calls"] * 2 < outcome["documents"]:
        raise RuntimeError(f"the stream meant nothing to the stations: no {missing}, {outcome}")


def measure() -> Iterator[Figure]:
    """Run all clients in turn, five times over."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in _CLIENTS}
    with tempfile.TemporaryDirectory() as folder:
        stream = _stream(Path(folder))
        for _ in range(RUNS):
            for name in _CLIENTS:
                outcomes[name].append(_run(name, stream))
    for name in ("documents", "spool"):
        _check_documents(outcomes[name][0])
    share = f"{stream.count:,} of {EVENTS:,} events wanted, count and checksum agree, {RUNS} interleaved runs"
    yield from _figures(outcomes, share)


def _figures(outcomes: dict[str, list[Outcome]], share: str) -> Iterator[Figure]:
    bare_s = _median_s(outcomes["bare"])
    yield Figure(
        "AMI 100k events, bare parser", _said(outcomes["bare"]), note=f"{share}; split, name, mapping; no more"
    )
    ours = outcomes["documents"]
    what = f"parse, translate, model, {ours[0]['documents']:,} documents as JSON from {ours[0]['facts']:,} facts"
    times = _median_s(ours) / bare_s
    yield Figure("AMI 100k events, ringline to documents", _said(ours), note=what)
    yield Figure("of it times bare", f"{times:.2f}", f"<= {MOST_TIMES_BARE}", times <= MOST_TIMES_BARE)
    spool = outcomes["spool"]
    yield Figure(
        "AMI 100k events, ringline to the spool",
        f"{_said(spool)}, {_median_s(spool) / bare_s:.2f} x bare",
        note=f"the same with keeper, SQLite files and call records; {spool[0]['documents']:,} documents",
    )
    peer = outcomes["panoramisk"]
    note = "delivers the events as mappings; no state; one pattern per event name"
    yield Figure("AMI 100k events, panoramisk", f"{_said(peer)}, {_median_s(peer) / bare_s:.2f} x bare", note=note)


def _median_s(outcomes: list[Outcome]) -> float:
    return median(float(each["cpu_s"]) for each in outcomes)


def _said(outcomes: list[Outcome]) -> str:
    seconds = [each["cpu_s"] for each in outcomes]
    return f"{median(seconds):.2f} CPU s ({min(seconds):.2f}-{max(seconds):.2f})"
