"""A small AMI client: the bench's own eyes on the PBX. Source: Asterisk Manager Interface, version 5 and later."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterator
from typing import Final

from infra.pbx.asterisk.errors import BenchError

Fields = dict[str, str]
OnEvent = Callable[[Fields], None]
_LIMIT_S: Final = 10.0
_END: Final = b"\r\n\r\n"
_NO_LINE_ENDS: Final = {ord("\r"): " ", ord("\n"): " "}


class AmiError(BenchError):
    """The PBX refused an action, or the link to it is gone."""


class AmiClient:
    """One logged-in session: any number of questions at once, and a look at every event in between."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_event: OnEvent) -> None:
        self._reader = reader
        self._writer = writer
        self._on_event = on_event
        self._numbers = itertools.count(1)
        self._asked: dict[str, asyncio.Queue[Fields | None]] = {}
        self._gone = False
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls, port: int, user: str, secret: str, *, events: str = "off", on_event: OnEvent = lambda _: None
    ) -> AmiClient:
        """Log in on this machine.

        Args:
            port: Where AMI listens.
            user: AMI user.
            secret: Its secret.
            events: Classes of events to be sent, comma-separated, or `on` or `off`.
            on_event: Called with each event that answers no question.

        Raises:
            AmiError: The PBX does not listen, or refuses the login.
        """
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as err:
            raise AmiError(f"AMI does not listen on {port}") from err
        client = cls(reader, writer, on_event)
        client._reading = asyncio.create_task(client._read())
        try:
            await client.act("Login", Username=user, Secret=secret, Events=events)
        except AmiError:
            await client.close()
            raise
        return client

    async def close(self) -> None:
        """Leave; questions under way end with `AmiError`."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def act(self, action: str, **fields: str) -> Fields:
        """Do one action; its response.

        Raises:
            AmiError: Refused, or no response.
        """
        with self._question(action, fields) as answers:
            return await self._response(answers)

    async def list(self, action: str, **fields: str) -> list[Fields]:
        """Do an action that answers with a list of events; the events, without the closing one.

        Raises:
            AmiError: Refused, or the list did not end.
        """
        with self._question(action, fields) as answers:
            await self._response(answers)
            found: list[Fields] = []
            while (message := await self._next(answers)).get("EventList") != "Complete":
                found.append(message)
            return found

    @contextlib.contextmanager
    def _question(self, action: str, fields: Fields) -> Iterator[asyncio.Queue[Fields | None]]:
        if self._gone:
            raise AmiError("the link to the PBX is gone")
        number = f"b{next(self._numbers)}"
        lines = [f"Action: {action}", f"ActionID: {number}"]
        lines += [f"{name}: {value.translate(_NO_LINE_ENDS)}" for name, value in fields.items()]
        answers = self._asked[number] = asyncio.Queue()
        self._writer.write("\r\n".join(lines).encode() + _END)
        try:
            yield answers
        finally:
            del self._asked[number]

    async def _response(self, answers: asyncio.Queue[Fields | None]) -> Fields:
        message = await self._next(answers)
        if message.get("Response") == "Error":
            raise AmiError(message.get("Message", "refused"))
        return message

    async def _next(self, answers: asyncio.Queue[Fields | None]) -> Fields:
        try:
            async with asyncio.timeout(_LIMIT_S):
                message = await answers.get()
        except TimeoutError as err:
            raise AmiError("the PBX does not answer") from err
        if message is None:
            raise AmiError("the link to the PBX is gone")
        return message

    async def _read(self) -> None:
        try:
            await self._reader.readline()  # the banner
            while True:
                message = parse(await self._reader.readuntil(_END))
                asked = self._asked.get(message.get("ActionID", ""))
                if asked:
                    asked.put_nowait(message)
                elif "Event" in message:
                    self._on_event(message)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the PBX hung up; whoever asks is told so below
        finally:
            self._gone = True
            for answers in self._asked.values():
                answers.put_nowait(None)


def parse(block: bytes) -> Fields:
    """One AMI message; of repeated headers (`Variable`, `ChanVariable`) the values are joined by line ends."""
    fields: Fields = {}
    for line in block.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        if colon:
            value = value.strip()
            fields[name] = f"{fields[name]}\n{value}" if name in fields else value
    return fields
