"""Commands of the cloud: carried out at most once, never past their deadline, confirmed by proof.

An id is known for 24 hours, over restarts too; a repeated one gets its stored stage again. What a process left
unfinished is never done again by the next one: it is told as failed, its outcome unknown.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

from ringline_core.domain.facts import CallLegs
from ringline_core.domain.model import StationModel
from ringline_core.domain.proof import needs_proof
from ringline_core.domain.station import Placed
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Stage, Verb
from ringline_core.wire.command import EdgeCommand, missing_arguments
from ringline_edge import linkage
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.proofs import Pending, Proofs
from ringline_edge.spool.commands import CommandSpool
from ringline_edge.uplink.results import After, OwnResult

logger = logging.getLogger(__name__)
PROOF_S = 10.0
_AWAY = "The phone system cannot be reached."


class Commands:
    """Carries commands out and tells how far they came.

    Attributes:
        offset_ms: What to add to our clock to get the cloud's.
        pbx_is_up: Whether the PBX can be asked.
        decide: Asked first whether a command may be done here and now; raises `CommandError`.
        dialled: Gives a command's target as the PBX is to dial it; raises `CommandError`.
    """

    def __init__(
        self,
        model: StationModel,
        adapter: PbxAdapter,
        spool: CommandSpool,
        tell: Callable[[OwnResult], None],
        proof_s: float = PROOF_S,
    ) -> None:
        """`tell` takes results for the cloud; a proof may take `proof_s`."""
        self.offset_ms: Callable[[], float] = lambda: 0.0
        self.pbx_is_up: Callable[[], bool] = lambda: True
        self.decide: Callable[[EdgeCommand], None] = lambda _command: None
        self.dialled: Callable[[EdgeCommand], EdgeCommand] = lambda command: command
        self.shown_number: Callable[[str], str] = lambda number: number
        self._model, self._adapter, self._spool, self._tell = model, adapter, spool, tell
        self._proofs = Proofs(proof_s)
        self._proofs.on_proved, self._proofs.on_late = self._proved, self._late
        self._tasks: set[asyncio.Task[None]] = set()

    def restore(self) -> None:
        """Tell what an earlier run left untold, once the cloud has the whole state."""
        for left in self._spool.untold():
            if left.result is not None and left.final:
                self._tell(OwnResult(json.loads(left.result), "snapshot"))
            else:
                text = "The site's connector restarted meanwhile; the outcome is unknown."
                self._finish(_failed(left.id, ErrorCode.TIMEOUT, text), "snapshot")

    def take(self, command: EdgeCommand) -> None:
        """Begin with a command; a repeated id gets its stored stage again."""
        if not self._spool.begin(command.id, _now_ms()):
            stored = self._spool.result(command.id)
            if stored is not None:
                self._tell(OwnResult(json.loads(stored)))
            return
        self._begin(self._carry_out(command))

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def shown(self, station: str, seq: int, document: dict[str, object]) -> None:
        """A new document of a station went into the spool under `seq`."""
        self._proofs.shown(station, seq, document)

    def send_away(self, station: str, call: str) -> None:
        """Have a ringing call go back where it came from, of our own accord; nobody waits for a result."""
        deadline = datetime.now(UTC) + timedelta(seconds=self._proofs.patience_s)
        command = EdgeCommand(
            id=uuid.uuid4().hex, verb=Verb.REJECT, station=station, call=call, reason="later", deadline_at=deadline
        )
        self._begin(self._send_away(command))

    async def _send_away(self, command: EdgeCommand) -> None:
        try:
            await self._adapter.execute(command, self._legs(command))
        except (CommandError, PbxUnavailableError) as err:
            logger.info("not_sent_away", extra={"station": command.station, "reason": str(err)})

    async def _carry_out(self, command: EdgeCommand) -> None:
        try:
            await self._try(command)
        except CommandError as err:
            self._fail(command, err.error_code, err.text)
        except PbxUnavailableError:
            self._fail(command, ErrorCode.PBX_DOWN, _AWAY)
        except TimeoutError:
            self._late(command)
        except Exception:
            logger.exception("command_broke", extra={"verb": command.verb, "id": command.id})
            self._fail(command, ErrorCode.INTERNAL, "Something went wrong at the site.")

    async def _try(self, command: EdgeCommand) -> None:
        if _now_ms() + self.offset_ms() > command.deadline_at.timestamp() * 1000:
            self._finish({"id": command.id, "stage": Stage.EXPIRED.value})
            return
        self._check(command)
        command = self.dialled(command)
        self.decide(command)
        before = self._model.document(command.station)
        if self._proofs.is_done(command, before):
            self._confirm(command, None, already=True)
            return
        legs = self._legs(command)
        command = linkage.along(command, self._model, _now_ms())
        if self._proofs.is_asked_already(command):
            self._proofs.wait_for(command, before, already=True)
        elif needs_proof(command.verb):
            await self._prove(command, legs, self._proofs.wait_for(command, before, already=False))
        else:
            await self._ask(command, legs)
            self._unexpect(command)
            self._confirm(command, None)

    async def _prove(self, command: EdgeCommand, legs: CallLegs, pending: Pending) -> None:
        """Ask the PBX; the proof may come before its answer does, and then the answer means nothing any more."""
        try:
            await self._ask(command, legs)
        except Exception:
            if self._proofs.is_waiting(pending):
                self._proofs.settle(pending)
                raise
            logger.info("answer_came_late", exc_info=True, extra={"verb": command.verb, "id": command.id})
            return
        if self._proofs.is_waiting(pending):
            self._taken(pending)

    async def _ask(self, command: EdgeCommand, legs: CallLegs) -> None:
        self._model.expect(command.verb, command.station, command.call, command.id, self._placed(command))
        try:
            async with asyncio.timeout(self._proofs.patience_s):
                await self._adapter.execute(command, legs)
        except BaseException:
            self._unexpect(command)
            raise

    def _placed(self, command: EdgeCommand) -> Placed | None:
        """Its target as facts show it, which is not always how it is dialled."""
        if command.verb is not Verb.PLACE or command.to is None or command.interaction is None:
            return None
        return Placed(self.shown_number(command.to), command.interaction)

    def _unexpect(self, command: EdgeCommand) -> None:
        self._model.unexpect(command.station, command.id)

    def _check(self, command: EdgeCommand) -> None:
        """Raises CommandError for what cannot be done, whatever the PBX would say."""
        if not self.pbx_is_up():
            raise CommandError(ErrorCode.PBX_DOWN, _AWAY)
        if command.verb not in self._adapter.capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, f"This phone system cannot do {command.verb} here.")
        if missing := missing_arguments(command, command.verb):
            raise CommandError(ErrorCode.MESSAGE_INVALID, f"{command.verb} needs {', '.join(missing)}.")

    def _legs(self, command: EdgeCommand) -> CallLegs:
        if command.call is None:
            return CallLegs()
        legs = self._model.call_legs(command.station, command.call)
        if legs is None:
            raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")
        return legs

    def _taken(self, pending: Pending) -> None:
        pending.is_taken = True
        sent: dict[str, object] = {"id": pending.command.id, "stage": Stage.SENT.value}
        self._spool.store(pending.command.id, json.dumps(sent), final=False)
        self._tell(OwnResult(sent))

    def _proved(self, pending: Pending, where: tuple[str, int]) -> None:
        if not (pending.is_taken or pending.already):
            self._taken(pending)  # the effect came before the PBX's answer
        self._unexpect(pending.command)
        self._confirm(pending.command, where, already=pending.already)

    def _late(self, command: EdgeCommand) -> None:
        self._unexpect(command)
        self._fail(command, ErrorCode.TIMEOUT, "The phone system did not show the effect in time.")

    def _confirm(self, command: EdgeCommand, after: After, *, already: bool = False) -> None:
        body: dict[str, object] = {"id": command.id, "stage": Stage.CONFIRMED.value}
        self._finish({**body, "already": True} if already else body, after)

    def _fail(self, command: EdgeCommand, code: ErrorCode, text: str) -> None:
        logger.info("command_failed", extra={"verb": command.verb, "id": command.id, "code": code})
        self._finish(_failed(command.id, code, text))

    def _finish(self, body: dict[str, object], after: After = None) -> None:
        self._spool.store(str(body["id"]), json.dumps(body), final=True)
        self._tell(OwnResult(body, after))


def _failed(ident: str, code: ErrorCode, text: str) -> dict[str, object]:
    return {"id": ident, "stage": Stage.FAILED.value, "error": {"code": code.value, "text": text[:500]}}


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
