"""What a benchmark hands back, and how it is written down."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS.md"


@dataclass(frozen=True)
class Figure:
    """One measured figure.

    Attributes:
        claim: What was measured.
        value: What was seen, with its unit.
        target: What is to be reached, empty where nothing was promised.
        met: Whether it was; None without a target.
        note: How it was measured, or why it was missed.
    """

    claim: str
    value: str
    target: str = ""
    met: bool | None = None
    note: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of `values` lie, by nearest rank."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]


def spread(values: Sequence[float], unit: str = "ms") -> str:
    """Median, p95, p99 and count of `values` as one phrase."""
    p95, p99 = percentile(values, 0.95), percentile(values, 0.99)
    return f"p50 {median(values):.2f}, p95 {p95:.2f}, p99 {p99:.2f} {unit} (n={len(values)})"


def write(figures: Sequence[Figure]) -> None:
    """Write RESULTS.md anew: machine, commit, and one row per figure."""
    RESULTS.write_text("\n".join([_head(), *map(_row, figures), ""]))


def _head() -> str:
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return (
        "# Results\n\n"
        f"`make bench` at commit `{commit}`, {datetime.now(UTC):%Y-%m-%d}, on {machine}.\n"
        "The machine is shared and noisy: ratios within one run say more than milliseconds.\n\n"
        "| claim | seen | target | met | how, or why not |\n|---|---|---|---|---|"
    )


def _row(figure: Figure) -> str:
    met = {True: "yes", False: "**no**", None: ""}[figure.met]
    return f"| {figure.claim} | {figure.value} | {figure.target} | {met} | {figure.note} |"
