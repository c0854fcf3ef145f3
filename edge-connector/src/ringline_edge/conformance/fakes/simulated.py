"""The simulated PBX's own link: JSON lines, a hello with a token first, then every change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from typing import Any, Final

from ringline_edge.conformance.exchange import commands
from ringline_edge.conformance.exchange.floor import Message, RefusedError
from ringline_edge.conformance.exchange.running import RunningPbx
from ringline_edge.conformance.mischief import Mischief

VERSION: Final = "1"


class SimulatedPbx(RunningPbx):
    """The PBX of the local stack, and the standard for every other one.

    Attributes:
        mischief: Spoils what is told.
    """

    def __init__(self, ring_s: float = 20.0, token: str | None = None, two_devices: Collection[str] = ()) -> None:
        """With `token` a link must say it first."""
        super().__init__(ring_s, two_devices)
        self._token = token
        self._links: set[asyncio.StreamWriter] = set()
        self.mischief = Mischief(self._send, b"{ no message\n")

    def tell(self, message: Message) -> None:
        """See `RunningPbx.tell`."""
        about = next((message[key] for key in ("leg", "station") if key in message), message["event"])
        self.mischief.send(about, _line(message))

    def _send(self, line: bytes) -> None:
        for link in self._links:
            link.write(line)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See `RunningPbx.serve`."""
        verbs = list(commands.VERBS)
        writer.write(_line({"event": "hello", "pbx": "simulated", "version": VERSION, "verbs": verbs}))
        try:
            while line := await reader.readline():
                if not self._take(line, writer):
                    break
                await writer.drain()
        finally:
            self._links.discard(writer)

    def _take(self, line: bytes, writer: asyncio.StreamWriter) -> bool:
        """Serve one line; False when the link is to be closed."""
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return False
        if not isinstance(message, dict):
            return False
        ref = message.get("ref")
        match message.get("do"):
            case "hello":
                good = self._token is None or message.get("token") == self._token
                writer.write(_line({"event": "reply", "ref": ref, "ok": good, "code": "auth", "text": ""}))
                if good:
                    self._links.add(writer)
                return good
            case "snapshot" if writer in self._links:
                self.mischief.flush()
                writer.write(_line({"event": "snapshot", "ref": ref, **self.exchange.snapshot()}))
            case "command" if writer in self._links:
                writer.write(_line(self._command(ref, message)))
            case _:
                return False
        return True

    def _command(self, ref: Any, message: Message) -> Message:
        try:
            commands.run(self.exchange, message)
        except RefusedError as err:
            return {"event": "reply", "ref": ref, "ok": False, "code": err.code, "text": str(err)}
        self.settle()
        return {"event": "reply", "ref": ref, "ok": True}


def _line(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
