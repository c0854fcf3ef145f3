"""Settings of the simulator adapter: the `[pbx.simulator]` table of the edge's configuration."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class SimulatorConfig(BaseModel):
    """Where the simulated PBX listens. `auto_answer`: the own phone takes click-to-dial calls by itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    token: SecretStr | None = None
    auto_answer: bool = False
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60)
    reply_timeout_s: float = Field(default=5.0, gt=0, le=60)
