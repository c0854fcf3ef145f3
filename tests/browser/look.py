"""Pictures of every state of the panel and of the playground, for people to look at.

python -m tests.browser.look FOLDER [NAME ...]
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.scenes import PLAYGROUND, STATES, Scene
from tests.support.browser import QUIET, chromium, until
from tests.support.fake_page_cloud import FakePageCloud

SCHEMES = ("light", "dark")
WIDTHS = (360, 1280)


async def picture(browser: Browser, scene: Scene, path: str, scheme: str, width: int, target: Path) -> None:
    """One scene, in one scheme and width, as a PNG."""
    async with FakePageCloud() as cloud:
        scene.arrange(cloud)
        context = await browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 760})  # type: ignore[arg-type]
        page = await context.new_page()
        await page.goto(cloud.url + path)
        await _drawn(page, scene)
        if scene.then is not None:
            await scene.then(cloud, page)
        await page.screenshot(path=target, full_page=True)
        await context.close()


async def _drawn(page: Page, scene: Scene) -> None:
    await page.get_by_text(scene.words).first.wait_for(timeout=10_000)
    await until(page, "document.fonts.status === 'loaded'")


async def take(folder: Path, wanted: list[str]) -> int:
    """All pictures whose names begin with one of `wanted`; how many were taken."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [(name, scene, "/host.html") for name, scene in STATES.items()]
    scenes += [(f"playground-{name}", scene, path) for name, (scene, path) in PLAYGROUND.items()]
    shots = [(*each, scheme, width) for each in scenes for scheme in SCHEMES for width in WIDTHS]
    shots = [shot for shot in shots if not wanted or shot[0].startswith(tuple(wanted))]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(QUIET))
        for name, scene, path, scheme, width in shots:
            await picture(browser, scene, path, scheme, width, folder / f"{name}-{scheme}-{width}.png")
        await browser.close()
    return len(shots)


if __name__ == "__main__":
    print(asyncio.run(take(Path(sys.argv[1]), sys.argv[2:])), "pictures")  # noqa: T201
