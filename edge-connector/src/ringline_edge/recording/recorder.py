"""Record one session with a PBX: connect, listen, write, stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ringline_core.errors import RinglineError
from ringline_edge import registry
from ringline_edge.adapters.port import PbxAdapter
from ringline_edge.app import SOFTWARE
from ringline_edge.config import Config
from ringline_edge.recording import folder as folders
from ringline_edge.recording.kinds import redaction
from ringline_edge.recording.tape import LIMIT_BYTES, Tape
from ringline_edge.recording.watching import Watch

UNSAID = "not told: say here in one sentence what was done at the phones, and what was odd"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be recorded.

    Attributes:
        config: Of the edge.
        place: Its file, for error texts.
        out: The folder, which must not be there yet.
        seconds: How long; None until somebody stops it.
        keep_numbers: Telephone numbers stay as they are.
        scenario: What is done meanwhile, for `meta.toml`.
        limit_bytes: Of the recording.
    """

    config: Config
    place: Path
    out: Path
    seconds: float | None = None
    keep_numbers: bool = False
    scenario: str = UNSAID
    limit_bytes: int = LIMIT_BYTES


@dataclass(frozen=True, slots=True)
class Recorded:
    """How a recording ended.

    Attributes:
        reason: In one sentence.
        is_whole: It ended because it was time, or somebody stopped it.
        written: Bytes; with none the folder is not kept.
    """

    reason: str
    is_whole: bool
    written: int


async def record(wanted: Wanted, tell: Callable[[str], None]) -> Recorded:
    """Record until the time is over, SIGINT or SIGTERM, the link ends, or the limit is reached; what came is kept.

    Args:
        wanted: What.
        tell: Takes one line for each change that is seen.

    Raises:
        ConfigError: The configuration cannot be used, or the folder cannot be made.
        FolderExistsError: The folder is there.
    """
    pbx = wanted.config.pbx
    hides = redaction(wanted.config, keep_numbers=wanted.keep_numbers)
    registry.create(pbx.kind, pbx.settings, str(wanted.place))  # what is wrong with it is said before a folder is made
    folders.create(wanted.out)
    tape = Tape(wanted.out, hides, limit_bytes=wanted.limit_bytes)
    adapter = registry.create(pbx.kind, pbx.settings, str(wanted.place), tape)
    watch, began = Watch(tell), datetime.now(UTC)
    started = time.monotonic()
    try:
        reason, is_whole = await _until(adapter, watch, tape, wanted.seconds)
    finally:
        tape.close()
        if tape.written:
            lasted = round(time.monotonic() - started, 1)
            folders.write_meta(wanted.out, _said(wanted, adapter, began, lasted), hides.settings)
        else:
            folders.discard(wanted.out)
    return Recorded(reason, is_whole, tape.written)


async def _until(adapter: PbxAdapter, watch: Watch, tape: Tape, seconds: float | None) -> tuple[str, bool]:
    """Run the adapter until something ends it; why, and whether that is in good order."""
    stopped = asyncio.Event()
    session = asyncio.create_task(adapter.run(watch.see))
    waits = [asyncio.create_task(each.wait()) for each in (stopped, tape.over)]
    try:
        with _on_signals(stopped.set):
            await asyncio.wait((session, *waits), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if tape.over.is_set():
            return tape.reason, False
        if not session.done():
            return ("stopped" if stopped.is_set() else f"{seconds:g} s are over"), True
        await session
    except RinglineError as err:
        return f"the session with the PBX ended: {err.code}: {err}", False
    finally:
        for task in (session, *waits):
            task.cancel()
        await asyncio.gather(session, *waits, return_exceptions=True)
    return "the session with the PBX ended", False


@contextlib.contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, stop)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


def _said(wanted: Wanted, adapter: PbxAdapter, began: datetime, lasted_s: float) -> dict[str, str | float]:
    identity = adapter.identity
    numbers = "kept as they were, for a lab" if wanted.keep_numbers else "others of the same length and kind"
    return {
        "pbx": f"{identity.kind} {identity.version or '(version not told)'}",
        "link": "by ringline-edge record: what the PBX sent, redacted; of our own messages only what a replay needs",
        "scenario": wanted.scenario or UNSAID,
        "kind": identity.kind,
        "connector": SOFTWARE,
        "began_at": began.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "seconds": lasted_s,
        "redaction": f"names, data, secrets and addresses replaced; numbers: {numbers}",
        "numbers_kept": wanted.keep_numbers,
    }
