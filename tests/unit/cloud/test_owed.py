"""Leaving a desk: what is undecided is owed, wherever the agent logs on again, and blocks nobody."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_cloud.services import decisions, desk_view, desks
from tests.support.cloud import SITE, TENANT, Cloud, Frame, call
from tests.unit.cloud.test_agents_and_commands import ask, told
from tests.unit.cloud.test_notes import desk, in_a_call, puts
from tests.unit.cloud.test_wrap_up import done, ends, entry, owed


@pytest.fixture
def gated(cloud: Cloud) -> Cloud:
    """Anna in wrap-up of two calls, one of which is decided; she may sit anywhere."""
    in_a_call(cloud)
    cloud.mapped("anna", "1001", hot_desk=True)
    puts(cloud, 0, "Wants a refund", draft=False)
    ends(cloud, 2, entry(), entry("i-c-2", needs=["note", "disposition"]))
    return cloud


def moves(cloud: Cloud, station: str, ident: str = "move") -> Frame | None:
    return cloud.from_page({"t": "command", "id": ident, "verb": "log_on", "station": station})


def logs_off(cloud: Cloud, ident: str = "off", **more: Any) -> None:
    """Anna logs off, and the PBX has done it."""
    assert cloud.from_page({"t": "command", "id": ident, "verb": "log_off", **more}) is None
    told(cloud, "confirmed")


def test_who_logs_off_owes_what_is_undecided_and_finds_it_at_the_next_log_on(gated: Cloud) -> None:
    logs_off(gated)
    assert (desk(gated).agent, owed(gated)) == (None, ["i-c-2"])
    assert moves(gated, "1009") is None
    wanted = {"interaction": "i-c-2", "call": "c-2", "since_at": "2027-01-15T08:10:00.000Z"}
    assert desk(gated, "1009").desk["owed"] == [{**wanted, "needs": ["note", "disposition"]}]
    assert gated.pages.to("p1", "station")[-1]["desk"]["owed"][0]["interaction"] == "i-c-2"
    assert done(gated, interaction="i-c-2", nothing_to_note=True)["error"]["code"] == "gate_closed"
    sold = done(gated, "w-2", interaction="i-c-2", nothing_to_note=True, disposition="sold")
    assert sold == {"t": "result", "id": "w-2", "stage": "confirmed"}
    assert (desk(gated, "1009").desk["owed"], owed(gated)) == ([], [])


def test_who_logs_on_at_a_desk_is_not_held_by_what_its_document_still_lists(gated: Cloud) -> None:
    logs_off(gated)
    moves(gated, "1001")
    item = desk(gated)
    assert item.desk["decided"] == ["i-c-1", "i-c-2"]
    assert not decisions.is_gated(item)
    assert [each["interaction"] for each in item.desk["owed"]] == ["i-c-2"]


def test_a_forced_log_off_in_a_call_owes_what_stands_already(gated: Cloud) -> None:
    ends(gated, 3, entry("i-c-2"), calls=(call("c-3", leg="connected"),))
    assert (ask(gated, "log_off") or {})["error"]["code"] == "not_allowed"
    logs_off(gated, force=True)
    assert owed(gated) == ["i-c-2"]


def test_who_is_taken_over_owes_what_they_did_not_decide_and_the_other_does_not(gated: Cloud) -> None:
    gated.mapped("ben", "1001")
    gated.page_opens("ben", "b1", "page-ben")
    assert ask(gated, "log_on", "ben", "b1", takeover=True) is None
    assert (owed(gated), owed(gated, "ben")) == (["i-c-2"], [])
    item = desk(gated)
    assert (item.agent, item.desk["owed"], item.desk["drafts"]) == ("ben", [], [])
    assert not decisions.is_gated(item)


def test_a_gate_keeps_the_agent_from_moving_until_it_opens(gated: Cloud) -> None:
    sent = len(gated.edges.to("e1", "command"))
    refused = moves(gated, "1009")
    assert refused
    assert (refused["stage"], refused["error"]["code"]) == ("failed", "gate_closed")
    assert (desk(gated).agent, len(gated.edges.to("e1", "command"))) == ("anna", sent)
    done(gated, interaction="i-c-2", nothing_to_note=True, disposition="sold")
    assert moves(gated, "1009", "again") is None
    assert (desk(gated).agent, desk(gated, "1009").agent, owed(gated)) == (None, "anna", [])


@pytest.mark.parametrize("listed", [entry("i-c-2", needs=[]), entry("i-c-2", ask="owe")], ids=["soft", "let-go"])
def test_what_wants_nothing_or_was_let_go_keeps_nobody_from_moving(gated: Cloud, listed: Frame) -> None:
    ends(gated, 3, listed)
    assert moves(gated, "1009") is None
    assert (desk(gated, "1009").agent, owed(gated)) == ("anna", ["i-c-2"])


def test_logging_on_again_where_one_is_keeps_drafts_decisions_and_debts(gated: Cloud) -> None:
    ends(gated, 3, entry(), entry("i-c-2", ask="owe"), calls=(call("c-3", leg="connected"),))
    gated.state("1001", 4, calls=[call("c-3", leg="connected")], rang=["c-3"])
    ends(gated, 5, entry(), entry("i-c-2", ask="owe"), calls=(call("c-3", leg="connected"),))
    puts(gated, 0, "begun", interaction="i-c-3")
    before = desk(gated).desk
    assert (before["decided"], before["drafts"], len(before["owed"])) == (["i-c-1"], ["i-c-3"], 1)
    assert moves(gated, "1001") is None
    assert desk(gated).desk == before


def test_a_log_on_that_the_pbx_refuses_owes_what_stood_there(gated: Cloud) -> None:
    assert moves(gated, "1001") is None
    told(gated, "failed", error={"code": "rejected_by_pbx", "text": "No."})
    assert (desk(gated).agent, owed(gated)) == (None, ["i-c-2"])


def test_a_refusal_of_an_older_log_on_neither_frees_the_desk_nor_owes_anything(gated: Cloud) -> None:
    assert moves(gated, "1001", "first") is None
    first = gated.edges.to("e1", "command")[-1]["id"]
    assert moves(gated, "1001", "second") is None
    gated.from_edge({"t": "result", "id": first, "stage": "expired"})
    assert (desk(gated).agent, owed(gated)) == ("anna", [])


def test_a_decision_between_the_two_looks_of_a_log_off_is_not_owed(gated: Cloud) -> None:
    before = desk(gated)
    gated.deps.decisions.owe(TENANT, "anna", decisions.debts(desk_view.undecided(before)))
    ends(gated, 3, entry("i-c-2"), entry("i-c-3"))
    done(gated, interaction="i-c-2", nothing_to_note=True)
    _, after = gated.deps.stations.free(TENANT, SITE, "1001", "anna")
    decisions.left(gated.deps, TENANT, "anna", before, after)
    assert owed(gated) == ["i-c-3"]


def test_of_many_debts_a_desk_shows_the_newest_and_the_agent_keeps_all(gated: Cloud) -> None:
    many = {
        f"i-{index:03}": {"call": "c", "since_at": f"2027-01-15T08:{index:02}:00.000Z", "needs": []}
        for index in range(30)
    }
    gated.deps.decisions.owe(TENANT, "anna", many)
    logs_off(gated)
    moves(gated, "1009")
    shown = [each["interaction"] for each in desk(gated, "1009").desk["owed"]]
    assert (len(shown), shown[0], shown[-1]) == (desks.OWED_SHOWN, "i-c-2", "i-029")
    assert len(owed(gated)) == 31
    done(gated, interaction="i-000")
    assert len(owed(gated)) == 30


def test_others_cannot_settle_what_an_agent_owes(gated: Cloud) -> None:
    logs_off(gated)
    gated.logged_on("ben", "1002", "b1")
    refused = done(gated, agent="ben", socket="b1", interaction="i-c-2", nothing_to_note=True)
    assert (refused["t"], refused["code"], owed(gated)) == ("error", "forbidden", ["i-c-2"])
