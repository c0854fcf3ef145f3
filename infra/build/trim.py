"""Takes from the SDK in the layer what the functions never read.

botocore describes every service of AWS in data files. It looks through all their folders when a client is made, and
parses texts that only its documentation shows. What describes our services stays as it is, but for those texts.
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any, Final

SERVICES: Final = frozenset({"apigatewaymanagementapi", "dynamodb", "sts"})
"""The two that the functions call, and the one that the SDK itself calls to take on a role."""

DATA: Final = "*/python/botocore/data"
MODEL: Final = "service-2.json"


class TrimError(Exception):
    """There is no SDK as this step knows it; the text says what is missing."""


def trim(folder: Path) -> None:
    """Trim the SDK of every layer in `folder`, a build folder of SAM; a second time changes nothing.

    Raises:
        TrimError: No layer has an SDK, or one lacks a service.
    """
    found = sorted(folder.glob(DATA))
    if not found:
        raise TrimError(f"no SDK in {folder}: has `sam build` run?")
    for data in found:
        _trim(data)


def _trim(data: Path) -> None:
    folders = [path for path in data.iterdir() if path.is_dir()]
    if missing := SERVICES - {path.name for path in folders}:
        raise TrimError(f"{data} has nothing on {', '.join(sorted(missing))}")
    for path in folders:
        if path.name not in SERVICES:
            shutil.rmtree(path)
    names = {_without_texts(model) for model in sorted(data.glob(f"*/*/{MODEL}*"))}
    _keep_endpoints(data / "endpoints.json", names)


def _without_texts(model: Path) -> str:
    """Write a service's model anew without its documentation; the service's name in `endpoints.json`."""
    raw, plain = model.read_bytes(), model.with_name(MODEL)
    described = _pruned(json.loads(gzip.decompress(raw) if model.suffix == ".gz" else raw))
    # Not compressed: the archive is already, and reading is faster so.
    _write(plain, described)
    if model != plain:
        model.unlink()
    return str(described["metadata"]["endpointPrefix"])


def _pruned(value: Any) -> Any:
    """`value` without texts named `documentation`; a shape's member of that name is an object, and stays."""
    match value:
        case dict():
            return {
                key: _pruned(each)
                for key, each in value.items()
                if not (key == "documentation" and isinstance(each, str))
            }
        case list():
            return [_pruned(each) for each in value]
        case _:
            return value


def _keep_endpoints(path: Path, names: set[str]) -> None:
    """Keep every partition and region, but of the services only `names`."""
    table = json.loads(path.read_bytes())
    for partition in table["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in names}
    _write(path, table)


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, separators=(",", ":")))
