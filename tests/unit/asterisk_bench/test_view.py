"""What the bench reads out of the PBX's own listings."""

from __future__ import annotations

import pytest

from infra.pbx.asterisk.ami import Fields, parse
from infra.pbx.asterisk.view import Channel, Member, Waiting, channel, queue, waiting_state


def member(interface: str, status: str = "1", **fields: str) -> Fields:
    plain = {"Event": "QueueMember", "Queue": "support", "Paused": "0", "InCall": "0"}
    return {**plain, "Location": interface, "Status": status, **fields}


def entry(position: str, channel: str, number: str, waited: str) -> Fields:
    place = {"Event": "QueueEntry", "Queue": "support", "Position": position}
    return {**place, "Channel": channel, "CallerIDNum": number, "Wait": waited}


PARAMS: Fields = {"Event": "QueueParams", "Queue": "support", "Calls": "2"}
QUEUE_STATUS: list[Fields] = [
    PARAMS,
    member("PJSIP/1002", Paused="1", PausedReason="lunch"),
    member("Local/1001@agents/n"),
    member("PJSIP/1003", "2", InCall="1"),
    member("PJSIP/1009", Queue="sales"),
    entry("2", "PJSIP/trunk-2", "+2", "3"),
    entry("1", "PJSIP/trunk-1", "+1", "9"),
]


def test_a_queue_lists_its_own_members_and_its_callers_by_turn() -> None:
    listing = queue("support", QUEUE_STATUS)
    assert listing is not None
    assert listing.members == (
        Member("1001", "Local/1001@agents/n", False, "", True, False),
        Member("1002", "PJSIP/1002", True, "lunch", False, False),
        Member("1003", "PJSIP/1003", False, "", False, True),
    )
    assert listing.waiting == (Waiting("PJSIP/trunk-1", "+1", 9), Waiting("PJSIP/trunk-2", "+2", 3))


def test_a_queue_that_the_pbx_does_not_know_is_none() -> None:
    assert queue("nope", QUEUE_STATUS) is None


@pytest.mark.parametrize(("status", "available"), [("0", True), ("1", True), ("2", False), ("5", False), ("6", False)])
def test_only_a_free_phone_is_available(status: str, available: bool) -> None:
    listing = queue("support", [PARAMS, member("PJSIP/1001", status)])
    assert listing is not None
    assert listing.members[0].available is available


def leg(name: str, *, bridge: str = "", state: str = "Up", application: str = "", caller: str = "") -> Channel:
    return Channel(name, caller, "L1", bridge, state, application)


@pytest.mark.parametrize(
    ("mine", "others", "holding", "state"),
    [
        (leg("T", application="Queue"), [], frozenset(), "queued"),
        (leg("T", application="Queue"), [leg("A", state="Ringing")], frozenset(), "ringing"),
        (leg("T", application="Dial"), [leg("A", state="Down")], frozenset(), "dialing"),
        (leg("T", bridge="b"), [leg("A", bridge="b")], frozenset(), "talking"),
        (leg("T", bridge="b"), [leg("A", bridge="b")], frozenset({"A"}), "held"),
        (leg("T", bridge="b"), [leg("A", bridge="b"), leg("Z", bridge="z")], frozenset({"Z"}), "talking"),
        (leg("T", bridge="b"), [leg("A", bridge="other")], frozenset(), "held"),
        (leg("T", application="MusicOnHold"), [], frozenset(), "held"),
    ],
)
def test_what_a_caller_hears_follows_from_the_channels(
    mine: Channel, others: list[Channel], holding: frozenset[str], state: str
) -> None:
    assert waiting_state(mine, [mine, *others], holding) == state


def test_a_channel_knows_the_benchs_own_caller() -> None:
    event = parse(
        b"Event: Status\r\nChannel: PJSIP/trunk-1\r\nChanVariable: A=1\r\nChanVariable: B=2\r\n"
        b"Linkedid: hq-1.1\r\nBridgeID: b\r\nChannelStateDesc: Up\r\n"
        b"Application: Queue\r\nVariable: BENCH_CALLER=c7\r\n\r\n"
    )
    assert event["ChanVariable"] == "A=1\nB=2"
    assert channel(event) == Channel("PJSIP/trunk-1", "c7", "hq-1.1", "b", "Up", "Queue")
