"""Kinds of PBX and the packages that speak to them; the only place where they are listed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ringline_core.domain.facts import Fact
from ringline_core.errors import ConfigError
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.adapters.tap import Tap
from ringline_edge.config import explain

KINDS = {
    "simulator": "ringline_edge.adapters.simulator",
    "asterisk": "ringline_edge.adapters.asterisk",
    "csta": "ringline_edge.adapters.csta",
    "freeswitch": "ringline_edge.adapters.freeswitch",
    "mapping": "ringline_edge.adapters.mapping",
}


def create(kind: str, settings: dict[str, Any], place: str, tap: Tap | None = None) -> PbxAdapter:
    """The adapter of a kind of PBX.

    Args:
        kind: As `[pbx] kind` says.
        settings: The adapter's own table.
        place: The configuration file, for error texts.
        tap: Who listens in on its links.

    Raises:
        ConfigError: Unknown kind or wrong settings; the text names file, key and reason.
    """
    package = importlib.import_module(_package(kind, place))
    try:
        adapter: PbxAdapter = package.create(settings, tap)
    except ValidationError as err:
        raise ConfigError(explain(place, err, f"pbx.{kind}")) from err
    return adapter


def replay(kind: str, data: bytes, site: str, settings: Mapping[str, Any] | None = None) -> Iterator[Fact]:
    """The facts in recorded bytes of a kind of PBX.

    Args:
        kind: As `[pbx] kind` says.
        data: What the PBX sent.
        site: Where, for kinds whose ids need it.
        settings: What of the adapter's own table decides how the bytes are read; the defaults for the rest.

    Raises:
        ConfigError: Unknown kind, or wrong settings.
    """
    package = importlib.import_module(_package(kind, "replay"))
    try:
        facts: Iterator[Fact] = package.replay(data, site, settings or {})
    except ValidationError as err:
        raise ConfigError(explain("replay", err, f"pbx.{kind}")) from err
    return facts


def _package(kind: str, place: str) -> str:
    if kind not in KINDS:
        raise ConfigError(f"{place}: pbx.kind: {kind!r} is not one of {', '.join(sorted(KINDS))}")
    return KINDS[kind]
