"""The tap of a recording: what comes over the link is redacted message by message and written at once."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Final

from ringline_core.errors import PbxProtocolError
from ringline_edge.recording import folder as folders
from ringline_edge.recording.redaction import Redaction

LIMIT_BYTES: Final = 64 * 1024 * 1024
PART: Final = ".part"


class Tape:
    """A `Tap` that writes to a file; whole messages only, so that it ends well wherever it ends.

    Attributes:
        written: Bytes so far.
        over: Set once nothing more is written; `reason` says why.
    """

    def __init__(self, folder: Path, redaction: Redaction, *, limit_bytes: int = LIMIT_BYTES) -> None:
        """Begins the file in `folder`, which is there."""
        self.written, self.reason = 0, ""
        self.over = asyncio.Event()
        self._redaction, self._limit = redaction, limit_bytes
        self._path = folder / f"in.{redaction.extension}"
        self._file = os.fdopen(folders.opened(self._draft), "wb")

    @property
    def _draft(self) -> Path:
        return self._path.with_name(f".{self._path.name}{PART}")

    def heard(self, data: bytes) -> None:
        """See `Tap.heard`."""
        if self.over.is_set():
            return
        try:
            self._write(self._redaction.heard(data, time.time_ns() // 1_000_000))
        except PbxProtocolError as err:
            self._end(f"the PBX sent what cannot be read, and so not redacted: {err}")

    def says(self, data: bytes) -> None:
        """See `Tap.says`; what would change anything at the PBX is refused here, whoever wanted it."""
        kept = self._redaction.says(data)
        if not self.over.is_set():
            self._write(kept)

    def _write(self, data: bytes) -> None:
        if self.written + len(data) > self._limit:
            self._end(f"the recording has reached its limit of {self._limit // 1024 // 1024} MB")
            return
        try:
            self._file.write(data)
        except OSError as err:
            self._end(f"the disk does not take it: {err.strerror}")
            return
        self.written += len(data)

    def _end(self, reason: str) -> None:
        self.reason = reason
        self.over.set()

    def close(self) -> None:
        """Bring all to the disk, and the file to its name.

        Raises:
            RecordingFailedError: The disk does not take it.
        """
        self.over.set()
        try:
            with self._file:
                self._file.flush()
                os.fsync(self._file.fileno())
            self._draft.rename(self._path)
        except OSError as err:
            raise folders.RecordingFailedError(f"{self._path}: {err.strerror}") from err
