"""A fake FreeSWITCH with an adapter on it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from ringline_edge.conformance.fakes.freeswitch.server import FakeFreeswitch
from tests.support.fakes.freeswitch_world import World
from tests.support.waiting import eventually


@pytest_asyncio.fixture
async def pbx() -> AsyncIterator[FakeFreeswitch]:
    made = FakeFreeswitch()
    await made.open()
    yield made
    await made.close()


@pytest_asyncio.fixture
async def world(pbx: FakeFreeswitch) -> AsyncIterator[World]:
    made = World(pbx, refresh_s=0.2)
    await eventually(lambda: made.model.document("1001")["in_service"] and "1001" in made.model.stations)
    yield made
    await made.end()
