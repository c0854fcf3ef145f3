"""Commands that were taken, and how far each came: kept for 24 hours, so that none is carried out twice.

A killed process loses nothing; a power cut may lose the last ids, whose deadlines are over by the time the power is
back.
"""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from ringline_edge.spool.files import opened

logger = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS command (id TEXT PRIMARY KEY, result TEXT, final INTEGER NOT NULL DEFAULT 0,
                                    told INTEGER NOT NULL DEFAULT 0, at_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS command_age ON command (at_ms);
CREATE INDEX IF NOT EXISTS command_open ON command (told) WHERE told = 0;
"""
KEPT_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Untold:
    """A command whose outcome the cloud has not acknowledged.

    Attributes:
        result: The newest result as JSON; None when the process ended before there was one.
        final: Whether that result is the last one.
    """

    id: str
    result: str | None
    final: bool


class CommandSpool:
    """Ids and stages of the last 24 hours.

    A disk that refuses a write costs memory of a restart, not service: the command goes on, known to this process.

    Attributes:
        failures: Writes that the disk refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path`, made if it is not there.

        Raises:
            ConfigError: The file cannot be opened.
        """
        self._db = opened(path, _SCHEMA)
        self._unwritten: dict[str, str | None] = {}
        self.failures = 0

    def begin(self, ident: str, now_ms: int) -> bool:
        """Remember a command; False when this id was taken within the last 24 h."""
        if ident in self._unwritten or self._is_kept(ident, now_ms - KEPT_MS):
            return False
        self._write("DELETE FROM command WHERE at_ms < ?", now_ms - KEPT_MS)
        if not self._write("INSERT OR REPLACE INTO command (id, at_ms) VALUES (?, ?)", ident, now_ms):
            self._unwritten[ident] = None
        return True

    def store(self, ident: str, result: str, *, final: bool) -> None:
        """Keep the newest result of a command, as JSON."""
        statement = "UPDATE command SET result = ?, final = ?, told = 0 WHERE id = ?"
        if ident in self._unwritten or not self._write(statement, result, final, ident):
            self._unwritten[ident] = result

    def result(self, ident: str) -> str | None:
        """The newest stored result of a command."""
        if ident in self._unwritten:
            return self._unwritten[ident]
        row = self._db.execute("SELECT result FROM command WHERE id = ?", (ident,)).fetchone()
        return row[0] if row else None

    def told(self, ident: str) -> None:
        """The cloud acknowledged the final result."""
        self._write("UPDATE command SET told = 1 WHERE id = ? AND final = 1", ident)

    def untold(self) -> list[Untold]:
        """Commands whose outcome is not known to have reached the cloud, the oldest first."""
        rows = self._db.execute("SELECT id, result, final FROM command WHERE told = 0 ORDER BY at_ms, id")
        return [Untold(ident, result, bool(final)) for ident, result, final in rows]

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _is_kept(self, ident: str, since_ms: int) -> bool:
        row = self._db.execute("SELECT 1 FROM command WHERE id = ? AND at_ms >= ?", (ident, since_ms)).fetchone()
        return row is not None

    def _write(self, statement: str, *values: object) -> bool:
        try:
            self._db.execute(statement, values)
        except sqlite3.Error as err:
            if not self.failures:
                logger.error("spool_write_failed", extra={"lane": "commands", "reason": str(err)})  # noqa: TRY400
            self.failures += 1
            return False
        return True
