"""What the gates remember, and the desks they know, over restarts of this process."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from pydantic import TypeAdapter

from ringline_core.domain.gate import GateState, StationGate
from ringline_core.wire.edge import DeskForEdge
from ringline_edge.spool.files import opened

logger = logging.getLogger(__name__)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS gate (station TEXT PRIMARY KEY, kept TEXT NOT NULL, desk TEXT) WITHOUT ROWID;
"""
_KEPT = TypeAdapter(GateState)


class GateMemory:
    """Gates by station, written when they change.

    A disk that refuses a write costs memory of a restart, not service.

    Attributes:
        failures: Writes that the disk refused.
    """

    def __init__(self, path: Path) -> None:
        """Opens `path`, made if it is not there.

        Raises:
            ConfigError: The file cannot be opened.
        """
        self._db = opened(path, _SCHEMA)
        self._written: dict[str, tuple[str, str | None]] = {}
        self.failures = 0

    def gates(self) -> Iterator[StationGate]:
        """The gates as an earlier run left them; what cannot be read is left out."""
        for station, kept, desk in self._db.execute("SELECT station, kept, desk FROM gate").fetchall():
            try:
                found = None if desk is None else DeskForEdge.model_validate_json(desk)
                yield StationGate(station, _KEPT.validate_json(kept), found)
            except ValueError:
                logger.warning("gate_unreadable", extra={"station": station})

    def keep(self, gate: StationGate) -> None:
        """Write a gate, if it is not written so already."""
        kept = _KEPT.dump_json(gate.kept).decode()
        row = (kept, gate.desk.model_dump_json() if gate.desk else None)
        if self._written.get(gate.station) == row:
            return
        try:
            if gate.is_idle:
                self._db.execute("DELETE FROM gate WHERE station = ?", (gate.station,))
            else:
                self._db.execute("INSERT OR REPLACE INTO gate VALUES (?, ?, ?)", (gate.station, *row))
        except sqlite3.Error as err:
            self.failures += 1
            logger.error("spool_write_failed", extra={"lane": "gates", "reason": str(err)})  # noqa: TRY400
            return
        self._written[gate.station] = row

    def close(self) -> None:
        """Close the file."""
        self._db.close()
