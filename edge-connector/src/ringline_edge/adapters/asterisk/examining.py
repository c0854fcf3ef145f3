"""What Asterisk lists of one station, asked and read as `ringline-edge doctor` needs it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

from ringline_core.errors import CommandError, PbxAuthError
from ringline_edge.adapters.asterisk import holds
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import Member, Members
from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.session import AmiSession
from ringline_edge.adapters.asterisk.translate import Translator
from ringline_edge.adapters.examination import Examination, PhoneWord, Seat

_WORDS: Final[Mapping[str, PhoneWord]] = {
    "0": "unknown",
    "1": "free",
    "2": "in_use",
    "3": "in_use",
    "4": "invalid",
    "5": "unavailable",
    "6": "ringing",
    "7": "ringing",
    "8": "in_use",
}
"""AST_DEVICE_* of a queue member's Status."""

_FAMILIES: Final = {"dnd": "DND", "forward": "CF"}
"""Where FreePBX and the dial plans like it keep these in Asterisk's own database, by station."""


async def examine(
    session: AmiSession, station: str, translator: Translator, config: AsteriskConfig, *, held: bool
) -> Examination | None:
    """Ask for all that has to do with one station; None where no phone and no queue knows it."""
    items = await session.collect("QueueStatus", "QueueStatusComplete") or []
    phones = [device for device in translator.devices if device.station == station]
    places = seats(station, items, translator.naming)
    if not phones and not places:
        return None
    database = await _database(session, station)
    return Examination(
        in_service=any(device.in_service for device in phones) if phones else None,
        seats=places,
        dnd="dnd" in database,
        forward=database.get("forward"),
        talks=any(channel.station == station for channel in translator.channels.values()),
        held=held,
        lacks=lacks(station, await _hint(session, station, config), translator.members.of(station), config),
    )


async def _hint(session: AmiSession, station: str, config: AsteriskConfig) -> Message:
    try:
        return await session.ask("ExtensionState", holds.question(station, config))
    except CommandError:
        return {}


async def _database(session: AmiSession, station: str) -> dict[str, str]:
    """Do not disturb and forwarding, where they are set and this user may ask."""
    found = {}
    for name, headers in questions(station).items():
        with contextlib.suppress(PbxAuthError):
            items = await session.collect("DBGet", "DBGetComplete", headers) or []
            if items and items[0].get("Val"):
                found[name] = items[0]["Val"]
    return found


def seats(station: str, items: Sequence[Message], naming: Naming) -> tuple[Seat, ...]:
    """The station's places in queues, by the items of a QueueStatus."""
    members = Members(naming)
    listed = [each for each in items if each.get("Event") == "QueueMember"]
    known = [(members.take(each), each) for each in listed]
    rivals: dict[str, list[int]] = {}
    for owner, each in known:
        if owner != station and each.get("Paused") != "1" and _word(each) in ("free", "unknown"):
            rivals.setdefault(each["Queue"], []).append(_penalty(each))
    words = {each["Queue"]: _word(each) for owner, each in known if owner == station}
    return tuple(
        _seat(member, words[queue], min(rivals.get(queue, ()), default=None))
        for queue, member in sorted(members.of(station).items())
    )


def _seat(member: Member, word: PhoneWord, rivals: int | None) -> Seat:
    watches = member.state_interface or member.interface
    return Seat(member.queue, member.paused, member.reason, member.penalty, word, watches, rivals)


def _word(item: Message) -> PhoneWord:
    return _WORDS.get(item.get("Status", ""), "unknown")


def _penalty(item: Message) -> int:
    value = item.get("Penalty", "")
    return int(value) if value.isdecimal() else 0


def lacks(station: str, hint: Message, members: Mapping[str, Member], config: AsteriskConfig) -> str:
    """Why no hold can be made at the station; empty where one can.

    Args:
        station: Which.
        hint: The answer to `holds.question`; empty where the strategy needs none.
        members: The station's.
        config: The adapter's.
    """
    if config.hold.strategy != "device_state":
        return ""
    try:
        holds.question(station, config)
        holds.check(station, hint, members, config)
    except CommandError as err:
        return err.text
    return ""


def questions(station: str) -> Mapping[str, Mapping[str, str]]:
    """Headers of the DBGet that tells do not disturb and forwarding, by what they tell."""
    return {name: {"Family": family, "Key": station} for name, family in _FAMILIES.items()}
