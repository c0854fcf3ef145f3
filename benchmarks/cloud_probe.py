"""A cloud that is only there to be timed: one socket, stamped in the moment that bytes arrive, every frame answered.

It runs in a process of its own, so that nothing here waits for the one that plays the PBX.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import MAX_FRAME_BYTES
from ringline_core.wire.edge import SEQ_LIMIT

WINDOW: Final = 4
_CHUNK: Final = 65_536
_COUNTERS: Final = 2**32

Json = dict[str, Any]


@dataclass
class Arrivals:
    """What came, and when.

    Attributes:
        seen_ns: When each numbered transition was first in a document, by station and count.
        stations: Newest `seq` of each station.
        frames: `state` frames so far.
    """

    seen_ns: dict[tuple[str, int], int] = field(default_factory=dict)
    stations: dict[str, int] = field(default_factory=dict)
    frames: int = 0

    def take(self, frame: Json, at_ns: int) -> None:
        """Note one `state` frame."""
        self.frames += 1
        for told in frame["stations"]:
            station = told["station"]
            self.stations[station] = max(told["seq"] % SEQ_LIMIT, self.stations.get(station, 0))
            for each in told["doc"]["recent"]:
                self.seen_ns.setdefault((station, each["n"] % _COUNTERS), at_ns)


class Socket:
    """One edge's socket; the protocol is websockets' own, without its event loop."""

    def __init__(self, peer: socket.socket, arrivals: Arrivals) -> None:
        """Nothing was read yet."""
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._peer, self._arrivals = peer, arrivals
        self._protocol = ServerProtocol(max_size=2**20)
        self._parts: list[bytes] = []

    def serve(self) -> None:
        """Answer until the edge goes."""
        while data := self._peer.recv(_CHUNK):
            at_ns = time.monotonic_ns()
            self._protocol.receive_data(data)
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._protocol.send_response(self._protocol.accept(event))
                elif isinstance(event, Frame):
                    self._read(event, at_ns)
            self._write(self._protocol.data_to_send())

    def _read(self, event: Frame, at_ns: int) -> None:
        if event.opcode not in (Opcode.TEXT, Opcode.CONT):
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            frame, self._parts = json.loads(b"".join(self._parts)), []
            # The ack goes out first: what is noted afterwards costs the edge nothing.
            self._protocol.send_text(json.dumps(_answer(frame)).encode())
            self._write(self._protocol.data_to_send())
            if frame["t"] == "state":
                self._arrivals.take(frame, at_ns)

    def _write(self, chunks: Iterable[bytes]) -> None:
        for chunk in chunks:
            self._peer.sendall(chunk)


def _answer(frame: Json) -> Json:
    now_at = ms_to_rfc3339(time.time_ns() // 1_000_000)
    match frame["t"]:
        case "hello":
            limits = {"beat_s": 25, "lease_s": 60, "frame_bytes": MAX_FRAME_BYTES, "window": WINDOW}
            welcome = {"role": "active", "epoch": 1, "now_at": now_at, "limits": limits}
            return {"t": "welcome", "frame": frame["frame"], **welcome}
        case "beat":
            return {"t": "beat", "frame": frame["frame"], "now_at": now_at, "role": "active", "epoch": 1}
        case _:
            return {"t": "ack", "frame": frame["frame"], "epoch": frame.get("epoch")}


def run(pipe: Connection) -> None:
    """Serve sockets; says its port first, and what arrived whenever it is asked."""
    arrivals = Arrivals()
    listener = socket.create_server(("127.0.0.1", 0))
    pipe.send(listener.getsockname()[1])
    threading.Thread(target=_accept, args=(listener, arrivals), daemon=True).start()
    while (asked := pipe.recv()) != "end":
        pipe.send(len(arrivals.stations) if asked == "stations" else arrivals)


def _accept(listener: socket.socket, arrivals: Arrivals) -> None:
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=_serve, args=(Socket(peer, arrivals),), daemon=True).start()


def _serve(edge: Socket) -> None:
    # A socket that is being closed takes no more answers; nobody waits for them.
    with contextlib.suppress(OSError, InvalidState):
        edge.serve()
