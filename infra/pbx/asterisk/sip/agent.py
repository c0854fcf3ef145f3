"""The listening half of a SIP user agent: it answers the requests of the other side from one table."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from infra.pbx.asterisk.sip.caller import Account, CallControl
from infra.pbx.asterisk.sip.dialog import CallState, SipCall
from infra.pbx.asterisk.sip.endpoint import Address
from infra.pbx.asterisk.sip.message import Header, NameAddr, SipMessage
from infra.pbx.asterisk.sip.sdp import Direction, parse_audio

TALK_EVENTS: Final[Header] = ("Allow-Events", "talk, hold")


class Incoming(StrEnum):
    """What a user agent does with a call that comes in."""

    RING = "ring"
    ANSWER = "answer"
    REJECT = "reject"
    OBEY_HEADERS = "obey_headers"
    IGNORE = "ignore"


class UserAgent(CallControl):
    """One SIP identity that acts and listens.

    Attributes:
        incoming: What happens to a call that comes in; may be changed at any time.
        obeys_notify: Whether `Event: talk` and `Event: hold` press the phone's buttons.
    """

    def __init__(self, account: Account, *, incoming: Incoming = Incoming.RING, obeys_notify: bool = True) -> None:
        super().__init__(account, self._on_request)
        self.incoming = incoming
        self.obeys_notify = obeys_notify
        self._answers: dict[str, Callable[[SipMessage], None]] = {
            "INVITE": self._on_invite,
            "ACK": self._on_ack,
            "CANCEL": self._on_cancel,
            "BYE": self._on_bye,
            "UPDATE": self._on_update,
            "NOTIFY": self._on_notify,
            "REFER": self._on_refer,
            "INFO": self._on_info,
            "OPTIONS": self._on_options,
        }

    def _on_request(self, message: SipMessage, _source: Address) -> None:
        if self.incoming is Incoming.IGNORE and message.method == "INVITE":
            return
        answer = self._answers.get(message.method)
        if answer is None:
            self.reply(message, 405, "Method Not Allowed")
        else:
            answer(message)

    def _find(self, message: SipMessage) -> SipCall | None:
        call = self.calls.get(message.header("call-id"))
        return call if call and call.live else None

    def _on_invite(self, message: SipMessage) -> None:
        call = self._find(message)
        if call and NameAddr.parse(message.header("to")).tag:
            self._on_change(call, message)
        elif call is None:
            self._on_offer(message)

    def reaction_to(self, call: SipCall) -> Incoming:
        """What happens to the offered `call`; the same for every call unless a subclass thinks otherwise."""
        return self.incoming

    def _on_change(self, call: SipCall, message: SipMessage) -> None:
        call.identify(message)
        offered = parse_audio(message.body)
        direction = offered.direction if offered else Direction.SENDRECV
        answer = direction.answer(held_here=call.state is CallState.HELD)
        self.reply(message, 200, "OK", call, body=self.offer(call, answer))

    def _on_offer(self, message: SipMessage) -> None:
        call = SipCall.offered(message)
        self.calls[call.call_id] = call
        self.reply(message, 100, "Trying")
        reaction = self.reaction_to(call)
        if reaction is Incoming.REJECT:
            self.reject(call)
            return
        self.reply(message, 180, "Ringing", call, headers=(TALK_EVENTS,) if self.obeys_notify else ())
        obeyed = reaction is Incoming.OBEY_HEADERS and call.auto_answer
        if reaction is Incoming.ANSWER or obeyed:
            self.answer(call)

    def _on_ack(self, message: SipMessage) -> None:
        if call := self._find(message):
            call.acknowledged = True

    def _on_cancel(self, message: SipMessage) -> None:
        call = self._find(message)
        self.reply(message, 200 if call else 481, "OK" if call else "No Such Call", call)
        if call and call.state is CallState.RINGING and call.invite:
            self.reply(call.invite, 487, "Request Terminated", call)
            self.end(call)

    def _on_bye(self, message: SipMessage) -> None:
        call = self._find(message)
        self.reply(message, 200 if call else 481, "OK" if call else "No Such Call", call)
        if call:
            self.end(call)

    def _on_update(self, message: SipMessage) -> None:
        call = self._find(message)
        if call:
            call.identify(message)
        self.reply(message, 200, "OK", call, body=self.offer(call) if call and message.body else "")

    def _on_info(self, message: SipMessage) -> None:
        call = self._find(message)
        self.reply(message, 200 if call else 481, "OK" if call else "No Such Call", call)
        digit = re.search(r"^Signal=\s*([0-9A-D*#])", message.body, re.MULTILINE)
        if call and digit:
            call.digits += digit[1]

    def _on_notify(self, message: SipMessage) -> None:
        call = self._find(message)
        self.reply(message, 200, "OK", call)
        event = message.header("event").partition(";")[0].strip()
        if event == "refer" and call and transfer_done(message.body):
            self.background(self.hang_up(call))  # the PBX waits for our BYE, up to a minute
        elif self.obeys_notify and event == "talk":
            self._talk()
        elif self.obeys_notify and event == "hold" and (talking := self._newest(CallState.TALKING)):
            self.background(self._press_hold(talking, held=True))

    def _talk(self) -> None:
        if ringing := self._newest(CallState.RINGING):
            self.answer(ringing)
        elif held := self._newest(CallState.HELD):
            self.background(self._press_hold(held, held=False))

    async def _press_hold(self, call: SipCall, *, held: bool) -> None:
        await self.set_held(call, held=held)

    def _newest(self, state: CallState) -> SipCall | None:
        return next((call for call in reversed(self.live_calls) if call.state is state), None)

    def _on_refer(self, message: SipMessage) -> None:
        self.reply(message, 603, "Decline", self._find(message))

    def _on_options(self, message: SipMessage) -> None:
        self.reply(message, 200, "OK")


def transfer_done(fragment: str) -> bool:
    """Whether the status line that a NOTIFY reports says that a transfer succeeded. Source: RFC 3515, 2.4.5."""
    return re.match(r"SIP/2\.0 2\d\d\b", fragment) is not None
