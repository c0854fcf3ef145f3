"""The log lane: every call record, complete and in order, until the cloud has acknowledged it.

A file of its own with `synchronous=FULL`: a record that was taken survives a power cut.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ringline_core.errors import SpoolFullError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (call TEXT PRIMARY KEY, version INTEGER NOT NULL, body TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A call record on its way; `body` is compact JSON."""

    call: str
    version: int
    body: str


class LogSpool:
    """Call records that wait for their ack."""

    def __init__(self, path: Path, limit_bytes: int) -> None:
        """Opens `path`; above `limit_bytes` of waiting records new ones are refused, what waits is kept."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        self._limit = limit_bytes
        row = self._db.execute("SELECT COUNT(*), COALESCE(SUM(LENGTH(body)), 0) FROM record").fetchone()
        self._count, self._bytes = int(row[0]), int(row[1])

    def __len__(self) -> int:
        return self._count

    @property
    def waiting_bytes(self) -> int:
        """Size of all waiting records."""
        return self._bytes

    def put(self, record: Record) -> None:
        """Store a record; a higher version of the same call replaces a lower one.

        Raises:
            SpoolFullError: The limit is reached; the record was not taken.
        """
        if self._bytes + len(record.body) > self._limit:
            raise SpoolFullError(f"{self._bytes} bytes of call records wait, the limit is {self._limit}")
        old = self._db.execute("SELECT version, LENGTH(body) FROM record WHERE call = ?", (record.call,)).fetchone()
        if old and old[0] >= record.version:
            return
        self._db.execute("INSERT OR REPLACE INTO record VALUES (?, ?, ?)", (record.call, record.version, record.body))
        self._bytes += len(record.body) - (old[1] if old else 0)
        self._count += 0 if old else 1

    def oldest(self, limit: int) -> list[Record]:
        """The longest waiting records."""
        rows = self._db.execute("SELECT call, version, body FROM record ORDER BY rowid LIMIT ?", (limit,))
        return [Record(*row) for row in rows]

    def acked(self, records: list[Record]) -> None:
        """The cloud has these versions; a newer version of a call goes on waiting."""
        self._db.execute("BEGIN")
        for record in records:
            done = self._db.execute("DELETE FROM record WHERE call = ? AND version = ?", (record.call, record.version))
            if done.rowcount:
                self._count -= 1
                self._bytes -= len(record.body)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
