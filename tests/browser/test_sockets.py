"""Sockets that come and go while the agent works, in a real browser: nobody sees it, and nothing is lost or left."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Page

from tests.support.browser import Open, events, is_command, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call
from tests.support.waiting import eventually

ROTATIONS = 100
LONGEST_MIN, SHORTEST_MIN = 115, 95
"""When a socket is replaced, docs/page.md."""
LATE_S = 0.03
"""A post to the old socket comes after the welcome of the new one."""
WARM = 10
"""Rotations before anything is measured: a page's code is compiled, its caches are filled."""
HEAP_GROWTH = 1_000_000
LISTENERS = 10
"""What the browser itself holds for a while, as for a request that has just ended. A leak would be one each time."""
DRAIN_MS = 2000
AS_SHIPPED = json.dumps({"beatMs": 5000, "suspectMs": 2000, "firstRetryMs": 250, "drainMs": DRAIN_MS})


class RotatingCloud(FakePageCloud):
    """One that makes rotations hard.

    Attributes:
        open_to_tickets: Cleared, tickets wait.
        lives_s: How long a socket may live.
        answers_again: Says that a command was confirmed only to who asks with its id a second time.
    """

    def __init__(self) -> None:
        """A cloud as usual."""
        super().__init__()
        self.open_to_tickets = asyncio.Event()
        self.open_to_tickets.set()
        self.tickets_asked = 0
        self.lives_s = 7200.0
        self.answers_again = False
        self.most_open = self.rotations = 0

    async def _ticket(self, request: web.Request) -> web.Response:
        self.tickets_asked += 1
        await self.open_to_tickets.wait()
        return await super()._ticket(request)

    def _welcome(self) -> Frame:
        return super()._welcome() | {"expires_at": at(-self.lives_s)}

    @property
    def open(self) -> int:
        """Sockets that are open."""
        return sum(not socket.closed for socket in self.sockets)

    async def _hear(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        if frame["t"] == "hello" and "replaces" in frame and self.calls:
            await self._rotate(socket, frame)
        else:
            await super()._hear(socket, frame)
        if frame["t"] == "command" and self.answers_again:
            again = [each for each in self.heard if each.get("id") == frame["id"]]
            if len(again) == 2:
                await socket.send_json({"t": "result", "id": frame["id"], "stage": "confirmed"})

    async def _rotate(self, socket: web.WebSocketResponse, hello: Frame) -> None:
        """Something happens before the welcome and after it, told over one socket each, and at times over both."""
        self.most_open = max(self.most_open, self.open)
        old = [each for each in self.sockets if not each.closed and each is not socket]
        await socket.send_json(self.change(call(leg="hold"), event="held"))
        await super()._hear(socket, hello)
        await asyncio.sleep(LATE_S)
        for each in old:
            await each.send_json(self.change(call(leg="connected"), event="resumed"))
        if self.rev % 4 == 1:
            await self.say(self.station())
        self.rotations += 1


@pytest_asyncio.fixture(loop_scope="session")
async def cloud() -> AsyncIterator[RotatingCloud]:
    async with RotatingCloud() as fake:
        yield fake


async def in_a_call(cloud: RotatingCloud, open_page: Open) -> Page:
    """A live page whose clock can be put forward, in a call."""
    page = await open_page(live=False)
    await page.clock.install()
    await page.goto(f"{cloud.url}/host.html?timing={AS_SHIPPED}")
    await is_live(page)
    await cloud.tell(call(), event="ringing")
    await cloud.tell(call(leg="connected"), event="answered")
    return page


async def is_live(page: Page) -> None:
    await eventually(lambda: page.evaluate("window.client?.state.socket.state === 'live'"), 10, saying="live")


async def measured(page: Page) -> dict[str, float]:
    """What the page holds, garbage apart."""
    devtools = await page.context.new_cdp_session(page)
    await devtools.send("HeapProfiler.collectGarbage")
    await devtools.send("Performance.enable")
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    await devtools.detach()
    return {each["name"]: each["value"] for each in metrics}


async def test_a_hundred_rotations_miss_nothing_repeat_nothing_show_nothing_and_leave_nothing(
    cloud: RotatingCloud, open_page: Open
) -> None:
    cloud.answers_again = True
    page = await in_a_call(cloud, open_page)
    seen: list[dict[str, float]] = []
    for number in range(1, ROTATIONS + 1):
        await rotated(cloud, page, number)
        if number in (WARM, ROTATIONS):
            seen.append(await measured(page))
    assert await events(page) == ["ringing", "answered", *["held", "resumed"] * ROTATIONS]
    assert await page.evaluate("window.sockets") == ["authorizing", "connecting", "syncing", "live"]
    assert await page.evaluate("window.tokens.filter((reason) => reason === 'refresh').length") == ROTATIONS
    assert cloud.most_open == 2
    before, after = seen
    assert after["JSEventListeners"] - before["JSEventListeners"] < LISTENERS
    assert after["Nodes"] - before["Nodes"] < LISTENERS
    assert after["JSHeapUsedSize"] - before["JSHeapUsedSize"] < HEAP_GROWTH, (before, after)


async def rotated(cloud: RotatingCloud, page: Page, number: int) -> None:
    """Put the clock to the socket's end, with a command on its way, and wait until the old socket is gone."""
    cloud.open_to_tickets.clear()
    asked = cloud.tickets_asked
    await page.clock.fast_forward(LONGEST_MIN * 60_000)
    await eventually(lambda: cloud.tickets_asked > asked, saying=f"ticket {number}")
    await page.evaluate("void (window.outcome = window.client.command('hold', { call: 'c-1' }))")
    commands = 2 * number - 1
    await eventually(lambda: sum(is_command("hold")(each) for each in cloud.heard) == commands, saying="the command")
    cloud.open_to_tickets.set()
    assert await page.evaluate("window.outcome.then(({ stage }) => stage)") == "confirmed"
    await settled_after(cloud, page, number)


async def settled_after(cloud: RotatingCloud, page: Page, rotations: int) -> None:
    """Wait until the page has the newest state, and only the new socket is left."""
    await eventually(lambda: cloud.rotations == rotations, saying="the rotation")
    await eventually(lambda: page.evaluate(f"window.client.state.rev === {cloud.rev}"), saying="the newest state")
    await page.clock.fast_forward(DRAIN_MS)
    await eventually(lambda: cloud.open == 1, saying="one socket")


async def test_a_socket_is_replaced_before_its_token_ends_and_not_much_earlier(
    cloud: RotatingCloud, open_page: Open
) -> None:
    cloud.lives_s = 30 * 60
    page = await in_a_call(cloud, open_page)
    await page.clock.fast_forward(28 * 60_000)
    await eventually(lambda: any(frame["t"] == "beat" for frame in cloud.heard), saying="a beat")
    # Put forward before the answer is read, the clock would make the socket suspect.
    await eventually(lambda: page.evaluate("window.client.session.beatSentMs === null"), saying="its answer")
    assert cloud.tickets_asked == 1 + 1  # the page was loaded twice
    await page.clock.fast_forward(61_000)
    await cloud.hears(lambda frame: frame["t"] == "hello" and "replaces" in frame, "rotation")
    await settled_after(cloud, page, 1)
    assert await events(page) == ["ringing", "answered", "held", "resumed"]
    assert await page.evaluate("window.sockets") == ["authorizing", "connecting", "syncing", "live"]


async def test_a_socket_is_not_replaced_before_an_hour_and_a_half(cloud: RotatingCloud, open_page: Open) -> None:
    page = await in_a_call(cloud, open_page)
    await page.clock.fast_forward((SHORTEST_MIN - 1) * 60_000)
    await eventually(lambda: any(frame["t"] == "beat" for frame in cloud.heard), saying="a beat")
    assert cloud.tickets_asked == 1 + 1


@pytest.mark.parametrize("stage", ["before", "after"], ids=["not-heard", "sent"])
async def test_a_command_whose_socket_is_cut_is_asked_for_again_by_its_id_and_ends_once(
    cloud: RotatingCloud, open_page: Open, stage: str
) -> None:
    page = await open_page()
    await cloud.tell(call(leg="connected"), event="answered")
    await page.evaluate("void (window.outcome = window.client.command('hold', { call: 'c-1' }))")
    command = await cloud.hears(is_command("hold"), "the command")
    if stage == "after":
        await cloud.result(command, "sent")
        await until(page, "window.client.state.commands[0].stage === 'sent'")
    await cloud.cut()
    again = await eventually(lambda: [each for each in cloud.heard if is_command("hold")(each)][1:], saying="again")
    assert again[0] == command | {"ttl_ms": again[0]["ttl_ms"]}
    assert 0 < again[0]["ttl_ms"] < command["ttl_ms"]
    await cloud.result(command, "confirmed")
    assert await page.evaluate("window.outcome.then(({ stage }) => stage)") == "confirmed"
    await cloud.cut()
    await eventually(lambda: cloud.tickets == 3 and cloud.open == 1, saying="a third socket")
    await cloud.tell(call(leg="hold"), event="held")
    await until(page, f"window.client.state.rev === {cloud.rev}")
    assert sum(is_command("hold")(each) for each in cloud.heard) == 2


MOUNT = """async (times) => {
  const { createClient } = await import("/client/index.js");
  await import("/panel/index.js");
  for (let i = 0; i < times; i += 1) {
    const panel = document.createElement("ringline-panel");
    const made = [0, 1].map(() => createClient({ api: new URL("/api", location.href).href, getToken: () => "token" }));
    if (made[0] !== made[1]) throw new Error("two clients");
    const [client] = (window.clients = made);
    client.on("change", () => (window.changes = (window.changes ?? 0) + 1));
    panel.client = client;
    document.body.append(panel);
    client.connect().catch(() => undefined);
    if (i % 5 === 0) await new Promise((done) => setTimeout(done, 30));
    if (i === times - 1) return;
    client.destroy();
    panel.remove();
  }
}"""


async def test_a_component_mounted_and_unmounted_fifty_times_has_one_socket_and_no_more_handlers(
    cloud: RotatingCloud, open_page: Open
) -> None:
    page = await open_page("/client/index.js", live=False)  # nothing but an origin
    seen: list[Any] = []
    for times in (5, 50):
        await page.evaluate(MOUNT, times)
        await until(page, "clients[0].state.socket.state === 'live'")
        await eventually(lambda: cloud.open == 1, saying="one socket")
        seen.append(await measured(page))
        await page.evaluate("clients[0].destroy(), document.querySelector('ringline-panel').remove()")
        await eventually(lambda: cloud.open == 0, saying="no socket")
    few, many = seen
    assert many["JSEventListeners"] - few["JSEventListeners"] < LISTENERS
    assert many["JSHeapUsedSize"] - few["JSHeapUsedSize"] < HEAP_GROWTH
