"""A fresh cloud for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cloud import Cloud, running


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """One site, no edge, no pages yet."""
    with running() as fresh:
        yield fresh
