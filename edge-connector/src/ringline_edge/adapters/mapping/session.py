"""One session with a feed: log in, ask for everything, then listen; requests and their answers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from ringline_core.domain.facts import Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.mapping import link
from ringline_edge.adapters.mapping.commands import Request, refusal
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.exchange import HttpMessage, said
from ringline_edge.adapters.mapping.expressions import Scope, Test
from ringline_edge.adapters.mapping.headed import fields_of
from ringline_edge.adapters.mapping.link import Link
from ringline_edge.adapters.mapping.listening import Listener, now_ms
from ringline_edge.adapters.mapping.plan import ListPlan, Plan, Say
from ringline_edge.adapters.mapping.protocol import Framer, frame
from ringline_edge.adapters.mapping.talk import CommandRule
from ringline_edge.adapters.mapping.translate import Heard, Translator
from ringline_edge.adapters.mapping.values import Scalar
from ringline_edge.adapters.port import Emit
from ringline_edge.adapters.tap import Tap

CHUNK: Final = 65_536
_NONE: Final[Mapping[str, Scalar]] = {}


@dataclass(frozen=True, slots=True)
class _Asked:
    """A list that was asked for: whose request, what its last message is, and the end of it."""

    ident: str
    until: Test
    done: asyncio.Future[None]


class Session:
    """The talk over one link; ends with it."""

    def __init__(
        self,
        plan: Plan,
        translator: Translator,
        opened: Link,
        emit: Emit,
        *,
        settings: Mapping[str, str],
        reply_timeout_s: float,
    ) -> None:
        """Nothing is said yet."""
        self._plan, self._translator, self._link = plan, translator, opened
        self.known = {f"settings.{name}": value for name, value in settings.items()}
        self._timeout_s = reply_timeout_s
        self._listener = Listener(translator, emit, plan.sequence, plan.once)
        self._framer = Framer(plan.profile)
        self._ids = itertools.count(1)
        self._mark = f"{uuid.uuid4().hex[:8]}-"
        self._waiting: dict[str, asyncio.Future[Heard]] = {}
        self._broken: asyncio.Future[None] | None = None
        self._asked: _Asked | None = None
        self._listing = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, plan: Plan, translator: Translator, config: MappingConfig, settings: Mapping[str, str], emit: Emit,
        tap: Tap | None,
    ) -> AsyncIterator[Session]:  # fmt: skip
        """A session over a new link.

        Raises:
            PbxUnavailableError: Nobody is there.
            PbxAuthError: A WebSocket is refused to us.
        """
        known = {f"settings.{name}": value for name, value in settings.items()}
        handshake = None if plan.handshake is None else plan.handshake(known)
        async with link.opened(plan.profile, config, handshake, tap) as found:
            yield cls(plan, translator, found, emit, settings=settings, reply_timeout_s=config.reply_timeout_s)

    @property
    def is_live(self) -> bool:
        """The PBX has told all, and facts are emitted."""
        return self._listener.is_live

    def new_id(self) -> str:
        """An id that no request of any session had; a number, where the profile asks for one, that none has now.

        Raises:
            PbxUnavailableError: All of them wait for answers.
        """
        for _ in range(len(self._waiting) + 2):
            ident = self._plan.ident(self._mark, next(self._ids))
            if ident not in self._waiting and (self._asked is None or self._asked.ident != ident):
                return ident
        raise PbxUnavailableError("the PBX owes an answer for every id there is")

    async def run(self) -> None:
        """Serve the link until it ends.

        Raises:
            PbxUnavailableError: It ended, or is silent.
            PbxProtocolError: What came is no frame.
            PbxAuthError: The PBX refused the login.
        """
        broken = self._broken = asyncio.get_running_loop().create_future()
        watch = self._listener.watch(self._plan.profile.session.heartbeat, self._beat)
        # The first step may wait for what the PBX says first: it does, before anything is read.
        tasks = [asyncio.create_task(each) for each in (self._begin(), self._read(), watch)]
        try:
            await asyncio.gather(*tasks, broken)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        finally:
            self._leave()
            for task in (*tasks, broken):
                task.cancel()
            await asyncio.gather(*tasks, broken, return_exceptions=True)
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(PbxUnavailableError("the link to the PBX ended"))

    def _leave(self) -> None:
        if self._plan.logout is not None and self.is_live:
            with contextlib.suppress(OSError, PbxProtocolError):
                self._tell(self._plan.logout)
        self._listener.is_live = False

    async def _read(self) -> None:
        while data := await self._link.reader.read(CHUNK):
            self._listener.heard_at = time.monotonic()
            for message in self._framer.receive_data(data):
                self._take(message)
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, message: str) -> None:
        heard = self._listener.take(message)
        if heard is None:
            return
        if heard.known is not None:
            if heard.known.answer is not None:
                repeated = {name: get(heard.scope) for name, get in heard.known.use.items()}
                self._tell(heard.known.answer, repeated)
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
            self._told_of_list(self._asked, refusal(replies, heard.scope, secrets=self.known.values()))
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

    def _said(self, say: Say, ident: str, more: Mapping[str, Scalar] = _NONE) -> str | HttpMessage:
        return said(say, {**self.known, **more, "id": self._plan.id_of(ident)})

    def _tell(self, say: Say, repeated: Mapping[str, Scalar] = _NONE) -> None:
        """Say what nobody answers; `repeated` is what it has of the PBX's own message."""
        ident = self.new_id()
        self._write(self._said(say, ident, repeated), ident, repeated)

    def _write(self, message: str | HttpMessage, ident: str, repeated: Mapping[str, Scalar] = _NONE) -> None:
        if isinstance(message, HttpMessage):
            raise PbxProtocolError("a stream carries no requests of HTTP")
        try:
            header = fields_of(self._plan.profile.framing, self._plan.id_of(ident), repeated)
            self._link.write(frame(self._plan.profile, message, header))
        except (ValueError, OverflowError) as err:
            raise PbxProtocolError("a message of ours does not fit the profile's framing") from err

    async def carry(self, request: Request, rule: CommandRule, secrets: Iterable[str] = ()) -> Scope | None:
        """Send one message of a command; the PBX's answer, where one is waited for.

        Raises:
            CommandError: The PBX refuses; its words are without `secrets`.
            PbxUnavailableError: The link ended, or no answer came in time.
            PbxProtocolError: The framing cannot hold it.
        """
        replies = self._plan.replies
        if not rule.reply or replies is None:
            self._write(request[1], request[0])
            return None
        answer = (await self._ask(*request, rule.timeout_s)).scope
        if (refused := refusal(replies, answer, secrets=secrets)) is not None:
            raise refused
        return answer

    async def _ask(self, ident: str, message: str | HttpMessage | None, timeout_s: float) -> Heard:
        waiting: asyncio.Future[Heard] = asyncio.get_running_loop().create_future()
        owes = any(each.done() for each in self._waiting.values())
        self._waiting[ident] = waiting
        try:
            if message is not None:
                self._write(message, ident)
            async with asyncio.timeout(timeout_s):
                return await waiting
        except TimeoutError as err:
            if owes and self._broken is not None and not self._broken.done():
                # An answer without an id never came, so all behind it would be taken for the one before them.
                self._broken.set_exception(PbxUnavailableError("the PBX left answers out"))
            raise PbxUnavailableError("the PBX does not answer") from err
        finally:
            # Answers without an id come in their order: one that is late is still this request's.
            if self._plan.replies is not None and self._plan.replies.id is not None:
                self._waiting.pop(ident, None)

    async def _begin(self) -> None:
        replies = self._plan.replies
        for step in self._plan.login:
            ident = self.new_id()
            message = None if step.say is None else self._said(step.say, ident)
            if message is not None and (not step.rule.expect or replies is None):
                self._write(message, ident)
                continue
            if replies is None:
                raise PbxProtocolError("the profile does not say what a good answer is")
            answer = (await self._ask(ident, message, step.rule.timeout_s or self._timeout_s)).scope
            if refusal(replies, answer) is not None:
                raise PbxAuthError("the PBX refuses the login")
            self.known |= step.captured(answer)
        await self.snapshot()
        self._listener.begin()

    async def snapshot(self) -> Snapshot:
        """Ask for everything.

        Raises:
            PbxUnavailableError: The link ended, or the PBX refused, or did not tell all in time.
        """
        async with self._listing:
            if self._plan.snapshot or not self.is_live:
                self._translator.begin_list()
                try:
                    for each in self._plan.snapshot:
                        await self._list(each)
                except (PbxUnavailableError, PbxProtocolError):
                    self._translator.drop_list()
                    raise
                self._listener.list_ends()
            return self._translator.picture(now_ms())

    async def _list(self, wanted: ListPlan) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asked = self._asked = _Asked(self.new_id(), wanted.until, done)
        try:
            self._write(self._said(wanted.say, asked.ident), asked.ident)
            async with asyncio.timeout(wanted.timeout_s or self._timeout_s):
                await done
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not tell what is there") from err
        finally:
            self._asked = None

    def _beat(self) -> None:
        if self._plan.heartbeat is not None:
            self._tell(self._plan.heartbeat)
