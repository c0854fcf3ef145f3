"""Three pages of one agent on the real stack: distinct ranks, one grant, takeover, passing on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.e2e.test_calls_up import ready_agent, ringing_call
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

Frame = dict[str, Any]


@asynccontextmanager
async def three_pages(stack: Stack) -> AsyncIterator[list[PageClient]]:
    """Anna, ready, with a page that has the focus, one that can be seen, and one that is hidden; in that order."""
    async with ready_agent(stack, "anna") as focused, stack.page("anna") as visible, stack.page("anna") as hidden:
        await visible.send({"t": "page", "visible": True, "focused": False, "can_pop": True})
        await hidden.send({"t": "page", "visible": False, "focused": False, "can_pop": True})
        for page in (visible, hidden):
            await page.send({"t": "beat"})  # answered after what was said before, so the ranks are known
            await page.frame(lambda f: f.get("t") == "beat", "beat")
        yield [focused, visible, hidden]


async def hears(client: PageClient, call: str, **fields: Any) -> Frame:
    """The newest `pop` of the call that has these fields."""

    def fits(frame: Frame) -> bool:
        known = frame.get("t") == "pop" and frame["call"] == call
        return known and all(frame[name] == value for name, value in fields.items())

    return await client.frame(fits, f"pop {fields}")


async def says(page: PageClient, do: str, call: str, grant: int) -> None:
    await page.send({"t": f"pop.{do}", "call": call, "grant": grant})


@asynccontextmanager
async def ringing(stack: Stack, page: PageClient) -> AsyncIterator[str]:
    """A call that alerts, by its id; the caller hangs up at the end."""
    caller, call = await ringing_call(stack, page)
    try:
        yield str(call["call"])
    finally:
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


async def all_ranked(pages: list[PageClient], call: str) -> None:
    """Every page is told its own rank."""
    frames = [await hears(page, call, grant=0) for page in pages]
    assert [frame["rank"] for frame in frames] == [0, 1, 2]
    assert all((frame["page"], frame["done"]) == (None, False) for frame in frames)
    assert all(0 < frame["lease_ms"] < frame["steal_ms"] for frame in frames)


async def test_of_three_pages_that_claim_at_once_one_is_granted_and_all_hear_of_it(stack: Stack) -> None:
    async with three_pages(stack) as pages, ringing(stack, pages[0]) as call:
        await all_ranked(pages, call)
        for page in pages:
            await says(page, "claim", call, 0)
        holder = (await hears(pages[0], call, grant=1))["page"]
        assert holder in [page.page for page in pages]
        for page in pages:
            assert (await hears(page, call, grant=1))["page"] == holder
        assert not [f for page in pages for f in page.frames if f.get("t") == "pop" and f["grant"] > 1]
        winner = next(page for page in pages if page.page == holder)
        await says(winner, "done", call, 1)
        shown = [{"call": call, "grant": 1, "page": holder, "done": True}]
        for page in pages:
            assert (await hears(page, call, done=True))["page"] == holder
            await page.frame(
                lambda f: f.get("t") == "station" and (f["desk"] or {}).get("pop") == shown, "the grant on the desk"
            )


async def test_a_grant_whose_page_says_nothing_is_taken_over_after_its_time_and_not_before(stack: Stack) -> None:
    async with three_pages(stack) as pages, ringing(stack, pages[0]) as call:
        await all_ranked(pages, call)
        begun = await pages[1].clock()
        await says(pages[0], "claim", call, 0)
        granted = await hears(pages[1], call, grant=1)

        async def taken_over() -> bool:
            await says(pages[1], "claim", call, 1)
            await pages[1].clock()
            return any(f.get("t") == "pop" and f["grant"] == 2 for f in pages[1].frames)

        assert not await taken_over()
        await eventually(taken_over, timeout_s=10, saying="the takeover")
        waited_ms = (await pages[1].clock() - begun).total_seconds() * 1000
        assert waited_ms >= granted["steal_ms"]
        assert {(await hears(page, call, grant=2))["page"] for page in pages} == {pages[1].page}
        await says(pages[0], "done", call, 1)
        await says(pages[1], "done", call, 2)
        assert (await hears(pages[0], call, done=True))["grant"] == 2


async def test_a_page_that_passes_hands_on_at_once(stack: Stack) -> None:
    async with three_pages(stack) as pages, ringing(stack, pages[0]) as call:
        await all_ranked(pages, call)
        await says(pages[0], "claim", call, 0)
        await hears(pages[0], call, grant=1)
        before = await pages[0].clock()
        await says(pages[0], "pass", call, 1)
        ranks = [(await hears(page, call, grant=1, page=None))["rank"] for page in pages]
        assert ranks == [2, 0, 1]
        await says(pages[1], "claim", call, 1)
        second = await hears(pages[2], call, grant=2)
        assert second["page"] == pages[1].page
        took_ms = (await pages[0].clock() - before).total_seconds() * 1000
        assert took_ms < second["steal_ms"]


async def test_a_page_that_opens_while_it_rings_is_told_its_rank(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page, ringing(stack, page) as call:
        await says(page, "claim", call, 0)
        await hears(page, call, grant=1)
        async with stack.page("anna") as late:
            frame = await hears(late, call, grant=1)
            assert (frame["page"], frame["done"]) == (page.page, False)
