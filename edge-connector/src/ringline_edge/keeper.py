"""The station keeper: facts of the adapter in, documents into the spool, once per turn of the event loop.

The hot path is one call of the model; documents are built and committed together when the loop turns, so that a burst
costs one commit.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from ringline_core.domain.facts import Fact, Snapshot
from ringline_core.domain.model import Changes, StationModel
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
        watch: Called with station, `seq` and document for every new document.
        refused_records: Call records that the full spool did not take.
        facts: Facts taken so far.
    """

    def __init__(self, model: StationModel, live: LiveSpool, log: LogSpool) -> None:
        """Stations are those of `model`."""
        self.model = model
        self.wake: Callable[[], None] = lambda: None
        self.watch: Watcher = lambda _station, _seq, _document: None
        self.refused_records = 0
        self.facts = 0
        self.has_snapshot = False
        self._live, self._log = live, log
        self._seq = 0
        self._dirty: dict[str, tuple[set[str], int]] = {}
        self._flush_due = False

    def emit(self, fact: Fact) -> None:
        """Take one fact of the adapter; see `adapters.port.Emit`."""
        self.facts += 1
        changes = self.model.apply(fact)
        if isinstance(fact, Snapshot):
            self.has_snapshot = True
            self.wake()
        if changes:
            self._note(changes)

    def link_lost(self) -> None:
        """The PBX is out of sight."""
        self._note(self.model.link_lost(_now_ms()))

    def lead(self, epoch: int) -> None:
        """This edge leads under a new epoch: every station is to be told anew."""
        self.model.lead(epoch)
        for station in self.model.stations:
            self._dirty.setdefault(station, (set(), _now_ms()))
        self.flush()

    def sequence(self) -> dict[str, int]:
        """`seq` of every station's document that waits in the spool."""
        return {station: entry.seq for station, entry in self._live.entries.items()}

    def flush(self) -> None:
        """Build the documents of all changed stations and commit them together."""
        self._flush_due = False
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, {}
        built: list[tuple[Entry, dict[str, Any]]] = []
        for station, (rang, seen_ms) in dirty.items():
            document = self.model.document(station)
            self._seq += 1
            built.append((Entry(station, self._seq, compact(document), tuple(sorted(rang)), seen_ms), document))
        self._live.put(entry for entry, _ in built)
        for entry, document in built:
            self.watch(entry.station, entry.seq, document)
        self.wake()

    def _note(self, changes: Changes) -> None:
        for station, rang in changes.stations.items():
            known = self._dirty.get(station)
            if known is None:
                self._dirty[station] = (set(rang), _now_ms())
            else:
                known[0].update(rang)
        for draft in changes.records:
            self._store(Record(draft.call, draft.version, compact(draft.record)))
        if not self._flush_due:
            self._flush_due = True
            asyncio.get_running_loop().call_soon(self.flush)

    def _store(self, record: Record) -> None:
        try:
            self._log.put(record)
        except SpoolFullError:
            self.refused_records += 1
            if self.refused_records == 1:
                logger.exception("spool_full", extra={"call": record.call})


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
