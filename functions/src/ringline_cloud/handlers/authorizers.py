"""Who may open a socket: edges by assertion, pages by ticket. Each proof serves once, so no result is cached.

Source: API Gateway Lambda authorizers for WebSocket APIs (REQUEST type, `$connect` only, an IAM policy as the answer).
"""

from __future__ import annotations

from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import tickets
from ringline_cloud.services.deps import Deps
from ringline_cloud.telemetry import Metric, count, logger
from ringline_core.errors import NotAuthorizedError

Policy = dict[str, Any]


def page(event: dict[str, Any], deps: Deps) -> Policy:
    """Whether the page with this ticket may open its socket; a foreign origin may not, a missing one may."""
    origin = _header(event, "origin")
    if origin and origin not in deps.settings.allowed_origins:
        return refused(event, "foreign origin")
    query = event.get("queryStringParameters") or {}
    who = tickets.redeem(deps, str(query.get("ticket", "")))
    if who is None:
        return refused(event, "ticket unknown, used or over")
    return allowed(event, who)


def bearer(event: dict[str, Any]) -> str:
    """The token in the `Authorization` header.

    Raises:
        NotAuthorizedError: There is none.
    """
    scheme, _, token = _header(event, "authorization").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotAuthorizedError("no bearer token")
    return token


def allowed(event: dict[str, Any], who: EdgeIdentity | PageIdentity) -> Policy:
    """The policy that lets exactly this socket open, with the identity that every later event will carry."""
    return {"principalId": _name(who), "policyDocument": _document(event, "Allow"), "context": _context(who)}


def refused(event: dict[str, Any], why: str) -> Policy:
    """The policy that refuses; why is for our log only."""
    count(Metric.PROOF_REFUSED)
    logger.warning("proof_refused", reason=why)
    return {"principalId": "nobody", "policyDocument": _document(event, "Deny")}


def _context(who: EdgeIdentity | PageIdentity) -> dict[str, str]:
    match who:
        case EdgeIdentity(tenant, site, edge):
            return {"kind": "edge", "tenant": tenant, "site": site, "edge": edge}
        case PageIdentity():
            return {
                "kind": "page",
                "tenant": who.tenant,
                "agent": who.agent,
                "name": who.name,
                "roles": " ".join(who.roles),
                "expires_at_ms": str(who.expires_at_ms),
            }


def _name(who: EdgeIdentity | PageIdentity) -> str:
    return who.edge if isinstance(who, EdgeIdentity) else who.agent


def _document(event: dict[str, Any], effect: str) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _header(event: dict[str, Any], name: str) -> str:
    headers = event.get("headers") or {}
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")
