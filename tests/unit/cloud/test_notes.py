"""Notes in the cloud: revisions, conflicts, repeated frames, mergers, and who may read what."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ringline_cloud.store import keys
from ringline_cloud.store.stations import StationItem
from ringline_core.wire import codec
from ringline_core.wire.page import ContextFrame, ErrorFrame, NoteFrame
from tests.support.cloud import NOW_MS, SETTINGS, SITE, TENANT, Cloud, Frame, call, running

DAY_S = 86_400


@pytest.fixture
def talking(cloud: Cloud) -> Cloud:
    """Anna in a call, with two pages."""
    return in_a_call(cloud)


def in_a_call(cloud: Cloud) -> Cloud:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.page_opens(socket="p2", page="page-2")
    cloud.state("1001", 1, calls=[call(leg="connected")], rang=["c-1"])
    cloud.pages.posted.clear()
    cloud.edges.posted.clear()
    return cloud


def puts(cloud: Cloud, base: int, text: str, *, socket: str = "p1", agent: str = "anna", **more: Any) -> Frame:
    """A page's `note.put`; the answer."""
    frame = {"t": "note.put", "id": f"{socket}-{base}", "interaction": "i-c-1", "base": base, "text": text, **more}
    answer = cloud.from_page(frame, agent, socket)
    assert answer is not None
    return answer


def kept(cloud: Cloud, interaction: str = "i-c-1", agent: str = "anna") -> list[Frame]:
    """The revisions that are kept of a note, oldest first."""
    found = (cloud.deps.interactions.revision(TENANT, interaction, agent, rev) for rev in range(1, 40))
    return [each for each in found if each]


def desk(cloud: Cloud, station: str = "1001") -> StationItem:
    found = cloud.deps.stations.get(TENANT, SITE, station)
    assert found
    return found


def context(cloud: Cloud, agent: str = "anna", socket: str = "p1", interaction: str = "i-c-1") -> list[Frame]:
    """The notes that an agent is shown when asking."""
    answer = cloud.from_page({"t": "context", "interaction": interaction}, agent, socket)
    assert answer
    assert isinstance(codec.decode_to_page(codec.compact(answer)), ContextFrame), answer
    shown: list[Frame] = answer["notes"]
    return shown


def joined_by_ben(cloud: Cloud) -> Cloud:
    """The same interaction rings at Ben's phone."""
    cloud.logged_on("ben", "1002", "b1")
    cloud.state("1002", 1, calls=[call("c-2", interaction="i-c-1")], rang=["c-2"])
    return cloud


def test_a_revision_is_answered_to_who_asked_and_told_to_the_other_pages(talking: Cloud) -> None:
    answer = puts(talking, 0, "Wants a refund", fields={"topic": "refund", "amount": 12.5})
    assert isinstance(codec.decode_to_page(codec.compact(answer)), NoteFrame)
    told = {name: answer[name] for name in ("t", "interaction", "rev", "author", "text", "fields", "draft")}
    assert told == {
        "t": "note",
        "interaction": "i-c-1",
        "rev": 1,
        "author": "anna",
        "text": "Wants a refund",
        "fields": {"topic": "refund", "amount": 12.5},
        "draft": True,
    }
    assert talking.pages.to("p2", "note") == [answer]
    assert talking.pages.to("p1", "note") == []


def test_each_accepted_revision_is_kept_and_all_of_them_are_one_note(talking: Cloud) -> None:
    answers = [puts(talking, rev, text) for rev, text in enumerate(("W", "Wants", "Wants a refund"))]
    assert [answer["rev"] for answer in answers] == [1, 2, 3]
    assert len({answer["note"] for answer in answers}) == 1
    assert [each["text"] for each in kept(talking)] == ["W", "Wants", "Wants a refund"]
    assert [note["rev"] for note in context(talking)] == [3]


def test_of_two_pages_that_write_at_once_the_second_is_told_what_is_there(talking: Cloud) -> None:
    first = puts(talking, 0, "from the first")
    second = puts(talking, 0, "from the second", socket="p2")
    assert isinstance(codec.decode_to_page(codec.compact(second)), ErrorFrame)
    assert (second["code"], second["ref"]) == ("note_conflict", "p2-0")
    assert second["current"] == {name: value for name, value in first.items() if name != "t"}
    assert [each["text"] for each in kept(talking)] == ["from the first"]


@pytest.mark.parametrize("base", [1, 7])
def test_a_base_that_never_was_is_a_conflict_with_nothing(talking: Cloud, base: int) -> None:
    answer = puts(talking, base, "text")
    assert (answer["code"], answer["current"]) == ("note_conflict", None)
    assert context(talking) == []


def test_a_repeated_frame_is_answered_like_the_first_also_when_the_note_has_grown_on(talking: Cloud) -> None:
    first = puts(talking, 0, "one", id="n-1")
    before = kept(talking)
    talking.later(3600)
    assert puts(talking, 0, "one", id="n-1") == first
    assert kept(talking) == before
    puts(talking, 1, "two", id="n-2")
    assert puts(talking, 0, "one", id="n-1") == first
    assert [each["text"] for each in kept(talking)] == ["one", "two"]
    assert [note["text"] for note in context(talking)] == ["two"]


def test_an_id_that_comes_again_with_another_text_is_a_conflict(talking: Cloud) -> None:
    puts(talking, 0, "one", id="n-1")
    assert puts(talking, 0, "another", id="n-1")["code"] == "note_conflict"
    puts(talking, 1, "two", id="n-2")
    assert puts(talking, 0, "another", id="n-1")["code"] == "note_conflict"


def test_a_revision_that_was_written_and_not_kept_is_kept_by_its_repetition(talking: Cloud) -> None:
    first = puts(talking, 0, "one", id="n-1")
    key = {name: {"S": value} for name, value in keys.note_revision(TENANT, "i-c-1", "anna", 1).items()}
    talking.client.client.delete_item(TableName=SETTINGS.table, Key=key)
    assert kept(talking) == []
    assert puts(talking, 0, "one", id="n-1") == first
    assert [each["text"] for each in kept(talking)] == ["one"]


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from(["p1", "p2"]), st.integers(0, 1), st.text(st.characters(exclude_categories=["Cs"]))),
        max_size=8,
    )
)
def test_whatever_two_pages_write_what_was_accepted_is_kept_and_the_rest_is_told(
    frames: list[tuple[str, int, str]],
) -> None:
    with running() as fresh:
        cloud, accepted = in_a_call(fresh), list[str]()
        for number, (socket, behind, text) in enumerate(frames):
            base = max(len(accepted) - behind, 0)
            answer = puts(cloud, base, text, socket=socket, id=f"n-{number}")
            if base == len(accepted):
                assert (answer["t"], answer["rev"], answer["text"]) == ("note", base + 1, text)
                accepted.append(text)
            else:
                assert (answer["code"], answer["current"]["text"]) == ("note_conflict", accepted[-1])
        assert [each["text"] for each in kept(cloud)] == accepted


def test_half_a_character_is_no_text(talking: Cloud) -> None:
    frame = '{"t":"note.put","id":"n-1","interaction":"i-c-1","base":0,"text":"\\ud800"}'
    assert (talking.from_page(frame) or {})["code"] == "message_invalid"


def test_who_took_no_part_may_neither_write_nor_read(talking: Cloud) -> None:
    talking.logged_on("ben", "1002", "b1")
    assert puts(talking, 0, "mine now", agent="ben", socket="b1")["code"] == "forbidden"
    read = talking.from_page({"t": "context", "interaction": "i-c-1"}, "ben", "b1") or {}
    assert read["code"] == "forbidden"
    assert puts(talking, 0, "text", interaction="i-nowhere")["code"] == "forbidden"


def test_a_note_is_finished_after_log_off_too(talking: Cloud) -> None:
    puts(talking, 0, "Wants a")
    talking.state("1001", 2, calls=[])
    talking.deps.stations.free(TENANT, SITE, "1001", "anna")
    talking.deps.agents.stand_up(TENANT, "anna", SITE, "1001")
    answer = puts(talking, 1, "Wants a refund", draft=False)
    assert (answer["rev"], answer["draft"]) == (2, False)
    assert talking.pages.to("p2", "note")[-1] == answer


def test_a_note_is_not_told_to_who_took_over_the_desk(talking: Cloud) -> None:
    talking.deps.stations.free(TENANT, SITE, "1001", "anna")
    talking.logged_on("ben", "1001", "b1")
    assert puts(talking, 0, "of Anna")["t"] == "note"
    assert talking.pages.to("b1", "note") == []
    assert len(talking.pages.to("p2", "note")) == 1


def test_each_agent_has_a_note_of_their_own(talking: Cloud) -> None:
    joined_by_ben(talking)
    anna, ben = puts(talking, 0, "of Anna"), puts(talking, 0, "of Ben", agent="ben", socket="b1")
    assert (ben["rev"], ben["author"]) == (1, "ben")
    assert anna["note"] != ben["note"]


# --- interactions that merged


def merged(cloud: Cloud) -> Cloud:
    """Anna's call became part of another interaction."""
    entry = call(leg="connected", interaction="i-main", was=["i-c-1"])
    cloud.state("1001", 5, calls=[entry], rang=["c-1"])
    return cloud


def test_an_id_that_merged_is_written_under_the_present_one(talking: Cloud) -> None:
    answer = puts(merged(talking), 0, "text")
    assert (answer["interaction"], answer["rev"]) == ("i-main", 1)
    assert desk(talking).desk["drafts"] == ["i-main"]


@pytest.mark.parametrize("named", ["i-c-1", "i-main"])
def test_a_note_that_was_begun_before_the_merger_goes_along(talking: Cloud, named: str) -> None:
    puts(talking, 0, "Wants")
    puts(talking, 1, "Wants a")
    shown = context_at_ring(merged(talking))
    assert [(note["interaction"], note["text"]) for note in shown] == [("i-c-1", "Wants a")]
    answer = puts(talking, 2, "Wants a refund", interaction=named)
    assert (answer["interaction"], answer["rev"], answer["text"]) == ("i-main", 3, "Wants a refund")
    assert puts(talking, 2, "Wants a refund", interaction=named) == answer
    assert desk(talking).desk["drafts"] == ["i-main"]
    talking.state("1001", 6, calls=[call(leg="connected", interaction="i-main", was=["i-c-1"])], rang=["c-1"])
    shown = talking.pages.to("p1", "context")[-1]["notes"]
    assert [(note["interaction"], note["rev"]) for note in shown] == [("i-main", 3)]


def test_a_merged_note_of_which_another_revision_was_seen_is_a_conflict(talking: Cloud) -> None:
    puts(talking, 0, "Wants")
    answer = puts(merged(talking), 4, "text")
    assert (answer["code"], answer["current"]["text"]) == ("note_conflict", "Wants")


def context_at_ring(cloud: Cloud) -> list[Frame]:
    """The notes of the newest `context` that came unasked."""
    told = cloud.pages.to("p1", "context")[-1]
    assert isinstance(codec.decode_to_page(codec.compact(told)), ContextFrame)
    shown: list[Frame] = told["notes"]
    return shown


# --- who reads what


def test_of_others_only_what_they_finished_is_shown_and_of_oneself_the_draft_too(talking: Cloud) -> None:
    joined_by_ben(talking)
    puts(talking, 0, "unfinished")
    assert [note["text"] for note in context(talking)] == ["unfinished"]
    assert context(talking, "ben", "b1") == []
    puts(talking, 1, "finished", draft=False)
    puts(talking, 2, "worked on again")
    assert [note["text"] for note in context(talking)] == ["worked on again"]
    (seen,) = context(talking, "ben", "b1")
    assert (seen["text"], seen["rev"], seen["draft"]) == ("finished", 2, False)


def test_notes_are_shown_oldest_first_whoever_wrote_them(talking: Cloud) -> None:
    joined_by_ben(talking)
    puts(talking, 0, "of Ben", agent="ben", socket="b1", draft=False)
    talking.later(60)
    puts(talking, 0, "of Anna", draft=False)
    assert [note["text"] for note in context(talking)] == ["of Ben", "of Anna"]


def test_a_finished_note_is_seen_while_the_colleague_s_phone_rings(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", draft=False)
    joined_by_ben(talking)
    (told,) = talking.pages.to("b1", "context")
    assert [(note["author"], note["text"]) for note in told["notes"]] == [("anna", "Wants a refund")]


# --- the number's next call


def rings_again(cloud: Cloud, seq: int = 8) -> Frame:
    """The same number calls later; what the page is told of before."""
    cloud.state("1001", seq, calls=[call("c-8", started_at="2027-01-15T09:00:00.000Z")], rang=["c-8"])
    told = cloud.pages.to("p1", "context")[-1]
    (previous,) = told["previous"]
    assert previous["interaction"] == "i-c-1"
    return dict(previous)


def test_the_next_call_of_the_number_shows_the_beginning_of_the_newest_finished_note(talking: Cloud) -> None:
    puts(talking, 0, "ä" * 300, draft=False)
    puts(talking, 1, "not finished")
    assert rings_again(talking)["note"] == "ä" * 200


def test_a_draft_is_not_shown_to_later_calls(talking: Cloud) -> None:
    puts(talking, 0, "not finished")
    assert rings_again(talking)["note"] == ""


def test_a_beginning_outlasts_that_the_interaction_rings_elsewhere_and_costs_a_ring_nothing(talking: Cloud) -> None:
    puts(talking, 0, "Wants a refund", draft=False)
    joined_by_ben(talking)
    talking.client.requests.clear()
    assert rings_again(talking)["note"] == "Wants a refund"
    expected = [*("get_item",) * 2, *("query",) * 2, *("update_item",) * 3]  # gets: what ranks the two pages
    assert sorted(talking.client.requests) == expected


def test_a_note_of_a_withheld_number_is_in_no_list(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call(remote={"number": "+4420", "presentation": "restricted"})], rang=["c-1"])
    assert puts(cloud, 0, "text", draft=False)["t"] == "note"
    assert "digest" not in (cloud.deps.interactions.head(TENANT, "i-c-1") or {})


# --- how long


def test_revisions_of_drafts_go_before_those_that_were_finished(talking: Cloud) -> None:
    puts(talking, 0, "draft")
    puts(talking, 1, "finished", draft=False)
    days = [(each["ttl"] - NOW_MS // 1000) // DAY_S for each in kept(talking)]
    assert days == [30, SETTINGS.note_kept_days]
    note = talking.deps.interactions.note(TENANT, "i-c-1", "anna") or {}
    assert (note["ttl"] - NOW_MS // 1000) // DAY_S == SETTINGS.note_kept_days
