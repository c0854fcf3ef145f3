"""A recorded link as facts: events as they came, and the lists that a connecting adapter asks for.

An answer names no question, and questions are not recorded: lists are told by their form. They come in the adapter's
order, channels first and registrations last, and after that agents and registrations alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from ringline_core.domain.facts import Fact
from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.freeswitch import commands, snapshot
from ringline_edge.adapters.freeswitch.channels import Naming, moment
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import EslProtocol, Message
from ringline_edge.adapters.freeswitch.translate import Translator

_AGENTS, _TIERS = "name|", "queue|agent|"


def facts(data: bytes, config: FreeswitchConfig) -> Iterator[Fact]:
    """The facts in a recording.

    Raises:
        PbxProtocolError: The recording is none of this protocol, or a list in it does not fit.
    """
    replay = _Replay(config)
    for frame in EslProtocol().receive_data(data):
        if frame.is_event:
            yield from replay.event(frame.headers)
        elif frame.kind == "api/response":
            try:
                yield from replay.answer(frame.body)
            except (KeyError, ValueError, AttributeError) as err:
                raise PbxProtocolError(f"a list of the PBX does not fit: {type(err).__name__}") from None
    yield from replay.catch_up()


class _Replay:
    def __init__(self, config: FreeswitchConfig) -> None:
        self._config = config
        self._translator = Translator(Naming(config))
        self._waiting: list[Message] | None = None
        self._dumps: list[Message] = []
        self._agents: str | None = None
        self._is_aligned, self._now_ms = False, 0

    def event(self, message: Message) -> Iterator[Fact]:
        self._now_ms = max(self._now_ms, moment(message, 0))
        if self._waiting is None:
            yield from self._translator.translate(message, 0)
        else:
            self._waiting.append(message)

    def answer(self, output: str) -> Iterator[Fact]:
        agents = self._translator.agents
        if (dump := snapshot.dumped(output)) is not None:
            self._dumps.append(dump)
        elif output.startswith(_TIERS):
            agents.replace(snapshot.table(self._agents or ""), snapshot.table(output))
            if self._is_aligned:
                yield from agents.news(self._now_ms)
        elif output.startswith(_AGENTS):
            self._agents = output
        elif output.lstrip().startswith("{"):
            yield from self._rows(output)

    def _rows(self, output: str) -> Iterator[Fact]:
        rows = snapshot.rows(output)
        if self._is_aligned:
            yield from self._translator.phones.replace(rows, self._now_ms)
        elif self._waiting is None:
            self._waiting = []  # channels; the dumps of those that are up follow
        else:
            joins = snapshot.align(self._translator, self._dumps, self._now_ms)
            list(self._translator.phones.replace(rows, self._now_ms))
            offered = commands.capabilities(self._config, callcenter=self._agents is not None)
            devices = self._translator.phones.devices
            yield snapshot.picture(self._translator, joins, devices, offered, self._now_ms)
            self._is_aligned = True
            yield from self.catch_up()

    def catch_up(self) -> Iterator[Fact]:
        """What waited."""
        waiting, self._waiting = self._waiting or [], None
        for message in waiting:
            yield from self._translator.translate(message, 0)
