"""`make bench`: every benchmark in turn, then `benchmarks/RESULTS.md`.

python -m benchmarks.run [NAME ...]     some of them, printed only
"""

from __future__ import annotations

import importlib
import sys

from benchmarks.figures import RESULTS, Figure, write

NAMES = (
    "ingest",
    "csta_events",
    "freeswitch_events",
    "mapping_events",
    "memory",
    "edge_latency",
    "stack_latency",
    "gate_latency",
    "failover",
    "requests",
    "agent_day",
    "lambda_import",
    "page_size",
)


def main(names: list[str]) -> int:
    """Measure and report; the exit code is 0 also where a target was missed, since a figure is not a test."""
    figures: list[Figure] = []
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        for figure in importlib.import_module(f"benchmarks.{name}").measure():
            figures.append(figure)
            print(f"  {figure.claim}: {figure.value}  {figure.target and f'(target {figure.target})'}", flush=True)
    if not names:
        write(figures)
        print(f"written to {RESULTS}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
