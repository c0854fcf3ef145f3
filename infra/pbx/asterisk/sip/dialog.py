"""One call as a phone keeps it: the dialog's ids, its state, and the headers its requests need. No I/O.

Source: RFC 3261, 12 (dialogs); RFC 3891 (Replaces); RFC 3515 (REFER).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self
from urllib.parse import quote

from infra.pbx.asterisk.sip.message import NameAddr, SipMessage
from infra.pbx.asterisk.sip.sdp import Direction


class CallState(StrEnum):
    """How a call stands at this phone."""

    DIALING = "dialing"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    ENDED = "ended"


ESTABLISHED = frozenset({CallState.TALKING, CallState.HELD})


def sip_uri(number: str, domain: str) -> str:
    """URI of `number` at `domain`; what may not stand in one (`#`, spaces) is escaped."""
    return f"sip:{quote(number, safe='+*')}@{domain}"


def token() -> str:
    """A random tag, Call-ID part or branch part."""
    return secrets.token_hex(8)


@dataclass(slots=True, eq=False)
class SipCall:
    """One dialog, early or established.

    Attributes:
        call_id: SIP Call-ID.
        outgoing: True when this phone dialled.
        local: Our From or To value, without tag.
        remote: The other side's, without tag.
        local_tag: Our tag.
        remote_tag: The other side's; empty until it has one.
        target: Where requests in the dialog go (the other side's Contact).
        shown: Number of the other side as last told (P-Asserted-Identity wins over From).
        state: How the call stands here.
        ringback: Whether the other side said that it rings (outgoing calls).
        invite: The INVITE that came, for incoming calls.
        branch: Branch of our last INVITE, for CANCEL.
        auto_answer: Whether the INVITE asks the phone to answer by itself.
        digits: DTMF digits that the other side sent, in order.
    """

    call_id: str
    outgoing: bool
    local: str
    remote: str
    target: str
    shown: str
    state: CallState
    local_tag: str = field(default_factory=token)
    remote_tag: str = ""
    ringback: bool = False
    invite: SipMessage | None = None
    branch: str = ""
    invite_cseq: int = 0
    auto_answer: bool = False
    acknowledged: bool = False
    digits: str = ""
    sequence: int = 0
    session: int = field(default_factory=lambda: secrets.randbelow(2**31))
    version: int = 0

    @classmethod
    def placed(cls, number: str, *, local: str, domain: str, host: str) -> Self:
        """A call this phone is about to place to `number`."""
        uri = sip_uri(number, domain)
        return cls(f"{token()}@{host}", True, local, f"<{uri}>", uri, number, CallState.DIALING)

    @classmethod
    def offered(cls, invite: SipMessage) -> Self:
        """A call that an INVITE offers."""
        caller = NameAddr.parse(invite.header("from"))
        call = cls(
            invite.header("call-id"),
            False,
            invite.header("to"),
            _without_tag(invite.header("from")),
            NameAddr.parse(invite.header("contact")).uri,
            shown_number(invite) or caller.user,
            CallState.RINGING,
            remote_tag=caller.tag,
            invite=invite,
        )
        call.auto_answer = wants_auto_answer(invite)
        return call

    @property
    def dialled(self) -> str:
        """The number that was dialled to begin this call."""
        return NameAddr.parse(self.remote if self.outgoing else self.local).user

    @property
    def live(self) -> bool:
        """False once the call is over."""
        return self.state is not CallState.ENDED

    @property
    def local_header(self) -> str:
        """From value of our requests."""
        return f"{self.local};tag={self.local_tag}"

    @property
    def remote_header(self) -> str:
        """To value of our requests."""
        return f"{self.remote};tag={self.remote_tag}" if self.remote_tag else self.remote

    @property
    def direction(self) -> Direction:
        """Direction we offer in this state."""
        return Direction.SENDONLY if self.state is CallState.HELD else Direction.SENDRECV

    def next_sequence(self) -> int:
        """Number for the next request's CSeq."""
        self.sequence += 1
        return self.sequence

    def next_version(self) -> int:
        """Version for the next session description; grows with each."""
        self.version += 1
        return self.version

    def established(self, response: SipMessage) -> None:
        """Take the 200 to our first INVITE: the other side's tag and contact."""
        self.remote_tag = NameAddr.parse(response.header("to")).tag
        self.target = NameAddr.parse(response.header("contact")).uri or self.target
        self.identify(response)
        self.state = CallState.TALKING

    def identify(self, message: SipMessage) -> None:
        """Show who the other side now is, when `message` says so (as after a transfer)."""
        self.shown = shown_number(message) or self.shown

    def refer_to_with_replaces(self) -> str:
        """Refer-To value that puts someone in our place in this dialog (attended transfer)."""
        replaces = f"{self.call_id};to-tag={self.remote_tag};from-tag={self.local_tag}"
        reachable = self.target if self.state in ESTABLISHED else NameAddr.parse(self.remote).uri
        return f"<{reachable}?Replaces={quote(replaces, safe='')}>"


def shown_number(message: SipMessage) -> str:
    """Number of the other side that the network asserts; empty when it asserts none."""
    value = message.header("p-asserted-identity") or message.header("remote-party-id")
    return NameAddr.parse(value).user if value else ""


def wants_auto_answer(invite: SipMessage) -> bool:
    """Whether the INVITE's headers tell a phone to answer by itself, in any of the three usual spellings."""
    if any("answer-after=0" in value.lower() for value in invite.all("call-info")):
        return True
    if any("auto" in value.lower() or "intercom" in value.lower() for value in invite.all("alert-info")):
        return True
    return any(value.lower().startswith("auto") for value in invite.all("answer-mode"))


def _without_tag(value: str) -> str:
    head, bracket, params = value.rpartition(">")
    kept = [part for part in params.split(";") if part and not part.strip().startswith("tag=")]
    return head + bracket + "".join(f";{part}" for part in kept) if bracket else value.split(";", maxsplit=1)[0]
