"""A tiny OpenID Connect issuer for the local stack: one RSA key, discovery, key set, and id tokens for the demo users.

On AWS any real issuer takes its place (parameters OidcIssuer and OidcAudience).
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.settings import AUDIENCE, TENANT

KEY_ID = "local-1"
TOKEN_LIFE_S = 12 * 3600


@dataclass(frozen=True)
class User:
    """One person of the demo tenant."""

    user: str
    name: str
    roles: tuple[str, ...]
    station: str | None = None
    queues: tuple[str, ...] = ()

    @property
    def password(self) -> str:
        """The demo password; loopback only."""
        return f"{self.user}-local"


USERS = (
    User("anna", "Anna Ek", ("agent",), "1001", ("support", "sales")),
    User("ben", "Ben Ode", ("agent",), "1002", ("support", "sales")),
    User("cleo", "Cleo Marsh", ("agent",), "1003", ("support", "sales")),
    User("sue", "Sue Park", ("agent", "supervisor"), "1004", ("support",)),
    User("adam", "Adam Rao", ("admin",)),
)


class Issuer:
    """Signs id tokens and publishes the key to check them with."""

    def __init__(self, url: str, private_pem: bytes) -> None:
        """`url` is the `iss` of all tokens; `private_pem` an unencrypted PKCS8 RSA key."""
        self.url = url
        self._pem = private_pem

    def token(self, user: User) -> str:
        """An id token for `user`, valid for twelve hours."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": user.user,
            "name": user.name,
            "cognito:groups": list(user.roles),
            "custom:tenant": TENANT,
            "token_use": "id",
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
        }
        return jwt.encode(claims, self._pem, algorithm="RS256", headers={"kid": KEY_ID})

    def key_set(self) -> dict[str, Any]:
        """The public key as a JWK set."""
        key = serialization.load_pem_private_key(self._pem, password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the issuer's key is not RSA")
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
        return {"keys": [{**public, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}

    def discovery(self) -> dict[str, Any]:
        """The discovery document. Source: OpenID Connect Discovery 1.0, section 4."""
        return {
            "issuer": self.url,
            "jwks_uri": f"{self.url}/.well-known/jwks.json",
            "token_endpoint": f"{self.url}/token",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }


def load_or_make_key(path: Path) -> bytes:
    """The RSA key at `path`, made first if it is not there; mode 0600."""
    if not path.is_file():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.touch(mode=0o600)
        path.write_bytes(pem)
    return path.read_bytes()
