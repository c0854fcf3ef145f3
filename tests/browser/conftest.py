"""A real Chromium, and a page against a cloud that the test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from tests.support.browser import QUIET, Open, available, chromium, until
from tests.support.fake_page_cloud import FakePageCloud

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One event loop for all of them, so that one browser can serve them all."""
    for item in items:
        if HERE in item.path.parents and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(loop_scope="session")
async def cloud() -> AsyncIterator[FakePageCloud]:
    async with FakePageCloud() as fake:
        yield fake


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if reason := available():
        pytest.skip(reason)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield launched
        await launched.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, cloud: FakePageCloud) -> AsyncIterator[Open]:
    """Opens a page of the fake cloud; at the end no page may have logged an error or broken the policy."""
    errors: list[str] = []
    contexts: list[BrowserContext] = []

    async def open_(path: str = "/host.html", *, live: bool = True, **context: Any) -> Page:
        contexts.append(await browser.new_context(**context))
        page = await contexts[-1].new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if _is_ours(said.type, said.text) else None)
        await page.goto(cloud.url + path)
        if live:
            await until(page, "window.client?.state.socket.state === 'live'")
        return page

    yield open_
    for each in contexts:
        await each.close()
    assert errors == []


def _is_ours(kind: str, text: str) -> bool:
    """Failed requests and sockets are logged by the browser itself and are what many tests provoke."""
    return kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text
