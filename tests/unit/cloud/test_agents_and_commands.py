"""Log-on, log-off and commands, from page to edge and back."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import commands
from ringline_core.wire.codec import compact
from ringline_core.wire.edge import EdgeResult
from tests.support.cloud import SITE, TENANT, Cloud, call

Frame = dict[str, Any]


def ask(cloud: Cloud, verb: str, agent: str = "anna", socket: str = "p1", **more: Any) -> Frame | None:
    """A page's command; what is answered at once."""
    return cloud.from_page({"t": "command", "id": f"x-{verb}", "verb": verb, **more}, agent, socket)


def told(cloud: Cloud, stage: str, **more: Any) -> None:
    """The edge tells how far the newest command came."""
    command = cloud.edges.to("e1", "command")[-1]
    cloud.from_edge({"t": "result", "id": command["id"], "stage": stage, **more})


def seated(cloud: Cloud) -> str | None:
    """Who is logged on at 1001."""
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    return item.agent


def test_the_first_page_logs_the_phone_on_with_what_the_mapping_says(cloud: Cloud) -> None:
    cloud.edge_leads()
    welcome = cloud.logged_on()
    command = cloud.edges.to("e1", "command")[0]
    assert (command["verb"], command["station"], command["login"], command["queues"], command["name"]) == (
        "log_on", "1001", "1001", ["support"], "Anna",
    )  # fmt: skip
    assert (welcome["station"], welcome["desk"]["agent"], welcome["capabilities"]) == (
        "1001",
        "anna",
        ["place", "drop"],
    )
    assert welcome["doc"]["agent"]["state"] == "unknown"
    assert welcome["site"]["edge"] == "up"


def test_a_second_page_and_a_page_that_came_back_do_not_log_on_again(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "log_off")
    told(cloud, "confirmed")
    sent = len(cloud.edges.to("e1", "command"))
    cloud.page_opens(socket="p2", page="page-2")
    cloud.later(5)
    cloud.page_gone("p1")
    cloud.page_gone("p2")
    cloud.page_opens(socket="p3", page="page-2")
    assert len(cloud.edges.to("e1", "command")) == sent
    cloud.page_gone("p3")
    cloud.page_opens(socket="p4", page="page-new")
    assert len(cloud.edges.to("e1", "command")) == sent + 1


def test_a_page_whose_end_nobody_told_does_not_keep_the_next_one_from_logging_on(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.page_opens(socket="p-lost", page="page-0")
    cloud.pages.gone.add("p-lost")
    cloud.logged_on()
    assert cloud.edges.to("e1", "command")[-1]["verb"] == "log_on"
    assert cloud.deps.agents.get(TENANT, "anna")["sockets"] == {"p1"}


def test_a_page_whose_end_is_told_late_does_not_keep_its_successor_from_logging_on(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "log_off")
    told(cloud, "confirmed")
    cloud.page_opens(socket="p2", page="page-2")
    assert cloud.edges.to("e1", "command")[-1]["verb"] == "log_off"
    cloud.page_gone("p1")
    assert cloud.edges.to("e1", "command")[-1]["verb"] == "log_on"
    assert cloud.pages.to("p2", "station")[-1]["desk"]["agent"] == "anna"


def test_a_page_that_outlives_another_one_is_not_logged_on_much_later(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "log_off")
    told(cloud, "confirmed")
    cloud.page_opens(socket="p2", page="page-2")
    cloud.later(4)
    cloud.page_gone("p1")
    assert cloud.edges.to("e1", "command")[-1]["verb"] == "log_off"


def test_a_failed_automatic_log_on_frees_the_desk_and_comes_as_a_notice(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.mapped("anna", "1001")
    cloud.page_opens()
    told(cloud, "failed", error={"code": "rejected_by_pbx", "text": "No such queue."})
    (notice,) = cloud.pages.to("p1", "notice")
    assert (notice["code"], notice["text"]) == ("rejected_by_pbx", "No such queue.")
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert item.agent is None
    assert cloud.pages.to("p1", "station")[-1]["station"] is None


def test_without_an_edge_the_automatic_log_on_says_so_and_leaves_the_desk_free(cloud: Cloud) -> None:
    cloud.mapped("anna", "1001")
    welcome = cloud.page_opens()
    assert welcome["station"] is None
    assert cloud.pages.to("p1", "notice")[0]["code"] == "edge_offline"


@pytest.mark.parametrize(
    ("mapping", "asked", "code"),
    [
        (None, {}, "station_unknown"),
        ({}, {"station": "1009"}, "not_allowed"),
    ],
    ids=["no-mapping", "other-station-without-hot-desk"],
)
def test_a_log_on_that_is_not_allowed_says_why(cloud: Cloud, mapping: Frame | None, asked: Frame, code: str) -> None:
    cloud.edge_leads()
    if mapping is not None:
        cloud.mapped("anna", "1001", **mapping)
    answer = ask(cloud, "log_on", **asked)
    assert answer
    assert answer["error"]["code"] == code


def test_a_taken_station_is_refused_unless_it_is_taken_over_and_then_both_hear(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on("anna", "1001", "p1")
    cloud.mapped("ben", "1001")
    cloud.page_opens("ben", "p2", "page-ben")
    assert cloud.pages.to("p2", "notice")[0]["code"] == "station_taken"
    assert ask(cloud, "log_on", "ben", "p2", takeover=True) is None
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert (item.agent, item.sockets) == ("ben", frozenset({"p2"}))
    assert cloud.pages.to("p1", "station")[-1]["desk"] is None
    assert cloud.pages.to("p1", "notice")[-1]["code"] == "station_taken"
    (audited,) = cloud.deps.audits.newest(TENANT, 5)
    assert {name: audited[name] for name in ("action", "by_whom", "agent", "station")} == {
        "action": "takeover", "by_whom": "ben", "agent": "anna", "station": "1001",
    }  # fmt: skip
    assert "seat" not in cloud.deps.agents.get(TENANT, "anna")


def test_hot_desk_moves_the_agent_to_the_other_station(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.mapped("anna", "1001", hot_desk=True)
    assert ask(cloud, "log_on", station="1009") is None
    verbs = [(c["verb"], c["station"]) for c in cloud.edges.to("e1", "command")[1:]]
    assert verbs == [("log_off", "1001"), ("log_on", "1009")]
    old, new = (cloud.deps.stations.get(TENANT, SITE, each) for each in ("1001", "1009"))
    assert old
    assert new
    assert (old.agent, new.agent) == (None, "anna")


def test_log_off_is_refused_in_a_call_and_frees_the_desk_when_confirmed(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.state("1001", 1, calls=[call(leg="connected")])
    assert (ask(cloud, "log_off") or {})["error"]["code"] == "not_allowed"
    cloud.state("1001", 2)
    assert cloud.from_page({"t": "command", "id": "off", "verb": "log_off"}) is None
    told(cloud, "confirmed")
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert (item.agent, item.sockets) == (None, frozenset())
    assert cloud.pages.to("p1", "result")[-1] == {"t": "result", "id": "off", "stage": "confirmed"}


def test_a_log_off_whose_function_died_after_storing_it_is_finished_when_the_edge_tells_again(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "log_off")
    ident = cloud.edges.to("e1", "command")[-1]["id"]
    stored = {"t": "result", "id": "x-log_off", "stage": "confirmed"}
    cloud.deps.commands.advance(TENANT, SITE, ident, "confirmed", compact(stored))
    told(cloud, "confirmed")
    assert seated(cloud) is None


def test_a_log_off_that_is_told_late_does_not_end_the_next_log_on(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "log_off")
    off = cloud.edges.to("e1", "command")[-1]["id"]
    told(cloud, "confirmed")
    ask(cloud, "log_on")
    told(cloud, "confirmed")
    cloud.from_edge({"t": "result", "id": off, "stage": "confirmed"})
    assert seated(cloud) == "anna"


def test_a_command_reaches_the_edge_with_the_clouds_deadline_and_comes_back_in_stages(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    assert ask(cloud, "place", to="1002", ttl_ms=5000) is None
    command = cloud.edges.to("e1", "command")[-1]
    assert (command["verb"], command["station"], command["to"]) == ("place", "1001", "1002")
    assert command["deadline_at"] == "2027-01-15T08:00:05.000Z"
    assert "ttl_ms" not in command
    told(cloud, "sent")
    told(cloud, "confirmed")
    told(cloud, "sent")
    stages = [f["stage"] for f in cloud.pages.to("p1", "result") if f["id"] == "x-place"]
    assert stages == ["sent", "confirmed", "confirmed"]


def test_the_same_id_again_has_no_second_effect_and_gets_its_stored_stage(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "place", to="1002")
    told(cloud, "confirmed")
    sent = len(cloud.edges.to("e1", "command"))
    again = ask(cloud, "place", to="1002")
    assert again
    assert (again["id"], again["stage"]) == ("x-place", "confirmed")
    assert len(cloud.edges.to("e1", "command")) == sent


def test_a_page_that_asks_again_over_a_new_socket_is_told_there_what_follows(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    told(cloud, "confirmed")
    ask(cloud, "place", to="1002")
    sent = len(cloud.edges.to("e1", "command"))
    cloud.pages.gone.add("p1")
    cloud.page_opens(socket="p2", page="page-1")
    assert ask(cloud, "place", to="1002", socket="p2", ttl_ms=4000) is None
    told(cloud, "sent")
    again = ask(cloud, "place", to="1002", socket="p2")
    assert again
    assert again["stage"] == "sent"
    told(cloud, "confirmed")
    assert [each["stage"] for each in cloud.pages.to("p2", "result")] == ["sent", "confirmed"]
    assert len(cloud.edges.to("e1", "command")) == sent


def test_a_log_off_asked_again_by_who_has_left_is_confirmed(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    told(cloud, "confirmed")
    ask(cloud, "log_off")
    told(cloud, "confirmed")
    again = ask(cloud, "log_off", socket="p2")
    assert again
    assert (again["id"], again["stage"]) == ("x-log_off", "confirmed")


def test_a_log_on_asked_again_claims_no_desk_that_was_left_since(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    told(cloud, "confirmed")
    ask(cloud, "log_off")
    told(cloud, "confirmed")
    ask(cloud, "log_on")
    told(cloud, "failed", error={"code": "rejected_by_pbx", "text": "No."})
    again = ask(cloud, "log_on")
    assert again
    assert again["stage"] == "failed"
    item = cloud.deps.stations.get(TENANT, SITE, "1001")
    assert item
    assert item.agent is None


def test_two_agents_may_use_the_same_command_id(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on("anna", "1001", "p1")
    cloud.logged_on("ben", "1002", "p2")
    ask(cloud, "place", to="1003")
    ask(cloud, "place", "ben", "p2", to="1003")
    assert len({c["id"] for c in cloud.edges.to("e1", "command") if c["verb"] == "place"}) == 2


@pytest.mark.parametrize("how", ["never", "gone", "lease"])
def test_without_an_edge_a_command_fails_at_once(cloud: Cloud, how: str) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    match how:
        case "never":
            cloud.from_edge({"t": "release", "epoch": 1})
        case "gone":
            cloud.edges.gone.add("e1")
        case "lease":
            cloud.later(61)
    answer = ask(cloud, "place", to="1002")
    assert answer
    assert (answer["stage"], answer["error"]["code"]) == ("failed", "edge_offline")
    assert ask(cloud, "place", to="1002") == answer


def test_who_is_not_logged_on_or_names_another_station_commands_nothing(cloud: Cloud) -> None:
    cloud.edge_leads()
    assert (ask(cloud, "place", to="1002") or {})["error"]["code"] == "not_logged_on"
    cloud.logged_on()
    before = len(cloud.edges.to("e1", "command"))
    assert (ask(cloud, "drop", call="c-1", station="1002") or {})["error"]["code"] == "forbidden"
    assert (ask(cloud, "transfer", call="c-1") or {})["error"]["code"] == "message_invalid"
    assert len(cloud.edges.to("e1", "command")) == before


def test_another_sites_edge_cannot_answer_a_command(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    ask(cloud, "place", to="1002")
    command = cloud.edges.to("e1", "command")[-1]
    cloud.deps.sites.put(TENANT, "other", {})
    answer = {"t": "result", "id": command["id"], "stage": "confirmed", "frame": 1}
    commands.result(cloud.deps, EdgeIdentity(TENANT, "other", "edge-9"), EdgeResult.model_validate(answer))
    assert [f for f in cloud.pages.to("p1", "result") if f["id"] == "x-place"] == []
