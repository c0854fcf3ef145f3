"""The shell around protocol and translation: one session of one CSTA server at a time."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final

from ringline_core.domain.facts import CallLegs, Fact, Snapshot
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import AgentStateName, Cause, ErrorCode
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.csta import commands, snapshot
from ringline_edge.adapters.csta.commands import Commands, Step
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.events import connection
from ringline_edge.adapters.csta.holds import Holds
from ringline_edge.adapters.csta.link import Link
from ringline_edge.adapters.csta.requests import Requests
from ringline_edge.adapters.csta.session import Kept, Session, together
from ringline_edge.adapters.csta.snapshot import Seen, SeenCall
from ringline_edge.adapters.csta.translate import Translator
from ringline_edge.adapters.csta.xml import Element, find, local, text
from ringline_edge.adapters.examination import Examination, of_snapshot
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.adapters.tap import Tap

logger = logging.getLogger(__name__)

_LINK_GONE: Final = frozenset({"tlinkDown", "tlinkUnavailable"})
_LOST: Final = "messagesLost"


class CstaAdapter:
    """The `PbxAdapter` of CSTA servers: Avaya AES (DMCC), and ECMA-323 behind an 8-byte header.

    What is known of live calls outlives a session: a list, which is all that a new one gets, tells less.
    """

    def __init__(self, config: CstaConfig, tap: Tap | None = None) -> None:
        """Nothing is opened before `run`."""
        self._config, self._tap = config, tap
        self._identity = PbxIdentity("csta")
        self._capabilities = commands.capabilities(config)
        self._translator = Translator(config)
        self._requests = Requests(config.dialect, config.edition)
        self._kept = Kept()
        self._commands = Commands(config, self._translator, self._requests)
        self._commands.devices = self._kept.devices
        self._holds = Holds(config, self._translator, self._requests, self._commands)
        self._link: Link | None = None
        self._opened: Link | None = None
        self._emit: Emit = _nobody
        self._waiting: list[Element] | None = []
        self._listing = asyncio.Lock()
        self._stale = asyncio.Event()
        self._ended: asyncio.Future[None] | None = None
        self._told_skipped = 0

    @property
    def identity(self) -> PbxIdentity:
        """See `PbxAdapter.identity`; the version is the protocol's."""
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        """See `PbxAdapter.capabilities`."""
        return self._capabilities

    @property
    def held(self) -> frozenset[str]:
        """See `PbxAdapter.held`."""
        return self._translator.agents.held

    @property
    def skipped(self) -> int:
        """Events that were left out because they did not fit."""
        return self._translator.skipped

    async def run(self, emit: Emit) -> None:
        """See `PbxAdapter.run`."""
        self._waiting, self._emit = [], emit
        link = self._opened = await Link.open(self._config, self._on_message, self._tap)
        session = Session(link, self._config, self._requests, self._translator, self._kept)
        self._ended = asyncio.get_running_loop().create_future()
        reading = asyncio.create_task(link.read())
        serving = asyncio.create_task(self._serve(link, session))
        parts = (reading, serving, self._ended)
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            await next(each for each in (self._ended, serving, reading) if each.done())
        except asyncio.CancelledError:
            session.stop()
            raise
        finally:
            self._link, self._opened, self._emit = None, None, _nobody
            self._kept.lost_at_ms = _now_ms()
            link.close()
            for task in parts:
                task.cancel()
            await asyncio.gather(*parts, return_exceptions=True)

    async def _serve(self, link: Link, session: Session) -> None:
        await session.begin(_now_ms())
        version = self._kept.version.rpartition("csta/")[2] or self._config.edition
        self._identity = PbxIdentity("csta", f"{self._config.dialect} {version}"[:64])
        for station in session.refused:
            if station in self._config.stations:
                self._translator.out_of_service(station, _now_ms())
        async with self._listing:
            await self._align(link)
            self._holds.adopt()
            self._emit(snapshot.picture(self._translator, self._capabilities, _now_ms()))
            self._link = link
            self._catch_up()
        await together((session.keep_alive(), self._poll(link, session), self._heal(link)))

    async def _align(self, link: Link) -> None:
        """Take the PBX's lists in; events wait from here until `_catch_up`."""
        if self._waiting is None:
            self._waiting = []
        stations = [each for each in self._config.stations if each in self._translator.monitors.values()]
        lists = await together(self._connections(link, station) for station in stations)
        at_devices = [seen for found in lists for seen in found]
        asked = list(snapshot.questions(at_devices))
        calls = await together(self._call(link, seen) for seen in asked)
        await together(self._agent(link, station) for station in stations)
        snapshot.align(self._translator.floor, at_devices, {each.ident: each for each in calls}, _now_ms())

    async def _connections(self, link: Link, station: str) -> list[Seen]:
        body = self._requests.snapshot_device(self._commands.device(station))
        try:
            return snapshot.devices_calls(await link.ask(body))
        except CommandError as err:
            logger.warning("pbx_station_refused", extra={"station": station, "reason": err.text})
            return []

    async def _call(self, link: Link, seen: Seen) -> SeenCall:
        try:
            answer = await link.ask(self._requests.snapshot_call((seen.ident, seen.device)))
        except CommandError:
            return snapshot.calls_parties(seen.ident, None)
        return snapshot.calls_parties(seen.ident, answer)

    async def _agent(self, link: Link, station: str) -> list[Fact]:
        """What an agent does now; a device at which nobody can be an agent is refused, and that is no news."""
        try:
            answer = await link.ask(self._requests.get_agent_state(self._commands.device(station)))
        except CommandError:
            return []
        return list(self._translator.agents.take(station, answer, _now_ms()))

    async def _poll(self, link: Link, session: Session) -> None:
        """Ask for agents' states one by one: not all releases tell their changes [K]. And end what nobody ended."""
        pause = self._config.agent_poll_s / len(self._config.stations)
        while True:
            for station in self._config.stations:
                await asyncio.sleep(pause)
                if station in self._translator.monitors.values():
                    self._tell(await self._agent(link, station))
                elif await session.monitor(station):
                    self._translator.in_service(station, _now_ms())
                    self._stale.set()
                self._tell(list(self._translator.floor.sweep(_now_ms())))

    async def _heal(self, link: Link) -> None:
        """Ask for everything anew where the PBX lost messages, or a phone can be seen at last."""
        while True:
            await self._stale.wait()
            self._stale.clear()
            async with self._listing:
                await self._align(link)
                self._emit(snapshot.picture(self._translator, self._capabilities, _now_ms()))
                self._catch_up()

    def _tell(self, facts: list[Fact]) -> None:
        for fact in facts:
            self._emit(fact)

    def _catch_up(self) -> None:
        """Take in the events that waited for a list. Those that are in it already bring facts that change nothing."""
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            self._translate(message)

    def _on_message(self, message: Element, invoke: int) -> None:
        name = local(message)
        if name.endswith("Event") and name not in ("LinkDownEvent", "LinkUpEvent"):
            if self._waiting is None:
                self._translate(message)
            else:
                self._waiting.append(message)
        else:
            self._on_system(name, message, invoke)

    def _on_system(self, name: str, message: Element, invoke: int) -> None:
        match name:
            case "SystemStatus":
                if self._config.dialect == "plain" and self._opened is not None:
                    self._opened.answer(invoke, self._requests.status_taken())
                if text(find(message, "systemStatus")) == _LOST:
                    logger.warning("pbx_messages_lost")
                    self._stale.set()
            case "ApplicationSessionTerminated":
                self._kept.session = ""
                self._end("the PBX ended the session")
            case "LinkDownEvent":
                self._end("the PBX lost its switch")
            case "SwitchTlinkStatus" if text(find(message, "tlinkStatus")) in _LINK_GONE:
                self._end("the PBX lost its switch")

    def _end(self, reason: str) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_exception(PbxUnavailableError(reason))

    def _translate(self, message: Element) -> None:
        for fact in self._translator.translate(message, _now_ms()):
            self._emit(fact)
        if self._translator.skipped != self._told_skipped:
            self._told_skipped = self._translator.skipped
            logger.warning("pbx_event_skipped", extra={"event": local(message), "skipped": self._told_skipped})

    async def snapshot(self) -> Snapshot:
        """See `PbxAdapter.snapshot`; changes that come meanwhile are emitted and are in it."""
        async with self._listing:
            link = self._link
            if link is None:
                raise PbxUnavailableError("no link to the PBX")
            try:
                await self._align(link)
            finally:
                if self._link is link:
                    self._catch_up()
            return snapshot.picture(self._translator, self._capabilities, _now_ms())

    async def examine(self, station: str) -> Examination | None:
        """See `PbxAdapter.examine`; a switch is not asked for more than its snapshot tells."""
        return of_snapshot(await self.snapshot(), station, held=self.held)

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """See `PbxAdapter.execute`."""
        if command.verb not in self._capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, "The PBX cannot do this.")
        await self._do(self._commands.step(command, calls))

    async def _do(self, step: Step) -> None:
        link = self._link
        if link is None:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.")
        # The effect may be told before the answer: what it will mean must be known before it is asked for.
        before = step.rejects.failed if step.rejects else None
        if step.state is not None:
            self._translator.agents.expect(*step.state, _now_ms())
        if step.rejects is not None:
            step.rejects.failed = Cause.REJECTED
        try:
            answer = await link.ask(step.body)
        except CommandError:
            if step.rejects is not None:
                step.rejects.failed = before
            raise
        except PbxUnavailableError as err:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX does not answer.") from err
        if step.dials is not None:
            ident, _ = connection(find(answer, "callingDevice"))
            self._tell(self._translator.floor.place(ident, step.dials))
        if step.attaches is not None:
            call, data = step.attaches
            call.data = {**call.data, **data}  # no event need tell it
            self._tell(self._translator.floor.tell_all(call))

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """See `PbxAdapter.hold`; after-call work, which shows no reason."""
        step = self._holds.begin(station, in_call=in_call)
        if step is None:
            return
        seat = self._translator.agents.seats[station]
        was_held, seat.is_held = seat.is_held, True
        try:
            await self._do(step)
        except CommandError:
            # The pending work may have begun between the question and the answer: that is refused, and no harm.
            if was_held:
                await self._settle(station)
            seat.is_held = was_held and seat.state is AgentStateName.WRAP_UP
            if not seat.is_held:
                raise
        if not in_call and seat.state is AgentStateName.READY:
            await self._settle(station)

    async def unhold(self, station: str) -> None:
        """See `PbxAdapter.unhold`."""
        step = self._holds.end(station)
        if step is not None:
            await self._do(step)
            self._translator.agents.seats[station].is_held = False
            await self._settle(station)

    async def _settle(self, station: str) -> None:
        """Learn what came of it now: where no event tells it the poll may be seconds away."""
        link = self._link
        if link is not None:
            self._tell(await self._agent(link, station))


def _nobody(_fact: Fact) -> None:
    """Nobody listens between two sessions."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
