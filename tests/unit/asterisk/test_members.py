"""Queue members as agents, static members among them."""

from __future__ import annotations

import pytest

from ringline_core.domain.facts import Membership
from ringline_core.wire.codes import AgentStateName
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import LOGGED_OFF, Members
from ringline_edge.adapters.asterisk.protocol import Message

STATION = AsteriskConfig.model_fields["station"].default
READY, NOT_READY, OFF = AgentStateName.READY, AgentStateName.NOT_READY, AgentStateName.LOGGED_OFF


def message(event: str = "QueueMemberAdded", queue: str = "support", **more: str) -> Message:
    told = {"Event": event, "Queue": queue, "Interface": "PJSIP/1001", "Membership": "dynamic", "Paused": "0"}
    return {**told, "PausedReason": "", "Penalty": "2", **more}


def paused(reason: str, queue: str = "support", **more: str) -> Message:
    return message(queue=queue, Paused="1", PausedReason=reason, **more)


def fixed(reason: str = "", queue: str = "fixed") -> Message:
    told = message(queue=queue, Membership="static", Interface="Local/1001@from-queue/n")
    return {**told, "Paused": "1" if reason else "0", "PausedReason": reason}


def made() -> Members:
    return Members(Naming(STATION, "*"))


@pytest.mark.parametrize(
    ("told", "state", "reason"),
    [
        ([], OFF, None),
        ([message()], READY, None),
        ([paused("lunch")], NOT_READY, "lunch"),
        ([paused("")], NOT_READY, None),
        ([paused("lunch"), message(queue="sales")], READY, None),
        ([paused("lunch"), paused("", "sales")], NOT_READY, "lunch"),
        ([fixed()], READY, None),
        ([fixed(LOGGED_OFF)], OFF, None),
        ([fixed(LOGGED_OFF), fixed("lunch", "other")], NOT_READY, "lunch"),
        ([fixed(LOGGED_OFF), paused("lunch")], NOT_READY, "lunch"),
        ([paused(LOGGED_OFF)], NOT_READY, None),
        ([message(), message("QueueMemberRemoved")], OFF, None),
    ],
)
def test_memberships_make_a_state(told: list[Message], state: AgentStateName, reason: str | None) -> None:
    members = made()
    for each in told:
        members.take(each)
    agent = members.agent("1001", 5)
    assert (agent.state, agent.reason) == (state, reason)


def test_queues_are_listed_with_pause_reason_and_penalty() -> None:
    members = made()
    members.take(message())
    members.take(paused("lunch", "sales", Penalty="x"))
    expected = (Membership("sales", True, "lunch", 0), Membership("support", False, None, 2))
    assert members.agent("1001", 5).queues == expected


def test_a_member_that_is_no_station_is_nobody_here() -> None:
    assert list(made().changed(message(Interface="Agent/77"), 5)) == []
    assert list(made().changed({"Event": "QueueMemberPause", "Queue": "support"}, 5)) == []


def test_who_is_missing_from_a_whole_list_has_logged_off() -> None:
    members = made()
    members.take(message())
    members.replace([message("QueueMember", Interface="PJSIP/1002")])
    assert [(agent.station, agent.state) for agent in members.agents(5)] == [("1001", OFF), ("1002", READY)]


def test_a_list_names_the_interface_location_and_16_tells_the_reason_under_another_name() -> None:
    told = paused("", "support", Reason="lunch", Location="PJSIP/1001")
    del told["Interface"]
    members = made()
    members.take(told)
    assert members.agent("1001", 5).reason == "lunch"


def test_the_state_keeps_its_time_until_it_changes() -> None:
    members = made()
    assert next(members.changed(message(), 5)).since_at_ms == 5
    assert next(members.changed(message(queue="sales"), 6)).since_at_ms == 5
    assert next(members.changed(paused("lunch", "sales"), 7)).since_at_ms == 5
    assert next(members.changed(paused("lunch"), 8)).since_at_ms == 8


@pytest.mark.parametrize(
    ("told", "since_ms"),
    [
        (paused("lunch", LastPause="1700000000", LoginTime="1600000000"), 1_700_000_000_000),
        (message(LastPause="0", LoginTime="1600000000"), 1_600_000_000_000),
        (message(LastPause="1700000000", LoginTime="1600000000"), 9),
        (paused("lunch", LastPause="9" * 30), 9),
        (message(), 9),
    ],
)
def test_the_first_list_tells_since_when_where_the_pbx_knows(told: Message, since_ms: int) -> None:
    members = made()
    members.replace([{**told, "Event": "QueueMember"}])
    assert members.agents(9)[0].since_at_ms == since_ms


def test_the_login_of_who_was_logged_on_by_us_is_shown_until_the_log_off() -> None:
    members = made()
    members.take(message())
    assert members.agent("1001", 5).login == "1001"
    members.logs_on("1001", "7001")
    assert members.agent("1001", 6).login == "7001"
    members.take(message("QueueMemberRemoved"))
    assert members.agent("1001", 7).login is None
    members.take(message())
    assert members.agent("1001", 8).login == "1001"
