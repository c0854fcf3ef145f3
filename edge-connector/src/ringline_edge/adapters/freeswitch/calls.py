"""Channels come up, ring, are answered, hear each other, hold each other, and hang up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.domain.facts import Fact, Joined, LegRole
from ringline_core.wire.codes import By, LegState
from ringline_edge.adapters.freeswitch import endings
from ringline_edge.adapters.freeswitch.channels import VARIABLE, Channel
from ringline_edge.adapters.freeswitch.floor import Floor
from ringline_edge.adapters.freeswitch.protocol import Message, text

TRANSFER_SOURCE: Final = VARIABLE + "transfer_source"
HANGUP: Final = "hangup"
"""Answer-State of a channel that is being hung up."""


def create(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_CREATE: a caller is seen at once, somebody who is called only when it rings there."""
    channel = floor.of(message, at_ms)
    if channel is not None and channel.origin and channel.state is None:
        channel.state = LegState.INITIATED
        channel.by = By.AGENT_PHONE if channel.station and not channel.placed else None
        yield channel.fact()


def progress(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_PROGRESS and CHANNEL_PROGRESS_MEDIA: it rings there; of a caller they say that it rings elsewhere."""
    channel = floor.of(message, at_ms)
    if channel is None:
        return
    yield from _seen(channel)
    if channel.origin:
        yield from _learns(floor, channel, message)
    elif channel.state is None:
        channel.state = LegState.ALERTING
        yield channel.fact()


def _learns(floor: Floor, caller: Channel, message: Message) -> Iterator[Fact]:
    """Call data that a dial plan gave to a caller is for whoever rings, too."""
    data = floor.naming.data(message)
    if data.items() <= caller.data.items():
        return
    caller.attach(data)
    yield caller.fact()
    for each in floor.channels.values():
        if each.call == caller.call and each.state is LegState.ALERTING:
            each.attach(data)
            yield each.fact()


def callstate(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_CALLSTATE: the one event whose Channel-Call-State is the new one; it carries no variables."""
    channel = floor.find(text(message, "Unique-ID"))
    if channel is None or text(message, "Answer-State") == HANGUP:
        return
    match text(message, "Channel-Call-State"):
        case "RINGING" | "EARLY" if channel.state is None and not channel.origin:
            channel.state = LegState.ALERTING
            yield channel.fact()
        case "HELD":
            yield from _held(channel, at_ms)


def answer(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_ANSWER: of a caller it says that the far end, or an application of the dial plan, has answered."""
    channel = floor.of(message, at_ms)
    if channel is None:
        return
    if channel.origin:
        yield from _learns(floor, channel, message)
    channel.up_at_ms = channel.up_at_ms or at_ms
    if channel.placed and channel.answered_at_ms is None:
        # Its phone was picked up, and now the PBX dials for it: it talks once it is bridged.
        channel.state = LegState.INITIATED
        yield channel.fact()
    elif channel.state is not LegState.QUEUED:
        by = By.REMOTE if channel.origin else By.AGENT_PHONE if channel.station else None
        channel.talks(at_ms, by)
        yield channel.fact()


def bridge(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_BRIDGE: comes once, on one of the two, and names both."""
    one = floor.find(text(message, "Bridge-A-Unique-ID")) or floor.of(message, at_ms)
    two = floor.find(text(message, "Bridge-B-Unique-ID") or text(message, "Other-Leg-Unique-ID"))
    if one is None or two is None or one is two:
        return
    one.attach(floor.naming.data(message))
    one.transfer_source = text(message, TRANSFER_SOURCE)
    yield from mixed(floor, one, two, at_ms)


def mixed(floor: Floor, one: Channel, two: Channel, at_ms: int) -> Iterator[Fact]:
    """Two channels hear each other from now on."""
    mix = mix_of(one.ident, two.ident)
    if one.bridge == two.bridge == mix:
        return
    picks_up = _picks_up(one) or _picks_up(two)
    for channel, mate in ((one, two), (two, one)):
        channel.bridge, channel.mates = mix, (mate.ident,)
        channel.changed_at_ms = at_ms if channel.answered_at_ms is not None else None
        channel.talks(at_ms, By.REMOTE if channel.origin else By.AGENT_PHONE if channel.station else None)
        channel.attach(mate.data)
        channel.meets(mate)
    transferred = _arrives(floor, one, two)
    if one.call != two.call:
        yield Joined(one.call, two.call, at_ms, "pickup" if picks_up else "transfer" if transferred else "same")
    yield one.fact()
    yield two.fact()


def _picks_up(channel: Channel) -> bool:
    """A feature code that leads to somebody was a pickup, and its phone is a party."""
    if channel.role is LegRole.HELPER and channel.station is not None:
        channel.role, channel.origin = LegRole.PARTY, False
        return True
    return False


def _arrives(floor: Floor, one: Channel, two: Channel) -> bool:
    """Whoever a transferred channel speaks to first speaks to it because of the transfer; whether it was one."""
    arrives = False
    for channel, mate in ((one, two), (two, one)):
        station = floor.transferrer_of.get(channel.ident)
        if station is not None and mate.station != station:
            del floor.transferrer_of[channel.ident]
            mate.transferred_by, mate.consult_of = mate.transferred_by or station, None
            arrives = True
    return arrives


def unbridge(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_UNBRIDGE: may come after one of the two has been bridged with somebody else; then it is of the past."""
    one = floor.find(text(message, "Bridge-A-Unique-ID")) or floor.find(text(message, "Unique-ID"))
    if one is None or one.bridge is None:
        return
    other = text(message, "Bridge-B-Unique-ID")
    gone = mix_of(one.ident, other) if other is not None else one.bridge
    apart = [each for each in floor.channels.values() if each.bridge == gone]
    source = text(message, TRANSFER_SOURCE)
    reached: list[Channel] = []
    if source is not None and source != one.transfer_source:
        one.transfer_source = source
        reached = endings.let_go(floor, one, source, [each for each in apart if each is not one])
    for channel in apart:
        channel.bridge = None
        yield channel.fact()
    yield from (each.fact() for each in reached if each.state is not None)


def mix_of(one: str, two: str) -> str:
    """The name of the mix of two channels, whichever came first."""
    return "+".join(sorted((one, two)))


def hold(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_HOLD: comes on the holder's channel; shape [G] of the common header set, no capture exists."""
    channel = floor.of(message, at_ms)
    if channel is not None:
        yield from _held(channel, at_ms)


def _held(channel: Channel, at_ms: int) -> Iterator[Fact]:
    if channel.state is LegState.CONNECTED:
        channel.state, channel.held_at_ms = LegState.HOLD, at_ms
        channel.by = By.AGENT_PHONE if channel.station else By.REMOTE
        yield channel.fact()


def unhold(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_UNHOLD, once it is certain that no hang-up caused it."""
    channel = floor.of(message, at_ms)
    if channel is None or channel.state is not LegState.HOLD:
        return
    channel.state, channel.held_at_ms, channel.changed_at_ms = LegState.CONNECTED, None, at_ms
    channel.by = By.AGENT_PHONE if channel.station else By.REMOTE
    yield channel.fact()


def renamed(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_UUID: a channel goes on under another Unique-ID."""
    old, new = text(message, "Old-Unique-ID"), text(message, "Unique-ID")
    if old is not None and new is not None and old != new:
        floor.renamed(old, new)
    yield from ()


def hangup(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """CHANNEL_HANGUP_COMPLETE: the last event of a channel."""
    ident = text(message, "Unique-ID")
    channel = floor.find(ident)
    if channel is None:
        return
    reached = endings.take_transfer(floor, channel, message)
    ended = endings.ended(floor, channel, message, at_ms)
    channel.bridge = None
    if channel.state is not None:
        yield channel.fact(ended)
    floor.forget(channel)
    for each in reached:
        if each.state is not None:
            yield each.fact()


def waits(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """callcenter::info member-queue-start: a caller waits in a queue, which has answered."""
    channel = floor.find(text(message, "CC-Member-Session-UUID"))
    if channel is None:
        return
    channel.queue = text(message, "CC-Queue")
    if channel.station is None or channel.bridge is None:
        channel.state = LegState.QUEUED
    yield channel.fact()


def _seen(channel: Channel) -> Iterator[Fact]:
    """A caller whose CHANNEL_CREATE was missed."""
    if channel.origin and channel.state is None:
        channel.state = LegState.INITIATED
        yield channel.fact()
