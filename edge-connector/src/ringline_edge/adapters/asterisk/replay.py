"""A recorded link as facts: events as they came, and the lists that a connecting adapter asks for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.domain.facts import Fact
from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.asterisk import commands, snapshot
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol, Message
from ringline_edge.adapters.asterisk.translate import Translator, moment

_LIST_OF: Final = {
    "QueueMember": "QueueStatus",
    "DeviceStateChange": "DeviceStateList",
    "Status": "Status",
    "CoreShowChannel": "CoreShowChannels",
}
_ENDS: Final = {end: name for name, end in snapshot.LISTS.items()}
_CHANNELS: Final = "CoreShowChannels"


def facts(data: bytes, config: AsteriskConfig) -> Iterator[Fact]:
    """The facts in a recording.

    Raises:
        PbxProtocolError: The recording is none of this protocol, or a list in it does not fit.
    """
    naming = Naming(config.station, config.feature_prefix, config.trunk, config.consult_context)
    replay = _Replay(Translator(naming, tells_requests=True), config)
    for message in AmiProtocol(banner="recorded").receive_data(data):
        yield from replay.take(message)
    yield from replay.catch_up()


class _Replay:
    """The lists that are being told, and the events that wait for their end, as in a session."""

    def __init__(self, translator: Translator, config: AsteriskConfig) -> None:
        self._translator, self._offered = translator, commands.capabilities(config)
        self._lists: dict[str, list[Message]] = {}
        self._ended: set[str] = set()
        self._waiting: list[Message] = []
        self._now_ms = 0

    def take(self, message: Message) -> Iterator[Fact]:
        self._now_ms = moment(message, self._now_ms)
        event = message.get("Event", "")
        listed = "ActionID" in message
        if listed and (name := _LIST_OF.get(event)):
            self._lists.setdefault(name, []).append(message)
        elif listed and (name := _ENDS.get(event)):
            yield from self._end(name)
        elif self._lists or self._ended:
            self._waiting.append(message)
        else:
            yield from self._translator.translate(message, 0)

    def _end(self, name: str) -> Iterator[Fact]:
        self._ended.add(name)
        # The adapter asks for channels last, and a PBX that lacks a module does without its list. Others ask in another
        # order, and for all.
        last = name == _CHANNELS and len(self._ended) > 1
        if last or len(self._ended) == len(snapshot.LISTS):
            try:
                joins = snapshot.align(self._translator, self._lists, self._now_ms)
            except (KeyError, ValueError) as err:
                raise PbxProtocolError(f"a list of the PBX does not fit: {type(err).__name__}") from None
            yield snapshot.picture(self._translator, joins, self._offered, self._now_ms)
            self._lists, self._ended = {}, set()
            yield from self.catch_up()

    def catch_up(self) -> Iterator[Fact]:
        """What waited."""
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            yield from self._translator.translate(message, 0)
