"""Settings of the deployment, read from the environment once per cold start."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from ringline_core.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """What the template told the functions.

    Attributes:
        table: Name of the one table.
        edge_callback: Endpoint for @connections calls to edges.
        page_callback: Endpoint for @connections calls to pages.
        edge_socket_url: What enrolment hands out.
        page_socket_url: What tickets hand out, without the ticket.
        edge_audience: `aud` that assertions must carry.
        allowed_origins: Origins that pages may come from.
        user_claim: Claim that names the user.
        roles_claim: Claim that lists the roles.
        tenant_claim: Claim that names the tenant, where none is fixed.
        fixed_tenant: The one tenant of this deployment, or empty.
        pepper: Secret under which numbers are hashed.
        beat_s: Seconds between an edge's beats.
        lease_s: Seconds that an edge's lead lasts without a beat.
        heartbeat_s: Seconds between a page's beats.
        note_kept_days: Days that what is known of a caller is kept after it was last written: notes, records, numbers.
    """

    table: str
    edge_callback: str
    page_callback: str
    edge_socket_url: str
    page_socket_url: str
    edge_audience: str
    allowed_origins: frozenset[str]
    user_claim: str
    roles_claim: str
    tenant_claim: str
    fixed_tenant: str
    pepper: str
    beat_s: float
    lease_s: float
    heartbeat_s: float
    note_kept_days: int = 365

    def kept_until_s(self, now_ms: int) -> int:
        """`ttl` of what is written now about a caller; seconds since the epoch."""
        return now_ms // 1000 + self.note_kept_days * 86_400


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the template put into the function's environment.

    Raises:
        ConfigError: A variable is missing; the text names it.
    """
    try:
        edge, page = environ["EDGE_API"], environ["PAGE_API"]
        beat_s = float(environ.get("EDGE_BEAT_S", "25"))
        return Settings(
            table=environ["TABLE"],
            edge_callback=_callback(environ, edge),
            page_callback=_callback(environ, page),
            edge_socket_url=_socket_url(environ, edge),
            page_socket_url=_socket_url(environ, page),
            edge_audience=environ["EDGE_AUDIENCE"],
            allowed_origins=frozenset(filter(None, environ.get("ALLOWED_ORIGINS", "").split(","))),
            user_claim=environ.get("USER_CLAIM", "sub"),
            roles_claim=environ.get("ROLES_CLAIM", "cognito:groups"),
            tenant_claim=environ.get("TENANT_CLAIM", "custom:tenant"),
            fixed_tenant=environ.get("FIXED_TENANT", ""),
            pepper=environ.get("NUMBER_PEPPER", ""),
            beat_s=beat_s,
            # A lease of less than two beats would change hands while its holder lives.
            lease_s=max(float(environ.get("EDGE_LEASE_S", "60")), 2 * beat_s),
            heartbeat_s=float(environ.get("PAGE_HEARTBEAT_S", "30")),
            note_kept_days=int(environ.get("NOTE_KEPT_DAYS", "365")),
        )
    except KeyError as err:
        raise ConfigError(f"environment variable {err.args[0]} is missing") from err


def _callback(environ: Mapping[str, str], api: str) -> str:
    """@connections endpoint of `api` (`id/stage`). The emulator serves all APIs below one address."""
    if emulator := environ.get("AWS_ENDPOINT_URL"):
        return f"{emulator}/_aws/execute-api/{api}"
    api_id, _, stage = api.partition("/")
    return f"https://{api_id}.execute-api.{environ['AWS_REGION']}.amazonaws.com/{stage}"


def _socket_url(environ: Mapping[str, str], api: str) -> str:
    return "ws" + _callback(environ, api).removeprefix("http")
