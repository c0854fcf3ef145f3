"""The shell around protocol and translation: one AMI session at a time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Final

from ringline_core.domain.facts import CallLegs, Fact, Joined, Snapshot
from ringline_core.errors import CommandError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.asterisk import commands, examining, holds, rights, snapshot
from ringline_edge.adapters.asterisk.actions import Action, Situation
from ringline_edge.adapters.asterisk.channels import Consult, Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.keys import OwnPauses
from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.session import AmiSession
from ringline_edge.adapters.asterisk.translate import Translator, moment
from ringline_edge.adapters.examination import Examination
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.adapters.tap import Tap

logger = logging.getLogger(__name__)
EVENT_CLASSES: Final = "system,call,agent"
"""Classes of events to be sent; those that the user's `read` line lacks are left out by the PBX."""

SEATING: Final = frozenset({Verb.LOG_ON, Verb.LOG_OFF, Verb.SET_STATE})
"""Verbs that work on queue members."""

ORIGINATED_S: Final = 3.0
"""How long a placed call may take to show its first channel, or to fail without one."""


class AsteriskAdapter:
    """The `PbxAdapter` of Asterisk.

    What is known of live calls outlives a session: a list, which is all that a new one gets, tells less.
    """

    def __init__(self, config: AsteriskConfig, tap: Tap | None = None) -> None:
        self._config, self._tap = config, tap
        self._identity = PbxIdentity("asterisk")
        self._capabilities = commands.capabilities(config)
        naming = Naming(config.station, config.feature_prefix, config.trunk, config.consult_context)
        self._translator = Translator(naming)
        self._session: AmiSession | None = None
        self._emit: Emit = _nobody
        self._waiting: list[Message] | None = []
        self._booted = asyncio.Event()
        self._listing = asyncio.Lock()
        self._seating = asyncio.Lock()
        self._placing: dict[str, asyncio.Future[None]] = {}
        self._paused: dict[str, dict[str, str]] = {}
        self._own_pauses = OwnPauses(self._translator.naming)
        self._devices = holds.Devices(config)
        self._holds: dict[str, str] = {}
        self._told_skipped = 0

    @property
    def identity(self) -> PbxIdentity:
        """See `PbxAdapter.identity`."""
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        """See `PbxAdapter.capabilities`; once connected without what the AMI user may not do."""
        return self._capabilities

    @property
    def held(self) -> frozenset[str]:
        """See `PbxAdapter.held`."""
        return holds.held(self._devices, self._translator.members.all)

    @property
    def skipped(self) -> int:
        """Events that were left out because they were malformed."""
        return self._translator.skipped

    async def run(self, emit: Emit) -> None:
        """See `PbxAdapter.run`."""
        self._waiting, self._emit = [], emit
        session = await AmiSession.open(self._config, self._on_event, self._tap)
        serving = asyncio.create_task(self._serve(session))
        reading = asyncio.create_task(session.read())
        try:
            await asyncio.wait((serving, reading), return_when=asyncio.FIRST_COMPLETED)
            # A refused login ends both; only the one that asked knows why.
            await (serving if serving.done() else reading)
        finally:
            self._session, self._emit = None, _nobody
            session.close()
            for task in (serving, reading):
                task.cancel()
            await asyncio.gather(serving, reading, return_exceptions=True)

    async def _serve(self, session: AmiSession) -> None:
        """Log in, then bring the facts into line: at once, and again when a PBX that was still booting has done so."""
        await session.log_in()
        await self._look_around(session)
        await session.ask("Events", {"EventMask": EVENT_CLASSES})
        while True:
            self._booted.clear()
            async with self._listing:
                joins = await self._align(session)
                self._emit(self._picture(joins))
                self._session = session
                self._catch_up()
            await session.keep_alive(self._booted)
            # While it booted, it had no actions of modules that were not loaded yet.
            await self._look_around(session)

    async def _look_around(self, session: AmiSession) -> None:
        """Learn the version and what this user may do; where it may, have the PBX hold noise back."""
        settings = await session.ask("CoreSettings")
        self._identity = PbxIdentity("asterisk", settings.get("AsteriskVersion", session.banner)[:64])
        answer = await session.ask("ListCommands")
        wanted = commands.capabilities(self._config)
        if not await self._can_consult(session, answer):
            self._capabilities = wanted = rights.without_consultations(wanted)
        if answer.get("Response") != "Success":
            return
        self._capabilities = rights.permitted(wanted, answer)
        if lacking := rights.missing(wanted, answer):
            logger.warning("pbx_actions_missing", extra={"actions": ", ".join(lacking)})
        if "Filter" in answer:
            await session.ask("Filter", {"Operation": "Add", "Filter": rights.noise_filter()})

    async def _can_consult(self, session: AmiSession, allowed: Message) -> bool:
        """Whether the dial plan has all that a consultation may need; where that cannot be seen, it has not."""
        context = self._config.consult_context
        if not context:
            return False
        items = None
        if "ShowDialPlan" in allowed:
            items = await session.collect("ShowDialPlan", "ShowDialPlanComplete", {"Context": context})
        if lacking := rights.lacking_extens(items or ()):
            logger.warning("pbx_actions_missing", extra={"context": context, "extensions": ", ".join(lacking)})
        return not lacking

    async def _align(self, session: AmiSession) -> tuple[Joined, ...]:
        """Take the PBX's lists in; events wait from here until `_catch_up`."""
        if self._waiting is None:
            self._waiting = []
        lists = {name: await session.collect(name, end) or [] for name, end in snapshot.LISTS.items()}
        self._devices.replace(lists["DeviceStateList"])
        try:
            return snapshot.align(self._translator, lists, _now_ms())
        except (KeyError, ValueError) as err:
            raise PbxProtocolError(f"a list of the PBX does not fit: {type(err).__name__}") from None

    def _picture(self, joins: tuple[Joined, ...]) -> Snapshot:
        return snapshot.picture(self._translator, joins, self._capabilities, _now_ms())

    def _catch_up(self) -> None:
        """Take in the events that waited for a list. Those that are in it already bring facts that change nothing."""
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self._translate(message)

    def _on_event(self, message: Message) -> None:
        event = message.get("Event")
        if event == "FullyBooted":
            self._booted.set()
        elif self._placing:
            self._see_placed(event, message)
        if self._waiting is None:
            self._translate(message)
        else:
            self._waiting.append(message)

    def _translate(self, message: Message) -> None:
        for fact in self._translator.translate(message, _now_ms()):
            self._emit(fact)
        self._see_agent(message)
        if self._translator.skipped != self._told_skipped:
            self._told_skipped = self._translator.skipped
            logger.warning("pbx_event_skipped", extra={"event": message.get("Event"), "skipped": self._told_skipped})

    def _see_agent(self, message: Message) -> None:
        """Beside the facts: what shows our holds, and the agent's own keys."""
        now_ms = _now_ms()
        match message.get("Event"):
            case "DeviceStateChange":
                self._devices.see(message)
            case "QueueMemberPause":
                pressed = self._own_pauses.pressed(message, moment(message, now_ms), now_ms)
                if pressed is not None:
                    self._emit(pressed)

    async def snapshot(self) -> Snapshot:
        """See `PbxAdapter.snapshot`; changes that come meanwhile are emitted and are in it."""
        async with self._listing:
            session = self._session
            if session is None:
                raise PbxUnavailableError("no link to the PBX")
            try:
                joins = await self._align(session)
            finally:
                if self._session is session:
                    self._catch_up()
            return self._picture(joins)

    async def examine(self, station: str) -> Examination | None:
        """See `PbxAdapter.examine`."""
        session = self._session
        if session is None:
            raise PbxUnavailableError("no link to the PBX")
        return await examining.examine(session, station, self._translator, self._config, held=station in self.held)

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """See `PbxAdapter.execute`."""
        if command.verb not in self._capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, "The PBX cannot do this.")
        session = self._session
        if session is None:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.")
        try:
            if command.verb in SEATING:
                await self._seat(command)
                return
            steps = commands.actions(command, calls, self._situation(command.station), self._config)
            if steps and steps[0].name == "Originate":
                await self._originate(session, command, steps[0])
            else:
                await self._do_all(session, command.station, steps)
        except PbxUnavailableError as err:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX does not answer.") from err

    async def _seat(self, command: EdgeCommand) -> None:
        """Queues, one command at a time: Ready right after a log-on must find every queue that the log-on joined."""
        async with self._at_members() as session:
            steps = commands.actions(command, CallLegs(), self._situation(command.station), self._config)
            members, before = self._translator.members, self._translator.members.login(command.station)
            if command.verb is Verb.LOG_ON:
                members.logs_on(command.station, command.login)
            try:
                await self._do_all(session, command.station, steps)
            except CommandError:
                if command.verb is Verb.LOG_ON:
                    members.logs_on(command.station, before)
                raise
        if command.verb is Verb.LOG_ON:
            # Leaving the queues of whoever was here made the phone nobody's on the way.
            members.logs_on(command.station, command.login)
            # Another agent at a phone whose queues stay as they are is told by no event.
            self._emit(self._translator.members.agent(command.station, _now_ms()))

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """See `PbxAdapter.hold`."""
        strategy = self._config.hold.strategy
        if strategy == "wrapuptime" and in_call:
            return
        async with self._at_members() as session:
            members = self._translator.members.of(station)
            if strategy == "device_state":
                answer = await session.ask("ExtensionState", holds.question(station, self._config))
                holds.check(station, answer, members, self._config)
                steps: tuple[Action, ...] = (holds.set_device(station, holds.BUSY, self._config),)
            else:
                steps = tuple(holds.pauses(members.values(), reason))
                self._holds[station] = reason
            await self._do_all(session, station, steps)

    async def unhold(self, station: str) -> None:
        """See `PbxAdapter.unhold`; what another strategy left behind goes as well."""
        async with self._at_members() as session:
            self._holds.pop(station, None)
            steps = tuple(holds.releases(self._translator.members.of(station).values()))
            if self._config.hold.strategy == "device_state" or station in self._devices.busy:
                steps = (holds.set_device(station, holds.FREE, self._config), *steps)
            await self._do_all(session, station, steps)

    @contextlib.asynccontextmanager
    async def _at_members(self) -> AsyncIterator[AmiSession]:
        """One at a time at the members, and all that they did known at the end."""
        session = self._session
        if session is None:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.")
        async with self._seating:
            try:
                yield session
                # The PBX tells what happened before it reads on: once it answers this, all members are known.
                await session.ask("Ping")
            except PbxUnavailableError as err:
                raise CommandError(ErrorCode.PBX_DOWN, "The PBX does not answer.") from err
            finally:
                self._own_pauses.settled(_now_ms())

    def _situation(self, station: str) -> Situation:
        members = self._translator.members.of(station)
        return Situation(self._translator.floor, members, self._paused.get(station, {}), self._holds.get(station))

    async def _do_all(self, session: AmiSession, station: str, steps: tuple[Action, ...]) -> None:
        """Each step in its order; when one is refused the earlier ones are taken back, the newest first."""
        done: list[Action] = []
        try:
            for step in steps:
                await (self._cancel(session, step, step.cancels) if step.cancels else self._do(session, step))
                done.append(step)
                self._remember(station, step)
        except CommandError:
            for undo in (step.undo for step in reversed(done) if step.undo is not None):
                with contextlib.suppress(CommandError):
                    await self._do(session, undo)
                    self._remember(station, undo)
            raise

    async def _cancel(self, session: AmiSession, step: Action, consult: Consult) -> None:
        """The PBX may tell of it before it answers."""
        consult.is_cancelled = True
        try:
            await self._do(session, step)
        except CommandError:
            consult.is_cancelled = False
            raise

    async def _do(self, session: AmiSession, step: Action, ident: str | None = None) -> None:
        if step.name == "QueuePause":
            self._own_pauses.expect(step.headers)
        answer = await session.ask_as(ident or session.next_id(), step.name, step.headers)
        said = answer.get("Message", "")
        if answer.get("Response") == "Error" and not any(word in said.lower() for word in step.settled):
            raise CommandError(ErrorCode.REJECTED_BY_PBX, f"The PBX says: {said or 'no'}"[:200])

    def _remember(self, station: str, step: Action) -> None:
        """What only we know: the reasons we gave, to know our own pauses by, and call data."""
        if step.data:
            for fact in self._translator.attach(str(step.headers["Channel"]), step.data):
                self._emit(fact)
        queue, paused = step.headers.get("Queue"), step.headers.get("Paused")
        ours = self._paused.setdefault(station, {})
        if paused == "true":
            ours[str(queue)] = str(step.headers.get("Reason", ""))
        elif queue is not None:
            ours.pop(str(queue), None)

    async def _originate(self, session: AmiSession, command: EdgeCommand, step: Action) -> None:
        """Originate, and wait for the own channel: without one nothing but the failure itself would ever be seen."""
        channel = commands.channel_id(command)
        seen = self._placing[channel] = asyncio.get_running_loop().create_future()
        if command.verb is Verb.PLACE:
            self._translator.place(channel, str(step.headers["Exten"]), step.data)
        else:
            self._translator.answer(channel, str(step.headers["Data"]))
        try:
            await self._do(session, step, channel)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ORIGINATED_S):
                    await seen
        finally:
            self._translator.unplace(channel)
            del self._placing[channel]

    def _see_placed(self, event: str | None, message: Message) -> None:
        failed = event == "OriginateResponse" and message.get("Response") == "Failure"
        seen = self._placing.get(message.get("ActionID" if failed else "Uniqueid", ""))
        if seen is None or seen.done() or not (failed or event == "Newchannel"):
            return
        if failed:
            seen.set_exception(CommandError(ErrorCode.REJECTED_BY_PBX, "The PBX could not ring the own phone."))
        else:
            seen.set_result(None)


def _nobody(_fact: Fact) -> None:
    """Takes facts while no session runs."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
