"""Whether memory stays flat over a million events of the PBX: each adapter's pure half, the model, and documents.

python -m benchmarks.run memory
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

from benchmarks.figures import ROOT, Figure
from benchmarks.memory_job import SAMPLES
from tests.support.long_run import NAMES

EVENTS: Final = 1_000_000
MOST_KB: Final = 1024
"""By which a process may grow after the first tenth."""

_TELLING: Final = (
    "ringing", "answered", "held", "resumed", "dropped", "missed", "transferred", "dialing", "failed", "agent_state",
    "in_service",
)  # fmt: skip
"""Events that the calls must have raised, or the figure would mean nothing."""


def measure() -> Iterator[Figure]:
    """One process per adapter, one after the other."""
    for name in NAMES:
        yield _figure(name, _run(name))


def _run(name: str) -> dict[str, Any]:
    """What one process saw.

    Raises:
        RuntimeError: The calls in it were none.
    """
    command = [sys.executable, "-m", "benchmarks.memory_job", name, str(EVENTS)]
    outcome: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout)
    missing = [event for event in _TELLING if not outcome["told"].get(event)]
    if missing:
        raise RuntimeError(f"{name}: no {missing} in {outcome['documents']} documents")
    return outcome


def _figure(name: str, outcome: dict[str, Any]) -> Figure:
    rss: list[int] = outcome["rss_kb"]
    growth = rss[-1] - rss[0]
    value = f"{rss[0] / 1024:.1f} MB at 100k, {rss[-1] / 1024:.1f} MB at 1 M: {growth / (SAMPLES - 1):+.0f} KB per 100k"
    counted = f"{outcome['facts']:,} facts, {outcome['documents']:,} documents, {outcome['records']:,} records"
    grown = {each: entries - outcome["first"].get(each, 0) for each, entries in outcome["last"].items()}
    most = ", ".join(f"{each} {by:+,}" for each, by in sorted(grown.items(), key=lambda one: -one[1])[:2] if by > 0)
    note = f"{counted}; tables that grew most after 100k: {most or 'none'}"
    claim = f"memory over {EVENTS // 1_000_000} M events, {name}"
    return Figure(claim, value, f"<= {MOST_KB // 1024} MB after 100k", growth <= MOST_KB, note)
