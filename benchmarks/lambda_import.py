"""Import and clients of each Lambda function: as it is deployed, and as plain `sam build` leaves it.

`sam build` ships no bytecode and the whole SDK, and Lambda's code folder cannot be written to, so without our step
after it every cold start compiles every module. Both trees are made here from the same sources and bring all they need.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.figures import Figure
from infra.bootstrap import interpreter
from infra.local import build, settings

RUNS: Final = 9
MOST_OF_UNBUILT: Final = 0.40
FUNCTIONS: Final = {
    "edge_socket": "EdgeSocketFunction",
    "page_socket": "PageSocketFunction",
    "page_authorizer": "PageAuthorizerFunction",
    "edge_authorizer": "EdgeAuthorizerFunction",
    "http": "HttpFunction",
    "sweeper": "SweeperFunction",
}
_PROMISED: Final = ("edge_socket", "page_socket")

_CHILD: Final = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
began = time.process_time()
__import__("ringline_cloud.entry." + sys.argv[2])
took = time.process_time() - began
for name in ("ringline_cloud", "ringline_core", "pydantic", "boto3", "botocore"):
    if not sys.modules[name].__file__.startswith(json.loads(sys.argv[1])[0].rpartition("/")[0]):
        sys.exit(name + " came from elsewhere")
print(took)
"""
"""CPU seconds in a fresh process."""

_ENVIRONMENT: Final = {
    "TABLE": "ringline",
    "EDGE_API": "a1b2c3d4e5/v1",
    "PAGE_API": "f6g7h8i9j0/v1",
    "EDGE_AUDIENCE": "ringline-edge",
    "FIXED_TENANT": "demo",
    "ALLOWED_ORIGINS": "https://app.example",
    "NUMBER_PEPPER": "pepper",
    "AWS_REGION": settings.REGION,
    "AWS_DEFAULT_REGION": settings.REGION,
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "PATH": os.environ.get("PATH", ""),
}


async def _trees(folder: Path) -> dict[str, Path]:
    """A build as SAM leaves it, and a copy of it that went through our step."""
    wishes = settings.from_environment()
    built, unbuilt = folder / "built" / "build", folder / "unbuilt" / "build"
    async with build.build_tree():
        await build.sam_build(wishes, unbuilt, "--no-cached")
    shutil.copytree(unbuilt, built)
    await build.finish(wishes, built)
    return {"built": built, "unbuilt": unbuilt}


def _import_s(tree: Path, entry: str) -> float:
    """CPU seconds of an entry's import with its clients."""
    path = [str(tree / FUNCTIONS[entry]), str(tree / "CoreLayer" / "python")]
    # Isolated, without site-packages, and never writing bytecode, as in Lambda's read-only folder.
    command = [str(interpreter()), "-I", "-S", "-B", "-c", _CHILD, json.dumps(path), entry]
    said = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(f"{entry} cannot be imported from {tree}:\n{said.stderr[-1500:]}")
    return float(said.stdout)


def measure() -> Iterator[Figure]:
    """Build twice, then import each entry from both trees in turn."""
    with tempfile.TemporaryDirectory() as name:
        trees = asyncio.run(_trees(Path(name).resolve()))
        took: dict[tuple[str, str], list[float]] = {}
        for run in range(RUNS + 1):
            for entry in FUNCTIONS:
                for which, tree in trees.items():
                    seconds = _import_s(tree, entry)
                    # The first round only brings the files into memory.
                    if run:
                        took.setdefault((entry, which), []).append(seconds)
    yield from _figures(took)


def _figures(took: dict[tuple[str, str], list[float]]) -> Iterator[Figure]:
    for entry in FUNCTIONS:
        built, unbuilt = took[entry, "built"], took[entry, "unbuilt"]
        # By pairs of neighbours: a busy machine slows both alike.
        ratio = median(ours / plain for ours, plain in zip(built, unbuilt, strict=True))
        promised = entry in _PROMISED
        yield Figure(
            f"import and clients of {entry}, built / unbuilt",
            f"{ratio:.2f} ({_ms(built)} / {_ms(unbuilt)})",
            f"<= {MOST_OF_UNBUILT:.2f}" if promised else "",
            ratio <= MOST_OF_UNBUILT if promised else None,
            f"CPU time of {RUNS} pairs of fresh processes, median (min-max); the ratio is the pairs' median; "
            "unbuilt is what plain `sam build` leaves",
        )


def _ms(seconds: list[float]) -> str:
    low, middle, high = (round(each * 1000) for each in (min(seconds), median(seconds), max(seconds)))
    return f"{middle} ({low}-{high}) ms"
