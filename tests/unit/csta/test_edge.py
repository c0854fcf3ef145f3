"""The whole edge between a fake CSTA server and a fake cloud: documents up, commands down, a gate at the PBX."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ringline_edge import identity
from ringline_edge.app import Edge
from ringline_edge.config import Config
from ringline_edge.conformance.fakes.csta.server import FakeCsta
from tests.support import fake_cloud
from tests.support.fake_cloud import FakeCloud
from tests.support.waiting import eventually
from tests.unit.csta.world import CUSTOMER, settings


@dataclass
class Site:
    pbx: FakeCsta
    cloud: FakeCloud

    def call(self) -> dict[str, Any]:
        return dict(self.cloud.documents["4750"]["calls"][0])

    async def sees(self, *legs: str) -> None:
        await self.cloud.until(lambda c: [each["leg"] for each in c.documents["4750"]["calls"]] == list(legs))


@pytest_asyncio.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    pbx = FakeCsta("dmcc")
    await pbx.open()
    config = Config.model_validate({
        "version": 1, "edge": {"state_dir": tmp_path}, "health": {"port": 0},
        "pbx": {"kind": "csta", "csta": settings(pbx)},
    })  # fmt: skip
    async with fake_cloud.running() as cloud:
        private, _ = identity.make_key()
        identity.save(tmp_path, identity.EdgeIdentity("hq", "edge-1", "k1", "aud", cloud.url, private))
        edge = Edge(config, "test.toml")
        task = asyncio.create_task(edge.run())
        await cloud.until(lambda c: "4750" in c.documents)
        yield Site(pbx, cloud)
        edge.stop()
        await asyncio.wait_for(task, 10)
    await pbx.close()


async def test_commands_of_the_cloud_are_confirmed_by_documents_of_the_switch(site: Site) -> None:
    site.pbx.outside_call(CUSTOMER, "4750")
    await site.sees("alerting")
    call = site.call()["call"]
    for ident, verb, leg in (("x1", "answer", "connected"), ("x2", "hold", "hold"), ("x3", "resume", "connected")):
        await site.cloud.command(ident, verb, "4750", call=call)
        await site.cloud.result(ident, "confirmed")
        await site.sees(leg)
    await site.cloud.command("x4", "transfer", "4750", call=call, to="4751", data={"ticket": "T-1"})
    await site.cloud.result("x4", "confirmed")
    await site.cloud.until(lambda c: c.documents["4751"]["calls"][0]["data"] == {"ticket": "T-1"})


async def test_a_note_that_is_owed_is_after_call_work_until_it_is_decided(
    site: Site,
) -> None:
    site.pbx.log_on("4750", "6001")
    site.pbx.press("4750", "ready")
    site.pbx.outside_call(CUSTOMER, "5000")
    await site.sees("alerting")
    interaction = site.call()["interaction"]
    desk = {"station": "4750", "rev": 1, "agent": "anna", "pages": 1, "drafts": [interaction],
            "policy": {"gate": "note", "on_ready_unsaved": "revert"}}  # fmt: skip
    await site.cloud.send({"t": "desks", "items": [desk]})
    site.pbx.answer("4750")
    agent = site.pbx.engine.agents["4750"]
    await eventually(lambda: agent.pending == ("agentWorkingAfterCall", "afterCallWork"))
    site.pbx.hang_up(CUSTOMER)
    await site.cloud.until(lambda c: c.documents["4750"]["agent"]["state"] == "wrap_up")
    assert agent.state == "agentWorkingAfterCall"
    await site.cloud.send({"t": "desks", "items": [{**desk, "rev": 2, "drafts": [], "decided": [interaction]}]})
    await site.cloud.until(lambda c: c.documents["4750"]["agent"]["state"] == "ready")
    assert (agent.state, agent.mode) == ("agentReady", "autoIn")
