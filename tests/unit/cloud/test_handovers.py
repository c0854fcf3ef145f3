"""Hand-overs: what goes along with a call is there when it rings at the next one, and nowhere else."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.cloud import Cloud, call

Frame = dict[str, Any]
DATA = {"order": "4711"}
_numbers = itertools.count(1)


@pytest.fixture
def talking(cloud: Cloud) -> Cloud:
    """Anna and Ben are logged on, and Anna speaks with a customer."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "p2")
    cloud.state("1001", 1, calls=[call(leg="connected")], rang=["c-1"])
    return cloud


def passes_on(cloud: Cloud, verb: str = "transfer", to: str = "1002", **more: Any) -> Frame | None:
    """Anna passes the call on; what is answered at once."""
    ident = f"x-{next(_numbers)}"
    return cloud.from_page({"t": "command", "id": ident, "verb": verb, "call": "c-1", "to": to, **more})


def seen_by_ben(cloud: Cloud, seq: int = 2, **more: Any) -> Frame:
    """The call rings at Ben's phone; his page's context."""
    cloud.state("1002", seq, calls=[call("c-2", interaction="i-c-1", **more)], rang=["c-2"])
    return cloud.pages.to("p2", "context")[-1]


@pytest.mark.parametrize(("verb", "kind"), [("transfer", "cold"), ("consult", "hot")])
def test_s13_the_colleague_sees_who_passed_it_on_the_note_and_the_data_while_it_rings(
    talking: Cloud, verb: str, kind: str
) -> None:
    put = {"t": "note.put", "id": "n1", "interaction": "i-c-1", "base": 0, "text": "Wants " * 200, "fields": {}}
    talking.from_page({**put, "draft": True})
    assert passes_on(talking, verb, data=DATA) is None
    context = seen_by_ben(talking, data={"line": 2})
    handover = context["handover"]
    assert (handover["from"], handover["kind"]) == ({"agent": "anna", "station": "1001"}, kind)
    assert (handover["note"], handover["data"]) == (("Wants " * 200)[:500], DATA)
    assert context["data"] == {"order": "4711", "line": 2}


def test_the_note_that_comes_with_the_command_is_the_one_handed_over(talking: Cloud) -> None:
    passes_on(talking, note="He is angry.")
    assert seen_by_ben(talking)["handover"]["note"] == "He is angry."


def test_a_call_that_nobody_passed_on_has_no_hand_over(talking: Cloud) -> None:
    assert seen_by_ben(talking)["handover"] is None


def test_nobody_is_shown_their_own_hand_over_when_the_call_comes_back(talking: Cloud) -> None:
    passes_on(talking, data=DATA)
    talking.state("1001", 2, calls=[call("c-3", interaction="i-c-1")], rang=["c-3"])
    context = talking.pages.to("p1", "context")[-1]
    assert (context["interaction"], context["handover"], context["data"]) == ("i-c-1", None, {})


def test_a_transfer_that_the_pbx_refused_takes_its_hand_over_back_and_a_later_one_stays(talking: Cloud) -> None:
    passes_on(talking, note="first")
    first = talking.edges.to("e1", "command")[-1]["id"]
    refused = {"t": "result", "stage": "failed", "error": {"code": "rejected_by_pbx", "text": "no"}}
    talking.from_edge({**refused, "id": first})
    assert seen_by_ben(talking)["handover"] is None
    passes_on(talking, note="second")
    second = talking.edges.to("e1", "command")[-1]["id"]
    passes_on(talking, note="third")
    talking.from_edge({**refused, "id": second})
    assert seen_by_ben(talking, 3, leg="connected")["handover"]["note"] == "third"


def test_a_transfer_to_the_own_phone_is_refused_before_the_edge_hears_of_it(talking: Cloud) -> None:
    sent = len(talking.edges.to("e1", "command"))
    answer = passes_on(talking, to="1001")
    assert answer is not None
    assert (answer["stage"], answer["error"]["code"]) == ("failed", "not_allowed")
    assert len(talking.edges.to("e1", "command")) == sent


def test_a_call_of_somebody_else_hands_nothing_over(talking: Cloud) -> None:
    talking.from_page(
        {"t": "command", "id": "x-ben", "verb": "transfer", "call": "c-1", "to": "1003", "note": "mine"}, "ben", "p2"
    )
    assert seen_by_ben(talking)["handover"] is None
