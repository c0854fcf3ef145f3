"""What an event costs the edge by a profile: recorded sessions of Asterisk, by the profile `ami` and by its adapter.

`python -m benchmarks.run mapping_events`.
"""

from __future__ import annotations

import gc
import resource
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import ROOT, Figure
from ringline_edge import registry
from ringline_edge.adapters.mapping import plan
from ringline_edge.adapters.mapping.protocol import Framer
from ringline_edge.adapters.mapping.translate import Translator

TRACES = ROOT / "tests/traces/asterisk"
ROUNDS = 5


def measure() -> Iterator[Figure]:
    """The least of several rounds: other work on the machine only ever adds."""
    recorded = [path.read_bytes() for path in sorted(TRACES.glob("*/in.ami"))]
    profile = plan.load("ami").profile
    count = sum(len(Framer(profile).receive_data(data)) for data in recorded)
    mapped = min(_timed("mapping", recorded) for _ in range(ROUNDS)) / count
    native = min(_timed("asterisk", recorded) for _ in range(ROUNDS)) / count
    note = f"{count} messages; the adapter asterisk {native:.1f} us, ratio {mapped / native:.1f}"
    yield Figure("Event by a profile, read and translate", f"{mapped:.1f} us", note=note)
    few, many = _resident_kb(recorded, (100_000, 1_000_000))
    note = f"resident {few} KB after 100,000 messages, {many} KB after 1,000,000; recorded sessions with new ids"
    yield Figure("Growth by 900,000 messages by a profile", f"{many - few} KB", note=note)


def _timed(kind: str, recorded: list[bytes]) -> float:
    """Microseconds of processor time; loading of the profile, and clearing away what that left, not counted."""
    sessions = [registry.replay(kind, data, "hq") for data in recorded]
    for facts in sessions:
        next(facts, None)
    gc.collect()
    began = time.process_time()
    for facts in sessions:
        for _ in facts:
            pass
    return (time.process_time() - began) * 1e6


def _resident_kb(recorded: list[bytes], marks: tuple[int, ...]) -> list[int]:
    """Memory of the process after so many messages; each round of calls has ids of its own, and ends."""
    known, count, round_, seen = plan.load("ami"), 0, 0, list[int]()
    translator = Translator(known, {})
    while len(seen) < len(marks):
        round_ += 1
        for data in recorded:
            for text in Framer(known.profile).receive_data(data.replace(b"bed-", b"bed-%d-" % round_)):
                count += 1
                for _ in translator.facts(translator.hear(text, count)):
                    pass
        if count >= marks[len(seen)]:
            gc.collect()
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            seen.append(pages * resource.getpagesize() // 1024)
    return seen
