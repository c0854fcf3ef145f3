"""Call records: what the edge notes of a call that is over, and what a record comes to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ringline_core.domain.facts import Ended, Joined, Left, Leg, LegRole, Party
from ringline_core.domain.model import StationModel
from ringline_core.domain.station import Placed
from ringline_core.domain.summary import Summary, summary
from ringline_core.ids import call_id
from ringline_core.wire.codes import Cause, LegState, Presentation, Verb
from ringline_core.wire.record import RecordedCall

BEGAN = 1_800_000_000_000
CUSTOMER = Party("+442071234567", "Mary Hill", Presentation.ALLOWED)
CALLER = Leg(
    "l1", "k", "TRUNK/1", LegState.QUEUED, BEGAN, origin=True, outside=True, own=CUSTOMER, dialed="5000",
    queue="support", queued_at_ms=BEGAN + 2_000,
)  # fmt: skip
PHONE = Leg("l2", "k", "SIM/1001", LegState.ALERTING, BEGAN + 5_000, station="1001", own=Party("1001"), queue="support")


def at(known: Leg, /, **changes: Any) -> Leg:
    """A leg later; times count from the call's beginning, in seconds."""
    return replace(
        known, **{name: BEGAN + value * 1000 if name.endswith("_ms") else value for name, value in changes.items()}
    )


def over(
    leg: Leg, after_s: int, left: Left = Left.CLEARED, cause: Cause = Cause.NORMAL, peer: str | None = None
) -> Leg:
    """`leg` at its end."""
    return replace(leg, ended=Ended(BEGAN + after_s * 1000, left, cause, peer=peer))


def recorded(*facts: Leg | Joined) -> list[tuple[dict[str, Any], Summary]]:
    """The records that come of facts, and what they come to."""
    model = StationModel("hq")
    drafts = [draft for fact in facts for draft in model.apply(fact).records]
    return [(draft.record, summary(RecordedCall.model_validate(draft.record))) for draft in drafts]


def talking(leg: Leg, after_s: int) -> Leg:
    """`leg` connected."""
    return at(leg, state=LegState.CONNECTED, answered_at_ms=after_s)


def test_an_answered_call_says_who_took_it_and_how_long_all_took() -> None:
    phone, caller = talking(PHONE, 8), talking(CALLER, 8)
    held = at(phone, state=LegState.HOLD, held_at_ms=20)
    resumed = at(phone, changed_at_ms=25)
    again = at(resumed, state=LegState.HOLD, held_at_ms=30)
    ((record, told),) = recorded(
        CALLER, PHONE, phone, caller, held, resumed, again, over(again, 40), over(caller, 40)
    )  # fmt: skip
    assert (told.direction, told.queue, told.outcome, told.number, told.name) == (
        "inbound", "support", "answered", "+442071234567", "Mary Hill",
    )  # fmt: skip
    assert (told.stations, told.answered_by) == (("1001",), ("1001",))
    assert (told.wait_s, told.ring_s, told.talk_s, told.hold_s) == (6.0, 3.0, 17.0, 15.0)
    assert record["legs"][1]["held_s"] == 15.0


def test_a_hold_whose_end_nobody_tells_is_not_made_up() -> None:
    phone, caller = talking(PHONE, 8), talking(CALLER, 8)
    held = at(phone, state=LegState.HOLD, held_at_ms=20)
    ((record, told),) = recorded(CALLER, PHONE, phone, caller, held, phone, over(phone, 40), over(caller, 40))
    assert (record["legs"][1]["held_s"], told.hold_s, told.talk_s) == (None, None, 32.0)


DIRECT, RINGS = replace(CALLER, queue=None, queued_at_ms=None), replace(PHONE, queue=None)


@pytest.mark.parametrize(
    ("facts", "outcome", "wait_s"),
    [
        ((CALLER, over(CALLER, 30, cause=Cause.ABANDONED)), "abandoned", 28.0),
        ((CALLER, PHONE, over(PHONE, 20, cause=Cause.NO_ANSWER), over(CALLER, 30)), "abandoned", 28.0),
        (
            (DIRECT, RINGS, over(RINGS, 20, cause=Cause.NO_ANSWER), over(DIRECT, 20)),
            "missed",
            20.0,
        ),
    ],
    ids=["in the queue", "after ringing", "direct"],
)  # fmt: skip
def test_a_call_that_nobody_took_is_missed_or_by_queue_abandoned(
    facts: tuple[Leg, ...], outcome: str, wait_s: float
) -> None:
    ((_, told),) = recorded(*facts)
    assert (told.outcome, told.answered_by, told.talk_s, told.wait_s) == (outcome, (), 0.0, wait_s)


OWN = Leg(
    "l1", "k", "SIM/1001", LegState.INITIATED, BEGAN, station="1001", origin=True, own=Party("1001"),
    dialed="+4930123456",
)  # fmt: skip
FAR = Leg("l2", "k", "TRUNK/1", LegState.ALERTING, BEGAN + 1_000, outside=True, own=Party("+4930123456"))
MATE = Leg("l2", "k", "SIM/1002", LegState.ALERTING, BEGAN + 1_000, station="1002", own=Party("1002"))
INSIDE = at(OWN, dialed="1002")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            (OWN, FAR, talking(FAR, 4), talking(OWN, 4), over(talking(FAR, 4), 9), over(talking(OWN, 4), 9)),
            ("outbound", "answered", "+4930123456", ("1001",), 5.0),
        ),
        ((OWN, FAR, over(FAR, 9), over(OWN, 9, cause=Cause.NO_ANSWER)), ("outbound", "failed", "+4930123456", (), 0.0)),
        ((OWN, over(OWN, 1, cause=Cause.BUSY)), ("outbound", "failed", "+4930123456", (), 0.0)),
        (
            (
                INSIDE,
                MATE,
                talking(MATE, 3),
                talking(INSIDE, 3),
                over(talking(MATE, 3), 7),
                over(talking(INSIDE, 3), 7),
            ),
            ("internal", "answered", "1002", ("1002",), 4.0),
        ),
        ((INSIDE, MATE, over(MATE, 9), over(INSIDE, 9)), ("internal", "missed", "1002", (), 0.0)),
        ((INSIDE, over(INSIDE, 1, cause=Cause.BUSY)), ("internal", "failed", "1002", (), 0.0)),
    ],
    ids=["out", "out, no answer", "out, busy", "colleague", "colleague away", "colleague busy"],
)
def test_own_calls_are_answered_by_the_far_end_or_fail(facts: tuple[Leg, ...], said: tuple[Any, ...]) -> None:
    ((_, told),) = recorded(*facts)
    assert (told.direction, told.outcome, told.number, told.answered_by, told.talk_s) == said


def test_a_transfer_is_a_link_of_the_chain_and_both_who_talked_answered() -> None:
    phone, caller = talking(PHONE, 8), talking(CALLER, 8)
    mate = at(PHONE, leg="l3", device="SIM/1002", station="1002", started_at_ms=20, transferred_by="1001")
    ((_, told),) = recorded(
        CALLER, PHONE, phone, caller, over(phone, 20, Left.TRANSFERRED, peer="1002"),
        mate, talking(mate, 25), over(talking(mate, 25), 35), over(caller, 35),
    )  # fmt: skip
    assert told.answered_by == ("1001", "1002")
    assert [(each.by, each.to) for each in told.transfers] == [("1001", "1002")]
    assert (told.talk_s, told.ring_s) == (22.0, 8.0)


def test_a_consultation_names_the_call_it_was_about_and_the_customer() -> None:
    phone, caller = talking(PHONE, 8), talking(CALLER, 8)
    ask = at(OWN, leg="l5", call="k2", dialed="1002", consult_of="k", started_at_ms=15)
    mate = at(MATE, leg="l6", call="k2", started_at_ms=16)
    facts: list[Leg | Joined] = [CALLER, PHONE, phone, caller, ask, mate, talking(mate, 18), talking(ask, 18)]
    facts += [Joined("k", "k2", BEGAN + 19_000, "transfer"), over(ask, 20, Left.TRANSFERRED, peer="1002")]
    facts += [over(phone, 20, Left.TRANSFERRED, peer="1002"), over(talking(mate, 18), 30), over(caller, 30)]
    (customer, told), (consult, asked) = recorded(*facts)
    assert (customer["interaction"], customer["was"]) == (consult["interaction"], consult["was"])
    assert (told.consult_of, asked.consult_of) == (None, call_id("hq", "k"))
    assert (asked.direction, asked.number, asked.answered_by) == ("internal", "+442071234567", ("1002",))


def test_a_withheld_number_is_in_no_summary() -> None:
    caller = replace(CALLER, own=replace(CUSTOMER, presentation=Presentation.RESTRICTED))
    ((record, told),) = recorded(caller, over(caller, 9, cause=Cause.ABANDONED))
    assert (record["remote"]["presentation"], told.number, told.name) == ("restricted", None, None)


def test_what_turned_out_to_be_no_party_is_in_no_record() -> None:
    phone, caller = talking(PHONE, 8), talking(CALLER, 8)
    spy = at(PHONE, leg="l9", device="SIM/1003", station="1003", state=LegState.CONNECTED)
    hidden = replace(spy, role=LegRole.MONITOR)
    ((_, told),) = recorded(CALLER, PHONE, phone, caller, spy, hidden, over(hidden, 9), over(phone, 9), over(caller, 9))
    assert told.stations == ("1001",)


def test_a_record_of_an_older_edge_is_read_by_what_it_has() -> None:
    legs = [
        {"number": "+4930", "outside": True, "started_at": "2027-01-15T08:00:00.000Z", "queue": "support"},
        {
            "station": "1001", "started_at": "2027-01-15T08:00:02.000Z", "answered_at": "2027-01-15T08:00:05.000Z",
            "ended_at": "2027-01-15T08:00:09.000Z", "left": "cleared", "more": 1,
        },
    ]  # fmt: skip
    told = summary(RecordedCall.model_validate({"interaction": "i-1", "was": [], "legs": legs}))
    assert (told.direction, told.outcome, told.number, told.wait_s, told.hold_s) == (
        "inbound", "answered", "+4930", 5.0, None,
    )  # fmt: skip


CONTINUES = Placed("+49 30 123456", "i-branch-missed-1")


def place(model: StationModel, **changes: Any) -> None:
    """The page's `place` is carried out, and its call appears."""
    model.expect(Verb.PLACE, "1001", None, placed=CONTINUES)
    model.apply(at(OWN, **changes))


@pytest.mark.parametrize(
    ("changes", "interaction"),
    [
        ({}, "i-branch-missed-1"),
        ({"dialed": None}, "i-branch-missed-1"),
        ({"dialed": "4930123456"}, "i-branch-missed-1"),
        ({"dialed": "1002"}, "i-hq-k"),
        ({"origin": False}, "i-hq-k"),
    ],
    ids=str,
)
def test_a_call_back_continues_the_interaction_that_the_command_names(
    changes: dict[str, Any], interaction: str
) -> None:
    model = StationModel("hq")
    place(model, **changes)
    (shown,) = model.document("1001")["calls"]
    assert (shown["interaction"], shown["was"]) == (interaction, [])
    assert model.document("1001")["recent"][-1]["interaction"] == interaction
    assert [each.interaction for each in model.calls_seen("1001")] == [interaction]
    (draft,) = model.apply(over(at(OWN, **changes), 9)).records
    assert draft.record["interaction"] == interaction


def test_only_the_call_that_was_asked_for_continues_it() -> None:
    model = StationModel("hq")
    place(model)
    model.apply(at(OWN, leg="l7", call="k7"))
    assert [each["interaction"] for each in model.document("1001")["calls"]] == ["i-branch-missed-1", "i-hq-k7"]
    model.apply(over(OWN, 9))
    model.apply(at(OWN, leg="l8", call="k"))
    assert {each["interaction"] for each in model.document("1001")["calls"]} == {"i-hq-k", "i-hq-k7"}


def test_a_place_of_which_nothing_came_names_no_later_call() -> None:
    model = StationModel("hq")
    model.expect(Verb.PLACE, "1001", None, placed=CONTINUES)
    model.unexpect("1001")
    model.apply(OWN)
    assert [each["interaction"] for each in model.document("1001")["calls"]] == ["i-hq-k"]


def test_what_merges_into_a_continued_interaction_keeps_its_old_id() -> None:
    model = StationModel("hq")
    place(model)
    for fact in (FAR, talking(FAR, 4), talking(OWN, 4), at(INSIDE, leg="l5", call="k2", started_at_ms=15)):
        model.apply(fact)
    model.apply(Joined("k", "k2", BEGAN + 19_000, "transfer"))
    calls = model.document("1001")["calls"]
    assert {each["interaction"] for each in calls} == {"i-branch-missed-1"}
    assert [each["was"] for each in calls] == [["i-hq-k2"], ["i-hq-k2"]]
