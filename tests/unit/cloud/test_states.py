"""Documents: one write, posts, then the ack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.cloud import SITE, TENANT, Cloud, call, document


def test_a_document_costs_one_write_and_no_read_and_reaches_every_page(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.page_opens(socket="p2", page="page-2")
    cloud.state("1001", 1)
    cloud.client.requests.clear()
    cloud.pages.posted.clear()
    ack = cloud.state("1001", 2, calls=[call(leg="connected")])
    assert (ack["t"], ack["epoch"], ack.get("code")) == ("ack", 1, None)
    assert cloud.client.requests == ["update_item"]
    for socket in ("p1", "p2"):
        (told,) = cloud.pages.to(socket, "station")
        assert told["doc"]["calls"][0]["leg"] == "connected"
        assert told["desk"]["agent"] == "anna"


def test_a_repeated_frame_changes_nothing_and_posts_what_is_stored(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 2, calls=[call()])
    before = cloud.deps.stations.get(TENANT, SITE, "1001")
    cloud.pages.posted.clear()
    assert "code" not in {k for k, v in cloud.state("1001", 1).items() if v}
    after = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert before
    assert after
    assert (after.rev, after.doc) == (before.rev, before.doc)
    assert cloud.pages.to("p1", "station")[0]["doc"]["calls"]


def test_a_higher_epoch_wins_over_any_sequence_and_fences_the_older_one(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.state("1001", 900, epoch=1, state="ready")
    cloud.edge_leads(session="s2", socket="e2")
    cloud.state("1001", 1, epoch=2, state="not_ready")
    ack = cloud.state("1001", 901, epoch=1, state="ready")
    assert ack["code"] == "fenced"
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert json.loads(item.doc or "")["agent"]["state"] == "not_ready"


def test_an_environment_that_knows_no_epoch_learns_it_from_the_write(cloud: Cloud) -> None:
    cloud.state("1001", 1, epoch=5)
    cloud.states._epochs.clear()
    assert cloud.state("1001", 9, epoch=4)["code"] == "fenced"


def test_a_page_that_is_gone_leaves_the_station(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.pages.gone.add("p1")
    cloud.state("1001", 1)
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert not item.sockets
    assert "p1" not in cloud.deps.agents.get(TENANT, "anna").get("sockets", ())


def test_a_throttled_table_gives_a_code_that_makes_the_edge_send_again(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.client.throttled = True
    assert cloud.state("1001", 1)["code"] == "rate_limited"
    cloud.client.throttled = False
    assert not cloud.state("1001", 1).get("code")


def test_ringing_brings_context_once_with_earlier_interactions_of_the_number(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call("c-1")], rang=["c-1"])
    cloud.state("1001", 2)
    cloud.pages.posted.clear()
    later = call("c-2", started_at="2027-01-15T09:00:00.000Z")
    cloud.client.requests.clear()
    cloud.state("1001", 3, calls=[later], rang=["c-2"])
    assert sorted(cloud.client.requests) == [
        "get_item",  # what ranks the one page
        *("query", "query", "update_item", "update_item", "update_item"),
    ]
    (context,) = cloud.pages.to("p1", "context")
    assert context["interaction"] == "i-c-2"
    assert [each["interaction"] for each in context["previous"]] == ["i-c-1"]
    cloud.state("1001", 4, calls=[{**later, "started_at": "2027-01-15T09:05:00.000Z"}], rang=["c-2"])
    assert [e["interaction"] for e in cloud.pages.to("p1", "context")[-1]["previous"]] == ["i-c-1"]


@pytest.mark.parametrize(
    "hidden",
    [
        {"remote": {"number": None, "presentation": "restricted"}},
        {"remote": {"number": "+442071234567", "presentation": "restricted"}},
        {"direction": "internal", "remote": {"number": "1002", "presentation": "allowed"}},
    ],
    ids=["no-number", "withheld", "internal"],
)
def test_withheld_and_internal_numbers_have_no_history(cloud: Cloud, hidden: dict[str, Any]) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    for seq, ident in ((1, "c-1"), (2, "c-2")):
        cloud.state("1001", seq, calls=[call(ident, **hidden)], rang=[ident])
    assert cloud.pages.to("p1", "context")[-1]["previous"] == []


def test_the_end_of_a_snapshot_puts_stations_out_of_service_that_were_not_in_it(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.state("1001", 1, calls=[call()])
    cloud.state("1002", 1, calls=[call("c-2")])
    cloud.edge_leads(session="s2", socket="e2")
    cloud.from_edge({"t": "snapshot", "epoch": 2, "phase": "begin"})
    cloud.state("1001", 1, epoch=2, calls=[call()])
    cloud.from_edge({"t": "snapshot", "epoch": 2, "phase": "end"})
    kept, reset = (cloud.deps.stations.get(TENANT, SITE, each) for each in ("1001", "1002"))
    assert kept
    assert json.loads(kept.doc or "")["calls"]
    assert reset
    doc = json.loads(reset.doc or "")
    assert (doc["in_service"], doc["calls"], doc["can"]) == (False, [], [])


def test_several_stations_of_one_frame_are_all_stored(cloud: Cloud) -> None:
    cloud.edge_leads()
    told = [{"station": str(n), "seq": 1, "doc": document(str(n))} for n in range(1001, 1041)]
    cloud.from_edge({"t": "state", "epoch": 1, "stations": told})
    stored = [cloud.deps.stations.get(TENANT, SITE, str(n)) for n in range(1001, 1041)]
    assert all(item and item.doc for item in stored)
    assert len(cloud.deps.stations.directory(TENANT, SITE)) == 40


def test_call_records_are_kept_by_their_highest_version(cloud: Cloud) -> None:
    def record(version: int, text: str) -> None:
        item = {"call": "c-1", "version": version, "record": {"interaction": "i-1", "text": text}}
        assert (cloud.from_edge({"t": "records", "items": [item]}) or {})["t"] == "ack"

    record(2, "new")
    record(1, "old")
    ((ident, stored),) = cloud.deps.interactions.records(TENANT, "i-1")
    assert (ident, json.loads(stored)["text"]) == ("c-1", "new")
