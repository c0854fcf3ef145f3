"""Days at a PBX in seconds: each adapter's pure half with the model behind it, bytes in and station documents out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ringline_core.domain.facts import Fact, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.domain.waiting import WaitingCallers
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import Verb
from ringline_edge.adapters import port
from ringline_edge.adapters.asterisk import channels as ami_channels
from ringline_edge.adapters.asterisk import snapshot as ami_lists
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import AmiProtocol
from ringline_edge.adapters.asterisk.translate import Translator as AmiTranslator
from ringline_edge.adapters.csta import snapshot as csta_lists
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.protocol import FrameProtocol, encode
from ringline_edge.adapters.csta.translate import Translator as CstaTranslator
from ringline_edge.adapters.csta.xml import parse
from ringline_edge.adapters.freeswitch import snapshot as esl_lists
from ringline_edge.adapters.freeswitch.channels import Naming as EslNaming
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import EslProtocol
from ringline_edge.adapters.freeswitch.translate import Translator as EslTranslator
from ringline_edge.adapters.simulator.protocol import LineProtocol
from ringline_edge.adapters.simulator.translate import pressed, translate
from tests.support import tables
from tests.support.renewed import Play, recording

OFFERED: Final = port.Capabilities(frozenset(Verb))
PLAYS_PER_LINK: Final = 40
_AT_ONCE: Final = 4
"""Messages that come in one turn of the loop, after which documents are built."""

_CSTA_STATIONS: Final = ("4750", "4751", "4752")


@dataclass(frozen=True)
class World:
    """One adapter without its socket.

    Attributes:
        receive: Facts by event of the bytes, each event an iterator of its own; the moment is for what bears no time.
        empty: The snapshot of a PBX at which nothing is up.
        parts: What holds its state.
        wire: Messages as the bytes of the link.
    """

    receive: Callable[[bytes, int], Iterator[Iterator[Fact]]]
    empty: Callable[[int], Snapshot]
    parts: tuple[object, ...]
    wire: Callable[[Sequence[bytes]], bytes] = b"".join


def world(name: str) -> World:
    """By the names that `renewed.recording` takes."""
    return _WORLDS[name]()


def _asterisk() -> World:
    config = AsteriskConfig.model_validate({"username": "bench", "secret": "bench", "trunk": "^PJSIP/trunk-"})
    naming = ami_channels.Naming(config.station, config.feature_prefix, config.trunk, config.consult_context)
    protocol, translator = AmiProtocol(banner="bench"), AmiTranslator(naming)

    def receive(data: bytes, now_ms: int) -> Iterator[Iterator[Fact]]:
        return (translator.translate(each, now_ms) for each in protocol.receive_data(data))

    def empty(now_ms: int) -> Snapshot:
        return ami_lists.picture(translator, ami_lists.align(translator, {}, now_ms), OFFERED, now_ms)

    return World(receive, empty, (protocol, translator))


def _csta(settings: Mapping[str, Any]) -> World:
    config = CstaConfig.model_validate({"host": "bench", "stations": _CSTA_STATIONS, **settings})
    protocol, translator = FrameProtocol(), CstaTranslator(config)
    translator.monitors.update({str(number): station for number, station in enumerate(_CSTA_STATIONS, 1)})

    def receive(data: bytes, now_ms: int) -> Iterator[Iterator[Fact]]:
        for each in protocol.receive_data(data):
            yield translator.translate(parse(each.body), now_ms)
        # As the adapter does between its polls.
        yield translator.floor.sweep(now_ms)

    def empty(now_ms: int) -> Snapshot:
        csta_lists.align(translator.floor, (), {}, now_ms)
        return csta_lists.picture(translator, OFFERED, now_ms)

    return World(receive, empty, (protocol, translator), lambda each: b"".join(encode(9999, body) for body in each))


def _freeswitch() -> World:
    config = FreeswitchConfig.model_validate({"password": "bench"})
    protocol, translator = EslProtocol(), EslTranslator(EslNaming(config))

    def receive(data: bytes, now_ms: int) -> Iterator[Iterator[Fact]]:
        for each in protocol.receive_data(data):
            yield translator.translate(each.headers, now_ms)

    def empty(now_ms: int) -> Snapshot:
        joins = esl_lists.align(translator, (), now_ms)
        list(translator.phones.replace((), now_ms))
        return esl_lists.picture(translator, joins, translator.phones.devices, OFFERED, now_ms)

    return World(receive, empty, (protocol, translator))


def _simulator() -> World:
    protocol = LineProtocol()

    def facts(message: dict[str, Any]) -> Iterator[Fact]:
        yield from (each for each in (translate(message), pressed(message)) if each is not None)

    def receive(data: bytes, _now_ms: int) -> Iterator[Iterator[Fact]]:
        return map(facts, protocol.receive_data(data))

    return World(receive, Snapshot, (protocol,))


_WORLDS: Final[dict[str, Callable[[], World]]] = {
    "asterisk": _asterisk,
    "csta-dmcc": lambda: _csta({"username": "u", "switch_name": "CM1", "queues": {"5000": "support"}}),
    "csta-plain": lambda: _csta({"dialect": "plain", "queues": {"5000": "support"}}),
    "freeswitch": _freeswitch,
    "simulator": _simulator,
}
NAMES: Final = tuple(_WORLDS)


@dataclass
class Edge:
    """What an edge does with facts, without its files.

    Attributes:
        facts: Taken so far.
        documents: Built so far; likewise `records`.
        told: How often each transition was in them.
    """

    model: StationModel = field(default_factory=lambda: StationModel("hq"))
    callers: WaitingCallers = field(default_factory=WaitingCallers)
    facts: int = 0
    documents: int = 0
    records: int = 0
    told: Counter[str] = field(default_factory=Counter)
    _dirty: dict[str, None] = field(default_factory=dict)
    _newest: dict[str, int] = field(default_factory=dict)

    def take(self, fact: Fact, now_ms: int) -> None:
        """One fact."""
        self.facts += 1
        changes = self.model.apply(fact)
        self._dirty.update(dict.fromkeys(changes.stations))
        self.records += len(changes.records)
        self.callers.take(fact, now_ms)

    def lose_pbx(self, now_ms: int) -> None:
        """The link is gone; a snapshot is to follow."""
        self._dirty.update(dict.fromkeys(self.model.link_lost(now_ms).stations))

    def show(self) -> None:
        """Build the documents of all stations that changed, as JSON."""
        for station in self._dirty:
            document = self.model.document(station)
            compact(document)
            newest = self._newest.get(station, 0)
            self.told.update(each["event"] for each in document["recent"] if each["n"] > newest)
            self._newest[station] = max((each["n"] for each in document["recent"]), default=0)
        self.documents += len(self._dirty)
        self._dirty.clear()


class Run:
    """Plays of one PBX through its adapter into the model.

    Attributes:
        events: Taken so far.
        scenarios: How many there are, until the first comes again.
        heals: From time to time the link is lost, and a snapshot tells that nothing is up.
    """

    def __init__(self, name: str, *, heals: bool = True, broken: bool = True) -> None:
        """Nothing has happened; `broken`: of some calls the end is never told."""
        self.world: World = world(name)
        self.edge = Edge()
        self.edge.model.lead(1)
        self.events = 0
        self.heals = heals
        played = recording(name)
        self.scenarios = len(played.traces)
        self._plays = played.plays(broken=broken)
        self._played = 0

    def until(self, events: int) -> None:
        """Play on until so many events were taken."""
        while self.events < events:
            self.play()

    def play(self) -> None:
        """One scenario more."""
        play = next(self._plays)
        self._played += 1
        for data in _turns(self.world, play):
            for facts in self.world.receive(data, play.at_ms):
                self.events += 1
                for fact in facts:
                    self.edge.take(fact, play.at_ms)
            self.edge.show()
        if self.heals and self._played % PLAYS_PER_LINK == 0:
            self.edge.lose_pbx(play.at_ms)
            self.edge.take(self.world.empty(play.at_ms), play.at_ms)
            self.edge.show()

    def sizes(self) -> dict[str, int]:
        """Entries by table, of the adapter and of the model."""
        return dict(tables.sizes(*self.world.parts, self.edge.model, self.edge.callers))


def _turns(there: World, play: Play) -> Iterator[bytes]:
    for start in range(0, len(play.messages), _AT_ONCE):
        yield there.wire(play.messages[start : start + _AT_ONCE])
