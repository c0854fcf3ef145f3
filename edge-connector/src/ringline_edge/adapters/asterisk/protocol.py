"""The Asterisk Manager Interface on the wire: bytes in, messages out; nothing is built for what nobody wants.

A message is lines of `Name: value`, ended by an empty line. Nine of ten events on a busy system are of no use here, so
the event's name is looked at in the raw bytes, and only wanted messages are taken apart.
Source: Asterisk documentation, "Asterisk Manager Interface (AMI)".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode

Message = dict[str, str]
MAX_MESSAGE: Final = 256 * 1024
BANNER: Final = b"Asterisk Call Manager"
_END: Final = b"\r\n\r\n"
_EVENT: Final = b"Event: "

WANTED: Final = frozenset(
    b"Newchannel Newstate Hangup HangupRequest SoftHangupRequest DialBegin DialEnd BridgeEnter BridgeLeave Hold Unhold "
    b"BlindTransfer AttendedTransfer Pickup AgentCalled AgentConnect QueueCallerJoin QueueCallerLeave "
    b"QueueCallerAbandon QueueMemberAdded QueueMemberRemoved QueueMemberPause DeviceStateChange FullyBooted Shutdown "
    b"NewConnectedLine OriginateResponse CoreShowChannel CoreShowChannelsComplete Status StatusComplete QueueMember "
    b"QueueStatusComplete DeviceStateListComplete".split()
)
"""Events that mean something to the translation; the lists' items among them."""


class AmiProtocol:
    """Cuts the byte stream into messages."""

    def __init__(self, banner: str = "") -> None:
        """With a `banner` given none is expected first, as in recorded bytes."""
        self.banner = banner
        self._rest = b""

    def receive_data(self, data: bytes) -> Iterator[Message]:
        """Wanted events and all responses in `data`, which may be cut anywhere.

        A header that comes twice keeps its last value, except `ChanVariable`, whose values are joined by line feeds.

        Raises:
            PbxProtocolError: No AMI banner, or a message above 256 KiB.
        """
        data = self._rest + data
        if not self.banner:
            first, newline, rest = data.partition(b"\r\n")
            if not newline and len(data) < 200:
                self._rest = data
                return
            self.banner, data = _banner(first), rest
        parts = data.split(_END)
        self._rest = parts.pop()
        if len(self._rest) > MAX_MESSAGE:
            raise PbxProtocolError(f"a message above {MAX_MESSAGE} bytes")
        for part in parts:
            if part.startswith(_EVENT):
                if part[7 : part.find(b"\r\n")] in WANTED:
                    yield _parse(part)
            elif part:
                yield _parse(part)


def _banner(line: bytes) -> str:
    if not line.startswith(BANNER):
        raise PbxProtocolError("the peer is no Asterisk manager interface")
    return line.decode("utf-8", "replace")


def _parse(raw: bytes) -> Message:
    if len(raw) > MAX_MESSAGE:
        raise PbxProtocolError(f"a message above {MAX_MESSAGE} bytes")
    message: Message = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, _, value = line.partition(": ")
        if name == "ChanVariable" and name in message:
            value = f"{message[name]}\n{value}"
        message[name] = value
    return message


def action(name: str, action_id: str, headers: Mapping[str, str | list[str]]) -> bytes:
    """An action on the wire.

    Raises:
        CommandError: `message_invalid`; a value holds a line break, which would smuggle in another header.
    """
    lines = [f"Action: {name}", f"ActionID: {action_id}"]
    for header, values in headers.items():
        lines += [f"{header}: {value}" for value in ([values] if isinstance(values, str) else values)]
    if any("\r" in line or "\n" in line for line in lines):
        raise CommandError(ErrorCode.MESSAGE_INVALID, "A value holds a line break.")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
