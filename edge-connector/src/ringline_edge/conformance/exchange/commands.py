"""Commands of the link: which move of the exchange each verb is. Input is checked here, since anybody may connect."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from ringline_edge.conformance.exchange.exchange import Exchange
from ringline_edge.conformance.exchange.floor import Leg, Message, RefusedError

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_BY: Final = "agent_phone"


def run(exchange: Exchange, message: Message) -> None:
    """Do one command.

    Raises:
        RefusedError: With code `unknown`, `number_invalid`, `not_allowed`, `unsupported` or `rejected`.
    """
    verb, station = _word(message, "verb"), _word(message, "station")
    exchange.floor.phone(station)
    if verb in _AT_STATION:
        _AT_STATION[verb](exchange, station, message)
    elif verb in _AT_LEG:
        _AT_LEG[verb](exchange, _leg(exchange, station, message), message)
    else:
        raise RefusedError(f"no verb {verb[:32]}", "unsupported")


def _word(message: Message, name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise RefusedError(f"{name} is missing")
    return value


def _number(message: Message) -> str:
    number = message.get("to")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise RefusedError("the number has other than digits, * and #", "number_invalid")
    return number


def _leg(exchange: Exchange, station: str, message: Message) -> Leg:
    legs = message.get("legs")
    for ident in legs if isinstance(legs, list) else []:
        leg = exchange.floor.legs.get(ident) if isinstance(ident, str) else None
        if leg is not None and leg.station == station:
            return leg
    raise RefusedError("the call is not there any more")


def _names(message: Message) -> list[str] | None:
    names = message.get("queues")
    return [each for each in names if isinstance(each, str)] if isinstance(names, list) else None


def _data(message: Message) -> dict[str, Any]:
    data = message.get("data")
    return data if isinstance(data, dict) else {}


def _log_on(exchange: Exchange, station: str, message: Message) -> None:
    login = message.get("login")
    login = login if isinstance(login, str) else None
    exchange.queues.log_on(station, _names(message) or [], paused=True, by="pbx", login=login)


def _set_state(exchange: Exchange, station: str, message: Message) -> None:
    reason = message.get("reason")
    exchange.queues.pause(
        station, message.get("state") != "ready", "pbx", reason=reason if isinstance(reason, str) else None,
        queues=_names(message),
    )  # fmt: skip


def _keep(exchange: Exchange, station: str, message: Message) -> None:
    reason = message.get("reason")
    exchange.queues.hold(station, reason if isinstance(reason, str) else None)


def _place(exchange: Exchange, station: str, message: Message) -> None:
    exchange.place(station, _number(message), auto_answer=message.get("auto_answer") is True, data=_data(message))


def _transfer(exchange: Exchange, leg: Leg, message: Message) -> None:
    number = _number(message)
    _attach(exchange, leg, message)
    exchange.transfers.blind(leg, number, _BY)


def _consult(exchange: Exchange, leg: Leg, message: Message) -> None:
    number = _number(message)
    _attach(exchange, leg, message)
    exchange.transfers.consult(leg, number, _BY)


def _attach(exchange: Exchange, leg: Leg, message: Message) -> None:
    data = _data(message)
    for each in [each for each in exchange.floor.legs.values() if data and each.call == leg.call]:
        each.data = {**each.data, **data}
        exchange.floor.show(each)


def _dtmf(exchange: Exchange, leg: Leg, message: Message) -> None:
    if leg.state != "connected":
        raise RefusedError("the call is not connected")
    exchange.floor.phones[str(leg.station)].digits += _word(message, "digits")


_AT_STATION: Final[dict[str, Callable[[Exchange, str, Message], None]]] = {
    "log_on": _log_on,
    "log_off": lambda exchange, station, _: exchange.queues.log_off(station, "pbx"),
    "set_state": _set_state,
    "keep": _keep,
    "place": _place,
}
_AT_LEG: Final[dict[str, Callable[[Exchange, Leg, Message], None]]] = {
    "answer": lambda exchange, leg, _: exchange.answer(leg),
    "reject": lambda exchange, leg, _: exchange.reject(leg),
    "drop": lambda exchange, leg, _: exchange.calls.clear(leg, _BY),
    "hold": lambda exchange, leg, _: exchange.hold(leg),
    "resume": lambda exchange, leg, _: exchange.resume(leg),
    "transfer": _transfer,
    "consult": _consult,
    "complete": lambda exchange, leg, _: exchange.transfers.complete(str(leg.station), _BY),
    "cancel": lambda exchange, leg, _: exchange.transfers.cancel(str(leg.station), _BY),
    "swap": lambda exchange, leg, _: exchange.transfers.swap(str(leg.station), _BY),
    "conference": lambda exchange, leg, _: exchange.transfers.conference(str(leg.station), _BY),
    "dtmf": _dtmf,
    "attach": _attach,
}
VERBS: Final = (*_AT_STATION, *_AT_LEG)
