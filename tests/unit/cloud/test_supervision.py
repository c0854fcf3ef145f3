"""Supervisors and policies: who may do what to whose station, what the agent hears, and what is kept of it."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_cloud.services import decisions, posts
from ringline_core.wire import codec
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import Desks
from ringline_core.wire.page import Notice
from tests.support.cloud import NOW_MS, SITE, TENANT, Cloud, Frame, call
from tests.unit.cloud.test_http import ADMIN, request, token
from tests.unit.cloud.test_notes import desk, in_a_call, puts
from tests.unit.cloud.test_wrap_up import ends, entry, owed

SUE = token(sub="sue", name="Sue Day", **{"cognito:groups": ["supervisor"]})
HERE = f"/sites/{SITE}/stations/1001"
ROUTES = [("break-gate", None), ("set-state", {"state": "not_ready", "reason": "training"}), ("log-off", None)]


@pytest.fixture
def gated(cloud: Cloud) -> Cloud:
    """Anna of team Blue, whose supervisor is Sue, in wrap-up of one call."""
    in_a_call(cloud)
    cloud.mapped("anna", "1001", team="Blue")
    cloud.mapped("sue", "1900", team="Blue")
    ends(cloud, 2, entry())
    cloud.pages.posted.clear()
    return cloud


def does(cloud: Cloud, route: str, body: Any = None, who: str | None = SUE, at: str = HERE) -> tuple[int, Frame]:
    return request(cloud, "POST", f"{at}/{route}", body, who=who)


def audits(cloud: Cloud) -> list[Frame]:
    """All that was audited, newest first."""
    found: list[Frame] = request(cloud, "GET", "/audit")[1]["items"]
    return found


def notices(cloud: Cloud) -> list[tuple[str, str]]:
    """What Anna's first page was told."""
    found = cloud.pages.to("p1", "notice")
    assert all(isinstance(codec.decode_to_page(codec.compact(each)), Notice) for each in found)
    return [(each["code"], each["text"]) for each in found]


def test_a_broken_gate_is_open_at_the_edge_and_the_note_is_owed(gated: Cloud) -> None:
    puts(gated, 0, "begun")
    status, answer = does(gated, "break-gate")
    assert (status, len(answer["command"])) == (202, 32)
    item = desk(gated)
    assert (item.desk["decided"], [each["interaction"] for each in item.desk["owed"]]) == (["i-c-1"], ["i-c-1"])
    assert (owed(gated), decisions.is_gated(item)) == (["i-c-1"], False)
    assert gated.edges.to("e1", "desks")[-1]["items"][0]["decided"] == ["i-c-1"]
    assert notices(gated) == [("supervisor_break_gate", "Sue Day has let your wrap-up go; the note is still wanted.")]
    puts(gated, 1, "finished after all", draft=False)
    assert (owed(gated), desk(gated).desk["owed"]) == ([], [])


def test_a_gate_is_broken_once_and_without_an_edge_too(gated: Cloud) -> None:
    gated.edges.gone.add("e1")
    assert does(gated, "break-gate")[0] == 202
    rev = desk(gated).rev
    gated.later(1)
    assert does(gated, "break-gate")[0] == 202
    assert (desk(gated).rev, owed(gated)) == (rev, ["i-c-1"])
    assert [each["interactions"] for each in audits(gated)] == [[], ["i-c-1"]]


def test_a_supervisors_state_goes_to_the_edge_in_their_name(gated: Cloud) -> None:
    status, answer = does(gated, "set-state", {"state": "not_ready", "reason": "training"})
    command = gated.edges.to("e1", "command")[-1]
    decoded = codec.decode_to_edge(codec.compact(command))
    assert isinstance(decoded, EdgeCommand)
    assert (status, answer["command"]) == (202, decoded.id)
    assert (decoded.verb, decoded.station, decoded.state, decoded.reason, decoded.by) == (
        "set_state", "1001", "not_ready", "training", "supervisor",
    )  # fmt: skip
    assert notices(gated) == [("supervisor_set_state", "Sue Day has set you to not ready.")]


def test_a_supervisors_log_off_is_forced_and_frees_the_desk_when_the_pbx_has_done_it(gated: Cloud) -> None:
    gated.state("1001", 3, calls=[call("c-2", leg="connected")])
    ends(gated, 4, entry(), calls=(call("c-2", leg="connected"),))
    assert does(gated, "log-off")[0] == 202
    command = gated.edges.to("e1", "command")[-1]
    assert (command["verb"], command["force"], command["by"]) == ("log_off", True, "supervisor")
    gated.from_edge({"t": "result", "id": command["id"], "stage": "confirmed"})
    assert (desk(gated).agent, owed(gated)) == (None, ["i-c-1"])
    assert notices(gated) == [("supervisor_log_off", "Sue Day is logging you off.")]


@pytest.mark.parametrize(("route", "body"), ROUTES)
def test_only_the_teams_supervisor_and_admins_may(gated: Cloud, route: str, body: Any) -> None:
    supervisor = {"cognito:groups": ["supervisor"]}
    gated.mapped("red", "1901", team="Red")
    gated.mapped("none", "1902")
    for who in (token(), token(sub="red", **supervisor), token(sub="none", **supervisor), token(sub="x", **supervisor)):
        status, refused = does(gated, route, body, who)
        assert (status, refused["error"]["code"]) == (403, "forbidden")
    assert does(gated, route, body, None)[0] == 401
    assert (audits(gated), notices(gated), owed(gated)) == ([], [], [])
    assert does(gated, route, body, ADMIN)[0] == 202


def test_agents_without_a_team_are_nobodys_but_the_admins(gated: Cloud) -> None:
    gated.mapped("anna", "1001")
    gated.mapped("sue", "1900")
    assert does(gated, "break-gate")[0] == 403
    assert does(gated, "break-gate", who=ADMIN)[0] == 202


@pytest.mark.parametrize(("route", "body"), ROUTES)
@pytest.mark.parametrize("at", [f"/sites/{SITE}/stations/1777", "/sites/other/stations/1001"])
def test_where_nobody_is_logged_on_there_is_nothing_to_do(gated: Cloud, route: str, body: Any, at: str) -> None:
    status, refused = does(gated, route, body, ADMIN, at)
    assert (status, refused["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(("route", "body"), ROUTES[1:])
def test_without_an_edge_a_command_is_refused_and_nobody_is_told(gated: Cloud, route: str, body: Any) -> None:
    gated.edges.gone.add("e1")
    status, refused = does(gated, route, body)
    assert (status, refused["error"]["code"]) == (409, "edge_offline")
    assert (audits(gated), notices(gated), desk(gated).agent) == ([], [], "anna")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"state": "busy"}, {"state": "ready", "reason": "x" * 65}, {"state": "ready", "surprise": 1},
        {"state": "not_ready", "reason": "ringline:wrap_up"}, "not json",
    ],
    ids=str,
)  # fmt: skip
def test_a_state_that_does_not_fit_is_refused(gated: Cloud, body: Any) -> None:
    status, refused = does(gated, "set-state", body)
    assert (status, refused["error"]["code"]) == (400, "message_invalid")
    assert audits(gated) == []


def test_every_deed_is_listed_for_admins_newest_first_and_paged(gated: Cloud) -> None:
    ids = []
    for route, body in ROUTES:
        gated.later(1)
        ids.append(does(gated, route, body)[1]["command"])
    status, first = request(gated, "GET", "/audit?limit=2")
    assert status == 200
    listed = [(each["action"], each["command"]) for each in first["items"]]
    assert listed == [("log_off", ids[2]), ("set_state", ids[1])]
    deed = {"by": "sue", "action": "set_state", "site": SITE, "station": "1001", "agent": "anna", "command": ids[1]}
    more = {"state": "not_ready", "reason": "training", "interactions": []}
    assert first["items"][1] == {"at": "2027-01-15T08:00:02.000Z", **deed, **more}
    _, rest = request(gated, "GET", f"/audit?limit=2&before={first['next']}")
    assert ([each["action"] for each in rest["items"]], rest["next"]) == (["break_gate"], None)
    for who in (SUE, token()):
        assert request(gated, "GET", "/audit", who=who)[0] == 403
    assert request(gated, "GET", "/audit?limit=0")[0] == 400


def test_an_audit_entry_is_kept_for_400_days(gated: Cloud) -> None:
    does(gated, "break-gate")
    (kept,) = gated.deps.audits.newest(TENANT, 10)
    assert kept["ttl"] == NOW_MS // 1000 + 400 * 86_400


def test_a_new_policy_reaches_the_edge_and_the_pages_of_all_who_are_logged_on(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "b1")
    cloud.mapped("away", "1003")
    before = {station: desk(cloud, station).rev for station in ("1001", "1002")}
    cloud.edges.posted.clear()
    policy = {"gate": "note", "dispositions": ["sold"], "queues": {"sales": {"dispositions": []}}}
    assert request(cloud, "PUT", "/policies", policy) == (200, policy)
    (told,) = cloud.edges.to("e1", "desks")
    decoded = codec.decode_to_edge(codec.compact(told))
    assert isinstance(decoded, Desks)
    assert {each.station: each.rev for each in decoded.items} == {name: rev + 1 for name, rev in before.items()}
    assert [each["policy"] for each in told["items"]] == [policy, policy]
    for socket, station in (("p1", "1001"), ("b1", "1002")):
        assert cloud.pages.to(socket, "station")[-1]["rev"] == before[station] + 1


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"dispositions": [""]}, "message_invalid"),
        ({"dispositions": ["x" * 65]}, "message_invalid"),
        ({"dispositions": ["x"] * 51}, "message_invalid"),
        ({"queues": {"sales": {"dispositions": "sold"}}}, "message_invalid"),
        ({"queues": {"sales": {"surprise": 1}}}, "message_invalid"),
        ({"queues": {f"q{index}": {"dispositions": ["x" * 60] * 50} for index in range(6)}}, "too_large"),
    ],
    ids=["empty", "long", "many", "no-list", "unknown-key", "too-large"],
)
def test_a_policy_that_does_not_fit_changes_nothing(cloud: Cloud, policy: Frame, code: str) -> None:
    status, refused = request(cloud, "PUT", "/policies", policy)
    assert (status, refused["error"]["code"], cloud.deps.sites.policy(TENANT)) == (400, code, {})


def test_desks_are_cut_into_frames_that_a_socket_takes() -> None:
    desks = [{"station": str(index), "policy": {"text": "x" * 10_000}} for index in range(7)]
    frames = posts.in_frames(desks)
    assert [desk for chunk in frames for desk in chunk] == desks
    assert [len(chunk) for chunk in frames] == [2, 2, 2, 1]
    assert posts.in_frames([]) == [[]]
