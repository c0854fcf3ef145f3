"""The shell around protocol and translation: one link to the simulated PBX."""

from __future__ import annotations

import asyncio
import itertools
import re
from typing import Any, Final

from ringline_core.domain.facts import CallLegs, Snapshot
from ringline_core.errors import CommandError, PbxAuthError, PbxProtocolError, PbxUnavailableError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.examination import Examination, of_snapshot
from ringline_edge.adapters.port import Capabilities, Emit, PbxIdentity
from ringline_edge.adapters.simulator.config import SimulatorConfig
from ringline_edge.adapters.simulator.protocol import LineProtocol, encode
from ringline_edge.adapters.simulator.translate import holds, pressed, translate, verbs
from ringline_edge.adapters.tap import Reader, Tap, Writer, tapped

_NUMBER: Final = re.compile(r"\+?[0-9*#]{1,32}")
_CODES: Final = {
    "number_invalid": ErrorCode.NUMBER_INVALID,
    "not_allowed": ErrorCode.NOT_ALLOWED,
    "unsupported": ErrorCode.UNSUPPORTED,
}
_CHUNK: Final = 65_536
Message = dict[str, Any]


class SimulatorAdapter:
    """The `PbxAdapter` of the simulated PBX."""

    def __init__(self, config: SimulatorConfig, tap: Tap | None = None) -> None:
        self._config, self._tap = config, tap
        self._identity = PbxIdentity("simulator")
        self._capabilities = Capabilities(frozenset(Verb))
        self._writer: Writer | None = None
        self._replies: dict[str, asyncio.Future[Message]] = {}
        self._refs = itertools.count(1)
        self._held: frozenset[str] = frozenset()

    @property
    def identity(self) -> PbxIdentity:
        """See `PbxAdapter.identity`."""
        return self._identity

    @property
    def capabilities(self) -> Capabilities:
        """See `PbxAdapter.capabilities`; as the PBX's hello said."""
        return self._capabilities

    @property
    def held(self) -> frozenset[str]:
        """See `PbxAdapter.held`."""
        return self._held

    async def run(self, emit: Emit) -> None:
        """See `PbxAdapter.run`."""
        config = self._config
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                reader, writer = tapped(*await asyncio.open_connection(config.host, config.port), self._tap)
        except (OSError, TimeoutError) as err:
            raise PbxUnavailableError(f"{config.host}:{config.port}") from err
        try:
            token = config.token.get_secret_value() if config.token else None
            writer.write(encode({"do": "hello", "ref": "hello", "token": token}))
            writer.write(encode({"do": "snapshot", "ref": "first"}))
            await self._read(reader, writer, emit)
        except OSError as err:
            raise PbxUnavailableError("the link to the PBX broke") from err
        finally:
            self._end(writer)

    async def _read(self, reader: Reader, writer: Writer, emit: Emit) -> None:
        protocol = LineProtocol()
        while data := await reader.read(_CHUNK):
            for message in protocol.receive_data(data):
                self._take(message, writer, emit)
        raise PbxUnavailableError("the PBX closed the link")

    def _take(self, message: Message, writer: Writer, emit: Emit) -> None:
        ref = message.get("ref")
        match message["event"]:
            case "hello":
                self._identity = PbxIdentity("simulator", str(message.get("version", ""))[:64])
                self._capabilities = Capabilities(verbs(message))
            case "reply" if ref == "hello" and message.get("ok") is not True:
                raise PbxAuthError("the PBX refuses the token")
            case "reply":
                self._answer(ref, message)
            case "snapshot" if ref != "first":
                self._answer(ref, message)
            case _:
                # Facts before the first snapshot are in it already.
                fact = translate(message)
                if isinstance(fact, Snapshot):
                    self._writer = writer
                if fact is not None and self._writer is writer:
                    self._held = holds(message, self._held)
                    emit(fact)
                    if (key := pressed(message)) is not None:
                        emit(key)

    def _answer(self, ref: object, message: Message) -> None:
        waiting = self._replies.pop(ref, None) if isinstance(ref, str) else None
        if waiting is not None and not waiting.done():
            waiting.set_result(message)

    def _end(self, writer: Writer) -> None:
        self._writer = None
        for waiting in self._replies.values():
            if not waiting.done():
                waiting.set_exception(PbxUnavailableError("the link to the PBX ended"))
        self._replies.clear()
        writer.close()

    async def _ask(self, message: Message) -> Message:
        if self._writer is None:
            raise PbxUnavailableError("no link to the PBX")
        ref = f"r{next(self._refs)}"
        waiting: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._replies[ref] = waiting
        self._writer.write(encode({**message, "ref": ref}))
        try:
            async with asyncio.timeout(self._config.reply_timeout_s):
                return await waiting
        except TimeoutError as err:
            raise PbxUnavailableError("the PBX does not answer") from err
        finally:
            self._replies.pop(ref, None)

    async def execute(self, command: EdgeCommand, calls: CallLegs) -> None:
        """See `PbxAdapter.execute`."""
        if command.verb not in self._capabilities.of(command.station):
            raise CommandError(ErrorCode.UNSUPPORTED, "The PBX cannot do this.")
        if command.to is not None and not _NUMBER.fullmatch(command.to):
            raise CommandError(ErrorCode.NUMBER_INVALID, "A number has digits, * and # only.")
        await self._order(self._request(command, calls))

    async def hold(self, station: str, reason: str, *, in_call: bool) -> None:
        """See `PbxAdapter.hold`; the phone's state is made busy, which no pause report and no empty rule sees."""
        await self._order({"do": "command", "verb": "keep", "station": station, "reason": reason})

    async def unhold(self, station: str) -> None:
        """See `PbxAdapter.unhold`."""
        await self._order({"do": "command", "verb": "keep", "station": station, "reason": None})

    async def _order(self, message: Message) -> None:
        try:
            reply = await self._ask(message)
        except PbxUnavailableError as err:
            raise CommandError(ErrorCode.PBX_DOWN, "The PBX cannot be reached.") from err
        if reply.get("ok") is not True:
            code = _CODES.get(str(reply.get("code")), ErrorCode.REJECTED_BY_PBX)
            raise CommandError(code, str(reply.get("text", ""))[:200])

    def _request(self, command: EdgeCommand, calls: CallLegs) -> Message:
        wanted = {"to", "digits", "data", "state", "reason", "login", "queues"}
        arguments = command.model_dump(mode="json", include=wanted, exclude_none=True)
        return {
            "do": "command",
            "verb": command.verb.value,
            "station": command.station,
            "legs": list(calls.legs),
            "auto_answer": self._config.auto_answer,
            **arguments,
        }

    async def snapshot(self) -> Snapshot:
        """See `PbxAdapter.snapshot`."""
        fact = translate(await self._ask({"do": "snapshot"}))
        if not isinstance(fact, Snapshot):
            raise PbxProtocolError("the PBX answered something else than a snapshot")
        return fact

    async def examine(self, station: str) -> Examination | None:
        """See `PbxAdapter.examine`; this PBX's queues know no more than its snapshot tells."""
        return of_snapshot(await self.snapshot(), station, held=self._held)
