"""Commands to CSTA services. Pure: a command, what is known, and the configuration in; requests out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final

from ringline_core.domain.facts import CallLegs
from ringline_core.errors import CommandError
from ringline_core.wire.codes import AgentStateName, ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.floor import Call, Connection
from ringline_edge.adapters.csta.keys import Data
from ringline_edge.adapters.csta.requests import Requests
from ringline_edge.adapters.csta.translate import Translator
from ringline_edge.adapters.port import Capabilities

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_LOGIN: Final = re.compile(r"[0-9A-Za-z._@-]{1,64}")
_NOT_AT_AVAYA: Final = frozenset({Verb.ATTACH})
"""AES has no service that lays data at a call that is there already [G]."""

_PLAIN: Final = {
    Verb.ANSWER: ("AnswerCall", "callToBeAnswered"),
    Verb.DROP: ("ClearConnection", "connectionToBeCleared"),
    Verb.HOLD: ("HoldCall", "callToBeHeld"),
    Verb.RESUME: ("RetrieveCall", "callToBeRetrieved"),
}
"""Services that name one connection and nothing else."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request, and what the answer to it will mean.

    Attributes:
        body: The message.
        state: Agent state that is asked for, with the station.
        rejects: The connection that this sends away.
        consults: The connection that this begins a consultation about.
        dials: Number to which this makes a call.
        attaches: The call that this lays data at, and which.
    """

    body: bytes
    state: tuple[str, AgentStateName] | None = None
    rejects: Connection | None = None
    consults: Connection | None = None
    dials: str | None = None
    attaches: tuple[Call, Data] | None = None


def capabilities(config: CstaConfig) -> Capabilities:
    """What may be asked."""
    verbs = frozenset(Verb) - frozenset(config.without)
    return Capabilities(verbs - _NOT_AT_AVAYA if config.dialect == "dmcc" else verbs)


class Commands:
    """Requests that carry commands out."""

    def __init__(self, config: CstaConfig, translator: Translator, requests: Requests) -> None:
        """`devices`, the switch's ids of stations, is filled by the session."""
        self._config, self._translator, self._requests = config, translator, requests
        self.devices: dict[str, str] = {}

    def device(self, station: str) -> str:
        """The device id of a station, as the switch gave it."""
        return self.devices.get(station) or self._translator.naming.device(station)

    def step(self, command: EdgeCommand, calls: CallLegs) -> Step:
        """The request that carries a command out.

        Raises:
            CommandError: It cannot be done: `number_invalid`, `no_such_call`, `not_allowed`, `message_invalid`,
                `too_large`, `unsupported`.
        """
        match command.verb:
            case Verb.LOG_ON | Verb.LOG_OFF | Verb.SET_STATE:
                return self._agent(command)
            case Verb.PLACE:
                number = self._target(command.to)
                prompt = not self._config.auto_answer
                device = self.device(command.station)
                body = self._requests.make_call(device, number, prompt=prompt, data=self._key(command))
                return Step(body, dials=command.to)
            case Verb.COMPLETE | Verb.CANCEL | Verb.SWAP | Verb.CONFERENCE:
                return self._both(command.verb, calls)
            case _:
                return self._one(command, calls)

    def _agent(self, command: EdgeCommand) -> Step:
        """Log-on leaves the agent in AUX: what follows is the page's to say."""
        device, login = self.device(command.station), command.login or ""
        seat = self._translator.agents.seats.get(command.station)
        if seat is None:
            raise CommandError(ErrorCode.STATION_UNKNOWN, "This phone is not among the connector's stations.")
        if command.verb is Verb.LOG_ON:
            if not _LOGIN.fullmatch(login):
                raise CommandError(ErrorCode.NOT_ALLOWED, "There is no agent's login for this desk in the mapping.")
            body = self._requests.set_agent_state(
                device, "loggedOn", login, self._config.password_of(login), mode="auxWork",
                reason=self._config.default_reason,
            )  # fmt: skip
            return Step(body, (command.station, AgentStateName.NOT_READY))
        login = seat.login or login
        if command.verb is Verb.LOG_OFF:
            body = self._requests.set_agent_state(
                device, "loggedOff", login, self._config.password_of(login) if login else ""
            )
            return Step(body, (command.station, AgentStateName.LOGGED_OFF))
        if command.state == "ready":
            mode = self._translator.agents.ready_mode(command.station)
            body = self._requests.set_agent_state(device, "ready", login, mode=mode, pending=True)
            return Step(body, (command.station, AgentStateName.READY))
        reason = self._config.reasons.get(command.reason or "", self._config.default_reason)
        body = self._requests.set_agent_state(device, "notReady", login, mode="auxWork", reason=reason, pending=True)
        return Step(body, (command.station, AgentStateName.NOT_READY))

    def _one(self, command: EdgeCommand, calls: CallLegs) -> Step:
        call, own = self._found(calls.legs)
        at, ask = (call.ident, own.device), self._requests
        if command.verb is Verb.RESUME and self._up(calls.consult_legs) is not None:
            return self._both(Verb.SWAP, calls)
        if command.verb in _PLAIN:
            return Step(ask.one(*_PLAIN[command.verb], at))
        match command.verb:
            case Verb.REJECT:
                return Step(ask.deflect(at, self._way_back(call, own)), rejects=own)
            case Verb.TRANSFER:
                return Step(ask.transfer(at, self._target(command.to), self._key(command)))
            case Verb.CONSULT:
                return Step(ask.consult(at, self._target(command.to), self._key(command)), consults=own)
            case Verb.DTMF:
                return Step(ask.digits(at, command.digits or ""))
            case Verb.ATTACH:
                data = dict(command.data or {})
                return Step(ask.associate(at, json.dumps(data, separators=(",", ":"))), attaches=(call, data))
            case _:
                raise CommandError(ErrorCode.UNSUPPORTED, "CSTA has no such service.")

    def _both(self, verb: Verb, calls: CallLegs) -> Step:
        """Services at two calls of one phone; which of them is held now decides, not which came first."""
        (first, own), (second, consult) = self._found(calls.legs), self._found(calls.consult_legs)
        one, two = (first.ident, own.device), (second.ident, consult.device)
        held, active = (two, one) if consult.state is LegState.HOLD else (one, two)
        ask = self._requests
        match verb:
            case Verb.COMPLETE:
                return Step(ask.two("TransferCall", held, active))
            case Verb.CONFERENCE:
                return Step(ask.two("ConferenceCall", held, active))
            case Verb.SWAP:
                return Step(ask.two("AlternateCall", held, active))
            case _ if held == two:
                # The customer is active already: nothing to be reconnected.
                return Step(ask.one("ClearConnection", "connectionToBeCleared", two))
            case _:
                return Step(ask.two("ReconnectCall", held, active))

    def _found(self, legs: tuple[str, ...]) -> tuple[Call, Connection]:
        for leg in legs:
            found = self._translator.floor.find(leg)
            if found is not None:
                return found
        raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")

    def _up(self, legs: tuple[str, ...]) -> Connection | None:
        found = (self._translator.floor.find(leg) for leg in legs)
        return next((each[1] for each in found if each is not None and each[1].state is LegState.CONNECTED), None)

    def _target(self, number: str | None) -> str:
        if number is None or not _NUMBER.fullmatch(number):
            raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only.")
        return self._translator.naming.device(number)

    def _way_back(self, call: Call, own: Connection) -> str:
        """CSTA has no reject: the call is sent on to where the site says, or back to the queue it came from."""
        target = self._config.reject_to or call.dialed
        if not target or target == own.number:
            raise CommandError(
                ErrorCode.UNSUPPORTED, "A direct call can only be rejected where the site set reject_to."
            )
        return self._translator.naming.device(target)

    def _key(self, command: EdgeCommand) -> str:
        return self._translator.floor.keys.keep(command.id, command.data) if command.data else ""
