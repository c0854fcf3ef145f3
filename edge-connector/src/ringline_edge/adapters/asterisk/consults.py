"""Consultations that a page asked for: one phone, two calls, seen from where the dial plan puts three channels.

Theory of operation. The agent's channel is sent to the consult context, where it dials a Local pair, and the customer's
waits there. So the phone keeps its one channel; the pair's first half lives exactly as long as the consultation, and
stands for the agent's leg in it. Everybody born meanwhile in the same Linkedid belongs to the consultation. Who speaks
with whom is read from the bridges alone, so the order of events does not matter, nor who made it so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from ringline_core.domain.facts import Ended, Fact, Joined, Left, LegRole
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.asterisk.channels import Channel, Consult
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message

HELD: Final = "held"
"""Extension of the consult context at which a far channel waits."""

CANCELLED: Final = "CANCEL"
"""DialStatus where the agent hung up while it rang: the dial plan sends the customer there alone."""

_NUMBER: Final = re.compile(r"[+*#0-9]+")
_UP: Final = (LegState.CONNECTED, LegState.HOLD)


def is_number(exten: str) -> bool:
    """Whether an extension of the consult context is somebody to ask."""
    return _NUMBER.fullmatch(exten) is not None


def leaves(floor: Floor, channel: Channel, message: Message, at_ms: int) -> Iterator[Fact]:
    """BridgeLeave into the consult context: the first of the two to leave tells who asks about whom."""
    if channel.ended_by is not None or not floor.naming.is_consult(message.get("Context", "")):
        return  # who was in a consultation before is in that context still, also when it is hung up
    exten, bridge = message.get("Exten", ""), message["BridgeUniqueid"]
    mates = [each for each in floor.bridges.get(bridge, ()) if each != channel.ident]
    other = floor.find(mates[0]) if len(mates) == 1 else None
    if other is None or not (exten == HELD or is_number(exten)):
        return
    agent, customer = (other, channel) if exten == HELD else (channel, other)
    if agent.ident not in floor.consults and agent.station is not None and agent.state in _UP:
        begin(floor, Consult(agent, customer), message.get("Linkedid", ""), at_ms)
        yield agent.leg()


def begin(floor: Floor, consult: Consult, linked: str, at_ms: int) -> None:
    """A consultation begins: the agent's leg with the customer is on hold."""
    floor.consults[consult.agent.ident] = consult
    floor.asking[linked] = consult
    _hold(consult.agent, at_ms)
    consult.agent.is_apart = True


def _hold(channel: Channel, at_ms: int) -> None:
    if channel.state is not LegState.HOLD:
        channel.state, channel.held_at_ms, channel.by = LegState.HOLD, at_ms, By.AGENT_PHONE


def _take_back(channel: Channel, at_ms: int) -> None:
    if channel.state is LegState.HOLD:
        channel.state, channel.held_at_ms, channel.by = LegState.CONNECTED, None, By.AGENT_PHONE
        channel.changed_at_ms = at_ms


def born(floor: Floor, link: Channel, message: Message, at_ms: int) -> Iterator[Fact]:
    """Newchannel of the pair's first half: the consultation's own leg begins."""
    consult = link.consult
    if consult is None:
        return
    link.origin, link.state, link.by = True, LegState.INITIATED, By.AGENT_PHONE
    link.dialed = message.get("Exten")
    yield Joined(link.call, consult.agent.call, at_ms, "transfer")
    yield link.leg()


def moving(floor: Floor, channel: Channel) -> bool:
    """Whether a channel is one of those that a consultation moves about."""
    return any(channel in each.all for each in floor.consults.values())


def moved(floor: Floor, channel: Channel, at_ms: int) -> Iterator[Fact]:
    """A channel came into a bridge: who the agent speaks with now."""
    for consult in [each for each in floor.consults.values() if channel in each.all]:
        here = floor.bridge_of.get(consult.agent.ident)
        if here is None:
            continue
        link = consult.link
        with_link = link is not None and floor.bridge_of.get(link.ident) == here
        if floor.bridge_of.get(consult.customer.ident) == here:
            yield from _all_three(floor, consult, at_ms) if with_link else _with_customer(floor, consult, at_ms)
        elif with_link:
            yield from _with_consulted(consult, at_ms)


def _with_customer(floor: Floor, consult: Consult, at_ms: int) -> Iterator[Fact]:
    if consult.link is not None and consult.is_cancelled:
        # The pair's own end may be told only after the customer is back.
        yield from _link_gone(floor, consult, consult.link, at_ms)
    agent, link = consult.agent, consult.link
    if link is not None:
        _hold(link, at_ms)
        yield link.leg()
    else:
        _close(floor, consult)
    agent.is_apart = False
    _take_back(agent, at_ms)
    yield agent.leg()


def _with_consulted(consult: Consult, at_ms: int) -> Iterator[Fact]:
    agent, link = consult.agent, consult.link
    agent.is_apart = True
    if not consult.is_alone:
        _hold(agent, at_ms)
        yield agent.leg()
    if link is not None:
        _take_back(link, at_ms)
        yield link.leg()


def _all_three(floor: Floor, consult: Consult, at_ms: int) -> Iterator[Fact]:
    """A conference: the consultation goes up in the customer's call."""
    agent, link = consult.agent, consult.link
    if link is not None:
        yield replace(link.leg(), role=LegRole.HELPER)
        link.consult = None
        yield from _no_consult(floor, link)
    _close(floor, consult)
    agent.is_apart = False
    _take_back(agent, at_ms)
    yield agent.leg()


def _no_consult(floor: Floor, link: Channel) -> Iterator[Fact]:
    """What is left of a consultation is an ordinary call."""
    for each in [each for each in floor.channels.values() if each.call == link.call and each.consult_of]:
        each.consult_of = None
        if each.state is not None:
            yield each.leg()


def dial_ends(floor: Floor, link: Channel, status: str) -> None:
    """DialEnd of the pair: from here on nobody new belongs to an unanswered consultation."""
    if link.consult is None or status == "ANSWER":
        return
    _ask_no_more(floor, link.consult)
    if status == CANCELLED and not link.consult.is_alone:
        for each in _asked(floor, link):
            each.rings_on = True


def _asked(floor: Floor, link: Channel) -> list[Channel]:
    return [each for each in floor.channels.values() if each.call == link.call and each.role is LegRole.PARTY]


def hangs_up(floor: Floor, channel: Channel, at_ms: int) -> Iterator[Fact]:
    """Hangup of one of the three, told before the channel's own end."""
    for consult in [each for each in floor.consults.values() if channel in each.all]:
        if channel is consult.agent:
            yield from _agent_gone(floor, consult, at_ms)
        elif channel is consult.customer:
            yield from _customer_gone(floor, consult, at_ms)
        else:
            yield from _link_gone(floor, consult, channel, at_ms)


def _link_gone(floor: Floor, consult: Consult, link: Channel, at_ms: int) -> Iterator[Fact]:
    yield link.leg(_over(consult, link, at_ms))
    _ask_no_more(floor, consult)
    consult.link = link.state = link.consult = consult.agent.ended_by = None
    here = floor.bridge_of.get(consult.agent.ident)
    if consult.is_alone or (here is not None and here == floor.bridge_of.get(consult.customer.ident)):
        _close(floor, consult)


def _over(consult: Consult, link: Channel, at_ms: int) -> Ended:
    """How the consultation ended by itself."""
    if link.answered_at_ms is not None:
        by = By.REMOTE if consult.agent.ended_by is By.REMOTE else By.AGENT_PHONE
        return Ended(at_ms, cause=Cause.NORMAL, by=by)
    if link.dial_status == CANCELLED and not consult.is_alone:
        consult.is_passed_on = True
        return Ended(at_ms, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PHONE, link.dialed)
    cause = _REFUSED.get(link.dial_status or "")
    return Ended(at_ms, cause=cause, by=By.REMOTE) if cause else Ended(at_ms, cause=Cause.NORMAL, by=By.AGENT_PHONE)


_REFUSED: Final[Mapping[str, Cause]] = {
    "BUSY": Cause.BUSY,
    "NOANSWER": Cause.NO_ANSWER,
    "CONGESTION": Cause.NETWORK,
    "CHANUNAVAIL": Cause.NOT_FOUND,
}


def _customer_gone(floor: Floor, consult: Consult, at_ms: int) -> Iterator[Fact]:
    """What is left is a call between two colleagues."""
    consult.is_alone = True
    yield consult.agent.leg(Ended(at_ms, cause=Cause.NORMAL, by=By.REMOTE))
    if consult.link is None:
        _close(floor, consult)
    else:
        yield from _no_consult(floor, consult.link)


def _agent_gone(floor: Floor, consult: Consult, at_ms: int) -> Iterator[Fact]:
    """The agent hung up, on the phone or from the page: the two others are joined, which completes the transfer."""
    agent, link = consult.agent, consult.link
    _close(floor, consult)
    if link is None:
        agent.has_left = agent.has_left or consult.is_passed_on
        if consult.is_passed_on and agent.station:
            floor.transferrer_of[agent.call] = floor.transferrer_of[consult.customer.call] = agent.station
    elif consult.is_alone:
        yield link.leg(Ended(at_ms, cause=Cause.NORMAL, by=By.AGENT_PHONE))
        link.consult = None
    else:
        yield from _complete(floor, consult, link, at_ms)


def _complete(floor: Floor, consult: Consult, link: Channel, at_ms: int) -> Iterator[Fact]:
    agent = consult.agent
    agent.has_left, agent.transferred_to = True, link.dialed
    yield Joined(link.call, agent.call, at_ms, "transfer")
    yield link.leg(Ended(at_ms, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PHONE, link.dialed))
    link.consult = None
    if agent.station:
        floor.transferrer_of[link.call] = agent.station
    for each in _asked(floor, link):
        each.transferred_by, each.consult_of = agent.station, None
        each.remote = each.ended_by = None
        each.changed_at_ms = at_ms if each.answered_at_ms is not None else None
        if each.state is not None:
            yield each.leg()


def _ask_no_more(floor: Floor, consult: Consult) -> None:
    floor.asking = {linked: each for linked, each in floor.asking.items() if each is not consult}


def _close(floor: Floor, consult: Consult) -> None:
    floor.consults.pop(consult.agent.ident, None)
    _ask_no_more(floor, consult)
