"""One link to the Asterisk Manager Interface: login, questions and answers, and the stream of events."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ringline_core.errors import PbxAuthError, PbxUnavailableError
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol, Message, action
from ringline_edge.adapters.tap import Reader, Tap, Writer, tapped

_CHUNK: Final = 65_536
_DENIED: Final = "permission denied"
_OFF: Final = "off"


class AmiSession:
    """A link that is open.

    Events that belong to a list somebody asked for go to whoever asked; all others go to `on_event`.
    """

    def __init__(
        self,
        reader: Reader,
        writer: Writer,
        config: AsteriskConfig,
        on_event: Callable[[Message], None],
    ) -> None:
        """Speaks over an open stream; `read` must run for anything to be answered."""
        self._reader, self._writer, self._config = reader, writer, config
        self._on_event = on_event
        self._protocol = AmiProtocol()
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._lists: dict[str, list[Message]] = {}
        self._list_ends: dict[str, tuple[str, asyncio.Future[None]]] = {}
        self._numbers = itertools.count(1)

    @classmethod
    async def open(
        cls, config: AsteriskConfig, on_event: Callable[[Message], None], tap: Tap | None = None
    ) -> AmiSession:
        """A session over a new TCP link, not logged in yet.

        Raises:
            PbxUnavailableError: Nobody listens there, or not in time.
        """
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                reader, writer = await asyncio.open_connection(config.host, config.port)
        except (OSError, TimeoutError) as err:
            raise PbxUnavailableError(f"{config.host}:{config.port}") from err
        return cls(*tapped(reader, writer, tap), config, on_event)

    @property
    def banner(self) -> str:
        """What the PBX said first; empty until it has."""
        return self._protocol.banner

    async def read(self) -> None:
        """Read until the link ends.

        Raises:
            PbxUnavailableError: It ended.
            PbxProtocolError: The PBX said what its protocol does not allow.
        """
        try:
            while data := await self._reader.read(_CHUNK):
                for message in self._protocol.receive_data(data):
                    self._take(message)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, message: Message) -> None:
        ident = message.get("ActionID", "")
        if "Response" in message and "Event" not in message:
            waiting = self._answers.pop(ident, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
        elif ident in self._list_ends:
            end, finished = self._list_ends[ident]
            if message.get("Event") != end:
                self._lists[ident].append(message)
            elif not finished.done():
                finished.set_result(None)
        else:
            self._on_event(message)

    async def log_in(self) -> None:
        """Log in, by challenge where the configuration says so.

        Raises:
            PbxAuthError: The PBX refuses the user, the secret, or the address we come from.
        """
        name, secret = self._config.username, self._config.secret.get_secret_value()
        headers = {"Username": name, "Secret": secret, "Events": _OFF}
        if self._config.login == "md5":
            challenge = await self.ask("Challenge", {"AuthType": "MD5"})
            if challenge.get("Response") == "Success":
                seed = challenge.get("Challenge", "") + secret
                # The protocol knows no other digest.
                key = hashlib.md5(seed.encode(), usedforsecurity=False).hexdigest()
                headers = {"AuthType": "MD5", "Username": name, "Key": key, "Events": _OFF}
        answer = await self.ask("Login", headers)
        if answer.get("Response") != "Success":
            reason = answer.get("Message", "no reason given")
            raise PbxAuthError(f"the PBX refuses AMI user {name!r}: {reason}; see its manager.conf (secret, permit)")

    async def ask(self, name: str, headers: Mapping[str, str | Sequence[str]] | None = None) -> Message:
        """Send an action and wait for its response, whatever that says.

        Raises:
            CommandError: A value that cannot be sent.
            PbxUnavailableError: No answer in time, or the link ended.
        """
        ident = self.next_id()
        return await self.ask_as(ident, name, headers or {})

    def next_id(self) -> str:
        """An ActionID that was not used in this session."""
        return f"q{next(self._numbers)}"

    async def ask_as(self, ident: str, name: str, headers: Mapping[str, str | Sequence[str]]) -> Message:
        """`ask` under an id of the caller's choice."""
        data = action(name, ident, headers)
        waiting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[ident] = waiting
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._config.connect_timeout_s):
                return await waiting
        except TimeoutError as err:
            raise PbxUnavailableError(f"the PBX does not answer {name}") from err
        finally:
            self._answers.pop(ident, None)

    async def collect(self, name: str, end: str, headers: Mapping[str, str] | None = None) -> list[Message] | None:
        """Ask for a list.

        Args:
            name: Of the action.
            end: Event that ends the list.
            headers: What to ask for.

        Returns:
            Its items; None where the PBX does not know the action (the module is not loaded).

        Raises:
            PbxAuthError: The user may not ask.
            PbxUnavailableError: The list did not end in time, or the link ended.
        """
        ident, finished = self.next_id(), asyncio.get_running_loop().create_future()
        self._lists[ident], self._list_ends[ident] = [], (end, finished)
        try:
            answer = await self.ask_as(ident, name, headers or {})
            if answer.get("Response") != "Success":
                if answer.get("Message", "").lower().startswith(_DENIED):
                    user = self._config.username
                    raise PbxAuthError(f"AMI user {user!r} may not ask for {name}: its write classes in manager.conf")
                return None
            async with asyncio.timeout(self._config.connect_timeout_s):
                await finished
            return self._lists[ident]
        except TimeoutError as err:
            raise PbxUnavailableError(f"the PBX does not finish {name}") from err
        finally:
            del self._lists[ident], self._list_ends[ident]

    async def keep_alive(self, until: asyncio.Event) -> None:
        """Ping until something happens.

        Raises:
            PbxUnavailableError: No answer in time.
        """
        while not until.is_set():
            try:
                async with asyncio.timeout(self._config.ping_s):
                    await until.wait()
            except TimeoutError:
                await self.ask("Ping")

    def close(self) -> None:
        """End the link; whoever waits for an answer hears so."""
        error = PbxUnavailableError("the link to the PBX ended")
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(error)
        for _, finished in self._list_ends.values():
            if not finished.done():
                finished.set_exception(error)
        self._writer.close()
