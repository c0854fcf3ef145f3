"""Size of the page library, minified and compressed as a web server would send it."""

from __future__ import annotations

import gzip
import subprocess
from collections.abc import Iterator

from benchmarks.figures import ROOT, Figure
from infra import web

BUNDLES = {"ringline-client.mjs": 10, "ringline-panel.mjs": 22, "ringline.iife.js": 22}
"""Files that the project's own build script writes, and the most KB each may have."""


def measure() -> Iterator[Figure]:
    """Bundle with the project's own build script, then gzip level 9."""
    reason = web.missing() or ("" if web.install() else "its tools cannot be installed")
    if reason:
        yield Figure("page library", "not measured", note=reason)
        return
    # It fails where a bundle is too large, but writes them all the same.
    subprocess.run(["node", "web/build.mjs"], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    for name, limit_kb in BUNDLES.items():
        size = len(gzip.compress((ROOT / "web" / "dist" / name).read_bytes(), 9))
        target = f"<= {limit_kb} KB"
        yield Figure(f"page library {name}, gz", f"{size / 1024:.1f} KB", target, size <= limit_kb * 1024)
