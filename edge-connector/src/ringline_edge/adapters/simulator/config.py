"""Settings of the simulator adapter: the `[pbx.simulator]` table of the edge's configuration."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from ringline_core.errors import ConfigError


class SimulatorConfig(BaseModel):
    """Where the simulated PBX listens. `auto_answer`: the own phone takes click-to-dial calls by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    token: SecretStr | None = None
    auto_answer: bool = False
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60)
    reply_timeout_s: float = Field(default=5.0, gt=0, le=60)


def parse(settings: dict[str, Any]) -> SimulatorConfig:
    """The checked settings.

    Raises:
        ConfigError: With the key and the reason.
    """
    try:
        return SimulatorConfig.model_validate(settings)
    except ValidationError as err:
        first = err.errors()[0]
        raise ConfigError(f"pbx.simulator.{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
