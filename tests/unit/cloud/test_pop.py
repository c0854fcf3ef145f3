"""Pops in the cloud: ranks, one grant whatever comes at once, stealing, passing, and what is kept of it."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ringline_cloud.store.stations import StationItem
from ringline_core.domain.pop import LEASE_MS, STEAL_MS, Held
from tests.support.cloud import SITE, TENANT, Cloud, Frame, call

PAGES = ("p1", "p2", "p3")


@pytest.fixture
def three(cloud: Cloud) -> Cloud:
    """Anna with three pages, of which `p2` has the focus and `p3` is hidden; a call alerts."""
    cloud.edge_leads()
    cloud.logged_on()
    for socket in ("p2", "p3"):
        cloud.page_opens(socket=socket, page=f"page-{socket}", visible=socket != "p3", focused=socket == "p2")
    cloud.state("1001", 1, calls=[call()], rang=["c-1"])
    return cloud


def told(cloud: Cloud) -> dict[str, Frame]:
    """The newest `pop` of each page."""
    return {socket: cloud.pages.to(socket, "pop")[-1] for socket in PAGES if cloud.pages.to(socket, "pop")}


def says(cloud: Cloud, socket: str, do: str, grant: int, ident: str = "c-1") -> Frame | None:
    return cloud.from_page({"t": f"pop.{do}", "call": ident, "grant": grant}, socket=socket)


def item(cloud: Cloud) -> StationItem:
    found = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert found
    return found


def test_each_page_is_told_its_own_rank_when_a_call_alerts(three: Cloud) -> None:
    frame = {"t": "pop", "call": "c-1", "grant": 0, "page": None, "done": False}
    frame |= {"lease_ms": LEASE_MS, "steal_ms": STEAL_MS}
    assert told(three) == {"p2": {**frame, "rank": 0}, "p1": {**frame, "rank": 1}, "p3": {**frame, "rank": 2}}
    assert [len(three.pages.to(socket, "pop")) for socket in PAGES] == [1, 1, 1]


@pytest.mark.parametrize("leg", ["initiated", "connected", "hold", "queued", "fail"])
def test_only_an_alerting_call_is_popped(cloud: Cloud, leg: str) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call(leg=leg)], rang=["c-1"])
    assert told(cloud) == {}


def test_what_pages_say_of_themselves_later_ranks_them(three: Cloud) -> None:
    seen = {"t": "page", "visible": True, "focused": False, "can_pop": True}
    three.from_page({**seen, "last_input_at": "2027-01-15T08:00:05.000Z"}, socket="p3")
    three.from_page({**seen, "last_input_at": "2027-01-15T08:00:01.000Z"}, socket="p1")
    three.from_page({**seen, "focused": True, "can_pop": False}, socket="p2")
    three.state("1001", 2, calls=[call("c-2")], rang=["c-2"])
    assert {socket: frame["rank"] for socket, frame in told(three).items()} == {"p3": 0, "p1": 1, "p2": 2}


def test_the_first_claim_is_granted_and_all_pages_and_the_edge_hear_of_it(three: Cloud) -> None:
    before = item(three).rev
    says(three, "p1", "claim", 0)
    assert {(frame["grant"], frame["page"], frame["done"]) for frame in told(three).values()} == {(1, "page-p1", False)}
    assert sorted(frame["rank"] for frame in told(three).values()) == [0, 1, 2]
    shown = [{"call": "c-1", "grant": 1, "page": "page-p1", "done": False}]
    assert [three.pages.to(socket, "station")[-1]["desk"]["pop"] for socket in PAGES] == [shown] * 3
    assert (three.edges.to("e1", "desks")[-1]["items"][0]["rev"], item(three).rev) == (before + 1, before + 1)
    assert three.pages.posted[-6][0] == "p1"  # of what was posted, who has the grant hears first


def test_a_second_claim_changes_nothing_and_is_told_so(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    before = item(three)
    three.pages.posted.clear()
    says(three, "p2", "claim", 0)
    assert item(three) == before
    assert [(frame["t"], frame["grant"], frame["page"]) for _, frame in three.pages.posted] == [
        ("pop", 1, "page-p1")
    ] * 3


def test_a_grant_may_be_taken_over_once_its_time_is_up_and_not_before(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    three.later(STEAL_MS / 1000 - 0.001)
    says(three, "p2", "claim", 1)
    assert told(three)["p2"]["page"] == "page-p1"
    three.later(0.001)
    says(three, "p2", "claim", 1)
    assert (told(three)["p2"]["grant"], told(three)["p2"]["page"]) == (2, "page-p2")
    says(three, "p1", "done", 1)
    assert not told(three)["p1"]["done"]


def test_what_is_done_is_taken_over_by_nobody(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    says(three, "p1", "done", 1)
    three.later(60)
    says(three, "p2", "claim", 1)
    says(three, "p1", "pass", 1)
    assert {(frame["grant"], frame["page"], frame["done"]) for frame in told(three).values()} == {(1, "page-p1", True)}
    assert item(three).desk["pop"] == [{"call": "c-1", "grant": 1, "page": "page-p1", "done": True}]


def test_a_repeated_done_is_answered_and_changes_nothing(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    says(three, "p1", "done", 1)
    before = item(three).rev
    three.pages.posted.clear()
    says(three, "p1", "done", 1)
    assert item(three).rev == before
    assert all(frame["done"] for _, frame in three.pages.posted)


def test_who_passes_is_ranked_last_and_the_next_claim_is_granted_at_once(three: Cloud) -> None:
    says(three, "p2", "claim", 0)
    says(three, "p2", "pass", 1)
    assert {socket: (frame["rank"], frame["page"]) for socket, frame in told(three).items()} == {
        "p1": (0, None),
        "p3": (1, None),
        "p2": (2, None),
    }
    says(three, "p1", "claim", 1)
    assert (told(three)["p3"]["grant"], told(three)["p3"]["page"]) == (2, "page-p1")


def test_only_who_has_the_grant_may_pass_it(three: Cloud) -> None:
    says(three, "p2", "claim", 0)
    says(three, "p1", "pass", 1)
    assert told(three)["p1"]["page"] == "page-p2"


def test_of_two_claims_that_saw_the_same_one_is_stored(three: Cloud) -> None:
    """Both were read before either was written, for the first grant and for a takeover."""
    seen = item(three)
    assert three.deps.stations.write_pop(TENANT, seen, "c-1", Held(1, "a", 5), ())[0]
    again, now = three.deps.stations.write_pop(TENANT, seen, "c-1", Held(1, "b", 5), ())
    assert (again, now.pops) == (False, {"c-1": Held(1, "a", 5)})
    assert three.deps.stations.write_pop(TENANT, now, "c-1", Held(2, "c", 9), ())[0]
    assert not three.deps.stations.write_pop(TENANT, now, "c-1", Held(2, "d", 9), ())[0]


def test_claims_for_two_calls_do_not_disturb_each_other(three: Cloud) -> None:
    three.state("1001", 2, calls=[call(), call("c-2")], rang=["c-2"])
    seen = item(three)
    assert three.deps.stations.write_pop(TENANT, seen, "c-1", Held(1, "a", 5), ())[0]
    assert three.deps.stations.write_pop(TENANT, seen, "c-2", Held(1, "b", 5), ())[0]
    assert [each["call"] for each in item(three).desk["pop"]] == ["c-1", "c-2"]


def test_a_grant_is_not_stored_for_somebody_who_has_logged_off(three: Cloud) -> None:
    stale = dataclasses.replace(item(three), agent="ben")
    assert not three.deps.stations.write_pop(TENANT, stale, "c-1", Held(1, "a", 5), ())[0]


def test_grants_of_calls_that_are_over_go_with_the_next_change(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    three.state("1001", 2, calls=[call("c-2"), call("c-3")], rang=["c-2", "c-3"])
    says(three, "p1", "claim", 0, "c-2")
    assert [each["call"] for each in item(three).desk["pop"]] == ["c-2"]
    says(three, "p1", "claim", 0, "c-3")
    assert [each["call"] for each in item(three).desk["pop"]] == ["c-2", "c-3"]


def test_a_claim_for_a_call_that_is_over_is_no_error_and_no_grant(three: Cloud) -> None:
    three.state("1001", 2)
    three.pages.posted.clear()
    assert says(three, "p1", "claim", 0) is None
    assert (three.pages.posted, item(three).pops) == ([], {})


def test_a_page_that_opens_while_a_call_alerts_is_told_how_things_stand(three: Cloud) -> None:
    says(three, "p1", "claim", 0)
    three.pages.posted.clear()
    three.page_opens(socket="p4", page="page-p4", focused=True)
    (frame,) = three.pages.to("p4", "pop")
    assert (frame["rank"], frame["grant"], frame["page"]) == (1, 1, "page-p1")
    assert [socket for socket, frame in three.pages.posted if frame["t"] == "pop"] == ["p4"]


def test_a_page_that_changes_its_socket_is_one_page(three: Cloud) -> None:
    three.page_opens(socket="p4", page="page-p2", focused=True, replaces="page-p2")
    three.pages.posted.clear()
    says(three, "p2", "claim", 0)
    ranks = {socket: frame["rank"] for socket, frame in three.pages.posted if frame["t"] == "pop"}
    assert ranks == {"p2": 0, "p4": 0, "p1": 1, "p3": 2}
    says(three, "p4", "done", 1)
    assert told(three)["p1"]["done"]


@pytest.mark.parametrize("again", [1, 2], ids=["same-frame", "newer-document"])
def test_a_ring_that_comes_again_tells_the_grant_that_stands(three: Cloud, again: int) -> None:
    says(three, "p1", "claim", 0)
    three.state("1001", again, calls=[call()], rang=["c-1"])
    assert {(frame["grant"], frame["page"]) for frame in told(three).values()} == {(1, "page-p1")}


@pytest.mark.parametrize(
    ("who", "code"),
    [({"agent": "ben", "socket": "p9"}, "not_logged_on"), ({"socket": "p9"}, "message_invalid")],
    ids=["not-logged-on", "no-hello"],
)
def test_who_is_no_page_of_the_agent_gets_no_grant(three: Cloud, who: dict[str, Any], code: str) -> None:
    refused = three.from_page({"t": "pop.claim", "call": "c-1", "grant": 0}, **who)
    assert refused
    assert refused["code"] == code
    assert item(three).pops == {}
