"""The shell around protocol and translation: one session at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Sequence
from typing import Final

from ringline_core.domain.facts import CallLegs, Fact, Joined, Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.examination import Examination, of_snapshot
from ringline_edge.adapters.freeswitch import commands, consulting, marks, seating, snapshot
from ringline_edge.adapters.freeswitch.actions import Situation, Step
from ringline_edge.adapters.freeswitch.agents import held_until
from ringline_edge.adapters.freeswitch.channels import Naming, stamp
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import Message, text
from ringline_edge.adapters.freeswitch.session import EslSession, is_unknown
from ringline_edge.adapters.freeswitch.translate import Translator
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.adapters.tap import Tap

logger = logging.getLogger(__name__)
CALLCENTER: Final = "callcenter_config"
_DAY_MS: Final = 86_400_000
ORIGINATED_S: Final = 3.0
"""How long a rung phone may take to show its channel, or to fail without one."""

RESUME_S: Final = 0.03
"""How long a resume waits for a hang-up, which comes in the same moment where a channel ends on hold."""

DUMPED_AT_ONCE: Final = 50
"""Channels asked about before their answers are waited for."""


class FreeswitchAdapter:
    """The `PbxAdapter` of FreeSWITCH.

    What is known of live calls outlives a session: a list tells less.
    """

    def __init__(self, config: FreeswitchConfig, tap: Tap | None = None) -> None:
        self._config, self._tap = config, tap
        self._identity = PbxIdentity("freeswitch")
        self._capabilities = commands.capabilities(config, callcenter=True)
        self._translator = Translator(Naming(config))
        self._session: EslSession | None = None
        self._emit: Emit = _nobody
        self._waiting: list[Message] | None = []
        self._listing = asyncio.Lock()
        self._seating = asyncio.Lock()
        self._placing: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._told_skipped = 0
        self._ahead_ms: int | None = None
        self._wrapping_up = asyncio.Event()

    @property
    def identity(self) -> PbxIdentity:
        """See `PbxAdapter.identity`."""
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        """See `PbxAdapter.capabilities`; once connected without agents where mod_callcenter is not loaded."""
        return self._capabilities

    @property
    def held(self) -> frozenset[str]:
        """See `PbxAdapter.held`."""
        return self._translator.agents.held

    @property
    def skipped(self) -> int:
        """Events that were left out because they were malformed."""
        return self._translator.skipped

    async def run(self, emit: Emit) -> None:
        """See `PbxAdapter.run`."""
        self._waiting, self._emit, self._ahead_ms = [], emit, None
        session = await EslSession.open(self._config, self._on_event, self._tap)
        serving = asyncio.create_task(self._serve(session))
        reading = asyncio.create_task(session.read())
        try:
            await asyncio.wait((serving, reading), return_when=asyncio.FIRST_COMPLETED)
            # A refused login ends both; only the one that asked knows why.
            await (serving if serving.done() else reading)
        finally:
            self._session, self._emit = None, _nobody
            session.close()
            for task in (serving, reading, *self._tasks):
                task.cancel()
            await asyncio.gather(serving, reading, *self._tasks, return_exceptions=True)

    async def _serve(self, session: EslSession) -> None:
        """Log in, bring the facts into line, then look at agents and phones from time to time."""
        await session.log_in()
        version = await session.api("version")
        self._identity = PbxIdentity("freeswitch", version.removeprefix("FreeSWITCH Version ").strip()[:64])
        async with self._listing:
            # What was told before this job's end is in the lists, too; of calls whose beginning nobody saw, it only
            # would make events that are over.
            await session.job("version")
            self._waiting = []
            joins = await self._align(session)
            self._emit(self._picture(joins))
            self._session = session
            self._catch_up()
        while True:
            await self._watch_wrap_ups(time.monotonic() + self._config.refresh_s)
            await self._refresh(session)

    async def _watch_wrap_ups(self, until: float) -> None:
        """Tell the ends of wrap-ups, of which there is no event, until it is time for the next look."""
        while (left := until - time.monotonic()) > 0:
            self._wrapping_up.clear()
            due = self._translator.agents.next_change_ms(self._now_ms())
            pause = left if due is None else min(left, max(0.0, (due - self._now_ms()) / 1000))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wrapping_up.wait()
            for agent in self._translator.agents.news(self._now_ms()):
                self._emit(agent)

    async def _align(self, session: EslSession) -> tuple[Joined, ...]:
        """Take the PBX's lists in; events wait from here until `_catch_up`."""
        if self._waiting is None:
            self._waiting = []
        try:
            listed = snapshot.rows(await session.api("show channels as json"))
            dumps = await _dumps(session, snapshot.idents(listed))
            joins = snapshot.align(self._translator, dumps, self._now_ms())
            await self._take_agents(session)
            self._take_phones(await session.api("show registrations as json"))
        except (KeyError, ValueError, AttributeError) as err:
            raise PbxProtocolError(f"a list of the PBX does not fit: {type(err).__name__}") from None
        return joins

    async def _take_agents(self, session: EslSession) -> None:
        agents = await session.api(f"{CALLCENTER} agent list")
        loaded = not is_unknown(agents)
        self._capabilities = commands.capabilities(self._config, callcenter=loaded)
        if loaded:
            tiers = await session.api(f"{CALLCENTER} tier list")
            self._translator.agents.replace(snapshot.table(agents), snapshot.table(tiers))

    def _take_phones(self, output: str) -> None:
        for device in self._translator.phones.replace(snapshot.rows(output), self._now_ms()):
            if self._session is not None:
                self._emit(device)

    async def _refresh(self, session: EslSession) -> None:
        """Look at what the PBX announces in part only: tiers and `ready_time` never, registrations not all."""
        async with self._seating:
            self._translator.agents.settled()
            await self._take_agents(session)
            for agent in self._translator.agents.news(self._now_ms()):
                self._emit(agent)
        try:
            self._take_phones(await session.api("show registrations as json"))
        except ValueError:
            raise PbxProtocolError("the list of registrations does not fit") from None

    def _picture(self, joins: tuple[Joined, ...]) -> Snapshot:
        devices = self._translator.phones.devices
        return snapshot.picture(self._translator, joins, devices, self._capabilities, self._now_ms())

    def _catch_up(self) -> None:
        """Take in the events that waited for a list. Those that are in it already bring facts that change nothing."""
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self._translate(message)

    def _on_event(self, message: Message) -> None:
        if self._placing and message.get("Event-Name") == "CHANNEL_CREATE":
            self._see_placed(text(message, "Unique-ID") or "")
        if self._waiting is None:
            self._translate(message)
        else:
            self._waiting.append(message)

    def _translate(self, message: Message) -> None:
        now_ms = time.time_ns() // 1_000_000
        self._set_clock(message, now_ms)
        ending = None
        if message.get("Event-Name") == "CHANNEL_HANGUP_COMPLETE":
            ending = self._translator.floor.find(text(message, "Unique-ID"))
        for fact in self._translator.translate(message, now_ms):
            self._emit(fact)
        match message.get("Event-Name"):
            case "CHANNEL_UNHOLD":
                asyncio.get_running_loop().call_later(RESUME_S, self._release)
            case "CHANNEL_PROGRESS":
                self._begin(consulting.pick_up(self._translator.floor, text(message, "Unique-ID"), self._config))
        if ending is not None:
            self._begin(consulting.give_back(self._translator.floor, ending, self._config))
        match message.get("CC-Action"):
            case "bridge-agent-fail":
                self._hold_again(text(message, "CC-Agent") or "")
            case "bridge-agent-end":
                self._wrapping_up.set()
        if self._translator.skipped != self._told_skipped:
            self._told_skipped = self._translator.skipped
            logger.warning(
                "pbx_event_skipped", extra={"event": message.get("Event-Name"), "skipped": self._told_skipped}
            )

    def _set_clock(self, message: Message, now_ms: int) -> None:
        """How far the PBX's clock is ahead of ours: at least as far as its freshest event says."""
        told = stamp(message, "Event-Date-Timestamp")
        if told is not None and abs(told - now_ms) < _DAY_MS:
            self._ahead_ms = max(told - now_ms, self._ahead_ms if self._ahead_ms is not None else -_DAY_MS)

    def _release(self) -> None:
        """Tell the resumes that no hang-up followed."""
        for fact in self._translator.release():
            self._emit(fact)

    def _hold_again(self, name: str) -> None:
        """A refused call makes mod_callcenter set a short `ready_time`, which would end a hold."""
        row = self._translator.agents.rows.get(name)
        if row is not None and row.is_held:
            self._begin(seating.hold_until(row, row.ready_time))

    def _begin(self, step: Step | None) -> None:
        """Do something that nobody waits for."""
        if step is not None and self._session is not None:
            task = asyncio.get_running_loop().create_task(self._quietly(self._session, step))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _quietly(self, session: EslSession, step: Step) -> None:
        with contextlib.suppress(CommandError, PbxUnavailableError):
            await self._do(session, step)

    async def snapshot(self) -> Snapshot:
        """See `PbxAdapter.snapshot`; changes that come meanwhile are emitted and are in it."""
        async with self._listing:
            session = self._session
            if session is None:
                raise PbxUnavailableError("no link to the PBX")
            try:
                joins = await self._align(session)
                return self._picture(joins)
            finally:
                if self._session is session:
                    self._catch_up()

    async def examine(self, station: str) -> Examination | None:
        """See `PbxAdapter.examine`; FreeSWITCH is not asked for more than its snapshot tells."""
        return of_snapshot(await self.snapshot(), station, held=self.held)

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """See `PbxAdapter.execute`."""
        if command.verb not in self._capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, "The PBX cannot do this.")
        session = self._open_session()
        try:
            if command.verb in commands.SEATING:
                async with self._at_agents() as session:
                    await self._do_all(session, self._steps(command, CallLegs()))
            else:
                await self._do_all(session, self._steps(command, calls))
        except PbxUnavailableError as err:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX does not answer.") from err

    def _open_session(self) -> EslSession:
        if self._session is None:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.")
        return self._session

    def _steps(self, command: EdgeCommand, calls: CallLegs) -> tuple[Step, ...]:
        now = Situation(self._translator.floor, self._translator.agents)
        return commands.steps(command, calls, now, self._config)

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """See `PbxAdapter.hold`; during a call, too: it stands when the call ends."""
        async with self._at_agents() as session:
            row = self._translator.agents.of(station)
            if row is not None:
                await self._do(session, seating.hold(row, reason))
                self._translator.agents.set_ready_time(row.name, held_until(reason))

    async def unhold(self, station: str) -> None:
        """See `PbxAdapter.unhold`."""
        async with self._at_agents() as session:
            for row in [each for each in self._translator.agents.rows.values() if each.station == station]:
                if row.is_held:
                    await self._do(session, seating.release(row))
                    self._translator.agents.set_ready_time(row.name, 0)

    @contextlib.asynccontextmanager
    async def _at_agents(self) -> AsyncIterator[EslSession]:
        """One at a time at the agents, and all that they became known at the end: no event tells tiers."""
        session = self._open_session()
        async with self._seating:
            try:
                try:
                    yield session
                finally:
                    await self._take_agents(session)
            except PbxUnavailableError as err:
                raise CommandError(ErrorCode.PBX_DOWN, "The PBX does not answer.") from err
            except PbxAuthError as err:
                raise CommandError(ErrorCode.NOT_ALLOWED, "The PBX does not allow this; see esl-allowed-api.") from err
            for agent in self._translator.agents.news(self._now_ms()):
                self._emit(agent)

    async def _do_all(self, session: EslSession, steps: tuple[Step, ...]) -> None:
        """Each step in its order; when one is refused the earlier ones are taken back, the newest first."""
        done: list[Step] = []
        try:
            for step in steps:
                await (self._originate(session, step) if step.own else self._do(session, step))
                done.append(step)
        except CommandError:
            for undo in (step.undo for step in reversed(done) if step.undo is not None):
                await self._quietly(session, undo)
            raise

    async def _do(self, session: EslSession, step: Step) -> None:
        marks.put(self._translator, step)
        try:
            output = await session.job(step.line)
            _check(output, step)
        except (CommandError, PbxUnavailableError):
            marks.take_back(self._translator, step)
            raise
        for fact in marks.done(self._translator, step, self._now_ms()):
            self._emit(fact)

    async def _originate(self, session: EslSession, step: Step) -> None:
        """Ring the own phone, and wait for its channel: the job itself ends only when it is picked up."""
        seen = self._placing[step.own or ""] = asyncio.get_running_loop().create_future()
        try:
            output = await session.bgapi(step.line)
            async with asyncio.timeout(ORIGINATED_S):
                await asyncio.wait((output, seen), return_when=asyncio.FIRST_COMPLETED)
            if not seen.done():
                _check(await output, step)
        except TimeoutError:
            return  # no word of it yet: whether a call shows up decides
        finally:
            self._placing.pop(step.own or "", None)

    def _see_placed(self, ident: str) -> None:
        seen = self._placing.get(ident)
        if seen is not None and not seen.done():
            seen.set_result(None)

    def _now_ms(self) -> int:
        """By the PBX's clock, as far as its events told it."""
        return time.time_ns() // 1_000_000 + (self._ahead_ms or 0)


async def _dumps(session: EslSession, idents: Sequence[str]) -> list[Message]:
    outputs: list[str] = []
    for start in range(0, len(idents), DUMPED_AT_ONCE):
        asked = (session.api(f"uuid_dump {ident} json") for ident in idents[start : start + DUMPED_AT_ONCE])
        outputs += await asyncio.gather(*asked)
    return [dump for output in outputs if (dump := snapshot.dumped(output)) is not None]


def _check(output: str, step: Step) -> None:
    """Raises CommandError where a function says that it did not work."""
    said = output.strip()
    if not said.startswith(("-ERR", "-USAGE", "-ERROR")) or any(word in said.lower() for word in step.settled):
        return
    reason = said.partition(" ")[2].strip()
    if "no such channel" in said.lower() or "cannot locate session" in said.lower():
        raise CommandError(ErrorCode.NO_SUCH_CALL, "There is no such call at this phone any more.")
    if "permission denied" in said.lower():
        raise CommandError(ErrorCode.NOT_ALLOWED, "The PBX does not allow this; see esl-allowed-api.")
    raise CommandError(ErrorCode.REJECTED_BY_PBX, f"The PBX says: {reason or 'no'}"[:200])


def _nobody(_fact: Fact) -> None:
    """Takes facts while no session runs."""
