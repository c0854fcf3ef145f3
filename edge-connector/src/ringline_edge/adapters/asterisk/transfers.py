"""Calls are passed on: blind and attended transfer, pickup."""

from __future__ import annotations

from collections.abc import Iterator

from ringline_core.domain.facts import Fact, Joined, LegRole
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.asterisk.channels import Channel, known
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message

_NOT_YET_TALKING = (None, LegState.ALERTING)


def blind(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """BlindTransfer: by the phone, by its digits or by AMI; whoever rings next in this call rings because of it."""
    channel = floor.find(message.get("TransfererUniqueid"))
    if message.get("Result") != "Success" or channel is None:
        return
    channel.has_left, channel.transferred_to = True, known(message.get("Extension"))
    if channel.station is None:
        return
    transferee = floor.find(message.get("TransfereeUniqueid"))
    # After a consultation neither need be born in the Linkedid that the next one to ring gets.
    calls = {channel.call, transferee.call if transferee else channel.call, message.get("TransfererLinkedid", "")}
    calls = {call for call in calls if call in floor.in_call}
    floor.transferrer_of.update(dict.fromkeys(calls, channel.station))
    for each in list(floor.channels.values()):
        if each.call in calls and each.station not in (None, channel.station) and not each.origin:
            yield from _rings_because_of(channel, each)


def _rings_because_of(transferrer: Channel, target: Channel) -> Iterator[Fact]:
    """The target's first events may come before the transfer's own."""
    if target.state in _NOT_YET_TALKING and target.started_at_ms >= (transferrer.answered_at_ms or 0):
        target.transferred_by = transferrer.station
        if target.state is not None:
            yield target.leg()


def attended(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """AttendedTransfer: by the phone two channels of the transferring station leave; by AMI it is one and the same."""
    first = floor.find(message.get("OrigTransfererUniqueid"))
    second = floor.find(message.get("SecondTransfererUniqueid"))
    if message.get("Result") != "Success" or first is None or second is None:
        return
    if first.call != second.call:
        yield Joined(first.call, second.call, at_ms, "transfer")
    targets = _targets(floor, message, first, second)
    to = next((each.station or each.own.number for each in targets), None) or second.dialed
    for channel in (first, second):
        channel.has_left, channel.transferred_to = True, to
    if first.station:
        floor.transferrer_of[second.call] = first.station
    transferee = floor.find(message.get("TransfereeUniqueid"))
    if transferee is not None and transferee.station and not any(each.station for each in targets):
        # A call with a colleague was joined with a customer's: it is the colleague who gets the customer.
        transferee.transferred_by, transferee.changed_at_ms = first.station, at_ms
        if transferee.state is not None:
            yield transferee.leg()
    for each in targets:
        each.transferred_by, each.consulted_by = first.station, None
        each.changed_at_ms = at_ms if each.answered_at_ms is not None else None
        # Until it is answered nothing but this tells the target's phone who waits for it.
        each.remote = transferee.own if transferee and each.answered_at_ms is None else None
        if each.state is not None:
            yield each.leg()


def _targets(floor: Floor, message: Message, first: Channel, second: Channel) -> list[Channel]:
    """Who was consulted: the target itself, or whoever still rings at the consulting channel."""
    target = floor.find(message.get("TransferTargetUniqueid"))
    if target is not None and target.role is LegRole.PARTY:
        return [target]
    if first is second:
        return [each for each in floor.channels.values() if each.consulted_by == first.ident]
    dialled = [floor.find(ident) for ident in sorted(second.dialing)]
    return [each for each in dialled if each is not None]


def pickup(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Pickup: one channel takes what rings at another one; from the bridge that follows on the picker is a party."""
    picker, target = floor.of(message), floor.find(message.get("TargetUniqueid"))
    if picker is None or target is None:
        return
    target.is_picked_up, target.picker = True, picker.station or picker.own.number
    picker.picks_up, picker.origin, picker.placed = True, False, False
    if picker.answers:
        # From here on it rings in the other one's stead, so that nothing seems to end at the phone.
        picker.role, picker.state, picker.data = LegRole.PARTY, LegState.ALERTING, target.data
    picker.queue, picker.dialed = target.queue, target.dialed
    picker.ended_by = picker.answered_at_ms = None
    if picker.answers:
        yield picker.leg()
    else:
        yield Joined(picker.call, target.call, at_ms, "pickup")
