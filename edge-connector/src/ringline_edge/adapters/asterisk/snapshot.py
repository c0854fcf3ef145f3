"""What a connecting adapter asks the PBX for, and how the answers become a snapshot. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ringline_core.domain.facts import Joined, LegRole, Snapshot
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.asterisk import consults
from ringline_edge.adapters.asterisk.channels import Channel, is_local, known
from ringline_edge.adapters.asterisk.consult_lists import recover
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.translate import Translator
from ringline_edge.adapters.port import Capabilities

LISTS: Final[Mapping[str, str]] = {
    "QueueStatus": "QueueStatusComplete",
    "DeviceStateList": "DeviceStateListComplete",
    "Status": "StatusComplete",
    "CoreShowChannels": "CoreShowChannelsComplete",
}
"""Actions that give a list, and the events that end it. Channels come last: they age fastest."""

_BORN_AT: Final = re.compile(r"(?:^|-)(\d{9,11})\.\d+$")
_ORIGINATED: Final = "AppDial2"
_DIALLED_BY: Final = frozenset({"AppDial", _ORIGINATED, "AppQueue"})
"""What runs on a channel that is being rung; the second also on one that Originate rings."""

_DIGITS: Final = 5


def align(translator: Translator, lists: Mapping[str, Iterable[Message]], now_ms: int) -> tuple[Joined, ...]:
    """Bring the translation into line with what the PBX lists.

    What is known of a channel from before stays: it tells more than a list can (holds, times, transfers).

    Args:
        translator: The session's; live events that came meanwhile are to be given to it afterwards.
        lists: Items by action, as named in `LISTS`; a missing list counts as empty.
        now_ms: For what the PBX gives no time.

    Returns:
        Calls that the lists show to be one.
    """
    translator.members.replace(each for each in lists.get("QueueStatus", ()) if each.get("Event") == "QueueMember")
    translator.replace_devices(lists.get("DeviceStateList", ()), now_ms)
    details = {each.get("Uniqueid", ""): each for each in lists.get("Status", ())}
    items = {each["Uniqueid"]: each for each in lists.get("CoreShowChannels", ()) if _is_whole(each)}
    floor = translator.floor
    for channel in [each for each in floor.channels.values() if each.ident not in items]:
        list(floor.leave(channel))
        list(consults.hangs_up(floor, channel, now_ms))
        floor.forget(channel)
    joins = [join for item in items.values() for join in _take_channel(floor, item, details, now_ms)]
    _pair_locals(floor)
    for item in items.values():
        _take_bridge(floor, item)
    joins += recover(floor, items, now_ms)
    for agent in [each.agent for each in floor.consults.values()]:
        list(consults.moved(floor, agent, now_ms))
    for channel in floor.channels.values():
        _see(floor, channel)
    return tuple(joins)


def picture(translator: Translator, joins: tuple[Joined, ...], offered: Capabilities, now_ms: int) -> Snapshot:
    """Everything the translation knows now, as one fact."""
    return Snapshot(
        now_ms,
        tuple(channel.leg() for channel in translator.channels.values() if channel.state is not None),
        joins,
        translator.members.agents(now_ms),
        translator.devices,
        {"": offered.default, **offered.stations},
    )


def _is_whole(item: Message) -> bool:
    return "Uniqueid" in item and "Channel" in item


def _take_channel(floor: Floor, item: Message, details: Mapping[str, Message], now_ms: int) -> Iterable[Joined]:
    channel = floor.find(item["Uniqueid"])
    if channel is None:
        channel = floor.born(item, _started(item, now_ms))
        _guess_part(floor, channel, item, details.get(channel.ident, {}))
    channel.take_variables(item.get("ChanVariable", ""))
    linked = item.get("Linkedid")
    if linked and linked != channel.call:
        yield Joined(channel.call, linked, now_ms)


def _started(item: Message, now_ms: int) -> int:
    """Asterisk's own ids hold the second of birth; an id that somebody else made leaves the duration."""
    born = _BORN_AT.search(item["Uniqueid"])
    if born:
        return int(born[1]) * 1000
    parts = [int(part) for part in item.get("Duration", "").split(":") if part.isdecimal() and len(part) <= _DIGITS]
    hours, minutes, seconds = parts if len(parts) == 3 else (0, 0, 0)
    return now_ms - ((hours * 60 + minutes) * 60 + seconds) * 1000


def _guess_part(floor: Floor, channel: Channel, item: Message, detail: Message) -> None:
    """A list does not tell who called whom; the running application does."""
    application = item.get("Application", "")
    own_call = channel.station is not None and channel.call == channel.ident
    rung_by_pbx = own_call and application == _ORIGINATED
    channel.origin = rung_by_pbx or application not in _DIALLED_BY
    if rung_by_pbx:
        # Whom it is for shows only as the number that the phone was given to display.
        channel.placed, channel.dialed = True, known(item.get("ConnectedLineNum"))
    elif channel.origin:
        channel.dialed = known(detail.get("DNID")) or known(item.get("Exten"))
        # Connected onwards by now: nobody dialled this channel's own number.
        channel.placed = own_call and "DNID" in detail and known(detail.get("DNID")) is None
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
