"""The web room's own checks: types, the modules' tests, and the bundles' sizes. Node is for developers only.

    python -m infra.web [types|unit|size ...]

Exit codes: 0 all passed, 1 something failed, 2 no such check, 77 this machine has no usable Node (the reason is on
stderr).
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
STAMP = MODULES / ".stamp"
OLDEST_NODE = (20, 11)
CANNOT_RUN = 77


def missing() -> str:
    """Why nothing here can run on this machine; empty when it can."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    if absent:
        return f"no {' and no '.join(absent)} on PATH"
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    numbers = tuple(int(number) for number in re.findall(r"\d+", said)[:2])
    if numbers < OLDEST_NODE:
        return f"node {'.'.join(map(str, OLDEST_NODE))} or newer is needed, this is {said.strip() or 'unknown'}"
    return ""


def install() -> bool:
    """Install the development tools when the lock changed since the last time; whether they are there."""
    wanted = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if STAMP.is_file() and STAMP.read_text() == wanted:
        return True
    done = subprocess.run(["npm", "ci", "--no-progress"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"npm ci failed ({done.returncode}):\n{done.stdout}{done.stderr}", file=sys.stderr)
        return False
    STAMP.write_text(wanted)
    return True


def _ran(*words: str) -> tuple[bool, str]:
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout + done.stderr


def types() -> bool:
    """The JSDoc types hold, strictly."""
    compiler = str(MODULES / ".bin" / "tsc")
    ok, said = _ran(compiler, "-p", "web/tsconfig.json")
    files = _ran(compiler, "-p", "web/tsconfig.json", "--listFilesOnly")[1].splitlines()
    ours = [name for name in files if "node_modules" not in name]
    print(f"types: {len(ours)} files checked" if ok else f"{said}types: failed")
    return ok and len(ours) > 0


def unit() -> bool:
    """The modules' own tests pass; none found is a failure."""
    tests = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "web").rglob("*.test.js"))
    ok, said = _ran("node", "--test", "--test-reporter=tap", *tests)
    counts = {word: int(number) for word, number in re.findall(r"^# (pass|fail|skipped) (\d+)$", said, re.MULTILINE)}
    passed, failed = counts.get("pass", 0), counts.get("fail", 0)
    if not ok or not passed:
        print(said)
    print(f"unit: {passed} passed, {failed} failed in {len(tests)} files")
    return ok and passed > 0 and failed == 0


def size() -> bool:
    """The bundles keep to their sizes, as `web/build.mjs` states them."""
    ok, said = _ran("node", "web/build.mjs", "--check")
    print(said.rstrip())
    bundles = len(re.findall(r" gzipped, limit ", said))
    print(f"size: {bundles} bundles {'within their limits' if ok else 'checked, failed'}")
    return ok and bundles > 0


CHECKS: dict[str, Callable[[], bool]] = {"types": types, "unit": unit, "size": size}


def main(names: list[str]) -> int:
    """Run the named checks, all of them without names; the exit code."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    if reason := missing():
        print(reason, file=sys.stderr)
        return CANNOT_RUN
    if not install():
        return 1
    outcomes = [CHECKS[name]() for name in names or list(CHECKS)]
    return 0 if all(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
