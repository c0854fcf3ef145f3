"""A recorded link as facts: frames of both directions in their order, as a capture of the link has them.

Of our own messages only questions are needed: an answer does not tell which device it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from ringline_core.domain.facts import Fact
from ringline_edge.adapters.csta import commands, snapshot
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.events import connection
from ringline_edge.adapters.csta.naming import number_of
from ringline_edge.adapters.csta.protocol import FrameProtocol
from ringline_edge.adapters.csta.snapshot import Seen, SeenCall
from ringline_edge.adapters.csta.translate import Translator, monitor_of
from ringline_edge.adapters.csta.words import failure
from ringline_edge.adapters.csta.xml import Element, find, local, parse, text

_PAUSE_MS: Final = 100
"""Time between two frames: events of CSTA bear none, so a recording has none either."""

_QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "MonitorStart": ("monitorObject", "deviceObject"),
    "GetAgentState": ("device",),
    "SnapshotDevice": ("snapshotObject",),
    "SnapshotCall": ("snapshotObject",),
}
"""With the path to what each is about."""


def facts(data: bytes, settings: Mapping[str, Any]) -> Iterator[Fact]:
    """The facts in a recording; its stations are the devices that were monitored in it, unless `settings` name them.

    Raises:
        pydantic.ValidationError: A setting is wrong.
        PbxProtocolError: The recording is none of this protocol.
    """
    messages = [(frame.invoke, parse(frame.body)) for frame in FrameProtocol().receive_data(data)]
    monitored = {_subject(each) for _, each in messages if local(each) == "MonitorStart"}
    stations = tuple(sorted(each for each in monitored if each)) or ("0",)
    config = CstaConfig.model_validate({"host": "recorded", "dialect": "plain", "stations": stations, **settings})
    return _Replay(config).facts(messages)


class _Replay:
    """Questions that wait for their answers, the lists that are being told, and the events that wait for their end."""

    def __init__(self, config: CstaConfig) -> None:
        self._config = config
        self._translator = Translator(config)
        self._asked: dict[int, tuple[str, Element]] = {}
        self._listed: dict[str, list[Seen]] = {}
        self._calls: dict[str, SeenCall] = {}
        self._agents: set[str] = set()
        self._waiting: list[Element] = []

    def facts(self, messages: list[tuple[int, Element]]) -> Iterator[Fact]:
        for at, (invoke, message) in enumerate(messages):
            yield from self._take(invoke, message, at * _PAUSE_MS)
        yield from self._catch_up(len(messages) * _PAUSE_MS)

    def _take(self, invoke: int, message: Element, at_ms: int) -> Iterator[Fact]:
        name = local(message)
        if name in _QUESTIONS:
            self._asked[invoke] = name, message
            if name == "SnapshotDevice":
                self._listed.setdefault(_subject(message), [])
        elif invoke in self._asked and not name.endswith("Event"):
            yield from self._answer(*self._asked.pop(invoke), message, at_ms)
        elif self._listed:
            self._waiting.append(message)
        else:
            yield from self._translator.translate(message, at_ms)

    def _answer(self, asked: str, question: Element, answer: Element, at_ms: int) -> Iterator[Fact]:
        about, refused = _subject(question), failure(answer) is not None
        match asked:
            case "MonitorStart" if not refused:
                self._translator.monitors[monitor_of(answer)] = about
            case "SnapshotDevice" if not refused:
                self._listed[about] = snapshot.devices_calls(answer)
            case "SnapshotCall":
                ident, _ = connection(find(question, "snapshotObject"))
                self._calls[ident] = snapshot.calls_parties(ident, None if refused else answer)
            case "GetAgentState":
                if about in self._translator.agents.seats and not refused:
                    told = list(self._translator.agents.take(about, answer, at_ms))
                    yield from [] if self._listed else told
                yield from self._end(about, at_ms)

    def _end(self, station: str, at_ms: int) -> Iterator[Fact]:
        """Agents are asked for last: once all stations' are known, the lists are complete."""
        self._agents.add(station)
        if self._listed and self._listed.keys() <= self._agents:
            at_devices = [seen for found in self._listed.values() for seen in found]
            snapshot.align(self._translator.floor, at_devices, self._calls, at_ms)
            self._listed, self._calls = {}, {}
            yield snapshot.picture(self._translator, commands.capabilities(self._config), at_ms)
            yield from self._catch_up(at_ms)
        if not self._listed:
            self._agents.clear()

    def _catch_up(self, at_ms: int) -> Iterator[Fact]:
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            yield from self._translator.translate(message, at_ms)


def _subject(question: Element) -> str:
    return number_of(text(find(question, *_QUESTIONS[local(question)])))
