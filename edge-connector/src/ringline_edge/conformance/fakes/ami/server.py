"""The running fake: sessions with banner, login by challenge or secret, actions, and events once they are on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from ringline_edge.conformance.exchange.floor import Message
from ringline_edge.conformance.exchange.running import RunningPbx
from ringline_edge.conformance.fakes.ami.actions import ActionError, Actions, Headers
from ringline_edge.conformance.fakes.ami.events import Events
from ringline_edge.conformance.fakes.ami.text import block, event, fields_of
from ringline_edge.conformance.mischief import Mischief

BANNER: Final = b"Asterisk Call Manager/11.0.0\r\n"
USER, SECRET, SEED = "kit", "kit-secret", "169480"
_END: Final = b"\r\n\r\n"
_GARBAGE: Final = b"Event: Hangup\r\nno header at all\r\n: \r\nUniqueid\r\n\r\n\r\n\r\n\xff\xfe: \xff\r\n\r\n"


@dataclass(slots=True)
class Session:
    """One link: whether it has logged in, and whether it wants events."""

    writer: asyncio.StreamWriter
    in_: bool = False
    listens: bool = False


class FakeAsterisk(RunningPbx):
    """An Asterisk 22, as AMI shows one.

    Attributes:
        mischief: Spoils what is told.
    """

    def __init__(self, ring_s: float = 20.0, two_devices: Collection[str] = ()) -> None:
        """A queue lets one phone ring for `ring_s`."""
        self._sessions: list[Session] = []
        self._events = Events(lambda: self.exchange)
        self.mischief = Mischief(self._send, _GARBAGE)
        super().__init__(ring_s, two_devices)
        self.exchange.floor.on_pass.append(self._passed)
        self._actions = Actions(self.exchange, self._events)

    def tell(self, message: Message) -> None:
        """See `RunningPbx.tell`."""
        for about, data in self._events.of(message):
            self.mischief.send(about, data)

    def _passed(self, how: str, roles: dict[str, str], to: str | None) -> None:
        self.tell({"event": how, "roles": roles, "to": to})

    def _send(self, data: bytes) -> None:
        for session in self._sessions:
            if session.listens:
                session.writer.write(data)

    async def restart(self) -> None:
        """See `PhoneBank.restart`."""
        self._events.forget()
        await super().restart()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """See `RunningPbx.serve`."""
        session = Session(writer)
        self._sessions.append(session)
        writer.write(BANNER)
        try:
            while raw := await reader.readuntil(_END):
                self._action(session, fields_of(raw))
                await writer.drain()
        finally:
            self._sessions.remove(session)

    def _action(self, session: Session, headers: Headers) -> None:
        values = {name.lower(): value for name, value in headers}
        name, ident = values.get("action", ""), values.get("actionid", "")
        items: list[bytes] = []
        try:
            told, items = self._answer(session, name, headers, values)
            response = "Success"
        except ActionError as err:
            told, response = [("Message", str(err))], "Error"
        self.mischief.flush()
        session.writer.write(block([("Response", response), ("ActionID", ident), *told]))
        for item in items:
            session.writer.write(item.replace(b"\r\n", f"\r\nActionID: {ident}\r\n".encode(), 1))
        self.settle()
        if name.lower() == "login" and session.in_:
            session.writer.write(event("FullyBooted", [("Status", "Fully Booted"), ("Uptime", 1)]))

    def _answer(
        self, session: Session, name: str, headers: Headers, values: dict[str, str]
    ) -> tuple[list[tuple[str, object]], list[bytes]]:
        match name.lower():
            case "challenge":
                return [("Challenge", SEED)], []
            case "login":
                session.in_ = _may_enter(values)
                if not session.in_:
                    raise ActionError("Authentication failed")
                session.listens = values.get("events", "on").lower() != "off"
                return [("Message", "Authentication accepted")], []
            case _ if not session.in_:
                raise ActionError("Permission denied")
            case "events":
                session.listens = values.get("eventmask", "").lower() != "off"
                return [("Events", "On")], []
            case _:
                told, items = self._actions.do(name, headers)
                return list(told), items


def _may_enter(values: dict[str, str]) -> bool:
    key = hashlib.md5(f"{SEED}{SECRET}".encode(), usedforsecurity=False).hexdigest()
    return values.get("username") == USER and (values.get("key") == key or values.get("secret") == SECRET)
