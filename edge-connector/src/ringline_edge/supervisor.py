"""The only retry of the edge: what runs is run again after a pause, and the class of its error decides whether.

What is absent is logged once when it goes and once when it is back.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from ringline_core.domain.backoff import delay
from ringline_core.errors import RinglineError

logger = logging.getLogger(__name__)
STABLE_S = 30.0


async def keep_running(
    name: str,
    run: Callable[[], Awaitable[None]],
    *,
    lost: Callable[[], None] = lambda: None,
    stopped: Callable[[RinglineError], None] = lambda _error: None,
) -> None:
    """Run something for ever.

    Args:
        name: For the log.
        run: Serves until it fails; raising a retryable error of the tree asks for another try.
        lost: Called each time it ended.
        stopped: Called when another try is of no use; then this waits for ever, so that health can say why.
    """
    loop = asyncio.get_running_loop()
    attempt, told = 0, False
    while True:
        began = loop.time()
        try:
            await run()
            error: RinglineError | None = None
        except RinglineError as err:
            error = err
        lost()
        if error is not None and not error.retryable:
            logger.error("part_stopped", extra={"part": name, "code": error.code, "reason": str(error)})
            stopped(error)
            await asyncio.Event().wait()
        if loop.time() - began > STABLE_S:
            attempt, told = 0, False
        if not told:
            code = error.code if error else None
            logger.warning("part_lost", extra={"part": name, "code": code, "reason": str(error)})
            told = True
        await asyncio.sleep(delay(attempt, random.random()))
        attempt += 1
