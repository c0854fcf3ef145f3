"""A manager interface on loopback that plays events: at full speed, or at a rate while it notes when each one left.

It answers what a connecting client asks: login, challenge, ping, filters, and lists, which are all empty.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_BANNER: Final = b"Asterisk Call Manager/7.0.3\r\n"
_END: Final = b"\r\n\r\n"
_CHUNK: Final = 65_536
_LISTS: Final = {
    "queuestatus": "QueueStatusComplete",
    "devicestatelist": "DeviceStateListComplete",
    "status": "StatusComplete",
    "coreshowchannels": "CoreShowChannelsComplete",
}
"""Actions that ask for a list, and the event that ends it."""

_ACTIONS: Final = (
    "BlindTransfer",
    "Hangup",
    "Originate",
    "PlayDTMF",
    "QueueAdd",
    "QueuePause",
    "QueueRemove",
    "Setvar",
)
_FACTS: Final = {
    "challenge": "Challenge: 840415273\r\n",
    "ping": "Ping: Pong\r\n",
    "coresettings": "AMIversion: 7.0.3\r\nAsteriskVersion: 22.1.0\r\n",
    "listcommands": "".join(f"{name}: does so\r\n" for name in _ACTIONS),
}
"""What answers say beyond success. No Filter among the actions: here noise is to arrive."""


@dataclass(frozen=True)
class Sent:
    """When one event's last byte was handed to the kernel, by CLOCK_MONOTONIC in nanoseconds."""

    due_ns: int
    written_ns: int


class AmiSession:
    """One client that connected.

    Attributes:
        logged_in: Set once it was answered a login.
        has_listed: Set once it was told the list of channels, the last thing that our own edge asks.
    """

    def __init__(self, peer: socket.socket) -> None:
        """Greets, and answers from now on in a thread of its own."""
        self.logged_in, self.has_listed = threading.Event(), threading.Event()
        self._socket, self._lock = peer, threading.Lock()
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.send(_BANNER)
        threading.Thread(target=self._answer_all, daemon=True).start()

    def send(self, data: bytes) -> None:
        """Write all of it; blocks while the client does not read."""
        with self._lock:
            self._socket.sendall(data)

    def play(self, stream: bytes) -> None:
        """Write a whole stream as fast as the client reads it."""
        for start in range(0, len(stream), _CHUNK):
            self.send(stream[start : start + _CHUNK])

    def pace(self, events: Iterable[bytes], per_s: float) -> list[Sent]:
        """Write one after the other at a rate; what came late is not left out."""
        sent: list[Sent] = []
        began_ns = time.monotonic_ns() + 5_000_000
        for number, data in enumerate(events):
            due_ns = began_ns + int(number * 1e9 / per_s)
            while (left_ns := due_ns - time.monotonic_ns()) > 0:
                time.sleep(left_ns / 1e9)
            self.send(data)
            sent.append(Sent(due_ns, time.monotonic_ns()))
        return sent

    def close(self) -> None:
        """End the link."""
        self._socket.close()

    def _answer_all(self) -> None:
        rest = b""
        try:
            while chunk := self._socket.recv(_CHUNK):
                *actions, rest = (rest + chunk).split(_END)
                for raw in actions:
                    self._answer(raw)
        except OSError:
            return

    def _answer(self, raw: bytes) -> None:
        pairs = (line.partition(":") for line in raw.decode("utf-8", "replace").split("\r\n"))
        fields = {name.strip().lower(): value.strip() for name, _, value in pairs}
        name = fields.get("action", "").lower()
        ident = f"ActionID: {fields['actionid']}\r\n" if "actionid" in fields else ""
        self.send(f"Response: Success\r\n{ident}{_FACTS.get(name, '')}Message: {name}\r\n\r\n".encode())
        if name in _LISTS:
            self.send(f"Event: {_LISTS[name]}\r\n{ident}EventList: Complete\r\nListItems: 0\r\n\r\n".encode())
        if name == "login":
            self.logged_in.set()
        elif name == "coreshowchannels":
            self.has_listed.set()


class FakeAmi:
    """Listens on a free port of loopback."""

    def __init__(self) -> None:
        """Takes the port; nobody is let in before `accept`."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def accept(self, timeout_s: float = 30) -> AmiSession:
        """The next client.

        Raises:
            TimeoutError: Nobody came.
        """
        self._listener.settimeout(timeout_s)
        peer, _ = self._listener.accept()
        peer.settimeout(None)
        return AmiSession(peer)

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()
