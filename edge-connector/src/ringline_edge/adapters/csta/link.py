"""One TCP or TLS link to a CSTA server: requests, their answers, and the stream of events."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import itertools
import ssl
from collections.abc import Callable
from typing import Final

from ringline_core.errors import PbxAuthError, PbxUnavailableError
from ringline_edge.adapters.csta.config import CstaConfig, TlsConfig
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
        tls = config.tls
        context = None if tls is None else _context(tls)
        name = None if tls is None else tls.server_name or config.host
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                reader, writer = await asyncio.open_connection(
                    config.host, config.port, ssl=context, server_hostname=name
                )
        except ssl.SSLCertVerificationError as err:
            raise PbxAuthError(f"the PBX's certificate is not trusted: {err.verify_message}") from err
        except (OSError, TimeoutError) as err:
            raise PbxUnavailableError(f"{config.host}:{config.port}") from err
        if tls is not None and tls.pin_sha256 is not None:
            _check_pin(writer, tls.pin_sha256)
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


def _context(tls: TlsConfig) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=tls.ca_file)
    if tls.pin_sha256 is not None:
        # The pin is the proof: it is compared before a byte is sent.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _check_pin(writer: asyncio.StreamWriter, pin: str) -> None:
    tls: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    certificate = tls.getpeercert(binary_form=True) if tls is not None else None
    if certificate is None or not hmac.compare_digest(hashlib.sha256(certificate).hexdigest(), pin):
        writer.close()
        raise PbxAuthError("the PBX's certificate is not the pinned one")
