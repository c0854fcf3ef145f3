"""Who this edge is: an Ed25519 key that never leaves the site, and what enrolment gave for it."""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ringline_core.errors import ConfigError

ASSERTION_S = 50
_KEY, _NAME = "edge.pem", "enrolment.json"


@dataclass(frozen=True)
class EdgeIdentity:
    """What the edge needs to prove itself."""

    site: str
    edge: str
    kid: str
    audience: str
    socket_url: str
    private_pem: bytes


def assertion(identity: EdgeIdentity, now_s: float) -> str:
    """A fresh assertion for the upgrade's Authorization header; good for less than 60 s and one use."""
    claims = {
        "iss": identity.site,
        "sub": identity.edge,
        "aud": identity.audience,
        "iat": int(now_s),
        "exp": int(now_s) + ASSERTION_S,
        "jti": uuid.uuid4().hex,
    }
    return jwt.encode(claims, identity.private_pem, algorithm="EdDSA", headers={"kid": identity.kid})


def make_key() -> tuple[bytes, str]:
    """A new private key as PEM, and its public half as PEM text."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


def prepare(folder: Path) -> None:
    """Make the folder, before a one-time code is spent on what could not be kept.

    Raises:
        ConfigError: It cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise ConfigError(f"{folder}: edge.state_dir: {err.strerror}") from err
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"{folder}: edge.state_dir: not writable by this user")


def save(folder: Path, identity: EdgeIdentity) -> None:
    """Keep key and enrolment in `folder`, which is there; the key is readable by its owner only."""
    _write_private(folder / _KEY, identity.private_pem)
    public = {name: value for name, value in asdict(identity).items() if name != "private_pem"}
    _write_private(folder / _NAME, json.dumps(public, indent=1).encode())


def load(folder: Path) -> EdgeIdentity:
    """The identity that `enroll` left in `folder`.

    Raises:
        ConfigError: There is none, or it is damaged, or another user's.
    """
    try:
        public, private = json.loads((folder / _NAME).read_text()), (folder / _KEY).read_bytes()
        serialization.load_pem_private_key(private, password=None)
        return EdgeIdentity(**public, private_pem=private)
    except FileNotFoundError as err:
        raise ConfigError(f"{err.filename}: not enrolled yet; run `ringline-edge enroll` first") from err
    except OSError as err:
        raise ConfigError(f"{err.filename}: {err.strerror}") from err
    except (ValueError, TypeError) as err:
        raise ConfigError(f"{folder}: {_NAME} or {_KEY} is damaged; enrol again") from err


def _write_private(path: Path, content: bytes) -> None:
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as sink:
        sink.write(content)
        sink.flush()
        os.fsync(sink.fileno())
    fresh.rename(path)
