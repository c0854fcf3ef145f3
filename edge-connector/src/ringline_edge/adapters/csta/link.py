"""One TCP or TLS link to a CSTA server: requests, their answers, and the stream of events."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Final

from ringline_core.errors import PbxAuthError, PbxUnavailableError
from ringline_edge.adapters import tls
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.protocol import UNSOLICITED, FrameProtocol, encode
from ringline_edge.adapters.csta.words import failure, refusal
from ringline_edge.adapters.csta.xml import Element, local, parse
from ringline_edge.adapters.tap import Reader, Tap, Writer, tapped

_CHUNK: Final = 65_536
_ANSWER: Final = ("Response", "CSTAErrorCode", "CSTAException", "errorResponse")

OnMessage = Callable[[Element, int], None]


class Link:
    """A link that is open.

    A message is told by its root element first and by its invoke id second [K]: events bear 9999, and nobody may rely
    on that alone.
    """

    def __init__(self, reader: Reader, writer: Writer, config: CstaConfig, on_message: OnMessage) -> None:
        """`on_message` gets what answers nothing, with its invoke id; `read` must run for anything to be answered."""
        self._reader, self._writer, self._config = reader, writer, config
        self._on_message = on_message
        self._protocol = FrameProtocol()
        self._answers: dict[int, asyncio.Future[Element]] = {}
        self._numbers = itertools.cycle(range(1, UNSOLICITED))

    @classmethod
    async def open(cls, config: CstaConfig, on_message: OnMessage, tap: Tap | None = None) -> Link:
        """A new link.

        Raises:
            PbxUnavailableError: Nobody listens there, or not in time.
            PbxAuthError: The server's certificate is not the one that is expected.
        """
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                reader, writer = await tls.connect(config.host, config.port, config.tls)
        except tls.UntrustedError as err:
            raise PbxAuthError(str(err)) from err
        except (OSError, TimeoutError) as err:
            raise PbxUnavailableError(f"{config.host}:{config.port}") from err
        return cls(*tapped(reader, writer, tap), config, on_message)

    async def read(self) -> None:
        """Read until the link ends.

        Raises:
            PbxUnavailableError: It ended.
            PbxProtocolError: The PBX said what its protocol does not allow.
        """
        try:
            while data := await self._reader.read(_CHUNK):
                for frame in self._protocol.receive_data(data):
                    self._take(parse(frame.body), frame.invoke)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, message: Element, invoke: int) -> None:
        waiting = self._answers.get(invoke)
        if waiting is None or not local(message).endswith(_ANSWER):
            self._on_message(message, invoke)
        elif not waiting.done():
            waiting.set_result(message)

    async def ask(self, body: bytes) -> Element:
        """Send a request and wait for its answer.

        Raises:
            CommandError: The PBX refused it, or it cannot be sent.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        answer = await self.ask_any(body)
        refused = failure(answer)
        if refused is not None:
            raise refusal(*refused)
        return answer

    async def ask_any(self, body: bytes) -> Element:
        """`ask` that leaves it to the caller whether the answer is a refusal."""
        number = next(each for each in self._numbers if each not in self._answers)
        data = encode(number, body)
        waiting: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._answers[number] = waiting
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._config.reply_timeout_s):
                return await waiting
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not answer") from err
        finally:
            self._answers.pop(number, None)

    def answer(self, invoke: int, body: bytes) -> None:
        """Answer a request of the PBX."""
        self._writer.write(encode(invoke, body))

    def say(self, body: bytes) -> None:
        """Send a request whose answer nobody waits for."""
        with contextlib.suppress(OSError):
            self._writer.write(encode(next(self._numbers), body))

    def close(self) -> None:
        """End the link; whoever waits for an answer hears so."""
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(PbxUnavailableError("the link to the PBX ended"))
        self._writer.close()
