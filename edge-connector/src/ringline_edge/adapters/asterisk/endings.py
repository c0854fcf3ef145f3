"""Why a channel ended, from the scattered things that AMI says about it."""

from __future__ import annotations

from ringline_core.domain.facts import Ended, Left
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.asterisk.channels import Channel

_BY_Q850: dict[str, Cause] = {
    "1": Cause.NOT_FOUND,
    "3": Cause.NOT_FOUND,
    "17": Cause.BUSY,
    "18": Cause.NO_ANSWER,
    "19": Cause.NO_ANSWER,
    "20": Cause.NOT_FOUND,
    "21": Cause.REJECTED,
    "26": Cause.ANSWERED_ELSEWHERE,
    "28": Cause.NOT_FOUND,
    "27": Cause.NETWORK,
    "34": Cause.NETWORK,
    "38": Cause.NETWORK,
    "41": Cause.NETWORK,
    "42": Cause.NETWORK,
    "102": Cause.TIMEOUT,
}
"""Cause of the Hangup event; Q.850 values as Asterisk's causes.h names them."""

_BY_DIAL: dict[str, Cause] = {
    "BUSY": Cause.BUSY,
    "NOANSWER": Cause.NO_ANSWER,
    "CONGESTION": Cause.NETWORK,
    "CHANUNAVAIL": Cause.NOT_FOUND,
}
_REFUSED = ("486", "600", "603")


def ended(channel: Channel, hangup: dict[str, str], at_ms: int, picker: str | None, far: str | None) -> Ended:
    """How a channel's leg ended.

    Args:
        channel: As it was.
        hangup: The Hangup event.
        at_ms: When.
        picker: Station that picked the ringing call up, if one did.
        far: How the channel that this one dialled ended, by its DialEnd.
    """
    if channel.has_left:
        return Ended(at_ms, Left.TRANSFERRED, Cause.NORMAL, _by_of(channel), channel.transferred_to)
    if channel.picker is not None:
        return Ended(at_ms, Left.DIVERTED, Cause.PICKED_UP, picker or By.REMOTE, picker)
    if channel.answered_at_ms is not None:
        return Ended(at_ms, cause=Cause.NORMAL, by=_by_of(channel))
    if channel.state is LegState.ALERTING:
        return _unanswered(channel, hangup, at_ms)
    return _failed(channel, hangup, at_ms, far)


def _by_of(channel: Channel) -> By:
    """Nobody asked: the PBX ended it by itself, or by an action of the manager interface."""
    return By.AGENT_PHONE if channel.has_left else channel.asked_to_hang_up or By.PBX


def _unanswered(channel: Channel, hangup: dict[str, str], at_ms: int) -> Ended:
    cause = hangup.get("Cause", "0")
    if cause == "26":
        return Ended(at_ms, Left.DIVERTED, Cause.ANSWERED_ELSEWHERE, By.REMOTE)
    if cause in ("17", "21") or hangup.get("TechCause", "").startswith(_REFUSED) or channel.dial_status == "BUSY":
        by = By.PBX if channel.asked_to_hang_up is By.PBX else By.AGENT_PHONE
        return Ended(at_ms, cause=Cause.REJECTED, by=by)
    if channel.dial_status == "NOANSWER":
        return Ended(at_ms, cause=Cause.NO_ANSWER, by=By.PBX)
    return Ended(at_ms, cause=Cause.ABANDONED, by=By.REMOTE)


def _failed(channel: Channel, hangup: dict[str, str], at_ms: int, far: str | None) -> Ended:
    code = hangup.get("Cause", "0")
    if channel.placed and not channel.dialing and far is None and code in ("17", "21"):
        return Ended(at_ms, cause=Cause.REJECTED, by=By.AGENT_PHONE)
    cause = _BY_DIAL.get(far or "") or _BY_Q850.get(code)
    if cause is None:
        return Ended(at_ms, cause=Cause.NORMAL, by=_by_of(channel))
    return Ended(at_ms, cause=cause, by=By.REMOTE)
