"""The acting half of a SIP user agent: it places, answers and changes calls. `agent.py` adds the listening half."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, Final

from infra.pbx.asterisk.sip.dialog import ESTABLISHED, CallState, SipCall, sip_uri, token
from infra.pbx.asterisk.sip.digest import CHALLENGED, Credentials, authorization
from infra.pbx.asterisk.sip.endpoint import Address, NoAnswerError, OnRequest, SipEndpoint
from infra.pbx.asterisk.sip.media import AudioSocket
from infra.pbx.asterisk.sip.message import ALLOW, Header, NameAddr, SipMessage, request, response
from infra.pbx.asterisk.sip.sdp import Direction, describe, parse_audio

RING_LIMIT_S: Final = 180.0
IN_DIALOG_LIMIT_S: Final = 10.0
_SDP: Final = "application/sdp"
_ATTEMPTS: Final = 3  # the first request, and one for each challenge in turn

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """Who this user agent is at its server.

    Attributes:
        credentials: Account at the server; for an outside line the number and no password.
        server: Where the server listens.
        display: Name shown to the other side; may be empty.
    """

    credentials: Credentials
    server: Address
    display: str = ""

    @property
    def domain(self) -> str:
        """Host and port of the server, as in its URIs."""
        return f"{self.server[0]}:{self.server[1]}"


class CallControl:
    """Calls of one SIP identity on one socket. Not started: call `open` first."""

    def __init__(self, account: Account, on_request: OnRequest) -> None:
        self.account = account
        self.calls: dict[str, SipCall] = {}
        self._endpoint = SipEndpoint(on_request)
        self._audio: AudioSocket | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int = 0) -> None:
        """Bind the SIP and audio sockets on `host`."""
        await self._endpoint.open(host, port)
        self._audio = await AudioSocket.open(host)

    def close(self) -> None:
        """Vanish without a word, as when the cable is pulled; every call is over for this side."""
        for task in tuple(self._tasks):
            task.cancel()
        self._endpoint.close()
        if self._audio:
            self._audio.close()
        for call in self.calls.values():
            call.state = CallState.ENDED
        self.calls.clear()

    @property
    def address(self) -> Address:
        """Where this user agent listens."""
        return self._endpoint.address

    @property
    def live_calls(self) -> tuple[SipCall, ...]:
        """Calls that are not over, oldest first."""
        return tuple(call for call in self.calls.values() if call.live)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` beside, until it ends or the user agent closes; its errors are logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (err := task.exception()):
            logger.warning("%s: %s: %s", self.account.credentials.user, type(err).__name__, err)

    # -- calls of ours

    def dial(self, number: str, *, caller: str = "", display: str = "", headers: Iterable[Header] = ()) -> SipCall:
        """Place a call to `number` and return it at once, dialling.

        Args:
            number: User part of the called URI.
            caller: Number to show instead of the account's (outside lines).
            display: Name to show instead of the account's.
            headers: What else the INVITE should carry.
        """
        name = display or self.account.display
        user = caller or self.account.credentials.user
        local = (f'"{name}" ' if name else "") + f"<{sip_uri(user, self.account.domain)}>"
        call = SipCall.placed(number, local=local, domain=self.account.domain, host=self._endpoint.address[0])
        self.calls[call.call_id] = call
        self.background(self._invite(call, tuple(headers)))
        return call

    async def _invite(self, call: SipCall, headers: tuple[Header, ...]) -> None:
        def progress(message: SipMessage) -> None:
            call.remote_tag = NameAddr.parse(message.header("to")).tag or call.remote_tag
            call.ringback = call.ringback or message.status in {180, 183}

        try:
            answer = await self._ask_in(call, "INVITE", headers, RING_LIMIT_S, self.offer(call), progress=progress)
        except NoAnswerError:
            self.end(call)
            return
        if answer.status >= 300:
            self.end(call)
            return
        withdrawn = not call.live
        call.established(answer)
        if withdrawn:  # our CANCEL and the 200 crossed
            await self.hang_up(call)
        else:
            self.play(answer.body)

    def answer(self, call: SipCall) -> None:
        """Answer a ringing call; nothing happens when it does not ring any more."""
        if call.state is not CallState.RINGING or call.invite is None:
            return
        call.state = CallState.TALKING
        invite = call.invite
        data = self._response_to(invite, 200, "OK", call, body=self.offer(call))
        self._endpoint.reply(invite, data, self.account.server, final=True)
        self.background(
            self._endpoint.repeat_until(lambda: call.acknowledged or not call.live, data, self.account.server)
        )
        self.play(invite.body)

    def reject(self, call: SipCall, status: int = 486, reason: str = "Busy Here") -> None:
        """Refuse a ringing call."""
        if call.state is CallState.RINGING and call.invite is not None:
            self.reply(call.invite, status, reason, call)
            self.end(call)

    async def hang_up(self, call: SipCall) -> None:
        """End a call in whatever state it is."""
        if call.state is CallState.RINGING:
            self.reject(call)
        elif call.state is CallState.DIALING:
            self._cancel(call)
        elif call.live:
            self.end(call)
            await self._ask_in(call, "BYE", (), IN_DIALOG_LIMIT_S)

    async def set_held(self, call: SipCall, *, held: bool) -> bool:
        """Hold or resume an established call by re-INVITE; True when the other side took it."""
        if call.state not in ESTABLISHED:
            return False
        before, call.state = call.state, CallState.HELD if held else CallState.TALKING
        answer = await self._ask_in(call, "INVITE", (), IN_DIALOG_LIMIT_S, self.offer(call))
        if answer.status != 200 and call.live:
            call.state = before
        return answer.status == 200

    async def refer(self, call: SipCall, refer_to: str) -> int:
        """Ask the other side of `call` to call `refer_to` (transfer); its status code."""
        me = f"<sip:{self.account.credentials.user}@{self.account.domain}>"
        headers = (("Refer-To", refer_to), ("Referred-By", me))
        return (await self._ask_in(call, "REFER", headers, IN_DIALOG_LIMIT_S)).status

    async def send_digit(self, call: SipCall, digit: str) -> None:
        """Send one DTMF digit by INFO."""
        body = f"Signal={digit}\r\nDuration=120\r\n"
        await self._ask_in(call, "INFO", (), IN_DIALOG_LIMIT_S, body, content_type="application/dtmf-relay")

    def end(self, call: SipCall) -> None:
        """Take note that `call` is over; it is forgotten."""
        call.state = CallState.ENDED
        self.calls.pop(call.call_id, None)

    # -- requests out

    async def ask_server(self, method: str, uri: str, headers: Iterable[Header], timeout_s: float) -> SipMessage:
        """Send a request outside any call to the server, answering its challenge; the final response.

        Raises:
            NoAnswerError: None came in time.
        """
        whom = f"<sip:{self.account.credentials.user}@{self.account.domain}>"
        call = SipCall(token(), True, whom, whom, uri, "", CallState.DIALING)
        return await self._ask_in(call, method, tuple(headers), timeout_s)

    async def _ask_in(
        self,
        call: SipCall,
        method: str,
        headers: tuple[Header, ...],
        timeout_s: float,
        body: str = "",
        *,
        content_type: str = _SDP,
        progress: Callable[[SipMessage], None] | None = None,
    ) -> SipMessage:
        proof: tuple[Header, ...] = ()
        for _ in range(_ATTEMPTS):
            branch, number = "z9hG4bK" + token(), call.next_sequence()
            if method == "INVITE":
                call.branch, call.invite_cseq = branch, number
            heads = self._heads(call, method, number, branch, (*headers, *proof))
            data = request(method, call.target, heads, body, content_type)
            answer = await self._endpoint.ask(
                data, branch, self.account.server, timeout_s=timeout_s, on_progress=progress
            )
            if method == "INVITE":
                self._acknowledge(call, answer, number, branch)
            if answer.status not in CHALLENGED:
                return answer
            proof = (authorization(answer, self.account.credentials, method, call.target, token()),)
        return answer

    def _heads(self, call: SipCall, method: str, number: int, branch: str, more: Iterable[Header] = ()) -> list[Header]:
        host, port = self._endpoint.address
        return [
            ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", call.local_header),
            ("To", call.remote_header),
            ("Call-ID", call.call_id),
            ("CSeq", f"{number} {method}"),
            ("Contact", self._contact),
            ("User-Agent", "ringline-bench"),
            ("Allow", ALLOW),
            ("Supported", "replaces"),
            *more,
        ]

    @property
    def _contact(self) -> str:
        host, port = self._endpoint.address
        return f"<sip:{self.account.credentials.user.lstrip('+')}@{host}:{port}>"

    def _acknowledge(self, call: SipCall, answer: SipMessage, number: int, branch: str) -> None:
        success = answer.status < 300
        heads = self._heads(call, "ACK", number, "z9hG4bK" + token() if success else branch)
        heads = [(name, answer.header("to") if name == "To" else value) for name, value in heads]
        target = (NameAddr.parse(answer.header("contact")).uri if success else "") or call.target
        self._endpoint.acknowledge(branch, request("ACK", target, heads), self.account.server)

    def _cancel(self, call: SipCall) -> None:
        """Withdraw our INVITE (RFC 3261, 9.1): same branch and number, no tag of the other side."""
        heads = self._heads(call, "CANCEL", call.invite_cseq, call.branch)
        heads = [(name, call.remote if name == "To" else value) for name, value in heads]
        self._endpoint.send(request("CANCEL", call.target, heads), self.account.server)
        call.state = CallState.ENDED

    def offer(self, call: SipCall, direction: Direction | None = None) -> str:
        """Our session description for `call`, of its own direction unless told another."""
        port = self._audio.port if self._audio else 0
        return describe(
            self._endpoint.address[0],
            port,
            session=call.session,
            version=call.next_version(),
            direction=direction or call.direction,
        )

    def play(self, body: str) -> None:
        """Send a little silence to where the description `body` wants audio."""
        audio = parse_audio(body)
        if audio and audio.wants_packets and self._audio:
            self.background(self._audio.send_silence(audio))

    def _response_to(
        self,
        to: SipMessage,
        status: int,
        reason: str,
        call: SipCall | None,
        *,
        headers: Iterable[Header] = (),
        body: str = "",
    ) -> bytes:
        heads = [("Contact", self._contact), *headers]
        return response(to, status, reason, tag=call.local_tag if call else token(), headers=heads, body=body)

    def reply(
        self,
        to: SipMessage,
        status: int,
        reason: str,
        call: SipCall | None = None,
        *,
        headers: Iterable[Header] = (),
        body: str = "",
    ) -> None:
        """Answer a request of the other side; a final answer is repeated when the request is."""
        data = self._response_to(to, status, reason, call, headers=headers, body=body)
        self._endpoint.reply(to, data, self.account.server, final=status >= 200)
