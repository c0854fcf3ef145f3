"""Why a channel ended, from the scattered things that AMI says about it."""

from __future__ import annotations

from typing import Final

from ringline_core.domain.facts import Ended, Left, LegRole
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.asterisk.channels import Channel
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message

_BY_Q850: Final[dict[str, Cause]] = {
    "1": Cause.NOT_FOUND,
    "3": Cause.NOT_FOUND,
    "17": Cause.BUSY,
    "18": Cause.NO_ANSWER,
    "19": Cause.NO_ANSWER,
    "20": Cause.NOT_FOUND,
    "21": Cause.REJECTED,
    "26": Cause.ANSWERED_ELSEWHERE,
    "27": Cause.NETWORK,
    "28": Cause.NOT_FOUND,
    "34": Cause.NETWORK,
    "38": Cause.NETWORK,
    "41": Cause.NETWORK,
    "42": Cause.NETWORK,
    "102": Cause.TIMEOUT,
}
"""Cause of the Hangup event; Q.850 values as Asterisk's causes.h names them."""

_BY_DIAL: Final[dict[str, Cause]] = {
    "BUSY": Cause.BUSY,
    "NOANSWER": Cause.NO_ANSWER,
    "CONGESTION": Cause.NETWORK,
    "CHANUNAVAIL": Cause.NOT_FOUND,
}
_REFUSED: Final = ("486", "600", "603")
_BUSY, _REJECTED, _ELSEWHERE = "17", "21", "26"


def ended(floor: Floor, channel: Channel, hangup: Message, at_ms: int) -> Ended:
    """How a channel's leg ended.

    Args:
        floor: What else is up.
        channel: As it was.
        hangup: The Hangup event.
        at_ms: When.
    """
    if channel.has_left:
        return Ended(at_ms, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PHONE, channel.transferred_to)
    if channel.is_picked_up:
        return Ended(at_ms, Left.DIVERTED, Cause.PICKED_UP, channel.picker or By.REMOTE, channel.picker)
    if channel.rings_on:
        return Ended(at_ms, Left.DIVERTED, Cause.FORWARDED, By.PBX, channel.station)
    if channel.answered_at_ms is not None:
        return Ended(at_ms, cause=Cause.NORMAL, by=floor.ended_by(channel))
    if channel.state is LegState.ALERTING:
        return _unanswered(floor, channel, hangup, at_ms)
    return _failed(floor, channel, hangup, at_ms)


def _unanswered(floor: Floor, channel: Channel, hangup: Message, at_ms: int) -> Ended:
    cause = hangup.get("Cause", "0")
    taker = _taker(floor, channel)
    if cause == _ELSEWHERE or (taker is not None and cause not in (_BUSY, _REJECTED)):
        peer = taker.station or taker.own.number if taker else None
        return Ended(at_ms, Left.DIVERTED, Cause.ANSWERED_ELSEWHERE, peer or By.REMOTE, peer)
    if cause in (_BUSY, _REJECTED) or hangup.get("TechCause", "").startswith(_REFUSED) or channel.dial_status == "BUSY":
        return Ended(at_ms, cause=Cause.REJECTED, by=By.AGENT_PHONE)
    if channel.dial_status == "NOANSWER":
        return Ended(at_ms, cause=Cause.NO_ANSWER, by=By.PBX)
    return Ended(at_ms, cause=Cause.ABANDONED, by=By.REMOTE)


def _taker(floor: Floor, loser: Channel) -> Channel | None:
    """The phone of the same call that was picked up while this one rang."""
    for each in floor.channels.values():
        others_phone = each.call == loser.call and each.role is LegRole.PARTY and not each.origin and each is not loser
        if others_phone and (each.up_at_ms or each.answered_at_ms or 0) >= loser.started_at_ms:
            return each
    return None


def _failed(floor: Floor, channel: Channel, hangup: Message, at_ms: int) -> Ended:
    """An own call that reached nobody."""
    code = hangup.get("Cause", "0")
    if channel.placed and channel.far_status is None and code in (_BUSY, _REJECTED):
        return Ended(at_ms, cause=Cause.REJECTED, by=By.AGENT_PHONE)
    cause = _BY_DIAL.get(channel.far_status or "") or _BY_Q850.get(code)
    if cause is None:
        return Ended(at_ms, cause=Cause.NORMAL, by=floor.ended_by(channel))
    return Ended(at_ms, cause=cause, by=By.REMOTE)
