"""AMI clients to compare with: the least that Python can do, and panoramisk. One client per process.

python -m benchmarks.ami_clients NAME TASK
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

from benchmarks.ami_job import Job, Task, task

_EVENT: Final = b"Event: "
_LOGIN: Final = b"Action: Login\r\nUsername: bench\r\nSecret: bench\r\n\r\n"


class Bare(asyncio.Protocol):
    """Splits at empty lines, looks at the name only, and makes a mapping of what is wanted."""

    def __init__(self, job: Job, wanted: frozenset[bytes]) -> None:
        """Delivers events whose names are among `wanted`."""
        self._job, self._wanted, self._rest = job, wanted, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Log in."""
        assert isinstance(transport, asyncio.Transport)
        transport.write(_LOGIN)
        self._job.start()

    def data_received(self, data: bytes) -> None:
        """Deliver what is whole."""
        parts = (self._rest + data).split(b"\r\n\r\n")
        self._rest = parts.pop()
        for raw in parts:
            if raw.startswith(_EVENT) and raw[7 : raw.find(b"\r\n")] in self._wanted:
                fields = dict(line.split(": ", 1) for line in raw.decode("utf-8", "replace").split("\r\n"))
                if not self._job.take(fields["Event"], fields.get("Uniqueid")):
                    self._job.end()


async def _bare(told: Task) -> None:
    wanted = frozenset(name.encode() for name in told.wanted)
    await asyncio.get_running_loop().create_connection(lambda: Bare(Job(), wanted), "127.0.0.1", told.port)
    await asyncio.Event().wait()


def _panoramisk(told: Task) -> None:
    from panoramisk import Manager  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415

    job = Job()
    manager = Manager(
        loop=asyncio.new_event_loop(),
        host="127.0.0.1",
        port=told.port,
        username="bench",
        secret="bench",
        encoding="utf8",
    )

    def deliver(_manager: Any, event: Any) -> None:
        if not job.take(event.event, event.uniqueid):
            job.end()

    for name in told.wanted:
        manager.register_event(name, deliver)
    manager.connect()
    job.start()
    manager.loop.run_forever()


def main() -> None:
    """Run the client that the command line names until the stream ends."""
    logging.disable(logging.CRITICAL)
    name, told = task()
    if name == "bare":
        asyncio.run(_bare(told))
    else:
        _panoramisk(told)


if __name__ == "__main__":
    main()
