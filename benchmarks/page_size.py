"""Size of the page library, minified and compressed as a web server would send it."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator

from benchmarks.figures import ROOT, Figure


def measure() -> Iterator[Figure]:
    """Bundle with the project's own build script, then gzip level 9."""
    subprocess.run(["npm", "run", "--silent", "build"], cwd=ROOT / "web", check=True)
    for name, limit_kb in (("ringline.js", 10), ("ringline-panel.js", 22)):
        size = len(gzip.compress((ROOT / "web" / "dist" / name).read_bytes(), 9))
        target = f"<= {limit_kb} KB"
        yield Figure(f"page library {name}, gz", f"{size / 1024:.1f} KB", target, size <= limit_kb * 1024)
