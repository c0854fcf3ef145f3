"""Pages: hello, beats, context on request, and their ends."""

from __future__ import annotations

from ringline_cloud.services import sweep
from ringline_core.wire.base import ms_to_rfc3339
from tests.support.cloud import NOW_MS, SITE, TENANT, Cloud, call


def test_a_page_that_is_behind_gets_the_document_with_its_beat(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call()])
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    cloud.pages.posted.clear()
    answer = cloud.from_page({"t": "beat", "station": "1001", "rev": item.rev - 1})
    assert answer
    assert (answer["t"], answer["rev"], answer["site"]["id"]) == ("beat", item.rev, SITE)
    assert cloud.pages.to("p1", "station")[0]["rev"] == item.rev
    cloud.pages.posted.clear()
    cloud.from_page({"t": "beat", "station": "1001", "rev": item.rev})
    assert cloud.pages.posted == []


def test_a_page_that_thinks_it_is_logged_on_learns_that_it_is_not(cloud: Cloud) -> None:
    cloud.from_page({"t": "beat", "station": "1001", "rev": 4})
    assert cloud.pages.to("p1", "station")[0]["station"] is None


def test_pages_are_counted_and_every_change_tells_the_others_and_the_edge(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.page_opens(socket="p2", page="page-2")
    assert cloud.pages.to("p1", "station")[-1]["desk"]["pages"] == 2
    assert cloud.edges.to("e1", "desks")[-1]["items"][0]["pages"] == 2
    cloud.page_gone("p2")
    assert cloud.pages.to("p1", "station")[-1]["desk"]["pages"] == 1


def test_the_end_of_an_old_socket_does_not_touch_its_successor(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.page_opens(socket="p2", page="page-p1")
    cloud.page_gone("p1")
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert item.sockets == {"p2"}
    cloud.page_gone("p1")
    assert cloud.deps.agents.get(TENANT, "anna")["sockets"] == {"p2"}


def test_a_token_that_is_over_ends_the_socket_with_a_word(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.clock[0] = NOW_MS + 8 * 3600 * 1000
    assert cloud.from_page({"t": "beat"}) is None
    assert cloud.pages.to("p1", "bye")[-1]["code"] == 4401
    assert cloud.pages.closed == ["p1"]


def test_context_is_given_of_own_interactions_and_of_the_number_that_calls_now(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call("c-1")], rang=["c-1"])
    given = cloud.from_page({"t": "context", "interaction": "i-c-1"})
    assert given
    assert (given["t"], given["interaction"]) == ("context", "i-c-1")
    given = cloud.from_page({"t": "context", "number": "+442071234567"})
    assert given
    assert given["t"] == "context"
    for frame in ({"interaction": "i-other"}, {"number": "+15550100"}):
        refused = cloud.from_page({"t": "context", **frame})
        assert refused
        assert refused["code"] == "forbidden"
    assert (cloud.from_page({"t": "context"}) or {})["code"] == "message_invalid"
    assert (cloud.from_page({"t": "context", "interaction": "i-c-1"}, "ben", "p9") or {})["code"] == "forbidden"


def test_the_sweeper_forgets_sockets_that_cannot_be_open_any_more(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.later(3600)
    cloud.page_opens(socket="p2", page="page-2")
    cloud.later(3700 + 300)
    assert sweep.sweep(cloud.deps) == 2
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert item.sockets == {"p2"}
    assert cloud.deps.agents.get(TENANT, "anna")["sockets"] == {"p2"}
    assert cloud.pages.to("p2", "station")[-1]["desk"]["pages"] == 1
    assert sweep.sweep(cloud.deps) == 0


def test_an_agents_pages_are_listed_best_first_and_nobody_elses(cloud: Cloud) -> None:
    cloud.page_opens(socket="p1", page="page-1", label="Orders", visible=False)
    cloud.later(60)
    cloud.page_opens(socket="p2", page="page-2", label="Mail", focused=True)
    cloud.page_opens("ben", "b1", "page-3", label="Ben's")
    answer = cloud.from_page({"t": "pages", "id": "x-1"})
    assert answer
    assert (answer["t"], answer["id"]) == ("pages", "x-1")
    shown = [(page["page"], page["label"], page["focused"], page["visible"]) for page in answer["pages"]]
    assert shown == [("page-2", "Mail", True, True), ("page-1", "Orders", False, False)]
    cloud.from_page({"t": "page", "visible": False, "focused": False, "can_pop": False}, socket="p2")
    answer = cloud.from_page({"t": "pages", "id": "x-2"})
    assert answer
    assert [(page["page"], page["can_pop"]) for page in answer["pages"]] == [("page-1", True), ("page-2", False)]


def test_a_page_with_two_sockets_is_listed_once_and_since_its_first(cloud: Cloud) -> None:
    cloud.page_opens(socket="p1", page="page-1", label="Orders")
    cloud.later(6000)
    cloud.page_opens(socket="p2", page="page-1", label="Orders, page 2", replaces="page-1")
    answer = cloud.from_page({"t": "pages", "id": "x-1"}, socket="p2")
    assert answer
    (page,) = answer["pages"]
    assert (page["label"], page["since_at"]) == ("Orders, page 2", ms_to_rfc3339(NOW_MS))
    cloud.page_gone("p2")
    cloud.page_gone("p1")
    assert cloud.from_page({"t": "pages", "id": "x-2"}, socket="p3") == {"t": "pages", "id": "x-2", "pages": []}
