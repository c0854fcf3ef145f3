"""The only retry of the edge: what runs is run again after a pause, and the class of its error decides whether.

What is absent is logged once when it goes and once when it is back.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable

from ringline_core.domain.backoff import delay
from ringline_core.errors import RinglineError
from ringline_edge.uplink.heard import SentAwayError

logger = logging.getLogger(__name__)
STABLE_S = 30.0
"""Who served this long begins its back-off anew."""


class Part:
    """One part of the edge that is to run for ever.

    Attributes:
        is_up: Whether it serves now.
        losses: How often it was lost after it had served.
        stopped: Why it is not tried again; a human must act.
    """

    def __init__(
        self,
        name: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        """`clock` only goes forward, in seconds; `fraction` gives random numbers in [0, 1)."""
        self.name = name
        self.is_up = False
        self.losses = 0
        self.stopped: RinglineError | None = None
        self._clock, self._pause, self._fraction = clock, pause, fraction
        self._attempt = 0
        self._up_since_s = 0.0
        self._told_lost = False

    def found(self) -> None:
        """It serves from now on."""
        if not self.is_up:
            self.is_up, self._told_lost, self._up_since_s = True, False, self._clock()
            logger.info("part_found", extra={"part": self.name})

    async def run(self, serve: Callable[[], Awaitable[None]], lost: Callable[[], None] = lambda: None) -> None:
        """Run something for ever.

        Args:
            serve: Serves until it fails, and calls `found` once it does serve. An error that is not retryable ends it
                for good; then this waits for ever, so that health can say why.
            lost: Called each time it ended.
        """
        while True:
            error = await self._serve(serve)
            self._lose(error)
            lost()
            if isinstance(error, RinglineError) and not error.retryable:
                self.stopped = error
                logger.error("part_stopped", extra={"part": self.name, "code": error.code, "reason": str(error)})
                await asyncio.Event().wait()
            asked = error.retry_after_s if isinstance(error, SentAwayError) else 0.0
            await self._pause(asked + delay(self._attempt, self._fraction()))
            self._attempt += 1

    async def _serve(self, serve: Callable[[], Awaitable[None]]) -> Exception | None:
        try:
            await serve()
        except RinglineError as err:
            return err
        except Exception as err:
            # A fault of ours in one part must not take the others down; it begins anew with what the spool holds.
            logger.exception("part_broke", extra={"part": self.name})
            return err
        return None

    def _lose(self, error: Exception | None) -> None:
        if self.is_up:
            self.losses += 1
            if self._clock() - self._up_since_s > STABLE_S:
                self._attempt = 0
        self.is_up = False
        if not self._told_lost:
            self._told_lost = True
            code = error.code if isinstance(error, RinglineError) else "internal"
            logger.warning("part_lost", extra={"part": self.name, "code": code, "reason": str(error)})
