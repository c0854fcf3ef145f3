"""Who is speaking: taken from the authorizer's context and from nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringline_core.errors import NotAuthorizedError


@dataclass(frozen=True)
class EdgeIdentity:
    """An edge whose assertion was verified."""

    tenant: str
    site: str
    edge: str


@dataclass(frozen=True)
class PageIdentity:
    """An agent whose ticket was verified; `expires_at_ms` is when the token ends."""

    tenant: str
    agent: str
    name: str
    roles: tuple[str, ...]
    expires_at_ms: int


def edge_of(event: Mapping[str, Any]) -> EdgeIdentity:
    """The edge that sent this API Gateway event.

    Raises:
        NotAuthorizedError: The event carries no edge's context.
    """
    context = _context(event, "edge")
    return EdgeIdentity(context["tenant"], context["site"], context["edge"])


def page_of(event: Mapping[str, Any]) -> PageIdentity:
    """The agent whose page sent this API Gateway event.

    Raises:
        NotAuthorizedError: The event carries no page's context.
    """
    context = _context(event, "page")
    roles = tuple(filter(None, context["roles"].split(" ")))
    return PageIdentity(context["tenant"], context["agent"], context["name"], roles, int(context["expires_at_ms"]))


def _context(event: Mapping[str, Any], kind: str) -> dict[str, str]:
    context = event["requestContext"].get("authorizer") or {}
    if context.get("kind") != kind:
        raise NotAuthorizedError("no identity in the authorizer's context")
    return {key: str(value) for key, value in context.items()}
