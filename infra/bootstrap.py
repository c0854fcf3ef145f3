"""Set-up on a bare Python: the three environments, then hand over to the wanted program.

Standard library only, since nothing is installed yet. One interpreter serves everything: the one that runs this file.

    python3 -m infra.bootstrap setup
    python3 -m infra.bootstrap run MODULE [ARGUMENT ...]
    python3 -m infra.bootstrap bench [NAME ...]
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
PACKAGES = ("core", "functions", "edge-connector")
ENVIRONMENTS = {
    "project": (ROOT / ".venv", "project.txt"),
    "SAM CLI": (TOOLS / "sam", "sam.txt"),
    "emulator": (TOOLS / "emulator", "emulator.txt"),
}
BENCH = {"benchmark peers": (TOOLS / "bench", "bench.txt")}
"""Made only when benchmarks run: other people's clients, to compare with."""

OLDEST = (3, 11)


def interpreter() -> Path:
    """The real path of the running Python: version managers' shims may not work elsewhere.

    Raises:
        SystemExit: Older than 3.11.
    """
    if sys.version_info < OLDEST:
        sys.exit(f"Ringline needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}")
    return Path(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))


def setup(also: Mapping[str, tuple[Path, str]] | None = None) -> None:
    """Make what is missing or stale of the three environments and of `also`, saying what takes how long."""
    uv = _installer()
    for name, (folder, pins) in (ENVIRONMENTS | dict(also or {})).items():
        wanted = _stamp(ROOT / "requirements" / pins)
        stamp = folder / ".stamp"
        if stamp.is_file() and stamp.read_text() == wanted:
            continue
        began = time.monotonic()
        _make(uv, folder, ROOT / "requirements" / pins)
        if name == "project":
            _install_packages(uv, folder)
        stamp.write_text(wanted)
        _say(f"environment: {name}", began)


def _installer() -> Path:
    folder = TOOLS / "uv"
    uv = folder / "bin" / "uv"
    if not uv.is_file():
        began = time.monotonic()
        venv.create(folder, with_pip=True, clear=True)
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "uv")
        _say("installer", began)
    return uv


def _make(uv: Path, folder: Path, pins: Path) -> None:
    _run(str(uv), "venv", "--quiet", "--clear", "--no-python-downloads", "--python", str(interpreter()), str(folder))
    python = str(folder / "bin" / "python")
    _run(str(uv), "pip", "install", "--quiet", "--python", python, "--require-hashes", "-r", str(pins))


def _install_packages(uv: Path, folder: Path) -> None:
    editable = [word for name in PACKAGES for word in ("--editable", str(ROOT / name))]
    _run(str(uv), "pip", "install", "--quiet", "--python", str(folder / "bin" / "python"), "--no-deps", *editable)


def _stamp(pins: Path) -> str:
    """Names what an environment was made from: the pins, the interpreter, and our own packages' metadata."""
    digest = hashlib.sha256(pins.read_bytes() + str(interpreter()).encode() + str(ROOT).encode())
    for name in PACKAGES:
        digest.update((ROOT / name / "pyproject.toml").read_bytes())
    return digest.hexdigest()


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"set-up failed ({done.returncode}): {' '.join(command)}")


def _say(what: str, began: float) -> None:
    sys.stderr.write(f"  {what:<32}{time.monotonic() - began:6.1f} s\n")


def _become(module: str, words: list[str]) -> None:
    python = str(ENVIRONMENTS["project"][0] / "bin" / "python")
    os.chdir(ROOT)
    os.execv(python, [python, "-m", module, *words])


def main(words: list[str]) -> None:
    """Do what the command line says; `run` replaces this process, so that signals reach the program itself."""
    match words:
        case ["setup"]:
            setup()
        case ["run", module, *rest]:
            setup()
            _become(module, rest)
        case ["bench", *rest]:
            setup(BENCH)
            _become("benchmarks.run", rest)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
