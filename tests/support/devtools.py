"""A Chromium as agents have it, steered over the DevTools protocol itself.

Playwright starts Chromium with arguments under which no tab is hidden, frozen, throttled or kept in the back/forward
cache, and it makes every page believe that it has the focus. Here nothing of that is switched off: tabs of one window
hide each other, and a browser can be killed like any process.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.support.browser import QUIET, chromium
from tests.support.waiting import eventually

Answer = dict[str, Any]
BRING_UP_S = 30.0
ANSWER_S = 15.0
LOOP_MS = 200


class Gone(Exception):
    """The browser or the tab that was asked is no more, or refused."""


class Tab:
    """One tab; its page may hang, freeze or die."""

    def __init__(self, browser: Chromium, target: str, session: str) -> None:
        """`target` and `session` are the protocol's ids."""
        self.browser, self.target, self.session = browser, target, session

    async def send(self, method: str, within_s: float = ANSWER_S, **params: Any) -> Answer:
        """Ask the tab something; what it answers.

        Raises:
            Gone: It has no page any more, or says no.
        """
        return await self.browser.send(method, self.session, within_s, **params)

    async def evaluate(self, expression: str, within_s: float = ANSWER_S) -> Any:
        """The expression's value, awaited when it is a promise."""
        asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self.send("Runtime.evaluate", within_s, **asked)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def until(self, condition: str, timeout_s: float = 10) -> None:
        """Wait until the expression holds. Asked from here: timers of hidden pages are late."""
        await eventually(lambda: self.holds(condition), timeout_s, saying=condition)

    async def holds(self, condition: str) -> bool:
        """Whether the expression holds now; a page that is just being left, or hangs, does not answer."""
        try:
            return bool(await self.evaluate(f"Boolean({condition})", 2))
        except (Gone, TimeoutError):
            return False

    async def begin(self, statement: str) -> None:
        """Run something that may never end, and do not wait for it."""
        await self.send("Runtime.evaluate", expression=f"setTimeout(() => {{ {statement} }})")

    @property
    def has_crashed(self) -> bool:
        """Its process is gone; the browser may have given it one that it shared with a tab that was killed."""
        return bool(self.browser.said(self, "Inspector.targetCrashed"))

    async def show(self) -> None:
        """Bring it to the front, which hides the window's other tabs."""
        await self.send("Page.bringToFront")

    async def freeze(self, is_frozen: bool = True) -> None:
        """As the browser does to save energy; only hidden pages can be frozen."""
        await self.send("Page.setWebLifecycleState", state="frozen" if is_frozen else "active")

    async def go(self, url: str) -> None:
        """Leave the page for another, as by a link."""
        await self.evaluate(f"void (location.href = {json.dumps(url)})")

    async def back(self) -> None:
        """To the page before, as by the browser's button."""
        history = await self.send("Page.getNavigationHistory")
        before = history["entries"][history["currentIndex"] - 1]
        await self.send("Page.navigateToHistoryEntry", entryId=before["id"])

    async def close(self) -> None:
        """As by its cross."""
        await self.browser.send("Target.closeTarget", targetId=self.target)

    async def crash(self) -> None:
        """As by a fault of the browser's; nobody answers any more."""
        with contextlib.suppress(Gone, TimeoutError):
            await self.send("Page.crash", 1)

    async def kill(self) -> None:
        """SIGKILL to the process that draws it."""
        os.kill(await self.process(), signal.SIGKILL)

    async def process(self) -> int:
        """The renderer whose processor time grows while this tab computes; the protocol does not say which it is."""
        before = await self.browser.renderers()
        await self.evaluate(f"(() => {{ for (const end = Date.now() + {LOOP_MS}; Date.now() < end; ); }})()")
        after = await self.browser.renderers()
        return max(after, key=lambda pid: after[pid] - before.get(pid, after[pid]))


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, profile: Path, process: asyncio.subprocess.Process, socket: ClientConnection) -> None:
        """Use `launched`."""
        self.profile, self.process = profile, process
        self.heard: list[Answer] = []
        self._socket = socket
        self._ids = itertools.count(1)
        self._asked: dict[int, asyncio.Future[Answer]] = {}
        self._reader = asyncio.create_task(self._read())

    async def open(self, url: str, *, bindings: tuple[str, ...] = ()) -> Tab:
        """A new tab, in front of the others.

        Args:
            url: Where it goes.
            bindings: Functions of `window` that tell this process something; see `told`.
        """
        target = (await self.send("Target.createTarget", url="about:blank"))["targetId"]
        attached = await self.send("Target.attachToTarget", targetId=target, flatten=True)
        tab = Tab(self, target, attached["sessionId"])
        await tab.send("Page.enable")
        await tab.send("Runtime.enable")
        for name in bindings:
            await tab.send("Runtime.addBinding", name=name)
        await tab.send("Page.navigate", url=url)
        return tab

    def told(self, tab: Tab, name: str) -> list[Any]:
        """What the tab's pages said through a binding so far; it outlives them."""
        said = (each["params"] for each in self.said(tab, "Runtime.bindingCalled"))
        return [json.loads(each["payload"]) for each in said if each["name"] == name]

    async def dialog(self, tab: Tab) -> None:
        """Wait for an `alert()` of the tab's."""
        await eventually(lambda: self.said(tab, "Page.javascriptDialogOpening"), 10, saying="a dialog")

    def said(self, tab: Tab, method: str) -> list[Answer]:
        """Events of the tab's so far."""
        return [each for each in self.heard if each["method"] == method and each.get("sessionId") == tab.session]

    async def send(self, method: str, session: str | None = None, within_s: float = ANSWER_S, **params: Any) -> Answer:
        """One question of the protocol.

        Raises:
            Gone: The browser is no more, or says no.
            TimeoutError: No answer came.
        """
        ident = next(self._ids)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[ident] = future
        asked = {"id": ident, "method": method, "params": params, **({"sessionId": session} if session else {})}
        try:
            await self._socket.send(json.dumps(asked))
            async with asyncio.timeout(within_s):
                return await future
        except ConnectionClosed as err:
            raise Gone(method) from err
        finally:
            del self._asked[ident]

    async def renderers(self) -> dict[int, float]:
        """Seconds of processor time by process."""
        known: list[Answer] = (await self.send("SystemInfo.getProcessInfo"))["processInfo"]
        return {each["id"]: each["cpuTime"] for each in known if each["type"] == "renderer"}

    async def kill(self) -> None:
        """SIGKILL to the browser and all its processes, as when the PC's power goes."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        self._reader.cancel()
        await self._socket.close()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._socket:
                self._take(json.loads(text))
        for future in self._asked.values():
            if not future.done():
                future.set_exception(Gone("the browser is gone"))

    def _take(self, said: Answer) -> None:
        future = self._asked.get(said.get("id", 0))
        if future is None:
            if "method" in said:
                self.heard.append(said)
        elif not future.done() and "error" in said:
            future.set_exception(Gone(said["error"]["message"]))
        elif not future.done():
            future.set_result(said["result"])


@contextlib.asynccontextmanager
async def launched(profile: Path, *flags: str) -> AsyncIterator[Chromium]:
    """A browser; killed at the end.

    Args:
        profile: Its folder; one that a killed browser left is taken up.
        flags: More arguments.
    """
    path = chromium()
    assert path, "no Chromium"
    for left in ("DevToolsActivePort", "SingletonLock", "SingletonSocket", "SingletonCookie"):
        (profile / left).unlink(missing_ok=True)
    arguments = ("--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}", *QUIET, *flags)
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        path, *arguments, stdout=silent, stderr=silent, start_new_session=True
    )
    try:
        where = str(await eventually(lambda: _address(profile), BRING_UP_S, saying="Chromium"))
        browser = Chromium(profile, process, await connect(where, max_size=None, ping_interval=None))
        try:
            yield browser
        finally:
            await browser.kill()
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _address(profile: Path) -> str | None:
    file = profile / "DevToolsActivePort"
    lines = file.read_text().splitlines() if file.is_file() else []
    return f"ws://127.0.0.1:{lines[0]}{lines[1]}" if len(lines) == 2 else None
