"""A scripted Asterisk Manager Interface on loopback: it answers what a test tells it to, and sends what it is told."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable

from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.snapshot import LISTS

SECRET = "s3cret"
CHALLENGE = "840415273"
KNOWN = (
    "QueueAdd", "QueueRemove", "QueuePause", "Originate", "Hangup", "BlindTransfer", "Setvar", "PlayDTMF",
    "PJSIPNotify", "Filter", "Ping",
)  # fmt: skip

Answer = Callable[[Message], Iterable[Message]]


def success(**more: str) -> Answer:
    return lambda _asked: [{"Response": "Success", **more}]


def error(text: str) -> Answer:
    return lambda _asked: [{"Response": "Error", "Message": text}]


def listing(name: str, items: Iterable[Message]) -> Answer:
    """A list of events, with its end."""
    return lambda _asked: [{"Response": "Success", "EventList": "start"}, *items, {"Event": LISTS[name]}]


def silence(_asked: Message) -> Iterable[Message]:
    """No answer at all."""
    return []


def _login(asked: Message) -> Iterable[Message]:
    key = hashlib.md5((CHALLENGE + SECRET).encode(), usedforsecurity=False).hexdigest()
    if key == asked.get("Key") or asked.get("Secret") == SECRET:
        return [{"Response": "Success", "Message": "Authentication accepted"}]
    return [{"Response": "Error", "Message": "Authentication failed"}]


class AmiServer:
    """One PBX.

    Attributes:
        answers: What is answered, by action; an action without an answer is refused as unknown.
        asked: All actions that came, oldest first.
        logins: How many links were made.
    """

    def __init__(self) -> None:
        self.banner = b"Asterisk Call Manager/11.0.0\r\n"
        self.answers: dict[str, Answer] = {
            "Challenge": success(Challenge=CHALLENGE),
            "Login": _login,
            "CoreSettings": success(AsteriskVersion="22.1.0"),
            "ListCommands": success(**dict.fromkeys(KNOWN, "...")),
            **{name: success() for name in (*KNOWN, "Events")},
            **{name: listing(name, []) for name in LISTS},
        }
        self.asked: list[Message] = []
        self.logins = 0
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        self.cut()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    def cut(self) -> None:
        """End the link."""
        if self._writer:
            self._writer.close()

    def send(self, *messages: Message) -> None:
        """Send events, all in one piece."""
        assert self._writer is not None
        self._writer.write(b"".join(map(_encode, messages)))

    def names(self) -> list[str]:
        """Names of the actions that came."""
        return [each["Action"] for each in self.asked]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.logins += 1
        self._writer = writer
        writer.write(self.banner)
        try:
            while block := await reader.readuntil(b"\r\n\r\n"):
                self._answer(_decode(block), writer)
        except (asyncio.IncompleteReadError, OSError):
            pass  # the link ended
        finally:
            writer.close()

    def _answer(self, asked: Message, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        answer = self.answers.get(asked["Action"], error("Invalid/unknown command"))
        for message in answer(asked):
            writer.write(_encode({**message, "ActionID": asked["ActionID"]}))
            if asked["Action"] == "Login" and message.get("Response") == "Error":
                writer.close()  # as Asterisk does


def _encode(message: Message) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in message.items()).encode() + b"\r\n"


def _decode(block: bytes) -> Message:
    lines = (line.partition(": ") for line in block.decode().split("\r\n") if line)
    return {name: value for name, _, value in lines}
