"""Channels come up, ring, dial and wait in queues."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ringline_core.domain.facts import Fact, Joined, LegRole, Party
from ringline_core.wire.codes import By, LegState
from ringline_edge.adapters.asterisk import consults
from ringline_edge.adapters.asterisk.channels import Channel, is_local, known, party
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message

DOWN, RING, RINGING, UP = "0", "4", "5", "6"
"""ChannelState: 4 means that this channel dials, 5 that it is being rung."""

_DIALLED_OUT: Final = re.compile(r"(\+?\d+)@")


def newchannel(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Newchannel: always the first event of a channel."""
    ident = message["Uniqueid"]
    if ident in floor.channels:
        return
    channel = floor.born(message, at_ms)
    if channel.consult is not None:
        yield from consults.born(floor, channel, message, at_ms)
    elif ident in floor.answering:
        channel.answers, channel.role = floor.answering.pop(ident), LegRole.HELPER
    elif message.get("ChannelState") == RING:
        channel.origin = True
        channel.dialed = known(message.get("Exten"))
        channel.state = LegState.INITIATED
        channel.by = By.AGENT_PHONE if channel.station else None
        if channel.station and channel.dialed and floor.naming.is_feature(channel.dialed):
            channel.role = LegRole.HELPER
        yield channel.leg()
    elif channel.station is not None and channel.call == ident:
        # It is rung, and in a call of its own: the PBX calls this phone to connect it onwards.
        channel.placed, channel.origin, channel.state = True, True, LegState.INITIATED
        if ident in floor.placed:
            channel.dialed, data = floor.placed.pop(ident)
            channel.attach(data)
        yield channel.leg()


def newstate(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """Newstate: ringing or up."""
    channel = floor.of(message)
    if channel is None:
        return
    yield from floor.seen(channel, message, at_ms)
    match message.get("ChannelState"):
        case "5" if channel.state is None:
            yield from _rings(floor, channel)
        case "6":
            channel.up_at_ms = channel.up_at_ms or at_ms
            yield from _is_up(channel, at_ms)


def _rings(floor: Floor, channel: Channel) -> Iterator[Fact]:
    channel.state = LegState.ALERTING
    channel.queue = channel.queue or floor.queue_of.get(channel.call)
    channel.transferred_by = channel.transferred_by or floor.transferrer_of.get(channel.call)
    yield channel.leg()


def _is_up(channel: Channel, at_ms: int) -> Iterator[Fact]:
    """Up is no agent's answer: a queue answers its callers itself, and a rung phone talks only once it is bridged."""
    if channel.answered_at_ms is not None or channel.state is LegState.QUEUED:
        return
    if channel.station is None or (channel.origin and not channel.placed):
        channel.state, channel.answered_at_ms = LegState.CONNECTED, at_ms
        channel.by = By.REMOTE if channel.station or channel.consult else None
        yield channel.leg()


def connected_line(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """NewConnectedLine: often the first event with the new Linkedid of a joined call."""
    channel = floor.of(message)
    if channel is not None:
        yield from floor.seen(channel, message, at_ms)


def dial_begin(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """DialBegin: one channel dials another; without a caller the PBX itself does."""
    dialled = floor.find(message.get("DestUniqueid"))
    caller = floor.of(message)
    if dialled is None or caller is None:
        return
    caller.dialing.add(dialled.ident)
    if caller.attached:
        dialled.attach(caller.attached)
    # What the dial plan gave a caller from outside must be known before it rings; a phone's own page can wait.
    is_news = caller.take_variables(message.get("ChanVariable", "")) and caller.outside
    if caller.dialed is None and known(message.get("Exten")):
        caller.dialed, is_news = message["Exten"], True
    if is_news and caller.state is not None:
        yield caller.leg()
    if dialled.station is not None and dialled.dialed is None:
        dialled.dialed = caller.dialed
    if dialled.call != caller.call:
        yield Joined(dialled.call, caller.call, at_ms)
    if dialled.outside:
        _goes_out(caller, dialled, message)
    if is_local(caller.name):
        _is_consulted(floor, dialled, message)
    if dialled.state is not None:
        yield dialled.leg()


def _goes_out(caller: Channel, dialled: Channel, message: Message) -> None:
    """The trunk's channel stands for whom was dialled."""
    if dialled.own.number in (None, caller.own.number):
        sent = _DIALLED_OUT.search(message.get("DialString", ""))
        shown = party(sent[1] if sent else caller.dialed, None)
        dialled.own = Party(shown.number, dialled.own.name, shown.presentation)
    dialled.state = dialled.state or LegState.ALERTING


def _is_consulted(floor: Floor, dialled: Channel, message: Message) -> None:
    """A Local half that dials for a phone whose caller waits on hold: AMI's own attended transfer.

    It has no call of its own, so the dialled phone is told whom it really speaks to.
    """
    asking = known(message.get("DestConnectedLineNum"))
    if asking is None or dialled.station is None:
        return
    for channel in floor.channels.values():
        if channel.station == asking and channel.call == dialled.call and channel.state is LegState.HOLD:
            dialled.consulted_by, dialled.remote = channel.ident, channel.own
            return


def dial_end(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """DialEnd: how a dial ended; a queue says so twice, and the first word counts."""
    ident, status = message.get("DestUniqueid", ""), message.get("DialStatus", "")
    dialled, caller = floor.find(ident), floor.of(message)
    if dialled is not None and dialled.dial_status is None:
        dialled.dial_status = status
        consults.dial_ends(floor, dialled, status)
    if caller is not None:
        caller.dialing.discard(ident)
        if status != "ANSWER":
            caller.far_status = status
        yield from floor.seen(caller, message, at_ms)


def agent_called(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """AgentCalled: which queue rings this phone. Local members are named by their half, the phone learns it by call."""
    channel, queue = floor.find(message.get("DestUniqueid")), message.get("Queue")
    if channel is not None and queue and channel.queue != queue:
        channel.queue = queue
        if channel.state is not None:
            yield channel.leg()


def caller_joins(floor: Floor, message: Message, at_ms: int) -> Iterator[Fact]:
    """QueueCallerJoin: a caller waits."""
    channel = floor.of(message)
    if channel is None:
        return
    yield from floor.seen(channel, message, at_ms)
    channel.queue = message.get("Queue")
    if channel.queue:
        channel.queued_at_ms = channel.queued_at_ms or at_ms
        floor.queue_of[channel.call] = channel.queue
    if channel.station is None or channel.answered_at_ms is None:
        channel.state = LegState.QUEUED
    yield channel.leg()
