"""Erasing a caller: nothing is left, nothing comes back, and a function that died in the middle is made good."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringline_cloud.telemetry import logger
from tests.support.cloud import NOW_MS, TENANT, Cloud, call
from tests.support.records import NUMBER, at, leg, tell
from tests.unit.cloud.test_http import ADMIN, request, token

Frame = dict[str, Any]
SECRET = "Wants a refund"


@pytest.fixture
def known(cloud: Cloud) -> Cloud:
    """An interaction with all that can belong to one, one that merged into it, and another one of the same number."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "p2")
    consult: Frame = {"direction": "internal", "remote": {"number": "1001"}, "interaction": "i-consult"}
    cloud.state("1002", 1, calls=[call("c-9", **consult)], rang=["c-9"])
    put = {"t": "note.put", "fields": {}, "base": 0, "draft": False}
    cloud.from_page({**put, "id": "n9", "interaction": "i-consult", "text": SECRET}, "ben", "p2")
    rings(cloud, "c-1", 1)
    cloud.from_page({**put, "id": "n1", "interaction": "i-c-1", "text": SECRET, "draft": True})
    cloud.from_page({**put, "id": "n2", "interaction": "i-c-1", "text": SECRET, "base": 1})
    cloud.from_page({"t": "command", "id": "t1", "verb": "transfer", "call": "c-1", "to": "1002"})
    cloud.from_page({"t": "wrap_up.done", "id": "w1", "interaction": "i-c-1", "disposition": "sold"})
    tell(cloud, "c-1", was=["i-consult"])
    rings(cloud, "c-2", 3, started_at=at(300))
    tell(cloud, "c-2", offset=300)
    cloud.state("1001", 4)
    cloud.state("1002", 4)
    return cloud


def rings(cloud: Cloud, ident: str, seq: int, **more: Any) -> None:
    """A call of the number rings at Anna's phone."""
    cloud.state("1001", seq, calls=[call(ident, **{"started_at": at(0), **more})], rang=[ident])


def belonging(cloud: Cloud, *interactions: str) -> list[Frame]:
    """Items that name one of the interactions in their keys or hold its rows; tombstones and audits left out."""
    ours = [each for each in cloud.rows() if "#CMD#" not in each["pk"] and "#AUDIT" not in each["pk"]]
    named = [each for each in ours if "erased_at" not in each and each["sk"] != "ST"]
    return [each for each in named if any(name in json.dumps(each, default=repr) for name in interactions)]


def erase(cloud: Cloud, interaction: str = "i-c-1") -> int:
    """An admin erases an interaction; the status."""
    return request(cloud, "DELETE", f"/interactions/{interaction}")[0]


def test_all_of_an_interaction_goes_and_others_of_the_number_stay(known: Cloud) -> None:
    assert len({each["sk"].split("#")[0] for each in belonging(known, "i-c-1", "c-1#")}) >= 6
    assert erase(known) == 204
    assert belonging(known, "i-c-1", "i-consult", "#c-1") == []
    assert SECRET not in json.dumps(known.rows(), default=repr)
    _, answer = request(known, "GET", "/calls")
    assert [each["call"] for each in answer["items"]] == ["c-2"]
    assert request(known, "GET", "/interactions/i-c-1")[0] == 403


def test_all_of_a_number_goes_and_the_number_is_neither_logged_nor_audited(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(logger, "info", lambda *words, **more: said.append(f"{words}{more}"))
    status, answer = request(known, "POST", "/numbers:erase", {"number": "+44 (20) 7123-4567"})
    assert (status, answer) == (200, {"interactions": 2, "done": True})
    assert belonging(known, "i-c-1", "i-c-2", "i-consult") == []
    assert NUMBER not in json.dumps(known.rows(), default=repr)
    (deed,) = request(known, "GET", "/audit")[1]["items"]
    assert (deed["action"], deed["by"], sorted(deed["interactions"])) == ("erase_number", "adam", ["i-c-1", "i-c-2"])
    assert said
    assert NUMBER[-7:] not in "".join(said)
    assert request(known, "POST", "/numbers:erase", {"number": NUMBER})[1] == {"interactions": 0, "done": True}


def test_a_listed_number_has_no_history_until_it_is_taken_off_the_list(known: Cloud) -> None:
    def listing(*, listed: bool) -> Frame:
        status, answer = request(known, "POST", "/numbers:erase", {"number": NUMBER, "listed": listed})
        assert status == 200
        return dict(answer)

    def previous(ident: str, seq: int, offset: int) -> list[str]:
        rings(known, ident, seq, started_at=at(offset))
        context = known.pages.to("p1", "context")[-1]
        assert context["interaction"] == f"i-{ident}"
        return [each["interaction"] for each in context["previous"]]

    assert listing(listed=True) == {"interactions": 2, "done": True}
    assert (previous("c-3", 5, 400), previous("c-4", 6, 500)) == ([], [])
    tell(known, "c-5", offset=600)
    assert not [each for each in known.rows() if "#N#" in each["pk"] and each["sk"] != "~LISTED"]
    assert listing(listed=True) == {"interactions": 0, "done": True}
    listing(listed=False)
    assert (previous("c-6", 7, 700), previous("c-7", 8, 800)) == ([], ["i-c-6"])


def test_a_number_of_which_nobody_knows_whether_it_may_be_shown_has_no_history(known: Cloud) -> None:
    unknown = {"number": NUMBER, "presentation": "unknown"}
    rings(known, "c-3", 5, started_at=at(400), remote=unknown)
    assert known.pages.to("p1", "context")[-1]["previous"] == []


def test_erasing_is_audited_and_may_be_repeated(known: Cloud) -> None:
    assert (erase(known), erase(known), erase(known, "i-never-seen")) == (204, 204, 204)
    deeds = request(known, "GET", "/audit")[1]["items"]
    assert [each["action"] for each in deeds] == ["erase_interaction"] * 3
    assert {each["interactions"][0] for each in deeds} == {"i-c-1", "i-never-seen"}
    assert {each["station"] for each in deeds} == {None}


def test_late_rings_records_notes_hand_overs_and_dispositions_bring_nothing_back(known: Cloud) -> None:
    erase(known)
    rings(known, "c-1", 5)
    assert known.pages.to("p1", "context")[-1]["previous"] == []
    tell(known, "c-1", version=9)
    tell(known, "c-late", legs=[leg()], interaction="i-c-1")
    put = {"t": "note.put", "fields": {}, "base": 0, "draft": False, "interaction": "i-c-1", "text": SECRET}
    assert (known.from_page({**put, "id": "n8"}) or {})["code"] == "forbidden"
    known.from_page({"t": "command", "id": "t8", "verb": "transfer", "call": "c-1", "to": "1002", "note": SECRET})
    done = {"t": "wrap_up.done", "id": "w8", "interaction": "i-c-1", "disposition": "sold", "nothing_to_note": True}
    assert (known.from_page(done) or {})["stage"] == "confirmed"
    assert belonging(known, "i-c-1", "#c-1", "c-late") == []
    assert SECRET not in json.dumps(known.rows(), default=repr)


def test_a_tombstone_says_only_when_and_goes_after_90_days(known: Cloud) -> None:
    erase(known)
    (stone,) = [each for each in known.rows() if each["pk"] == f"T#{TENANT}#I#i-c-1"]
    assert set(stone) == {"pk", "sk", "erased_at", "ttl"}
    assert stone["ttl"] == NOW_MS // 1000 + 90 * 86_400


def test_what_is_owed_for_an_erased_interaction_can_still_be_settled(known: Cloud) -> None:
    owing = {"interaction": "i-c-2", "call": "c-2", "since_at": at(300), "needs": ["note"], "ask": "owe"}
    story = {"station": "1001", "in_service": True, "agent": {"state": "wrap_up"}, "calls": [], "wrap_up": [owing]}
    told = {"station": "1001", "seq": 9, "doc": {**story, "can": [], "recent": []}, "rang": []}
    known.from_edge({"t": "state", "epoch": 1, "stations": [told]})
    erase(known, "i-c-2")
    assert "i-c-2" in known.deps.agents.get(TENANT, "anna")["owed"]
    done = {"t": "wrap_up.done", "id": "w7", "interaction": "i-c-2", "nothing_to_note": True}
    assert (known.from_page(done) or {})["stage"] == "confirmed"
    assert known.deps.agents.get(TENANT, "anna")["owed"] == {}
    assert belonging(known, "T#demo#I#i-c-2") == []


@pytest.mark.parametrize("dies_at", range(2, 24, 4))
def test_a_function_that_died_at_any_point_is_made_good_by_asking_again(known: Cloud, dies_at: int) -> None:
    known.client.dies_in = dies_at
    request(known, "DELETE", "/interactions/i-c-1")
    known.client.dies_in = None
    assert erase(known) == 204
    assert belonging(known, "i-c-1", "i-consult", "#c-1") == []
    assert SECRET not in json.dumps(known.rows(), default=repr)


def test_more_than_one_request_can_do_is_said(known: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringline_cloud.services.erasure.MOST", 1)
    answers = [request(known, "POST", "/numbers:erase", {"number": NUMBER})[1] for _ in range(2)]
    assert answers == [{"interactions": 1, "done": False}, {"interactions": 1, "done": True}]


@pytest.mark.parametrize(
    ("method", "path", "body", "who", "status"),
    [
        ("DELETE", "/interactions/i-c-1", None, token(), 403),
        ("DELETE", "/interactions/i-c-1", None, token(**{"cognito:groups": ["supervisor"]}), 403),
        ("POST", "/numbers:erase", {"number": NUMBER}, token(), 403),
        ("DELETE", "/interactions/a%20b", None, ADMIN, 400),
        ("POST", "/numbers:erase", {"number": "call me"}, ADMIN, 400),
        ("POST", "/numbers:erase", {"number": ""}, ADMIN, 400),
        ("POST", "/numbers:erase", {"number": NUMBER, "all": True}, ADMIN, 400),
        ("POST", "/numbers:erase", {}, ADMIN, 400),
    ],
    ids=["agent", "supervisor", "agent, number", "no id", "letters", "empty", "surprise", "nothing"],
)
def test_only_admins_erase_and_only_what_is_named_well(
    known: Cloud, method: str, path: str, body: Any, who: str, status: int
) -> None:
    before = known.rows()
    assert request(known, method, path, body, who=who)[0] == status
    assert known.rows() == before
