"""A secret rearrangement of all digit strings of one length: what comes out has the same length, and never twice.

No table is needed, so any number of numbers can be replaced in bounded memory, and nothing can be turned back without
the key, which lives only as long as the process. The construction is a Feistel network over decimal digits as in NIST
SP 800-38G (FF1), with BLAKE2 as round function; around it a shift, so that no string stays what it was.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

KEY_BYTES: Final = 32
_ROUNDS: Final = 10


class Shuffle:
    """One rearrangement, by a key of its own."""

    def __init__(self, key: bytes | None = None) -> None:
        """A random key where none is given."""
        self._key = secrets.token_bytes(KEY_BYTES) if key is None else key

    def next(self, digits: str, kind: str) -> str:
        """What comes after `digits` in the secret order of its length.

        All strings of a length are one cycle: asked again and again, every other one comes before `digits` itself.

        Args:
            digits: At least two ASCII digits.
            kind: Each kind has an order of its own.
        """
        width = len(digits)
        place = int(self._turned(digits, kind, backwards=True))
        return self._turned(f"{(place + 1) % 10**width:0{width}}", kind, backwards=False)

    def _turned(self, digits: str, kind: str, *, backwards: bool) -> str:
        half = len(digits) // 2
        left, right = digits[:half], digits[half:]
        for number in reversed(range(_ROUNDS)) if backwards else range(_ROUNDS):
            if backwards:
                left, right = self._changed(right, left, number, kind, -1), left
            else:
                left, right = right, self._changed(left, right, number, kind, 1)
        return left + right

    def _changed(self, part: str, other: str, number: int, kind: str, sign: int) -> str:
        """`part` moved by what `other` says."""
        told = hashlib.blake2b(f"{kind} {number} {other}".encode(), key=self._key, digest_size=32).digest()
        return f"{(int(part) + sign * int.from_bytes(told)) % 10 ** len(part):0{len(part)}}"
