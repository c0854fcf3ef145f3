"""One session with a PBX that is asked by HTTP: for everything that is there, and by the requests of commands."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Self

import aiohttp

from ringline_core.domain.facts import Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.mapping import documents
from ringline_edge.adapters.mapping.commands import Request, refusal
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.door import whole
from ringline_edge.adapters.mapping.exchange import HttpMessage, said
from ringline_edge.adapters.mapping.expressions import Scope
from ringline_edge.adapters.mapping.listening import Listener, now_ms
from ringline_edge.adapters.mapping.plan import LoginPlan, Plan
from ringline_edge.adapters.mapping.protocol import decoded
from ringline_edge.adapters.mapping.sockets import connector
from ringline_edge.adapters.mapping.talk import CommandRule
from ringline_edge.adapters.mapping.templates import MissingValueError
from ringline_edge.adapters.mapping.translate import Translator
from ringline_edge.adapters.port import Emit
from ringline_edge.adapters.tap import Tap

UNKNOWN, FORBIDDEN = 401, 403
REFUSALS = (400, UNKNOWN, FORBIDDEN, 422)
"""Of a login, for good: a human must act. All else may pass, as what a proxy says while the PBX behind it starts."""

Answer = tuple[int, str]
"""Status and body."""


class HttpSession(ABC):
    """What a PBX is asked; how it is heard is the subclasses' matter."""

    def __init__(
        self, plan: Plan, translator: Translator, config: MappingConfig, settings: Mapping[str, str],
        http: aiohttp.ClientSession, emit: Emit,
    ) -> None:  # fmt: skip
        """Nothing is known yet."""
        self._plan, self._translator, self._config = plan, translator, config
        self._settings, self._http = settings, http
        self.known = {f"settings.{name}": value for name, value in settings.items()}
        self._listener = Listener(translator, emit, plan.sequence, plan.once)
        self._ids = itertools.count(1)
        self._mark = f"{uuid.uuid4().hex[:8]}-"
        self._listing = asyncio.Lock()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, plan: Plan, translator: Translator, config: MappingConfig, settings: Mapping[str, str], emit: Emit,
        tap: Tap | None,
    ) -> AsyncIterator[Self]:  # fmt: skip
        """A session that hears nothing yet; HTTP has no frames that a recording could keep, so nobody listens in."""
        del tap
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector(config), cookie_jar=jar, auto_decompress=False) as http:
            yield cls(plan, translator, config, settings, http, emit)

    @property
    def is_live(self) -> bool:
        """The PBX has told all, and facts are emitted."""
        return self._listener.is_live

    def new_id(self) -> str:
        """An id that no request of any session had."""
        return self._plan.ident(self._mark, next(self._ids))

    @abstractmethod
    async def run(self) -> None:
        """Hear the PBX for ever.

        Raises:
            PbxUnavailableError: It cannot be heard or asked.
            PbxProtocolError: What it tells cannot be read.
            PbxAuthError: It refuses our requests.
        """

    def _ends(self, why: PbxUnavailableError | PbxProtocolError) -> None:
        """Who asked or was told something found out that the session is over."""
        if not self._broken.done():
            self._broken.set_exception(why)

    async def _begin(self) -> None:
        for step in self._plan.login:
            await self._log_in(step)
        await self.snapshot()
        self._listener.begin()

    async def _log_in(self, step: LoginPlan) -> None:
        if step.say is None:
            raise PbxProtocolError("a PBX that is asked by HTTP says nothing first")
        message = said(step.say, {**self.known, "id": self._plan.id_of(self.new_id())})
        status, text = await self._exchange(message, step.rule.timeout_s or self._config.reply_timeout_s)
        root, replies = self._root(text), self._plan.replies
        if status in REFUSALS:
            raise PbxAuthError(f"the PBX refuses the login: {status}")
        if not 200 <= status < 300:
            raise PbxUnavailableError(f"the PBX takes no login now: {status}")
        answer = self._scope(root)
        if replies is not None and refusal(replies, answer) is not None:
            if root is None:
                raise PbxProtocolError("the PBX's answer to the login is no message")
            raise PbxAuthError(f"the PBX refuses the login: {status}")
        self.known |= step.captured(answer)

    def _no_longer(self) -> PbxUnavailableError:
        """A login that was good is not any more: the session begins anew, with another one."""
        why = PbxUnavailableError("the PBX does not know our login any more")
        self._ends(why)
        return why

    async def snapshot(self) -> Snapshot:
        """Ask for everything, where the profile says how.

        Raises:
            PbxUnavailableError: The PBX cannot be asked, or refuses.
            PbxAuthError: It refuses us.
            PbxProtocolError: What it tells is no list.
        """
        async with self._listing:
            if self._plan.snapshot or not self.is_live:
                await self._ask_all()
                self._listener.list_ends()
            return self._translator.picture(now_ms())

    async def _ask_all(self) -> None:
        """Begin a list and hear all of it; its end is the caller's."""
        self._translator.begin_list()
        try:
            for each in self._plan.snapshot:
                message = said(each.say, {**self.known, "id": self._plan.id_of(self.new_id())})
                await self._list(message, each.timeout_s or self._config.reply_timeout_s)
        except (PbxUnavailableError, PbxAuthError, PbxProtocolError):
            self._translator.drop_list()
            raise

    async def _list(self, message: str | HttpMessage, timeout_s: float) -> None:
        status, text = await self._exchange(message, timeout_s)
        if status == UNKNOWN and self._plan.login:
            raise self._no_longer()
        if status in (UNKNOWN, FORBIDDEN):
            raise PbxAuthError(f"the PBX refuses our requests: {status}")
        if not 200 <= status < 300:
            raise PbxUnavailableError(f"the PBX refuses to tell what is there: {status}")
        if self._listener.take(text) is None:
            raise PbxProtocolError("the PBX's list is no message")

    async def carry(self, request: Request, rule: CommandRule, secrets: Iterable[str] = ()) -> Scope | None:
        """Send one request of a command; the PBX's answer, where it is waited for.

        Raises:
            CommandError: The PBX refuses; its words are without `secrets`.
            PbxUnavailableError: The PBX cannot be reached, no answer came in time, or our login is over.
        """
        status, text = await self._exchange(request[1], rule.timeout_s)
        replies = self._plan.replies
        if status == UNKNOWN and self._plan.login:
            # It is our login that the PBX does not take, not the command.
            raise self._no_longer()
        if not rule.reply:
            return None
        answer = self._scope(self._root(text))
        refused = None if replies is None else refusal(replies, answer, status, secrets)
        if refused is None and replies is None and not 200 <= status < 300:
            refused = CommandError(ErrorCode.REJECTED_BY_PBX, "The PBX refuses.")
        if refused is not None:
            raise refused
        return answer

    def _root(self, text: str) -> documents.Node:
        """An answer as a tree; None where it is none."""
        profile = self._plan.profile
        try:
            strip = profile.namespaces == "stripped"
            return documents.parse(profile.format, text, strip_namespaces=strip) if text.strip() else None
        except PbxProtocolError:
            return None

    def _scope(self, root: documents.Node) -> Scope:
        root = documents.nothing(self._plan.profile.format) if root is None else root
        return Scope(root, root, now_ms(), self._translator.floor.memory, self._settings)

    def _headers(self) -> dict[str, str]:
        try:
            return self._plan.headers({**self.known, "id": self._plan.id_of(self.new_id())})
        except MissingValueError as err:
            raise PbxProtocolError(f"a request of ours cannot be said to this PBX: {err}") from err

    async def _exchange(self, message: str | HttpMessage, timeout_s: float) -> Answer:
        http = self._plan.profile.http
        if http is None or isinstance(message, str):
            raise PbxProtocolError("the profile says nothing of requests of HTTP")
        profile, given = self._plan.profile, self._config.tls
        url = f"{self._settings[http.base].rstrip('/')}{message.path}"
        headers = {**self._headers(), **message.headers}
        body = None if message.body is None else message.body.encode(profile.encoding, "replace")
        name = given.server_name if given is not None else None
        try:
            async with asyncio.timeout(timeout_s), self._http.request(
                message.method, url, data=body, headers=headers, allow_redirects=False, server_hostname=name
            ) as answer:  # fmt: skip
                found = await whole(answer.content, profile.max_message_bytes)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as err:
            raise PbxUnavailableError(f"the PBX cannot be asked: {type(err).__name__}") from err
        if found is None:
            raise PbxUnavailableError(f"an answer of the PBX is longer than {profile.max_message_bytes} bytes")
        return answer.status, decoded(profile, found)
