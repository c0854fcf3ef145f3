"""Boards: who may look, what each team sees of a frame, and when the edge need not make one any more."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from ringline_cloud.services.states import States
from ringline_cloud.store.watches import Team
from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.edge import WatchOrder
from ringline_core.wire.page import BoardFrame, Watching
from tests.support.cloud import SITE, TENANT, Cloud, Frame

WATCH = {"t": "watch", "on": True}


def station(number: str, agent: str | None, state: str = "ready") -> Frame:
    return {"station": number, "agent": agent, "name": (agent or "").title(), "in_service": True, "state": state}


STATIONS = [station("1001", "anna"), station("1002", "ben"), station("1003", None, "logged_off")]
QUEUES = [{"queue": "support", "waiting": 2}, {"queue": "sales", "waiting": 1}]


class Raced:
    """A DynamoDB client between whose writes something else happens."""

    def __init__(self, client: Any, update_item: Any) -> None:
        self.client, self.update_item = client, update_item

    def __getattr__(self, name: str) -> Any:
        return getattr(self.client, name)


@pytest.fixture
def floor(cloud: Cloud) -> Cloud:
    """Anna and supervisor Sue of team Blue (support), Ben and supervisor Rob of Red (sales), admin Adam; an edge."""
    teams = {"anna": "Blue", "sue": "Blue", "ben": "Red", "rob": "Red"}
    for number, (agent, team) in enumerate(teams.items(), 1):
        cloud.mapped(agent, f"100{number}", team=team, queues=["support" if team == "Blue" else "sales"])
    cloud.roles |= {"sue": "agent supervisor", "rob": "supervisor", "adam": "admin"}
    cloud.edge_leads()
    return cloud


def looks(cloud: Cloud, agent: str, socket: str | None = None) -> Frame:
    """The agent opens a page that looks; the answer."""
    socket = socket or f"{agent}-1"
    cloud.page_opens(agent, socket, f"page-{socket}", only_looks=True)
    return watches(cloud, agent, socket)


def watches(cloud: Cloud, agent: str, socket: str | None = None, *, on: bool = True) -> Frame:
    answer = cloud.from_page({**WATCH, "on": on}, agent, socket or f"{agent}-1")
    assert answer is not None
    return answer


def tells(cloud: Cloud, epoch: int = 1, **content: Any) -> Frame:
    """The edge tells a board; the ack."""
    board = {"t": "board", "epoch": epoch, "whole": True, "at": ms_to_rfc3339(cloud.now_ms)}
    answer = cloud.from_edge({**board, "stations": STATIONS, "queues": QUEUES, **content})
    assert answer is not None
    return answer


def boards(cloud: Cloud, socket: str) -> list[Frame]:
    """Boards that a page was told."""
    found = cloud.pages.to(socket, "board")
    assert all(isinstance(codec.decode_to_page(codec.compact(each)), BoardFrame) for each in found)
    return found


def seen(cloud: Cloud, socket: str) -> tuple[list[str], list[str]]:
    """Stations and queues of the newest board of a page."""
    newest = boards(cloud, socket)[-1]
    return [each["station"] for each in newest["stations"]], [each["queue"] for each in newest["queues"]]


def orders(cloud: Cloud, socket: str = "e1") -> list[tuple[float, bool]]:
    """What the edge was told: for how many seconds somebody looks, and whether the board begins anew."""
    found = [codec.decode_to_edge(codec.compact(each)) for each in cloud.edges.to(socket, "watch")]
    return [
        (each.until_at.timestamp() - cloud.now_ms / 1000, each.whole) for each in found if isinstance(each, WatchOrder)
    ]


def test_a_supervisor_sees_the_own_team_and_its_queues_an_admin_everything(floor: Cloud) -> None:
    answers = [looks(floor, agent) for agent in ("sue", "rob", "adam")]
    assert all(isinstance(codec.decode_to_page(codec.compact(each)), Watching) for each in answers)
    assert [[site["id"] for site in each["sites"]] for each in answers] == [[SITE]] * 3
    assert answers[0]["sites"][0]["edge"] == "up"
    floor.client.requests.clear()
    assert tells(floor) == {"t": "ack", "frame": 2, "epoch": 1, "rejected": [], "code": None}
    assert floor.client.requests == ["get_item"], "one read for any number of watchers"
    assert seen(floor, "sue-1") == (["1001"], ["support"])
    assert seen(floor, "rob-1") == (["1002"], ["sales"])
    assert seen(floor, "adam-1") == (["1001", "1002", "1003"], ["support", "sales"])
    assert boards(floor, "sue-1")[0]["site"] == SITE


def test_who_leaves_a_station_is_taken_off_where_they_were_seen(floor: Cloud) -> None:
    for agent in ("sue", "rob", "adam"):
        looks(floor, agent)
    left = [{"station": "1001", "agent": "anna"}, {"station": "1009", "agent": None}]
    tells(floor, whole=False, stations=[station("1001", "ben")], left=left, closed=["sales"], queues=[])
    assert {socket: boards(floor, socket)[0]["gone"] for socket in ("sue-1", "rob-1", "adam-1")} == {
        "sue-1": ["1001"], "rob-1": [], "adam-1": ["1009"],
    }  # fmt: skip
    assert [boards(floor, socket)[0]["closed"] for socket in ("sue-1", "rob-1")] == [[], ["sales"]]
    assert [seen(floor, socket)[0] for socket in ("sue-1", "rob-1")] == [[], ["1001"]]


@pytest.mark.parametrize(
    ("agent", "roles", "team"),
    [("anna", "agent", "Blue"), ("tom", "supervisor", ""), ("tom", "supervisor", None)],
    ids=["an agent", "no team", "no mapping"],
)
def test_who_may_not_look_is_told_so(floor: Cloud, agent: str, roles: str, team: str | None) -> None:
    floor.roles[agent] = roles
    if team is not None:
        floor.mapped(agent, "1001", team=team)
    assert looks(floor, agent)["code"] == "forbidden"
    assert orders(floor) == []
    tells(floor)
    assert boards(floor, f"{agent}-1") == []


def test_a_page_says_hello_before_it_looks(floor: Cloud) -> None:
    assert watches(floor, "sue", "nobody")["code"] == "message_invalid"


def test_another_tenants_admin_sees_none_of_it(floor: Cloud) -> None:
    hello = {"t": "hello", "v": 1, "page": "p", "client": "test", "only_looks": True}
    floor.from_page(hello, "adam", "x1", tenant="other")
    answer = floor.from_page(WATCH, "adam", "x1", tenant="other")
    assert answer is not None
    assert answer["sites"] == []
    floor.deps.sites.put("other", SITE, {"name": "Theirs", "tz": "UTC"})
    answer = floor.from_page(WATCH, "adam", "x1", tenant="other")
    assert [site["id"] for site in (answer or {})["sites"]] == [SITE]
    tells(floor)
    assert (boards(floor, "x1"), orders(floor)) == ([], [(0, False)]), "our edge heard that nobody of ours looks"


def test_the_edge_hears_who_looks_and_for_how_long(floor: Cloud) -> None:
    looks(floor, "sue")
    assert orders(floor) == [(90, True)]
    floor.later(45)
    floor.client.requests.clear()
    watches(floor, "sue")
    assert orders(floor)[-1] == (90, False)
    assert "query" not in floor.client.requests, "the team is known still"
    looks(floor, "adam")
    assert orders(floor)[-1] == (90, True)
    watches(floor, "adam", on=False)
    assert len(orders(floor)) == 3
    assert watches(floor, "sue", on=False)["sites"] == []
    assert orders(floor)[-1] == (0, False)
    tells(floor)
    assert boards(floor, "sue-1") == []
    assert watches(floor, "sue")["sites"] != [], "looking again works"


def test_a_team_is_looked_up_again_after_some_minutes(floor: Cloud) -> None:
    looks(floor, "sue")
    floor.mapped("ben", "1002", team="Blue")
    for _ in range(7):
        floor.later(45)
        watches(floor, "sue")
    tells(floor)
    assert seen(floor, "sue-1")[0] == ["1001", "1002"]


def test_sites_are_those_where_the_team_sits(floor: Cloud) -> None:
    for site in ("lab", "east"):
        floor.deps.sites.put(TENANT, site, {"name": site, "tz": "UTC"})
    floor.mapped("ann", "1001", site="lab", team="Blue")
    floor.deps.agents.sit(TENANT, "anna", "east", "1001")
    assert [site["id"] for site in looks(floor, "sue")["sites"]] == ["east", SITE, "lab"]
    assert [site["id"] for site in looks(floor, "rob")["sites"]] == [SITE]
    assert [(site["id"], site["edge"]) for site in looks(floor, "adam")["sites"]] == [
        ("east", "down"), (SITE, "up"), ("lab", "down"),
    ]  # fmt: skip


def test_a_watch_that_nobody_prolongs_ends(floor: Cloud) -> None:
    looks(floor, "sue")
    floor.later(60)
    looks(floor, "adam")
    floor.later(31)
    tells(floor)
    assert (boards(floor, "sue-1"), len(boards(floor, "adam-1"))) == ([], 1)
    assert set(floor.deps.watches.get(TENANT, SITE).watchers) == {"adam-1"}
    assert floor.deps.watches.get(TENANT, SITE).teams == {}
    floor.later(60)
    floor.from_edge({"t": "beat", "epoch": 1, "pbx": "up"})
    tells(floor)
    assert (len(boards(floor, "adam-1")), orders(floor)[-1]) == (1, (0, False))


def test_a_socket_that_is_gone_looks_no_more(floor: Cloud) -> None:
    looks(floor, "sue")
    looks(floor, "sue", "sue-2")
    floor.pages.gone.add("sue-1")
    tells(floor)
    assert set(floor.deps.watches.get(TENANT, SITE).watchers) == {"sue-2"}
    assert len(orders(floor)) == 2
    floor.page_gone("sue-2", "sue")
    assert floor.deps.watches.get(TENANT, SITE).watchers == {}
    assert orders(floor)[-1] == (0, False)


def test_a_page_that_begins_while_the_last_of_its_team_goes_keeps_its_team(floor: Cloud) -> None:
    looks(floor, "sue")
    floor.page_opens("sue", "sue-2", "page-sue-2", only_looks=True)
    update, raced = floor.client.client.update_item, False

    def racing(**arguments: Any) -> Any:
        nonlocal raced
        answer = update(**arguments)
        if "REMOVE" in arguments["UpdateExpression"] and not raced:
            raced = True
            sight = floor.deps.watches.get(TENANT, SITE)
            team = Team(frozenset({"anna"}), frozenset({"support"}))
            floor.deps.watches.begin(TENANT, SITE, "sue-2", "Blue", team, sight.epoch, floor.now_ms + 90_000)
        return answer

    floor.client.client = Raced(floor.client.client, racing)
    floor.client.one_at_a_time = threading.RLock()  # type: ignore[assignment]  # it is all one thread
    watches(floor, "sue", on=False)
    assert raced
    assert floor.deps.watches.get(TENANT, SITE).teams.keys() == {"Blue"}
    tells(floor)
    assert seen(floor, "sue-2") == (["1001"], ["support"])


def test_a_new_leader_is_told_and_the_old_one_is_fenced(floor: Cloud) -> None:
    looks(floor, "sue")
    floor.edge_leads(session="s2", socket="e2")
    assert orders(floor, "e2") == [(90, True)]
    floor.states = States(floor.deps)  # another environment, which has seen no hello
    assert tells(floor, epoch=1)["code"] == "fenced"
    assert boards(floor, "sue-1") == []
    assert tells(floor, epoch=2)["code"] is None
    assert len(boards(floor, "sue-1")) == 1


def test_a_standby_that_takes_over_by_its_beat_is_told(floor: Cloud) -> None:
    looks(floor, "sue")
    floor.edge_leads("edge-2", "t1", "e2")
    assert orders(floor, "e2") == []
    floor.later(61)
    floor.from_edge({"t": "beat", "epoch": 1, "pbx": "up"}, "edge-2", "e2")
    assert orders(floor, "e2") == [(29, True)]


def test_an_edge_whose_board_nobody_sees_is_told_nothing_at_its_hello(floor: Cloud) -> None:
    floor.edge_leads(session="s2", socket="e2")
    looks(floor, "sue")
    floor.later(91)
    floor.edge_leads(session="s3", socket="e3")
    assert (orders(floor, "e3"), floor.edges.to("e3", "watch")) == ([], [])


def test_a_page_that_only_looks_is_none_of_its_agents_pages(floor: Cloud) -> None:
    looks(floor, "sue")
    assert floor.edges.to("e1", "command") == []
    floor.page_opens("sue", "sue-2", "page-2")
    (command,) = floor.edges.to("e1", "command")
    assert (command["verb"], command["station"]) == ("log_on", "1002"), "the first page of hers logs the phone on"
    item = floor.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert item.sockets == {"sue-2"}
    floor.page_gone("sue-2", "sue")
    item = floor.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert item.desk["pages"] == 0, "who only looks keeps nobody present"
    looks(floor, "sue", "sue-3")
    item = floor.deps.stations.get(TENANT, SITE, "1002")
    assert item is not None
    assert item.sockets == frozenset()
