"""`python -m infra.pbx.simulated --pbx-port N --control-port N`: the simulated PBX as a process of its own.

Prints one line of JSON when everything stands, and ends on SIGTERM or SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from infra.pbx.control import serve
from ringline_edge.conformance.fakes.simulated import SimulatedPbx


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """The command line, parsed."""
    parser = argparse.ArgumentParser(prog="python -m infra.pbx.simulated", description=__doc__)
    parser.add_argument("--pbx-port", type=int, required=True, help="port of the edge's link on 127.0.0.1, 0 any")
    parser.add_argument("--control-port", type=int, required=True, help="port of the control API on 127.0.0.1")
    parser.add_argument("--ring-s", type=float, default=20.0, help="seconds a queue lets one phone ring")
    return parser.parse_args(words)


async def stand(options: argparse.Namespace) -> None:
    """Bring the PBX up, say so, and wait for the signal to end."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    pbx = SimulatedPbx(options.ring_s)
    port = await pbx.start(options.pbx_port)
    try:
        async with serve(pbx, options.control_port):
            ready = {"ready": True, "pbx_port": port, "control_port": options.control_port}
            print(json.dumps(ready), flush=True)
            await stop.wait()
    finally:
        await pbx.close()


if __name__ == "__main__":
    asyncio.run(stand(arguments(sys.argv[1:])))
