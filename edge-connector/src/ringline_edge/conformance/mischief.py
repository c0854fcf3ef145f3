"""What links do to messages that are on their way; a fake hands every event through it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

KEPT_S: Final = 0.02
KINDS: Final = frozenset({"repeat", "swap", "garbage", "straight"})
"""`repeat`: each event comes twice. `swap`: of two events about different legs the later comes first. `garbage`: once,
something that is no message. `straight`: as it should be."""


class Mischief:
    """Events of one PBX on their way to its links; what is about one thing keeps its order."""

    def __init__(self, send: Callable[[bytes], None], garbage: bytes) -> None:
        """`send` writes to all links; `garbage` is what this protocol may read and must not fail at."""
        self._send, self._garbage = send, garbage
        self._how = "straight"
        self._kept: tuple[Hashable, bytes] | None = None

    def __call__(self, how: str) -> None:
        """From now on events come so."""
        if how not in KINDS:
            raise ValueError(f"{how} is none of {', '.join(sorted(KINDS))}")
        self.flush()
        if how == "garbage":
            self._send(self._garbage)
        else:
            self._how = how

    def send(self, about: Hashable, data: bytes) -> None:
        """One event about a leg, an agent or a phone."""
        if self._how == "swap":
            self._swap(about, data)
            return
        self._send(data)
        if self._how == "repeat":
            self._send(data)

    def flush(self) -> None:
        """What was kept back leaves now; also called before an answer or a snapshot."""
        if self._kept is not None:
            self._send(self._kept[1])
            self._kept = None

    def _swap(self, about: Hashable, data: bytes) -> None:
        if self._kept is None:
            self._kept = (about, data)
            # What nothing follows at once is told all the same.
            asyncio.get_running_loop().call_later(KEPT_S, self.flush)
        elif self._kept[0] == about:
            self.flush()
            self._kept = (about, data)
        else:
            self._send(data)
            self.flush()
