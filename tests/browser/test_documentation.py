"""What docs/page.md shows is what runs: its ten lines, word for word, and the built files with their hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from infra import web
from tests.support.browser import Open, until
from tests.support.fake_page_cloud import ROOT, FakePageCloud, call

PAGE = (ROOT / "docs" / "page.md").read_text()
APP = """
window.myLogin = { idToken: () => "token" };
window.openCustomer = (number) => (window.opened = number);
"""

STARTS = """() => {
  const client = Ringline.createClient({ api: "/api", getToken: () => "token" });
  const panel = document.createElement("ringline-panel");
  panel.use(RinglineExtras.directory());
  panel.client = client;
  document.body.append(panel);
  client.connect();
}"""


def blocks(heading: str) -> dict[str, str]:
    """The code blocks of a section, by language."""
    section = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundles, built anew."""
    if reason := web.missing():
        pytest.skip(reason)
    assert web.install()
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(["node", "web/build.mjs", str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


async def test_the_ten_lines_of_the_documentation_run_word_for_word(cloud: FakePageCloud, open_page: Open) -> None:
    page = await open_page(live=False)
    shown = blocks("Ten lines")
    head = "<!doctype html><html lang=en><title>x</title><body><script src=mine.js></script>"
    cloud.files = {"ten.html": head + shown["html"], "app.js": shown["js"], "mine.js": APP}
    api = re.search(r'api: "(.*?)"', shown["js"])
    assert api
    cloud.policy = (
        f"default-src 'self'; connect-src 'self' {api[1]} ws:; img-src data:; require-trusted-types-for 'script'"
    )

    async def answer(route: Route) -> None:
        asked = route.request
        allowed = {"access-control-allow-origin": "*", "access-control-allow-headers": "authorization"}
        if asked.method == "OPTIONS":
            return await route.fulfill(headers=allowed)
        here = await route.fetch(url=cloud.url + "/api" + asked.url.removeprefix(api[1]))
        return await route.fulfill(response=here, headers=here.headers | allowed)

    await page.route(f"{api[1]}/**", answer)
    await page.goto(cloud.url + "/ringline/ten.html")
    await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    await expect(page.get_by_role("combobox", name="Number to call")).to_be_visible()
    await cloud.tell(call(), event="ringing")
    await cloud.pop()
    await until(page, "window.opened === '+442071234567'")


def test_every_built_file_has_its_hash(built: Path) -> None:
    hashes = json.loads((built / "integrity.json").read_text())
    files = {path.name for path in built.iterdir()} - {"integrity.json"}
    assert set(hashes) == files
    for name, hashed in hashes.items():
        digest = hashlib.sha384((built / name).read_bytes()).digest()
        assert hashed == f"sha384-{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("is_whole", [True, False])
async def test_the_script_tags_of_the_documentation_run_the_built_files_and_nothing_else(
    cloud: FakePageCloud, browser: Browser, built: Path, is_whole: bool
) -> None:
    hashes = json.loads((built / "integrity.json").read_text())
    tags = blocks("One file")["html"]
    names = re.findall(r"ringline/([\w.-]+)", tags)
    cloud.files = {name: (built / name).read_text() + ("" if is_whole else "\n") for name in names}
    for name in names:
        tags = tags.replace("sha384-…", hashes[name], 1)
    page = await (await browser.new_context()).new_page()
    cloud.files["one.html"] = f"<!doctype html><title>x</title><body>{tags}"
    await page.goto(cloud.url + "/ringline/one.html")
    kinds = await page.evaluate("[typeof Ringline, typeof RinglineExtras]")
    assert kinds == (["object", "object"] if is_whole else ["undefined", "undefined"])
    if is_whole:
        await page.evaluate(STARTS)
        await expect(page.get_by_text("Phone 1001 connected")).to_be_visible()
    await page.context.close()
