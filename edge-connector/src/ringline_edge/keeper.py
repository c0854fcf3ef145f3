"""The station keeper: facts of the adapter in, documents and records into the spool, once per turn of the event loop.

The hot path is one call of the model; documents are built and committed together when the loop turns, so that a burst
costs one commit. Nothing on it waits for the disk: what a commit has written outlives this process, and the sync that
lets call records outlive a power cut, too, is begun once their documents are free to leave.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from ringline_core.domain.changes import Changes
from ringline_core.domain.facts import Fact
from ringline_core.domain.model import StationModel
from ringline_core.domain.record import CallRecordDraft
from ringline_core.errors import SpoolFullError
from ringline_core.wire.codec import compact
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool, Record

logger = logging.getLogger(__name__)
Watcher = Callable[[str, int, dict[str, Any]], None]


class StationKeeper:
    """Keeps the stations' documents and puts every new one into the spool.

    Attributes:
        wake: Called after something was put into the spool.
        judge: Called with a station right before its document is built.
        watch: Called with station, `seq` and document for every new document.
        facts: Facts taken so far.
        discarded: Call records that the spool did not take.
        is_full: Whether the spool took none of the newest records.
    """

    def __init__(self, model: StationModel, live: LiveSpool, log: LogSpool) -> None:
        """Stations are those of `model`; what an earlier run left in `live` keeps its numbers."""
        self.wake: Callable[[], None] = lambda: None
        self.judge: Callable[[str], object] = lambda _station: None
        self.watch: Watcher = lambda _station, _seq, _document: None
        self.facts = self.discarded = 0
        self.is_full = False
        self._model, self._live, self._log = model, live, log
        self._seq = live.newest_seq
        self._dirty: dict[str, tuple[set[str], int]] = {}
        self._ended: list[CallRecordDraft] = []
        self._flush_due = self._sync_due = False
        self._syncing: asyncio.Task[None] | None = None

    def emit(self, fact: Fact) -> None:
        """Take one fact of the adapter; see `adapters.port.Emit`."""
        self.facts += 1
        changes = self._model.apply(fact)
        if changes:
            self._note(changes)

    def changed(self, station: str) -> None:
        """Something beside the PBX changed what the station's document shows."""
        self._note(Changes({station: frozenset()}))

    def link_lost(self) -> None:
        """The PBX is out of sight."""
        self._note(self._model.link_lost(_now_ms()))

    def known(self) -> tuple[str, ...]:
        """All stations, each with its document put anew into the spool: what a full snapshot has to tell."""
        now_ms = _now_ms()
        for station in self._model.stations:
            self._dirty.setdefault(station, (set(), now_ms))
        self.flush()
        return self._model.stations

    def flush(self) -> None:
        """Build the documents of all changed stations and commit them together, records of ended calls first."""
        self._flush_due = False
        dirty, self._dirty = self._dirty, {}
        built = [self._built(station, rang, seen_ms) for station, (rang, seen_ms) in dirty.items()]
        if self._ended:
            self._store_records()
        if built:
            self._live.put(entry for entry, _ in built)
        for entry, document in built:
            self.watch(entry.station, entry.seq, document)
        self.wake()
        if self._sync_due and (self._syncing is None or self._syncing.done()):
            self._syncing = asyncio.get_running_loop().create_task(self._sync_records())

    def _built(self, station: str, rang: set[str], seen_ms: int) -> tuple[Entry, dict[str, Any]]:
        self.judge(station)
        document = self._model.document(station)
        self._seq += 1
        return Entry(station, self._seq, compact(document), tuple(sorted(rang)), seen_ms), document

    def _note(self, changes: Changes) -> None:
        for station, rang in changes.stations.items():
            known = self._dirty.get(station)
            if known is None:
                self._dirty[station] = (set(rang), _now_ms())
            else:
                known[0].update(rang)
        self._ended += changes.records
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _store_records(self) -> None:
        """Stored before the documents that show the calls' ends, so that no kill in between loses one; sent after."""
        ended, self._ended = self._ended, []
        now_ms = _now_ms()
        try:
            self._log.put(Record(each.call, each.version, compact(each.record), self._seq, now_ms) for each in ended)
        except SpoolFullError as err:
            self.discarded += len(ended)
            if not self.is_full:
                logger.error("spool_full", extra={"reason": str(err), "call": ended[0].call})  # noqa: TRY400
            self.is_full = True
            return
        self._sync_due = True
        if self.is_full:
            logger.info("spool_has_room", extra={"discarded": self.discarded})
        self.is_full = False

    async def _sync_records(self) -> None:
        """One sync at a time, in a thread; what is stored meanwhile has the next one."""
        while self._sync_due:
            self._sync_due = False
            try:
                await asyncio.to_thread(self._log.sync)
            except OSError as err:
                self._log.failed(err)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
