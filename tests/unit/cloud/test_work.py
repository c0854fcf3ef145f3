"""Work items: leases on the desk, answered by the edge or by the cloud, hidden and told when they are over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ringline_cloud.store.stations import StationItem
from ringline_core.wire import codec
from ringline_core.wire.command import Result
from ringline_core.wire.edge import Desks
from ringline_core.wire.page import Notice, StationFrame
from tests.support.cloud import NOW_MS, SITE, TENANT, Cloud, Frame


@pytest.fixture
def seated(cloud: Cloud) -> Cloud:
    """Anna is logged on, with two pages."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.page_opens(socket="p2", page="page-2")
    cloud.pages.posted.clear()
    cloud.edges.posted.clear()
    return cloud


def begin(cloud: Cloud, work: str = "w-1", ident: str = "b-1", **more: Any) -> Frame | None:
    """`work.begin` from a page; what is answered at once."""
    who = {name: more.pop(name) for name in ("agent", "socket") if name in more}
    return cloud.from_page(
        {"t": "work.begin", "id": ident, "work": work, "channel": "email", "label": "#123", **more}, **who
    )


def touch(cloud: Cloud, work: str = "w-1", ident: str = "t-1", ttl_s: int = 900, **who: str) -> Frame:
    answer = cloud.from_page({"t": "work.touch", "id": ident, "work": work, "ttl_s": ttl_s}, **who)
    assert answer
    return answer


def end(cloud: Cloud, work: str = "w-1", ident: str = "e-1", **who: str) -> Frame:
    answer = cloud.from_page({"t": "work.end", "id": ident, "work": work}, **who)
    assert answer
    return answer


def edge_answers(cloud: Cloud, stage: str, item: int = -1, **more: Any) -> None:
    """The edge answers the id that `desks` carried."""
    ident = told_edge(cloud)[item]["id"]
    cloud.from_edge({"t": "result", "id": ident, "stage": stage, **more})


def told_edge(cloud: Cloud) -> list[Frame]:
    """The work items of the newest `desks`, as the edge reads them."""
    frame = cloud.edges.to("e1", "desks")[-1]
    assert isinstance(codec.decode_to_edge(codec.compact(frame)), Desks)
    work: list[Frame] = frame["items"][0]["work"]
    return work


def shown(cloud: Cloud, socket: str = "p1") -> list[Frame]:
    """The work items of the newest `station`, as a page reads them."""
    frame = cloud.pages.to(socket, "station")[-1]
    assert isinstance(codec.decode_to_page(codec.compact(frame)), StationFrame)
    work: list[Frame] = frame["desk"]["work"]
    return work


def desk(cloud: Cloud) -> StationItem:
    found = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert found
    return found


def stored(cloud: Cloud) -> list[str]:
    return [each["work"] for each in desk(cloud).desk["work"]]


def results(cloud: Cloud, socket: str = "p1") -> list[Frame]:
    return cloud.pages.to(socket, "result")


def test_work_goes_to_pages_and_edge_with_its_lease_and_the_edge_confirms_it(seated: Cloud) -> None:
    assert begin(seated, ttl_s=60) is None
    (item,) = told_edge(seated)
    known = {name: item[name] for name in ("work", "channel", "label", "lease_until_at", "blocks")}
    assert known == {
        "work": "w-1",
        "channel": "email",
        "label": "#123",
        "lease_until_at": "2027-01-15T08:01:00.000Z",
        "blocks": ["voice"],
    }
    assert shown(seated, "p1") == shown(seated, "p2") == [item]
    edge_answers(seated, "confirmed")
    (told,) = results(seated)
    assert isinstance(codec.decode_to_page(codec.compact(told)), Result)
    assert told == {"t": "result", "id": "b-1", "stage": "confirmed"}
    assert results(seated, "p2") == []


def test_work_that_the_edge_refuses_is_not_kept(seated: Cloud) -> None:
    begin(seated, "w-0", "b-0")
    begin(seated)
    edge_answers(seated, "failed", error={"code": "rejected_by_pbx", "text": "No."})
    assert (results(seated)[-1]["stage"], results(seated)[-1]["error"]["code"]) == ("failed", "rejected_by_pbx")
    assert [each["work"] for each in shown(seated) + told_edge(seated)] == ["w-0", "w-0"]


def test_a_late_refusal_does_not_end_work_that_was_begun_anew(seated: Cloud) -> None:
    begin(seated, ident="b-1")
    old = told_edge(seated)[0]["id"]
    end(seated)
    begin(seated, ident="b-2")
    seated.from_edge({"t": "result", "id": old, "stage": "failed", "error": {"code": "timeout", "text": "Late."}})
    assert stored(seated) == ["w-1"]


@pytest.mark.parametrize("how", ["released", "gone", "lease"])
def test_without_an_edge_work_does_not_begin(seated: Cloud, how: str) -> None:
    match how:
        case "released":
            seated.from_edge({"t": "release", "epoch": 1})
        case "gone":
            seated.edges.gone.add("e1")
        case "lease":
            seated.later(61)
    answer = begin(seated) or {}
    assert (answer["stage"], answer["error"]["code"]) == ("failed", "edge_offline")
    assert (stored(seated), shown(seated)) == ([], [])
    assert begin(seated) == answer


def test_the_same_work_again_is_prolonged_not_doubled_also_from_another_page(seated: Cloud) -> None:
    begin(seated, ttl_s=60)
    first = told_edge(seated)[0]
    again = begin(seated, ident="b-2", ttl_s=120, socket="p2") or {}
    assert (again["id"], again["stage"], again["already"]) == ("b-2", "confirmed", True)
    assert told_edge(seated) == [{**first, "lease_until_at": "2027-01-15T08:02:00.000Z"}]


def test_a_repeated_begin_has_no_second_effect_and_both_pages_hear_the_outcome(seated: Cloud) -> None:
    begin(seated, ttl_s=60)
    seated.later(30)
    assert begin(seated, ttl_s=60, socket="p2") is None
    assert told_edge(seated)[0]["lease_until_at"] == "2027-01-15T08:01:00.000Z"
    edge_answers(seated, "confirmed")
    assert [f["id"] for f in results(seated, "p1") + results(seated, "p2")] == ["b-1", "b-1"]
    assert (begin(seated, ttl_s=60) or {})["stage"] == "confirmed"


def test_eight_items_fit_and_a_ninth_does_not(seated: Cloud) -> None:
    for number in range(8):
        assert begin(seated, f"w-{number}", f"b-{number}") is None
    refused = begin(seated, "w-8", "b-8") or {}
    assert (refused["stage"], refused["error"]["code"]) == ("failed", "not_allowed")
    assert len(stored(seated)) == 8
    end(seated, "w-3")
    assert begin(seated, "w-8", "b-9") is None


def test_a_touch_prolongs_and_never_shortens(seated: Cloud) -> None:
    begin(seated, ttl_s=60)
    seated.later(30)
    assert touch(seated, ttl_s=60) == {"t": "result", "id": "t-1", "stage": "confirmed"}
    assert told_edge(seated)[0]["lease_until_at"] == "2027-01-15T08:01:30.000Z"
    assert touch(seated, ident="t-2", ttl_s=1)["stage"] == "confirmed"
    assert told_edge(seated)[0]["lease_until_at"] == "2027-01-15T08:01:30.000Z"


def test_a_touch_of_work_that_is_over_or_never_was_is_not_allowed(seated: Cloud) -> None:
    assert touch(seated, "w-none")["error"]["code"] == "not_allowed"
    begin(seated, ttl_s=60)
    seated.later(60)
    refused = touch(seated, ident="t-2")
    assert (refused["stage"], refused["error"]["code"]) == ("failed", "not_allowed")


def test_an_end_takes_the_work_out_once_and_is_already_done_after_that(seated: Cloud) -> None:
    begin(seated)
    first = end(seated)
    assert first == {"t": "result", "id": "e-1", "stage": "confirmed"}
    assert (told_edge(seated), shown(seated, "p2")) == ([], [])
    assert end(seated, ident="e-2")["already"] is True
    begin(seated, ident="b-2")
    assert end(seated, ident="e-1") == first
    assert stored(seated) == ["w-1"]


def test_without_an_edge_an_end_says_so_and_the_next_edge_hears_of_it(seated: Cloud) -> None:
    begin(seated)
    seated.edges.gone.add("e1")
    assert end(seated)["error"]["code"] == "edge_offline"
    assert stored(seated) == []


@pytest.mark.parametrize("ask", [begin, touch, end])
def test_who_is_not_logged_on_has_no_work(cloud: Cloud, ask: Callable[[Cloud], Frame | None]) -> None:
    cloud.edge_leads()
    assert (ask(cloud) or {})["error"]["code"] == "not_logged_on"


def test_another_agents_work_is_out_of_reach(seated: Cloud) -> None:
    begin(seated)
    seated.logged_on("ben", "1002", "b1")
    assert touch(seated, agent="ben", socket="b1")["error"]["code"] == "not_allowed"
    assert end(seated, agent="ben", socket="b1")["already"] is True
    assert stored(seated) == ["w-1"]


def test_two_agents_may_use_the_same_names_for_work_and_frames(seated: Cloud) -> None:
    seated.logged_on("ben", "1002", "b1")
    begin(seated)
    mine = told_edge(seated)[0]["id"]
    begin(seated, agent="ben", socket="b1")
    theirs = told_edge(seated)[0]["id"]
    assert mine != theirs
    seated.from_edge({"t": "result", "id": theirs, "stage": "confirmed"})
    assert (results(seated, "p1"), [f["id"] for f in results(seated, "b1")][-1]) == ([], "b-1")


def test_a_page_that_is_quicker_loses_nothing_to_one_that_read_before_it(seated: Cloud) -> None:
    before = desk(seated)
    begin(seated, "w-2", "b-2", socket="p2")
    held = seated.deps.stations.get
    seated.deps.stations.get = lambda *_: before  # type: ignore[method-assign]
    try:
        assert begin(seated, "w-1", "b-1") is None
    finally:
        seated.deps.stations.get = held  # type: ignore[method-assign]
    assert stored(seated) == ["w-2", "w-1"]


def test_work_whose_lease_is_over_is_hidden_at_once_and_leaves_with_the_next_write(seated: Cloud) -> None:
    begin(seated, "w-1", "b-1", ttl_s=10)
    begin(seated, "w-2", "b-2", ttl_s=20)
    seated.later(10)
    seated.state("1001", 1)
    assert [each["work"] for each in shown(seated)] == ["w-2"]
    assert seated.page_opens(socket="p3", page="page-3")["desk"]["work"] == shown(seated)
    assert stored(seated) == ["w-1", "w-2"]
    touch(seated, "w-2")
    assert stored(seated) == ["w-2"]


def test_a_beat_after_the_lease_tells_all_pages_of_the_agent_once(seated: Cloud) -> None:
    begin(seated, ttl_s=10)
    seated.later(10)
    rev = desk(seated).rev
    beat = {"t": "beat", "station": "1001", "rev": rev}
    seated.from_page(beat)
    seated.from_page(beat, socket="p2")
    for socket in ("p1", "p2"):
        (notice,) = seated.pages.to(socket, "notice")
        assert isinstance(codec.decode_to_page(codec.compact(notice)), Notice)
        assert (notice["code"], "#123" in notice["text"]) == ("work_expired", True)
    assert (stored(seated), told_edge(seated), desk(seated).rev) == ([], [], rev + 1)


def test_the_supervisor_of_the_team_is_told_and_nobody_else(seated: Cloud) -> None:
    seated.mapped("anna", "1001", team="red")
    pages = {"sue": ("1011", "red"), "sam": ("1012", "blue"), "ben": ("1002", "red")}
    for agent, (station, team) in pages.items():
        seated.mapped(agent, station, team=team)
        seated.page_opens(agent, f"s-{agent}", f"page-{agent}")
    for agent in ("sue", "sam"):
        known = seated.deps.sockets.get(f"s-{agent}")
        assert known
        what = {name: value for name, value in known.items() if name not in ("pk", "sk", "ttl")}
        seated.deps.sockets.open(f"s-{agent}", {**what, "roles": ["supervisor"]}, NOW_MS // 1000 + 3600)
    begin(seated, ttl_s=10)
    seated.later(10)
    seated.pages.posted.clear()
    seated.from_page({"t": "beat", "station": "1001", "rev": 0})
    told = {agent: [f["code"] for f in seated.pages.to(f"s-{agent}", "notice")] for agent in pages}
    assert told == {"sue": ["work_expired"], "sam": [], "ben": []}


def test_the_page_of_a_supervisor_is_known_as_one(cloud: Cloud) -> None:
    cloud.page_opens()
    known = cloud.deps.sockets.get("p1")
    assert known
    assert known["roles"] == ["agent"]


@pytest.mark.parametrize(
    "more",
    [{"work": "a b"}, {"ttl_s": 0}, {"ttl_s": 86_401}, {"ttl_s": "60"}, {"channel": "x" * 33}, {"blocks": "voice"}],
    ids=str,
)
def test_work_that_does_not_fit_the_contract_is_refused(seated: Cloud, more: Frame) -> None:
    answer = begin(seated, **more) or {}
    assert (answer["t"], answer["code"], answer["ref"]) == ("error", "message_invalid", "b-1")
    assert stored(seated) == []
