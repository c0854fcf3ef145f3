"""AMI events to facts: pure, one small state per channel.

Two findings shape it. Events of different channels come in another order from run to run, so nothing waits for a global
sequence. And Linkedid is no call id: it changes when calls are joined, so a channel keeps the one it was born with, and
every other one it is seen with is told as a join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from ringline_core.domain.facts import Device, Fact
from ringline_edge.adapters.asterisk import bridging, dialing, transfers
from ringline_edge.adapters.asterisk.channels import Channel, Naming, is_local
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.members import Members
from ringline_edge.adapters.asterisk.protocol import Message

Handler = Callable[[Floor, Message, int], Iterator[Fact]]
_SECONDS_DIGITS: Final = 10
"""Of seconds since the epoch, for some 260 years more."""

_GONE: Final = frozenset({"UNAVAILABLE", "INVALID"})
_MEMBER_EVENTS: Final = frozenset({"QueueMemberAdded", "QueueMemberRemoved", "QueueMemberPause"})


class Translator:
    """Turns the events of AMI sessions into facts.

    Attributes:
        naming: How this PBX names things.
        floor: What is up now.
        members: Who is logged on where.
        skipped: Events that lacked something they must have, or held no number where one must be; nothing came of them.
    """

    def __init__(self, naming: Naming, *, tells_requests: bool = False) -> None:
        """Knows no channel yet.

        Args:
            naming: How this PBX names things.
            tells_requests: HangupRequest events are known to come; else the first one tells.
        """
        self.naming = naming
        self._devices: dict[str, Device] = {}
        self.skipped = 0
        self.floor = Floor(naming, tells_requests=tells_requests)
        self.members = Members(naming)

    @property
    def channels(self) -> dict[str, Channel]:
        """Live channels by Uniqueid."""
        return self.floor.channels

    def place(self, channel: str, number: str, data: Mapping[str, str]) -> None:
        """We are about to originate: the own channel's id, whom it will dial, and the data it carries."""
        self.floor.placed[channel] = number, data

    def answer(self, channel: str, target: str) -> None:
        """We are about to originate a channel, by the id we give it, that picks up what rings on `target` by name."""
        rings = next((each.ident for each in self.channels.values() if each.name == target), None)
        if rings is not None:
            self.floor.answering[channel] = rings

    def unplace(self, channel: str) -> None:
        """Nothing came of it."""
        self.floor.placed.pop(channel, None)
        self.floor.answering.pop(channel, None)

    def attach(self, name: str, data: Mapping[str, str]) -> Iterator[Fact]:
        """Call data was set on a channel; the PBX itself announces only variables that its `channelvars` names."""
        for channel in self.channels.values():
            if channel.name == name:
                channel.attach(data)
                if channel.state is not None:
                    yield channel.leg()

    def translate(self, message: Message, now_ms: int) -> Iterator[Fact]:
        """The facts that one event brings.

        Args:
            message: A wanted event.
            now_ms: Used where the event carries no `Timestamp`.
        """
        event = message.get("Event", "")
        handler = _HANDLERS.get(event)
        try:
            if handler is not None:
                yield from handler(self.floor, message, moment(message, now_ms))
            elif event in _MEMBER_EVENTS:
                yield from self.members.changed(message, moment(message, now_ms))
            elif event == "DeviceStateChange":
                yield from self._device(message, moment(message, now_ms))
        except (KeyError, ValueError):
            self.skipped += 1

    @property
    def devices(self) -> tuple[Device, ...]:
        """All phones heard of."""
        return tuple(self._devices.values())

    def replace_devices(self, messages: Iterable[Message], now_ms: int) -> None:
        """Take a whole list of phones; one that did not change keeps its time."""
        found = [device for each in messages if (device := self.device(each, now_ms)) is not None]
        self._devices = {each.device: self._known(each) for each in found}

    def _known(self, device: Device) -> Device:
        known = self._devices.get(device.device)
        return known if known is not None and known.in_service == device.in_service else device

    def _device(self, message: Message, at_ms: int) -> Iterator[Device]:
        device = self.device(message, at_ms)
        if device is not None and self._known(device) is device:
            self._devices[device.device] = device
            yield device

    def device(self, message: Message, at_ms: int) -> Device | None:
        """A phone's state; None where the device is no station's phone."""
        name = message.get("Device", "")
        station = None if is_local(name) else self.naming.station(name)
        if station is None:
            return None
        return Device(station, name, message.get("State", "") not in _GONE, at_ms)


def moment(message: Message, now_ms: int) -> int:
    """When an event happened, in milliseconds, by the PBX's clock if it says so (`timestampevents`)."""
    stamp = message.get("Timestamp")
    if stamp is None:
        return now_ms
    seconds, _, fraction = stamp.partition(".")
    if not (seconds.isdecimal() and len(seconds) <= _SECONDS_DIGITS and (fraction or "0").isdecimal()):
        return now_ms
    return int(seconds) * 1000 + int(fraction[:3].ljust(3, "0"))


_HANDLERS: Final[dict[str, Handler]] = {
    "Newchannel": dialing.newchannel,
    "Newstate": dialing.newstate,
    "NewConnectedLine": dialing.connected_line,
    "DialBegin": dialing.dial_begin,
    "DialEnd": dialing.dial_end,
    "AgentCalled": dialing.agent_called,
    "QueueCallerJoin": dialing.caller_joins,
    "BridgeEnter": bridging.enter,
    "BridgeLeave": bridging.leave,
    "LocalBridge": bridging.local_bridge,
    "Hold": bridging.hold,
    "Unhold": bridging.unhold,
    "HangupRequest": bridging.hangup_request,
    "Hangup": bridging.hangup,
    "BlindTransfer": transfers.blind,
    "AttendedTransfer": transfers.attended,
    "Pickup": transfers.pickup,
}
