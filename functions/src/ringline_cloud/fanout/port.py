"""The port through which everything reaches pages and edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Fanout(Protocol):
    """Posts frames to open sockets."""

    def post(self, sockets: Sequence[str], frame: str) -> tuple[str, ...]:
        """Post one frame to several sockets, at the same time.

        Args:
            sockets: Socket ids.
            frame: The frame as text.

        Returns:
            The sockets that are gone. A post that was throttled twice is left to the next beat.
        """
        ...

    def close(self, socket: str) -> None:
        """Close a socket; harmless when it is gone."""
        ...
