"""Consultations that a list of channels shows: what a session finds that nobody here saw begin. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ringline_core.domain.facts import Joined
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.asterisk import consults
from ringline_edge.adapters.asterisk.channels import Channel, Consult, is_local
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.protocol import Message

SWAPPED: Final = "swap-customer"
_ASKING: Final = (SWAPPED, "swap-consulted")


def recover(floor: Floor, items: Mapping[str, Message], at_ms: int) -> Iterator[Joined]:
    """Take consultations up.

    Args:
        floor: With all listed channels in their bridges.
        items: Items of CoreShowChannels, by Uniqueid.
        at_ms: For what a list does not tell: since when somebody waits.
    """
    for ident, item in items.items():
        agent, exten = floor.channels[ident], item.get("Exten", "")
        asks = exten in _ASKING or consults.is_number(exten)
        if agent.station is None or ident in floor.consults or not (asks and _is_inside(floor, item)):
            continue
        consult = _found(floor, agent, items)
        if consult is not None:
            yield from _take_up(floor, consult, item.get("Linkedid", ""), at_ms)


def _is_inside(floor: Floor, item: Message) -> bool:
    return floor.naming.is_consult(item.get("Context", ""))


def _found(floor: Floor, agent: Channel, items: Mapping[str, Message]) -> Consult | None:
    """Who waits and who is asked: one of them is with the agent, the other one hears music, or rings still."""
    item = items[agent.ident]
    mine = {ident: each for ident, each in items.items() if each.get("Linkedid") == item.get("Linkedid")}
    mate = next((each for each in floor.mates(agent) if each.ident in mine), None)
    idle = [floor.channels[ident] for ident in mine if ident not in floor.bridge_of and ident != agent.ident]
    waiting = next((c for c in idle if _is_inside(floor, mine[c.ident]) and _exten(mine, c) == consults.HELD), None)
    if item.get("Exten") == SWAPPED:
        customer, link = mate, waiting
    else:
        rung = (c for c in idle if c.name.endswith(";1") and not _is_inside(floor, mine[c.ident]))
        customer, link = waiting, mate or next(rung, None)
    if customer is None or link is None or not is_local(link.name):
        return None
    return Consult(agent, customer, link)


def _exten(items: Mapping[str, Message], channel: Channel) -> str:
    return items[channel.ident].get("Exten", "")


def _take_up(floor: Floor, consult: Consult, linked: str, at_ms: int) -> Iterator[Joined]:
    agent, link = consult.agent, consult.link
    if link is None:
        return
    seeming = link.call
    for each in list(floor.channels.values()):
        if each.call == seeming and each not in (agent, consult.customer) and _age(each) >= _age(link):
            floor.move(each, link.ident)
            each.consult_of = agent.call
    link.consult, link.origin, link.dialed = consult, True, agent.dialed
    agent.origin, agent.dialed = agent.call == agent.ident, None
    answered = agent.ident in floor.bridge_of
    link.state = LegState.CONNECTED if answered else LegState.INITIATED
    link.answered_at_ms = link.started_at_ms if answered else None
    consults.begin(floor, consult, linked, at_ms)
    if floor.bridge_of.get(consult.customer.ident) == floor.bridge_of.get(agent.ident) is not None:
        list(consults.moved(floor, agent, at_ms))
    yield Joined(link.call, agent.call, at_ms, "transfer")


def _age(channel: Channel) -> int:
    """Asterisk counts its channels; the number ends their Uniqueid."""
    number = channel.ident.rpartition(".")[2]
    return int(number) if number.isdecimal() else 0
