"""One story at two sites: who sat where, and whose number it is filed under."""

from __future__ import annotations

import json

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import numbers, records
from ringline_cloud.store.interactions import Ring
from ringline_core.wire.edge import CallRecord
from tests.support.cloud import TENANT, Cloud, call
from tests.support.records import NUMBER, record, tell
from tests.unit.cloud.test_handovers import talking

__all__ = ["talking"]
LYON = EdgeIdentity(TENANT, "lyon", "edge-l")
TRUNK = {"number": "+33140000000", "presentation": "allowed"}
EXPERT = {"number": "+442079460123", "presentation": "allowed"}


def took(cloud: Cloud, interaction: str = "i-c-1") -> list[tuple[list[str], list[str]]]:
    """Agents, and who answered, of each listed call of the interaction."""
    rows = (json.loads(each["row_json"]) for each in cloud.deps.calls.of_interaction(TENANT, interaction))
    return [(row["agents"], row["answered_by"]) for row in rows]


def filed(cloud: Cloud, number: str) -> list[tuple[str, str | None]]:
    """Interactions under a number, with the beginning of their note."""
    digest = numbers.digest(cloud.deps.settings.pepper, TENANT, number)
    rows = cloud.deps.interactions.history(TENANT, digest, 5) or []
    return [(row["interaction"], row.get("beginning")) for row in rows]


def test_a_call_at_the_other_sites_phone_of_the_same_number_is_not_this_agents(talking: Cloud) -> None:
    body = {"call": "c-lyon-1", "version": 1, "record": record("c-lyon-1", interaction="i-c-1")}
    records.take(talking.deps, LYON, CallRecord.model_validate(body))
    assert took(talking) == [([], [])]


def test_who_left_before_their_call_was_over_is_named_although_the_other_site_has_such_a_phone(talking: Cloud) -> None:
    ring = Ring("2027-01-15T08:00:00.000Z", 2_000_000_000, "ben", place=("lyon", "1001"))
    talking.deps.interactions.ring(TENANT, "i-c-1", ring)
    talking.from_page({"t": "command", "id": "off", "verb": "log_off"})
    command = talking.edges.to("e1", "command")[-1]
    talking.from_edge({"t": "result", "id": command["id"], "stage": "confirmed"})
    tell(talking, "c-1", interaction="i-c-1")
    assert took(talking) == [(["anna"], ["anna"])]


def test_a_story_stays_the_customers_whatever_number_the_other_sites_trunk_shows(talking: Cloud) -> None:
    talking.state("1002", 2, calls=[call("c-3", interaction="i-c-1", remote=TRUNK)], rang=["c-3"])
    note = {"t": "note.put", "id": "n1", "interaction": "i-c-1", "base": 0, "text": "Order 4711", "fields": {}}
    talking.from_page({**note, "draft": False})
    assert filed(talking, NUMBER) == [("i-c-1", "Order 4711")]
    assert filed(talking, TRUNK["number"]) == []
    tell(talking, "c-3", interaction="i-c-1", remote={**TRUNK, "name": None})
    assert filed(talking, TRUNK["number"]) == []


def test_whom_a_consultation_asks_outside_gets_none_of_the_customers_story(talking: Cloud) -> None:
    asked = call("c-4", interaction="i-c-1", leg="connected", direction="outbound", remote=EXPERT, consult_of="c-1")
    talking.state("1001", 2, calls=[call(leg="hold"), asked], rang=["c-4"])
    assert filed(talking, EXPERT["number"]) == []


def test_a_customer_who_is_called_back_at_another_number_is_found_by_both(talking: Cloud) -> None:
    back = call("c-5", interaction="i-c-1", leg="connected", direction="outbound", remote=EXPERT, queue=None)
    talking.state("1001", 2, calls=[back], rang=["c-5"])
    assert [each for each, _ in filed(talking, EXPERT["number"])] == ["i-c-1"]
    assert [each for each, _ in filed(talking, NUMBER)] == ["i-c-1"]
