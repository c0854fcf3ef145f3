"""The simulated PBX's messages as facts. Pure; what does not fit raises `PbxProtocolError`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

from ringline_core.domain.facts import (
    Agent,
    Device,
    Ended,
    Fact,
    Joined,
    Left,
    Leg,
    LegRole,
    Membership,
    Party,
    Pressed,
    Snapshot,
)
from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import AgentStateName, By, Cause, LegState, Presentation, Verb

Message = Mapping[str, Any]


def translate(message: Message) -> Fact | None:
    """The fact in a message; None for messages that say nothing of the telephone world.

    Raises:
        PbxProtocolError: Fields are missing or of the wrong kind.
    """
    try:
        return _fact(message)
    except (KeyError, TypeError, ValueError, AttributeError) as err:
        raise PbxProtocolError(f"an event of the PBX does not fit: {type(err).__name__}") from None


def _fact(message: Message) -> Fact | None:
    match message["event"]:
        case "leg":
            return _leg(message)
        case "join":
            return _join(message)
        case "agent":
            return _agent(message)
        case "phone":
            return _device(message)
        case "snapshot":
            return _snapshot(message)
        case _:
            return None


def verbs(hello: Message) -> frozenset[Verb]:
    """Verbs that the PBX's hello offers; words that are no verbs are left out."""
    offered = hello.get("verbs")
    known = {each.value for each in Verb}
    return frozenset(Verb(each) for each in offered if each in known) if isinstance(offered, list) else frozenset()


def pressed(message: Message) -> Pressed | None:
    """What the agent asked for by the phone's keys, where an agent's message comes of that."""
    if message["event"] != "agent" or message.get("by") != By.AGENT_PHONE.value or message["on"] is not True:
        return None
    agent = _agent(message)
    return Pressed(agent.station, agent.state is AgentStateName.READY, agent.since_at_ms)


def holds(message: Message, before: frozenset[str]) -> frozenset[str]:
    """Stations that are held, with what a message says of them."""
    if message["event"] == "snapshot":
        return frozenset(str(each["station"]) for each in message["agents"] if each.get("held"))
    if message["event"] != "agent":
        return before
    station = str(message["station"])
    return before | {station} if message.get("held") else before - {station}


def _text(message: Message, name: str) -> str:
    value = message[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _maybe(message: Message, name: str) -> str | None:
    return None if message.get(name) is None else _text(message, name)


def _ms(message: Message, name: str) -> int:
    value = message[name]
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**43:
        raise TypeError(name)
    return value


def _maybe_ms(message: Message, name: str) -> int | None:
    return None if message.get(name) is None else _ms(message, name)


def _by(word: str | None) -> By | str | None:
    return By(word) if word in {each.value for each in By} else word


def _party(number: str, name: str | None = None) -> Party:
    return Party(number, name, Presentation.ALLOWED)


def _leg(message: Message) -> Leg:
    remote = _maybe(message, "remote")
    mixed = message.get("bridge") is not None
    return Leg(
        leg=_text(message, "leg"),
        call=_text(message, "call"),
        device=_text(message, "device"),
        state=LegState(_text(message, "state")),
        started_at_ms=_ms(message, "started_ms"),
        station=_maybe(message, "station"),
        role=LegRole(_text(message, "role")),
        origin=message["origin"] is True,
        outside=message["outside"] is True,
        own=_party(_text(message, "number"), _maybe(message, "name")),
        remote=None if remote is None or mixed else _party(remote),
        dialed=_maybe(message, "dialed"),
        queue=_maybe(message, "queue"),
        queued_at_ms=_maybe_ms(message, "queued_ms"),
        answered_at_ms=_maybe_ms(message, "answered_ms"),
        held_at_ms=_maybe_ms(message, "held_ms"),
        changed_at_ms=_maybe_ms(message, "changed_ms"),
        by=_by(_maybe(message, "by")),
        consult_of=_maybe(message, "consult_of"),
        transferred_by=_maybe(message, "transferred_by"),
        bridge=_maybe(message, "bridge"),
        data=dict(message["data"]),
        ended=None if message.get("ended") is None else _ended(message["ended"]),
    )


def _ended(message: Message) -> Ended:
    return Ended(
        _ms(message, "at_ms"),
        Left(_text(message, "left")),
        Cause(_text(message, "cause")),
        _by(_maybe(message, "by")),
        _maybe(message, "peer"),
    )


def _join(message: Message) -> Joined:
    how = _text(message, "how")
    # A consult that the PBX announces is part of the customer's story from its start.
    said = "transfer" if how == "consult" else how
    if said not in ("same", "transfer", "conference", "pickup"):
        raise ValueError(how)
    kind = cast(Literal["same", "transfer", "conference", "pickup"], said)
    return Joined(_text(message, "call"), _text(message, "other"), _ms(message, "at_ms"), kind)


def _agent(message: Message) -> Agent:
    queues = tuple(
        Membership(_text(each, "queue"), each["paused"] is True, _maybe(each, "reason"), int(each["penalty"]))
        for each in message["queues"]
    )
    on = message["on"] is True
    ready = on and any(not each.paused for each in queues)
    away = AgentStateName.NOT_READY if on else AgentStateName.LOGGED_OFF
    state = AgentStateName.READY if ready else away
    reason = next((each.reason for each in queues if each.paused and each.reason), None)
    return Agent(
        _text(message, "station"),
        state,
        _ms(message, "since_ms"),
        login=_maybe(message, "login"),
        reason=None if ready else reason,
        queues=queues,
        by=_by(_maybe(message, "by")),
    )


def _device(message: Message) -> Device:
    in_service = message["in_service"] is True
    return Device(_text(message, "station"), _text(message, "device"), in_service, _ms(message, "at_ms"))


def _snapshot(message: Message) -> Snapshot:
    return Snapshot(
        _ms(message, "at_ms"),
        legs=tuple(_leg(each) for each in message["legs"]),
        joins=tuple(_join(each) for each in message["joins"]),
        agents=tuple(_agent(each) for each in message["agents"]),
        devices=tuple(_device(each) for each in message["phones"]),
    )
