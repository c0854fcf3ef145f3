"""Wait for what is expected instead of sleeping: the only place in the tests that polls."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

T = TypeVar("T")
POLL_S = 0.02


@overload
async def eventually(check: Callable[[], Awaitable[T]], timeout_s: float = ..., *, saying: str = ...) -> T: ...
@overload
async def eventually(check: Callable[[], T], timeout_s: float = ..., *, saying: str = ...) -> T: ...
async def eventually(check: Callable[[], T | Awaitable[T]], timeout_s: float = 5.0, *, saying: str = "") -> T:
    """The first truthy value of `check`, which is asked again and again.

    Args:
        check: A function or coroutine function. An `AssertionError` counts as not yet.
        timeout_s: How long to go on.
        saying: What is waited for, for the error's text.

    Raises:
        AssertionError: It did not come true in time; with the last value or failed assertion.
    """
    deadline = asyncio.get_running_loop().time() + timeout_s
    while True:
        seen: object
        try:
            outcome = check()
            value: T = await outcome if inspect.isawaitable(outcome) else outcome
            if value:
                return value
            seen = value
        except AssertionError as err:
            seen = err
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {saying or check}; last seen: {seen!r}")
        await asyncio.sleep(POLL_S)
