"""The directory of colleagues: whom it lists, in which order, and what it knows of them."""

from __future__ import annotations

import pytest

from tests.support.cloud import SITE, TENANT, Cloud, Frame, call, document
from tests.unit.cloud.test_http import request, token

SINCE = "2027-01-15T08:00:00.000Z"


@pytest.fixture
def team(cloud: Cloud) -> Cloud:
    """Anna asks; Ben and Cleo are logged on, Dora is not, Zoe works at another site."""
    cloud.edge_leads()
    cloud.mapped("anna", "1001")
    for user, station in (("ben", "1002"), ("cleo", "1003")):
        cloud.logged_on(user, station, f"{user}-1")
        cloud.mapped(user, station, name=f"{user.title()} Ode", team="Blue")
    cloud.mapped("dora", "1004", name="")
    cloud.mapped("zoe", "2001", site="lab", name="Abe Zoe")
    agent = {"login": "1002", "state": "busy", "since_at": SINCE}
    tells(cloud, "1002", 1, {**document("1002", [call(leg="connected")]), "agent": agent})
    tells(cloud, "1003", 1, document("1003", [call()], "ready"))
    return cloud


def tells(cloud: Cloud, station: str, seq: int, doc: Frame) -> None:
    cloud.from_edge({"t": "state", "epoch": 1, "stations": [{"station": station, "seq": seq, "doc": doc}]})


def listed(cloud: Cloud, query: str = "", **claims: object) -> list[Frame]:
    status, answer = request(cloud, "GET", f"/colleagues{query}", who=token(**claims))
    assert status == 200, answer
    assert set(answer) == {"items"}
    items: list[Frame] = answer["items"]
    return items


def agents(cloud: Cloud, query: str = "") -> list[str]:
    return [each["agent"] for each in listed(cloud, query)]


def test_colleagues_come_with_place_team_and_presence(team: Cloud) -> None:
    ben, cleo, dora, zoe = listed(team)
    assert ben == {
        "agent": "ben", "name": "Ben Ode", "station": "1002", "site": SITE, "team": "Blue", "state": "busy",
        "since_at": SINCE, "on_call": True,
    }  # fmt: skip
    assert (cleo["state"], cleo["on_call"]) == ("ready", False), "a phone that only rings is on no call"
    assert (dora["name"], dora["state"], dora["since_at"], dora["on_call"]) == ("dora", "logged_off", None, False)
    assert (zoe["site"], zoe["station"], zoe["state"]) == ("lab", "2001", "logged_off")


def test_the_own_site_comes_first_then_names_in_order(team: Cloud) -> None:
    assert agents(team) == ["ben", "cleo", "dora", "zoe"]
    team.mapped("anna", "2002", site="lab")
    assert agents(team) == ["zoe", "ben", "cleo", "dora"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("ODE", ["ben", "cleo"]),
        ("dor", ["dora"]),
        ("100", ["ben", "cleo", "dora"]),
        ("%20abe%20", ["zoe"]),
        ("nobody", []),
        ("anna", []),
    ],
)
def test_a_name_user_or_station_is_found_by_a_part_of_it(team: Cloud, q: str, found: list[str]) -> None:
    assert agents(team, f"?q={q}") == found


def test_no_more_are_read_than_asked_for(team: Cloud) -> None:
    team.client.requests.clear()
    assert agents(team, "?limit=2") == ["ben", "cleo"]
    assert sorted(team.client.requests) == ["get_item", "get_item", "query"]


@pytest.mark.parametrize("query", ["?limit=0", "?limit=51", "?limit=x", f"?q={'x' * 121}"])
def test_a_question_that_does_not_fit_is_refused(team: Cloud, query: str) -> None:
    status, answer = request(team, "GET", f"/colleagues{query}", who=token())
    assert (status, answer["error"]["code"]) == (400, "message_invalid")


def test_who_sits_elsewhere_is_shown_there_and_a_borrowed_phone_says_nothing_of_its_owner(team: Cloud) -> None:
    team.mapped("eve", "1002", name="Eve")
    team.deps.agents.sit(TENANT, "dora", SITE, "1009")
    shown = {each["agent"]: each for each in listed(team)}
    assert (shown["eve"]["state"], shown["eve"]["on_call"]) == ("logged_off", False)
    assert (shown["dora"]["station"], shown["dora"]["state"]) == ("1009", "logged_off")


def test_a_phone_that_is_used_without_a_log_on_is_on_a_call(team: Cloud) -> None:
    tells(team, "1004", 1, document("1004", [call(leg="hold")], "logged_off"))
    assert [(each["state"], each["on_call"]) for each in listed(team, "?q=dora")] == [("logged_off", True)]


def test_only_the_own_tenants_users_with_a_role_may_ask(team: Cloud) -> None:
    assert request(team, "GET", "/colleagues", who=None)[0] == 401
    assert request(team, "GET", "/colleagues", who=token(**{"cognito:groups": []}))[0] == 403
    team.deps.agents.map("other", "spy", {"site": SITE, "station": "1002", "name": "Spy"})
    assert "spy" not in agents(team)
