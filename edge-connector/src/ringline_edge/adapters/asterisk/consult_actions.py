"""Consult, complete, cancel, swap and conference as AMI actions. Pure.

The consult context of the dial plan does the work and knows every way out; here is only what sets it going.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_edge.adapters.asterisk.actions import CLEARING, Action, Situation, hang_up
from ringline_edge.adapters.asterisk.channels import Channel, Consult
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.consults import HELD

VERBS: Final = frozenset({Verb.CONSULT, Verb.COMPLETE, Verb.CANCEL, Verb.SWAP, Verb.CONFERENCE})

EXTENS: Final = frozenset(
    {HELD, "customer", "consulted", "waited", "swap-customer", "swap-consulted", "conference", "h"}
)
"""Extensions of the consult context that must be there, besides a pattern for numbers."""

CUSTOMER, CONSULTED, AGENT = "RINGLINE_CUSTOMER", "RINGLINE_CONSULTED", "RINGLINE_AGENT"
"""Variables by which the dial plan finds the others; one beginning with `__` is inherited by channels dialled later."""

_UP: Final = (LegState.CONNECTED, LegState.HOLD)


def running(own: Channel, now: Situation) -> Consult:
    """The consultation of the phone whose call is `own`.

    Raises:
        CommandError: `not_allowed`, none runs.
    """
    found = now.floor.consults.get(own.ident)
    if found is None or found.link is None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "No consultation runs about this call.")
    return found


def consult(own: Channel, number: str, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    """Have the customer wait, and the agent's channel dial.

    Raises:
        CommandError: `not_allowed`, the call is not up, has more or less than one other side, or consults already.
    """
    mates = now.floor.mates(own)
    if len(mates) != 1 or own.ident in now.floor.consults or own.station is None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "Only a call with one other side can be held for a consultation.")
    yield _set(own, f"__{CUSTOMER}", mates[0].name)
    yield _redirect(config, (mates[0], HELD), (own, number))


def step(verb: Verb, own: Channel, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    """The actions for what may follow on a consult.

    Raises:
        CommandError: `not_allowed`, no consultation runs or nobody has answered.
    """
    found = running(own, now)
    link, customer = found.link, found.customer
    if link is None:
        return
    match verb:
        case Verb.CANCEL:
            yield replace(hang_up(link, CLEARING), cancels=found)
        case Verb.COMPLETE:
            if found.is_alone:
                raise CommandError(ErrorCode.NOT_ALLOWED, "The customer has hung up.")
            yield hang_up(own, CLEARING)
        case _ if link.state not in _UP or found.is_alone:
            raise CommandError(ErrorCode.NOT_ALLOWED, "The consulted side has not answered, or the customer is gone.")
        case Verb.CONFERENCE:
            waiting = customer if own.is_apart else link
            yield _set(waiting, AGENT, own.name)
            yield _redirect(config, (waiting, "conference"))
        case _:
            for each in (own, customer):
                yield _set(each, CONSULTED, link.name)
            to, other = ("swap-customer", link) if own.is_apart else ("swap-consulted", customer)
            yield _redirect(config, (own, to), (other, HELD))


def drop(own: Channel, now: Situation) -> Action:
    """End the agent's part: hanging up the phone would complete a consultation, so it is the customer who is let go."""
    found = now.floor.consults.get(own.ident)
    if found is not None and found.link is not None and not found.is_alone:
        return hang_up(found.customer, CLEARING)
    return hang_up(own, CLEARING)


def _set(channel: Channel, variable: str, value: str) -> Action:
    return Action("Setvar", {"Channel": channel.name, "Variable": variable, "Value": value})


def _redirect(config: AsteriskConfig, *moves: tuple[Channel, str]) -> Action:
    """One or two channels at once: of two in one bridge the other one would be hung up."""
    headers: dict[str, str | Sequence[str]] = {}
    for extra, (channel, exten) in zip(("", "Extra"), moves, strict=False):
        headers |= {
            f"{extra}Channel": channel.name,
            f"{extra}Context": config.consult_context,
            f"{extra}Exten": exten,
            f"{extra}Priority": "1",
        }
    return Action("Redirect", headers)
