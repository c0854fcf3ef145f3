"""One link to the event socket: login, questions and answers, background jobs, and the stream of events."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from ringline_core.errors import PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import BODY, EslProtocol, Frame, Message, command, text
from ringline_edge.adapters.tap import Reader, Tap, Writer, tapped

EVENTS: Final = (
    "CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE "
    "CHANNEL_HOLD CHANNEL_UNHOLD CHANNEL_CALLSTATE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_UUID BACKGROUND_JOB "
    "CUSTOM callcenter::info sofia::register sofia::unregister sofia::expire"
)
"""What is subscribed to; subclasses come last, for FreeSWITCH reads every word after CUSTOM as one."""

_CHUNK: Final = 262_144
_DENIED: Final = "permission denied"
_CANNOT: Final = "not found!"


class EslSession:
    """A link that is open.

    Answers come in the order of the questions and carry no id, so each question waits in a queue of its own; only a
    background job has one.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        config: FreeswitchConfig,
        on_event: Callable[[Message], None],
    ) -> None:
        """Speaks over an open stream; `read` must run for anything to be answered."""
        self._reader, self._writer, self._config = reader, writer, config
        self._on_event = on_event
        self._protocol = EslProtocol()
        loop = asyncio.get_running_loop()
        self._greeted: asyncio.Future[None] = loop.create_future()
        self._answers: deque[asyncio.Future[Frame]] = deque()
        self._jobs: dict[str, asyncio.Future[str]] = {}
        self._numbers = itertools.count(1)
        self._names = uuid.uuid4()

    @classmethod
    async def open(
        cls, config: FreeswitchConfig, on_event: Callable[[Message], None], tap: Tap | None = None
    ) -> EslSession:
        """A session over a new TCP link, not logged in yet.

        Raises:
            PbxUnavailableError: Nobody listens there, or not in time.
        """
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                reader, writer = await asyncio.open_connection(config.host, config.port)
        except (OSError, TimeoutError) as err:
            raise PbxUnavailableError(f"{config.host}:{config.port}") from err
        return cls(*tapped(reader, writer, tap), config, on_event)

    async def read(self) -> None:
        """Read until the link ends.

        Raises:
            PbxUnavailableError: It ended.
            PbxAuthError: The PBX does not take links from this address.
            PbxProtocolError: The PBX said what its protocol does not allow.
        """
        try:
            while data := await self._reader.read(_CHUNK):
                for frame in self._protocol.receive_data(data):
                    self._take(frame)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, frame: Frame) -> None:
        if frame.is_event:
            if text(frame.headers, "Event-Name") == "BACKGROUND_JOB":
                self._finish(frame.headers)
            else:
                self._on_event(frame.headers)
            return
        match frame.kind:
            case "command/reply" | "api/response":
                self._answer(frame)
            case "auth/request":
                if not self._greeted.done():
                    self._greeted.set_result(None)
            case "text/rude-rejection":
                raise PbxAuthError("the PBX takes no link from this address: apply-inbound-acl of its event socket")
            case "text/disconnect-notice":
                raise PbxUnavailableError("the PBX ends the link")

    def _answer(self, frame: Frame) -> None:
        if not self._answers:
            raise PbxProtocolError("the PBX answers what was not asked")
        waiting = self._answers.popleft()
        if not waiting.done():
            waiting.set_result(frame)

    def _finish(self, event: Message) -> None:
        waiting = self._jobs.pop(text(event, "Job-UUID") or "", None)
        if waiting is not None and not waiting.done():
            waiting.set_result(text(event, BODY) or "")

    async def log_in(self) -> None:
        """Wait for the greeting, log in, subscribe.

        Raises:
            PbxAuthError: Wrong password, or a user who may not have the events.
            PbxUnavailableError: No greeting, or no answer in time.
        """
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                await self._greeted
        except TimeoutError as err:
            raise PbxUnavailableError("no event socket greets there") from err
        user, secret = self._config.user, self._config.password.get_secret_value()
        reply = await self.ask(f"userauth {user}:{secret}" if user else f"auth {secret}")
        if not said(reply).startswith("+OK"):
            who = f"user {user!r}" if user else "the password"
            raise PbxAuthError(f"the PBX refuses {who} of its event socket")
        reply = await self.ask(f"event json {EVENTS}")
        if not said(reply).startswith("+OK"):
            raise PbxAuthError(f"the PBX does not give its events: {said(reply)[:80]}; see esl-allowed-events")

    async def ask(self, line: str) -> Frame:
        """Send a command and wait for its answer, whatever that says.

        Raises:
            CommandError: A value that cannot be sent.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        return await self._send(command(line))

    async def _send(self, data: bytes) -> Frame:
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._writer.write(data)
        # It stays in the queue when nobody waits any more, else all later answers would go to the wrong question.
        self._answers.append(waiting)
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                return await waiting
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not answer") from err

    async def api(self, line: str) -> str:
        """Run one of the PBX's functions at once, before anything else on this link; its output.

        Raises:
            PbxAuthError: The user may not.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        answer = await self.ask(f"api {line}")
        output = answer.body or said(answer)
        if _DENIED in output[:80]:
            raise PbxAuthError(f"the PBX does not allow {line.partition(' ')[0]}; see esl-allowed-api")
        return output

    async def bgapi(self, line: str) -> asyncio.Future[str]:
        """Begin a background job; returns once the PBX took it.

        Returns:
            What the job will say.

        Raises:
            CommandError: A value that cannot be sent.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        job = str(uuid.uuid5(self._names, str(next(self._numbers))))
        data = command(f"bgapi {line}", Job_UUID=job)
        # The job may be over before the PBX has answered that it has begun.
        output = self._jobs[job] = asyncio.get_running_loop().create_future()
        try:
            reply = await self._send(data)
        except PbxUnavailableError:
            self._jobs.pop(job, None)
            raise
        if not said(reply).startswith("+OK") and not output.done():
            self._jobs.pop(job, None)
            output.set_result(said(reply))
        return output

    async def job(self, line: str) -> str:
        """Run a background job to its end; what it said.

        Raises:
            CommandError: A value that cannot be sent.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        output = await self.bgapi(line)
        try:
            async with asyncio.timeout(self._config.connect_timeout_s):
                return await output
        except TimeoutError as err:
            raise PbxUnavailableError(f"the PBX does not finish {line.partition(' ')[0]}") from err

    def close(self) -> None:
        """End the link; whoever waits for an answer hears so."""
        error = PbxUnavailableError("the link to the PBX ended")
        waits: list[asyncio.Future[Any]] = [self._greeted, *self._answers, *self._jobs.values()]
        for waiting in waits:
            if not waiting.done():
                waiting.set_exception(error)
                waiting.exception()  # nobody need be listening
        self._answers.clear()
        self._jobs.clear()
        self._writer.close()


def said(answer: Frame) -> str:
    """What a reply says."""
    return text(answer.headers, "Reply-Text") or answer.body


def is_unknown(output: str) -> bool:
    """Whether the PBX does not have the function: its module is not loaded."""
    return output.startswith("-ERR") and output.rstrip().endswith(_CANNOT) and "Command" in output
