"""`make test`: every suite in order, each with its count and time; a skip is shown with its reason.

    python -m infra.checks [SUITE ...]

With REQUIRE=all in the environment a skipped test or suite is a failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
TYPED = ("core/src", "functions/src", "edge-connector/src", "infra", "tests", "benchmarks")
CANNOT_RUN = 77
"""Exit code of a check that this machine has not the means for."""

COUNTS = re.compile(r"(\d+) (passed|failed|skipped|error|errors)\b")


@dataclass
class Outcome:
    """How one suite ended."""

    suite: str
    ok: bool
    seconds: float
    passed: int = 0
    skipped: list[str] = field(default_factory=list)


def _tool(name: str, *words: str) -> Callable[[], Outcome]:
    def check() -> Outcome:
        began = time.monotonic()
        code = subprocess.run([str(BIN / name), *words], cwd=ROOT, check=False).returncode
        return Outcome(name, code == 0, time.monotonic() - began, passed=int(code == 0))

    return check


def _web(what: str) -> Callable[[], Outcome]:
    def check() -> Outcome:
        began = time.monotonic()
        command = [str(BIN / "python"), "-m", "infra.web", what]
        done = subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
        sys.stderr.write(done.stderr)
        skipped = [f"SKIPPED web {what}: {done.stderr.strip()}"] if done.returncode == CANNOT_RUN else []
        ok = done.returncode in (0, CANNOT_RUN)
        return Outcome(f"web {what}", ok, time.monotonic() - began, int(done.returncode == 0), skipped)

    return check


def _pytest(*folders: str, options: tuple[str, ...] = ()) -> Callable[[], Outcome]:
    def check() -> Outcome:
        began = time.monotonic()
        present = [folder for folder in folders if (ROOT / folder).is_dir()]
        command = [str(BIN / "python"), "-m", "pytest", "-q", "-rs", "--durations=5", *options, *present]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said: list[str] = []
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            said.append(line.rstrip())
        counts = {word: int(number) for number, word in COUNTS.findall(said[-1] if said else "")}
        skips = [line for line in said if line.startswith("SKIPPED")]
        ok = process.wait() == 0 and counts.get("passed", 0) > 0
        return Outcome(" ".join(folders), ok, time.monotonic() - began, counts.get("passed", 0), skips)

    return check


SUITES: dict[str, tuple[Callable[[], Outcome], ...]] = {
    "lint": (_tool("ruff", "check", "."), _tool("ruff", "format", "--check", "-q", ".")),
    "types": (_tool("mypy", *TYPED), _web("types")),
    "rooms": (_tool("lint-imports", "--no-cache"),),
    "unit": (_pytest("tests/unit"), _web("unit")),
    "property": (_pytest("tests/property"),),
    "contract": (_pytest("tests/contract", "tests/template"), _web("size")),
    "e2e": (_pytest("tests/e2e"),),
    "browser": (_pytest("tests/browser"),),
    "pbx": (_pytest("tests/pbx"), _pytest("tests/e2e", options=("--pbx=asterisk",))),
}


def run(name: str) -> list[Outcome]:
    """Run one suite and say how it went."""
    print(f"\n== {name}", flush=True)
    outcomes = []
    for check in SUITES[name]:
        outcome = check()
        outcome.suite = name
        outcomes.append(outcome)
    return outcomes


def report(outcomes: list[Outcome], require_all: bool) -> bool:
    """Print the summary; whether everything that must pass did."""
    print("\n== summary")
    good = True
    for outcome in outcomes:
        ok = outcome.ok and not (require_all and outcome.skipped)
        good &= ok
        count = f"{outcome.passed:5} passed" + (f", {len(outcome.skipped)} skipped" if outcome.skipped else "")
        print(f"  {'ok  ' if ok else 'FAIL'} {outcome.suite:<10} {outcome.seconds:7.1f} s {count}")
        for reason in outcome.skipped:
            print(f"         {reason}")
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(not outcome.ok for outcome in outcomes)
    print(
        f"\n{passed} passed, {failed} failed, {sum(len(outcome.skipped) for outcome in outcomes)} skipped", flush=True
    )
    return good


def main(names: list[str]) -> int:
    """Run the named suites, all of them without names."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"no such suite: {', '.join(unknown)}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    outcomes = [outcome for name in names or list(SUITES) for outcome in run(name)]
    return 0 if report(outcomes, os.environ.get("REQUIRE") == "all") else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
