"""The composition root: builds the parts, joins them, runs them, and takes them down in order."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import uuid
from pathlib import Path
from typing import Any

from ringline_core.domain.facts import Fact
from ringline_core.domain.model import StationModel
from ringline_core.errors import RinglineError
from ringline_core.wire.codes import Verb
from ringline_core.wire.edge import PbxInfo
from ringline_edge import health, identity, registry
from ringline_edge.commands import Commands
from ringline_edge.config import Config
from ringline_edge.keeper import StationKeeper
from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool
from ringline_edge.supervisor import keep_running
from ringline_edge.uplink.client import Uplink
from ringline_edge.uplink.session import OwnResult, Session

logger = logging.getLogger(__name__)
SOFTWARE = "ringline-edge/0.1.0"
DRAIN_S = 1.0


class Edge:
    """One running edge connector."""

    def __init__(self, config: Config, place: str) -> None:
        """Builds everything; opens the spool, but no socket.

        Raises:
            ConfigError: Wrong adapter settings, or not enrolled.
        """
        state = config.edge.state_dir
        me = identity.load(state)
        self._config = config
        self._adapter = registry.create(config.pbx.kind, config.pbx.settings, place)
        self._live = LiveSpool(state / "live.db")
        self._log = LogSpool(state / "log.db", config.spool.limit_mb * 1_000_000)
        self._model = StationModel(me.site)
        self._model.capabilities = self._capable
        self._keeper = StationKeeper(self._model, self._live, self._log)
        self._session = Session(me.edge, uuid.uuid4().hex, SOFTWARE, self._live, self._log, random.random)
        self._uplink = Uplink(self._session, me)
        self._commands = Commands(self._model, self._adapter, self._live, self._tell)
        self._heard = asyncio.Event()
        self._ended = asyncio.Event()
        self._pbx_up = False
        self._refusal: RinglineError | None = None
        self._join()

    def _join(self) -> None:
        self._keeper.wake = self._uplink.wake
        self._keeper.watch = self._commands.shown
        self._commands.offset_ms = lambda: self._session.offset_ms
        self._uplink.on_command = self._commands.take
        self._uplink.on_lead = self._lead
        self._uplink.on_frame = self._heard.set
        self._uplink.on_stand_by = lambda: logger.info("standing_by")

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then stop in order: PBX, spool, lead, socket."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        where = self._config.health
        async with health.serving(where.host, where.port, self.health):
            adapter = asyncio.create_task(
                keep_running("pbx", self._run_adapter, lost=self._lose_pbx, stopped=self._refused)
            )
            uplink = asyncio.create_task(keep_running("uplink", self._uplink.run, stopped=self._refused))
            _notify(b"READY=1")
            await self._ended.wait()
            _notify(b"STOPPING=1")
            await _end(adapter)
            self._keeper.flush()
            await self._drain()
            await self._uplink.release()
            await _end(uplink)
        self._live.close()
        self._log.close()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._ended.set()

    def health(self) -> dict[str, Any]:
        """What `/healthz` says."""
        return {
            "role": self._session.role,
            "epoch": self._session.epoch,
            "uplink": "up" if self._uplink.is_open else "down",
            "pbx": "up" if self._pbx_up else "down",
            "pbx_kind": self._adapter.identity.kind,
            "stations": len(self._model.stations),
            "live_waiting": len(self._live),
            "records_waiting": len(self._log),
            "records_bytes": self._log.waiting_bytes,
            "records_discarded": self._keeper.refused_records,
            "facts": self._keeper.facts,
            "stopped": None if self._refusal is None else {"code": self._refusal.code, "reason": str(self._refusal)},
        }

    def _capable(self, station: str) -> frozenset[Verb]:
        """Asked anew each time: an adapter may learn what its PBX can do only when it is connected."""
        return self._adapter.capabilities.of(station)

    async def _run_adapter(self) -> None:
        await self._adapter.run(self._emit)

    def _emit(self, fact: Fact) -> None:
        if not self._pbx_up:
            self._find_pbx()
        self._keeper.emit(fact)

    def _find_pbx(self) -> None:
        self._pbx_up = self._commands.pbx_up = self._session.pbx_up = True
        self._session.snapshot_ready = True
        found = self._adapter.identity
        self._session.pbx = PbxInfo(kind=found.kind, version=found.version)
        self._session.beat_soon()
        logger.info("pbx_found", extra={"kind": found.kind, "version": found.version})

    def _lose_pbx(self) -> None:
        self._commands.pbx_up = self._session.pbx_up = False
        if self._pbx_up:
            self._pbx_up = False
            self._keeper.link_lost()
        self._session.beat_soon()
        self._uplink.wake()

    def _lead(self, epoch: int) -> None:
        logger.info("leading", extra={"epoch": epoch})
        self._keeper.lead(epoch)
        self._session.snapshot_of(self._keeper.sequence())

    def _tell(self, result: OwnResult) -> None:
        self._session.result(result)
        self._uplink.wake()

    def _refused(self, error: RinglineError) -> None:
        self._refusal = error

    async def _drain(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                while self._uplink.is_open and len(self._live):
                    self._heard.clear()
                    await self._heard.wait()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        pass
    except RinglineError:
        logger.info("ended_late", exc_info=True)


def _notify(state: bytes) -> None:
    """Tell systemd, where it listens. Source: sd_notify(3)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
            told.connect("\0" + address[1:] if address.startswith("@") else address)
            told.send(state)


def run(config: Config, place: Path) -> None:
    """Run one edge until it is told to stop."""
    asyncio.run(Edge(config, str(place)).run())
