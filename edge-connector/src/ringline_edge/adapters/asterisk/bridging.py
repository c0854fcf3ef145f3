"""Channels hear each other, hold each other, and hang up."""

from __future__ import annotations

from collections.abc import Iterator

from ringline_core.domain.facts import Fact, Joined, LegRole
from ringline_core.wire.codes import By, LegState
from ringline_edge.adapters.asterisk import consults, endings
from ringline_edge.adapters.asterisk.channels import Channel
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message


def enter(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """BridgeEnter: who is in one bridge is in one story, whatever its Linkedid says."""
    channel = floor.of(message)
    if channel is None:
        return
    yield from floor.seen(channel, message, at_ms)
    bridge = message["BridgeUniqueid"]
    yield from _give_way(floor, message.get("SwapUniqueid"), bridge)
    yield from _legs(floor.enter(channel, bridge))
    yield from consults.moved(floor, channel, at_ms)
    if channel.picks_up:
        channel.role, channel.picks_up = LegRole.PARTY, False
    if channel.role is LegRole.PARTY:
        for mate in floor.parties_in(bridge):
            if mate.call != channel.call:
                yield Joined(mate.call, channel.call, at_ms, "conference")
    _talks(channel, at_ms)
    yield channel.leg()


def _talks(channel: Channel, at_ms: int) -> None:
    if channel.state is not LegState.HOLD:
        channel.state = LegState.CONNECTED
    if channel.answered_at_ms is not None:
        channel.changed_at_ms = at_ms
    else:
        channel.answered_at_ms = at_ms
        channel.by = By.REMOTE if channel.origin else By.AGENT_PHONE if channel.station else None


def _give_way(floor: Floor, swapped: str | None, bridge: str) -> Iterator[Fact]:
    """A transfer puts one channel into another one's place; the other one's own BridgeLeave may come later."""
    gone = floor.find(swapped)
    if gone is not None:
        yield from _legs(floor.leave(gone, bridge))
        if gone.state is not None:
            yield gone.leg()


def leave(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """BridgeLeave: also the last chance to learn a Linkedid that changed in silence."""
    channel = floor.of(message)
    if channel is None:
        return
    yield from floor.seen(channel, message, at_ms)
    bridge = message["BridgeUniqueid"]
    if floor.bridge_of.get(channel.ident) != bridge:
        return
    yield from consults.leaves(floor, channel, message, at_ms)
    # The three of a consultation leave bridges without ending anything.
    if not (floor.tells_requests or channel.has_left or consults.moving(floor, channel)):
        _others_end(floor, channel)
    yield from _legs(floor.leave(channel, bridge))
    if channel.state is not None:
        yield channel.leg()


def _others_end(floor: Floor, channel: Channel) -> None:
    """For the other one of two the end comes from the other side, unless it asks for it itself, too."""
    mates = [each for each in floor.parties_in(channel.bridge) if each is not channel]
    if len(mates) == 1 and channel.ended_by is None and mates[0].ended_by is None:
        mates[0].ended_by = By.REMOTE


def local_bridge(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """LocalBridge: two halves become one wire, and the bridges at its ends one mix."""
    one, two = floor.find(message.get("LocalOneUniqueid")), floor.find(message.get("LocalTwoUniqueid"))
    if one is not None and two is not None and one is not two:
        yield from _legs(floor.pair(one.ident, two.ident))


def hold(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Hold: comes on the holder's channel."""
    channel = floor.of(message)
    if channel is not None and channel.state is LegState.CONNECTED:
        channel.state, channel.held_at_ms, channel.by = LegState.HOLD, at_ms, By.AGENT_PHONE
        yield channel.leg()


def unhold(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Unhold: Asterisk says it also before every transfer, held or not; without a hold it means nothing."""
    channel = floor.of(message)
    if channel is not None and channel.state is LegState.HOLD:
        channel.state, channel.held_at_ms, channel.by = LegState.CONNECTED, None, By.AGENT_PHONE
        channel.changed_at_ms = at_ms
        yield channel.leg()


def hangup_request(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """HangupRequest: this channel's own side hung up. What an action or the PBX ends has none."""
    floor.tells_requests = True
    channel = floor.of(message)
    if channel is not None:
        _others_end(floor, channel)
        channel.ended_by = By.AGENT_PHONE
    yield from ()


def hangup(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Hangup: the last event of a channel."""
    channel = floor.of(message)
    if channel is None:
        return
    yield from _legs(floor.leave(channel))
    yield from consults.hangs_up(floor, channel, at_ms)
    if channel.state is not None:
        yield channel.leg(endings.ended(floor, channel, message, at_ms))
    floor.forget(channel)


def _legs(channels: Iterator[Channel]) -> Iterator[Fact]:
    for channel in channels:
        if channel.state is not None:
            yield channel.leg()
