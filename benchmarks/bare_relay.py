"""The least that stands between an AMI socket and a cloud: no state, no disk. Its latency is the machine's own.

python -m benchmarks.bare_relay AMI_PORT CLOUD_PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Final

from websockets.asyncio.client import ClientConnection, connect

STATION: Final = "relay"
_END: Final = b"\r\n\r\n"
_MARK: Final = b"Event: Hold\r\n"
_FILLING: Final = "x" * 3000
"""As long as a document of the edge is."""


async def _relay(ami_port: int, cloud_port: int) -> None:
    """One frame per Hold event, until the PBX goes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", ami_port)
    async with connect(f"ws://127.0.0.1:{cloud_port}/", compression=None) as socket:
        hearing = asyncio.create_task(_hear(socket))
        writer.write(b"Action: Login\r\n\r\nAction: CoreShowChannels\r\n\r\n")
        count, rest = 0, b""
        while data := await reader.read(65_536):
            *events, rest = (rest + data).split(_END)
            for raw in events:
                if raw.startswith(_MARK):
                    count += 1
                    await socket.send(_frame(count))
        hearing.cancel()


async def _hear(socket: ClientConnection) -> None:
    async for _ in socket:
        pass


def _frame(count: int) -> str:
    """A `state` frame in form, so that the probe takes it for one."""
    doc = {"recent": [{"n": count}], "filling": _FILLING}
    return json.dumps({"t": "state", "frame": count, "stations": [{"station": STATION, "seq": count, "doc": doc}]})


if __name__ == "__main__":
    asyncio.run(_relay(int(sys.argv[1]), int(sys.argv[2])))
