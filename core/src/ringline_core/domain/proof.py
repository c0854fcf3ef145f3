"""Confirmed means shown: which document proves that the PBX did what a command asked (contract, section 5)."""

from __future__ import annotations

from typing import Any

from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand

Document = dict[str, Any]

_BY_ACCEPTANCE = frozenset({Verb.DTMF, Verb.ATTACH})
_TALKING = frozenset({"connected"})


def needs_proof(verb: Verb) -> bool:
    """Whether a document must show the effect; for the others the PBX's acceptance is enough."""
    return verb not in _BY_ACCEPTANCE


def is_shown(command: EdgeCommand, before: Document, now: Document) -> bool:
    """Whether `now` shows what the command asks.

    Args:
        command: The command.
        before: The station's document when the command came.
        now: A later document, or `before` again to learn whether nothing is left to do.
    """
    match command.verb:
        case Verb.PLACE:
            return _placed(command, before, now)
        case Verb.ANSWER:
            return _leg(now, command.call) == "connected"
        case Verb.DROP | Verb.REJECT | Verb.TRANSFER | Verb.COMPLETE:
            return _leg(now, command.call) is None and _leg(before, command.call) is not None
        case Verb.HOLD:
            return _leg(now, command.call) == "hold"
        case Verb.RESUME:
            return _leg(now, command.call) == "connected"
        case Verb.CONSULT | Verb.SWAP | Verb.CANCEL | Verb.CONFERENCE:
            return _consult(command, before, now)
        case Verb.SET_STATE | Verb.LOG_ON | Verb.LOG_OFF:
            return _state(command, now)
        case _:
            return False


def _calls(document: Document) -> list[Document]:
    return list(document.get("calls", ()))


def _leg(document: Document, call: str | None) -> str | None:
    return next((str(each["leg"]) for each in _calls(document) if each["call"] == call), None)


def _placed(command: EdgeCommand, before: Document, now: Document) -> bool:
    known = {each["call"] for each in _calls(before)}
    return any(
        each["call"] not in known and each["leg"] in ("initiated", "alerting", "connected") for each in _calls(now)
    )


def _consult(command: EdgeCommand, before: Document, now: Document) -> bool:
    consult = next((each for each in _calls(now) if each.get("consult_of") == command.call), None)
    customer = _leg(now, command.call)
    match command.verb:
        case Verb.CONSULT:
            return consult is not None
        case Verb.CANCEL:
            return consult is None and customer == "connected"
        case Verb.SWAP:
            return _swapped(command, before, now)
        case _:
            entry = next((each for each in _calls(now) if each["call"] == command.call), {})
            parties: list[Document] = entry.get("parties", [])
            return customer == "connected" and sum(party["leg"] == "connected" for party in parties) >= 2


def _swapped(command: EdgeCommand, before: Document, now: Document) -> bool:
    return before is not now and {_leg(before, command.call), _leg(now, command.call)} == {"connected", "hold"}


def _state(command: EdgeCommand, now: Document) -> bool:
    agent = now["agent"]
    match command.verb:
        case Verb.LOG_OFF:
            return bool(agent["state"] == "logged_off")
        case Verb.LOG_ON:
            listed = {each["queue"] for each in agent["queues"]}
            return agent["state"] not in ("logged_off", "unknown") and (
                not listed or set(command.queues or ()) <= listed
            )
        case _:
            shown = agent["pending"] if agent["state"] == "busy" else agent["state"]
            return bool(shown == command.state)
