"""`make run AMI=host:port`: a stack beside a PBX that is there already; the phones are in other hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.pbx.asterisk.bench import Bench
from tests.support.asterisk_desk import CUSTOMER
from tests.support.stack import Stack, running

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def beside(bench: Bench, tmp_path: Path) -> AsyncIterator[Stack]:
    """A stack whose PBX is the bench's, reached as any other Asterisk is."""
    login = bench.edge_login("bridge-notify")
    where = f"{login['host']}:{login['port']}"
    context = running(tmp_path / "run", AMI=where, AMI_USERNAME=str(login["username"]), AMI_SECRET=str(login["secret"]))
    stack = await asyncio.to_thread(context.__enter__)
    yield stack
    await asyncio.to_thread(context.__exit__, None, None, None)


async def test_a_pbx_that_is_there_already_is_used(beside: Stack, bench: Bench) -> None:
    assert beside.ready["pbx"] == {"kind": "asterisk", "control_url": None}
    assert set(beside.ready["pids"]) == {"emulator", "pages", "edge"}
    async with beside.page("anna") as page:
        await page.document(lambda d: d["agent"]["state"] == "not_ready", "log-on")
        bench.outside.dial_in(CUSTOMER, "1001")
        await page.event("ringing")
        bench.phones["1001"].answer()
        call = await page.call("connected")
        assert call["remote"]["number"] == CUSTOMER
        results = await page.command("drop", call=call["call"])
        assert results[-1]["stage"] == "confirmed"
