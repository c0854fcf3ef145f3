"""Whatever people do with their phones, stations show what the PBX has, and nothing is left at the end."""

from __future__ import annotations

import random
from typing import Any

import pytest

from ringline_core.domain.model import StationModel
from ringline_core.ids import call_id
from ringline_edge.adapters.freeswitch import snapshot
from ringline_edge.adapters.freeswitch.channels import Naming
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.translate import Translator
from ringline_edge.adapters.port import Capabilities
from ringline_edge.conformance.fakes.freeswitch.channels import Chan, headers
from ringline_edge.conformance.fakes.freeswitch.server import FakeFreeswitch

STATIONS = ("1001", "1002", "1003", "1004")
STEPS = 40


class Direct(FakeFreeswitch):
    """Its events go to a translator and a model at once, without a socket."""

    def __init__(self, chance: random.Random) -> None:
        self.translator = Translator(Naming(FreeswitchConfig.model_validate({"password": "x"})))
        self.model = StationModel("hq")
        self.model.lead(1)
        self.chance = chance
        super().__init__()
        self.engine.bridge_first = chance.random() < 0.5
        self.engine.tells_transfer = chance.random() < 0.5
        self._callers = iter(f"+4930{number:06}" for number in range(10_000))

    def _say(self, event: dict[str, Any]) -> None:
        for fact in self.translator.translate(event, 0):
            self.model.apply(fact)

    def settle(self) -> None:
        """The moment after which a resume is none of a hang-up."""
        for fact in self.translator.release():
            self.model.apply(fact)

    def anything(self) -> str:
        """Somebody does something that is possible now; what."""
        doing = [
            *(("outside_call", (next(self._callers), self.chance.choice(STATIONS))) for _ in range(2)),
            *(("dial", (station, other)) for station in STATIONS for other in STATIONS if other != station),
            *(("dial", (station, "004989123456")) for station in STATIONS),
            *(("hang_up", (ident,)) for ident in self.engine.channels for _ in range(2)),
        ]
        doing += [("complete", (station,)) for station in STATIONS if self._may_join(station) for _ in range(5)]
        for chan in self.engine.channels.values():
            if chan.outbound and not chan.answered:
                doing += [(does, (chan.uuid,)) for does in ("answer", "answer", "answer", "reject", "ring_out")]
            if chan.station and chan.answered:
                doing += self._in_call(chan)
        does, arguments = self.chance.choice([each for each in doing if self._has_room(*each)])
        methods = {
            "outside_call": self.outside_call, "dial": self.dial, "hang_up": self.hang_up, "answer": self.answer,
            "reject": self.reject, "ring_out": self.ring_out, "hold": self.hold_leg, "resume": self.resume_leg,
            "refer": self.refer, "complete": self.complete,
        }  # fmt: skip
        methods[does](*arguments)  # type: ignore[operator]
        self.settle()
        return f"{does} {arguments}"

    def _may_join(self, station: str) -> bool:
        peers = [each.peer for each in self.legs(station)[:2]]
        return len(peers) == 2 and None not in peers and len({each.station or each.uuid for each in peers if each}) == 2

    def _in_call(self, chan: Chan) -> list[tuple[str, tuple[str, ...]]]:
        if chan.held:
            return [("resume", (chan.uuid,))] * 3
        # A phone that is transferred to itself has two legs in one call, of which one is shown.
        taken = {chan.station, chan.peer.station if chan.peer else None}
        refer = [("refer", (chan.uuid, each)) for each in STATIONS if each not in taken] if chan.peer else []
        return [("hold", (chan.uuid,)), *refer]

    def _has_room(self, does: str, arguments: tuple[str, ...]) -> bool:
        """A document shows four calls."""
        return does not in ("outside_call", "dial", "refer") or all(len(self.legs(each)) < 3 for each in STATIONS)

    def hold_leg(self, ident: str) -> None:
        self.engine.hold(self.engine.channels[ident], on=True)

    def resume_leg(self, ident: str) -> None:
        self.engine.hold(self.engine.channels[ident], on=False)

    def refer(self, ident: str, to: str) -> None:
        own = self.engine.channels[ident]
        assert own.peer is not None
        own.vars |= {"endpoint_disposition": "BLIND_TRANSFER", "transfer_destination": f"blind:{to}"}
        self.engine.transfer(own.peer, to)

    def begin_anew(self) -> None:
        """A new edge asks for what is up."""
        self.translator, self.model = Translator(self.translator.naming), StationModel("hq")
        self.model.lead(1)
        dumps = [{"Event-Name": "CHANNEL_DATA", **headers(each)} for each in self.engine.channels.values()]
        joins = snapshot.align(self.translator, dumps, 1)
        self.model.apply(snapshot.picture(self.translator, joins, (), Capabilities(frozenset()), 1))

    def check(self, station: str) -> None:
        """A station's document has the states of its legs, and the numbers of whom those hear that hear somebody."""
        shown = {each["call"]: each for each in self.model.document(station)["calls"]}
        legs = {call_id("hq", self.translator.floor.channels[each.uuid].call): each for each in self.legs(station)}
        assert {call: each["leg"] for call, each in shown.items()} == {
            call: _state(each) for call, each in legs.items()
        }
        for call, each in legs.items():
            if each.peer is not None:
                heard = _heard(each.peer)
                assert shown[call]["remote"]["number"] == heard
                assert heard in [party["number"] for party in shown[call]["parties"] if party["leg"] != "alerting"]


def _state(chan: Chan) -> str:
    if chan.held:
        return "hold"
    if chan.answered:
        return "connected"
    return "alerting" if chan.outbound else "initiated"


def _heard(peer: Chan) -> str:
    """A transfer changes where a channel goes, not who it is."""
    return peer.station or peer.name.rpartition("/")[2].partition("@")[0]


@pytest.mark.parametrize("seed", range(120))
def test_stations_show_what_the_pbx_has_and_nothing_is_left(seed: int) -> None:
    pbx = Direct(random.Random(seed))
    for _ in range(STEPS):
        pbx.anything()
        for station in STATIONS:
            pbx.check(station)
    while pbx.engine.channels:
        pbx.hang_up(next(iter(pbx.engine.channels)))
        pbx.settle()
    floor = pbx.translator.floor
    assert (floor.channels, floor.transferrer_of, floor._by_leg, pbx.translator.skipped) == ({}, {}, {}, 0)
    assert [pbx.model.document(station)["calls"] for station in STATIONS] == [[], [], [], []]


@pytest.mark.parametrize("seed", range(60))
def test_an_edge_that_begins_in_the_middle_shows_the_same_and_goes_on(seed: int) -> None:
    pbx = Direct(random.Random(seed))
    for number in range(STEPS):
        pbx.anything()
        if number % 5 == 0:
            pbx.begin_anew()
        for station in STATIONS:
            pbx.check(station)
