"""One stack for all end-to-end tests; each test begins with silent phones and empty queues.

The same tests run with the simulated PBX and, with `--pbx asterisk`, with a real Asterisk and real SIP phones.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio

from infra.pbx.asterisk import available
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

PHONES = ("1001", "1002", "1003", "1004")


@pytest.fixture(scope="session")
def pbx(pytestconfig: pytest.Config) -> str:
    """The PBX that this run is to use: `simulator` or `asterisk`."""
    kind = str(pytestconfig.getoption("--pbx"))
    if kind == "asterisk" and (reason := available()):
        pytest.skip(reason)
    return kind


@pytest.fixture(scope="session")
def whole_stack(pbx: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, up for the whole session."""
    run_dir: Path = tmp_path_factory.mktemp("stack")
    with running(run_dir, PBX=pbx, QUEUE_RING_S="6") as stack:
        yield stack


@pytest_asyncio.fixture
async def stack(whole_stack: Stack) -> AsyncIterator[Stack]:
    """The stack, with nothing left over from the test before."""
    yield whole_stack
    await quiet(whole_stack)


async def quiet(stack: Stack) -> None:
    """Plug everything in, hang everything up, and wait until the phones are idle."""
    for station in PHONES:
        await stack.try_control("POST", f"/phones/{station}", {"do": "plug"})
    for queue in ("support", "sales"):
        for waiting in (await stack.control("GET", f"/queues/{queue}"))["callers"]:
            await stack.try_control("POST", f"/callers/{waiting['caller']}", {"do": "hangup"})
    for station in PHONES:
        await eventually(partial(_idle, stack, station), timeout_s=15)


async def _idle(stack: Stack, station: str) -> bool:
    shown = await stack.control("GET", f"/phones/{station}")
    if shown["state"] == "idle" and not shown["calls"]:
        return True
    await stack.try_control("POST", f"/phones/{station}", {"do": "hangup"})
    return False
