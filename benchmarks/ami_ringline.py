"""Our own way of an event, from the AMI socket to the station documents. One client per process.

python -m benchmarks.ami_ringline NAME TASK     `documents`, or `spool`: the same with the real keeper and its files
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from benchmarks.ami_job import Job, Task, task
from ringline_core.domain.facts import Fact
from ringline_core.domain.model import StationModel
from ringline_core.wire.codec import compact
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol, Message
from ringline_edge.adapters.asterisk.session import AmiSession
from ringline_edge.adapters.asterisk.translate import Translator
from ringline_edge.keeper import StationKeeper
from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool

SITE: Final = "hq"
TRUNK: Final = "^PJSIP/trunk-"
RECORDS_BYTES: Final = 256_000_000


class InMemory:
    """What the keeper does, without its files: documents of changed stations, once per turn of the loop."""

    def __init__(self, model: StationModel) -> None:
        """Nothing changed yet."""
        self._model = model
        self._changed: dict[str, set[str]] = {}
        self.watch: Callable[[str, int, dict[str, Any]], None] = lambda _station, _seq, _document: None

    def emit(self, fact: Fact) -> None:
        """Take one fact."""
        changes = self._model.apply(fact)
        if not changes:
            return
        if not self._changed:
            asyncio.get_running_loop().call_soon(self._flush)
        for station, rang in changes.stations.items():
            self._changed.setdefault(station, set()).update(rang)

    def _flush(self) -> None:
        changed, self._changed = self._changed, {}
        for station in changed:
            document = self._model.document(station)
            compact(document)
            self.watch(station, 0, document)


class Client:
    """Reads the stream through the adapter's own session, protocol and translation."""

    def __init__(self, told: Task, job: Job, emit: Callable[[Fact], None]) -> None:
        """Knows what the PBX said before, as an edge does that was there."""
        self._job, self._emit = job, emit
        config = AsteriskConfig.model_validate(
            {"port": told.port, "username": "bench", "secret": "bench", "login": "plain", "trunk": TRUNK}
        )
        self._config = config
        self._translator = Translator(Naming(config.station, config.feature_prefix, config.trunk))
        self.ended = asyncio.Event()
        self.facts = 0
        for message in AmiProtocol(banner="before").receive_data(Path(told.before).read_bytes()):
            self._translate(message)

    async def run(self) -> None:
        """Log in, and read to the stream's end."""
        session = await AmiSession.open(self._config, self._take)
        reading = asyncio.create_task(session.read())
        await session.log_in()
        self._job.start()
        await self.ended.wait()
        reading.cancel()

    def _take(self, message: Message) -> None:
        if self._job.take(message["Event"], message.get("Uniqueid")):
            self._translate(message)
        else:
            self.ended.set()

    def _translate(self, message: Message) -> None:
        for fact in self._translator.translate(message, time.time_ns() // 1_000_000):
            self.facts += 1
            self._emit(fact)


class Seen:
    """What the documents showed: without calls in them a figure would mean nothing."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.documents = self.with_calls = 0
        self._newest: dict[str, int] = {}
        self.events: Counter[str] = Counter()

    def note(self, station: str, document: dict[str, Any]) -> None:
        """One document. Cheap, since it counts into what is measured."""
        self.documents += 1
        self.with_calls += bool(document["calls"])
        newest = self._newest.get(station, 0)
        for each in document["recent"]:
            if each["n"] > newest:
                newest = self._newest[station] = each["n"]
                self.events[each["event"]] += 1


def _spooled(model: StationModel, folder: Path) -> StationKeeper:
    return StationKeeper(model, LiveSpool(folder / "live.db"), LogSpool(folder / "log.db", RECORDS_BYTES))


async def _run(name: str, told: Task) -> None:
    model, job, seen = StationModel(SITE), Job(), Seen()
    model.lead(1)
    keeper = _spooled(model, Path(told.folder)) if name == "spool" else InMemory(model)
    keeper.watch = lambda station, _seq, document: seen.note(station, document)
    client = Client(told, job, keeper.emit)
    # What the past left to be told is told before the clock starts.
    await asyncio.sleep(0)
    before_facts, before_documents, before_calls = client.facts, seen.documents, seen.with_calls
    seen.events.clear()
    await client.run()
    job.end(
        facts=client.facts - before_facts,
        documents=seen.documents - before_documents,
        with_calls=seen.with_calls - before_calls,
        events=dict(seen.events),
    )


def main() -> None:
    """Run the client that the command line names until the stream ends."""
    asyncio.run(_run(*task()))


if __name__ == "__main__":
    main()
