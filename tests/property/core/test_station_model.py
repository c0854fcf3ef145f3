"""Whatever order facts of different legs come in, and however often, the documents are the same and always valid."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.domain.facts import Agent, Ended, Fact, Joined, Left, Leg, LegRole, Membership, Party, Snapshot
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import AgentStateName, Cause, LegState, Verb
from ringline_core.wire.document import StationDocument
from tests.support.tables import sizes

STATIONS = ("1001", "1002", "1003")
CALLS = ("k1", "k2", "k3")
LIVES = st.lists(
    st.sampled_from([LegState.INITIATED, LegState.ALERTING, LegState.CONNECTED, LegState.HOLD]), min_size=1, max_size=4
)
ENDINGS = st.none() | st.builds(
    Ended, st.integers(5_000, 9_000), st.sampled_from(list(Left)), st.sampled_from(list(Cause))
)
WILD = st.text(max_size=200)


@st.composite
def lives(draw: st.DrawFn) -> list[list[Leg]]:
    """The lives of up to six legs, each a list of its facts in order."""
    told = []
    for number in range(draw(st.integers(1, 6))):
        station = draw(st.none() | st.sampled_from(STATIONS))
        born = draw(st.integers(1_000, 4_000))
        leg = Leg(
            f"leg{number}",
            draw(st.sampled_from(CALLS)),
            f"dev{number}",
            LegState.INITIATED,
            born,
            station=station,
            role=draw(st.sampled_from([LegRole.PARTY, LegRole.PARTY, LegRole.HELPER])),
            outside=station is None,
            origin=draw(st.booleans()),
            own=Party(draw(WILD), draw(WILD)),
            bridge=draw(st.none() | st.sampled_from(["b1", "b2"])),
            data={"note": draw(WILD)},
        )
        facts = [replace(leg, state=state, answered_at_ms=born + 500) for state in draw(LIVES)]
        ending = draw(ENDINGS)
        told.append(facts + ([replace(facts[-1], ended=ending)] if ending else []))
    return told


@st.composite
def interleavings(draw: st.DrawFn, told: list[list[Fact]]) -> list[Fact]:
    """One order of all facts that keeps each life's own order."""
    rest = [list(life) for life in told if life]
    order: list[Fact] = []
    while rest:
        life = rest[draw(st.integers(0, len(rest) - 1))]
        order.append(life.pop(0))
        rest = [each for each in rest if each]
    return order


def model() -> StationModel:
    """A fresh model that leads."""
    fresh = StationModel("hq")
    fresh.lead(1)
    fresh.capabilities = lambda _: frozenset(Verb)
    return fresh


def state(of: StationModel) -> dict[str, Any]:
    """All documents, without the order in which things happened."""
    documents = {station: of.document(station) for station in of.stations}
    for document in documents.values():
        document.pop("recent")
    return documents


@given(st.data(), lives())
@settings(deadline=None)
def test_any_order_of_different_legs_gives_the_same_documents(data: st.DataObject, told: list[list[Leg]]) -> None:
    joins: list[list[Fact]] = [[Joined("k1", "k2", 4_500)]] if data.draw(st.booleans()) else []
    endless: list[list[Fact]] = [[fact for fact in life if fact.ended is None] for life in told]
    results = []
    for _ in range(2):
        fresh = model()
        for fact in data.draw(interleavings([*endless, *joins])):
            fresh.apply(fact)
        results.append(state(fresh))
    assert results[0] == results[1]


@given(lives())
@settings(deadline=None)
def test_a_repeated_fact_changes_nothing(told: list[list[Leg]]) -> None:
    once, twice = model(), model()
    for life in told:
        for fact in life:
            once.apply(fact)
            twice.apply(fact)
            assert not twice.apply(fact)
    assert [once.document(each) for each in once.stations] == [twice.document(each) for each in twice.stations]


@given(lives())
@settings(deadline=None)
def test_every_document_is_valid_and_shows_no_leg_that_ended(told: list[list[Leg]]) -> None:
    fresh = model()
    for life in told:
        for fact in life:
            changes = fresh.apply(fact)
            for station in changes.stations:
                StationDocument.model_validate_json(json.dumps(fresh.document(station)), extra="forbid")
    alive = {
        (life[-1].station, life[-1].call)
        for life in told
        if life[-1].ended is None and life[-1].role is LegRole.PARTY and life[-1].station
    }
    for station in fresh.stations:
        assert len(fresh.document(station)["calls"]) == min(4, len([each for each in alive if each[0] == station]))


@given(lives(), st.integers(0, 5))
@settings(deadline=None)
def test_a_leg_that_ended_never_comes_back(told: list[list[Leg]], which: int) -> None:
    fresh = model()
    for life in told:
        for fact in life:
            fresh.apply(fact)
    life = told[which % len(told)]
    if life[-1].ended:
        assert not fresh.apply(life[0])


@given(st.data(), lives())
@settings(deadline=None)
def test_what_a_snapshot_lacks_leaves_nothing_behind(data: st.DataObject, told: list[list[Leg]]) -> None:
    pairs = st.sampled_from([("k1", "k2"), ("k2", "k3"), ("k1", "k3")])
    joins: list[list[Fact]] = [[Joined(*data.draw(pairs), 4_500)] for _ in range(2)]
    ways: list[list[Fact]] = []
    for life in told:
        hidden_from = data.draw(st.integers(0, 2 * len(life)))
        ways.append(
            [replace(leg, role=LegRole.HELPER if at >= hidden_from else leg.role) for at, leg in enumerate(life)]
        )
    fresh = model()
    for fact in data.draw(interleavings([*ways, *joins])):
        fresh.apply(fact)
    fresh.apply(Snapshot(10_000))
    by_station = {"StationModel._stations", "StationModel._over", "Station.recent"}
    assert {name: entries for name, entries in sizes(fresh).items() if entries and name not in by_station} == {}


@given(st.permutations(["desk", "soft", "app"]), st.integers(0, 2))
def test_folding_shows_the_most_advanced_device_whatever_the_order(order: list[str], winner: int) -> None:
    fresh = model()
    for device in order:
        fresh.apply(Leg(device, "k1", device, LegState.ALERTING, 1_000, station="1001"))
    won = order[winner]
    fresh.apply(Leg(won, "k1", won, LegState.CONNECTED, 1_000, station="1001", answered_at_ms=2_000))
    for device in order:
        if device != won:
            ended = Ended(2_100, cause=Cause.ANSWERED_ELSEWHERE)
            fresh.apply(Leg(device, "k1", device, LegState.ALERTING, 1_000, station="1001", ended=ended))
    document = fresh.document("1001")
    assert [call["leg"] for call in document["calls"]] == ["connected"]
    assert [each["event"] for each in document["recent"]] == ["ringing", "answered"]


def test_what_is_over_leaves_nothing_behind() -> None:
    fresh = model()
    fresh.apply(Agent("1001", AgentStateName.READY, 0, queues=(Membership("support"),)))
    for number in range(6_000):
        leg = Leg(f"l{number}", f"k{number}", "d", LegState.ALERTING, number, station="1001")
        fresh.apply(leg)
        fresh.apply(replace(leg, ended=Ended(number + 1)))
    kept = [fresh._legs, fresh._by_call, fresh._lineage._nodes, fresh._chronicle._legs]
    assert [len(each) for each in kept] == [0, 0, 0, 0]  # type: ignore[arg-type]
    assert len(fresh._over) <= 4096
