"""`ringline-edge record`: what is said, and with which exit code it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ringline_edge import config as edge_config
from ringline_edge import logs
from ringline_edge.recording.recorder import UNSAID, Wanted, record


def run(
    config: Path, out: Path, seconds: float | None, scenario: str, tell: Callable[[str], None], *, keep_numbers: bool
) -> bool:
    """Record, and say what came of it; whether it ended in good order.

    Raises:
        ConfigError: The configuration cannot be used, or the folder cannot be made.
        FolderExistsError: The folder is there.
    """
    loaded = edge_config.load(config)
    logs.set_up("error")  # the lines about the call are what is to be seen
    wanted = Wanted(loaded, config, out, seconds, keep_numbers, scenario or UNSAID)
    tell(f"Recording {loaded.pbx.kind}; make the call now. Ctrl-C ends it and keeps the file.")
    recorded = asyncio.run(record(wanted, tell))
    tell(f"Over: {recorded.reason}.")
    if not recorded.written:
        tell("Nothing came from the PBX, and nothing is kept.")
        return False
    tell(f"{out}: {recorded.written} bytes. Look at it with `ringline-edge replay {out}` and with a text editor.")
    if keep_numbers:
        tell("The telephone numbers in it are the real ones: it is for a lab, do not send it.")
    return recorded.is_whole
