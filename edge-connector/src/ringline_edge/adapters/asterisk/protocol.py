"""The Asterisk Manager Interface on the wire: bytes in, messages out; nothing is built for what nobody wants.

A message is lines of `Name: value`, ended by an empty line. Nine of ten events on a busy system are of no use here, so
the event's name is looked at in the raw bytes, and only wanted messages are taken apart.
Source: Asterisk documentation, "Asterisk Manager Interface (AMI)".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode

Message = dict[str, str]
REPEATED: Final = "\r\n"
"""Stands between the values of a header that came more than once; no single value can hold it."""

MAX_MESSAGE: Final = 256 * 1024
MAX_LINE: Final = 64 * 1024
MAX_ACTION_LINE: Final = 1024
"""Asterisk reads an action line into a buffer of this size (`manager.c`)."""

MAX_BANNER: Final = 256
BANNER: Final = b"Asterisk Call Manager"
_END: Final = b"\r\n\r\n"
_EVENT: Final = b"Event: "
_VARIABLE: Final = "ChanVariable"

WANTED: Final = frozenset(
    b"Newchannel Newstate NewConnectedLine Hangup HangupRequest DialBegin DialEnd BridgeEnter BridgeLeave LocalBridge "
    b"Hold Unhold BlindTransfer AttendedTransfer Pickup AgentCalled QueueCallerJoin QueueMemberAdded "
    b"QueueMemberRemoved QueueMemberPause DeviceStateChange FullyBooted OriginateResponse CoreShowChannel "
    b"CoreShowChannelsComplete Status StatusComplete QueueMember QueueStatusComplete DeviceStateListComplete "
    b"ListDialplan ShowDialPlanComplete DBGetResponse DBGetComplete".split()
)
"""Events that mean something to the adapter; the items of the lists it asks for among them."""


class AmiProtocol:
    """Cuts the byte stream into messages.

    Attributes:
        banner: The first line, which tells the version of the interface; empty until it came.
    """

    def __init__(self, banner: str = "") -> None:
        """With a `banner` given none is expected first, as in recorded bytes."""
        self.banner = banner
        self._rest = bytearray()

    @property
    def buffered(self) -> int:
        """Bytes kept of a message that is not complete yet."""
        return len(self._rest)

    def receive_data(self, data: bytes) -> Iterator[Message]:
        """Wanted events and all responses in `data`, which may be cut anywhere.

        Of a header that comes twice the last value is kept; values of `ChanVariable` are joined by `REPEATED`.

        Raises:
            PbxProtocolError: No AMI banner, a line above 64 KiB or a message above 256 KiB.
        """
        rest = self._rest
        rest += data
        if not self.banner and not self._take_banner():
            return
        end = rest.rfind(_END)
        if end < 0:
            if len(rest) > MAX_MESSAGE:
                raise PbxProtocolError(f"a message of the PBX is above {MAX_MESSAGE} bytes")
            return
        whole = bytes(rest[:end])
        del rest[: end + len(_END)]
        for block in whole.split(_END):
            # A stray empty line may stand before a message, or, by the cut of the bytes, after one.
            raw = block if block.startswith(_EVENT) else block.strip(b"\r\n")
            if raw.startswith(_EVENT):
                line = raw.find(b"\r\n")
                if raw[len(_EVENT) : line if line > 0 else None] in WANTED:
                    yield _parse(raw)
            elif raw:
                yield _parse(raw)

    def _take_banner(self) -> bool:
        line, newline, _ = self._rest.partition(b"\r\n")
        if not line.startswith(BANNER[: len(line)]) or len(line) > MAX_BANNER:
            raise PbxProtocolError("the peer is no Asterisk manager interface")
        if not newline:
            return False
        if not line.startswith(BANNER):
            raise PbxProtocolError("the peer is no Asterisk manager interface")
        self.banner = line.decode("utf-8", "replace")
        del self._rest[: len(line) + 2]
        return True


def _parse(raw: bytes) -> Message:
    lines = raw.decode("utf-8", "replace").split("\r\n")
    if len(raw) > MAX_LINE:
        _check(raw, lines)
    message: Message = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name == _VARIABLE and name in message:
            value = f"{message[name]}{REPEATED}{value}"
        message[name] = value
    message.pop("", None)
    return message


def _check(raw: bytes, lines: Sequence[str]) -> None:
    if len(raw) > MAX_MESSAGE:
        raise PbxProtocolError(f"a message of the PBX is above {MAX_MESSAGE} bytes")
    if max(map(len, lines)) > MAX_LINE:
        raise PbxProtocolError(f"a line of the PBX is above {MAX_LINE} bytes")


def action(name: str, action_id: str, headers: Mapping[str, str | Sequence[str]]) -> bytes:
    """An action on the wire.

    Args:
        name: Of the action.
        action_id: Comes back in the response and in the events of a list.
        headers: A sequence of values makes the header repeat.

    Raises:
        CommandError: `message_invalid`: a control character, with which a value could smuggle in another header;
            `too_large`: a line that Asterisk would cut.
    """
    lines = [f"Action: {name}", f"ActionID: {action_id}"]
    for header, values in headers.items():
        lines += [f"{header}: {value}" for value in ([values] if isinstance(values, str) else values)]
    for line in lines:
        if any(character < " " or character == "\x7f" for character in line):
            raise CommandError(ErrorCode.MESSAGE_INVALID, "A value holds a line break or another control character.")
        if len(line.encode("utf-8", "surrogatepass")) > MAX_ACTION_LINE:
            raise CommandError(ErrorCode.TOO_LARGE, f"A value is above the {MAX_ACTION_LINE} bytes Asterisk reads.")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace")


def escaped(value: str) -> str:
    """A value for an Originate's `Variable`, which Asterisk splits at commas and unquotes."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace('"', '\\"')
