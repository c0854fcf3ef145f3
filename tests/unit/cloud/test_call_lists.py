"""Records become calls in lists: who was there, which list has them, and what a second version changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringline_core.wire.base import ms_to_rfc3339
from tests.support.cloud import NOW_MS, SETTINGS, SITE, TENANT, Cloud, call
from tests.support.records import NUMBER, at, leg, record, tell
from tests.unit.cloud.test_http import request

Frame = dict[str, Any]


@pytest.fixture
def office(cloud: Cloud) -> Cloud:
    """Anna and Ben are logged on."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "p2")
    return cloud


def rings(cloud: Cloud, ident: str = "c-1", station: str = "1001", seq: int = 1, **more: Any) -> None:
    """A call rings at a phone."""
    cloud.state(station, seq, calls=[call(ident, started_at=at(0), **more)], rang=[ident])


def listed(cloud: Cloud, question: str = "") -> list[Frame]:
    """What `GET /calls` lists for an admin."""
    status, answer = request(cloud, "GET", f"/calls{question}")
    assert status == 200, answer
    return list(answer["items"])


def test_an_answered_call_says_who_answered_and_how_long_all_took(office: Cloud) -> None:
    rings(office)
    tell(office, "c-1")
    (shown,) = listed(office)
    assert shown == {
        "interaction": "i-c-1", "call": "c-1", "began_at": at(0), "ended_at": at(60), "direction": "inbound",
        "queue": "support", "outcome": "answered", "cause": "normal", "number": NUMBER, "name": "Mary Hill",
        "agents": ["anna"], "answered_by": ["anna"], "stations": ["1001"], "wait_s": 8.0, "ring_s": 5.0,
        "talk_s": 40.0, "hold_s": 10.0, "transfers": 0, "consult_of": None, "returned": None,
    }  # fmt: skip
    _, interaction = request(office, "GET", "/interactions/i-c-1")
    (stored,) = interaction["calls"]
    assert [each["agent"] for each in stored["record"]["legs"]] == [None, "anna"]
    assert (stored["record"]["outcome"], stored["record"]["talk_s"]) == ("answered", 40.0)


def test_an_ordinary_call_costs_two_reads_and_two_writes_beside_its_record(office: Cloud) -> None:
    rings(office)
    office.client.requests.clear()
    tell(office, "c-1")
    assert sorted(office.client.requests) == ["get_item"] * 2 + ["update_item"] * 3


def test_a_record_that_comes_twice_changes_nothing_and_a_newer_one_replaces_it(office: Cloud) -> None:
    rings(office)
    tell(office, "c-1")
    before = office.rows()
    tell(office, "c-1")
    assert office.rows() == before
    tell(office, "c-1", version=3, legs=[leg(), leg("1001", began=3, answered=10)])
    tell(office, "c-1", version=2, legs=[leg()])
    assert [each["wait_s"] for each in listed(office)] == [10.0]
    for question in ("?agent=anna", f"?number={NUMBER}".replace("+", "%2B")):
        assert [each["talk_s"] for each in listed(office, question)] == [50.0], question
    assert len(office.rows()) == len(before)


def test_rows_are_written_when_the_function_died_after_the_record(office: Cloud) -> None:
    rings(office)
    tell(office, "c-1")
    rows = [each for each in office.rows() if "CALLS#" in each["pk"] or each["sk"].startswith("CALL#2")]
    assert len(rows) == 2
    for each in rows:
        office.deps.interactions.remove(each)
    tell(office, "c-1")
    assert [each["call"] for each in listed(office)] == ["c-1"]
    assert [each["call"] for each in listed(office, "?agent=anna")] == ["c-1"]


def test_who_took_part_is_who_sat_there_when_it_rang(office: Cloud) -> None:
    rings(office)
    office.state("1001", 2)
    office.from_page({"t": "command", "id": "off", "verb": "log_off"})
    command = office.edges.to("e1", "command")[-1]
    office.from_edge({"t": "result", "id": command["id"], "stage": "confirmed"})
    office.later(60)
    office.logged_on("carl", "1001", "p3")
    tell(office, "c-1")
    assert [each["agents"] for each in listed(office)] == [["anna"]]
    assert [each["call"] for each in listed(office, "?agent=anna")] == ["c-1"]
    assert listed(office, "?agent=carl") == []


def test_a_call_that_the_cloud_never_saw_is_that_of_who_sits_there_if_they_sat_there_then(office: Cloud) -> None:
    office.later(7200)
    office.logged_on("carl", "1003", "p3")
    tell(office, "c-1", offset=3600, legs=[leg(), leg("1001", began=3, answered=8), leg("1003", began=3)])
    (shown,) = listed(office)
    assert (shown["agents"], shown["stations"], shown["answered_by"]) == (["anna"], ["1001", "1003"], ["anna"])
    assert request(office, "GET", "/interactions/i-c-1")[1]["agents"] == ["anna"]
    assert [each["call"] for each in listed(office, f"?number={NUMBER}")] == ["c-1"]


@pytest.mark.parametrize(
    ("legs", "outcome", "agents"),
    [
        ([leg()], "abandoned", []),
        ([leg(), leg("1001", began=3, cause="no_answer")], "abandoned", ["anna"]),
        ([leg(queue=None), leg("1001", began=3, queue=None, cause="no_answer")], "missed", ["anna"]),
    ],
    ids=["in the queue", "while ringing", "direct"],
)
def test_unserved_calls_are_found_by_number_though_they_rang_nowhere(
    office: Cloud, legs: list[Frame], outcome: str, agents: list[str]
) -> None:
    tell(office, "c-1", offset=1, legs=legs)
    (shown,) = listed(office, f"?number={NUMBER}&outcome={outcome}")
    assert (shown["outcome"], shown["agents"], shown["returned"]) == (outcome, agents, None)


def test_a_withheld_number_is_in_no_list_of_numbers_and_in_no_row(office: Cloud) -> None:
    hidden = {"number": NUMBER, "name": "Mary Hill", "presentation": "restricted"}
    tell(office, "c-1", remote=hidden)
    (shown,) = listed(office)
    assert (shown["number"], shown["name"]) == (None, None)
    assert listed(office, f"?number={NUMBER}") == []


def test_a_transfer_is_told_with_who_passed_it_on(office: Cloud) -> None:
    rings(office)
    rings(office, station="1002")
    legs = [
        leg(),
        leg("1001", began=3, answered=8, ended=20, left="transferred", peer="1002"),
        leg("1002", began=20, answered=25),
    ]
    tell(office, "c-1", legs=legs)
    (shown,) = listed(office)
    assert (shown["agents"], shown["answered_by"], shown["transfers"]) == (["anna", "ben"], ["anna", "ben"], 1)
    (stored,) = request(office, "GET", "/interactions/i-c-1")[1]["calls"]
    assert stored["record"]["transfers"] == [{"at": at(20), "by": "1001", "agent": "anna", "to": "1002"}]
    for agent in ("anna", "ben"):
        assert [each["call"] for each in listed(office, f"?agent={agent}")] == ["c-1"]


def test_a_record_that_says_too_little_is_kept_with_its_interaction_only(office: Cloud) -> None:
    rings(office)
    item = {"call": "c-1", "version": 1, "record": {"interaction": "i-c-1", "legs": []}}
    assert (office.from_edge({"t": "records", "items": [item]}) or {})["t"] == "ack"
    assert listed(office) == []
    assert [each["call"] for each in request(office, "GET", "/interactions/i-c-1")[1]["calls"]] == ["c-1"]


def test_records_of_one_frame_are_all_listed(office: Cloud) -> None:
    items = [{"call": f"c-{n}", "version": 1, "record": record(f"c-{n}", offset=n)} for n in range(20)]
    office.from_edge({"t": "records", "items": items})
    assert [each["call"] for each in listed(office)] == [f"c-{n}" for n in reversed(range(20))]


def everything_about_a_caller(cloud: Cloud) -> None:
    """Rings, drafts, a note, a hand-over, a disposition, records of an answered and of an abandoned call."""
    rings(cloud)
    cloud.state("1001", 2, calls=[call(leg="connected")])
    put = {"t": "note.put", "interaction": "i-c-1", "fields": {}}
    cloud.from_page({**put, "id": "n1", "base": 0, "text": "Wants", "draft": True})
    cloud.from_page({**put, "id": "n2", "base": 1, "text": "Wants a refund", "draft": False})
    cloud.from_page({"t": "command", "id": "t1", "verb": "transfer", "call": "c-1", "to": "1002"})
    cloud.from_page({"t": "wrap_up.done", "id": "w1", "interaction": "i-c-1", "disposition": "sold"})
    tell(cloud, "c-1")
    tell(cloud, "c-2", offset=60, legs=[leg()])


KINDS = {"HEAD", "NOTE", "REV", "HAND", "DISP", "CALL", "N", "CALLS", "A"}
"""Every kind of item about a caller: those of an interaction by their sort keys, of lists by their partitions."""


def kind(item: Frame) -> str:
    """`NOTE` of a note, `CALLS` of a day's list."""
    parts: list[str] = item["pk"].split("#")
    begins: str = item["sk"].split("#")[0]
    return begins if parts[2] == "I" else parts[2]


@pytest.mark.parametrize("wanted", sorted(KINDS))
def test_everything_about_a_caller_goes_by_itself_after_the_days_that_are_set(office: Cloud, wanted: str) -> None:
    everything_about_a_caller(office)
    office.deps.agents.first_hello(TENANT, "nobody", "p", 1, 60)
    about = [each for each in office.rows() if each["pk"].startswith(f"T#{TENANT}#") and kind(each) in KINDS]
    assert {kind(each) for each in about} == KINDS
    found = [each for each in about if kind(each) == wanted and not each["sk"].startswith("P#")]
    until = NOW_MS // 1000 + SETTINGS.note_kept_days * 86_400
    drafts = {NOW_MS // 1000 + 30 * 86_400}
    assert found
    for each in found:
        assert until - 60 <= each["ttl"] <= until + 86_400 or (wanted == "REV" and each["ttl"] in drafts), each


def test_no_other_kind_of_item_holds_a_callers_number_or_words(office: Cloud) -> None:
    everything_about_a_caller(office)
    others = [each for each in office.rows() if kind_or_none(each) not in KINDS and each["sk"] != "ST"]
    said = json.dumps(others, default=repr)
    assert NUMBER not in said
    assert "refund" not in said


def kind_or_none(item: Frame) -> str | None:
    return kind(item) if item["pk"].count("#") >= 2 else None


def test_the_place_in_a_list_stays_when_a_newer_version_begins_earlier(office: Cloud) -> None:
    rings(office)
    tell(office, "c-1", offset=10)
    tell(office, "c-1", version=2, offset=5)
    assert [each["began_at"] for each in listed(office)] == [ms_to_rfc3339(NOW_MS + 5000)]
    assert [each["call"] for each in listed(office, "?agent=anna")] == ["c-1"]
    assert office.deps.stations.get(TENANT, SITE, "1001")
