"""Digest authentication of SIP requests. No I/O.

Source: RFC 3261, 22; RFC 8760 (SHA-256).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Final

from infra.pbx.asterisk.sip.message import Header, SipMessage

CHALLENGED: Final = frozenset({401, 407})
_ALGORITHMS: Final = {"MD5": "md5", "SHA-256": "sha256"}
_ANSWERS: Final = (("www-authenticate", "Authorization"), ("proxy-authenticate", "Proxy-Authorization"))


class UnusableChallengeError(ValueError):
    """The other side asks for a kind of authentication that is not spoken here."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """User name and password of an account."""

    user: str
    password: str = field(repr=False)


def authorization(challenge: SipMessage, who: Credentials, method: str, uri: str, cnonce: str) -> Header:
    """The header that answers a 401 or 407.

    Raises:
        UnusableChallengeError: No challenge with a known algorithm.
    """
    for asked, answer in _ANSWERS:
        for value in challenge.all(asked):
            params = _params(value)
            if params.get("algorithm", "MD5").upper() in _ALGORITHMS and {"realm", "nonce"} <= params.keys():
                return answer, _digest(params, who, method, uri, cnonce)
    raise UnusableChallengeError("no challenge with a known algorithm")


def _params(value: str) -> dict[str, str]:
    found = re.findall(r'(\w+)\s*=\s*(?:"([^"]*)"|([^,\s]+))', value)
    return {name.lower(): quoted or bare for name, quoted, bare in found}


def _digest(params: dict[str, str], who: Credentials, method: str, uri: str, cnonce: str) -> str:
    algorithm = params.get("algorithm", "MD5").upper()

    def hashed(text: str) -> str:
        return hashlib.new(_ALGORITHMS[algorithm], text.encode()).hexdigest()

    secret = hashed(f"{who.user}:{params['realm']}:{who.password}")
    asked = hashed(f"{method}:{uri}")
    fields = [
        f'username="{who.user}"',
        f'realm="{params["realm"]}"',
        f'nonce="{params["nonce"]}"',
        f'uri="{uri}"',
        f"algorithm={algorithm}",
    ]
    if "auth" in params.get("qop", "").split(","):
        proof = hashed(f"{secret}:{params['nonce']}:00000001:{cnonce}:auth:{asked}")
        fields += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"']
    else:
        proof = hashed(f"{secret}:{params['nonce']}:{asked}")
    fields.append(f'response="{proof}"')
    if "opaque" in params:
        fields.append(f'opaque="{params["opaque"]}"')
    return "Digest " + ", ".join(fields)
