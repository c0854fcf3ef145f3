"""`python -m infra.pbx.asterisk --state DIR --control-port N`: the bench as a process of its own.

Prints one line of JSON when everything stands, serves the control API, and ends everything on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import math
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.pbx.asterisk import available
from infra.pbx.asterisk.bank import AsteriskPhoneBank
from infra.pbx.asterisk.bench import Bench, running
from infra.pbx.asterisk.config import EDGE_USER, NOTIFY_USER, Options
from infra.pbx.asterisk.errors import BenchError
from infra.pbx.control import serve

EXIT_UNAVAILABLE = 69  # EX_UNAVAILABLE of sysexits.h


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(prog="python -m infra.pbx.asterisk", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of this instance")
    parser.add_argument("--control-port", type=int, required=True, help="port of the control API on 127.0.0.1")
    parser.add_argument("--base", default="auto", help="SIP port, the others follow from it; auto finds free ones")
    parser.add_argument("--name", default="hq", help="system name, begins every Uniqueid")
    parser.add_argument("--queue-ring", type=float, default=15, help="seconds a queue lets one phone ring, rounded up")
    parser.add_argument("--qualify", type=int, default=3, help="seconds between looks at each phone, 0 never")
    parser.add_argument("--extra-queues", action="store_true", help="add queues local 5002 and static 5003")
    parser.add_argument("--ami-user", choices=(EDGE_USER, NOTIFY_USER), default=NOTIFY_USER, help="who `ami` names")
    return parser.parse_args(words)


def announcement(bench: Bench, user: str, control_port: int) -> dict[str, Any]:
    """What the line on standard output says: where everything is, and as whom an edge may log in."""
    return {
        "ready": True,
        "control_port": control_port,
        "ami": bench.edge_login(user),
        "ami_users": {name: bench.edge_login(name) for name in (EDGE_USER, NOTIFY_USER)},
        "sip_port": bench.bed.ports.sip,
        "pid": bench.bed.pid,
    }


async def stand(options: argparse.Namespace) -> None:
    """Bring the bench up, say so, and wait for the signal to end.

    Raises:
        BenchError: It did not come up.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    wanted = Options(options.name, max(1, math.ceil(options.queue_ring)), options.qualify, options.extra_queues)
    base = None if options.base == "auto" else int(options.base)
    async with (
        running(options.state, base=base, options=wanted) as bench,
        serve(AsteriskPhoneBank(bench), options.control_port),
    ):
        print(json.dumps(announcement(bench, options.ami_user, options.control_port)), flush=True)
        await stop.wait()


def main() -> int:
    """Run; the exit code is 0, or 69 with the reason on standard error when no Asterisk can run here."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    options = arguments(sys.argv[1:])
    if reason := available():
        print(reason, file=sys.stderr)
        return EXIT_UNAVAILABLE
    try:
        asyncio.run(stand(options))
    except (BenchError, OSError) as err:
        print(err, file=sys.stderr)
        return EXIT_UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
