"""Three pages of one agent in a real browser, on the real stack: one pops, or the next one when it dies or hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from playwright.async_api import Browser, Page

from tests.support.browser import available, until
from tests.support.stack import Stack, running
from tests.support.waiting import eventually

TAKEOVER_MS = 3400
"""From a grant whose page died to the next page's pop, timers of hidden pages included."""

OPEN = """async ({ token, fate }) => {
  const { createClient } = await import("/client/index.js");
  window.WebSocket = class extends WebSocket {
    set onmessage(read) {
      super.onmessage = (message) => {
        const { t, grant, page } = JSON.parse(message.data);
        const isOurs = t === "pop" && grant === 1 && page === client.page;
        if (isOurs) window.grantedMs ??= Date.now();
        if (!isOurs || fate !== "dies") read(message);
      };
    }
    send(text) {
      super.send(text);
      const { t, grant } = JSON.parse(text);
      if (fate === "hangs" && t === "pop.claim" && grant === 0) for (const end = Date.now() + 4000; Date.now() < end; );
    }
  };
  window.pops = [];
  const client = window.client = createClient({ api: "/api", getToken: () => token });
  client.on("pop", ({ call, grant }) => window.pops.push({ call, grant, atMs: Date.now() }));
  await client.connect();
}"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own; not brought up where no browser could look at it."""
    if reason := available():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("run")) as brought_up:
        yield brought_up


@asynccontextmanager
async def three_pages(stack: Stack, browser: Browser, fate: str = "lives") -> AsyncIterator[list[Page]]:
    """Anna, ready, with two pages in one browser and one in another.

    Args:
        stack: Where she works.
        browser: What she works with.
        fate: Of the page that claims first: `lives`, `dies` (its grant is never read), or `hangs` for four seconds
            between its claim and its grant.
    """
    async with AsyncExitStack() as opened:
        pages = []
        for count in (2, 1):
            context = await browser.new_context()
            opened.push_async_callback(context.close)
            pages += [await context.new_page() for _ in range(count)]
        for page in pages:
            await page.goto(f"{stack.origin}/client/index.js")  # nothing but an origin
            await page.evaluate(OPEN, {"token": stack.token("anna"), "fate": fate})
        await until(pages[0], "!['logged_off', 'unknown'].includes(client.state.doc?.agent.state ?? 'unknown')")
        await pages[0].evaluate("client.command('set_state', { state: 'ready' })")
        yield pages


@asynccontextmanager
async def ringing(stack: Stack, page: Page) -> AsyncIterator[str]:
    """A caller rings at Anna's phone, and hangs up at the end; the call's id."""
    caller = await stack.caller("5000")
    await until(page, "client.state.doc.calls.some(({ leg }) => leg === 'alerting')")
    yield str(await page.evaluate("client.state.doc.calls[0].call"))
    await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


async def grants(page: Page) -> list[int]:
    """Grants on which the page popped."""
    found: list[int] = await page.evaluate("window.pops.map(({ grant }) => grant)")
    return found


async def all_know(pages: list[Page], call: str) -> None:
    """Wait until every page knows that the call has popped."""
    is_done = f"client.state.desk.pop.some((each) => each.call === '{call}' && each.done)"
    await asyncio.gather(*(until(page, is_done) for page in pages))


async def granted(pages: list[Page]) -> Page | None:
    """The page that heard of the first grant, its own."""
    for page in pages:
        if await page.evaluate("window.grantedMs ?? 0"):
            return page
    return None


async def test_of_three_pages_exactly_one_pops_and_all_know_that_it_is_done(stack: Stack, browser: Browser) -> None:
    async with three_pages(stack, browser) as pages, ringing(stack, pages[0]) as call:
        await all_know(pages, call)
        assert sorted([await grants(page) for page in pages]) == [[], [], [1]]


async def test_when_the_page_that_pops_is_closed_before_it_did_the_next_one_does(
    stack: Stack, browser: Browser
) -> None:
    async with three_pages(stack, browser, "dies") as pages, ringing(stack, pages[0]) as call:
        dead = await eventually(lambda: granted(pages), saying="a grant")
        assert dead is not None
        granted_ms = await dead.evaluate("window.grantedMs")
        await dead.close()
        rest = [page for page in pages if page is not dead]
        await all_know(rest, call)
        assert sorted([await grants(page) for page in rest]) == [[], [2]]
        popped_ms = [each for page in rest for each in await page.evaluate("window.pops.map(({ atMs }) => atMs)")]
        assert [each - granted_ms <= TAKEOVER_MS for each in popped_ms] == [True], popped_ms[0] - granted_ms


async def test_a_page_that_hangs_before_it_reads_its_grant_does_not_pop_beside_the_next(
    stack: Stack, browser: Browser
) -> None:
    async with three_pages(stack, browser, "hangs") as pages, ringing(stack, pages[0]) as call:
        await all_know(pages, call)
        hung = await eventually(lambda: granted(pages), saying="the grant, read late")
        assert hung is not None
        assert await grants(hung) == []
        assert sorted([await grants(page) for page in pages]) == [[], [], [2]]
