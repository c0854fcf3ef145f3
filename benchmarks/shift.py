"""Station documents of a shift that has been going for a while, as our own model makes them from the AMI stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final

from benchmarks.ami_ringline import SITE, TRUNK
from benchmarks.ami_stream import QUEUES, Pbx
from ringline_core.domain.facts import Ended, Fact, Left, Leg, Party
from ringline_core.domain.model import StationModel
from ringline_core.domain.record import CallRecordDraft
from ringline_core.wire.codes import By, Cause, LegState, Presentation
from ringline_edge.adapters.asterisk import commands
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import WANTED, AmiProtocol, Message
from ringline_edge.adapters.asterisk.translate import Translator

_BEGAN_MS: Final = 1_799_995_000_000
"""So that the shift lies before the test cloud's clock."""

CALLS_PER_S: Final = 0.75
"""For 400 phones: about a quarter of them talk."""

WARM_UP_S: Final = 3600.0
"""An hour: most stations have had six calls or more, and `recent` is full."""

_WANTED: Final = frozenset(name.decode() for name in WANTED)


@dataclass
class Moment:
    """All that changed because of what the PBX said at one moment: one event for the people at their phones.

    Attributes:
        documents: Of each station that changed.
        rang: Call ids for the contract's `rang`, by station.
        events: Names of the transitions raised.
    """

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    rang: dict[str, set[str]] = field(default_factory=dict)
    records: list[CallRecordDraft] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)


class Shift:
    """The stream's PBX, its translation, and the model, an hour after everybody came."""

    def __init__(self) -> None:
        """Lets the hour pass, which takes some seconds."""
        config = AsteriskConfig.model_validate({"username": "bench", "secret": "bench", "trunk": TRUNK})
        self.model = StationModel(SITE)
        self.model.lead(1)
        self.model.capabilities = commands.capabilities(config).of
        self._translator = Translator(Naming(config.station, config.feature_prefix, config.trunk))
        self._protocol = AmiProtocol(banner="shift")
        self._newest: dict[str, int] = {}
        pbx = Pbx(1, CALLS_PER_S)
        self._translator.members.replace(_members(pbx.agents))
        for agent in self._translator.members.agents(_BEGAN_MS):
            self.model.apply(agent)
        wanted = (said for said in pbx.says() if said.name in _WANTED)
        self._said = groupby(wanted, key=lambda each: each.at_s)
        self._now_s = 0.0
        while self._now_s < WARM_UP_S:
            self._next()

    def documents(self) -> dict[str, dict[str, Any]]:
        """All stations' documents as they are now."""
        return {station: self.model.document(station) for station in self.model.stations}

    def moments(self, count: int) -> list[Moment]:
        """The next moments that change a document."""
        found: list[Moment] = []
        while len(found) < count:
            moment = self._next()
            if moment.documents:
                found.append(moment)
        return found

    def told(self, facts: Iterable[Fact]) -> Moment:
        """What some facts change, taken as one moment."""
        moment = Moment()
        for fact in facts:
            changes = self.model.apply(fact)
            moment.records += changes.records
            for station, rang in changes.stations.items():
                moment.rang.setdefault(station, set()).update(rang)
        for station in moment.rang:
            document = moment.documents[station] = self.model.document(station)
            newest = self._newest.get(station, 0)
            moment.events.update(each["event"] for each in document["recent"] if each["n"] > newest)
            self._newest[station] = max((each["n"] for each in document["recent"]), default=0)
        return moment

    def _next(self) -> Moment:
        self._now_s, said = next(self._said)
        now_ms = _BEGAN_MS + int(self._now_s * 1000)
        messages = self._protocol.receive_data(b"".join(each.raw for each in said))
        return self.told(fact for message in messages for fact in self._translator.translate(message, now_ms))


def transfer(shift: Shift, station: str, target: str) -> tuple[Moment, Moment]:
    """A customer's call at `station`, and its cold transfer to `target`, which rings at once."""
    call, now_ms = "1799999999.1", _BEGAN_MS + int(WARM_UP_S * 1000)
    party = Party("+442071234567", "Anna Müller", Presentation.ALLOWED)
    customer = Leg(
        call, call, "PJSIP/trunk-eu", LegState.CONNECTED, now_ms,
        origin=True, outside=True, own=party, dialed="4930123456", queue="support", answered_at_ms=now_ms,
    )  # fmt: skip
    phone = Leg(
        "1799999999.2", call, f"PJSIP/{station}", LegState.CONNECTED, now_ms,
        station=station, own=Party(station), queue="support", answered_at_ms=now_ms + 4000, by=By.AGENT_PHONE,
    )  # fmt: skip
    rung = Leg(
        "1799999999.3", call, f"PJSIP/{target}", LegState.ALERTING, now_ms + 60_000,
        station=target, own=Party(target), queue="support", transferred_by=station,
    )  # fmt: skip
    left = replace(phone, ended=Ended(now_ms + 60_000, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PAGE, target))
    return shift.told((customer, phone)), shift.told((left, rung))


def served(shift: Shift, station: str) -> list[Moment]:
    """A queue's call from its first ring at `station` to its end, taken there: an ordinary call with one agent."""
    call, now_ms = "1799999998.1", _BEGAN_MS + int(WARM_UP_S * 1000)
    party = Party("+442071234568", "Anna Müller", Presentation.ALLOWED)
    waits = Leg(
        call, call, "PJSIP/trunk-eu", LegState.QUEUED, now_ms,
        origin=True, outside=True, own=party, dialed="4930123456", queue="support", queued_at_ms=now_ms + 1000,
    )  # fmt: skip
    rings = Leg(
        "1799999998.2", call, f"PJSIP/{station}", LegState.ALERTING, now_ms + 3000,
        station=station, own=Party(station), queue="support",
    )  # fmt: skip
    customer = replace(waits, state=LegState.CONNECTED, answered_at_ms=now_ms + 8000)
    phone = replace(rings, state=LegState.CONNECTED, answered_at_ms=now_ms + 8000, by=By.AGENT_PHONE)
    ended = Ended(now_ms + 200_000, Left.CLEARED, Cause.NORMAL, By.REMOTE)
    over = (replace(phone, ended=ended), replace(customer, ended=ended))
    return [shift.told(facts) for facts in ((waits, rings), (customer, phone), over)]


def _members(agents: list[str]) -> Iterator[Message]:
    for agent in agents:
        for queue in QUEUES:
            yield {
                "Event": "QueueMember",
                "Queue": queue,
                "Location": f"Local/{agent}@from-queue/n",
                "Membership": "dynamic",
                "Penalty": "0",
                "Paused": "0",
                "LoginTime": str(_BEGAN_MS // 1000),
            }
