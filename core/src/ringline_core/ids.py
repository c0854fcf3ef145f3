"""Identifiers: their kinds, their grammar, and how PBX ids become ours.

Ids on the wire are 1-64 of `[A-Za-z0-9_-]`. Call and interaction ids are derived from the site and the
PBX's own id, so that a restarted edge that takes a snapshot arrives at the same ids again.
"""

from __future__ import annotations

import functools
import hashlib
import re
from typing import Final, NewType

CallId = NewType("CallId", str)
InteractionId = NewType("InteractionId", str)
StationId = NewType("StationId", str)

ID_PATTERN: Final = r"^[A-Za-z0-9_-]{1,64}$"
STATION_PATTERN: Final = r"^[A-Za-z0-9_.*#-]{1,32}$"

_ID: Final = re.compile(ID_PATTERN)
_FOREIGN: Final = re.compile(r"[^A-Za-z0-9_-]")
_MAX: Final = 64


@functools.lru_cache(maxsize=4096)
def _derive(prefix: str, site: str, native: str) -> str:
    plain = f"{prefix}-{site}-{native}"
    cleaned = _FOREIGN.sub("-", plain)
    if cleaned == plain and len(plain) <= _MAX:
        return plain
    # Cleaning or cutting could make two ids one; the digest keeps them apart. Dots are so common
    # (Asterisk's epoch.counter) that they alone are replaced without it.
    if len(cleaned) <= _MAX and cleaned == plain.replace(".", "-"):
        return cleaned
    digest = hashlib.blake2b(plain.encode(), digest_size=10).hexdigest()
    return f"{cleaned[: _MAX - len(digest) - 1]}-{digest}"


def is_id(text: str) -> bool:
    """Whether `text` is an id as the wire allows them."""
    return _ID.fullmatch(text) is not None


def call_id(site: str, native: str) -> CallId:
    """Wire id of the call that the PBX of `site` knows as `native`.

    Args:
        site: Site id; makes ids unique in a tenant.
        native: The PBX's own id of the call, any text.

    Returns:
        At most 64 characters of the wire's id grammar; equal inputs give equal ids.
    """
    return CallId(_derive("c", site, native))


def interaction_id(site: str, native: str) -> InteractionId:
    """Wire id of the interaction that began with the PBX's call `native` at `site`."""
    return InteractionId(_derive("i", site, native))
