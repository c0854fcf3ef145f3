"""Who calls the HTTP API: read from the id token itself, whose signature API Gateway's authorizer has checked.

The authorizer's own view of the claims turns lists into one string, in which a group's name with a space in it could
pass for two groups; the token keeps lists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import jwt

from ringline_cloud.config import Settings
from ringline_cloud.identity import PageIdentity
from ringline_core.errors import ForbiddenError, NotAuthorizedError

WORK = "work"
"""Of back ends that begin and end agents' work items; a token with no other role is good for nothing else."""

ROLES = ("agent", "supervisor", "admin", WORK)
_TENANT = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_USER = re.compile(r"[^\x00-\x20#\x7f]{1,128}")


@dataclass(frozen=True)
class Person(PageIdentity):
    """A user with a verified id token."""

    def require(self, *roles: str) -> None:
        """Go on only with one of these roles.

        Raises:
            ForbiddenError: The user has none of them.
        """
        if not set(roles) & set(self.roles):
            raise ForbiddenError(f"this needs the role {' or '.join(roles)}")


def of_token(authorization: str, settings: Settings) -> Person:
    """The user whom a verified `Authorization` header names.

    Raises:
        NotAuthorizedError: No id token, or one without the claims that this deployment reads.
    """
    claims = _claims(authorization)
    if claims.get("token_use", "id") != "id":
        raise NotAuthorizedError("an id token is needed, this is another kind")
    tenant = settings.fixed_tenant or claims.get(settings.tenant_claim)
    user = claims.get(settings.user_claim)
    if not isinstance(tenant, str) or not _TENANT.fullmatch(tenant):
        raise NotAuthorizedError(f"the token's claim {settings.tenant_claim} names no tenant")
    if not isinstance(user, str) or not _USER.fullmatch(user):
        raise NotAuthorizedError(f"the token's claim {settings.user_claim} names no user")
    name = claims.get("name")
    shown = name[:120] if isinstance(name, str) else user[:120]
    return Person(tenant, user, shown, _roles(claims.get(settings.roles_claim)), int(claims["exp"]) * 1000)


def _claims(authorization: str) -> dict[str, Any]:
    scheme, _, token = authorization.partition(" ")
    try:
        claims: dict[str, Any] = jwt.decode(
            token if scheme.lower() == "bearer" else authorization,
            options={"verify_signature": False, "verify_exp": False, "verify_aud": False, "require": ["exp"]},
        )
    except jwt.InvalidTokenError as err:
        raise NotAuthorizedError("no token") from err
    return claims


def _roles(claim: object) -> tuple[str, ...]:
    listed = claim if isinstance(claim, list) else [claim]
    return tuple(role for role in ROLES if role in listed)
