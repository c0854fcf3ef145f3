"""`GET /calls`: who may see what, pages, bad questions, and who was called back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cloud import Cloud
from tests.support.records import NUMBER, at, leg, tell
from tests.unit.cloud.test_http import ADMIN, request, token

Frame = dict[str, Any]
ANNA, BEN = token(), token(sub="ben")
SUE = token(sub="sue", **{"cognito:groups": ["agent", "supervisor"]})
DAY = 86_400
LOST = [leg()]
LOST_IN_SALES = [leg(queue="sales")]


@pytest.fixture
def office(cloud: Cloud) -> Cloud:
    """Anna and Sue are one team, Ben another; Ben works for `sales`, the others for `support`."""
    cloud.edge_leads()
    cloud.logged_on()
    cloud.logged_on("ben", "1002", "p2")
    cloud.mapped("anna", "1001", team="red")
    cloud.mapped("ben", "1002", team="blue", queues=["sales"])
    cloud.mapped("sue", "1004", team="red")
    return cloud


def asks(cloud: Cloud, question: str, who: str = ADMIN) -> tuple[int, Frame]:
    """A question; status and answer."""
    return request(cloud, "GET", f"/calls{question}", who=who)


def found(cloud: Cloud, question: str, who: str = ADMIN) -> list[str]:
    """The calls of an answer."""
    status, answer = asks(cloud, question, who)
    assert status == 200, answer
    return [each["call"] for each in answer["items"]]


def busy_day(cloud: Cloud) -> None:
    """Five calls: Anna's, Ben's, one lost in each queue, and a direct one that Ben missed."""
    tell(cloud, "anna-1", offset=10)
    tell(cloud, "ben-2", offset=20, legs=[leg(queue="sales"), leg("1002", began=1, answered=5, queue="sales")])
    tell(cloud, "lost-3", offset=30, legs=LOST)
    tell(cloud, "lost-4", offset=40, legs=LOST_IN_SALES)
    missed = [leg(queue=None), leg("1002", began=1, queue=None, cause="no_answer")]
    tell(cloud, "missed-5", offset=50, legs=missed)


def test_a_supervisor_opens_the_interactions_that_they_list_and_no_others(office: Cloud) -> None:
    busy_day(office)
    interactions = {each["call"]: each["interaction"] for each in asks(office, "")[1]["items"]}
    opened = [
        each for each, of in interactions.items() if request(office, "GET", f"/interactions/{of}", who=SUE)[0] == 200
    ]
    assert opened == found(office, "", SUE) == ["lost-3", "anna-1"]


@pytest.mark.parametrize(
    ("who", "question", "calls"),
    [
        (ADMIN, "", "missed-5 lost-4 lost-3 ben-2 anna-1"),
        (ADMIN, "?agent=ben", "missed-5 ben-2"),
        (ADMIN, "?queue=sales", "lost-4 ben-2"),
        (ADMIN, "?outcome=abandoned", "lost-4 lost-3"),
        (ADMIN, "?outcome=abandoned&queue=sales", "lost-4"),
        (ADMIN, "?agent=ben&outcome=missed", "missed-5"),
        (ADMIN, f"?number={NUMBER}&outcome=answered", "ben-2 anna-1"),
        (ADMIN, "?number=%2B44%20(20)%207123-4567&agent=ben", "missed-5 ben-2"),
        (ADMIN, "?number=%2B15550100", ""),
        (ADMIN, f"?from={at(20)}&to={at(40)}", "lost-3 ben-2"),
        (ADMIN, f"?agent=ben&from={at(20)}&to={at(50)}", "ben-2"),
        (ADMIN, f"?number={NUMBER}&from={at(20)}&to={at(40)}", "lost-3 ben-2"),
        (ANNA, "", "anna-1"),
        (ANNA, "?agent=anna", "anna-1"),
        (ANNA, "?outcome=abandoned", "lost-3"),
        (ANNA, f"?number={NUMBER}", "anna-1"),
        (ANNA, "?queue=sales", ""),
        (BEN, "", "missed-5 ben-2"),
        (BEN, "?outcome=abandoned", "lost-4"),
        (BEN, "?outcome=missed", "missed-5"),
        (SUE, "", "lost-3 anna-1"),
        (SUE, "?agent=anna", "anna-1"),
        (SUE, f"?number={NUMBER}", "lost-3 anna-1"),
        (token(sub="lone", **{"cognito:groups": ["supervisor"]}), "", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_everybody_sees_what_is_theirs(office: Cloud, who: str, question: str, calls: str) -> None:
    busy_day(office)
    assert found(office, question, who) == calls.split()


@pytest.mark.parametrize(
    ("who", "question", "status", "code"),
    [
        (ANNA, "?agent=ben", 403, "forbidden"),
        (SUE, "?agent=ben", 403, "forbidden"),
        (SUE, "?agent=nobody", 403, "forbidden"),
        (token(**{"cognito:groups": ["visitor"]}), "", 403, "forbidden"),
        (None, "", 401, "not_authorized"),
        (ADMIN, "?number=call-me", 400, "message_invalid"),
        (ADMIN, "?number=%2B44x20", 400, "message_invalid"),
        (ADMIN, "?number=%20", 400, "message_invalid"),
        (ADMIN, "?limit=0", 400, "message_invalid"),
        (ADMIN, "?limit=101", 400, "message_invalid"),
        (ADMIN, "?outcome=lost", 400, "message_invalid"),
        (ADMIN, "?agent=a%20b", 400, "message_invalid"),
        (ADMIN, "?from=yesterday", 400, "message_invalid"),
        (ADMIN, "?from=2027-01-15T08:00:00", 400, "message_invalid"),
        (ADMIN, f"?from={at(60)}&to={at(0)}", 400, "message_invalid"),
        (ADMIN, f"?from={at(60)}&to={at(60)}", 400, "message_invalid"),
        (ADMIN, f"?from={at(-31 * DAY - 1)}", 400, "message_invalid"),
        (ADMIN, "?before=nonsense", 400, "message_invalid"),
        (ADMIN, "?before=WzEsMiwzLDRd", 400, "message_invalid"),
        (ADMIN, "?before=é", 400, "message_invalid"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "",
)
def test_bad_questions_are_refused_with_a_reason(
    office: Cloud, who: str | None, question: str, status: int, code: str
) -> None:
    got, refused = request(office, "GET", f"/calls{question}", who=who)
    assert (got, refused["error"]["code"]) == (status, code)
    assert refused["error"]["text"]


def test_a_refused_number_is_not_repeated_in_the_answer(office: Cloud) -> None:
    assert "442071234567" not in str(asks(office, "?number=x442071234567"))


@pytest.mark.parametrize("question", ["?", "?agent=anna&", f"?number={NUMBER}&", "?outcome=answered&"])
def test_pages_follow_each_other_without_a_gap_or_a_repetition(office: Cloud, question: str) -> None:
    for number in range(7):
        tell(office, f"c-{number}", offset=number * 9 * 3600)  # over three days
    office.later(3 * DAY)
    seen: list[str] = []
    cursor = ""
    for _ in range(5):
        _, answer = asks(office, f"{question}limit=3{cursor}")
        assert len(answer["items"]) <= 3
        seen += [each["call"] for each in answer["items"]]
        if answer["next"] is None:
            break
        tell(office, f"late-{len(seen)}", offset=3 * DAY - len(seen))  # newer than all that was read
        cursor = f"&before={answer['next']}"
    assert seen == [f"c-{number}" for number in reversed(range(7))]
    assert answer["next"] is None


def test_several_calls_of_one_interaction_are_paged_one_by_one(office: Cloud) -> None:
    for number in range(5):
        tell(office, f"c-{number}", offset=number, interaction="i-one")
    seen, cursor = [], ""
    for _ in range(5):
        _, answer = asks(office, f"?number={NUMBER}&limit=2{cursor}")
        seen += [each["call"] for each in answer["items"]]
        cursor = f"&before={answer['next']}"
        if answer["next"] is None:
            break
    assert seen == [f"c-{number}" for number in reversed(range(5))]


def test_a_cursor_of_another_question_or_tenant_is_refused(office: Cloud) -> None:
    busy_day(office)
    _, answer = asks(office, "?limit=1")
    assert asks(office, f"?limit=2&before={answer['next']}")[0] == 200
    for question in ("?agent=ben&", "?queue=sales&", "?outcome=missed&", f"?to={at(99)}&", f"?number={NUMBER}&"):
        status, refused = asks(office, f"{question}before={answer['next']}")
        assert (status, refused["error"]["code"]) == (400, "message_invalid"), question
    assert asks(office, f"?before={answer['next']}", BEN)[0] == 400


def test_a_rare_call_among_many_is_found_within_bounded_steps(office: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringline_cloud.services.calls.MOST_READ", 4)
    tell(office, "rare", offset=0, legs=LOST_IN_SALES)
    for number in range(10):
        tell(office, f"c-{number}", offset=10 + number)
    seen, cursor, steps = [], "", 0
    while cursor is not None:
        steps += 1
        _, answer = asks(office, "?queue=sales" + (f"&before={cursor}" if cursor else ""))
        seen += [each["call"] for each in answer["items"]]
        cursor = answer["next"]
    assert (seen, steps) == (["rare"], 3)


def test_lists_longer_than_one_read_are_read_on(office: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringline_cloud.services.calls._READ_AT_ONCE", 3)
    for number in range(10):
        tell(office, f"c-{number}", offset=number)
    assert len(found(office, "")) == 10
    assert len(found(office, "?agent=anna")) == 10


def back(cloud: Cloud, answered: bool, offset: float, **more: Any) -> None:
    """Anna calls the number."""
    far = leg(began=1, answered=5 if answered else None, queue=None, origin=False)
    own = leg("1001", answered=5 if answered else None, queue=None, origin=True)
    tell(cloud, "back", offset=offset, legs=[own, far], direction="outbound", **more)


CALLED_BACK = {"call": "back", "agent": "anna", "at": at(300)}


def returned_of(cloud: Cloud, question: str = "?outcome=abandoned") -> list[Frame | None]:
    """`returned` of the items of an answer."""
    return [each["returned"] for each in asks(cloud, question)[1]["items"]]


def test_who_was_called_back_and_answered_is_returned(office: Cloud) -> None:
    tell(office, "lost", legs=LOST)
    assert returned_of(office) == [None]
    back(office, answered=True, offset=300)
    assert returned_of(office) == [CALLED_BACK]


def test_a_call_back_that_goes_on_with_the_interaction_of_the_missed_one_is_returned_too(office: Cloud) -> None:
    tell(office, "lost", legs=LOST)
    back(office, answered=True, offset=300, interaction="i-lost")
    assert returned_of(office) == [CALLED_BACK]


def test_who_came_through_later_is_returned_and_says_to_whom(office: Cloud) -> None:
    tell(office, "lost", legs=LOST)
    tell(office, "again", offset=100, legs=LOST)
    tell(office, "served", offset=200)
    assert returned_of(office) == [{"call": "served", "agent": "anna", "at": at(200)}] * 2


def test_what_is_no_return(office: Cloud) -> None:
    tell(office, "served", offset=-100)
    tell(office, "lost", legs=LOST)
    back(office, answered=False, offset=300)
    other = {"number": "+15550100", "name": None, "presentation": "allowed"}
    tell(office, "somebody", offset=400, remote=other)
    assert returned_of(office) == [None]


def test_a_withheld_number_is_never_returned(office: Cloud) -> None:
    hidden = {"number": None, "name": None, "presentation": "restricted"}
    tell(office, "lost", legs=LOST, remote=hidden)
    tell(office, "served", offset=100, remote=hidden)
    assert returned_of(office) == [None]


def test_what_returned_costs_is_bounded(office: Cloud) -> None:
    tell(office, "lost", legs=LOST)
    for number in range(10):
        tell(office, f"again-{number}", offset=10 + number, legs=LOST)
    office.client.requests.clear()
    _, answer = asks(office, f"?outcome=abandoned&to={at(5)}")
    assert [each["call"] for each in answer["items"]] == ["lost"]
    days = 8
    assert office.client.requests == ["query"] * (days + 1 + 4 + 1)


def places(cloud: Cloud, interaction: str, who: str = "anna", socket: str = "p1") -> str:
    """The agent calls back, naming the interaction; `sent on`, or the code of the refusal."""
    said = {"t": "command", "id": f"back-{interaction}", "verb": "place", "to": NUMBER, "interaction": interaction}
    answer = cloud.from_page(said, who, socket)
    if answer is None:
        assert cloud.edges.to("e1", "command")[-1]["interaction"] == interaction
        return "sent on"
    return str(answer["error"]["code"])


def test_a_call_back_continues_only_what_is_the_agents_or_was_lost_in_a_queue_of_theirs(office: Cloud) -> None:
    busy_day(office)
    office.deps.interactions.begin_erasure("demo", "i-gone", "2027", 1)
    whats = ("i-anna-1", "i-ben-2", "i-lost-3", "i-lost-4", "i-missed-5", "i-gone", "i-nothing")
    assert [places(office, each) for each in whats] == [
        "sent on", "forbidden", "sent on", "forbidden", "forbidden", "forbidden", "forbidden",
    ]  # fmt: skip
    assert places(office, "i-missed-5", "ben", "p2") == "sent on"
