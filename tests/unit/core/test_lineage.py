"""Which calls are one story, by table."""

from __future__ import annotations

from itertools import permutations

import pytest

from ringline_core.domain.facts import Joined, Leg, Snapshot
from ringline_core.domain.lineage import Lineage, Story
from ringline_core.domain.model import StationModel
from ringline_core.ids import interaction_id
from ringline_core.wire.codes import LegState

Call = tuple[str, int, bool]

CUSTOMER: Call = ("customer", 100, True)
OLDER_CONSULT: Call = ("older", 50, False)
CONSULT: Call = ("consult", 200, False)
SECOND_CUSTOMER: Call = ("second", 150, True)

TABLE = {
    "a call alone is its own story": ([CUSTOMER], [], "customer", Story("customer")),
    "a consult merges into the customer's": (
        [CUSTOMER, CONSULT],
        [("customer", "consult")],
        "consult",
        Story("customer", was=("consult",)),
    ),
    "also when the consult is the older call": (
        [CUSTOMER, OLDER_CONSULT],
        [("older", "customer")],
        "older",
        Story("customer", was=("older",)),
    ),
    "two customers in one conference keep their own": (
        [CUSTOMER, SECOND_CUSTOMER, CONSULT],
        [("customer", "second"), ("second", "consult")],
        "second",
        Story("second", related=("customer",)),
    ),
    "a colleague among two customers goes with the older one": (
        [CUSTOMER, SECOND_CUSTOMER, CONSULT],
        [("customer", "second"), ("second", "consult")],
        "consult",
        Story("customer", was=("consult",), related=("second",)),
    ),
    "without anybody outside the oldest names it": (
        [CONSULT, OLDER_CONSULT],
        [("older", "consult")],
        "consult",
        Story("older", was=("consult",)),
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_stories_in_any_order_of_facts(name: str) -> None:
    calls, joins, asked, expected = TABLE[name]
    facts: list[tuple[str, object]] = [*(("see", call) for call in calls), *(("join", join) for join in joins)]
    for order in permutations(facts):
        lineage = Lineage()
        for kind, fact in order:
            match kind, fact:
                case "see", (str(call), int(started), bool(outside)):
                    lineage.see(call, started, outside=outside)
                case "join", (str(one), str(other)):
                    lineage.join(one, other, 300)
        assert lineage.story(asked) == expected


def test_a_story_that_is_over_is_forgotten() -> None:
    lineage = Lineage()
    lineage.see("a", 1, outside=True)
    lineage.join("a", "b", 2)
    lineage.drop(tuple(lineage.component("a")))
    assert "a" not in lineage
    assert lineage.story("a") == Story("a")


def test_what_is_kept_is_whole_components_of_the_calls_named() -> None:
    lineage = Lineage()
    for call, other in (("a", "b"), ("b", "c"), ("d", "e")):
        lineage.join(call, other, 100)
    lineage.keep(["c", "unknown"])
    assert [call for call in "abcde" if call in lineage] == ["a", "b", "c"]


def test_a_join_that_a_snapshot_tells_stays_although_nobody_is_in_its_calls_yet() -> None:
    model = StationModel("hq")
    model.apply(Snapshot(100, joins=(Joined("customer", "consult", 100),)))
    model.apply(Leg("l1", "customer", "T", LegState.CONNECTED, 90, outside=True))
    model.apply(Leg("l2", "consult", "D", LegState.ALERTING, 101, station="1001"))
    (shown,) = model.document("1001")["calls"]
    assert shown["was"] == [interaction_id("hq", "consult")]
