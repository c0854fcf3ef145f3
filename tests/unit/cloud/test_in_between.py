"""What happens in between: functions that break off and are asked again, writes that meet, lists that lag behind."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ringline_core.errors import StoreThrottledError
from tests.support.cloud import NOW_MS, SITE, TENANT, Cloud, call
from tests.support.records import NUMBER, at, tell
from tests.unit.cloud.test_back_end import MAILER, ORDER, desk_work
from tests.unit.cloud.test_calls import LOST, asks, back, office
from tests.unit.cloud.test_erasure import SECRET, known, rings
from tests.unit.cloud.test_handovers import consult_ends, consults, desk_of, talking
from tests.unit.cloud.test_http import request

__all__ = ["known", "office", "talking"]


def breaks_off(*_: Any) -> None:
    """The table is busy."""
    raise StoreThrottledError("busy")


@pytest.mark.parametrize("by_page", [False, True])
def test_who_asks_a_colleague_is_told_no_hand_over_from_them(talking: Cloud, by_page: bool) -> None:
    if by_page:
        consults(talking)
    remote = {"number": "1002", "presentation": "allowed"}
    more = {"interaction": "i-c-1", "consult_of": "c-1", "direction": "internal", "dialed": "1002", "remote": remote}
    talking.state("1001", 4, calls=[call(leg="hold"), call("c-9", leg="connected", **more)], rang=["c-9"])
    assert talking.pages.to("p1", "context")[-1]["handover"] is None


def test_of_a_listed_number_nothing_is_kept_in_clear(known: Cloud) -> None:
    request(known, "POST", "/numbers:erase", {"number": NUMBER, "listed": True})
    rings(known, "c-5", 5, started_at=at(600))
    tell(known, "c-5", offset=600)
    assert NUMBER not in json.dumps([each for each in known.rows() if each["sk"] != "ST"], default=repr)


def test_work_that_was_throttled_begins_when_asked_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    with monkeypatch.context() as busy:
        busy.setattr(cloud.deps.work_items, "change", breaks_off)
        assert request(cloud, "POST", "/work", {**ORDER, "id": "m-1"}, who=MAILER)[0] == 429
    assert request(cloud, "POST", "/work", {**ORDER, "id": "m-1"}, who=MAILER)[0] == 202
    assert desk_work(cloud)


def test_a_call_back_days_later_is_found_by_number_too(office: Cloud) -> None:
    later = 3 * 86_400
    tell(office, "lost", legs=LOST)
    back(office, answered=True, offset=later, interaction="i-lost")
    office.later(later + 1000)
    asked = f"?from={at(later - 100)}"
    every, of_number = (
        [each["call"] for each in asks(office, asked + more)[1]["items"]] for more in ("", f"&number=%2B{NUMBER[1:]}")
    )
    assert every == of_number
    assert every


def test_an_interaction_that_is_being_erased_takes_and_tells_nothing(known: Cloud) -> None:
    known.deps.interactions.begin_erasure(TENANT, "i-c-1", "2027", NOW_MS // 1000 + 90 * 86_400)
    put = {"t": "note.put", "id": "n3", "interaction": "i-c-1", "text": "late", "base": 2, "fields": {}, "draft": False}
    for frame in (put, {"t": "context", "interaction": "i-c-1"}):
        assert (known.from_page(frame) or {})["t"] == "error"


def test_a_numbers_erasure_that_broke_off_at_the_end_is_completed_by_asking_again(
    known: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(known.deps.interactions, "end_erasure", breaks_off)
        assert request(known, "POST", "/numbers:erase", {"number": NUMBER})[0] == 429
    assert request(known, "POST", "/numbers:erase", {"number": NUMBER})[1]["done"]
    heads = [each for each in known.rows() if each["sk"] == "HEAD" and "i-c" in each["pk"]]
    assert {tuple(sorted(each)) for each in heads} == {("erased_at", "pk", "sk", "ttl")}
    assert SECRET not in json.dumps(heads, default=repr)


def test_a_hand_over_of_a_consultation_that_ended_goes_although_the_function_broke_off(
    talking: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    consults(talking)
    with monkeypatch.context() as busy:
        busy.setattr(talking.deps.handovers, "take_back", breaks_off)
        consult_ends(talking, "dropped", call(leg="connected"))
    consult_ends(talking, "dropped", call(leg="connected"))
    assert desk_of(talking) == []


def test_what_lies_on_a_desk_too_long_leaves_with_a_beat(talking: Cloud) -> None:
    consults(talking)
    talking.later(600)
    talking.from_page({"t": "beat", "station": "1002", "rev": 1}, "ben", "p2")
    item = talking.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert item.handed == {}


def test_years_that_no_call_was_in_are_refused(office: Cloud) -> None:
    assert asks(office, "?to=0001-01-02T00:00:00Z")[0] == 400


def test_a_second_log_on_that_no_edge_hears_of_leaves_the_first_one(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1)
    cloud.edges.gone.add("e1")
    cloud.from_page({"t": "command", "id": "again", "verb": "log_on"})
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item is not None
    assert item.agent == "anna"
