"""Commands to functions of the PBX. Pure: a command, what is known, and the configuration in; steps out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.freeswitch import consulting, seating
from ringline_edge.adapters.freeswitch.actions import (
    CLEARING,
    USER_BUSY,
    Mark,
    Situation,
    Step,
    attach,
    data_of,
    encoded,
    kill,
    new_id,
    number,
    variables,
    word,
)
from ringline_edge.adapters.freeswitch.channels import CONSULT_OF, PLACED_TO, Channel
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.port import Capabilities

SEATING: Final = frozenset({Verb.LOG_ON, Verb.LOG_OFF, Verb.SET_STATE})
"""Verbs that need mod_callcenter."""

_BASIC: Final = consulting.VERBS | {
    Verb.PLACE,
    Verb.REJECT,
    Verb.DROP,
    Verb.HOLD,
    Verb.RESUME,
    Verb.TRANSFER,
    Verb.DTMF,
    Verb.ATTACH,
}


def capabilities(config: FreeswitchConfig, *, callcenter: bool) -> Capabilities:
    """What may be asked: answer where phones take NOTIFY, conferences where one is named, agents by the module."""
    basic = (
        _BASIC | (SEATING if callcenter else frozenset()) | ({Verb.CONFERENCE} if config.conference else frozenset())
    )

    def of(talks: bool) -> frozenset[Verb]:
        return frozenset(basic | {Verb.ANSWER}) if talks else frozenset(basic)

    stations = {station: of(config.takes_phone_events(station)) for station in config.stations}
    return Capabilities(of(config.phone_events), stations)


def steps(command: EdgeCommand, calls: CallLegs, now: Situation, config: FreeswitchConfig) -> tuple[Step, ...]:
    """The functions that carry a command out, in their order.

    Raises:
        CommandError: It cannot be done: `number_invalid`, `no_such_call`, `not_allowed`, `message_invalid`,
            `not_logged_on`, `unsupported`.
    """
    match command.verb:
        case Verb.PLACE:
            return (_originate(command, config, {}),)
        case Verb.LOG_ON:
            return tuple(seating.log_on(command, now, config))
        case Verb.LOG_OFF:
            return tuple(seating.log_off(command, now))
        case Verb.SET_STATE:
            return tuple(seating.set_state(command, now))
        case _:
            return tuple(_in_call(command, calls, now, config))


def _in_call(command: EdgeCommand, calls: CallLegs, now: Situation, config: FreeswitchConfig) -> Iterator[Step]:
    own = _channel(calls.legs, now)
    match command.verb:
        case Verb.DROP | Verb.REJECT:
            yield kill(own, USER_BUSY if command.verb is Verb.REJECT else CLEARING)
        case Verb.ANSWER:
            yield Step(f"uuid_phone_event {word(own.ident)} talk")
        case Verb.HOLD:
            yield consulting.hold(own, config)
        case Verb.RESUME:
            yield consulting.resume(own, config)
        case Verb.TRANSFER | Verb.CONSULT:
            yield from (_transfer if command.verb is Verb.TRANSFER else _consult)(command, own, calls, now, config)
        case Verb.DTMF:
            yield _dtmf(command.digits or "", own, now)
        case Verb.ATTACH:
            for channel in _known((*calls.legs, *calls.others), now):
                yield from attach(channel, data_of(command.data or {}), config.data_prefix)
        case _:
            yield from consulting.step(command, calls, now, config)


def _known(legs: Sequence[str], now: Situation) -> list[Channel]:
    return [channel for leg in legs if (channel := now.floor.by_leg(leg)) is not None]


def _channel(legs: Sequence[str], now: Situation) -> Channel:
    for channel in _known(legs, now):
        return channel
    raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")


def _originate(command: EdgeCommand, config: FreeswitchConfig, more: dict[str, str]) -> Step:
    """Ring the own phone, and once it is picked up, dial for it."""
    to = number(command.to)
    own = new_id(command.id)
    values = {
        "origination_uuid": own,
        PLACED_TO: to,
        **more,
        # The phone shows whom it is going to call; the far end sees the station's own number, or `caller_id`.
        "origination_caller_id_number": to,
        "origination_caller_id_name": to,
        "effective_caller_id_number": number(command.caller_id) if command.caller_id else word(command.station),
        "originate_timeout": str(config.ring_s),
    }
    if command.account:
        values["accountcode"] = encoded(command.account)
    if config.auto_answer:
        values["sip_auto_answer"] = "true"
    data = {name: encoded(value) for name, value in data_of(command.data or {}).items()}
    values |= {config.data_prefix + name: value for name, value in data.items()}
    dial = config.dial.format(station=word(command.station))
    return Step(f"originate {variables(values)}{dial} {to} XML {config.context}", own=own)


def _transfer(
    command: EdgeCommand, own: Channel, calls: CallLegs, now: Situation, config: FreeswitchConfig
) -> Iterator[Step]:
    """The far end goes on by the dial plan; the own phone is let go, which a dial plan of its own might not do."""
    to = number(command.to)
    if calls.consult_legs:
        raise CommandError(ErrorCode.NOT_ALLOWED, "End or complete the consultation first.")
    far = now.floor.far(own) if own.bridge is not None and len(now.floor.parties_in(own.bridge)) <= 2 else None
    if far is None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "There is nobody at the other end, or more than one, to transfer.")
    yield from attach(far, data_of(command.data or {}), config.data_prefix)
    mark = Mark(command.station, (own,), to, far)
    yield Step(f"uuid_transfer {word(far.ident)} {to} XML {config.context}", mark=mark)
    yield kill(own)


def _consult(
    command: EdgeCommand, own: Channel, calls: CallLegs, now: Situation, config: FreeswitchConfig
) -> Iterator[Step]:
    if calls.consult_legs:
        raise CommandError(ErrorCode.NOT_ALLOWED, "This call has a consultation already.")
    if own.placed and own.consult_of is not None:
        raise CommandError(ErrorCode.NOT_ALLOWED, "This goes with the customer's call, not with the consultation.")
    asking = _originate(command, config, {CONSULT_OF: word(own.call)})
    for channel in (own, now.floor.far(own)):
        if channel is not None:
            yield from attach(channel, data_of(command.data or {}), config.data_prefix)
    if own.state is LegState.CONNECTED:
        yield consulting.hold(own, config)
    yield asking


def _dtmf(digits: str, own: Channel, now: Situation) -> Step:
    """Digits are for the far end; with none, for whatever the PBX itself answers with."""
    far = now.floor.far(own) if own.bridge is not None else None
    if far is not None:
        return Step(f"uuid_send_dtmf {word(far.ident)} {word(digits)}")
    return Step(f"uuid_recv_dtmf {word(own.ident)} {word(digits)}")
