"""One UDP address that speaks SIP: it repeats requests until answered and answers each request once.

Source: RFC 3261, 17 (transactions), with T1 = 0.5 s and T2 = 4 s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from infra.pbx.asterisk.sip.message import SipMessage, SipSyntaxError

Address = tuple[str, int]
OnRequest = Callable[[SipMessage, Address], None]
OnProgress = Callable[[SipMessage], None]

T1_S: Final = 0.5
T2_S: Final = 4.0
_REMEMBERED: Final = 400
_SMALLEST: Final = 8  # shorter datagrams are keep-alives

logger = logging.getLogger(__name__)


class NoAnswerError(TimeoutError):
    """The other side did not answer a request in time."""


@dataclass(slots=True)
class _Asked:
    answer: asyncio.Future[SipMessage]
    on_progress: OnProgress | None
    progressed: asyncio.Event = field(default_factory=asyncio.Event)


class SipEndpoint(asyncio.DatagramProtocol):
    """Transactions of one socket, both ways."""

    def __init__(self, on_request: OnRequest) -> None:
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._asked: dict[str, _Asked] = {}
        self._answered: dict[tuple[str, str], tuple[bytes, Address]] = {}
        self._acks: dict[str, tuple[bytes, Address]] = {}
        self.address: Address = ("", 0)

    async def open(self, host: str, port: int = 0) -> None:
        """Bind; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, port))
        self.address = self._transport.get_extra_info("sockname")[:2]

    def close(self) -> None:
        """Vanish without a word; requests under way end with `NoAnswerError`."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for asked in self._asked.values():
            if not asked.answer.done():
                asked.answer.set_exception(NoAnswerError("the phone was unplugged"))

    def send(self, data: bytes, to: Address) -> None:
        """Send one datagram; nothing happens when closed."""
        if self._transport is not None:
            self._transport.sendto(data, to)

    async def ask(
        self, data: bytes, branch: str, to: Address, *, timeout_s: float, on_progress: OnProgress | None = None
    ) -> SipMessage:
        """Send a request and repeat it until its final response, which is returned.

        Args:
            data: The request.
            branch: Its Via branch.
            to: Where to send it.
            timeout_s: How long to wait for the final response.
            on_progress: Called with each provisional response; after the first the request is not repeated.

        Raises:
            NoAnswerError: No final response in time, or the socket was closed.
        """
        if self._transport is None:
            raise NoAnswerError("the phone is unplugged")
        asked = _Asked(asyncio.get_running_loop().create_future(), on_progress)
        self._asked[branch] = asked
        repeating = asyncio.create_task(self._repeat(data, to, asked))
        try:
            async with asyncio.timeout(timeout_s):
                return await asked.answer
        except TimeoutError as err:
            raise NoAnswerError("no final response in time") from err
        finally:
            repeating.cancel()
            self._asked.pop(branch, None)

    async def _repeat(self, data: bytes, to: Address, asked: _Asked) -> None:
        gap = T1_S
        while not asked.answer.done():
            self.send(data, to)
            try:
                async with asyncio.timeout(gap):
                    await asked.progressed.wait()
            except TimeoutError:
                gap = min(gap * 2, T2_S)
            else:
                return

    async def repeat_until(self, done: Callable[[], bool], data: bytes, to: Address) -> None:
        """Repeat a final response to an INVITE until `done`, at most for 64 times T1 (RFC 3261, 13.3.1.4)."""
        gap, left = T1_S, 64 * T1_S
        while not done() and left > 0:
            await asyncio.sleep(gap)
            if not done():
                self.send(data, to)
            left -= gap
            gap = min(gap * 2, T2_S)

    def reply(self, request: SipMessage, data: bytes, to: Address, *, final: bool) -> None:
        """Answer `request`; a final answer is kept and given again when the request is repeated."""
        if final:
            self._answered[request.branch, request.method] = (data, to)
            while len(self._answered) > _REMEMBERED:
                self._answered.pop(next(iter(self._answered)))
        self.send(data, to)

    def acknowledge(self, branch: str, data: bytes, to: Address) -> None:
        """Send the ACK for the INVITE with `branch`, and again whenever its final response is repeated."""
        self._acks[branch] = (data, to)
        while len(self._acks) > _REMEMBERED:
            self._acks.pop(next(iter(self._acks)))
        self.send(data, to)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take one datagram; what is no SIP message is dropped."""
        if len(data.strip()) < _SMALLEST:
            return
        try:
            message = SipMessage.parse(data)
        except SipSyntaxError as err:
            logger.warning("dropped a datagram: %s", err)
            return
        if message.is_response:
            self._take_response(message)
        elif message.method != "ACK" and (message.branch, message.method) in self._answered:
            self.send(*self._answered[message.branch, message.method])
        else:
            self._on_request(message, addr)

    def _take_response(self, message: SipMessage) -> None:
        asked = self._asked.get(message.branch)
        if asked is None:
            if message.method == "INVITE" and message.branch in self._acks:
                self.send(*self._acks[message.branch])
        elif message.status >= 200:
            if not asked.answer.done():
                asked.answer.set_result(message)
        else:
            asked.progressed.set()
            if asked.on_progress:
                asked.on_progress(message)
