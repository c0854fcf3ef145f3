"""How long the cloud has been away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol


class Told(Protocol):
    """Hears that the cloud is away for too long, or back."""

    def __call__(self, *, away: bool) -> None:
        """It is."""


class Absence:
    """Tells once when the cloud has been away for too long, and once when it is back."""

    def __init__(self, told: Told, patience_s: Callable[[], float]) -> None:
        """`patience_s` is asked when an absence begins."""
        self._told, self._patience_s = told, patience_s
        self._timer: asyncio.TimerHandle | None = None

    def begins(self) -> None:
        """The cloud cannot be asked from now on; said again while it is away, this changes nothing."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._patience_s(), lambda: self._told(away=True))

    def over(self) -> None:
        """The cloud can be asked."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._told(away=False)
