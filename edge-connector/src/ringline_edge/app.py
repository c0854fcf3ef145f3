"""The composition root: builds the parts, joins them, runs them, and takes them down in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import random
import signal
import socket
import time
import uuid
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ringline_core.domain.facts import Fact, Pressed, Snapshot
from ringline_core.domain.linkage import Linkage
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import Verb
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import Desks, PbxInfo
from ringline_edge import health, identity, numbers, registry
from ringline_edge.availability.absence import Absence
from ringline_edge.availability.gates import Gates
from ringline_edge.availability.holding import Holding
from ringline_edge.availability.memory import GateMemory
from ringline_edge.boards import BoardMaker
from ringline_edge.commands import Commands
from ringline_edge.config import Config
from ringline_edge.desks import DeskBook
from ringline_edge.health import Health, Stopped
from ringline_edge.keeper import StationKeeper
from ringline_edge.spool import files
from ringline_edge.spool.commands import CommandSpool
from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool
from ringline_edge.supervisor import Part
from ringline_edge.uplink.client import Uplink
from ringline_edge.uplink.heard import Fenced, Heard, Leading, Refused, StandingBy
from ringline_edge.uplink.results import OwnResult
from ringline_edge.uplink.session import Session
from ringline_edge.views import Views

logger = logging.getLogger(__name__)
SOFTWARE = f"ringline-edge/{version('ringline-edge')}"
DRAIN_S = 1.0
SETTLE_S = 1.0


class Edge:
    """One running edge connector."""

    def __init__(self, config: Config, place: str) -> None:
        """Builds everything; opens the spool, but no socket.

        Raises:
            ConfigError: Wrong adapter settings, or not enrolled.
        """
        state = config.edge.state_dir
        me = identity.load(state)
        self._config, self._place = config, place
        self._adapter = registry.create(config.pbx.kind, config.pbx.settings, place)
        self._files = tuple(state / name for name in ("live.db", "log.db", "commands.db", "gates.db"))
        self._live = LiveSpool(self._files[0])
        self._log = LogSpool(self._files[1], config.spool.limit_mb * 1_000_000)
        self._asked = CommandSpool(self._files[2])
        self._model = StationModel(me.site)
        self._keeper = StationKeeper(self._model, self._live, self._log)
        self._session = Session(me.edge, uuid.uuid4().hex, SOFTWARE, self._live, self._log, random.random)
        self._uplink = Uplink(self._session, me)
        self._commands = Commands(self._model, self._adapter, self._asked, self._tell)
        self._numbers = numbers.of(config.numbers)
        self._desks = DeskBook()
        self._boards = BoardMaker(self._model, self._desks, self._session.boards)
        self._memory = GateMemory(self._files[3])
        self._holding = Holding(self._adapter)
        self._gates = Gates(self._model, self._holding, self._memory)
        self._views = Views(self._model, self._desks, self._gates, self._holding)
        self._away = Absence(self._gates.cloud_is_away, self._gates.cloud_away_s)
        self._pbx_part, self._uplink_part = Part("pbx"), Part("uplink")
        self._ended = asyncio.Event()
        self._join()
        self._commands.restore()

    def _join(self) -> None:
        """Who hears of whom."""
        self._model.capabilities = self._capable
        self._keeper.wake = self._uplink.wake
        self._keeper.judge = self._gates.judge
        self._keeper.watch = self._watch
        self._boards.wake = self._uplink.wake
        self._join_gates()
        self._session.lanes.known = self._keeper.known
        self._session.linked = self._link
        self._session.telling.told = self._asked.told
        self._commands.offset_ms = lambda: self._session.offset_ms
        self._commands.pbx_is_up = lambda: self._pbx_part.is_up
        self._uplink.hear = self._hear
        self._uplink.on_open = self._open

    def _join_gates(self) -> None:
        gates = self._gates
        gates.changed = self._keeper.changed
        gates.offset_ms = lambda: self._session.offset_ms
        gates.leads = lambda: self._session.role == "active"
        gates.send_away = self._commands.send_away
        gates.work_held = lambda ident, shown: self._tell(OwnResult({"id": ident, "stage": "confirmed"}, shown))
        self._session.lanes.on_acked = gates.acked
        self._commands.decide = self._decide
        self._commands.dialled = self._numbers.command
        self._commands.shown_number = self._numbers.dialled_shown

    def _decide(self, command: EdgeCommand) -> None:
        """What the gate says to a command before the PBX hears of it."""
        match command:
            case EdgeCommand(verb=Verb.SET_STATE, by="supervisor"):
                self._gates.supervise(command.station, held=command.state == "not_ready")
            case EdgeCommand(verb=Verb.SET_STATE, state="ready"):
                self._gates.ask_ready(command.station)
            case EdgeCommand(verb=Verb.REJECT):
                self._gates.rejected(command.station)

    def _watch(self, station: str, seq: int, document: dict[str, Any]) -> None:
        self._commands.shown(station, seq, document)
        self._gates.shown(station, seq)
        self._boards.shown(station, document)

    def _link(self, secret: str) -> None:
        self._model.linkage = Linkage(secret)

    def _open(self) -> None:
        self._uplink_part.found()
        self._away.over()

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop in order: PBX, spool, lead, socket.

        Raises:
            ConfigError: The health port cannot be opened.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        where = self._config.health
        try:
            async with health.serving(where.host, where.port, self.health, self._place, self._views.all):
                pbx = asyncio.create_task(self._pbx_part.run(self._run_adapter, self._lose_pbx))
                self._away.begins()
                uplink = asyncio.create_task(self._uplink_part.run(self._uplink.run, self._away.begins))
                settling = asyncio.create_task(self._settle())
                logger.info("edge_started", extra={"software": SOFTWARE, "kind": self._config.pbx.kind})
                _notify(b"READY=1")
                await self._ended.wait()
                _notify(b"STOPPING=1")
                await self._stop(pbx, uplink)
                await _end(settling)
        finally:
            for spool in (self._live, self._log, self._asked, self._memory):
                spool.close()
        logger.info("edge_stopped")

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._ended.set()

    async def _stop(self, pbx: asyncio.Task[None], uplink: asyncio.Task[None]) -> None:
        await self._gates.release()
        self._gates.close()
        await _end(pbx)
        self._keeper.flush()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                await self._uplink.heard_until(self._has_told_all)
        await self._uplink.release()
        await _end(uplink)

    async def _settle(self) -> None:
        """Keep the spools' journals small, each in its turn, in a thread: there nobody waits for the disk."""
        for path in itertools.cycle(self._files):
            await asyncio.sleep(SETTLE_S)
            await asyncio.to_thread(files.settle, path)

    def _has_told_all(self) -> bool:
        waits = len(self._live) or len(self._log) or len(self._session.telling)
        return not waits or self._session.role != "active" or not self._session.is_welcome

    def health(self) -> Health:
        """How everything is."""
        parts = (self._pbx_part, self._uplink_part)
        return Health(
            role=self._session.role,
            epoch=self._session.epoch,
            uplink="up" if self._uplink_part.is_up else "down",
            pbx="up" if self._pbx_part.is_up else "down",
            pbx_kind=self._adapter.identity.kind,
            pbx_version=self._adapter.identity.version,
            stations=len(self._model.stations),
            logged_on=self._desks.logged_on,
            live_waiting=len(self._live),
            results_waiting=len(self._session.telling),
            records_waiting=len(self._log),
            records_bytes=self._log.waiting_bytes,
            records_discarded=self._keeper.discarded,
            records_refused=self._log.refused,
            spool_full=self._keeper.is_full,
            disk_failures=self._live.failures + self._log.failures + self._asked.failures + self._memory.failures,
            refused=self._session.lanes.refused,
            facts=self._keeper.facts,
            uplink_losses=self._uplink_part.losses,
            pbx_losses=self._pbx_part.losses,
            rotations=self._uplink.rotations,
            watched=self._session.boards.is_watched,
            gated=self._gates.gated,
            held=len(self._holding.stations),
            unholdable=tuple(f"{station}: {why}" for station, why in sorted(self._holding.impossible.items())),
            stopped=tuple(Stopped(p.name, p.stopped.code, str(p.stopped)) for p in parts if p.stopped),
        )

    def _capable(self, station: str) -> frozenset[Verb]:
        """Asked anew each time: an adapter may learn what its PBX can do only when it is connected."""
        return self._adapter.capabilities.of(station)

    async def _run_adapter(self) -> None:
        await self._adapter.run(self._emit)

    def _emit(self, fact: Fact) -> None:
        self._keeper.emit(self._numbers.fact(fact))
        self._boards.saw(fact, time.time_ns() // 1_000_000 + round(self._session.offset_ms))
        if isinstance(fact, Snapshot):
            self._find_pbx()
        elif isinstance(fact, Pressed):
            self._gates.pressed(fact)

    def _find_pbx(self) -> None:
        found, capable = self._adapter.identity, self._adapter.capabilities
        self._session.introduce(
            PbxInfo(kind=found.kind, version=found.version), capable.default.union(*capable.stations.values())
        )
        self._session.lanes.snapshot_ready = True
        self._pbx_part.found()
        self._gates.found_pbx()
        self._tell_pbx(up=True)

    def _lose_pbx(self) -> None:
        self._keeper.link_lost()
        self._tell_pbx(up=False)

    def _tell_pbx(self, *, up: bool) -> None:
        if self._session.pbx_up != up:
            self._session.pbx_up = up
            self._session.beat_soon()
        self._uplink.wake()

    def _hear(self, heard: Heard) -> None:
        match heard:
            case EdgeCommand() as command:
                self._commands.take(command)
            case Desks() as desks:
                self._desks.take(desks)
                self._gates.take(desks)
                self._boards.changed()
            case Leading(epoch):
                logger.info("leading", extra={"epoch": epoch})
                self._model.lead(epoch)
                self._gates.led()
            case StandingBy(epoch):
                logger.info("standing_by", extra={"epoch": epoch})
                self._gates.stood_by()
            case Fenced(epoch):
                logger.warning("fenced", extra={"epoch": epoch})
            case Refused(what, code):
                logger.error("refused_by_cloud", extra={"what": what, "code": code})

    def _tell(self, result: OwnResult) -> None:
        self._session.telling.put(result)
        self._uplink.wake()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _notify(state: bytes) -> None:
    """Tell systemd, where it listens. Source: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.connect("\0" + address[1:] if address.startswith("@") else address)
            told.send(state)


def run(config: Config, place: Path) -> None:
    """Run one edge until it is told to stop.

    Raises:
        ConfigError: It cannot start as configured.
    """

    async def edge() -> None:
        made = Edge(config, str(place))
        # What start-up made stays for good; looking through all of it again takes the collector longer than any event.
        gc.collect()
        gc.freeze()
        await made.run()

    identity.load(config.edge.state_dir)
    with files.sole_user(config.edge.state_dir):
        asyncio.run(edge())
