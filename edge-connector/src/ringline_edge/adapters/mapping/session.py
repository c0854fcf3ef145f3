"""One session with a feed: log in, ask for everything, then listen; requests and their answers."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Final

from ringline_core.domain.facts import Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.mapping.commands import Request, refusal
from ringline_edge.adapters.mapping.expressions import Test
from ringline_edge.adapters.mapping.link import Link
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.protocol import Framer, frame
from ringline_edge.adapters.mapping.templates import Render
from ringline_edge.adapters.mapping.translate import Heard, Translator
from ringline_edge.adapters.port import Emit

logger = logging.getLogger(__name__)
CHUNK: Final = 65_536
LOUD: Final = 3
"""So many messages that cannot be read are logged in a session; the rest are only counted."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list that was asked for: whose request, what its last message is, and the end of it."""

    ident: str
    until: Test
    done: asyncio.Future[None]


class Session:
    """The talk over one link; ends with it.

    Attributes:
        is_live: The PBX has told all, and facts are emitted.
    """

    def __init__(self, plan: Plan, translator: Translator, link: Link, emit: Emit, *, reply_timeout_s: float) -> None:
        """Nothing is said yet."""
        self.is_live = False
        self._plan, self._translator, self._link, self._emit = plan, translator, link, emit
        self._timeout_s = reply_timeout_s
        self._framer = Framer(plan.profile)
        self._ids = itertools.count(1)
        self._mark = uuid.uuid4().hex[:8]
        self._waiting: dict[str, asyncio.Future[Heard]] = {}
        self._asked: _Asked | None = None
        self._listing = asyncio.Lock()
        self._heard_at = time.monotonic()
        self._unread = 0

    def new_id(self) -> str:
        """An id that no request of any session had."""
        return f"{self._mark}-{next(self._ids)}"

    async def run(self, settings: dict[str, str]) -> None:
        """Serve the link until it ends.

        Raises:
            PbxUnavailableError: It ended, or is silent.
            PbxProtocolError: What came is no frame.
            PbxAuthError: The PBX refused the login.
        """
        tasks = [asyncio.create_task(each) for each in (self._read(), self._begin(settings), self._beat(settings))]
        try:
            await asyncio.gather(*tasks)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        finally:
            self.is_live = False
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(PbxUnavailableError("the link to the PBX ended"))

    async def _read(self) -> None:
        while data := await self._link.reader.read(CHUNK):
            self._heard_at = time.monotonic()
            for text in self._framer.receive_data(data):
                self._take(text)
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, text: str) -> None:
        try:
            heard = self._translator.hear(text, now_ms())
        except PbxProtocolError:
            self._unread += 1
            if self._unread <= LOUD:
                logger.warning("pbx_event_skipped", extra={"unread": self._unread})
            return
        for fact in self._translator.facts(heard):
            if self.is_live:
                self._emit(fact)
        if heard.known is not None:
            if heard.known.answer is not None:
                self._write(heard.known.answer({"id": self.new_id()}))
            if heard.known.rule.reply:
                self._answered(heard)
        asked = self._asked
        if asked is not None and not asked.done.done() and heard.holds(asked.until):
            asked.done.set_result(None)

    def _answered(self, heard: Heard) -> None:
        replies = self._plan.replies
        if replies is None:
            return
        told = None if replies.id is None else replies.id(heard.scope)
        if told is not None and self._asked is not None and str(told) == self._asked.ident:
            self._told_of_list(self._asked, refusal(replies, heard))
            return
        ident = next(iter(self._waiting), "") if told is None else str(told)
        waiting = self._waiting.pop(ident, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(heard)

    @staticmethod
    def _told_of_list(asked: _Asked, refused: CommandError | None) -> None:
        """A good answer only announces the list; a bad one is all that comes."""
        if refused is not None and not asked.done.done():
            asked.done.set_exception(PbxUnavailableError(f"the PBX refuses to tell what is there: {refused.text}"))

    def _write(self, text: str) -> None:
        try:
            self._link.write(frame(self._plan.profile, text))
        except (ValueError, OverflowError) as err:
            raise PbxProtocolError("a message of ours does not fit the profile's framing") from err

    async def ask(self, request: Request, timeout_s: float) -> Heard:
        """Send a request and wait for its answer.

        Raises:
            PbxUnavailableError: The link ended, or no answer came in time.
        """
        ident, text = request
        waiting: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        self._waiting[ident] = waiting
        try:
            self._write(text)
            async with asyncio.timeout(timeout_s):
                return await waiting
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not answer") from err
        finally:
            # Answers without an id come in their order: one that is late is still this request's.
            if self._plan.replies is not None and self._plan.replies.id is not None:
                self._waiting.pop(ident, None)

    def tell(self, request: Request) -> None:
        """Send a message that nobody answers."""
        self._write(request[1])

    async def _begin(self, settings: dict[str, str]) -> None:
        known = {f"settings.{name}": value for name, value in settings.items()}
        replies = self._plan.replies
        for render, expect in self._plan.login:
            ident = self.new_id()
            request = ident, render({**known, "id": ident})
            if not expect or replies is None:
                self.tell(request)
            elif refusal(replies, await self.ask(request, self._timeout_s)) is not None:
                raise PbxAuthError("the PBX refuses the login")
        picture = await self.snapshot(settings)
        self.is_live = True
        self._emit(picture)

    async def snapshot(self, settings: dict[str, str]) -> Snapshot:
        """Ask for everything.

        Raises:
            PbxUnavailableError: The link ended, or the PBX refused, or did not tell all in time.
        """
        async with self._listing:
            if self._plan.snapshot or not self.is_live:
                self._translator.begin_list()
                try:
                    for render, until in self._plan.snapshot:
                        await self._list(render, until, settings)
                except PbxUnavailableError:
                    self._translator.drop_list()
                    raise
                self._translator.end_list()
            return self._translator.picture(now_ms())

    async def _list(self, render: Render, until: Test, settings: dict[str, str]) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asked = self._asked = _Asked(self.new_id(), until, done)
        try:
            self._write(render({**{f"settings.{name}": value for name, value in settings.items()}, "id": asked.ident}))
            async with asyncio.timeout(self._timeout_s):
                await done
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not tell what is there") from err
        finally:
            self._asked = None

    async def _beat(self, settings: dict[str, str]) -> None:
        heartbeat = self._plan.profile.session.heartbeat
        if heartbeat is None:
            return
        while time.monotonic() - self._heard_at < heartbeat.silence_s:
            await asyncio.sleep(heartbeat.every_s)
            if self._plan.heartbeat is not None and self.is_live:
                known = {f"settings.{name}": value for name, value in settings.items()}
                self._write(self._plan.heartbeat({**known, "id": self.new_id()}))
        raise PbxUnavailableError("the PBX is silent")


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
