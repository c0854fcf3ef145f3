"""Kinds of PBX and the packages that speak to them; the only place where they are listed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from ringline_core.domain.facts import Fact
from ringline_core.errors import ConfigError
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.config import explain

KINDS = {
    "simulator": "ringline_edge.adapters.simulator",
    "asterisk": "ringline_edge.adapters.asterisk",
    "csta": "ringline_edge.adapters.csta",
    "freeswitch": "ringline_edge.adapters.freeswitch",
    "mapping": "ringline_edge.adapters.mapping",
}


def create(kind: str, settings: dict[str, Any], place: str) -> PbxAdapter:
    """The adapter of a kind of PBX.

    Args:
        kind: As `[pbx] kind` says.
        settings: The adapter's own table.
        place: The configuration file, for error texts.

    Raises:
        ConfigError: Unknown kind or wrong settings; the text names file, key and reason.
    """
    package = importlib.import_module(_package(kind, place))
    try:
        adapter: PbxAdapter = package.create(settings)
    except ValidationError as err:
        raise ConfigError(explain(place, err, f"pbx.{kind}")) from err
    return adapter


def replay(kind: str, data: bytes, site: str) -> Iterator[Fact]:
    """The facts in recorded bytes of a kind of PBX.

    Raises:
        ConfigError: Unknown kind.
    """
    facts: Iterator[Fact] = importlib.import_module(_package(kind, "replay")).replay(data, site)
    return facts


def _package(kind: str, place: str) -> str:
    if kind not in KINDS:
        raise ConfigError(f"{place}: pbx.kind: {kind!r} is not one of {', '.join(sorted(KINDS))}")
    return KINDS[kind]
