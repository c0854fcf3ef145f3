"""S31 and S32 on the whole stack: real tabs over raw DevTools, the deployed template, the simulated PBX.

How soon the next tab pops is looked at with the played cloud (`test_tabs.py`); here comes the emulator's own time too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.browser import available
from tests.support.devtools import Chromium, Gone, Tab, launched
from tests.support.stack import Stack, running
from tests.support.tabs import READS_NO_GRANT, now_s
from tests.support.waiting import eventually

QUIET_S = 4.5
OPEN = """(async () => {
  const { createClient } = await import("/client/index.js");
  window.WebSocket = class extends WebSocket {
    set onmessage(read) {
      super.onmessage = (message) => window.onRead?.(JSON.parse(message.data)) !== false && read(message);
    }
  };
  window.states = [];
  const client = window.client = createClient({ api: "/api", getToken: () => %s });
  client.on("pop", ({ call, grant }) => popped(JSON.stringify({ call, grant, page: client.page })));
  client.on("socket", ({ state }) => window.states.push(state));
  await client.connect();
  return client.page;
})()"""


@dataclass
class Tabs:
    """Anna's tabs on the stack, by page id."""

    stack: Stack
    by_page: dict[str, Tab] = field(default_factory=dict)

    async def open(self, browser: Chromium) -> str:
        """One more, in front; its page."""
        tab = await browser.open(f"{self.stack.origin}/client/index.js", bindings=("popped",))
        await tab.until("location.pathname === '/client/index.js'")
        page = str(await tab.evaluate(OPEN % json.dumps(self.stack.token("anna"))))
        self.by_page[page] = tab
        return page

    def pops(self, call: str) -> list[Any]:
        """The pages that popped the call, with their grants."""
        told = [each for tab in self.by_page.values() for each in tab.browser.told(tab, "popped")]
        return [(each["page"], each["grant"]) for each in told if each["call"] == call]

    async def popped(self, call: str) -> tuple[str, int]:
        """The one page that popped, after nobody else can any more."""
        await eventually(lambda: self.pops(call), 15, saying="a pop")
        quiet_s = now_s() + QUIET_S
        await eventually(lambda: now_s() > quiet_s, QUIET_S + 5)
        ((page, grant),) = self.pops(call)
        return page, grant

    async def know(self, call: str) -> None:
        """Wait until every tab that is left knows that the call has popped."""
        done = f"client.state.desk?.pop.some((each) => each.call === '{call}' && each.done)"
        await asyncio.gather(*(tab.until(done, 20) for tab in self.by_page.values()))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack of its own; not brought up where no browser could look at it."""
    if reason := available():
        pytest.skip(reason)
    with running(tmp_path_factory.mktemp("run")) as brought_up:
        yield brought_up


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Chromium, Chromium]]:
    async with AsyncExitStack() as opened:
        one, other = [
            await opened.enter_async_context(launched(tmp_path_factory.mktemp(name))) for name in ("one", "other")
        ]
        yield one, other


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(stack: Stack) -> AsyncIterator[Tabs]:
    tabs = Tabs(stack)
    yield tabs
    for tab in tabs.by_page.values():
        with contextlib.suppress(Gone):
            await tab.close()


async def ready(tab: Tab) -> None:
    """Anna takes calls."""
    await tab.until("!['logged_off', 'unknown'].includes(client.state.doc?.agent.state ?? 'unknown')", 20)
    await tab.evaluate("client.command('set_state', { state: 'ready' }).then(() => true)")


@asynccontextmanager
async def ringing(stack: Stack, witness: Tab) -> AsyncIterator[str]:
    """A caller rings at Anna's phone, and hangs up at the end; the call's id."""
    caller = await stack.caller("5000")
    alerting = "client.state.doc.calls.find(({ leg }) => leg === 'alerting')"
    await witness.until(alerting, 15)
    call = str(await witness.evaluate(f"{alerting}.call"))
    try:
        yield call
    finally:
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})


async def test_s31_of_three_tabs_and_a_second_browser_one_pops_and_the_next_when_its_process_is_killed(
    tabs: Tabs, browsers: tuple[Chromium, Chromium], stack: Stack
) -> None:
    one, other = browsers
    pages = [await tabs.open(one) for _ in range(3)] + [await tabs.open(other)]
    await ready(tabs.by_page[pages[0]])
    listed = await tabs.by_page[pages[0]].evaluate("client.pages()")
    assert sorted(each["page"] for each in listed) == sorted(pages)
    async with ringing(stack, tabs.by_page[pages[0]]) as call:
        await tabs.know(call)
        first, grant = await tabs.popped(call)
        assert grant == 1
    for tab in tabs.by_page.values():
        await tab.until("client.state.doc.calls.length === 0")
        await tab.evaluate(READS_NO_GRANT)
    async with ringing(stack, tabs.by_page[pages[0]]) as call:
        held = f"client.state.desk.pop.find((each) => each.call === '{call}')?.page"
        witness = tabs.by_page[next(page for page in pages if page != first)]
        await witness.until(held)
        dead = str(await witness.evaluate(held))
        await tabs.by_page.pop(dead).kill()
        page, grant = await tabs.popped(call)
        assert page != dead
        assert grant == 2
        await tabs.know(call)


async def test_s32_a_frozen_tab_comes_back_once_and_pops_nothing_late(
    tabs: Tabs, browsers: tuple[Chromium, Chromium], stack: Stack
) -> None:
    # What the stack serves may not be kept in the back/forward cache; `test_tabs.py` has that.
    one, other = browsers
    frozen = await tabs.open(one)
    await tabs.open(one)
    left = await tabs.open(other)
    await ready(tabs.by_page[left])
    await tabs.by_page[frozen].freeze()
    async with ringing(stack, tabs.by_page[left]) as call:
        first, grant = await tabs.popped(call)
        assert first != frozen
        await tabs.by_page[frozen].freeze(False)
        await tabs.by_page[frozen].until(f"client.state.doc.calls.some((each) => each.call === '{call}')", 20)
        assert (await tabs.by_page[frozen].evaluate("states")).count("live") == 2
        assert await tabs.popped(call) == (first, grant)
        assert len(await tabs.by_page[frozen].evaluate("client.pages()")) == 3


async def test_s32_text_typed_until_the_browser_is_killed_is_back_in_the_next_one(
    tabs: Tabs, stack: Stack, tmp_path: Path
) -> None:
    text = "Wants a refund"
    async with launched(tmp_path) as browser:
        tab = tabs.by_page[await tabs.open(browser)]
        await ready(tab)
        async with ringing(stack, tab) as call:
            await stack.phone("1001", "answer")
            connected = f"client.state.doc.calls.find((each) => each.call === '{call}' && each.leg === 'connected')"
            await tab.until(connected)
            note = await tab.evaluate(f"{connected}.interaction")
            for end in range(1, len(text) + 1):
                await tab.evaluate(f"client.note('{note}').set({json.dumps(text[:end])})")
            await tab.until(f"client.note('{note}').timers.device === null")
            await browser.kill()
            tabs.by_page.clear()
            async with launched(tmp_path) as again:
                tab = tabs.by_page[await tabs.open(again)]
                await tab.until(f"client.note('{note}').text === {json.dumps(text)}", 15)
                await tab.until(f"client.note('{note}').status === 'saved'", 15)
                await stack.phone("1001", "hangup")
