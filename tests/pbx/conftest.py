"""One real Asterisk for all PBX tests of a session; each test begins with quiet lines and nobody logged on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.pbx.asterisk import available
from infra.pbx.asterisk.bench import Bench, running
from infra.pbx.asterisk.config import Options
from tests.support.asterisk_desk import Desk


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_bench(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bench]:
    """The bench of this session, in the session's event loop."""
    if reason := available():
        pytest.skip(reason)
    state: Path = tmp_path_factory.mktemp("pbx")
    async with running(state, options=Options(extra_queues=True, queue_ring_s=2)) as bench:
        yield bench


@pytest_asyncio.fixture(loop_scope="session")
async def bench(running_bench: Bench) -> AsyncIterator[Bench]:
    """The bench, made quiet again after the test."""
    yield running_bench
    await running_bench.quiet()


@pytest_asyncio.fixture(loop_scope="session")
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    """The adapter in a session with the bench."""
    made = Desk(bench)
    await made.begin()
    yield made
    await made.end()
