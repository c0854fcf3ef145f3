"""Decisions: what a note, a disposition or "nothing to note" decides, and what is still missing."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_cloud.services import decisions, desk_view
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import MAX_NOTE_BYTES
from ringline_core.wire.document import StationDocument
from tests.support.cloud import SITE, TENANT, Cloud, Frame, call
from tests.unit.cloud.test_drafts import state_of
from tests.unit.cloud.test_notes import context, desk, in_a_call, puts

POLICY = {"gate": "disposition", "dispositions": ["sold", "lost"], "queues": {"sales": {"dispositions": ["quote"]}}}


@pytest.fixture
def talking(cloud: Cloud) -> Cloud:
    """Anna in a call, with two pages."""
    return in_a_call(cloud)


def entry(interaction: str = "i-c-1", **more: Any) -> Frame:
    """One entry of `wrap_up`."""
    listed = {"interaction": interaction, "call": interaction.removeprefix("i-"), "needs": ["note"], "ask": None}
    return {**listed, "since_at": "2027-01-15T08:10:00.000Z", "limit_at": None, **more}


def ends(cloud: Cloud, seq: int, *entries: Frame, calls: tuple[Frame, ...] = ()) -> None:
    """The edge tells a document with these entries."""
    answer = cloud.from_edge(state_of(seq, calls=calls, wrap_up=list(entries)))
    assert answer
    assert answer["t"] == "ack"


def done(cloud: Cloud, ident: str = "w-1", *, agent: str = "anna", socket: str = "p1", **more: Any) -> Frame:
    """A page's `wrap_up.done`; the answer."""
    frame = {"t": "wrap_up.done", "id": ident, "interaction": "i-c-1", **more}
    answer = cloud.from_page(frame, agent, socket)
    assert answer
    return answer


def decided(cloud: Cloud) -> list[str]:
    found: list[str] = desk(cloud).desk["decided"]
    return found


def owed(cloud: Cloud, agent: str = "anna") -> list[str]:
    """What the agent owes, wherever they are."""
    return sorted(cloud.deps.agents.get(TENANT, agent).get("owed", {}))


def document_of(item: StationItem) -> StationDocument:
    return StationDocument.model_validate_json(item.doc or "")


def test_a_finished_note_decides_and_pages_and_edge_are_told(talking: Cloud) -> None:
    ends(talking, 2, entry())
    talking.pages.posted.clear()
    before = desk(talking).rev
    puts(talking, 0, "Wants a refund", draft=False)
    assert (desk(talking).rev, decided(talking)) == (before + 1, ["i-c-1"])
    for socket in ("p1", "p2"):
        (shown,) = talking.pages.to(socket, "station")
        assert (shown["rev"], shown["desk"]["decided"]) == (before + 1, ["i-c-1"])
    (told,) = talking.edges.to("e1", "desks")
    assert [(each["rev"], each["decided"]) for each in told["items"]] == [(before + 1, ["i-c-1"])]


def test_a_draft_that_is_saved_ends_as_draft_and_decides_in_one_step(talking: Cloud) -> None:
    ends(talking, 2, entry())
    puts(talking, 0, "Wants")
    assert (decided(talking), desk(talking).desk["drafts"]) == ([], ["i-c-1"])
    before = desk(talking).rev
    puts(talking, 1, "Wants a refund", draft=False)
    item = desk(talking)
    assert (item.rev, item.desk["decided"], item.desk["drafts"]) == (before + 1, ["i-c-1"], [])


def test_a_note_alone_does_not_decide_where_a_disposition_is_wanted_too(talking: Cloud) -> None:
    ends(talking, 2, entry(needs=["note", "disposition"]))
    puts(talking, 0, "Wants a refund", draft=False)
    assert decided(talking) == []
    assert done(talking, disposition="sold") == {"t": "result", "id": "w-1", "stage": "confirmed"}
    assert decided(talking) == ["i-c-1"]


@pytest.mark.parametrize(
    ("policy", "queue", "decides"),
    [
        ({}, "support", True),
        ({"gate": "note"}, "support", True),
        ({"gate": "off"}, "support", True),
        ({"gate": "disposition"}, "support", False),
        ({"gate": "disposition", "queues": {"support": {"gate": "note"}}}, "support", True),
        ({"gate": "note", "queues": {"support": {"gate": "disposition"}}}, "support", False),
        ({"gate": "note", "queues": {"support": {"gate": "disposition"}}}, None, True),
    ],
    ids=str,
)
def test_a_note_that_is_finished_in_the_call_decides_as_its_queues_policy_says(
    cloud: Cloud, policy: Frame, queue: str | None, decides: bool
) -> None:
    cloud.deps.sites.put_policy(TENANT, policy)
    in_a_call(cloud)
    cloud.state("1001", 2, calls=[call(leg="connected", queue=queue)])
    puts(cloud, 0, "Wants a refund", draft=False)
    assert decided(cloud) == (["i-c-1"] if decides else [])


@pytest.mark.parametrize(
    ("needs", "said", "missing"),
    [
        ([], {}, None),
        (["note"], {}, "Still missing: a finished note."),
        (["note"], {"nothing_to_note": True}, None),
        (["note"], {"disposition": "sold"}, "Still missing: a finished note."),
        (["note", "disposition"], {}, "Still missing: a finished note and a disposition."),
        (["note", "disposition"], {"nothing_to_note": True}, "Still missing: a disposition."),
        (["note", "disposition"], {"nothing_to_note": True, "disposition": "sold"}, None),
        (["disposition"], {"disposition": "lost"}, None),
    ],
    ids=str,
)
def test_a_decision_needs_all_that_the_entry_wants_and_says_what_is_missing(
    talking: Cloud, needs: list[str], said: Frame, missing: str | None
) -> None:
    ends(talking, 2, entry(needs=needs))
    before = desk(talking).rev
    answer = done(talking, **said)
    if missing is None:
        assert answer == {"t": "result", "id": "w-1", "stage": "confirmed"}
        assert (decided(talking), desk(talking).rev) == (["i-c-1"], before + 1)
        assert talking.edges.to("e1", "desks")[-1]["items"][0]["decided"] == ["i-c-1"]
    else:
        assert (answer["stage"], answer["error"]) == ("failed", {"code": "gate_closed", "text": missing})
        assert (decided(talking), desk(talking).rev) == ([], before)
        assert talking.deps.decisions.disposition(TENANT, "i-c-1", "anna") is None


def test_a_draft_is_no_note_and_nothing_to_note_leaves_it_a_draft(talking: Cloud) -> None:
    puts(talking, 0, "Wants")
    ends(talking, 2, entry())
    assert done(talking)["error"]["code"] == "gate_closed"
    assert done(talking, "w-2", nothing_to_note=True)["stage"] == "confirmed"
    assert decided(talking) == ["i-c-1"]
    assert [(note["text"], note["draft"]) for note in context(talking)] == [("Wants", True)]


def test_a_note_of_somebody_else_is_not_this_agents(talking: Cloud) -> None:
    talking.logged_on("ben", "1002", "b1")
    talking.state("1002", 1, calls=[call("c-2", interaction="i-c-1")], rang=["c-2"])
    puts(talking, 0, "by Ben", agent="ben", socket="b1", draft=False)
    ends(talking, 2, entry())
    assert done(talking)["error"]["code"] == "gate_closed"
    assert (decided(talking), desk(talking, "1002").desk["decided"]) == ([], ["i-c-1"])


def test_a_repeated_id_gets_its_first_answer_also_when_things_have_changed(talking: Cloud) -> None:
    ends(talking, 2, entry())
    refused = done(talking)
    assert refused["error"]["code"] == "gate_closed"
    puts(talking, 0, "Wants a refund", draft=False)
    rev = desk(talking).rev
    assert done(talking) == refused
    assert done(talking, "w-2") == {"t": "result", "id": "w-2", "stage": "confirmed", "already": True}
    assert desk(talking).rev == rev


def test_what_is_decided_and_still_listed_is_decided_for_whoever_asks_again(talking: Cloud) -> None:
    ends(talking, 2, entry())
    assert done(talking, nothing_to_note=True)["stage"] == "confirmed"
    again = done(talking, "w-2", socket="p2")
    assert again == {"t": "result", "id": "w-2", "stage": "confirmed", "already": True}


def test_without_an_edge_a_decision_counts_and_the_edge_hears_of_it_at_its_hello(talking: Cloud) -> None:
    ends(talking, 2, entry())
    talking.edges.gone.add("e1")
    assert done(talking, nothing_to_note=True)["stage"] == "confirmed"
    talking.edge_leads(session="s2", socket="e2")
    (told,) = talking.edges.to("e2", "desks")
    assert told["items"][0]["decided"] == ["i-c-1"]


def test_what_the_edge_has_dropped_already_is_confirmed_and_changes_nothing(talking: Cloud) -> None:
    ends(talking, 2)
    rev = desk(talking).rev
    assert done(talking) == {"t": "result", "id": "w-1", "stage": "confirmed", "already": True}
    assert (desk(talking).rev, decided(talking)) == (rev, [])


def test_an_old_id_decides_for_the_interaction_that_it_merged_into(talking: Cloud) -> None:
    talking.state("1001", 2, calls=[call(leg="connected", interaction="i-main", was=["i-c-1"])], rang=["c-1"])
    assert done(talking, nothing_to_note=True)["stage"] == "confirmed"
    assert decided(talking) == ["i-main"]


def test_an_entry_under_the_old_id_is_decided_with_the_present_one(talking: Cloud) -> None:
    merged = call("c-2", leg="connected", interaction="i-main", was=["i-c-1"])
    talking.state("1001", 2, calls=[merged], rang=["c-2"])
    ends(talking, 3, entry(), calls=(merged,))
    puts(talking, 0, "One story", interaction="i-main", draft=False)
    assert decided(talking) == ["i-c-1", "i-main"]


@pytest.mark.parametrize(
    ("queue", "disposition", "known"),
    [("support", "sold", True), ("support", "quote", False), ("sales", "quote", True), ("sales", "sold", False)],
)
def test_a_disposition_is_one_of_those_that_the_queue_offers(
    cloud: Cloud, queue: str, disposition: str, known: bool
) -> None:
    cloud.deps.sites.put_policy(TENANT, POLICY)
    in_a_call(cloud)
    cloud.state("1001", 2, calls=[call(leg="connected", queue=queue)])
    answer = done(cloud, disposition=disposition, nothing_to_note=True)
    if known:
        assert answer["stage"] == "confirmed"
        kept = cloud.deps.decisions.disposition(TENANT, "i-c-1", "anna")
        assert kept
        assert (kept["agent"], kept["disposition"], kept["at"]) == ("anna", disposition, "2027-01-15T08:00:00.000Z")
    else:
        assert answer["error"]["code"] == "message_invalid"
        assert decided(cloud) == []


@pytest.mark.parametrize(
    ("queue", "disposition", "known"),
    [
        ("support", "sold", True),
        ("support", "quote", False),
        ("sales", "quote", True),
        ("sales", "sold", False),
        (None, "sold", True),
        (None, "quote", True),
        (None, "never heard of", False),
    ],
)
def test_after_the_call_its_queue_decides_and_where_nobody_tells_it_any_queue(
    talking: Cloud, queue: str | None, disposition: str, known: bool
) -> None:
    talking.deps.sites.put_policy(TENANT, POLICY)
    ends(talking, 2, entry(needs=["disposition"], queue=queue))
    assert (done(talking, disposition=disposition)["stage"] == "confirmed") is known


def test_pages_are_told_which_dispositions_each_queue_offers(cloud: Cloud) -> None:
    assert cloud.page_opens()["dispositions"] == {}
    cloud.deps.sites.put_policy(TENANT, POLICY)
    assert cloud.page_opens(socket="p2", page="page-2")["dispositions"] == {"": ["sold", "lost"], "sales": ["quote"]}


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"t": "wrap_up.done", "id": "w", "interaction": "i-none", "nothing_to_note": True}, "forbidden"),
        ({"t": "wrap_up.done", "id": "w", "interaction": "i-c-7", "nothing_to_note": True}, "forbidden"),
        ({"t": "wrap_up.done", "id": "w", "interaction": "i c"}, "message_invalid"),
        ({"t": "wrap_up.done", "id": "w", "interaction": "i-c-1", "disposition": "x" * 65}, "message_invalid"),
        ({"t": "wrap_up.done", "id": "w", "interaction": "i-c-1", "nothing_to_note": 1}, "message_invalid"),
        ({"t": "wrap_up.done", "id": "w", "interaction": "i-c-1", "reason": "lunch"}, "message_invalid"),
        (
            {"t": "note.put", "id": "n", "interaction": "i-c-1", "text": "x" * (MAX_NOTE_BYTES + 1), "draft": False},
            "too_large",
        ),
        ({"t": "note.put", "id": "n", "interaction": "i-c-7", "text": "x", "draft": False}, "forbidden"),
    ],
    ids=["unknown", "somebody-elses", "no-id", "long", "no-truth-value", "unknown-field", "too-large", "others-note"],
)
def test_what_does_not_fit_or_is_somebody_elses_decides_nothing(talking: Cloud, frame: Frame, code: str) -> None:
    talking.logged_on("ben", "1002", "b1")
    talking.state("1002", 1, calls=[call("c-7", leg="connected")], rang=["c-7"])
    ends(talking, 2, entry())
    answer = talking.from_page(frame)
    assert answer
    assert (answer["t"], answer["code"]) == ("error", code)
    assert (decided(talking), desk(talking, "1002").desk["decided"]) == ([], [])


def test_a_decision_lasts_while_it_is_listed_and_goes_with_a_later_change(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", draft=False)
    ends(talking, 2, entry(), calls=(call("c-2", leg="connected"),))
    done(talking, interaction="i-c-2", nothing_to_note=True)
    assert decided(talking) == ["i-c-1", "i-c-2"]
    ends(talking, 3, entry("i-c-3"), calls=(call("c-2", leg="connected", interaction="i-main", was=["i-c-2"]),))
    assert decided(talking) == ["i-c-1", "i-c-2"]
    done(talking, "w-3", interaction="i-c-3", nothing_to_note=True)
    assert decided(talking) == ["i-c-2", "i-c-3"]


def test_a_document_that_comes_while_pruning_keeps_every_decision(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", draft=False)
    ends(talking, 2)
    stale = desk(talking)
    ends(talking, 3, entry())
    talking.deps.decisions.prune(TENANT, stale, ["i-c-1"], [])
    assert decided(talking) == ["i-c-1"]


def test_ready_on_the_phone_makes_the_draft_the_note_and_decides(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", fields={"topic": "refund"})
    ends(talking, 2, entry())
    talking.pages.posted.clear()
    frame = state_of(3, calls=[], wrap_up=[entry(ask="save")])
    talking.from_edge(frame)
    assert (decided(talking), desk(talking).desk["drafts"]) == (["i-c-1"], [])
    (note,) = context(talking)
    assert (note["text"], note["fields"], note["draft"], note["rev"]) == (
        "Wants a refund", {"topic": "refund"}, False, 2,
    )  # fmt: skip
    assert [frame["rev"] for frame in talking.pages.to("p1", "note")] == [2]
    rev = desk(talking).rev
    talking.from_edge(frame)
    assert (desk(talking).rev, len(context(talking))) == (rev, 1)


def test_with_nothing_written_there_is_nothing_to_save_and_the_gate_stays(talking: Cloud) -> None:
    ends(talking, 2, entry(ask="save"))
    assert decided(talking) == []
    puts(talking, 0, "Wants")
    puts(talking, 1, " ")
    ends(talking, 3, entry(ask="save"))
    assert (decided(talking), [note["draft"] for note in context(talking)]) == ([], [True])


def test_a_saved_draft_does_not_stand_for_a_disposition(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund")
    ends(talking, 2, entry(needs=["note", "disposition"], ask="save"))
    assert decided(talking) == []
    assert [note["draft"] for note in context(talking)] == [False]


def test_what_the_edge_lets_go_is_owed_once_and_may_be_settled_later(talking: Cloud) -> None:
    frame = state_of(2, calls=[], wrap_up=[entry(ask="owe")])
    talking.from_edge(frame)
    talking.from_edge(frame)
    ends(talking, 3, entry(ask="owe"))
    wanted = {"interaction": "i-c-1", "call": "c-1", "since_at": "2027-01-15T08:10:00.000Z", "needs": ["note"]}
    assert (desk(talking).desk["owed"], decided(talking), owed(talking)) == ([wanted], [], ["i-c-1"])
    assert talking.pages.to("p2", "station")[-1]["desk"]["owed"] == [wanted]
    ends(talking, 4)
    assert done(talking)["error"]["code"] == "gate_closed"
    puts(talking, 0, "Wants a refund", draft=False)
    assert (desk(talking).desk["owed"], owed(talking)) == ([], [])


def test_a_late_frame_does_not_bring_back_what_was_settled(talking: Cloud) -> None:
    late = state_of(2, calls=[], wrap_up=[entry(ask="owe")])
    talking.from_edge(late)
    done(talking, nothing_to_note=True)
    talking.from_edge(late)
    assert (desk(talking).desk["owed"], owed(talking), decided(talking)) == ([], [], ["i-c-1"])
    ends(talking, 3)
    talking.from_edge(late)
    assert (desk(talking).desk["owed"], owed(talking)) == ([], [])


@pytest.mark.parametrize("decision_first", [True, False])
def test_where_deciding_and_letting_go_meet_the_decision_counts(talking: Cloud, decision_first: bool) -> None:
    ends(talking, 2, entry())
    seen = desk(talking)
    (entries, about) = (desk_view.undecided(seen), decisions.matter(document_of(seen), "i-c-1", {}))
    for is_decision in (decision_first, not decision_first):
        if is_decision:
            assert decisions.decide(talking.deps, TENANT, "anna", seen, about)
        else:
            assert decisions.let_go(talking.deps, TENANT, seen, entries, opens=False)
    assert (decided(talking), desk(talking).desk["owed"], owed(talking)) == (["i-c-1"], [], [])


def test_an_event_without_anything_asked_costs_no_more_than_before(talking: Cloud) -> None:
    ends(talking, 2, entry())
    talking.client.requests.clear()
    ends(talking, 3, entry())
    assert talking.client.requests == ["update_item"]


def test_settling_what_is_owed_needs_no_phone(talking: Cloud) -> None:
    ends(talking, 2, entry(ask="owe"))
    talking.deps.stations.free(TENANT, SITE, "1001", "anna")
    talking.deps.agents.stand_up(TENANT, "anna", SITE, "1001")
    assert owed(talking) == ["i-c-1"]
    puts(talking, 0, "Wants a refund", draft=False)
    assert owed(talking) == []
    assert done(talking)["already"] is True
