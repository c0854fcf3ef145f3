"""`make lock`: pins every environment anew, by version and hash, without naming any index."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra.bootstrap import OLDEST, ROOT, TOOLS

OURS = ("ringline-core", "ringline-cloud", "ringline-edge")
PINS = {
    "requirements/project.txt": ["pyproject.toml", "--group", "dev"],
    "requirements/sam.txt": ["requirements/sam.in"],
    "requirements/emulator.txt": ["requirements/emulator.in"],
    "requirements/bench.txt": ["requirements/bench.in"],
    "core/src/requirements.txt": ["core/src/requirements.in"],
}


def pin(target: str, sources: list[str]) -> int:
    """Resolve `sources` into `target`; the exit code of the resolver."""
    kept_out = [word for name in OURS for word in ("--no-emit-package", name)]
    command = [str(TOOLS / "uv" / "bin" / "uv"), "pip", "compile", "--quiet", "--universal", "--upgrade"]
    command += ["--generate-hashes", "--no-annotate", "--no-header", "--python-version", ".".join(map(str, OLDEST))]
    return subprocess.run([*command, *kept_out, "-o", target, *sources], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(max(pin(target, sources) for target, sources in PINS.items() if Path(ROOT / sources[0]).exists()))
