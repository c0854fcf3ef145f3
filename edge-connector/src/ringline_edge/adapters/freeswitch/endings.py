"""Why a channel ended: by its hang-up cause, by who sent the BYE, and by what it transferred."""

from __future__ import annotations

from typing import Final

from ringline_core.domain.facts import Ended, Left, LegRole
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.freeswitch.channels import VARIABLE, Channel
from ringline_edge.adapters.freeswitch.floor import Floor
from ringline_edge.adapters.freeswitch.protocol import Message, text

_CAUSES: Final[dict[str, Cause]] = {
    "UNALLOCATED_NUMBER": Cause.NOT_FOUND,
    "NO_ROUTE_TRANSIT_NET": Cause.NOT_FOUND,
    "NO_ROUTE_DESTINATION": Cause.NOT_FOUND,
    "INVALID_NUMBER_FORMAT": Cause.NOT_FOUND,
    "NUMBER_CHANGED": Cause.NOT_FOUND,
    "SUBSCRIBER_ABSENT": Cause.NOT_FOUND,
    "USER_NOT_REGISTERED": Cause.NOT_FOUND,
    "INCOMPATIBLE_DESTINATION": Cause.NOT_FOUND,
    "USER_BUSY": Cause.BUSY,
    "NO_USER_RESPONSE": Cause.NO_ANSWER,
    "NO_ANSWER": Cause.NO_ANSWER,
    "ALLOTTED_TIMEOUT": Cause.NO_ANSWER,
    "PROGRESS_TIMEOUT": Cause.NO_ANSWER,
    "CALL_REJECTED": Cause.REJECTED,
    "DECLINE": Cause.REJECTED,
    "USER_CHALLENGE": Cause.REJECTED,
    "LOSE_RACE": Cause.ANSWERED_ELSEWHERE,
    "PICKED_OFF": Cause.PICKED_UP,
    "DESTINATION_OUT_OF_ORDER": Cause.NETWORK,
    "NETWORK_OUT_OF_ORDER": Cause.NETWORK,
    "NORMAL_TEMPORARY_FAILURE": Cause.NETWORK,
    "NORMAL_CIRCUIT_CONGESTION": Cause.NETWORK,
    "SWITCH_CONGESTION": Cause.NETWORK,
    "REQUESTED_CHAN_UNAVAIL": Cause.NETWORK,
    "GATEWAY_DOWN": Cause.NETWORK,
    "MEDIA_TIMEOUT": Cause.NETWORK,
    "RECOVERY_ON_TIMER_EXPIRE": Cause.TIMEOUT,
}
"""Names of `switch_channel.c` that say more than that a call was over."""

_REFUSED: Final = frozenset({"USER_BUSY", "CALL_REJECTED", "DECLINE"})
_TAKEN: Final = frozenset({"PICKED_OFF", "ORIGINATOR_CANCEL"})
_NORMAL: Final = "NORMAL_CLEARING"
_TRANSFERS: Final = frozenset({"BLIND_TRANSFER", "ATTENDED_TRANSFER"})
_DISPOSITION: Final = VARIABLE + "endpoint_disposition"
_TO, _DESTINATION = VARIABLE + "transfer_to", VARIABLE + "transfer_destination"
_SIDE: Final = VARIABLE + "sip_hangup_disposition"
_FAILED: Final = (VARIABLE + "originate_failed_cause", VARIABLE + "last_bridge_hangup_cause")


def take_transfer(floor: Floor, channel: Channel, message: Message) -> list[Channel]:
    """Learn from a phone's last event that it transferred its call (REFER); a page's transfers are known before.

    Returns:
        Who is told that they were transferred to.
    """
    told = text(message, _DISPOSITION) in _TRANSFERS or text(message, "Hangup-Cause") in _TRANSFERS
    if channel.has_left or channel.answered_at_ms is None or not (told or _goes_on(floor, channel)):
        return []
    channel.has_left = True
    how, _, where = (text(message, _DESTINATION) or text(message, _TO) or "").partition(":")
    peer = floor.find(where)
    far = floor.far(channel)
    if how in ("att", "satt") and peer is not None:
        channel.transferred_to = _name(peer)
    elif how == "blind":
        channel.transferred_to = where or None
    elif far is not None and channel.origin:
        channel.transferred_to = _name(far)  # its own call, in which it asked whoever has the other one now
    elif far is not None and far.bridge is not None:
        channel.transferred_to = next((_name(each) for each in floor.parties_in(far.bridge) if each is not far), None)
    if far is None or channel.station is None:
        return []
    return sent_away(floor, far, channel.station)


def let_go(floor: Floor, lead: Channel, source: str, mates: list[Channel]) -> list[Channel]:
    """A bridge ended because its leading channel was sent elsewhere, as the phone at its other end asked.

    Args:
        floor: What is up.
        lead: The channel that goes on.
        source: Its `transfer_source`: when, its id, how, and to where; [G], read in `switch_ivr_session_transfer`.
        mates: Whom it spoke to.

    Returns:
        Who is told that they were transferred to.
    """
    _, blind, where = source.partition(":bl_xfer:")
    to, _, rest = where.partition("/")
    reached: list[Channel] = []
    if not blind or rest.endswith("inline"):
        return reached
    for channel in mates:
        if channel.station is not None and not channel.has_left:
            channel.has_left, channel.transferred_to = True, to
            reached += sent_away(floor, lead, channel.station)
    return reached


def _goes_on(floor: Floor, channel: Channel) -> bool:
    """Whom a phone spoke to speaks to somebody else already, without that phone: a transfer of whatever kind."""
    far = floor.far(channel)
    if channel.station is None or far is None or far.bridge is None or far.bridge == channel.bridge:
        return False
    others = [each for each in floor.parties_in(far.bridge) if each is not far]
    return bool(others) and all(each.station != channel.station for each in others)


def sent_away(floor: Floor, channel: Channel, station: str) -> list[Channel]:
    """A channel goes on without the station that spoke to it: whoever it reaches next is told so.

    Returns:
        Whom it has reached already, talking or ringing.
    """
    mates = [each for each in floor.parties_in(channel.bridge) if each is not channel and each.station != station]
    reached = mates or [each for each in floor.rung_in(channel.call) if each.station != station]
    for each in reached:
        each.transferred_by, each.consult_of = each.transferred_by or station, None
    if not mates:
        floor.transferrer_of[channel.ident] = station
    return reached


def ended(floor: Floor, channel: Channel, message: Message, at_ms: int) -> Ended:
    """How a channel's leg ended.

    Args:
        floor: What else is up.
        channel: As it was.
        message: Its CHANNEL_HANGUP_COMPLETE.
        at_ms: When.
    """
    cause = text(message, "Hangup-Cause") or _NORMAL
    if channel.has_left:
        return Ended(at_ms, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PHONE, channel.transferred_to)
    if channel.answered_at_ms is not None:
        return Ended(at_ms, cause=_late(cause), by=_who(channel, message))
    if channel.state is LegState.ALERTING:
        return _unanswered(floor, channel, cause, at_ms)
    return _failed(channel, message, cause, at_ms)


def _late(cause: str) -> Cause:
    """After an answer only a broken network is worth telling."""
    said = _CAUSES.get(cause, Cause.NORMAL)
    return said if said in (Cause.NETWORK, Cause.TIMEOUT) else Cause.NORMAL


def _who(channel: Channel, message: Message) -> By:
    """Who hung up what was answered: a BYE that this side sent is its own."""
    match text(message, _SIDE):
        case "recv_bye":
            return By.AGENT_PHONE if channel.station else By.REMOTE
        case _ if channel.is_killed or not channel.mates:
            return By.PBX
        case _:
            return By.REMOTE


def _unanswered(floor: Floor, channel: Channel, cause: str, at_ms: int) -> Ended:
    if cause in _TAKEN and (cause == "PICKED_OFF" or _is_picked_up(floor, channel)):
        picker = _picker(floor, channel)
        peer = _name(picker) if picker else None
        return Ended(at_ms, Left.DIVERTED, Cause.PICKED_UP, peer or By.REMOTE, peer)
    taker = _taker(floor, channel)
    peer = _name(taker) if taker else None
    if cause == "LOSE_RACE" or (taker is not None and cause not in _REFUSED):
        return Ended(at_ms, Left.DIVERTED, Cause.ANSWERED_ELSEWHERE, peer or By.REMOTE, peer)
    if cause in _REFUSED:
        return Ended(at_ms, cause=Cause.REJECTED, by=By.AGENT_PHONE)
    if cause in ("ORIGINATOR_CANCEL", _NORMAL):
        return Ended(at_ms, cause=Cause.ABANDONED, by=By.REMOTE)
    said = _CAUSES.get(cause, Cause.ABANDONED)
    return Ended(at_ms, cause=said, by=By.REMOTE if said is Cause.ABANDONED else By.PBX)


def _taker(floor: Floor, loser: Channel) -> Channel | None:
    """The phone of the same call that was picked up while this one rang."""
    for each in floor.channels.values():
        others_phone = each.role is LegRole.PARTY and not each.origin and each is not loser
        if others_phone and each.call == loser.call and (each.up_at_ms or 0) >= loser.started_at_ms:
            return each
    return None


def _is_picked_up(floor: Floor, loser: Channel) -> bool:
    """Whether its caller did not give up, but was answered by none of the phones that were rung.

    `intercept` answers the caller and takes it out of the dial plan, which ends what it rings with ORIGINATOR_CANCEL;
    [G], read in `switch_ivr_intercept_session` and `switch_ivr_originate`.
    """
    caller = _caller(floor, loser)
    answered = caller is not None and (caller.up_at_ms or 0) >= loser.started_at_ms
    return _taker(floor, loser) is None and (answered or _picker(floor, loser) is not None)


def _picker(floor: Floor, loser: Channel) -> Channel | None:
    """Whoever speaks to its caller already, or has just dialled the feature code that will."""
    caller = _caller(floor, loser)
    if caller is not None and caller.bridge is not None:
        return floor.far(caller)
    codes = [each for each in floor.channels.values() if _dialled_code(each, loser)]
    named = [each for each in codes if (each.dialed or "").endswith(loser.station or " ")]
    is_up = caller is not None and (caller.up_at_ms or 0) >= loser.started_at_ms
    return next(iter(named), codes[0] if is_up and len(codes) == 1 else None)


def _dialled_code(channel: Channel, loser: Channel) -> bool:
    """Whether a phone reached a feature code of the dial plan while this one rang."""
    is_phone = channel.role is LegRole.HELPER and channel.station is not None and channel.bridge is None
    return is_phone and (channel.up_at_ms or 0) >= loser.started_at_ms


def _caller(floor: Floor, loser: Channel) -> Channel | None:
    return next((each for each in floor.channels.values() if each.call == loser.call and each.origin), None)


def _failed(channel: Channel, message: Message, cause: str, at_ms: int) -> Ended:
    """An own call that reached nobody."""
    if channel.placed and channel.up_at_ms is None:
        by = By.AGENT_PHONE if cause in _REFUSED else By.PBX
        said = Cause.REJECTED if cause in _REFUSED else _CAUSES.get(cause, Cause.NORMAL)
        return Ended(at_ms, cause=said, by=by)
    if cause not in _CAUSES:
        # A dial plan that goes on after a failed bridge ends normally; what failed is told beside it.
        told = (text(message, name) or "" for name in _FAILED)
        cause = next((each for each in told if each in _CAUSES), cause)
    if cause in _CAUSES:
        return Ended(at_ms, cause=_CAUSES[cause], by=By.REMOTE)
    own = text(message, _SIDE) in ("recv_bye", "recv_cancel", "recv_refuse")
    return Ended(at_ms, cause=Cause.NORMAL, by=By.AGENT_PHONE if own and channel.station else By.PBX)


def _name(channel: Channel) -> str | None:
    return channel.station or channel.own.number
