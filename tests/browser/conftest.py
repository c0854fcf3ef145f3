"""A real Chromium, and a page against a cloud that the test plays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.support.browser import Open, available, chromium, until
from tests.support.fake_page_cloud import FakePageCloud

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
)


@pytest.fixture
async def cloud() -> AsyncIterator[FakePageCloud]:
    async with FakePageCloud() as fake:
        yield fake


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if reason := available():
        pytest.skip(reason)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        yield launched
        await launched.close()


@pytest.fixture
async def open_page(browser: Browser, cloud: FakePageCloud) -> AsyncIterator[Open]:
    """Opens a page of the fake cloud; at the end no page may have logged an error or broken the policy."""
    errors: list[str] = []

    async def open_(path: str = "/host.html", *, live: bool = True, **context: Any) -> Page:
        page = await (await browser.new_context(**context)).new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda said: errors.append(said.text) if _is_ours(said.type, said.text) else None)
        await page.goto(cloud.url + path)
        if live:
            await until(page, "window.client?.state.socket.state === 'live'")
        return page

    yield open_
    assert errors == []


def _is_ours(kind: str, text: str) -> bool:
    """Failed requests and sockets are logged by the browser itself and are what many tests provoke."""
    return kind == "error" and "Failed to load resource" not in text and "WebSocket connection" not in text
