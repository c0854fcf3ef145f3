"""AMI events to facts: pure, one small state per channel.

Two findings shape it. Events of different channels come in another order from run to run, so nothing waits for a global
sequence. And Linkedid is no call id: it changes when calls are joined, so a channel keeps the one it was born with, and
every other one it is seen with is told as a join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from ringline_core.domain.facts import Agent, Device, Fact, Joined, LegRole, Party
from ringline_core.wire.codes import By, LegState
from ringline_edge.adapters.asterisk import endings
from ringline_edge.adapters.asterisk.channels import Channel, Naming, data_of, known, party
from ringline_edge.adapters.asterisk.members import Members
from ringline_edge.adapters.asterisk.protocol import Message

DOWN, RING, RINGING, UP = "0", "4", "5", "6"
"""ChannelState: 4 means that this channel dials, 5 that it is being rung."""

Handler = Callable[["Translator", Message, int], Iterator[Fact]]


class Translator:
    """Turns the events of one AMI session into facts."""

    def __init__(self, naming: Naming) -> None:
        """Knows no channel yet."""
        self._naming = naming
        self._channels: dict[str, Channel] = {}
        self._by_bridge: dict[str, set[str]] = {}
        self._queue_of: dict[str, str] = {}
        self._transferrer_of: dict[str, str] = {}
        self._placed: dict[str, str] = {}
        self._far: dict[str, str] = {}
        self._hung_up_by: dict[str, str] = {}
        self.members = Members(naming)

    @property
    def channels(self) -> dict[str, Channel]:
        """Live channels by Uniqueid."""
        return self._channels

    def place(self, channel: str, number: str) -> None:
        """We are about to originate: the own channel's id, and whom it will dial."""
        self._placed[channel] = number

    def translate(self, message: Message, now_ms: int) -> Iterator[Fact]:
        """The facts that one event brings.

        Args:
            message: A wanted event.
            now_ms: Used where the event carries no `Timestamp`.
        """
        handler = _HANDLERS.get(message.get("Event", ""))
        if handler is not None:
            stamp = message.get("Timestamp")
            yield from handler(self, message, int(float(stamp) * 1000) if stamp else now_ms)

    def _newchannel(self, message: Message, at_ms: int) -> Iterator[Fact]:
        ident = message["Uniqueid"]
        if ident in self._channels:
            return
        channel = self.born(message, at_ms)
        if message.get("ChannelState") == RING:
            channel.origin = True
            channel.dialed = known(message.get("Exten"))
            channel.state = LegState.INITIATED
            if channel.station and channel.dialed and self._naming.is_feature(channel.dialed):
                channel.role = LegRole.HELPER
            yield channel.leg()
        elif channel.placed:
            channel.state = LegState.INITIATED
            yield channel.leg()

    def born(self, message: Message, at_ms: int) -> Channel:
        """A channel that was not known before, from any event that describes it."""
        ident, name = message["Uniqueid"], message["Channel"]
        helper = self._naming.is_helper(name)
        station = None if helper else self._naming.station(name)
        channel = Channel(
            channel=ident,
            name=name,
            call=message.get("Linkedid") or ident,
            started_at_ms=at_ms,
            station=station,
            role=LegRole.HELPER if helper else LegRole.PARTY,
            own=party(message.get("CallerIDNum"), message.get("CallerIDName")),
            outside=station is None and not helper,
        )
        if station is not None:
            channel.own = Party(station, channel.own.name, channel.own.presentation)
        # A station's channel that is rung and begins a call of its own: the PBX calls it to connect it onwards.
        if station is not None and channel.call == ident and message.get("ChannelState") == DOWN:
            channel.placed, channel.origin, channel.dialed = True, True, self._placed.pop(ident, None)
        self._channels[ident] = channel
        return channel

    def _newstate(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is None:
            return
        yield from self._seen(channel, message, at_ms)
        match message["ChannelState"]:
            case "5":
                yield from self._ringing(channel)
            case "6":
                yield from self._up(channel, at_ms)

    def _ringing(self, channel: Channel) -> Iterator[Fact]:
        if channel.state is not None:
            return
        channel.state = LegState.ALERTING
        channel.queue = channel.queue or self._queue_of.get(channel.call)
        channel.transferred_by = channel.transferred_by or self._transferrer_of.get(channel.call)
        yield channel.leg()

    def _up(self, channel: Channel, at_ms: int) -> Iterator[Fact]:
        """Answered by the PBX itself, which is no agent's answer; stations count as talking once they are bridged."""
        if channel.station is None:
            if channel.state in (None, LegState.INITIATED, LegState.ALERTING):
                channel.state = LegState.CONNECTED
                channel.answered_at_ms = channel.answered_at_ms or at_ms
                yield channel.leg()
        elif channel.origin and not channel.placed and not channel.dialing and channel.answered_at_ms is None:
            channel.state, channel.answered_at_ms = LegState.CONNECTED, at_ms
            yield channel.leg()

    def _dial_begin(self, message: Message, at_ms: int) -> Iterator[Fact]:
        dialled = self._channels.get(message.get("DestUniqueid", ""))
        caller = self._channels.get(message.get("Uniqueid", ""))
        if caller is not None:
            caller.dialing.add(message.get("DestUniqueid", ""))
            caller.dialed = caller.dialed or known(message.get("Exten"))
        if dialled is None:
            return
        if dialled.outside and caller is not None and dialled.own.number in (None, caller.own.number):
            dialled.own = Party(caller.dialed, None, dialled.own.presentation)
        if caller is not None and dialled.call != caller.call:
            yield Joined(dialled.call, caller.call, at_ms)
        told = self._transferrer_of.get(dialled.call)
        if told and dialled.transferred_by is None and not dialled.placed:
            dialled.transferred_by = told
        if dialled.outside and dialled.state is None:
            dialled.state = LegState.ALERTING
        if dialled.state is not None:
            yield dialled.leg()

    def _dial_end(self, message: Message, _at_ms: int) -> Iterator[Fact]:
        ident, status = message.get("DestUniqueid", ""), message.get("DialStatus", "")
        dialled = self._channels.get(ident)
        if dialled is not None and dialled.dial_status is None:
            dialled.dial_status = status
        caller = self._channels.get(message.get("Uniqueid", ""))
        if caller is not None:
            caller.dialing.discard(ident)
            if status != "ANSWER":
                self._far[caller.channel] = status
        yield from ()

    def _bridge_enter(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is None:
            return
        yield from self._seen(channel, message, at_ms)
        bridge = message["BridgeUniqueid"]
        mates = self._by_bridge.setdefault(bridge, set())
        yield from self._swapped(mates, message.get("SwapUniqueid"))
        for mate in [self._channels[each] for each in mates if each in self._channels]:
            if mate.call != channel.call:
                yield Joined(mate.call, channel.call, at_ms, "conference")
        mates.add(channel.channel)
        channel.bridge = bridge
        if channel.state is not LegState.HOLD:
            channel.state = LegState.CONNECTED
        if channel.answered_at_ms is None:
            channel.answered_at_ms = at_ms
            channel.by = By.AGENT_PHONE if channel.station and not channel.origin else None
        channel.dial_status = channel.dial_status or "ANSWER"
        yield channel.leg()

    def _swapped(self, mates: set[str], swapped: str | None) -> Iterator[Fact]:
        """A transfer puts one channel into another one's place; its own BridgeLeave may come later."""
        left = self._channels.get(swapped or "")
        if left is not None and left.channel in mates:
            mates.discard(left.channel)
            left.bridge = None
            if left.state is not None:
                yield left.leg()

    def _bridge_leave(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is None:
            return
        yield from self._seen(channel, message, at_ms)
        bridge = message["BridgeUniqueid"]
        mates = self._by_bridge.get(bridge, set())
        mates.discard(channel.channel)
        if not mates:
            self._by_bridge.pop(bridge, None)
        if channel.bridge == bridge:
            channel.bridge = None
            if channel.state is not None:
                yield channel.leg()

    def _hold(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None and channel.state is LegState.CONNECTED:
            channel.state, channel.held_at_ms, channel.by = LegState.HOLD, at_ms, By.AGENT_PHONE
            yield channel.leg()

    def _unhold(self, message: Message, _at_ms: int) -> Iterator[Fact]:
        """Asterisk says this also before every transfer, held or not: without a hold it means nothing."""
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None and channel.state is LegState.HOLD:
            channel.state, channel.held_at_ms, channel.by = LegState.CONNECTED, None, By.AGENT_PHONE
            yield channel.leg()

    def _blind_transfer(self, message: Message, _at_ms: int) -> Iterator[Fact]:
        if message.get("Result") != "Success":
            return
        channel = self._channels.get(message["TransfererUniqueid"])
        if channel is not None:
            channel.has_left, channel.transferred_to = True, known(message.get("Extension"))
            if channel.station:
                self._transferrer_of[channel.call] = channel.station
                transferee = self._channels.get(message.get("TransfereeUniqueid", ""))
                if transferee is not None:
                    self._transferrer_of[transferee.call] = channel.station
        yield from ()

    def _attended_transfer(self, message: Message, at_ms: int) -> Iterator[Fact]:
        if message.get("Result") != "Success":
            return
        first = self._channels.get(message["OrigTransfererUniqueid"])
        second = self._channels.get(message["SecondTransfererUniqueid"])
        target = self._channels.get(message.get("TransferTargetUniqueid", ""))
        if first is None or second is None:
            return
        if first.call != second.call:
            yield Joined(first.call, second.call, at_ms, "transfer")
        to = target.station or target.own.number if target else second.dialed
        for channel in (first, second):
            channel.has_left, channel.transferred_to = True, to
        if first.station:
            self._transferrer_of[second.call] = first.station
            for each in self._transferees(second, target):
                each.transferred_by = first.station
                if each.state is not None:
                    yield each.leg()

    def _transferees(self, second: Channel, target: Channel | None) -> list[Channel]:
        """Who was consulted: the target, or whoever still rings at the consulting channel."""
        if target is not None:
            return [target]
        return [self._channels[each] for each in second.dialing if each in self._channels]

    def _pickup(self, message: Message, at_ms: int) -> Iterator[Fact]:
        picker = self._channels.get(message["Uniqueid"])
        target = self._channels.get(message["TargetUniqueid"])
        if picker is None or target is None:
            return
        target.picker = picker.channel
        picker.role = LegRole.PARTY
        picker.origin = False
        picker.queue, picker.dialed = target.queue, target.dialed
        yield Joined(picker.call, target.call, at_ms, "pickup")
        picker.state = LegState.CONNECTED
        picker.answered_at_ms, picker.by = at_ms, By.AGENT_PHONE
        yield picker.leg()

    def _agent_called(self, message: Message, _at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message.get("DestUniqueid", ""))
        if channel is not None and channel.queue is None:
            channel.queue = message.get("Queue")
            if channel.state is not None:
                yield channel.leg()

    def _caller_join(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is None:
            return
        yield from self._seen(channel, message, at_ms)
        channel.queue = message.get("Queue")
        if channel.queue:
            self._queue_of[channel.call] = channel.queue
        channel.state = LegState.QUEUED
        yield channel.leg()

    def _connected_line(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            yield from self._seen(channel, message, at_ms)

    def _hangup_request(self, message: Message, _at_ms: int) -> Iterator[Fact]:
        channel = self._channels.get(message["Uniqueid"])
        if channel is not None:
            if message["Event"] == "HangupRequest":
                self._hung_up_by.setdefault(channel.call, channel.channel)
            elif channel.asked_to_hang_up is None:
                channel.asked_to_hang_up = By.PBX
        yield from ()

    def _hangup(self, message: Message, at_ms: int) -> Iterator[Fact]:
        channel = self._channels.pop(message["Uniqueid"], None)
        if channel is None:
            return
        for mates in self._by_bridge.values():
            mates.discard(channel.channel)
        picker = self._channels.get(channel.picker or "")
        far = self._far.pop(channel.channel, None)
        first = self._hung_up_by.get(channel.call)
        if first is not None:
            channel.asked_to_hang_up = By.AGENT_PHONE if first == channel.channel else By.REMOTE
        if channel.state is not None:
            yield channel.leg(endings.ended(channel, message, at_ms, picker.station if picker else None, far))
        if not any(each.call == channel.call for each in self._channels.values()):
            self._queue_of.pop(channel.call, None)
            self._transferrer_of.pop(channel.call, None)
            self._hung_up_by.pop(channel.call, None)

    def _seen(self, channel: Channel, message: Message, at_ms: int) -> Iterator[Fact]:
        """What any channel event tells besides its own matter: another Linkedid, the configured variables."""
        linked = message.get("Linkedid")
        if linked and linked != channel.call:
            yield Joined(channel.call, linked, at_ms)
        variables = message.get("ChanVariable")
        if variables:
            channel.data = data_of(variables)

    def _member(self, message: Message, at_ms: int) -> Iterator[Agent]:
        yield from self.members.changed(message, at_ms)

    def _device(self, message: Message, at_ms: int) -> Iterator[Device]:
        name = message.get("Device", "")
        station = None if name.startswith("Local/") else self._naming.station(name)
        if station is not None:
            state = message.get("State", "")
            yield Device(station, name, state not in ("UNAVAILABLE", "INVALID"), at_ms)


_HANDLERS: Final[dict[str, Handler]] = {
    "Newchannel": Translator._newchannel,
    "Newstate": Translator._newstate,
    "DialBegin": Translator._dial_begin,
    "DialEnd": Translator._dial_end,
    "BridgeEnter": Translator._bridge_enter,
    "BridgeLeave": Translator._bridge_leave,
    "Hold": Translator._hold,
    "Unhold": Translator._unhold,
    "BlindTransfer": Translator._blind_transfer,
    "AttendedTransfer": Translator._attended_transfer,
    "Pickup": Translator._pickup,
    "AgentCalled": Translator._agent_called,
    "QueueCallerJoin": Translator._caller_join,
    "NewConnectedLine": Translator._connected_line,
    "HangupRequest": Translator._hangup_request,
    "SoftHangupRequest": Translator._hangup_request,
    "Hangup": Translator._hangup,
    "QueueMemberAdded": Translator._member,
    "QueueMemberRemoved": Translator._member,
    "QueueMemberPause": Translator._member,
    "DeviceStateChange": Translator._device,
}
