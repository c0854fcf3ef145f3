"""Log on, log off, ready and not ready as AMI actions on queue members. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk.actions import Action, Situation
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import LOGGED_OFF, Member

NOT_READY: Final = "ringline:agent"
"""Pause reason where the agent gave none."""

OURS: Final = "ringline:"


def log_on(command: EdgeCommand, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    """Make the station a paused member of exactly the command's queues; static ones of others count as logged off.

    Raises:
        CommandError: `not_allowed`, the command names no queue.
    """
    if not command.queues:
        raise CommandError(ErrorCode.NOT_ALLOWED, "This agent is mapped to no queue.")
    for queue, member in now.members.items():
        if queue not in command.queues and not is_off(member):
            yield remove(member)
    for queue in command.queues:
        present = now.members.get(queue)
        if present is None:
            yield _add(queue, command, config)
        elif not present.paused or present.reason == LOGGED_OFF:
            yield _pause(present, NOT_READY)


def _add(queue: str, command: EdgeCommand, config: AsteriskConfig) -> Action:
    interface = config.member.format(station=command.station)
    headers = {
        "Queue": queue,
        "Interface": interface,
        "MemberName": command.name or config.member_name.format(station=command.station),
        "Penalty": "0",
        "Paused": "true",
        "Reason": NOT_READY,
    }
    if config.state_interface:
        headers["StateInterface"] = config.state_interface.format(station=command.station)
    undo = Action("QueueRemove", {"Queue": queue, "Interface": interface})
    return Action("QueueAdd", headers, undo, settled=("already there",))


def remove(member: Member) -> Action:
    """Take a member out of its queue; one that cannot be taken out is paused and marked."""
    if member.is_static:
        return _pause(member, LOGGED_OFF)
    where = {"Queue": member.queue, "Interface": member.interface}
    return Action("QueueRemove", where, settled=("not there", "not in queue"))


def is_off(member: Member) -> bool:
    """Whether a member that cannot be taken out stands for one that is: paused and marked."""
    return member.is_static and member.paused and member.reason == LOGGED_OFF


def _pause(member: Member, reason: str) -> Action:
    return Action("QueuePause", {**_member(member), "Paused": "true", "Reason": reason}, _as_it_is(member))


def _unpause(member: Member) -> Action:
    return Action("QueuePause", {**_member(member), "Paused": "false"}, _as_it_is(member))


def _as_it_is(member: Member) -> Action:
    state = {"Paused": "true", "Reason": member.reason} if member.paused else {"Paused": "false"}
    return Action("QueuePause", {**_member(member), **state})


def _member(member: Member) -> dict[str, str]:
    return {"Queue": member.queue, "Interface": member.interface}


def set_state(command: EdgeCommand, now: Situation) -> Iterator[Action]:
    """Pausing leaves alone what is paused already, and unpausing what others paused while something of ours is.

    While a hold of ours pauses the station, Ready only hands its queues over to that hold.

    Raises:
        CommandError: `not_logged_on`, the station is in no queue.
    """
    members = [member for member in now.members.values() if not is_off(member)]
    if not members:
        raise CommandError(ErrorCode.NOT_LOGGED_ON, "This station is in no queue.")
    paused = [member for member in members if member.paused and not member.is_held]
    if command.state == "ready":
        ours = [member for member in paused if is_ours(member, now)]
        for member in ours or paused:
            yield _pause(member, now.hold) if now.hold else _unpause(member)
        return
    for member in members:
        if not member.paused or is_ours(member, now):
            yield _pause(member, command.reason or NOT_READY)


def is_ours(member: Member, now: Situation) -> bool:
    """Whether a command of ours paused this member, as far as its reason tells."""
    return member.reason.startswith(OURS) or now.paused_by_us.get(member.queue) == member.reason
