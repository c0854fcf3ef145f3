"""Hand-overs: what goes along with a call is there when it rings at the next one, and nowhere else."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from ringline_cloud.store.handovers import Made
from tests.support.cloud import SITE, TENANT, Cloud, call

Frame = dict[str, Any]
DATA = {"order": "4711"}
REFUSED = {"t": "result", "stage": "failed", "error": {"code": "rejected_by_pbx", "text": "no"}}
_numbers = itertools.count(1)


@pytest.fixture
def talking(cloud: Cloud) -> Cloud:
    """Anna and Ben are logged on, and Anna speaks with a customer."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "p2")
    cloud.state("1001", 1, calls=[call(leg="connected")], rang=["c-1"])
    return cloud


def passes_on(cloud: Cloud, verb: str = "transfer", to: str = "1002", **more: Any) -> Frame | None:
    """Anna passes the call on; what is answered at once."""
    ident = f"x-{next(_numbers)}"
    return cloud.from_page({"t": "command", "id": ident, "verb": verb, "call": "c-1", "to": to, **more})


def seen_by_ben(cloud: Cloud, seq: int = 2, **more: Any) -> Frame:
    """The call rings at Ben's phone; his page's context."""
    cloud.state("1002", seq, calls=[call("c-2", interaction="i-c-1", **more)], rang=["c-2"])
    return cloud.pages.to("p2", "context")[-1]


@pytest.mark.parametrize(("verb", "kind"), [("transfer", "cold"), ("consult", "hot")])
def test_s13_the_colleague_sees_who_passed_it_on_the_note_and_the_data_while_it_rings(
    talking: Cloud, verb: str, kind: str
) -> None:
    put = {"t": "note.put", "id": "n1", "interaction": "i-c-1", "base": 0, "text": "Wants " * 200, "fields": {}}
    talking.from_page({**put, "draft": True})
    assert passes_on(talking, verb, data=DATA) is None
    context = seen_by_ben(talking, data={"line": 2})
    handover = context["handover"]
    assert (handover["from"], handover["kind"]) == ({"agent": "anna", "site": SITE, "station": "1001"}, kind)
    assert (handover["note"], handover["data"]) == (("Wants " * 200)[:500], DATA)
    assert context["data"] == {"order": "4711", "line": 2}


def test_the_note_that_comes_with_the_command_is_the_one_handed_over(talking: Cloud) -> None:
    passes_on(talking, note="He is angry.")
    assert seen_by_ben(talking)["handover"]["note"] == "He is angry."


def test_a_call_that_nobody_passed_on_has_no_hand_over(talking: Cloud) -> None:
    assert seen_by_ben(talking)["handover"] is None


def test_nobody_is_shown_their_own_hand_over_when_the_call_comes_back(talking: Cloud) -> None:
    passes_on(talking, data=DATA)
    talking.state("1001", 2, calls=[call("c-3", interaction="i-c-1")], rang=["c-3"])
    context = talking.pages.to("p1", "context")[-1]
    assert (context["interaction"], context["handover"], context["data"]) == ("i-c-1", None, {})


def test_a_transfer_that_the_pbx_refused_takes_its_hand_over_back_and_a_later_one_stays(talking: Cloud) -> None:
    passes_on(talking, note="first")
    first = talking.edges.to("e1", "command")[-1]["id"]
    refused = {"t": "result", "stage": "failed", "error": {"code": "rejected_by_pbx", "text": "no"}}
    talking.from_edge({**refused, "id": first})
    assert seen_by_ben(talking)["handover"] is None
    passes_on(talking, note="second")
    second = talking.edges.to("e1", "command")[-1]["id"]
    passes_on(talking, note="third")
    talking.from_edge({**refused, "id": second})
    assert seen_by_ben(talking, 3, leg="connected")["handover"]["note"] == "third"


def test_a_transfer_to_the_own_phone_is_refused_before_the_edge_hears_of_it(talking: Cloud) -> None:
    sent = len(talking.edges.to("e1", "command"))
    answer = passes_on(talking, to="1001")
    assert answer is not None
    assert (answer["stage"], answer["error"]["code"]) == ("failed", "not_allowed")
    assert len(talking.edges.to("e1", "command")) == sent


def test_a_call_of_somebody_else_hands_nothing_over(talking: Cloud) -> None:
    talking.from_page(
        {"t": "command", "id": "x-ben", "verb": "transfer", "call": "c-1", "to": "1003", "note": "mine"}, "ben", "p2"
    )
    assert seen_by_ben(talking)["handover"] is None


def desk_of(cloud: Cloud, page: str = "p2") -> list[Frame]:
    """Hand-overs on the desk, by the newest frame of its page."""
    return list(cloud.pages.to(page, "station")[-1]["desk"]["handover"])


def last_command(cloud: Cloud) -> str:
    """The edge's id of the newest command."""
    return str(cloud.edges.to("e1", "command")[-1]["id"])


def consults(cloud: Cloud, note: str = "Ask her") -> None:
    """Anna's consultation with Ben is up."""
    passes_on(cloud, "consult", note=note)
    consult = call("c-9", interaction="i-c-1", leg="initiated", consult_of="c-1")
    began = [{"n": 5, "event": "consulting", "call": "c-9", "at": "2027-01-15T08:00:01Z"}]
    cloud.state("1001", 2, calls=[call(leg="hold"), consult], recent=began)
    cloud.from_edge({"t": "result", "id": last_command(cloud), "stage": "confirmed"})


def consult_ends(cloud: Cloud, event: str, *calls: Frame, seq: int = 3) -> None:
    """The consultation is over, and Anna's calls are these."""
    began = {"n": 5, "event": "consulting", "call": "c-9", "at": "2027-01-15T08:00:01Z"}
    ended = {"n": 6, "event": event, "call": "c-9", "at": "2027-01-15T08:00:02Z"}
    cloud.state("1001", seq, calls=calls, recent=[began, ended])


@pytest.mark.parametrize("event", ["failed", "dropped"])
def test_s14_a_consultation_that_comes_to_nothing_takes_its_hand_over_back(talking: Cloud, event: str) -> None:
    consults(talking)
    assert [each["note"] for each in desk_of(talking)] == ["Ask her"]
    consult_ends(talking, event, call(leg="connected"))
    assert desk_of(talking) == []
    assert seen_by_ben(talking)["handover"] is None


def test_s14_a_consultation_that_is_refused_before_it_is_confirmed_takes_its_hand_over_back(talking: Cloud) -> None:
    passes_on(talking, "consult")
    consult_ends(talking, "failed", call(leg="connected"), seq=2)
    talking.from_edge({"t": "result", "id": last_command(talking), "stage": "confirmed"})
    assert desk_of(talking) == []
    assert seen_by_ben(talking)["handover"] is None


def test_s14_a_completed_consultation_leaves_its_hand_over(talking: Cloud) -> None:
    consults(talking)
    consult_ends(talking, "transferred")
    assert [each["note"] for each in desk_of(talking)] == ["Ask her"]
    assert seen_by_ben(talking)["handover"]["note"] == "Ask her"


def test_s14_a_conference_leaves_the_hand_over(talking: Cloud) -> None:
    consults(talking)
    began = [{"n": 5, "event": "consulting", "call": "c-9", "at": "2027-01-15T08:00:01Z"}]
    talking.state("1001", 3, calls=[call(leg="connected")], recent=began)
    assert seen_by_ben(talking)["handover"]["note"] == "Ask her"


def test_a_consultation_over_is_looked_at_once(talking: Cloud) -> None:
    consults(talking)
    consult_ends(talking, "dropped", call(leg="connected"))
    before = len(talking.client.requests)
    consult_ends(talking, "dropped", call(leg="connected"), seq=4)
    assert talking.client.requests[before:] == ["update_item"]


def test_a_hand_over_taken_back_gives_way_to_the_one_before_it(talking: Cloud) -> None:
    passes_on(talking, note="first")
    talking.later(1)
    passes_on(talking, note="second")
    talking.from_edge({**REFUSED, "id": last_command(talking)})
    assert seen_by_ben(talking)["handover"]["note"] == "first"


def test_a_repeated_transfer_puts_nothing_on_top_of_a_later_one(talking: Cloud) -> None:
    asked = {"t": "command", "id": "x-same", "verb": "transfer", "call": "c-1", "to": "1002", "note": "first"}
    talking.from_page(asked)
    talking.later(1)
    passes_on(talking, note="second")
    talking.later(1)
    talking.from_page(asked)
    assert seen_by_ben(talking)["handover"]["note"] == "second"
    assert [each["note"] for each in desk_of(talking)] == ["first", "second"]


def test_without_an_edge_nothing_is_handed_over(talking: Cloud) -> None:
    talking.edges.gone.add("e1")
    answer = passes_on(talking)
    assert answer is not None
    assert answer["error"]["code"] == "edge_offline"
    assert desk_of(talking) == []
    talking.edges.gone.clear()
    assert seen_by_ben(talking)["handover"] is None


def test_s13_the_hand_over_is_on_the_colleagues_desk_before_the_edge_is_asked(talking: Cloud) -> None:
    passes_on(talking, data=DATA, note="Wants a refund")
    shown = desk_of(talking)[0]
    assert (shown["interaction"], shown["from"]["agent"], shown["kind"]) == ("i-c-1", "anna", "cold")
    assert (shown["note"], shown["data"]) == ("Wants a refund", DATA)
    assert talking.page_opens("ben", "p3", "page-p3")["desk"]["handover"] == [shown]


def test_a_transfer_costs_the_targets_desk_one_write(talking: Cloud) -> None:
    passes_on(talking)
    before = len(talking.client.requests)
    passes_on(talking)
    towards_queue = len(talking.client.requests)
    passes_on(talking, to="5000")
    to_station, to_queue = talking.client.requests[before:towards_queue], talking.client.requests[towards_queue:]
    assert to_station.count("update_item") == to_queue.count("update_item")
    assert talking.deps.stations.get(TENANT, SITE, "5000") is None


def test_at_a_phone_where_nobody_is_logged_on_nothing_is_laid(talking: Cloud) -> None:
    talking.state("1003", 1)
    passes_on(talking, to="1003")
    item = talking.deps.stations.get(TENANT, SITE, "1003")
    assert item is not None
    assert (item.handed, item.rev) == ({}, 1)


def test_a_refused_transfer_is_withdrawn_from_the_desk(talking: Cloud) -> None:
    passes_on(talking)
    talking.from_edge({**REFUSED, "id": last_command(talking)})
    assert desk_of(talking) == []


def test_a_hand_over_leaves_the_desk_two_minutes_on_unless_its_interaction_is_there(talking: Cloud) -> None:
    passes_on(talking)
    talking.later(119)
    talking.state("1002", 2)
    assert len(desk_of(talking)) == 1
    talking.later(2)
    talking.state("1002", 3)
    assert desk_of(talking) == []
    talking.state("1002", 4, calls=[call("c-2", interaction="i-new", was=["i-c-1"])])
    assert len(desk_of(talking)) == 1


def test_a_hand_over_stays_while_the_interaction_is_in_wrap_up(talking: Cloud) -> None:
    passes_on(talking)
    talking.later(500)
    entry = {"interaction": "i-c-1", "call": "c-2", "since_at": "2027-01-15T08:00:00Z"}
    talking.state("1002", 2, state="wrap_up", wrap_up=[entry])
    assert len(desk_of(talking)) == 1


def test_what_is_over_leaves_the_table_with_the_next_hand_over_and_only_the_newest_stay(talking: Cloud) -> None:
    passes_on(talking, note="old")
    talking.later(121)
    talking.edge_leads()  # its lease is over by then
    for number in range(6):
        talking.later(1)
        passes_on(talking, note=str(number))
    item = talking.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert len(item.handed) == 4
    assert [each["note"] for each in desk_of(talking)] == ["2", "3", "4", "5"]


def test_what_is_over_leaves_the_table_with_the_next_decision(talking: Cloud) -> None:
    passes_on(talking)
    talking.state("1002", 2, calls=[call("c-2", interaction="i-c-2", leg="connected")], rang=["c-2"])
    talking.later(121)
    put = {"t": "note.put", "id": "n1", "interaction": "i-c-2", "base": 0, "text": "Done", "fields": {}, "draft": False}
    talking.from_page(put, "ben", "p2")
    item = talking.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert item.handed == {}


def test_a_desk_begins_without_what_was_handed_to_who_sat_there_before(talking: Cloud) -> None:
    passes_on(talking)
    talking.from_page({"t": "command", "id": "off", "verb": "log_off"}, "ben", "p2")
    talking.from_edge({"t": "result", "id": last_command(talking), "stage": "confirmed"})
    talking.from_page({"t": "command", "id": "on", "verb": "log_on"}, "ben", "p2")
    assert desk_of(talking) == []


def test_a_hand_over_follows_its_interaction_into_another_one(talking: Cloud) -> None:
    passes_on(talking, note="first")
    context = seen_by_ben(talking)
    talking.state("1002", 3, calls=[call("c-2", interaction="i-c-0", was=["i-c-1"])], rang=["c-2"])
    merged = talking.pages.to("p2", "context")[-1]
    assert (merged["interaction"], merged["handover"]) == ("i-c-0", context["handover"])


def test_s15_what_the_phones_keys_pass_on_comes_with_what_was_written_and_is_marked(talking: Cloud) -> None:
    put = {"t": "note.put", "id": "n1", "interaction": "i-c-1", "base": 0, "text": "Wants a ref", "fields": {}}
    talking.from_page({**put, "draft": True})
    handover = seen_by_ben(talking, transferred_by="1001")["handover"]
    assert (handover["from"], handover["kind"]) == ({"agent": "anna", "site": SITE, "station": "1001"}, "cold")
    assert (handover["note"], handover["by"]) == ("Wants a ref", "agent_phone")


def test_a_phone_of_the_same_number_at_another_site_is_not_who_handed_over(talking: Cloud) -> None:
    passes_on(talking, to="+33123456789", note="from paris")
    head = talking.deps.interactions.head(TENANT, "i-c-1") or {}
    elsewhere = json.dumps(
        {**json.loads(head["handover_json"]), "from": {"agent": "eve", "site": "lyon", "station": "1001"}}
    )
    there = Made(elsewhere, "lyon", "1002", 2_000_000_000)
    assert talking.deps.handovers.bind(TENANT, "i-c-1", f"{head['handover_mark']}x", there)
    assert seen_by_ben(talking)["handover"]["from"] == {"agent": "eve", "site": "lyon", "station": "1001"}
    by_keys = seen_by_ben(talking, 3, transferred_by="1001")["handover"]
    assert (by_keys["from"]["agent"], by_keys["from"]["site"], by_keys["by"]) == ("anna", SITE, "agent_phone")


def test_s15_a_transfer_by_the_keys_reads_no_more_than_an_ordinary_ring(talking: Cloud) -> None:
    before = len(talking.client.requests)
    assert seen_by_ben(talking)["handover"] is None
    ordinary = len(talking.client.requests)
    assert seen_by_ben(talking, 3, transferred_by="1001")["handover"]["by"] == "agent_phone"
    first, second = talking.client.requests[before:ordinary], talking.client.requests[ordinary:]
    assert {name: second.count(name) for name in ("get_item", "query")} == {
        name: first.count(name) for name in ("get_item", "query")
    }


def test_s15_by_the_keys_of_a_phone_that_another_agent_took_over_they_are_named(talking: Cloud) -> None:
    talking.state("1001", 2)
    talking.from_page({"t": "command", "id": "off", "verb": "log_off"})
    talking.from_edge({"t": "result", "id": last_command(talking), "stage": "confirmed"})
    talking.logged_on("cleo", "1001", "p9")
    talking.state("1001", 3, calls=[call(leg="connected")], rang=["c-1"])
    assert seen_by_ben(talking, transferred_by="1001")["handover"]["from"] == {
        "agent": "cleo",
        "site": SITE,
        "station": "1001",
    }


def test_s15_a_consultation_by_the_keys_is_hot_and_tells_who_asks(talking: Cloud) -> None:
    remote = {"number": "1001", "presentation": "allowed"}
    handover = seen_by_ben(talking, consult_of="c-1", remote=remote, direction="internal")["handover"]
    assert (handover["kind"], handover["from"]["agent"], handover["by"]) == ("hot", "anna", "agent_phone")


def test_s15_by_the_keys_of_a_phone_where_nobody_is_logged_on_the_older_hand_over_stands(talking: Cloud) -> None:
    passes_on(talking, note="first")
    assert seen_by_ben(talking, transferred_by="1009")["handover"]["note"] == "first"


def test_a_hand_over_from_a_page_is_the_one_told_where_it_made_the_transfer(talking: Cloud) -> None:
    passes_on(talking, note="first")
    handover = seen_by_ben(talking, transferred_by="1001")["handover"]
    assert (handover["note"], handover["by"]) == ("first", "agent_page")
