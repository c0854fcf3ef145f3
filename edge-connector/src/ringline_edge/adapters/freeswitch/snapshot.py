"""What is up already: the PBX's lists, and each channel's dump, brought into line with what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ringline_core.domain.facts import Device, Joined, LegRole, Snapshot
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.freeswitch import calls
from ringline_edge.adapters.freeswitch.actions import is_word
from ringline_edge.adapters.freeswitch.channels import VARIABLE, Channel, stamp
from ringline_edge.adapters.freeswitch.floor import MEMBER, Floor
from ringline_edge.adapters.freeswitch.protocol import Message, text
from ringline_edge.adapters.freeswitch.translate import Translator
from ringline_edge.adapters.port import Capabilities

_PEER, _CONFERENCE = VARIABLE + "bridge_to", VARIABLE + "conference_name"
_SIDE, _APPLICATION = VARIABLE + "cc_side", VARIABLE + "current_application"


def rows(output: str) -> list[Mapping[str, Any]]:
    """The rows of a `show ... as json`.

    Raises:
        ValueError: It is none.
    """
    listed = json.loads(output, strict=False).get("rows", [])
    if not isinstance(listed, list):
        raise ValueError("rows")  # noqa: TRY004
    return [row for row in listed if isinstance(row, dict)]


def idents(listed: Iterable[Mapping[str, Any]]) -> list[str]:
    """Unique-IDs of a list of channels; one that FreeSWITCH would not take back as an argument is left out."""
    return [ident for row in listed if is_word(ident := str(row.get("uuid", "")))]


def table(output: str) -> list[dict[str, str]]:
    """The rows of a `callcenter_config ... list`: a line of names, and lines of values, parted by bars."""
    lines = [line for line in output.splitlines() if line and not line.startswith(("+OK", "-ERR"))]
    names = lines[0].split("|") if lines else []
    return [dict(zip(names, line.split("|"), strict=False)) for line in lines[1:]]


def dumped(output: str) -> Message | None:
    """A channel's `uuid_dump ... json`; None where it is over meanwhile."""
    try:
        message = json.loads(output, strict=False)
    except ValueError:
        return None
    return message if isinstance(message, dict) and text(message, "Unique-ID") else None


def align(translator: Translator, dumps: Iterable[Message], now_ms: int) -> tuple[Joined, ...]:
    """Make the floor what the dumps say, oldest channel first; what is known of a channel beyond them stays.

    Raises:
        KeyError: A dump names no channel.
    """
    floor = translator.floor
    listed = {ident: message for message in dumps if (ident := text(message, "Unique-ID")) is not None}
    floor.keep(listed)
    for message in listed.values():
        channel = floor.of(message, now_ms)
        if channel is not None:
            channel.attach(floor.naming.data(message))
            _take_state(channel, message, now_ms)
    return tuple(_mixes(floor, listed, now_ms))


def _take_state(channel: Channel, message: Message, now_ms: int) -> None:
    """A dump is no event: its Channel-Call-State is the present one."""
    answered = text(message, "Answer-State") == "answered"
    callstate = text(message, "Channel-Call-State")
    if not answered:
        _take_ringing(channel, message, callstate)
        return
    since = stamp(message, "Caller-Channel-Answered-Time") or channel.started_at_ms
    channel.up_at_ms = channel.up_at_ms or since
    mixed = text(message, _PEER) is not None or _conference(message) is not None
    if channel.placed and channel.answered_at_ms is None and not mixed:
        channel.state = LegState.INITIATED
    elif text(message, _SIDE) == "member" and not mixed and text(message, _APPLICATION) == "callcenter":
        channel.state = LegState.QUEUED
    else:
        channel.answered_at_ms = channel.answered_at_ms or since
        channel.state = LegState.CONNECTED
        if callstate == "HELD":
            channel.state = LegState.HOLD
            channel.held_at_ms = channel.held_at_ms or stamp(message, "Caller-Channel-Last-Hold") or now_ms
        else:
            channel.held_at_ms = None


def _take_ringing(channel: Channel, message: Message, callstate: str | None) -> None:
    rings = callstate in ("RINGING", "EARLY") or any(
        stamp(message, f"Caller-Channel-{each}-Time") for each in ("Progress", "Progress-Media")
    )
    if channel.origin:
        channel.state = LegState.INITIATED
    elif rings:
        channel.state = LegState.ALERTING


def _conference(message: Message) -> str | None:
    """The conference a channel is in; the variable alone outlasts it."""
    return text(message, _CONFERENCE) if text(message, _APPLICATION) == "conference" else None


def _mixes(floor: Floor, listed: Mapping[str, Message], now_ms: int) -> Iterator[Joined]:
    for ident, message in listed.items():
        channel, peer = floor.find(ident), floor.find(text(message, _PEER))
        conference = _conference(message)
        if channel is None:
            continue
        if peer is not None:
            yield from _pair(channel, peer, now_ms)
        elif conference is not None:
            channel.bridge = conference_mix(conference)
        else:
            channel.bridge = None
    member_calls = ((floor.find(ident), floor.find(text(message, MEMBER))) for ident, message in listed.items())
    for channel, member in member_calls:
        if channel is not None and member is not None and channel.call != member.call:
            yield Joined(channel.call, member.call, now_ms)


def _pair(channel: Channel, peer: Channel, now_ms: int) -> Iterator[Joined]:
    channel.bridge, channel.mates = calls.mix_of(channel.ident, peer.ident), (peer.ident,)
    channel.role = LegRole.PARTY if channel.station is not None else channel.role
    if channel.call != peer.call:
        yield Joined(channel.call, peer.call, now_ms)


def conference_mix(name: str) -> str:
    """The mix of everybody in a conference."""
    return f"conference:{name}"


def picture(
    translator: Translator,
    joins: tuple[Joined, ...],
    devices: tuple[Device, ...],
    capabilities: Capabilities,
    now_ms: int,
) -> Snapshot:
    """Everything as facts."""
    legs = tuple(channel.fact() for channel in translator.floor.channels.values() if channel.state is not None)
    offered = {"": capabilities.default, **capabilities.stations}
    return Snapshot(now_ms, legs, joins, translator.agents.agents(now_ms), devices, offered)
