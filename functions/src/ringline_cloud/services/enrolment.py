"""Edges become known: one-time codes, public keys, and assertions that prove the private half (contract, section 2)."""

from __future__ import annotations

import secrets
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services.deps import Deps
from ringline_core.errors import InvalidMessageError, NotAuthorizedError
from ringline_core.wire.base import ms_to_rfc3339

CODE_S = 3600
LONGEST_S = 60
SKEW_S = 30
LONGEST_JTI = 128
CLAIMS = ("iss", "sub", "aud", "iat", "exp", "jti")


def make_code(deps: Deps, tenant: str, site: str) -> dict[str, Any]:
    """A fresh one-time code for an edge of the site, good for an hour."""
    code = secrets.token_urlsafe(18)
    until = deps.now_ms() + CODE_S * 1000
    deps.credentials.put_enrolment(code, {"tenant": tenant, "site": site}, until)
    return {"code": code, "expires_at": ms_to_rfc3339(until)}


def enrol(deps: Deps, code: str, public_key: str, edge: str) -> dict[str, Any]:
    """Use a code up and make the edge's key known; what the edge must keep.

    Raises:
        InvalidMessageError: The key is no Ed25519 key; the code stays good.
        NotAuthorizedError: The code is unknown, used or over.
    """
    _checked_key(public_key)
    found = deps.credentials.take_enrolment(code, deps.now_ms())
    if found is None:
        raise NotAuthorizedError("the code is unknown, used or over")
    kid = f"k-{secrets.token_hex(12)}"
    known = {"tenant": found["tenant"], "site": found["site"], "edge": edge, "public_key": public_key}
    deps.credentials.put_edge_key(kid, known)
    deps.leases.enrol(found["tenant"], found["site"], edge)
    return {
        "site": found["site"],
        "edge": edge,
        "kid": kid,
        "audience": deps.settings.edge_audience,
        "socket_url": deps.settings.edge_socket_url,
    }


def verify(deps: Deps, assertion: str) -> EdgeIdentity:
    """Who an assertion proves to be there.

    Raises:
        NotAuthorizedError: It does not hold; the text says why, for our log only.
    """
    kid = _kid(assertion)
    known = deps.credentials.edge_key(kid)
    if known is None:
        raise NotAuthorizedError("unknown key")
    claims = _claims(assertion, known, deps.settings.edge_audience)
    if claims["exp"] - claims["iat"] > LONGEST_S:
        raise NotAuthorizedError("good for longer than 60 s")
    if claims["sub"] != known["edge"]:
        raise NotAuthorizedError("subject is another edge")
    if not deps.credentials.use_assertion(kid, claims["jti"], int(claims["exp"])):
        raise NotAuthorizedError("used before")
    return EdgeIdentity(known["tenant"], known["site"], known["edge"])


def _checked_key(pem: str) -> None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as err:
        raise InvalidMessageError("public_key: no public key in PEM") from err
    if not isinstance(key, Ed25519PublicKey):
        raise InvalidMessageError("public_key: not an Ed25519 key")


def _kid(assertion: str) -> str:
    try:
        kid = jwt.get_unverified_header(assertion).get("kid")
    except jwt.InvalidTokenError as err:
        raise NotAuthorizedError("no JWT") from err
    if not isinstance(kid, str) or not kid:
        raise NotAuthorizedError("no kid")
    return kid


def _claims(assertion: str, known: dict[str, Any], audience: str) -> dict[str, Any]:
    try:
        claims: dict[str, Any] = jwt.decode(
            assertion,
            known["public_key"],
            algorithms=["EdDSA"],
            audience=audience,
            issuer=known["site"],
            leeway=SKEW_S,
            options={"require": list(CLAIMS), "strict_aud": True},
        )
    except jwt.InvalidTokenError as err:
        raise NotAuthorizedError(type(err).__name__) from err
    if not isinstance(claims["jti"], str) or not 0 < len(claims["jti"]) <= LONGEST_JTI:
        raise NotAuthorizedError("jti is no short text")
    return claims
