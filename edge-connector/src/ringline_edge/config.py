"""The edge's configuration: one TOML file with a version, checked before anything starts."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ringline_core.errors import ConfigError
from ringline_edge.numbers import NumbersTable

VERSION = 1


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EdgeTable(_Table):
    """`[edge]`: where state is kept, and how much is logged."""

    state_dir: Path = Path("/var/lib/ringline-edge")
    log_level: Literal["debug", "info", "warning", "error"] = "info"


class HealthTable(_Table):
    """`[health]`: where `/healthz` and `/metrics` answer; port 0 turns them off."""

    host: str = "127.0.0.1"
    port: int = Field(default=9464, ge=0, le=65535)


class SpoolTable(_Table):
    """`[spool]`: how much may wait for the cloud."""

    limit_mb: int = Field(default=256, ge=1, le=100_000)


class PbxTable(BaseModel):
    """`[pbx]`: the kind of PBX; the adapter's own table is `[pbx.<kind>]`."""

    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, dict[str, Any]]

    kind: str

    @property
    def settings(self) -> dict[str, Any]:
        """The adapter's own table; empty when it is left out."""
        return dict((self.model_extra or {}).get(self.kind, {}))


class Config(_Table):
    """The whole file."""

    version: Literal[1]
    edge: EdgeTable = EdgeTable()
    health: HealthTable = HealthTable()
    spool: SpoolTable = SpoolTable()
    numbers: NumbersTable = NumbersTable()
    pbx: PbxTable


def load(path: Path) -> Config:
    """The configuration in `path`.

    Raises:
        ConfigError: Naming file, key and reason.
    """
    try:
        raw = tomllib.loads(path.read_text())
    except OSError as err:
        raise ConfigError(f"{path}: {err.strerror}") from err
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise ConfigError(f"{path}: not TOML: {err}") from err
    if raw.get("version") != VERSION:
        raise ConfigError(f"{path}: version: this program reads version {VERSION}, the file says {raw.get('version')}")
    try:
        return Config.model_validate(raw)
    except ValidationError as err:
        raise ConfigError(explain(str(path), err)) from err


def explain(place: str, err: ValidationError, table: str = "") -> str:
    """First fault of a table: file, key, reason; the value itself is left out, it may be a secret.

    Args:
        place: The file.
        err: What was found.
        table: The table's own name, put before its keys.
    """
    first = err.errors(include_url=False, include_input=False, include_context=False)[0]
    key = ".".join(str(part) for part in (table, *first["loc"]) if part != "")
    return f"{place}: {key}: {first['msg']}"
