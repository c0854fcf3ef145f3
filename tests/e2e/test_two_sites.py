"""Two sites of one tenant: phones of the same number, and a call that goes from one PBX to the other.

The first site is the stack's own, with the PBX of this run; the second has a simulated PBX and a connector of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ringline_core.domain.linkage import Linkage
from ringline_edge.conformance.fakes.simulated import SimulatedPbx
from tests.e2e.talks import does, hangs_up, legs, talking, texts, told
from tests.e2e.test_admin import ask
from tests.e2e.test_calls_up import NUMBER, ready_agent
from tests.e2e.test_notes import puts
from tests.support import own_edge
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

LYON = "lyon"
BEN = {"site": LYON, "station": "1001", "login": "1001", "name": "Ben", "queues": ["support"]}
FAR = "+442079460123"


@dataclass
class Second:
    """The second site: its PBX, which is played by hand."""

    pbx: SimulatedPbx

    async def takes(self) -> None:
        """Phone 1001 there answers, once it rings."""
        await eventually(self._rings, timeout_s=10)
        await self.pbx.press("1001", "answer", "")

    async def _rings(self) -> bool:
        return (await self.pbx.display("1001")).state == "ringing"


async def _admin(stack: Stack, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    text = None if body is None else json.dumps(body)
    status, answer = await ask(stack, method, path, text, kind="application/json")
    assert status < 300, (method, path, status, answer)
    return answer


def _at(page: PageClient) -> str:
    assert page.doc is not None
    return str(page.doc["station"])


def _calls(page: PageClient) -> list[str]:
    assert page.doc is not None
    return [str(each["call"]) for each in page.doc["calls"]]


@asynccontextmanager
async def _moved(stack: Stack, user: str, mapping: dict[str, Any]) -> AsyncIterator[None]:
    before = (await _admin(stack, "GET", f"/mappings/{user}"))["mapping"]
    await _admin(stack, "PUT", f"/mappings/{user}", mapping)
    try:
        yield
    finally:
        await _admin(stack, "PUT", f"/mappings/{user}", before)


@pytest_asyncio.fixture
async def second(stack: Stack, tmp_path: Path) -> AsyncIterator[Second]:
    """Lyon, with Ben at its phone 1001."""
    pbx = SimulatedPbx(6.0)
    port = await pbx.start()
    await _admin(stack, "PUT", f"/sites/{LYON}", {"name": "Lyon", "tz": "Europe/Paris"})
    code = (await _admin(stack, "POST", f"/sites/{LYON}/enrolments", {}))["code"]
    tables = f"[pbx]\nkind = 'simulator'\n[pbx.simulator]\nport = {port}\n"
    edge = await own_edge.enrol(stack, tmp_path, tables, "edge-lyon", code)
    await edge.start()
    try:
        async with _moved(stack, "ben", BEN):
            yield Second(pbx)
    finally:
        await edge.end()
        await pbx.close()


async def _with_key(stack: Stack, anna: PageClient, call: str, verb: str, **more: Any) -> str:
    """Anna's customer is passed on to Lyon, or Lyon is asked; what the trunk was given to take along."""
    await does(anna, verb, call=call, to=FAR, **more)

    async def sent() -> object:
        return (await stack.control("GET", f"/outside/{FAR}"))["uui"]

    return str(await eventually(sent, timeout_s=10, saying="user-to-user data at the far end"))


async def test_a_transferred_customer_rings_at_the_other_site_with_all_notes(stack: Stack, second: Second) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        assert _at(anna) == _at(ben) == "1001"
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Order 4711 never came", draft=False)
        key = await _with_key(stack, anna, talk.call, "transfer", data={"order": "4711"})
        caller = await second.pbx.dial_in(NUMBER, "1001", key)
        rings = await ben.call("alerting")
        assert (rings["interaction"], rings["was"], rings["data"]) == (talk.interaction, [], {})
        assert rings["call"] != talk.call
        context = await told(ben, talk.interaction, notes=1)
        assert texts(context) == [("anna", "Order 4711 never came")]
        assert context["handover"]["from"] == {"agent": "anna", "site": "hq", "station": "1001"}
        assert (context["handover"]["kind"], context["data"]["order"]) == ("cold", "4711")
        await second.takes()
        await ben.call("connected")
        await puts(ben, talk.interaction, 0, "Sent again", draft=False)
        await legs(anna)
        await second.pbx.hang_up_caller(caller)
        await hangs_up(stack, talk)
        await eventually(lambda: _is_one_story(stack, talk.interaction), timeout_s=15)


async def _is_one_story(stack: Stack, interaction: str) -> bool:
    """Both sites' calls and both agents' notes are under the one interaction."""
    found = await _admin(stack, "GET", f"/interactions/{interaction}")
    assert {each["author"] for each in found["notes"]} == {"anna", "ben"}
    sites = {each["call"].split("-")[1] for each in found["calls"]}
    assert sites == {"hq", LYON}, found["calls"]
    return True


async def test_a_colleague_who_is_asked_at_the_other_site_sees_the_customers_notes(
    stack: Stack, second: Second, pbx: str
) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Wants a refund", draft=False)
        key = await _with_key(stack, anna, talk.call, "consult")
        caller = await second.pbx.dial_in("1001", "1001", key)
        context = await told(ben, talk.interaction, notes=1)
        assert (texts(context), context["handover"]["kind"]) == ([("anna", "Wants a refund")], "hot")
        await second.pbx.hang_up_caller(caller)
        await legs(ben)
        await does(anna, "cancel", call=talk.call)
        await hangs_up(stack, talk)


@pytest.mark.parametrize("is_forged", [False, True])
async def test_whoever_dials_in_with_a_key_that_is_none_reads_nobodys_story(
    stack: Stack, second: Second, *, is_forged: bool
) -> None:
    now_ms = time.time_ns() // 1_000_000
    key = Linkage("guessed, of course, and wrong").key("i-hq-1", now_ms) if is_forged else "i-hq-1"
    async with ready_agent(stack, "ben") as ben:
        caller = await second.pbx.dial_in(NUMBER, "1001", key)
        rings = await ben.call("alerting")
        assert rings["interaction"].startswith(f"i-{LYON}-")
        await second.pbx.hang_up_caller(caller)
        await legs(ben)


async def test_phones_of_the_same_number_at_two_sites_know_nothing_of_each_other(stack: Stack, second: Second) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        talk = await talking(stack, anna)
        caller = await second.pbx.dial_in("+33123456789", "1001", None)
        rings = await ben.call("alerting")
        assert (_calls(ben), _calls(anna)) == ([rings["call"]], [talk.call])
        await second.takes()
        await ben.call("connected")
        results = await anna.command("drop", call=rings["call"])
        assert results[-1]["error"]["code"] == "no_such_call", results
        await second.pbx.hang_up_caller(caller)
        await hangs_up(stack, talk)
