"""The live lane: the newest document per station, until the cloud has acknowledged exactly that one.

A killed process loses nothing; a power cut may lose the last moments, which the next snapshot of the PBX brings back.
Its size is bounded by the number of stations. A disk that refuses a write costs durability, not service: the document
goes on in memory and is written again with the next one.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ringline_edge.spool.files import opened

logger = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS live (station TEXT PRIMARY KEY, seq INTEGER NOT NULL, doc TEXT NOT NULL,
                                 rang TEXT NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document on its way.

    Attributes:
        doc: Compact JSON.
        rang: Call ids, united over the documents that this one replaced.
        seen_ms: When the PBX's event was seen.
    """

    station: str
    seq: int
    doc: str
    rang: tuple[str, ...]
    seen_ms: int


class LiveSpool:
    """Documents that wait for their ack.

    Attributes:
        failures: Writes that the disk refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path`, made if it is not there; what an earlier run left waits on.

        Raises:
            ConfigError: The file cannot be opened.
        """
        self._db = opened(path, _SCHEMA)
        rows = self._db.execute("SELECT station, seq, doc, rang, seen_ms FROM live ORDER BY seen_ms")
        self._entries = {
            station: Entry(station, seq, doc, tuple(json.loads(rang)), seen) for station, seq, doc, rang, seen in rows
        }
        self._since = {entry.station: entry.seq for entry in self._entries.values()}
        self._unwritten: set[str] = set()
        self.failures = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What waits, by station; the longest waiting first."""
        return self._entries

    @property
    def newest_seq(self) -> int:
        """The highest `seq` that waits, 0 when nothing does."""
        return max((entry.seq for entry in self._entries.values()), default=0)

    @property
    def oldest_seq(self) -> int | None:
        """The lowest `seq` that the cloud does not have, those that gave way to a newer one included."""
        return min(self._since.values(), default=None)

    def put(self, entries: Iterable[Entry]) -> None:
        """Store documents in one commit; a station's older one gives way, its `rang` is united."""
        for entry in entries:
            self._entries[entry.station] = self._united(entry)
            self._since.setdefault(entry.station, entry.seq)
            self._unwritten.add(entry.station)
        fresh = [self._entries[station] for station in self._unwritten if station in self._entries]
        rows = [(e.station, e.seq, e.doc, json.dumps(e.rang), e.seen_ms) for e in fresh]
        if self._write(_PUT, rows):
            self._unwritten.clear()

    def acked(self, station: str, seq: int) -> None:
        """The cloud has this document; a newer one of the station goes on waiting."""
        entry = self._entries.get(station)
        if entry is not None and entry.seq > seq:
            self._since[station] = max(self._since[station], seq + 1)
        elif entry is not None and entry.seq == seq:
            del self._entries[station], self._since[station]
            self._write("DELETE FROM live WHERE station = ? AND seq <= ?", [(station, seq)])

    def keep_only(self, stations: Collection[str]) -> None:
        """Drop what waits for other stations: an earlier run left it, and the PBX does not know them any more."""
        gone = [station for station in self._entries if station not in stations]
        for station in gone:
            del self._entries[station], self._since[station]
        if gone:
            self._write("DELETE FROM live WHERE station = ?", [(station,) for station in gone])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _united(self, entry: Entry) -> Entry:
        before = self._entries.get(entry.station)
        if before is None or not before.rang:
            return entry
        return replace(entry, rang=tuple(dict.fromkeys((*before.rang, *entry.rang))))

    def _write(self, statement: str, rows: Iterable[tuple[object, ...]]) -> bool:
        try:
            self._db.execute("BEGIN")
            try:
                self._db.executemany(statement, rows)
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
        except sqlite3.Error as err:
            if not self.failures:
                logger.error("spool_write_failed", extra={"lane": "live", "reason": str(err)})  # noqa: TRY400
            self.failures += 1
            return False
        return True
