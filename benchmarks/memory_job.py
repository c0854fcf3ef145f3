"""One adapter's share of `memory`, in a process of its own: events for a long day, and what grows meanwhile.

python -m benchmarks.memory_job NAME EVENTS [never]     `never`: no snapshot ends what the PBX never ended
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from typing import Any, Final

from tests.support.long_run import Run

SAMPLES: Final = 10


def _rss_kb() -> int:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0])


def main(name: str, events: int, *, heals: bool) -> dict[str, Any]:
    """Memory after each tenth of the events, and what the tables held after the first tenth and at the end."""
    run = Run(name, heals=heals)
    rss: list[int] = []
    first: dict[str, int] = {}
    for step in range(1, SAMPLES + 1):
        run.until(events * step // SAMPLES)
        gc.collect()
        rss.append(_rss_kb())
        first = first or run.sizes()
    edge = run.edge
    counted = {"facts": edge.facts, "documents": edge.documents, "records": edge.records, "events": run.events}
    return {"rss_kb": rss, "first": first, "last": run.sizes(), "told": dict(edge.told), **counted}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1], int(sys.argv[2]), heals="never" not in sys.argv[3:])) + "\n")
