"""S31 and S32 in tabs that are really hidden, frozen, cached, killed: one pops, the next in time, and none late.

The pages are real and so is the rule of the cloud; `tests/support/devtools.py` says why Playwright does not do here.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.support.browser import STORED, available
from tests.support.devtools import Chromium, Gone, Tab, launched
from tests.support.pop_cloud import PopCloud
from tests.support.tabs import BUSY, CLAIMS, READS_NO_GRANT, Desk, now_s
from tests.support.waiting import eventually

VISIBLE_S, HIDDEN_S, TAKEOVER_S = 0.6, 1.35, 2.4
"""What docs/page.md promises after a ring, and after a grant whose page died (for pages that can be seen)."""
SLACK_S = 0.8
"""A machine that tests run on is slower than an agent's. With it no promise reaches to where the next rule acts."""
QUIET_S = 4.5
"""Longer than any rule waits: who has not popped by then does so no more."""


Death = Callable[[Tab], Coroutine[Any, Any, None]]
deaths = pytest.mark.parametrize(
    "die",
    [Tab.close, Tab.crash, Tab.kill, lambda tab: tab.go("about:blank")],
    ids=["closed", "crashed", "killed", "navigated"],
)


async def popped(desk: Desk, call: str, after_s: float, within_s: float) -> str:
    """The one page that popped, in time, by the loop's clock; nobody else does later."""
    limit_s = within_s + SLACK_S
    await eventually(lambda: desk.pops(call), 15, saying="a pop")
    took_s = now_s() - after_s
    assert took_s <= limit_s, f"{took_s:.2f} s"
    await eventually(lambda: desk.cloud.held[call].done, saying="done")
    return desk.pops(call)[0]


async def only(desk: Desk, call: str, page: str) -> None:
    """Nobody else pops it, also not late."""
    quiet_until = desk.cloud.rang_s[call] + QUIET_S
    await eventually(lambda: now_s() > quiet_until, QUIET_S + 5)
    assert desk.pops(call) == [page]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Chromium, Chromium]]:
    """Two browsers, each with a profile of its own."""
    if reason := available():
        pytest.skip(reason)
    async with AsyncExitStack() as running:
        one, other = [
            await running.enter_async_context(launched(tmp_path_factory.mktemp(name))) for name in ("one", "other")
        ]
        yield one, other


@pytest_asyncio.fixture(loop_scope="session")
async def desk() -> AsyncIterator[Desk]:
    """A desk without a tab yet; at the end all are closed."""
    async with PopCloud() as cloud:
        desk = Desk(cloud)
        yield desk
        for tab in desk.opened:
            with contextlib.suppress(Gone):
                await tab.close()


async def test_s31_of_three_tabs_and_a_second_browser_the_one_in_use_pops_and_all_show_the_call(
    desk: Desk, browsers: tuple[Chromium, Chromium]
) -> None:
    one, other = browsers
    first, second, third = await desk.open(one, 3)
    (elsewhere,) = await desk.open(other)
    for best in (first, third, elsewhere):
        await desk.tabs[best].show()
        await desk.tabs[best].evaluate("dispatchEvent(new Event('focus'))")
        desk.cloud.first = best
        call = await desk.cloud.ring()
        assert await popped(desk, call, desk.cloud.rang_s[call], VISIBLE_S) == best
        for page in (first, second, third, elsewhere):
            await desk.tabs[page].until(f"client.state.doc.calls[0]?.call === '{call}'")
        await desk.cloud.hang_up()
    for page, tab in desk.tabs.items():
        await tab.until("client.state.doc.calls.length === 0")
        assert await tab.evaluate("events") == ["ringing", "missed"] * 3, page
    assert [desk.cloud.hellos(page) for page in desk.tabs] == [1, 1, 1, 1]


async def test_s31_the_cloud_hears_which_tab_is_in_front_and_ranks_it_first(
    desk: Desk, browsers: tuple[Chromium, Chromium]
) -> None:
    first, second = await desk.open(browsers[0], 2)
    await desk.ranks(second, first)
    await desk.tabs[first].show()
    await desk.ranks(first, second)
    assert await desk.tabs[second].evaluate("document.visibilityState") == "hidden"


@deaths
async def test_s31_when_the_best_tab_is_gone_before_it_claims_the_next_that_is_seen_pops(
    desk: Desk, browsers: tuple[Chromium, Chromium], die: Death
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    desk.cloud.first = best
    desk.cloud.deaf.add(best)
    call = await desk.cloud.ring()
    dying = asyncio.create_task(die(desk.tabs[best]))
    assert await popped(desk, call, desk.cloud.rang_s[call], VISIBLE_S) == next_
    await dying
    await only(desk, call, next_)


async def test_s31_and_a_hidden_one_pops_somewhat_later(desk: Desk, browsers: tuple[Chromium, Chromium]) -> None:
    hidden, best = await desk.open(browsers[0], 2)
    assert await desk.tabs[hidden].evaluate("document.visibilityState") == "hidden"
    desk.cloud.first = best
    desk.cloud.deaf.add(best)
    call = await desk.cloud.ring()
    assert await popped(desk, call, desk.cloud.rang_s[call], HIDDEN_S) == hidden


@deaths
async def test_s31_when_the_best_tab_dies_between_its_claim_and_its_pop_the_next_takes_over(
    desk: Desk, browsers: tuple[Chromium, Chromium], die: Death
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    desk.cloud.first = best
    await desk.tabs[best].evaluate(READS_NO_GRANT)
    call = await desk.cloud.ring()
    await eventually(lambda: call in desk.cloud.held, saying="a grant")
    granted_s = now_s()
    dying = asyncio.create_task(die(desk.tabs[best]))
    assert await popped(desk, call, granted_s, TAKEOVER_S) == next_
    await dying
    await only(desk, call, next_)


@pytest.mark.parametrize("stuck", [BUSY % 6000, "alert('Saved')"], ids=["busy", "alert"])
async def test_s31_a_tab_that_hangs_before_the_ring_is_passed_over_and_does_not_pop_later(
    desk: Desk, browsers: tuple[Chromium, Chromium], stuck: str
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    desk.cloud.first = best
    await desk.tabs[best].begin(stuck)
    if "alert" in stuck:
        await browsers[0].dialog(desk.tabs[best])
    call = await desk.cloud.ring()
    assert await popped(desk, call, desk.cloud.rang_s[call], VISIBLE_S) == next_
    await only(desk, call, next_)
    if "alert" in stuck:
        await desk.tabs[best].send("Page.handleJavaScriptDialog", accept=True)
    await desk.tabs[best].until(f"client.state.doc.calls[0]?.call === '{call}'")
    await desk.tabs[best].until("client.state.socket.state === 'live'")
    assert desk.pops(call) == [next_]


@pytest.mark.parametrize("stuck", [BUSY % 4000, "alert('Saved')"], ids=["busy", "alert"])
async def test_s31_a_tab_that_hangs_between_its_claim_and_its_grant_does_not_pop_beside_the_next(
    desk: Desk, browsers: tuple[Chromium, Chromium], stuck: str
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    desk.cloud.first = best
    await desk.tabs[best].evaluate(CLAIMS % stuck)
    call = await desk.cloud.ring()
    await eventually(lambda: call in desk.cloud.held, saying="a grant")
    granted_s = now_s()
    assert await popped(desk, call, granted_s, TAKEOVER_S) == next_
    if "alert" in stuck:
        await browsers[0].dialog(desk.tabs[best])
        await desk.tabs[best].send("Page.handleJavaScriptDialog", accept=True)
    await only(desk, call, next_)
    assert desk.cloud.held[call].grant == 2


@pytest.mark.parametrize("is_said", [True, False], ids=["said", "unsaid"])
async def test_s32_a_frozen_tab_never_pops_late_and_comes_back_once(
    desk: Desk, browsers: tuple[Chromium, Chromium], is_said: bool
) -> None:
    best, next_ = await desk.open(browsers[0], 2)
    frozen = desk.tabs[best]
    if not is_said:
        await frozen.evaluate("addEventListener('freeze', (event) => event.stopImmediatePropagation(), true)")
    desk.cloud.first = best
    await frozen.freeze()
    if is_said:
        await eventually(lambda: desk.cloud.open_lines(best) == 0, saying="the end of its socket")
    call = await desk.cloud.ring()
    assert await popped(desk, call, desk.cloud.rang_s[call], VISIBLE_S) == next_
    await only(desk, call, next_)
    await frozen.freeze(False)
    await frozen.until(f"client.state.doc.calls[0]?.call === '{call}'")
    await frozen.until("client.state.socket.state === 'live'")
    assert desk.pops(call) == [next_]
    # It hears of the end as well, over one socket.
    await desk.cloud.hang_up()
    await frozen.until("client.state.doc.calls.length === 0")
    assert desk.cloud.open_lines(best) == 1
    assert (await frozen.evaluate("events"))[-2:] == ["ringing", "missed"]
    closed = [line.closed for line in desk.cloud.lines.values() if line.page == best]
    assert closed == [4001, None] if is_said else len(closed) <= 2


async def test_s32_a_tab_in_the_back_forward_cache_lets_its_socket_go_and_comes_back_once(
    desk: Desk, browsers: tuple[Chromium, Chromium]
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    cached = desk.tabs[best]
    desk.cloud.first = best
    left_s = now_s()
    await cached.go(f"{desk.cloud.url}/pops/away.html")
    await eventually(lambda: desk.cloud.open_lines(best) == 0, saying="the end of its socket")
    (line,) = [line for line in desk.cloud.lines.values() if line.page == best]
    assert line.closed == 4000
    assert line.closed_s is not None
    assert line.closed_s - left_s < 1
    call = await desk.cloud.ring()
    assert await popped(desk, call, desk.cloud.rang_s[call], VISIBLE_S) == next_
    await cached.back()
    await cached.until("persisted?.at(-1) === true")
    await eventually(lambda: desk.cloud.hellos(best) == 2, saying="one hello more")
    await cached.until(f"client.state.doc.calls[0]?.call === '{call}'")
    await only(desk, call, next_)
    assert (desk.cloud.hellos(best), desk.cloud.open_lines(best)) == (2, 1)
    assert (await cached.evaluate("states")).count("parked") == 1


async def test_s32_a_tab_that_is_navigated_away_in_the_middle_of_its_claim_does_not_pop_when_it_is_back(
    desk: Desk, browsers: tuple[Chromium, Chromium]
) -> None:
    (best,) = await desk.open(browsers[0])
    (next_,) = await desk.open(browsers[1])
    desk.cloud.first = best
    await desk.tabs[best].evaluate(CLAIMS % "location.href = '/pops/away.html'")
    desk.cloud.hop_s = (0.2, 0.25)
    call = await desk.cloud.ring()
    await eventually(lambda: call in desk.cloud.held, saying="a grant")
    granted_s = now_s()
    await desk.tabs[best].until("document.title === 'Elsewhere'")
    await desk.tabs[best].back()
    await desk.tabs[best].until("persisted?.at(-1) === true")
    assert await popped(desk, call, granted_s, TAKEOVER_S + 0.75) in (best, next_)
    await only(desk, call, desk.pops(call)[0])


async def typed(tab: Tab, text: str) -> None:
    """Key by key, as a person's."""
    await tab.evaluate("document.getElementById('note').focus()")
    for letter in text:
        await tab.send("Input.dispatchKeyEvent", type="char", text=letter)


async def test_s32_after_sigkill_of_the_browser_in_mid_typing_the_text_is_back(desk: Desk, tmp_path: Path) -> None:
    desk.cloud.put_none = True
    text = "Wants a refund of 49.90"
    url = f"{desk.cloud.url}/pops/pops.html"
    async with launched(tmp_path) as browser:
        tab = await browser.open(url)
        await tab.until("window.client?.state.socket.state === 'live'")
        await typed(tab, text)
        await eventually(lambda: tab.evaluate(STORED.format(text=text)), saying="in IndexedDB")
        await browser.kill()
    assert desk.cloud.notes == {}
    async with launched(tmp_path) as browser:
        tab = await browser.open(url)
        await tab.until(f"document.getElementById('note')?.value === '{text}'")
        desk.cloud.put_none = False
        await eventually(lambda: desk.cloud.notes.get("i-typed", {}).get("text") == text, 15, saying="in the cloud")
