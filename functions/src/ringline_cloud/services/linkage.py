"""The secret by which a tenant's sites know each other's interactions, when a call goes from one to another."""

from __future__ import annotations

import hashlib
import hmac


def secret(pepper: str, tenant: str) -> str | None:
    """The tenant's secret for its edges; None where the deployment has none to make it of."""
    return hmac.new(pepper.encode(), f"linkage\n{tenant}".encode(), hashlib.sha256).hexdigest() if pepper else None
