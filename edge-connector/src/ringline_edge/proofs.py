"""Commands that the PBX took and no document has proved yet.

Confirmed means shown: whoever waits here is settled by the station's document that shows the effect, or by time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringline_core.domain.proof import is_shown
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand

REMEMBERED_CALLS = 256
_ENDS = frozenset({Verb.DROP, Verb.REJECT, Verb.TRANSFER, Verb.COMPLETE})
_BY_PERSON = frozenset({Verb.LOG_ON})


@dataclass(slots=True, eq=False)
class Pending:
    """One command that waits.

    Attributes:
        before: The station's document when the command came.
        already: Another command asked the same before.
        is_taken: The cloud was told that the PBX took the request.
    """

    command: EdgeCommand
    before: dict[str, Any]
    already: bool
    timer: asyncio.TimerHandle
    is_taken: bool = False


class Proofs:
    """Who waits for which document.

    Attributes:
        on_proved: Called with a command that is shown, and the station and `seq` of the document that shows it.
        on_late: Called with a command whose proof did not come in time.
    """

    def __init__(self, patience_s: float) -> None:
        """A proof is waited for `patience_s`."""
        self.on_proved: Callable[[Pending, tuple[str, int]], None] = lambda _pending, _where: None
        self.on_late: Callable[[EdgeCommand], None] = lambda _command: None
        self.patience_s = patience_s
        self._waiting: dict[str, Pending] = {}
        self._ended: dict[tuple[str, str], None] = {}

    def wait_for(self, command: EdgeCommand, before: dict[str, Any], *, already: bool) -> Pending:
        """Wait for the command's proof."""
        timer = asyncio.get_running_loop().call_later(self.patience_s, self._time_out, command.id)
        pending = self._waiting[command.id] = Pending(command, before, already, timer)
        return pending

    def is_waiting(self, pending: Pending) -> bool:
        """Whether its proof has not come yet."""
        return self._waiting.get(pending.command.id) is pending

    def settle(self, pending: Pending) -> None:
        """Wait no more."""
        pending.timer.cancel()
        self._waiting.pop(pending.command.id, None)

    def is_done(self, command: EdgeCommand, now: dict[str, Any]) -> bool:
        """Whether the station shows already what the command asks."""
        if command.verb in _ENDS and command.call:
            # A call may come back: transferred on and returned, or offered again by its queue.
            return _leg_is_gone(command.call, now) and (command.station, command.call) in self._ended
        if command.verb is Verb.SET_STATE and command.reason not in (None, now["agent"]["reason"]):
            return False
        return _shows(command, now, now)

    def is_asked_already(self, command: EdgeCommand) -> bool:
        """Whether the same is waited for: another page or the same one pressed it a moment ago."""
        wanted = (command.station, command.verb, command.call, command.to, command.digits)
        return command.call is not None and any(
            (each.command.station, each.command.verb, each.command.call, each.command.to, each.command.digits) == wanted
            for each in self._waiting.values()
        )

    def shown(self, station: str, seq: int, document: dict[str, Any]) -> None:
        """A new document: whom does it prove?"""
        self._remember_ended(station, document)
        for pending in [each for each in self._waiting.values() if each.command.station == station]:
            if _shows(pending.command, pending.before, document):
                self.settle(pending)
                self.on_proved(pending, (station, seq))

    def _time_out(self, ident: str) -> None:
        pending = self._waiting.pop(ident, None)
        if pending is not None:
            self.on_late(pending.command)

    def _remember_ended(self, station: str, document: dict[str, Any]) -> None:
        live = {entry["call"] for entry in document["calls"]}
        for entry in document["recent"]:
            if entry["call"] and entry["call"] not in live:
                self._ended[station, entry["call"]] = None
        while len(self._ended) > REMEMBERED_CALLS:
            del self._ended[next(iter(self._ended))]


def _leg_is_gone(call: str, now: dict[str, Any]) -> bool:
    return all(entry["call"] != call for entry in now["calls"])


def _shows(command: EdgeCommand, before: dict[str, Any], now: dict[str, Any]) -> bool:
    """As `is_shown`, and the agent logged on is the one who asked, where the PBX says who it is."""
    if command.verb in _BY_PERSON and command.login and now["agent"]["login"] not in (None, command.login):
        return False
    return is_shown(command, before, now)
