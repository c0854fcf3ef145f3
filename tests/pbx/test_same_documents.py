"""One scenario, two PBXes, the same documents: what makes the simulated PBX worth believing."""

from __future__ import annotations

import difflib
import json
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any

import pytest

from infra.pbx.asterisk import available
from tests.e2e.conftest import quiet
from tests.e2e.test_calls_up import NUMBER, ready_agent
from tests.support.normal import Names
from tests.support.page_client import PageClient
from tests.support.stack import Stack, running

Json = Any
KINDS = ("simulator", "asterisk")
pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


@pytest.fixture(scope="module")
def stacks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Stack]]:
    """One stack with each PBX, side by side."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    with (
        running(folders["simulator"], PBX="simulator", QUEUE_RING_S="6") as simulated,
        running(folders["asterisk"], PBX="asterisk", QUEUE_RING_S="6") as real,
    ):
        yield {"simulator": simulated, "asterisk": real}


class Teller:
    """Notes what the pages of one scenario show at the moments that matter."""

    def __init__(self, stack: Stack, **pages: PageClient) -> None:
        """`pages` by the name that the story gives them."""
        self.stack, self.pages, self.names = stack, pages, Names()
        self.told: list[Json] = []

    async def shows(self, who: str, *legs: str) -> Json:
        """Wait until exactly these legs are shown, their others settled, and note the document; its first call."""
        page = self.pages[who]

        def is_shown(document: Json) -> bool:
            return sorted(call["leg"] for call in document["calls"]) == sorted(legs) and _is_settled(document)

        document = await page.document(is_shown, f"{legs}")
        self.told.append({who: self.names.document(document)})
        return document["calls"][0] if legs else None

    def ends(self) -> list[Json]:
        """All that was noted, and the events that each page raised."""
        return [*self.told, *({who: self.names.events(page.events)} for who, page in self.pages.items())]


def _is_settled(document: Json) -> bool:
    """Who speaks speaks with somebody: which of two legs the PBX tells first differs from run to run."""
    return not any(
        call["leg"] == "connected" and party["leg"] == "initiated"
        for call in document["calls"]
        for party in call["parties"]
    )


async def queue_call_and_hold(stack: Stack) -> list[Json]:
    """A customer rings through a queue, is answered, held, taken back, and hangs up."""
    async with ready_agent(stack, "anna") as anna:
        told = Teller(stack, anna=anna)
        caller = await stack.caller("5000", NUMBER)
        await told.shows("anna", "alerting")
        await stack.phone("1001", "answer")
        await told.shows("anna", "connected")
        await stack.phone("1001", "hold")
        await told.shows("anna", "hold")
        await stack.phone("1001", "resume")
        await told.shows("anna", "connected")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await told.shows("anna")
        return told.ends()


async def abandoned(stack: Stack) -> list[Json]:
    """A customer gives up while the phone rings."""
    async with ready_agent(stack, "anna") as anna:
        told = Teller(stack, anna=anna)
        caller = await stack.caller("5000", NUMBER)
        await told.shows("anna", "alerting")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await told.shows("anna")
        return told.ends()


async def extension_to_extension(stack: Stack) -> list[Json]:
    """One colleague calls another."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        await stack.phone("1001", "dial", number="1003")
        await told.shows("cleo", "alerting")
        await stack.phone("1003", "answer")
        await told.shows("anna", "connected")
        await told.shows("cleo", "connected")
        await stack.phone("1003", "hangup")
        await told.shows("anna")
        await told.shows("cleo")
        return told.ends()


async def cold_transfer(stack: Stack) -> list[Json]:
    """A customer is passed on from the page, and the colleague takes over."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        await stack.caller("1001", NUMBER)
        await told.shows("anna", "alerting")
        await stack.phone("1001", "answer")
        call = await told.shows("anna", "connected")
        await anna.command("transfer", call=call["call"], to="1003")
        await told.shows("cleo", "alerting")
        await told.shows("anna")
        await stack.phone("1003", "answer")
        await told.shows("cleo", "connected")
        await stack.phone("1003", "hangup")
        await told.shows("cleo")
        return told.ends()


async def place_and_drop(stack: Stack) -> list[Json]:
    """An outside number is called from the page, and the call ended from it."""
    async with ready_agent(stack, "anna") as anna:
        told = Teller(stack, anna=anna)
        await anna.command("place", to="+442079460123")
        await told.shows("anna", "initiated")
        await stack.phone("1001", "answer")
        call = await told.shows("anna", "connected")
        await anna.command("drop", call=call["call"])
        await told.shows("anna")
        return told.ends()


async def _consulting(stack: Stack, told: Teller) -> str:
    """A customer of Anna's on hold while she asks Cleo; the customer's call."""
    await stack.caller("1001", NUMBER)
    await told.shows("anna", "alerting")
    await stack.phone("1001", "answer")
    call = (await told.shows("anna", "connected"))["call"]
    await told.pages["anna"].command("consult", call=call, to="1003")
    await told.shows("cleo", "alerting")
    await told.shows("anna", "hold", "initiated")
    await stack.phone("1003", "answer")
    await told.pages["cleo"].document(lambda d: d["calls"][0]["parties"][0]["leg"] == "connected", "Anna")
    await told.shows("cleo", "connected")
    await told.pages["anna"].document(lambda d: d["calls"][1]["parties"][0]["leg"] == "connected", "Cleo")
    await told.shows("anna", "connected", "hold")
    return str(call)


async def consult_and_complete(stack: Stack) -> list[Json]:
    """A colleague is asked, and gets the customer."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        call = await _consulting(stack, told)
        await anna.command("complete", call=call)
        await told.shows("anna")
        await cleo.document(lambda d: d["calls"][0]["parties"][0]["station"] is None, "the customer")
        await told.shows("cleo", "connected")
        await stack.phone("1003", "hangup")
        await told.shows("cleo")
        return told.ends()


async def consult_and_cancel(stack: Stack) -> list[Json]:
    """A colleague is asked, and the agent goes back to the customer."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        call = await _consulting(stack, told)
        await anna.command("cancel", call=call)
        await told.shows("anna", "connected")
        await told.shows("cleo")
        await anna.command("drop", call=call)
        await told.shows("anna")
        return told.ends()


def _first_is(leg: str, document: Json) -> bool:
    return bool(document["calls"][0]["leg"] == leg)


async def swap(stack: Stack) -> list[Json]:
    """Back and forth between the customer and the colleague."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        call = await _consulting(stack, told)
        for leg in ("connected", "hold"):
            await anna.command("swap", call=call)
            await anna.document(partial(_first_is, leg), f"customer {leg}")
            await told.shows("anna", "connected", "hold")
        await anna.command("cancel", call=call)
        await told.shows("anna", "connected")
        await anna.command("drop", call=call)
        await told.shows("anna")
        return told.ends()


async def conference(stack: Stack) -> list[Json]:
    """All three together; then the agent leaves."""
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        told = Teller(stack, anna=anna, cleo=cleo)
        call = await _consulting(stack, told)
        await anna.command("conference", call=call)
        await anna.event("conferenced")
        await cleo.event("conferenced")
        await told.shows("anna", "connected")
        await told.shows("cleo", "connected")
        await anna.command("drop", call=call)
        await told.shows("anna")
        await stack.phone("1003", "hangup")
        await told.shows("cleo")
        return told.ends()


SCENARIOS: dict[str, Callable[[Stack], Awaitable[list[Json]]]] = {
    each.__name__: each
    for each in (
        queue_call_and_hold,
        abandoned,
        extension_to_extension,
        cold_transfer,
        place_and_drop,
        consult_and_complete,
        consult_and_cancel,
        swap,
        conference,
    )
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_both_pbxes_tell_the_same(stacks: dict[str, Stack], name: str) -> None:
    told = {}
    for kind, stack in stacks.items():
        told[kind] = [json.dumps(each, indent=1) for each in await SCENARIOS[name](stack)]
        await quiet(stack)
    lines = {kind: "\n".join(each).splitlines() for kind, each in told.items()}
    difference = list(difflib.unified_diff(lines["simulator"], lines["asterisk"], *KINDS, lineterm="", n=6))
    assert not difference, "\n".join(difference)
