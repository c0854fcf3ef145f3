"""Drafts on the desk: pages and edge are told when one begins or ends, and of nothing in between."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cloud import SITE, TENANT, Cloud, Frame, call, document
from tests.unit.cloud.test_notes import desk, in_a_call, puts

WRAP_UP = {"interaction": "i-c-1", "call": "c-1", "since_at": "2027-01-15T08:10:00.000Z", "needs": ["note"]}


@pytest.fixture
def talking(cloud: Cloud) -> Cloud:
    """Anna in a call, with two pages."""
    return in_a_call(cloud)


def test_a_draft_changes_the_desk_when_it_begins_and_not_with_every_key(talking: Cloud) -> None:
    before = desk(talking).rev
    for rev, text in enumerate(("W", "Wa", "Wan")):
        puts(talking, rev, text)
    assert (desk(talking).rev, desk(talking).desk["drafts"]) == (before + 1, ["i-c-1"])
    for socket in ("p1", "p2"):
        assert [frame["desk"]["drafts"] for frame in talking.pages.to(socket, "station")] == [["i-c-1"]]
    (told,) = talking.edges.to("e1", "desks")
    assert [(item["rev"], item["drafts"]) for item in told["items"]] == [(before + 1, ["i-c-1"])]


@pytest.mark.parametrize(
    ("text", "more"), [("", {}), (" \n", {"fields": {"topic": ""}}), ("Wants a refund", {"draft": False})]
)
def test_a_draft_that_is_emptied_or_saved_leaves_the_desk(talking: Cloud, text: str, more: Frame) -> None:
    puts(talking, 0, "Wants")
    before = desk(talking).rev
    puts(talking, 1, text, **more)
    assert (desk(talking).rev, desk(talking).desk["drafts"]) == (before + 1, [])
    assert talking.edges.to("e1", "desks")[-1]["items"][0]["drafts"] == []


def test_a_draft_s_frame_that_comes_again_late_opens_nothing_that_was_saved(talking: Cloud) -> None:
    puts(talking, 0, "Wants", id="n-1")
    puts(talking, 1, "Wants a refund", draft=False)
    assert puts(talking, 0, "Wants", id="n-1")["rev"] == 1
    assert desk(talking).desk["drafts"] == []


def test_a_field_alone_is_a_draft_and_nothing_at_all_is_none(talking: Cloud) -> None:
    puts(talking, 0, "  ")
    assert desk(talking).desk["drafts"] == []
    puts(talking, 1, "", fields={"topic": "refund"})
    assert desk(talking).desk["drafts"] == ["i-c-1"]


def test_a_saved_note_that_is_worked_on_again_is_a_draft_again(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", draft=False)
    assert desk(talking).desk["drafts"] == []
    puts(talking, 1, "Wants a refund today")
    assert desk(talking).desk["drafts"] == ["i-c-1"]


def test_a_draft_lasts_while_the_document_lists_it_and_goes_with_the_next_change(talking: Cloud) -> None:
    puts(talking, 0, "Wants")
    talking.from_edge(state_of(2, calls=[], wrap_up=[WRAP_UP]))
    puts(talking, 1, "Wants a refund")
    assert desk(talking).desk["drafts"] == ["i-c-1"]
    talking.state("1001", 3, calls=[call("c-9", leg="connected")], rang=["c-9"])
    assert desk(talking).desk["drafts"] == ["i-c-1"]
    puts(talking, 0, "The next one", interaction="i-c-9", id="n-9")
    assert desk(talking).desk["drafts"] == ["i-c-9"]


def test_a_draft_of_what_the_document_does_not_list_holds_nothing(talking: Cloud) -> None:
    talking.state("1001", 2, calls=[])
    before = desk(talking).rev
    assert puts(talking, 0, "late")["t"] == "note"
    assert (desk(talking).rev, desk(talking).desk["drafts"]) == (before, [])


def test_drafts_that_begin_at_once_on_two_pages_both_count(talking: Cloud) -> None:
    talking.state("1001", 2, calls=[call(leg="hold"), call("c-2", leg="connected")], rang=["c-2"])
    seen = desk(talking)
    talking.deps.stations.change_drafts(TENANT, seen, "i-c-1", set())
    talking.deps.stations.change_drafts(TENANT, seen, "i-c-2", set())
    assert desk(talking).desk["drafts"] == ["i-c-1", "i-c-2"]


def test_the_drafts_of_who_left_do_not_become_those_of_who_came(talking: Cloud) -> None:
    seen = desk(talking)
    talking.deps.stations.free(TENANT, SITE, "1001", "anna")
    done, _ = talking.deps.stations.change_drafts(TENANT, seen, "i-c-1", set())
    assert not done
    talking.logged_on("ben", "1001", "b1")
    assert desk(talking).desk["drafts"] == []


def state_of(seq: int, **fields: Any) -> Frame:
    """A `state` frame whose document has a wrap-up."""
    wrap_up = fields.pop("wrap_up")
    doc = document("1001", **fields) | {"wrap_up": wrap_up}
    return {"t": "state", "epoch": 1, "stations": [{"station": "1001", "seq": seq, "doc": doc, "rang": []}]}
