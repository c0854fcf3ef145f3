"""Which edge leads: the table of the contract's section 6."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_cloud.config import from_environment
from ringline_cloud.services import linkage
from ringline_core.errors import StoreThrottledError
from tests.support.cloud import SITE, TENANT, Cloud, document


def role(frame: dict[str, object]) -> tuple[object, object]:
    """Role and epoch of a welcome or beat."""
    return frame["role"], frame["epoch"]


def beat(cloud: Cloud, epoch: int, edge: str = "edge-1", socket: str = "e1") -> tuple[object, object]:
    """An edge's beat; role and epoch of the answer."""
    answer = cloud.from_edge({"t": "beat", "epoch": epoch, "pbx": "up"}, edge, socket)
    assert answer
    return role(answer)


def test_the_first_edge_leads_and_keeps_its_epoch_over_a_new_socket(cloud: Cloud) -> None:
    assert role(cloud.edge_leads()) == ("active", 1)
    assert role(cloud.edge_leads(socket="e2")) == ("active", 1)
    assert cloud.deps.leases.get(TENANT, SITE).socket == "e2"


def test_the_owner_with_a_new_session_gets_the_next_epoch_at_once(cloud: Cloud) -> None:
    cloud.edge_leads()
    assert role(cloud.edge_leads(session="s2")) == ("active", 2)


def test_another_edge_stands_by_until_the_lease_is_over(cloud: Cloud) -> None:
    cloud.edge_leads()
    assert role(cloud.edge_leads("edge-2", "t1", "e2")) == ("standby", 1)
    assert beat(cloud, 1, "edge-2", "e2") == ("standby", 1)
    cloud.later(61)
    assert beat(cloud, 1, "edge-2", "e2") == ("active", 2)
    assert beat(cloud, 1) == ("standby", 2)


def test_a_standby_is_told_when_the_lead_is_free(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.edge_leads("edge-2", "t1", "e2")
    leads = cloud.from_edge({"t": "beat", "epoch": 1, "pbx": "up"})
    assert leads is not None
    assert "free_in_ms" not in leads
    cloud.later(20)
    waits = cloud.from_edge({"t": "beat", "epoch": 1, "pbx": "up"}, "edge-2", "e2")
    assert waits is not None
    assert waits["free_in_ms"] == 40_001
    cloud.later(40)
    assert beat(cloud, 1, "edge-2", "e2") == ("standby", 1)
    cloud.later(0.001)
    assert beat(cloud, 1, "edge-2", "e2") == ("active", 2)


@pytest.mark.parametrize(("beat", "lease", "lasts"), [("3", "8", 8), ("25", "8", 50), ("25", "60", 60)])
def test_a_lease_lasts_for_two_beats_at_least(beat: str, lease: str, lasts: float) -> None:
    given = {"TABLE": "t", "EDGE_API": "e/v1", "PAGE_API": "p/v1", "EDGE_AUDIENCE": "a", "AWS_REGION": "eu-west-1"}
    assert from_environment({**given, "EDGE_BEAT_S": beat, "EDGE_LEASE_S": lease}).lease_s == lasts


def test_another_edge_leads_at_once_after_a_release(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.edge_leads("edge-2", "t1", "e2")
    cloud.from_edge({"t": "release", "epoch": 1})
    assert beat(cloud, 1, "edge-2", "e2") == ("active", 2)


def test_a_beat_prolongs_the_lease(cloud: Cloud) -> None:
    cloud.edge_leads()
    for _ in range(4):
        cloud.later(50)
        assert beat(cloud, 1) == ("active", 1)
    assert role(cloud.edge_leads("edge-2", "t1", "e2")) == ("standby", 1)


def test_the_end_of_an_old_socket_does_not_forget_the_new_one(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.edge_leads(socket="e2")
    cloud.edge_gone("e1")
    assert cloud.deps.leases.get(TENANT, SITE).socket == "e2"
    cloud.edge_gone("e2")
    assert cloud.deps.leases.get(TENANT, SITE).socket is None


def test_hello_brings_all_desks_in_numbered_parts(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    for number in range(1010, 1040):
        cloud.state(str(number), 1)
    cloud.edges.posted.clear()
    cloud.edge_leads(session="s2", socket="e2")
    frames = cloud.edges.to("e2", "desks")
    assert [(f["part"], f["parts"]) for f in frames] == [(1, 2), (2, 2)]
    desks = {item["station"]: item for frame in frames for item in frame["items"]}
    assert len(desks) == 31
    assert (desks["1001"]["agent"], desks["1001"]["pages"], desks["1010"]["agent"]) == ("anna", 1, None)


def test_a_beat_that_holds_an_old_desk_is_sent_the_new_one(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    cloud.edges.posted.clear()
    held = [{"station": "1001", "rev": 0}]
    cloud.from_edge({"t": "beat", "epoch": 1, "pbx": "up", "held": held})
    (frame,) = cloud.edges.to("e1", "desks")
    held = [{"station": "1001", "rev": frame["items"][0]["rev"]}]
    cloud.from_edge({"t": "beat", "epoch": 1, "pbx": "up", "held": held})
    assert len(cloud.edges.to("e1", "desks")) == 1


def test_a_hello_under_another_edges_name_is_refused(cloud: Cloud) -> None:
    hello = {"t": "hello", "v": 1, "edge": "edge-2", "session": "s", "software": "x", "pbx": {"kind": "x"}}
    assert (cloud.from_edge(hello, "edge-1") or {})["code"] == "forbidden"
    assert cloud.deps.leases.get(TENANT, SITE).holder is None


def test_an_edge_that_takes_the_lead_by_a_beat_is_told_all_desks_and_what_they_owe(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.logged_on()
    entries = [
        {"interaction": ident, "call": "c-1", "since_at": "2026-03-01T10:00:00.000Z", "needs": ["note"], "ask": ask}
        for ident, ask in (("i-1", None), ("i-2", "owe"))
    ]
    doc = {**document("1001"), "wrap_up": entries}
    cloud.from_edge({"t": "state", "epoch": 1, "stations": [{"station": "1001", "seq": 1, "doc": doc}]})
    cloud.edge_leads("edge-2", "t1", "e2")
    assert cloud.edges.to("e2", "desks") == []
    cloud.from_edge({"t": "release", "epoch": 1})
    assert beat(cloud, 1, "edge-2", "e2") == ("active", 2)
    (frame,) = cloud.edges.to("e2", "desks")
    (desk,) = frame["items"]
    assert (desk["station"], desk["agent"], [each["interaction"] for each in desk["wrap_up"]]) == (
        "1001",
        "anna",
        ["i-1"],
    )
    assert beat(cloud, 2, "edge-2", "e2") == ("active", 2)
    assert len(cloud.edges.to("e2", "desks")) == 1


def test_all_edges_of_a_tenant_get_one_secret_for_keys_between_sites(cloud: Cloud) -> None:
    first, second = cloud.edge_leads(), cloud.edge_leads("edge-2", "t1", "e2")
    assert first["linkage_secret"] == second["linkage_secret"] == linkage.secret("pepper", TENANT)
    assert len(first["linkage_secret"]) == 64


def test_tenants_and_deployments_have_secrets_of_their_own_and_none_without_a_pepper() -> None:
    secrets = {linkage.secret(pepper, tenant) for pepper in ("a", "b") for tenant in ("acme", "bolt")}
    assert len(secrets) == 4
    assert linkage.secret("", "acme") is None


def test_an_edge_of_a_large_site_gets_all_its_desks_by_few_requests(cloud: Cloud) -> None:
    cloud.edge_leads()
    stations = [f"{number:04}" for number in range(1, 231)]
    for seq, station in enumerate(stations, 1):
        cloud.state(station, seq)
    cloud.client.requests.clear()
    before = len(cloud.edges.to("e2", "desks"))
    cloud.edge_leads(session="s2", socket="e2")
    told = [item["station"] for frame in cloud.edges.to("e2", "desks")[before:] for item in frame["items"]]
    assert told == stations
    assert cloud.client.requests.count("batch_get_item") == 3
    assert len(cloud.client.requests) < 20


def test_an_answer_in_part_is_asked_on_while_it_shrinks(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.edge_leads()
    for seq, station in enumerate(("1001", "1002", "1003"), 1):
        cloud.state(station, seq)
    whole, asked = cloud.client.client.batch_get_item, []

    def one_at_a_time(*, RequestItems: dict[str, Any]) -> dict[str, Any]:
        ((table, request),) = RequestItems.items()
        asked.append(len(request["Keys"]))
        first, rest = request["Keys"][:1], request["Keys"][1:]
        left = {table: {**request, "Keys": rest}} if rest else {}
        return {**whole(RequestItems={table: {**request, "Keys": first}}), "UnprocessedKeys": left}

    monkeypatch.setattr(cloud.client, "batch_get_item", one_at_a_time, raising=False)
    assert [each.station for each in cloud.deps.stations.of_site(TENANT, SITE)] == ["1001", "1002", "1003"]
    assert asked == [3, 2, 1]


def test_a_table_that_tells_no_more_is_a_throttle_and_never_a_smaller_site(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.edge_leads()
    cloud.state("1001", 1)

    def nothing(*, RequestItems: dict[str, Any]) -> dict[str, Any]:
        return {"Responses": {}, "UnprocessedKeys": RequestItems}

    monkeypatch.setattr(cloud.client, "batch_get_item", nothing, raising=False)
    with pytest.raises(StoreThrottledError):
        cloud.deps.stations.of_site(TENANT, SITE)


def test_a_lead_whose_taking_was_not_told_is_told_by_the_next_beat(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.edge_leads("edge-2", "t1", "e2")
    cloud.state("1001", 1)
    cloud.later(61)
    cloud.client.dies_in = 5
    refused = cloud.from_edge({"t": "beat", "epoch": 1, "pbx": "up"}, "edge-2", "e2")
    assert refused
    assert (refused["t"], refused["code"]) == ("ack", "internal")
    cloud.client.dies_in = None
    assert cloud.deps.leases.get(TENANT, SITE).holder == "edge-2"
    assert beat(cloud, 1, "edge-2", "e2") == ("active", 2)
    assert [item["station"] for item in cloud.edges.to("e2", "desks")[-1]["items"]] == ["1001"]


def test_an_older_process_of_the_same_edge_does_not_take_its_lead_back(cloud: Cloud) -> None:
    cloud.edge_leads()
    cloud.edge_leads(session="s2", socket="e2")
    assert beat(cloud, 1) == ("standby", 2)
    assert beat(cloud, 2, socket="e2") == ("active", 2)
