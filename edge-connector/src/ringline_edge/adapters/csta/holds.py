"""Holds by after-call work: pending while the agent is in a call, never AUX, and put back as it was."""

from __future__ import annotations

from ringline_core.errors import CommandError
from ringline_core.wire.codes import AgentStateName, ErrorCode
from ringline_edge.adapters.csta.commands import Commands, Step
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.requests import Requests
from ringline_edge.adapters.csta.translate import Translator


class Holds:
    """Which requests hold and free agents."""

    def __init__(self, config: CstaConfig, translator: Translator, requests: Requests, commands: Commands) -> None:
        """All from the adapter."""
        self._config, self._agents = config, translator.agents
        self._requests, self._commands = requests, commands

    def begin(self, station: str, *, in_call: bool) -> Step | None:
        """What has no queue offer `station` a call; None where nothing needs to be done.

        An agent in AUX, or in after-call work of their own, is offered nothing already, and stays as they are. What was
        asked for within a call is asked for again after it, should the agent be ready still.

        Raises:
            CommandError: `unsupported`.
        """
        seat = self._agents.seats.get(station)
        if self._config.hold.strategy == "none" or seat is None:
            raise CommandError(ErrorCode.UNSUPPORTED, "Holds are turned off, or this phone is no station: pbx.csta.")
        if seat.state is not AgentStateName.READY or (seat.is_held and in_call):
            return None
        body = self._requests.set_agent_state(
            self._commands.device(station), "workingAfterCall", seat.login or "", mode="afterCallWork", pending=True
        )
        return Step(body, (station, AgentStateName.WRAP_UP))

    def end(self, station: str) -> Step | None:
        """What frees `station`; None where no hold of ours is there any more."""
        seat = self._agents.seats.get(station)
        if seat is None or not seat.is_held:
            return None
        mode = self._agents.ready_mode(station)
        body = self._requests.set_agent_state(
            self._commands.device(station), "ready", seat.login or "", mode=mode, pending=True
        )
        return Step(body, (station, AgentStateName.READY))

    def adopt(self) -> None:
        """Take after-call work that is there when a session begins for ours, where the site says so."""
        for seat in self._agents.seats.values():
            waits = AgentStateName.WRAP_UP in (seat.state, seat.pending)
            if waits and self._config.hold.acw_is_ours and self._config.hold.strategy == "acw":
                seat.is_held = True
