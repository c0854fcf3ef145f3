"""The job that every AMI client does in `ingest`, the same for all: count the wanted events, in order.

Standard library only: it also runs in the environment of the peers.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

from benchmarks.ami_events import END


@dataclass(frozen=True)
class Task:
    """What one client process is told, as JSON on its command line.

    Attributes:
        port: Of the fake manager interface.
        wanted: Names of the events that are to be delivered.
        before: File with what the PBX said before the client came.
        folder: For what the client wants to keep.
    """

    port: int
    wanted: tuple[str, ...]
    before: str
    folder: str


class Job:
    """Counts and checks what a client delivers, from `start` to the event that ends the stream."""

    def __init__(self) -> None:
        """Nothing was delivered yet."""
        self._count = self._checksum = 0
        self._began_s = 0.0

    def start(self) -> None:
        """The clock runs from here: logged in, nothing received yet."""
        self._began_s = _cpu_s()

    def take(self, name: str, uniqueid: str | None) -> bool:
        """One delivered event; False for the one that ends the stream. No id and an empty one are the same."""
        if uniqueid == END:
            return False
        self._count += 1
        self._checksum = zlib.crc32(f"{name}|{uniqueid or None}".encode(), self._checksum)
        return True

    def end(self, **more: Any) -> NoReturn:
        """Say what was seen and what it cost as one line of JSON, and end the process."""
        cpu_s = _cpu_s() - self._began_s
        print(json.dumps({"count": self._count, "checksum": self._checksum, "cpu_s": cpu_s, **more}), flush=True)
        # Without any tidying up, which libraries do differently.
        os._exit(0)


def task() -> tuple[str, Task]:
    """Name of the client and its task, from the command line."""
    told = json.loads(sys.argv[2])
    return sys.argv[1], Task(told["port"], tuple(told["wanted"]), told["before"], told["folder"])


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
