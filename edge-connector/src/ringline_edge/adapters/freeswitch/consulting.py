"""Consultations: a second call of the same phone, and the customer joined with whoever was asked. Pure.

`att_xfer` is not used: it runs on the agent's channel and is completed by keys, which somebody would have to play. Here
nobody's keys are needed: the phone is rung a second time, its first call waits on hold, and `uuid_bridge` joins the two
far ends. See docs/adr/0020-freeswitch-own-client-and-second-legs.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.freeswitch.actions import Mark, Situation, Step, kill, word
from ringline_edge.adapters.freeswitch.channels import Channel
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.floor import Floor

VERBS = frozenset({Verb.CONSULT, Verb.COMPLETE, Verb.CANCEL, Verb.SWAP})


def hold(channel: Channel, config: FreeswitchConfig) -> Step:
    """Put a phone's call on hold, by the phone itself where it can be asked."""
    if config.takes_phone_events(channel.station or ""):
        return Step(f"uuid_phone_event {word(channel.ident)} hold")
    return Step(f"uuid_hold {word(channel.ident)}", resume(channel, config))


def resume(channel: Channel, config: FreeswitchConfig) -> Step:
    """Take a phone's call from hold."""
    if config.takes_phone_events(channel.station or ""):
        return Step(f"uuid_phone_event {word(channel.ident)} talk")
    return Step(f"uuid_hold off {word(channel.ident)}", settled=("operation failed",))


def pick_up(floor: Floor, ident: str | None, config: FreeswitchConfig) -> Step | None:
    """The own phone rings for a consultation that its agent asked for: it is taken at once where it can be asked."""
    second = floor.find(ident)
    if second is None or not second.placed or second.consult_of is None or second.up_at_ms is not None:
        return None
    if config.auto_answer or not config.takes_phone_events(second.station or ""):
        return None
    return Step(f"uuid_phone_event {word(second.ident)} talk")


def give_back(floor: Floor, ended: Channel, config: FreeswitchConfig) -> Step | None:
    """A consultation ended without a transfer: the customer who waits for it is taken from hold."""
    if ended.consult_of is None or ended.has_left:
        return None
    held = (each for each in floor.channels.values() if each.state is LegState.HOLD and each.call == ended.consult_of)
    first = next((each for each in held if each.station == ended.station), None)
    return resume(first, config) if first is not None else None


def asked(floor: Floor, second: Channel) -> Channel | None:
    """Whoever is consulted: the other one of the consultation's call, ringing or talking."""
    far = floor.far(second) if second.bridge is not None else None
    others = (each for each in floor.channels.values() if each.call == second.call and each is not second)
    return far or next((each for each in others if not each.origin), None)


def step(command: EdgeCommand, calls: CallLegs, now: Situation, config: FreeswitchConfig) -> Iterator[Step]:
    """Complete, cancel, swap or conference.

    Raises:
        CommandError: `no_such_call`, there is no consultation; `not_allowed`, it has not come far enough.
    """
    floor = now.floor
    first, second = _both(floor, calls)
    match command.verb:
        case Verb.COMPLETE:
            yield from _complete(command, floor, first, second, config)
        case Verb.CANCEL:
            yield kill(second)  # and the customer is given back, as after every other end of a consultation
        case Verb.SWAP:
            _must_talk(floor, second)
            talks, waits = (second, first) if first.state is LegState.HOLD else (first, second)
            yield hold(talks, config)
            if waits.state is LegState.HOLD or config.takes_phone_events(command.station):
                yield resume(waits, config)
        case _:
            yield from _confer(floor, first, second, config)


def _both(floor: Floor, calls: CallLegs) -> tuple[Channel, Channel]:
    first = next((found for leg in calls.legs if (found := floor.by_leg(leg)) is not None), None)
    second = next((found for leg in calls.consult_legs if (found := floor.by_leg(leg)) is not None), None)
    if first is None or second is None:
        raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no consultation in this call.")
    return first, second


def _must_talk(floor: Floor, second: Channel) -> Channel:
    other = asked(floor, second)
    if second.bridge is None or other is None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "The colleague has not answered yet.")
    return other


def _customer(floor: Floor, first: Channel) -> Channel:
    customer = floor.far(first)
    if customer is None:
        raise CommandError(ErrorCode.NO_SUCH_CALL, "The customer has hung up.")
    return customer


def _complete(
    command: EdgeCommand, floor: Floor, first: Channel, second: Channel, config: FreeswitchConfig
) -> Iterator[Step]:
    """Answered: the far ends are joined. Still ringing: the customer rings there alone, as by a cold transfer."""
    customer, other = _customer(floor, first), asked(floor, second)
    if other is not None and second.bridge is not None:
        to = other.station or other.own.number or second.dialed
        mark = Mark(command.station, (first, second), to, customer)
        yield Step(f"uuid_bridge {word(customer.ident)} {word(other.ident)}", mark=mark)
        yield kill(second)
        yield kill(first)
        return
    if second.dialed is None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "It is not known whom this consultation asks.")
    # Were the phone rung before the consultation lets go of it, it would be busy.
    yield replace(kill(second), mark=Mark(command.station, (second,), second.dialed, killed=second))
    mark = Mark(command.station, (first,), second.dialed, customer)
    yield Step(f"uuid_transfer {word(customer.ident)} {word(second.dialed)} XML {config.context}", mark=mark)
    yield kill(first)


def _confer(floor: Floor, first: Channel, second: Channel, config: FreeswitchConfig) -> Iterator[Step]:
    other, customer = _must_talk(floor, second), _customer(floor, first)
    name = f"ringline-{word(first.leg)}"
    room = f"conference:{name}@{config.conference} inline"
    joining = Mark(conference=name, joining=(first, customer, other))
    if first.state is LegState.HOLD:
        yield resume(first, config)
    yield Step(f"uuid_transfer {word(first.ident)} -both {room}", mark=joining)
    yield Step(f"uuid_transfer {word(other.ident)} {room}")
    yield kill(second)
