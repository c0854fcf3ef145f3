"""The log lane: every call record, complete and in order, until the cloud has acknowledged it.

A record that was put survives a killed process at once, and a power cut once it is synced; that is done apart, since a
disk may take longer for it than all else that an event causes. When the limit is reached the oldest records are kept
and new ones are refused, counted and alarmed: what an outage began with is not thrown away for what came later.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ringline_core.errors import SpoolFullError
from ringline_edge.spool import files

logger = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS record (place INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL UNIQUE,
                                   version INTEGER NOT NULL, body TEXT NOT NULL, bytes INTEGER NOT NULL,
                                   after_seq INTEGER NOT NULL, at_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS refused (place INTEGER PRIMARY KEY AUTOINCREMENT, call TEXT NOT NULL,
                                    version INTEGER NOT NULL, body TEXT NOT NULL, code TEXT NOT NULL);
"""
REFUSED_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Record:
    """A call record on its way.

    Attributes:
        body: Compact JSON.
        after_seq: The record waits until every document up to this `seq` is acknowledged.
        at_ms: When it was made.
    """

    call: str
    version: int
    body: str
    after_seq: int = 0
    at_ms: int = 0


class LogSpool:
    """Call records that wait for their ack.

    Attributes:
        failures: Changes that the disk refused.
    """

    def __init__(self, path: Path, limit_bytes: int) -> None:
        """Opens `path`; above `limit_bytes` of waiting records new ones are refused.

        Raises:
            ConfigError: The file cannot be opened.
        """
        self._path = path
        self._db = files.opened(path, _SCHEMA)
        # Documents of an earlier run are told anew before any record is sent, so its order means nothing now.
        self._db.execute("UPDATE record SET after_seq = 0 WHERE after_seq > 0")
        self._limit = limit_bytes
        row = self._db.execute("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM record").fetchone()
        self._count, self._bytes = int(row[0]), int(row[1])
        self._undeleted: dict[tuple[str, int], Record] = {}
        self.failures = 0

    def __len__(self) -> int:
        return self._count

    @property
    def waiting_bytes(self) -> int:
        """Size of all waiting records."""
        return self._bytes

    @property
    def refused(self) -> int:
        """How many records the cloud refused and are kept for a human, at most 1000."""
        return int(self._db.execute("SELECT COUNT(*) FROM refused").fetchone()[0])

    def put(self, records: Iterable[Record]) -> None:
        """Store records in one commit; a higher version of the same call replaces a lower one.

        Raises:
            SpoolFullError: The limit is reached or the disk refuses; these records were not taken.
        """
        fresh = list(records)
        size = sum(len(record.body.encode()) for record in fresh)
        if self._bytes + size > self._limit:
            raise SpoolFullError(f"{self._bytes} bytes of call records wait, the limit is {self._limit}")
        try:
            with self._commit():
                for record in fresh:
                    self._put(record)
        except sqlite3.Error as err:
            raise SpoolFullError(f"the call record cannot be written: {err}") from err

    def sync(self) -> None:
        """Have the disk keep what was put before; the only method that another thread may call.

        Raises:
            OSError: The disk refuses.
        """
        files.sync(self._path)

    def oldest(self, limit: int, before_seq: int | None = None) -> list[Record]:
        """The longest waiting records that need no document with `seq` >= `before_seq`; None: all of them."""
        rows = self._db.execute(
            "SELECT call, version, body, after_seq, at_ms FROM record WHERE ? IS NULL OR after_seq < ? "
            "ORDER BY place LIMIT ?",
            (before_seq, before_seq, limit + len(self._undeleted)),
        )
        records = [Record(*row) for row in rows]
        return [each for each in records if (each.call, each.version) not in self._undeleted][:limit]

    def acked(self, records: Iterable[Record]) -> None:
        """The cloud has these versions; a newer version of a call goes on waiting."""
        gone = [*self._undeleted.values(), *records]
        deleted = self._try(lambda: self._delete_all(gone))
        self._undeleted = {} if deleted else {(record.call, record.version): record for record in gone}

    def refuse(self, record: Record, code: str) -> None:
        """The cloud will never take this version: keep it for a human, out of the way of the others."""
        if not self._try(lambda: self._put_aside(record, code)):
            self._undeleted[record.call, record.version] = record

    def postpone(self, record: Record) -> None:
        """Let the others go first."""
        statement = "UPDATE record SET place = (SELECT MAX(place) + 1 FROM record) WHERE call = ? AND version = ?"
        self._try(lambda: self._db.execute(statement, (record.call, record.version)))

    def forget_before(self, at_ms: int) -> int:
        """Drop records made before a moment; how many."""
        rows = self._db.execute("SELECT call, version, body, after_seq, at_ms FROM record WHERE at_ms < ?", (at_ms,))
        old = [Record(*row) for row in rows]
        if old:
            self.acked(old)
        return len(old)

    def failed(self, err: Exception) -> None:
        """Count a change or a sync that the disk refused; the first one is logged."""
        if not self.failures:
            logger.error("spool_write_failed", extra={"lane": "log", "reason": str(err)})
        self.failures += 1

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _put(self, record: Record) -> None:
        found = self._db.execute("SELECT version FROM record WHERE call = ?", (record.call,)).fetchone()
        if found and found[0] >= record.version:
            return
        if found:
            self._delete(Record(record.call, found[0], ""))
        size = len(record.body.encode())
        self._db.execute(
            "INSERT INTO record (call, version, body, bytes, after_seq, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (record.call, record.version, record.body, size, record.after_seq, record.at_ms),
        )
        self._count += 1
        self._bytes += size

    def _put_aside(self, record: Record, code: str) -> None:
        self._db.execute(
            "INSERT INTO refused (call, version, body, code) VALUES (?, ?, ?, ?)",
            (record.call, record.version, record.body, code),
        )
        self._db.execute("DELETE FROM refused WHERE place <= (SELECT MAX(place) FROM refused) - ?", (REFUSED_KEPT,))
        self._delete(record)

    def _delete_all(self, records: Iterable[Record]) -> None:
        for record in records:
            self._delete(record)

    def _delete(self, record: Record) -> None:
        key = (record.call, record.version)
        gone = self._db.execute("DELETE FROM record WHERE call = ? AND version = ? RETURNING bytes", key).fetchall()
        self._count -= len(gone)
        self._bytes -= sum(size for (size,) in gone)

    def _try(self, change: Callable[[], object]) -> bool:
        """Make a change in one commit; False when the disk refuses, and then nothing has changed."""
        try:
            with self._commit():
                change()
        except sqlite3.Error as err:
            self.failed(err)
            return False
        return True

    @contextmanager
    def _commit(self) -> Iterator[None]:
        count, size = self._count, self._bytes
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            self._count, self._bytes = count, size
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
