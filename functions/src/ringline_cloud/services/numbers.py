"""Numbers of callers as keys: a keyed hash, so that the table's keys tell no number."""

from __future__ import annotations

import hashlib
import hmac
import re

from ringline_core.errors import InvalidMessageError

_SEPARATORS = re.compile(r"[ ()./\u00a0-]")
_NUMBER = re.compile(r"\+?[0-9*#]{2,32}")


def digest(pepper: str, tenant: str, number: str) -> str:
    """The key of a number, written as documents and records write it."""
    return hmac.new(pepper.encode(), f"{tenant}|{number}".encode(), hashlib.sha256).hexdigest()


def written(number: str) -> str:
    """A number that a person wrote, as documents and records write it: without blanks and other separators.

    A blank at its beginning is the plus sign of a query string that nobody quoted.

    Raises:
        InvalidMessageError: It is none.
    """
    plain = _SEPARATORS.sub("", f"+{number[1:]}" if number.startswith(" ") else number)
    if not _NUMBER.fullmatch(plain):
        raise InvalidMessageError("number: digits, with a plus sign in front where the country code is there")
    return plain
