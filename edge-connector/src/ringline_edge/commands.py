"""Commands of the cloud: carried out at most once, never past their deadline, confirmed by proof.

An id is known for 24 hours; a repeated one gets its stored result again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringline_core.domain.facts import CallLegs
from ringline_core.domain.model import StationModel
from ringline_core.domain.proof import is_shown, needs_proof
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Stage, Verb
from ringline_core.wire.command import EdgeCommand, missing_arguments
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.spool.live import LiveSpool
from ringline_edge.uplink.session import OwnResult

logger = logging.getLogger(__name__)
PROOF_S = 10.0
REMEMBERED_CALLS = 256
_ENDS = frozenset({Verb.DROP, Verb.REJECT, Verb.TRANSFER, Verb.COMPLETE})


@dataclass(slots=True)
class Pending:
    """A command that the PBX took and no document has proved yet."""

    command: EdgeCommand
    before: dict[str, Any]
    already: bool
    timer: asyncio.TimerHandle


class Commands:
    """Carries commands out and tells how far they came."""

    def __init__(
        self, model: StationModel, adapter: PbxAdapter, live: LiveSpool, tell: Callable[[OwnResult], None]
    ) -> None:
        """`tell` takes results for the cloud."""
        self._model, self._adapter, self._live, self._tell = model, adapter, live, tell
        self._pending: list[Pending] = []
        self._ended: deque[tuple[str, str]] = deque(maxlen=REMEMBERED_CALLS)
        self._tasks: set[asyncio.Task[None]] = set()
        self.pbx_up = False
        self.offset_ms: Callable[[], float] = lambda: 0.0

    def take(self, command: EdgeCommand) -> None:
        """Begin with a command; a repeated id gets its stored result again."""
        if not self._live.begin_command(command.id, _now_ms()):
            stored = self._live.result(command.id)
            if stored is not None:
                self._tell(OwnResult(json.loads(stored)))
            return
        task = asyncio.get_running_loop().create_task(self._carry_out(command))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def shown(self, station: str, seq: int, document: dict[str, Any]) -> None:
        """A new document: whom does it prove?"""
        self._remember_ended(station, document)
        for pending in [each for each in self._pending if each.command.station == station]:
            if is_shown(pending.command, pending.before, document):
                self._settle(pending)
                self._confirm(pending.command, (station, seq), already=pending.already)

    def _remember_ended(self, station: str, document: dict[str, Any]) -> None:
        live = {entry["call"] for entry in document["calls"]}
        for entry in document["recent"]:
            if entry["call"] and entry["call"] not in live and (station, entry["call"]) not in self._ended:
                self._ended.append((station, entry["call"]))

    async def _carry_out(self, command: EdgeCommand) -> None:
        try:
            await self._try(command)
        except CommandError as err:
            self._fail(command, err.error_code, err.text)
        except PbxUnavailableError:
            self._fail(command, ErrorCode.PBX_DOWN, "The phone system cannot be reached.")
        except Exception:
            logger.exception("command_failed", extra={"verb": command.verb, "id": command.id})
            self._fail(command, ErrorCode.INTERNAL, "Something went wrong at the site.")

    async def _try(self, command: EdgeCommand) -> None:
        if _now_ms() + self.offset_ms() > command.deadline_at.timestamp() * 1000:
            self._report(command, Stage.EXPIRED)
            return
        before = self._model.document(command.station)
        if self._is_done(command, before):
            self._confirm(command, None, already=True)
            return
        legs = self._check(command)
        if self._is_repeated(command):
            self._wait_for_proof(command, before, already=True)
            return
        pending = self._wait_for_proof(command, before) if needs_proof(command.verb) else None
        self._model.expect(command.verb, command.station, command.call)
        try:
            async with asyncio.timeout(PROOF_S):
                await self._adapter.execute(command, legs)
        except BaseException:
            if pending is not None and pending not in self._pending:
                return
            if pending is not None:
                self._settle(pending)
            raise
        if pending is None:
            self._confirm(command, None)
        elif pending in self._pending:
            self._report(command, Stage.SENT)

    def _is_done(self, command: EdgeCommand, before: dict[str, Any]) -> bool:
        if command.verb in _ENDS and command.call:
            return (command.station, command.call) in self._ended
        return is_shown(command, before, before)

    def _check(self, command: EdgeCommand) -> CallLegs:
        """The legs that the command means.

        Raises:
            CommandError: It cannot be done, whatever the PBX would say.
        """
        if not self.pbx_up:
            raise CommandError(ErrorCode.PBX_DOWN, "The phone system cannot be reached.")
        if command.verb not in self._adapter.capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, f"This phone system cannot do {command.verb} here.")
        if missing := missing_arguments(command, command.verb):
            raise CommandError(ErrorCode.MESSAGE_INVALID, f"{command.verb} needs {', '.join(missing)}.")
        if command.call is None:
            return CallLegs()
        legs = self._model.call_legs(command.station, command.call)
        if legs is None:
            raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")
        return legs

    def _is_repeated(self, command: EdgeCommand) -> bool:
        wanted = (command.station, command.verb, command.call)
        return command.call is not None and any(
            (each.command.station, each.command.verb, each.command.call) == wanted for each in self._pending
        )

    def _wait_for_proof(self, command: EdgeCommand, before: dict[str, Any], *, already: bool = False) -> Pending:
        timer = asyncio.get_running_loop().call_later(PROOF_S, self._time_out, command.id)
        pending = Pending(command, before, already, timer)
        self._pending.append(pending)
        return pending

    def _time_out(self, ident: str) -> None:
        for pending in [each for each in self._pending if each.command.id == ident]:
            self._settle(pending)
            self._fail(pending.command, ErrorCode.TIMEOUT, "The phone system did not show the effect in time.")

    def _settle(self, pending: Pending) -> None:
        pending.timer.cancel()
        if pending in self._pending:
            self._pending.remove(pending)

    def _confirm(self, command: EdgeCommand, after: tuple[str, int] | None, *, already: bool = False) -> None:
        body: dict[str, object] = {"id": command.id, "stage": Stage.CONFIRMED.value}
        if already:
            body["already"] = True
        self._keep_and_tell(command, body, after)

    def _fail(self, command: EdgeCommand, code: ErrorCode, text: str) -> None:
        error = {"code": code.value, "text": text}
        self._keep_and_tell(command, {"id": command.id, "stage": Stage.FAILED.value, "error": error})

    def _report(self, command: EdgeCommand, stage: Stage) -> None:
        self._keep_and_tell(command, {"id": command.id, "stage": stage.value})

    def _keep_and_tell(
        self, command: EdgeCommand, body: dict[str, object], after: tuple[str, int] | None = None
    ) -> None:
        self._live.store_result(command.id, json.dumps(body))
        self._tell(OwnResult(body, after))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
