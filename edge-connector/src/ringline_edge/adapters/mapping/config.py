"""Settings of the mapping adapter: the `[pbx.mapping]` table of the edge's configuration."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from ringline_edge.adapters.tls import TlsConfig

_ADDRESS: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):(\d{1,5})")
LAST_PORT: Final = 65535


def split(address: str) -> tuple[str, int]:
    """Host and port of `host:port`, or of `[::1]:port`.

    Raises:
        ValueError: It is none.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None or not 0 < int(found[3]) <= LAST_PORT:
        raise ValueError(f"{address!r} is no host:port")
    return found[1] or found[2], int(found[3])


def _address(address: str) -> str:
    split(address)
    return address


Address = Annotated[str, AfterValidator(_address)]


class MappingConfig(BaseModel):
    """Which profile, and where the feed is.

    Attributes:
        profile: Name of a shipped one, or the path of a file.
        hosts: `host:port`, tried in this order; for a profile whose PBX is the server.
        listen: `host:port`; for a profile whose PBX comes to us.
        sidecar: Program and arguments, started as they are, without a shell; for a profile with a sidecar.
        pipe: Path of a socket of the machine's own, for a profile whose PBX, or a program before it, waits there.
        tls: Whom we trust, and who we are; without it the link is plain TCP.
        settings: Values that the profile asks for; all are treated as secrets.
        agent_password: Of agents at the PBX, for profiles that log them on by one.
        agent_passwords: By login; `agent_password` is that of all others.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    profile: str = "ami"
    hosts: tuple[Address, ...] = ()
    listen: Address | None = None
    sidecar: tuple[str, ...] = ()
    pipe: Path | None = None
    tls: TlsConfig | None = None
    settings: dict[str, SecretStr] = Field(default_factory=dict)
    agent_password: SecretStr = SecretStr("")
    agent_passwords: dict[str, SecretStr] = Field(default_factory=dict)
    connect_timeout_s: float = Field(default=5.0, gt=0, le=60)
    reply_timeout_s: float = Field(default=10.0, gt=0, le=60)

    def password_of(self, login: str) -> str:
        """An agent's password at the PBX; empty for none."""
        return self.agent_passwords.get(login, self.agent_password).get_secret_value()
