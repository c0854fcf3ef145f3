"""Progress on the terminal: each step with its seconds."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say `what` and, when the block is done, how long it took."""
    sys.stderr.write(f"  {what:<32}")
    sys.stderr.flush()
    began = time.monotonic()
    try:
        yield
    except BaseException:
        sys.stderr.write("failed\n")
        raise
    sys.stderr.write(f"{time.monotonic() - began:6.1f} s\n")
