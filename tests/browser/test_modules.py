"""What needs no browser: the modules' own tests, their types, and their sizes. Node and its tools are for developers only."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
TOOLS = ROOT / "node_modules" / ".bin"


def node(*words: str) -> subprocess.CompletedProcess[str]:
    """Run Node in the repository's root, or skip with the reason."""
    if NODE is None:
        pytest.skip("no node on PATH")
    return subprocess.run([NODE, *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_client_modules_pass_their_own_tests() -> None:
    ran = node("--test", *sorted(str(path) for path in (ROOT / "web" / "client").glob("*.test.js")))
    assert ran.returncode == 0, ran.stdout
    assert "# fail 0" in ran.stdout


@pytest.mark.skipif(not (TOOLS / "tsc").exists(), reason="no npm development tools here (npm ci)")
def test_the_modules_are_well_typed() -> None:
    ran = node(str(TOOLS / "tsc"), "-p", "web/tsconfig.json")
    assert ran.returncode == 0, ran.stdout


@pytest.mark.skipif(not (TOOLS / "esbuild").exists(), reason="no npm development tools here (npm ci)")
def test_client_and_panel_keep_to_their_sizes() -> None:
    ran = node("web/build.mjs", "--check")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_file_of_the_web_room_is_longer_than_four_hundred_lines() -> None:
    files = [path for kind in ("*.js", "*.mjs", "*.css", "*.html") for path in (ROOT / "web").rglob(kind)]
    lengths = {path.name: len(path.read_text().splitlines()) for path in files if "dist" not in path.parts}
    assert lengths
    assert {name: length for name, length in lengths.items() if length >= 400} == {}
