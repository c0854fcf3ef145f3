"""The key that rides with a call to another site, so that the interaction goes on there.

A PBX carries little along with a call: a channel variable, a SIP header, user-to-user data of 32 to 96 bytes. So the
key names the interaction and nothing else; notes and data wait in the cloud. Whoever dials in can put anything there,
and whose story a call continues decides what an agent gets to read. So a key is signed with the tenant's secret, and
is good for hours only.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Final

NAME: Final = "linkage"
"""The entry of call data under which a key is given to an adapter (CSTA: call linkage data)."""

KEPT_H: Final = 12
"""Hours after which a key continues nothing any more: calls are over by then, and keys may have been seen by others."""

_HOUR_MS: Final = 3_600_000
_KEY: Final = re.compile(r"rl1\.([0-9a-f]{1,8})\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{16})")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){12,128}")


class Linkage:
    """Writes and reads the keys of one tenant."""

    def __init__(self, secret: str) -> None:
        """`secret` is the tenant's, the same at all its sites."""
        self._secret = secret.encode()

    def key(self, interaction: str, at_ms: int) -> str:
        """A key for an interaction, at most 95 characters that every SIP header takes as they are (RFC 7433: token)."""
        said = f"rl1.{at_ms // _HOUR_MS + KEPT_H:x}.{interaction}"
        return f"{said}.{self._signed(said)}"

    def interaction(self, text: str, at_ms: int) -> str | None:
        """The interaction that a text which came with a call names.

        Args:
            text: As the PBX shows it: plain, quoted, with parameters, or in hex as gateways write user-to-user data.
            at_ms: When the call began, by any clock that is right to some minutes.

        Returns:
            None where it is no key of this tenant's, or one that is too old.
        """
        found = _found(text)
        if found is None:
            return None
        said, signature = found[0].rpartition(".")[::2]
        if not hmac.compare_digest(signature, self._signed(said)) or at_ms // _HOUR_MS > int(found[1], 16):
            return None
        return found[2]

    def _signed(self, said: str) -> str:
        digest = hmac.new(self._secret, said.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest[:12]).decode()


def is_key(value: object) -> bool:
    """Whether a value of call data is a key, whoever's: nothing for people to read."""
    return isinstance(value, str) and _found(value) is not None


def _found(text: str) -> re.Match[str] | None:
    plain = text.partition(";")[0].strip('" ')
    if _HEX.fullmatch(plain):
        # Gateways put a protocol discriminator before it (Q.931 4.5.30), 04 for text or 00.
        plain = bytes.fromhex(plain).lstrip(b"\x00\x04").decode("ascii", "replace")
    return _KEY.fullmatch(plain)
