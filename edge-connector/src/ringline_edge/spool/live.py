"""The live lane: the newest document per station, until the cloud has acknowledged exactly that one.

SQLite in WAL mode with `synchronous=NORMAL`: a killed process loses nothing; a power cut may lose the last moments,
which the next snapshot of the PBX brings back.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS live (station TEXT PRIMARY KEY, seq INTEGER NOT NULL, doc TEXT NOT NULL,
                                 rang TEXT NOT NULL, seen_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS command (id TEXT PRIMARY KEY, result TEXT, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS command_age ON command (at_ms);
"""
COMMANDS_KEPT_MS = 86_400_000


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
    """Documents that wait for their ack, and commands that were taken."""

    def __init__(self, path: Path) -> None:
        """Opens `path`, made if it is not there; a file of an earlier run is taken over.

        Raises:
            sqlite3.Error: The file cannot be opened or is no database.
        """
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)
        rows = self._db.execute("SELECT station, seq, doc, rang, seen_ms FROM live ORDER BY seen_ms")
        self._entries = {
            station: Entry(station, seq, doc, tuple(json.loads(rang)), seen) for station, seq, doc, rang, seen in rows
        }

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """What waits, by station; the longest waiting first."""
        return self._entries

    def put(self, entries: Iterable[Entry]) -> None:
        """Store documents in one commit; a station's older one gives way, its `rang` is united."""
        fresh = [self._united(entry) for entry in entries]
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT OR REPLACE INTO live VALUES (?, ?, ?, ?, ?)",
            [(e.station, e.seq, e.doc, json.dumps(e.rang), e.seen_ms) for e in fresh],
        )
        self._db.execute("COMMIT")
        for entry in fresh:
            self._entries[entry.station] = entry

    def acked(self, station: str, seq: int) -> None:
        """The cloud has this document; a newer one of the station goes on waiting."""
        entry = self._entries.get(station)
        if entry is not None and entry.seq == seq:
            del self._entries[station]
            self._db.execute("DELETE FROM live WHERE station = ? AND seq = ?", (station, seq))

    def begin_command(self, ident: str, now_ms: int) -> bool:
        """Remember a command; False when this id was taken within the last 24 h."""
        self._db.execute("DELETE FROM command WHERE at_ms < ?", (now_ms - COMMANDS_KEPT_MS,))
        done = self._db.execute("INSERT OR IGNORE INTO command VALUES (?, NULL, ?)", (ident, now_ms))
        return done.rowcount == 1

    def store_result(self, ident: str, result: str) -> None:
        """Keep the newest result of a command, as JSON."""
        self._db.execute("UPDATE command SET result = ? WHERE id = ?", (result, ident))

    def result(self, ident: str) -> str | None:
        """The newest stored result of a command."""
        row = self._db.execute("SELECT result FROM command WHERE id = ?", (ident,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _united(self, entry: Entry) -> Entry:
        before = self._entries.get(entry.station)
        if before is None or not before.rang:
            return entry
        rang = tuple(dict.fromkeys((*before.rang, *entry.rang)))
        return Entry(entry.station, entry.seq, entry.doc, rang, entry.seen_ms)
