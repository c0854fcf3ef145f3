"""Commands to AMI actions. Pure: a command, what is known, and the configuration in; actions out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import consult_actions, seating
from ringline_edge.adapters.asterisk.actions import AUTO_ANSWER, USER_BUSY, Action, Situation, hang_up
from ringline_edge.adapters.asterisk.channels import VARIABLE_PREFIX, Channel
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import escaped
from ringline_edge.adapters.port import Capabilities

PICKUP_S: Final = 5
"""How long a phone that is to answer by itself may ring."""

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_DATA_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,48}")
_BASIC: Final = frozenset(
    {Verb.LOG_ON, Verb.LOG_OFF, Verb.SET_STATE, Verb.PLACE, Verb.REJECT, Verb.DROP, Verb.TRANSFER, Verb.DTMF,
     Verb.ATTACH}
)  # fmt: skip
_BY_NOTIFY: Final = frozenset({Verb.ANSWER, Verb.HOLD, Verb.RESUME})
_TALK, _HOLD = "Event=talk", "Event=hold"


def capabilities(config: AsteriskConfig) -> Capabilities:
    """What may be asked: answer, hold and resume by what the phone takes, consultations by the dial plan's context."""
    basic = _BASIC | consult_actions.VERBS if config.consult_context else _BASIC
    verbs = {"none": basic, "notify": basic | _BY_NOTIFY, "pickup": basic | {Verb.ANSWER}}
    stations = {station: verbs[config.answer_of(station)] for station in config.stations}
    return Capabilities(verbs[config.default_answer], stations)


def channel_id(command: EdgeCommand) -> str:
    """The id that the own channel of a placed call is given; it becomes the call's."""
    return f"ringline-{command.id}"


def actions(command: EdgeCommand, calls: CallLegs, now: Situation, config: AsteriskConfig) -> tuple[Action, ...]:
    """The actions that carry a command out, in their order.

    Raises:
        CommandError: It cannot be done: `number_invalid`, `no_such_call`, `not_allowed`, `message_invalid`,
            `unsupported`.
    """
    match command.verb:
        case Verb.PLACE:
            return (_originate(command, config),)
        case Verb.LOG_ON:
            return tuple(seating.log_on(command, now, config))
        case Verb.LOG_OFF:
            return tuple(seating.remove(member) for member in now.members.values())
        case Verb.SET_STATE:
            return tuple(seating.set_state(command, now))
        case _:
            return tuple(_in_call(command, calls, now, config))


def _in_call(command: EdgeCommand, calls: CallLegs, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    own = _channel(calls.legs, now)
    match command.verb:
        case Verb.DROP:
            yield consult_actions.drop(own, now)
        case Verb.REJECT:
            yield hang_up(own, USER_BUSY)
        case Verb.DTMF:
            yield from _dtmf(command.digits or "", own, calls, now)
        case Verb.ATTACH:
            for ident in (*calls.legs, *calls.others):
                if ident in now.channels:
                    yield from _attach(command, now.channels[ident])
        case Verb.COMPLETE | Verb.CANCEL | Verb.SWAP | Verb.CONFERENCE:
            yield from consult_actions.step(command.verb, own, now, config)
        case _ if own.consult is not None:
            raise CommandError(ErrorCode.NOT_ALLOWED, "This goes with the customer's call, not with the consultation.")
        case _:
            yield from _at_phone(command, own, calls, now, config)


def _at_phone(
    command: EdgeCommand, own: Channel, calls: CallLegs, now: Situation, config: AsteriskConfig
) -> Iterator[Action]:
    """Verbs that the phone's one channel must be there for, speaking or ringing."""
    match command.verb:
        case Verb.ANSWER if config.answer_of(command.station) == "pickup":
            yield _pick_up(command, own, config)
        case Verb.RESUME if own.is_apart:
            yield from consult_actions.step(Verb.SWAP, own, now, config)
        case Verb.ANSWER | Verb.RESUME:
            yield _notify(own, _TALK)
        case Verb.HOLD:
            yield _notify(own, _HOLD)
        case Verb.TRANSFER:
            _may_leave(own, now)
            yield from _send_along(command, own, calls, now)
            target = {"Channel": own.name, "Context": config.context, "Exten": _number(command.to)}
            yield Action("BlindTransfer", target)
        case Verb.CONSULT:
            asking = tuple(consult_actions.consult(own, _number(command.to), now, config))
            yield from _attach(command, own)
            yield from _send_along(command, own, calls, now)
            yield from asking
        case _:
            raise CommandError(ErrorCode.UNSUPPORTED, "Asterisk offers no such command here.")


def _may_leave(own: Channel, now: Situation) -> None:
    if own.ident in now.floor.consults:
        raise CommandError(ErrorCode.NOT_ALLOWED, "End or complete the consultation first.")


def _send_along(command: EdgeCommand, own: Channel, calls: CallLegs, now: Situation) -> Iterator[Action]:
    """Data goes on the customer's channel, and on the Local half that stands for it after an earlier transfer."""
    far = next((now.channels[each] for each in calls.others if each in now.channels), own)
    for channel in {each.ident: each for each in (far, *now.floor.mates(own)[:1])}.values():
        yield from _attach(command, channel)


def _channel(legs: Sequence[str], now: Situation) -> Channel:
    for ident in legs:
        if ident in now.channels:
            return now.channels[ident]
    raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")


def _number(to: str | None) -> str:
    if to is None or not _NUMBER.fullmatch(to):
        raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only.")
    return to


def _originate(command: EdgeCommand, config: AsteriskConfig) -> Action:
    to = _number(command.to)
    variables = [f"__{name}={escaped(value)}" for name, value in _variables(command.data or {}).items()]
    # The phone shows whom it is going to call; the far end sees the phone's own number, or `caller_id`.
    variables += ["CONNECTEDLINE(num-pres,i)=allowed", f"CONNECTEDLINE(num,i)={to}"]
    if config.auto_answer:
        variables += [escaped(header) for header in AUTO_ANSWER]
    headers: dict[str, str | Sequence[str]] = {
        "Channel": config.dial.format(station=command.station),
        "ChannelId": channel_id(command),
        "Context": config.context,
        "Exten": to,
        "Priority": "1",
        "Timeout": str(config.ring_s * 1000),
        "Async": "true",
        "Variable": variables,
    }
    if command.account:
        headers["Account"] = command.account
    if command.caller_id:
        headers["CallerID"] = _number(command.caller_id)
    return Action("Originate", headers, data=data_of(command.data or {}))


def _variables(data: Mapping[str, object]) -> dict[str, str]:
    """Channel variables for call data; `__` before them, added elsewhere, makes later channels inherit them."""
    named = {}
    for name, value in data.items():
        if not _DATA_NAME.fullmatch(name):
            raise CommandError(ErrorCode.MESSAGE_INVALID, "Names of call data have letters, digits and _ only.")
        text = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        named[VARIABLE_PREFIX + name.upper()] = text
    return named


def data_of(data: Mapping[str, object]) -> dict[str, str]:
    """Call data as the channels will show it."""
    return {name.removeprefix(VARIABLE_PREFIX).lower(): value for name, value in _variables(data).items()}


def _attach(command: EdgeCommand, channel: Channel) -> Iterator[Action]:
    for name, value in (command.data or {}).items():
        for variable, text in _variables({name: value}).items():
            headers = {"Channel": channel.name, "Variable": f"__{variable}", "Value": text}
            yield Action("Setvar", headers, data=data_of({name: value}))


def _pick_up(command: EdgeCommand, ringing: Channel, config: AsteriskConfig) -> Action:
    """Ring the own phone a second time so that it answers by itself, and have that channel take what rings."""
    headers = {
        "Channel": config.dial.format(station=command.station),
        "ChannelId": channel_id(command),
        "Application": "PickupChan",
        "Data": ringing.name,
        "Timeout": str(PICKUP_S * 1000),
        "Async": "true",
        "Variable": [escaped(header) for header in AUTO_ANSWER],
    }
    return Action("Originate", headers)


def _notify(channel: Channel, event: str) -> Action:
    return Action("PJSIPNotify", {"Channel": channel.name, "Variable": [event]})


def _dtmf(digits: str, own: Channel, calls: CallLegs, now: Situation) -> Iterator[Action]:
    """Digits are for the far end; with none, for whatever the PBX itself answers with."""
    far = [now.channels[each] for each in calls.others if each in now.channels]
    where: dict[str, str] = {"Channel": far[0].name} if far else {"Channel": own.name, "Receive": "true"}
    for digit in digits:
        yield Action("PlayDTMF", {**where, "Digit": digit})
