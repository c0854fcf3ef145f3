"""Commands to AMI actions. Pure: a command, what is known, and the configuration in; actions out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk.channels import VARIABLE_PREFIX, Channel
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import LOGGED_OFF, Member
from ringline_edge.adapters.asterisk.protocol import escaped
from ringline_edge.adapters.port import Capabilities

NOT_READY: Final = "ringline:agent"
"""Pause reason where the agent gave none."""

OURS: Final = "ringline:"
CLEARING, USER_BUSY = "16", "17"
"""Q.850 causes for drop and reject; a queue takes the latter as a refusal and goes on."""

AUTO_ANSWER: Final = (
    "PJSIP_HEADER(add,Call-Info)=<sip:ringline>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)=<http://ringline>;info=alert-autoanswer;delay=0",
)
"""Phones follow one or the other; together they reach most."""

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_DATA_NAME: Final = re.compile(r"[A-Za-z0-9_]{1,48}")
_BASIC: Final = frozenset(
    {Verb.LOG_ON, Verb.LOG_OFF, Verb.SET_STATE, Verb.PLACE, Verb.REJECT, Verb.DROP, Verb.TRANSFER, Verb.DTMF,
     Verb.ATTACH}
)  # fmt: skip
_BY_NOTIFY: Final = frozenset({Verb.ANSWER, Verb.HOLD, Verb.RESUME})
_TALK, _HOLD = "Event=talk", "Event=hold"


@dataclass(frozen=True, slots=True)
class Action:
    """One AMI action.

    Attributes:
        name: Of the action.
        headers: Its headers; a sequence of values makes a header repeat.
        undo: What takes it back when a later one fails.
        settled: Errors of the PBX that say that there was nothing left to do.
        data: Call data that it sets on its channel.
    """

    name: str
    headers: Mapping[str, str | Sequence[str]]
    undo: Action | None = None
    settled: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the PBX shows when a command comes.

    Attributes:
        channels: Live channels by Uniqueid.
        members: The station's queue memberships by queue.
        hold: Reason of the hold of ours that pauses the station now.
        paused_by_us: Queues of the station that an earlier command of ours paused, with the reason it gave.
    """

    channels: Mapping[str, Channel]
    members: Mapping[str, Member]
    paused_by_us: Mapping[str, str] = field(default_factory=dict)
    hold: str | None = None


def capabilities(config: AsteriskConfig) -> Capabilities:
    """What may be asked: answer, hold and resume only of phones that take NOTIFY; no consultation."""
    verbs = {"none": _BASIC, "notify": _BASIC | _BY_NOTIFY}
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
            return tuple(_log_on(command, now, config))
        case Verb.LOG_OFF:
            return tuple(_remove(member) for member in now.members.values())
        case Verb.SET_STATE:
            return tuple(_set_state(command, now))
        case _:
            return tuple(_in_call(command, calls, now, config))


def _in_call(command: EdgeCommand, calls: CallLegs, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    own = _channel(calls.legs, now)
    match command.verb:
        case Verb.ANSWER | Verb.RESUME:
            yield _notify(own, _TALK)
        case Verb.HOLD:
            yield _notify(own, _HOLD)
        case Verb.DROP:
            yield _hang_up(own, CLEARING)
        case Verb.REJECT:
            yield _hang_up(own, USER_BUSY)
        case Verb.TRANSFER:
            far = next((now.channels[each] for each in calls.others if each in now.channels), own)
            yield from _attach(command, far)
            target = {"Channel": own.name, "Context": config.context, "Exten": _number(command.to)}
            yield Action("BlindTransfer", target)
        case Verb.DTMF:
            yield from _dtmf(command.digits or "", own, calls, now)
        case Verb.ATTACH:
            for ident in (*calls.legs, *calls.others):
                if ident in now.channels:
                    yield from _attach(command, now.channels[ident])
        case _:
            raise CommandError(ErrorCode.UNSUPPORTED, "Asterisk offers no such command here.")


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


def _notify(channel: Channel, event: str) -> Action:
    return Action("PJSIPNotify", {"Channel": channel.name, "Variable": [event]})


def _hang_up(channel: Channel, cause: str) -> Action:
    return Action("Hangup", {"Channel": channel.name, "Cause": cause})


def _dtmf(digits: str, own: Channel, calls: CallLegs, now: Situation) -> Iterator[Action]:
    """Digits are for the far end; with none, for whatever the PBX itself answers with."""
    far = [now.channels[each] for each in calls.others if each in now.channels]
    where: dict[str, str] = {"Channel": far[0].name} if far else {"Channel": own.name, "Receive": "true"}
    for digit in digits:
        yield Action("PlayDTMF", {**where, "Digit": digit})


def _log_on(command: EdgeCommand, now: Situation, config: AsteriskConfig) -> Iterator[Action]:
    if not command.queues:
        raise CommandError(ErrorCode.NOT_ALLOWED, "This agent is mapped to no queue.")
    for queue, member in now.members.items():
        if queue not in command.queues and not member.is_static:
            yield _remove(member)
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


def _remove(member: Member) -> Action:
    if member.is_static:
        return _pause(member, LOGGED_OFF)
    where = {"Queue": member.queue, "Interface": member.interface}
    return Action("QueueRemove", where, settled=("not there", "not in queue"))


def _pause(member: Member, reason: str) -> Action:
    return Action("QueuePause", {**_member(member), "Paused": "true", "Reason": reason}, _as_it_is(member))


def _unpause(member: Member) -> Action:
    return Action("QueuePause", {**_member(member), "Paused": "false"}, _as_it_is(member))


def _as_it_is(member: Member) -> Action:
    state = {"Paused": "true", "Reason": member.reason} if member.paused else {"Paused": "false"}
    return Action("QueuePause", {**_member(member), **state})


def _member(member: Member) -> dict[str, str]:
    return {"Queue": member.queue, "Interface": member.interface}


def _set_state(command: EdgeCommand, now: Situation) -> Iterator[Action]:
    """Pausing leaves alone what is paused already, and unpausing what others paused while something of ours is.

    While a hold of ours pauses the station, Ready only hands its queues over to that hold.
    """
    if not now.members:
        raise CommandError(ErrorCode.NOT_LOGGED_ON, "This station is in no queue.")
    paused = [member for member in now.members.values() if member.paused and not member.is_held]
    if command.state == "ready":
        ours = [member for member in paused if is_ours(member, now)]
        for member in ours or paused:
            yield _pause(member, now.hold) if now.hold else _unpause(member)
        return
    for member in now.members.values():
        if not member.paused or is_ours(member, now):
            yield _pause(member, command.reason or NOT_READY)


def is_ours(member: Member, now: Situation) -> bool:
    """Whether a command of ours paused this member, as far as its reason tells."""
    return member.reason.startswith(OURS) or now.paused_by_us.get(member.queue) == member.reason
