"""Recordings are made by the command itself, which sets the process's logging up."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Give the next test the logging that this one found."""
    root, quiet = logging.getLogger(), logging.getLogger("websockets")
    handlers, levels = root.handlers[:], (root.level, quiet.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    quiet.setLevel(levels[1])
