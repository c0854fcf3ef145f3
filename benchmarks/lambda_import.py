"""Import and clients of each Lambda function, from what is deployed, with its bytecode and without.

`sam build` ships no bytecode and Lambda's code folder cannot be written to, so without our build step every cold start
compiles every module. boto3 is the runtime's own on AWS; here it is this machine's, with bytecode on both sides.
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

import boto3

from benchmarks.figures import Figure
from infra.bootstrap import interpreter
from infra.local import build, settings

RUNS: Final = 7
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
_RUNTIME: Final = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "jmespath", "six.py")
"""What Lambda's own Python brings along."""

_CHILD: Final = """
import json, sys, time
sys.path[:0] = json.loads(sys.argv[1])
began = time.process_time()
if sys.argv[3] == "boto3":
    import boto3, botocore.config
    boto3.Session().client("dynamodb")
    boto3_s = time.process_time() - began
else:
    boto3_s = 0.0
__import__("ringline_cloud.entry." + sys.argv[2])
took = time.process_time() - began
for name in ("ringline_cloud", "ringline_core", "pydantic"):
    if not sys.modules[name].__file__.startswith(json.loads(sys.argv[1])[0].rpartition("/")[0]):
        sys.exit(name + " came from elsewhere")
print(json.dumps([took, boto3_s]))
"""
"""CPU seconds in a fresh process; where asked also what boto3 alone takes of it, by importing that first."""

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


def _trees(folder: Path) -> dict[str, Path]:
    """Copies of the artefact with bytecode and without, and the runtime's packages beside them."""
    runtime = folder / "runtime"
    runtime.mkdir()
    for package in _RUNTIME:
        (runtime / package).symlink_to(Path(boto3.__path__[0]).parent / package)
    built, unbuilt = folder / "built", folder / "unbuilt"
    shutil.copytree(build.BUILD_DIR, built)
    shutil.copytree(build.BUILD_DIR, unbuilt, ignore=shutil.ignore_patterns("__pycache__"))
    return {"built": built, "unbuilt": unbuilt}


def _import_s(tree: Path, entry: str, first: str = "") -> tuple[float, float]:
    """CPU seconds of an entry's import with its clients, and boto3's part where `first` says so."""
    path = [str(tree / FUNCTIONS[entry]), str(tree / "CoreLayer" / "python"), str(tree.parent / "runtime")]
    # Isolated, without site-packages, and never writing bytecode, as in Lambda's read-only folder.
    command = [str(interpreter()), "-I", "-S", "-B", "-c", _CHILD, json.dumps(path), entry, first]
    said = subprocess.run(command, env=_ENVIRONMENT, capture_output=True, text=True, check=False)
    if said.returncode:
        raise RuntimeError(f"{entry} cannot be imported from {tree}:\n{said.stderr[-1500:]}")
    took, boto3_s = json.loads(said.stdout)
    return float(took), float(boto3_s)


def measure() -> Iterator[Figure]:
    """Build where that is due, then import each entry from both trees in turn."""
    asyncio.run(build.build(settings.from_environment()))
    with tempfile.TemporaryDirectory() as name:
        trees = _trees(Path(name))
        took: dict[tuple[str, str], list[float]] = {}
        boto3_s: list[float] = []
        for run in range(RUNS + 1):
            for entry in FUNCTIONS:
                for which, tree in trees.items():
                    seconds, _ = _import_s(tree, entry)
                    # The first round only brings the files into memory.
                    if run:
                        took.setdefault((entry, which), []).append(seconds)
            boto3_s.append(_import_s(trees["built"], "edge_socket", "boto3")[1])
    yield from _figures(took, median(boto3_s[1:]))


def _figures(took: dict[tuple[str, str], list[float]], boto3_s: float) -> Iterator[Figure]:
    for entry in FUNCTIONS:
        built, unbuilt = took[entry, "built"], took[entry, "unbuilt"]
        ratio = median(built) / median(unbuilt)
        promised = entry in _PROMISED
        own = f"without boto3's {boto3_s * 1000:.0f} ms, the same on both sides: "
        own += f"{(median(built) - boto3_s) / (median(unbuilt) - boto3_s):.2f}"
        yield Figure(
            f"import and clients of {entry}, built / unbuilt",
            f"{ratio:.2f} ({_ms(built)} / {_ms(unbuilt)})",
            f"<= {MOST_OF_UNBUILT:.2f}" if promised else "",
            ratio <= MOST_OF_UNBUILT if promised else None,
            f"CPU time, median (min-max) of {RUNS} fresh processes each, interleaved; {own}",
        )


def _ms(seconds: list[float]) -> str:
    low, middle, high = (round(each * 1000) for each in (min(seconds), median(seconds), max(seconds)))
    return f"{middle} ({low}-{high}) ms"
