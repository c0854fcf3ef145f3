"""Calls that come from another site go on with its interaction; keys that ride along are never shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringline_core.domain.facts import Ended, Leg, Party, Snapshot
from ringline_core.domain.linkage import Linkage
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import LegState

AT = 1_800_000_000_000
LINKAGE = Linkage("the tenant's secret")
KEY = LINKAGE.key("i-lyon-17", AT)
TRUNK = Leg("t1", "k1", "trunk", LegState.INITIATED, AT, outside=True, origin=True, own=Party("+44207"))
BROUGHT = replace(TRUNK, data={"uui": KEY, "line": 2})
RINGS = Leg("a1", "k1", "PJSIP/1001", LegState.ALERTING, AT + 1, station="1001", data={"uui": KEY, "line": 2})


@pytest.fixture
def model() -> StationModel:
    made = StationModel("paris")
    made.lead(1)
    made.linkage = LINKAGE
    return made


def call(model: StationModel, station: str = "1001") -> dict[str, Any]:
    """The station's newest call."""
    found: dict[str, Any] = model.document(station)["calls"][-1]
    return found


def test_the_other_sites_interaction_goes_on_and_its_key_is_not_shown(model: StationModel) -> None:
    model.apply(BROUGHT)
    model.apply(RINGS)
    assert (call(model)["interaction"], call(model)["was"], call(model)["data"]) == ("i-lyon-17", [], {"line": 2})
    assert [each["interaction"] for each in model.document("1001")["recent"]] == ["i-lyon-17"]


def test_a_key_that_comes_late_still_counts_and_the_ring_is_told_again(model: StationModel) -> None:
    model.apply(TRUNK)
    assert model.apply(replace(RINGS, data={})).stations == {"1001": frozenset({"c-paris-k1"})}
    assert call(model)["interaction"] == "i-paris-k1"
    assert model.apply(BROUGHT).stations == {"1001": frozenset({"c-paris-k1"})}
    assert (call(model)["interaction"], call(model)["was"]) == ("i-lyon-17", ["i-paris-k1"])


@pytest.mark.parametrize("ucid", [None, "00001001791428242051"])
def test_an_edge_that_learns_the_secret_late_looks_again(ucid: str | None) -> None:
    late = StationModel("paris")
    late.lead(1)
    late.apply(replace(BROUGHT, linkage=ucid))
    late.apply(replace(RINGS, linkage=ucid))
    assert call(late)["interaction"] == (f"i--{ucid}" if ucid else "i-paris-k1")
    late.linkage = LINKAGE
    assert call(late)["interaction"] == "i-lyon-17"


def test_a_key_goes_before_a_name_that_all_sites_share_in_any_order(model: StationModel) -> None:
    station, trunk = (replace(each, linkage="00001001791428242051") for each in (RINGS, BROUGHT))
    seen = []
    for facts in ((station, trunk), (trunk, station), (replace(trunk, data={}), station, trunk)):
        made = StationModel("paris")
        made.lead(1)
        made.linkage = LINKAGE
        for fact in facts:
            made.apply(fact)
        seen.append(call(made)["interaction"])
        made.apply(replace(trunk, data={}))
        assert call(made)["interaction"] == "i-lyon-17"
    assert seen == ["i-lyon-17"] * 3


def test_a_snapshot_tells_the_key_before_anything_rings(model: StationModel) -> None:
    model.apply(Snapshot(AT, legs=(RINGS, BROUGHT)))
    assert [each["interaction"] for each in model.document("1001")["recent"] if each["call"]] == ["i-lyon-17"]


def test_a_call_that_was_placed_with_a_key_is_known_again_after_a_restart(model: StationModel) -> None:
    own = Leg("a2", "k2", "PJSIP/1001", LegState.CONNECTED, AT, station="1001", origin=True, data={"linkage": KEY})
    model.apply(Snapshot(AT, legs=(own,)))
    assert call(model)["interaction"] == "i-lyon-17"


@pytest.mark.parametrize(
    "leg",
    [
        replace(BROUGHT, data={"uui": Linkage("another tenant's").key("i-lyon-17", AT)}),
        replace(BROUGHT, data={"uui": LINKAGE.key("i-lyon-17", AT - 24 * 3_600_000)}),
        replace(BROUGHT, data={"uui": "i-lyon-17"}),
        replace(BROUGHT, origin=False),
    ],
    ids=["forged", "old", "unsigned", "on its way out"],
)
def test_else_the_call_has_its_own_interaction(model: StationModel, leg: Leg) -> None:
    model.apply(leg)
    model.apply(RINGS)
    assert call(model)["interaction"] == "i-paris-k1"


def test_a_consultation_that_carries_the_customers_key_keeps_its_own_until_it_is_completed(model: StationModel) -> None:
    asking = Leg(
        "a3", "k3", "PJSIP/1001", LegState.INITIATED, AT, station="1001", origin=True, consult_of="k1",
        data={"linkage": KEY},
    )  # fmt: skip
    model.apply(asking)
    assert call(model)["interaction"] == "i-paris-k3"


def test_a_call_that_is_over_leaves_nothing_behind(model: StationModel) -> None:
    model.apply(BROUGHT)
    model.apply(RINGS)
    model.apply(replace(RINGS, ended=Ended(AT + 8)))
    (draft,) = model.apply(replace(BROUGHT, ended=Ended(AT + 9))).records
    assert draft.record["interaction"] == "i-lyon-17"
    model.apply(replace(TRUNK, leg="t2", started_at_ms=AT + 10))
    model.apply(replace(RINGS, leg="a9", data={}))
    assert call(model)["interaction"] == "i-paris-k1"
