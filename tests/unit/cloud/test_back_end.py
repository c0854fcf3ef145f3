"""Work items from back ends over HTTP: the same rules as from the agent's page, and a role that may do nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cloud import SITE, TENANT, Cloud
from tests.unit.cloud.test_http import ADMIN, request, token
from tests.unit.cloud.test_work import told_edge

Frame = dict[str, Any]
MAILER = token(sub="mailer", name=None, **{"cognito:groups": ["work"]})
CHATTER = token(sub="chatter", **{"cognito:groups": ["work"]})
ORDER = {"agent": "anna", "work": "w-1", "channel": "email", "label": "#123", "blocks": ["voice"], "ttl_s": 600}


@pytest.fixture
def seated(cloud: Cloud) -> Cloud:
    """Anna is logged on."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.mapped("ben", "1002")
    cloud.pages.posted.clear()
    cloud.edges.posted.clear()
    return cloud


def begins(cloud: Cloud, who: str = MAILER, **more: Any) -> tuple[int, Frame]:
    """A back end begins a work item for Anna."""
    return request(cloud, "POST", "/work", {**ORDER, **more}, who=who)


def desk_work(cloud: Cloud) -> list[Frame]:
    """The work items at Anna's desk."""
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    return list(item.desk["work"])


@pytest.mark.parametrize("who", [MAILER, ADMIN], ids=["work", "admin"])
def test_work_reaches_the_edge_and_the_agents_pages_and_is_answered_with_the_edges_id(seated: Cloud, who: str) -> None:
    status, answer = begins(seated, who, id="m-1")
    (told,) = told_edge(seated)
    assert (status, answer) == (202, {"command": told["id"]})
    assert (told["work"], told["channel"], told["label"], told["blocks"]) == ("w-1", "email", "#123", ["voice"])
    assert seated.pages.to("p1", "station")[-1]["desk"]["work"][0]["work"] == "w-1"
    assert seated.deps.commands.get(TENANT, SITE, told["id"])["verb"] == "work.begin"


def test_the_same_id_has_one_effect_and_that_of_another_back_end_is_another(seated: Cloud) -> None:
    first = begins(seated, id="m-1")
    posts = len(seated.edges.posted)
    assert begins(seated, id="m-1") == first
    assert len(seated.edges.posted) == posts
    other = begins(seated, CHATTER, id="m-1", work="w-2")
    assert other[1]["command"] != first[1]["command"]
    assert [each["work"] for each in desk_work(seated)] == ["w-1", "w-2"]


def test_an_id_of_a_back_end_is_none_of_the_agents_page(seated: Cloud) -> None:
    begins(seated, id="m-1")
    seated.from_page({"t": "work.begin", "id": "m-1", "work": "w-2", "channel": "chat"})
    assert [each["work"] for each in desk_work(seated)] == ["w-1", "w-2"]


def test_work_is_prolonged_and_ended_once(seated: Cloud) -> None:
    begins(seated)
    seated.later(30)
    assert request(seated, "POST", "/work/w-1:touch", {"agent": "anna", "ttl_s": 900}, who=MAILER) == (
        200, {"work": "w-1", "already": False},
    )  # fmt: skip
    assert desk_work(seated)[0]["lease_until_at"] > "2027-01-15T08:15"
    for already in (False, True):
        answer = request(seated, "DELETE", "/work/w-1?agent=anna", who=MAILER)
        assert answer == (200, {"work": "w-1", "already": already})
    assert desk_work(seated) == []
    status, refused = request(seated, "POST", "/work/w-1:touch", {"agent": "anna"}, who=MAILER)
    assert (status, refused["error"]["code"]) == (409, "not_allowed")


def test_a_repeated_end_or_touch_gets_the_first_answer(seated: Cloud) -> None:
    begins(seated)
    for _ in range(2):
        answer = request(seated, "DELETE", "/work/w-1?agent=anna&id=e-1", who=MAILER)
        assert answer == (200, {"work": "w-1", "already": False})


def test_who_is_not_logged_on_or_of_another_tenant_cannot_work(seated: Cloud) -> None:
    seated.deps.agents.sit("other", "olga", SITE, "1001")
    for agent in ("ben", "nobody", "olga"):
        for method, path, body in (
            ("POST", "/work", {**ORDER, "agent": agent}),
            ("POST", "/work/w-1:touch", {"agent": agent}),
            ("DELETE", f"/work/w-1?agent={agent}", None),
        ):
            status, refused = request(seated, method, path, body, who=MAILER)
            assert (status, refused["error"]["code"]) == (409, "not_logged_on")
            assert refused["error"]["text"] == "The agent is not logged on to a phone."
    assert desk_work(seated) == []


def test_work_of_another_tenants_agent_of_the_same_name_is_not_touched(seated: Cloud) -> None:
    begins(seated)
    foreign = seated.deps.stations
    foreign.claim("other", SITE, "1001", {"who": "anna", "who_name": "Anna", "since_at": "2027"}, ())
    seated.deps.agents.sit("other", "anna", SITE, "1001")
    request(seated, "DELETE", "/work/w-1?agent=anna", who=MAILER)
    item = foreign.get("other", SITE, "1001")
    assert item
    assert (item.desk["work"], item.rev) == ([], 1)


def test_without_an_edge_nothing_begins(seated: Cloud) -> None:
    seated.edges.gone.add("e1")
    status, refused = begins(seated)
    assert (status, refused["error"]["code"]) == (409, "edge_offline")
    assert desk_work(seated) == []


def test_what_the_edge_refused_is_told_when_the_id_comes_again(seated: Cloud) -> None:
    ident = begins(seated, id="m-1")[1]["command"]
    error = {"code": "unsupported", "text": "No hint."}
    seated.from_edge({"t": "result", "id": ident, "stage": "failed", "error": error})
    status, refused = begins(seated, id="m-1")
    assert (status, refused["error"]) == (409, error)
    assert desk_work(seated) == []


@pytest.mark.parametrize(
    "change",
    [
        {"agent": "a b"}, {"agent": None}, {"work": "w 1"}, {"channel": "x" * 33}, {"label": "x" * 201},
        {"ttl_s": 0}, {"ttl_s": 86401}, {"blocks": "voice"}, {"id": ""}, {"tenant": "other"}, {"channel": None},
    ],
    ids=str,
)  # fmt: skip
def test_an_order_that_does_not_fit_is_refused(seated: Cloud, change: Frame) -> None:
    status, refused = begins(seated, **change)
    assert (status, refused["error"]["code"]) == (400, "message_invalid")
    assert desk_work(seated) == []


def test_the_end_needs_an_agent_and_a_name(seated: Cloud) -> None:
    for path in ("/work/w-1", "/work/w%201?agent=anna", "/work/w-1?agent=a%20b", "/work/w-1?agent=anna&id=%20"):
        assert request(seated, "DELETE", path, who=MAILER)[0] == 400, path


@pytest.mark.parametrize("roles", [["agent"], ["supervisor"], ["agent", "supervisor"], ["no work"], []], ids=str)
def test_other_roles_begin_no_work_over_http(seated: Cloud, roles: list[str]) -> None:
    who = token(**{"cognito:groups": roles})
    assert begins(seated, who)[0] == 403
    assert request(seated, "POST", "/work/w-1:touch", {"agent": "anna"}, who=who)[0] == 403
    assert request(seated, "DELETE", "/work/w-1?agent=anna", who=who)[0] == 403


ELSEWHERE: list[tuple[str, str, Any]] = [
    ("POST", "/tickets", None), ("GET", "/me", None), ("GET", "/interactions/i-1", None), ("GET", "/calls", None),
    ("DELETE", "/interactions/i-1", None), ("POST", "/numbers:erase", {"number": "+4420"}), ("GET", "/audit", None),
    ("GET", "/mappings", None), ("PUT", "/mappings/anna", {"site": "hq", "station": "1001"}),
    ("DELETE", "/mappings/anna", None), ("POST", "/mappings:import", {"csv": ""}), ("GET", "/mappings/imports", None),
    ("GET", "/sites", None), ("PUT", "/sites/hq", {}), ("POST", "/sites/hq/enrolments", {}),
    ("GET", "/policies", None), ("PUT", "/policies", {}), ("POST", "/sites/hq/stations/1001/break-gate", None),
]  # fmt: skip


def test_a_back_ends_token_is_good_for_nothing_else(seated: Cloud) -> None:
    before = seated.rows()
    for method, path, body in ELSEWHERE:
        status, refused = request(seated, method, path, body, who=MAILER)
        assert (status, refused["error"]["code"]) == (403, "forbidden"), (method, path)
    assert seated.rows() == before
