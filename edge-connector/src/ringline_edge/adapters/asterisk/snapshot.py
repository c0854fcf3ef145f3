"""What a connecting adapter asks the PBX for, and how the answers become a snapshot. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ringline_core.domain.facts import Joined, LegRole, Snapshot
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.asterisk.channels import Channel, is_local, known
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.translate import Translator

LISTS: Final[Mapping[str, str]] = {
    "QueueStatus": "QueueStatusComplete",
    "DeviceStateList": "DeviceStateListComplete",
    "Status": "StatusComplete",
    "CoreShowChannels": "CoreShowChannelsComplete",
}
"""Actions that give a list, and the events that end it. Channels come last: they age fastest."""

_BORN_AT: Final = re.compile(r"(?:^|-)(\d{9,11})\.\d+$")
_DIALLED_BY: Final = frozenset({"AppDial", "AppDial2", "AppQueue"})
_RINGING, _UP = "5", "6"


def take(translator: Translator, lists: Mapping[str, Iterable[Message]], now_ms: int) -> Snapshot:
    """Bring the translation into line with what the PBX lists, and say it all as one fact.

    What is known of a channel from before stays: it tells more than a list can (holds, times, transfers).

    Args:
        translator: The session's; live events that came meanwhile are to be given to it afterwards.
        lists: Items by action, as named in `LISTS`; a missing list counts as empty.
        now_ms: For what the PBX gives no time.
    """
    translator.members.replace(each for each in lists.get("QueueStatus", ()) if each["Event"] == "QueueMember")
    details = {each.get("Uniqueid", ""): each for each in lists.get("Status", ())}
    items = {each["Uniqueid"]: each for each in lists.get("CoreShowChannels", ()) if "Channel" in each}
    floor = translator.floor
    for channel in [each for each in floor.channels.values() if each.ident not in items]:
        list(floor.leave(channel))
        floor.forget(channel)
    joins = [join for item in items.values() for join in _take_channel(floor, item, details, now_ms)]
    _pair_locals(floor)
    for item in items.values():
        _take_bridge(floor, item)
    for channel in floor.channels.values():
        _see(floor, channel)
    devices = (translator.device(each, now_ms) for each in lists.get("DeviceStateList", ()))
    return Snapshot(
        now_ms,
        tuple(channel.leg() for channel in floor.channels.values() if channel.state is not None),
        tuple(joins),
        translator.members.agents(now_ms),
        tuple(device for device in devices if device is not None),
    )


def _take_channel(floor: Floor, item: Message, details: Mapping[str, Message], now_ms: int) -> Iterable[Joined]:
    channel = floor.find(item["Uniqueid"])
    if channel is None:
        channel = floor.born(item, _started(item, now_ms))
        _guess_part(floor, channel, item, details.get(channel.ident, {}))
    variables = item.get("ChanVariable")
    if variables:
        channel.take_variables(variables)
    linked = item.get("Linkedid")
    if linked and linked != channel.call:
        yield Joined(channel.call, linked, now_ms)


def _started(item: Message, now_ms: int) -> int:
    """Asterisk's own ids hold the second of birth; an id that somebody else made leaves the duration."""
    born = _BORN_AT.search(item["Uniqueid"])
    if born:
        return int(born[1]) * 1000
    parts = [int(part) for part in item.get("Duration", "").split(":") if part.isdecimal()]
    hours, minutes, seconds = parts if len(parts) == 3 else (0, 0, 0)
    return now_ms - ((hours * 60 + minutes) * 60 + seconds) * 1000


def _guess_part(floor: Floor, channel: Channel, item: Message, detail: Message) -> None:
    """A list does not tell who called whom; the running application does."""
    application = item.get("Application", "")
    channel.origin = application not in _DIALLED_BY
    if channel.origin:
        channel.dialed = known(detail.get("DNID")) or known(item.get("Exten"))
        # Dialled by the PBX itself, to be connected onwards: nobody dialled this channel's own number.
        channel.placed = channel.station is not None and channel.call == channel.ident and "DNID" in detail
        channel.placed = channel.placed and known(detail.get("DNID")) is None
    if application == "Queue":
        channel.queue = item.get("ApplicationData", "").partition(",")[0] or None
        if channel.queue:
            floor.queue_of[channel.call] = channel.queue
    if channel.origin and channel.station and channel.dialed and floor.naming.is_feature(channel.dialed):
        channel.role = LegRole.HELPER
    channel.state = _state(channel, item)


def _state(channel: Channel, item: Message) -> LegState | None:
    match item.get("ChannelState"):
        case "5":
            return LegState.INITIATED if channel.placed else LegState.ALERTING
        case "6" if item.get("BridgeId"):
            channel.answered_at_ms = channel.started_at_ms
            return LegState.CONNECTED
        case "6" if channel.queue and channel.station is None:
            return LegState.QUEUED
        case "6" if channel.origin and not channel.placed:
            channel.answered_at_ms = channel.started_at_ms
            return LegState.CONNECTED
        case _:
            return LegState.INITIATED if channel.origin else None


def _pair_locals(floor: Floor) -> None:
    halves = {channel.name: channel.ident for channel in floor.channels.values() if is_local(channel.name)}
    for name, ident in halves.items():
        other = halves.get(name[:-1] + "2") if name.endswith(";1") else None
        if other is not None:
            list(floor.pair(ident, other))


def _take_bridge(floor: Floor, item: Message) -> None:
    channel, bridge = floor.channels[item["Uniqueid"]], item.get("BridgeId", "")
    if not bridge:
        list(floor.leave(channel))
    elif floor.bridge_of.get(channel.ident) != bridge:
        list(floor.enter(channel, bridge))
    if bridge and channel.state is not LegState.HOLD:
        channel.state = LegState.CONNECTED
        channel.answered_at_ms = channel.answered_at_ms or channel.started_at_ms


def _see(floor: Floor, channel: Channel) -> None:
    """What a phone that rings takes over from its call."""
    if channel.station is not None and not channel.origin:
        channel.queue = channel.queue or floor.queue_of.get(channel.call)
