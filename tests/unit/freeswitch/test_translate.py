"""Events to facts, one table or one trap each."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.domain.facts import Fact, Joined, Left, Leg, LegRole
from ringline_core.wire.codes import By, Cause, LegState
from ringline_edge.adapters.freeswitch.channels import Naming, party, stamp
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import EslProtocol
from ringline_edge.adapters.freeswitch.translate import Translator

US = 1_420_620_967_377_002


class Said:
    """Says events to a translator."""

    def __init__(self, **settings: Any) -> None:
        self.translator = Translator(Naming(FreeswitchConfig.model_validate({"password": "x", **settings})))
        self._clock = itertools.count(US, 1_000_000)

    def __call__(self, name: str, ident: str, **more: str) -> list[Fact]:
        headers = {key.replace("_", "-"): value for key, value in more.items() if not key.startswith("v_")}
        variables = {f"variable_{key[2:]}": value for key, value in more.items() if key.startswith("v_")}
        when = {"Event-Date-Timestamp": str(next(self._clock))}
        return list(
            self.translator.translate({"Event-Name": name, "Unique-ID": ident, **when, **headers, **variables}, 0)
        )

    def leg(self, name: str, ident: str, **more: str) -> Leg:
        """The only leg that an event brings."""
        (fact,) = self(name, ident, **more)
        assert isinstance(fact, Leg)
        return fact

    def caller(self, ident: str = "a", number: str = "+4930", to: str = "1001") -> None:
        """Somebody outside calls."""
        direction = {"Call_Direction": "inbound", "Channel_Name": f"sofia/external/{number}@gw"}
        self("CHANNEL_CREATE", ident, Caller_Caller_ID_Number=number, Caller_Destination_Number=to, **direction)

    def rings(self, ident: str = "b", station: str = "1001", caller: str = "a") -> Leg:
        """A phone rings because of a caller."""
        more = {"Call_Direction": "outbound", "Channel_Name": f"sofia/internal/{station}@ip", "v_dialed_user": station}
        self("CHANNEL_CREATE", ident, Other_Type="originator", Other_Leg_Unique_ID=caller, **more)
        return self.leg("CHANNEL_PROGRESS", ident)

    def talk(self, one: str = "a", two: str = "b") -> list[Fact]:
        """Two are answered and bridged."""
        for each in (two, one):
            self("CHANNEL_ANSWER", each)
        return self("CHANNEL_BRIDGE", one, Bridge_A_Unique_ID=one, Bridge_B_Unique_ID=two)


@pytest.fixture
def said() -> Said:
    return Said()


def test_the_captured_bridge_event_is_read() -> None:
    """[C] Header names and values of a real CHANNEL_BRIDGE, `event plain`, of 2015."""
    body = (
        b"Event-Name: CHANNEL_BRIDGE\nEvent-Date-Timestamp: 1420620967377002\nEvent-Sequence: 1105\n"
        b"Bridge-A-Unique-ID: 9c2d9b5b-d300-4609-a026-ed9e821b4a45\n"
        b"Bridge-B-Unique-ID: cbd071e3-040b-4286-98f2-31d04dbb17ff\nChannel-State: CS_EXECUTE\n"
        b"Channel-Call-State: ACTIVE\nUnique-ID: 9c2d9b5b-d300-4609-a026-ed9e821b4a45\nCall-Direction: inbound\n"
        b"Channel-Call-UUID: 9c2d9b5b-d300-4609-a026-ed9e821b4a45\nAnswer-State: answered\n"
        b"Caller-Caller-ID-Number: 1001\nCaller-Destination-Number: 3\n"
        b"Caller-Unique-ID: 9c2d9b5b-d300-4609-a026-ed9e821b4a45\nOther-Type: originatee\n"
        b"Other-Leg-Destination-Number: 1003\nOther-Leg-Unique-ID: cbd071e3-040b-4286-98f2-31d04dbb17ff\n\n"
    )
    head = b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(body)
    (frame,) = EslProtocol().receive_data(head + body)
    said = Said()
    said.caller("9c2d9b5b-d300-4609-a026-ed9e821b4a45", to="3")
    said.rings("cbd071e3-040b-4286-98f2-31d04dbb17ff", "1003", "9c2d9b5b-d300-4609-a026-ed9e821b4a45")
    one, two = said.translator.translate(frame.headers, 0)
    assert isinstance(one, Leg)
    assert isinstance(two, Leg)
    assert one.bridge == two.bridge is not None
    assert (two.station, two.answered_at_ms) == ("1003", 1_420_620_967_377)


def test_a_phone_rings_in_the_callers_call_whatever_channel_call_uuid_says(said: Said) -> None:
    said.caller()
    leg = said.rings()
    assert (leg.call, leg.state, leg.station, leg.dialed) == ("a", LegState.ALERTING, "1001", "1001")
    (again,) = said("CHANNEL_ANSWER", "b", Channel_Call_UUID="something-else")
    assert isinstance(again, Leg)
    assert again.call == "a"


@pytest.mark.parametrize("caller", ["a", "somebody-nobody-saw"])
def test_a_phone_whose_other_leg_is_not_told_is_no_click_to_dial(said: Said, caller: str) -> None:
    said.caller()
    more = {"Call_Direction": "outbound", "v_dialed_user": "1001", "v_originator": caller}
    assert said("CHANNEL_CREATE", "b", **more) == []
    leg = said.leg("CHANNEL_PROGRESS", "b")
    assert (leg.state, leg.origin, leg.call) == (LegState.ALERTING, False, caller)


def test_a_phone_that_the_pbx_rings_of_its_own_is_dialing_under_the_id_it_is_given(said: Said) -> None:
    assert said("CHANNEL_UUID", "given", Old_Unique_ID="first") == []
    more = {"Call_Direction": "outbound", "v_dialed_user": "1001", "v_ringline_to": "1002"}
    leg = said.leg("CHANNEL_CREATE", "given", **more)
    assert (leg.leg, leg.state, leg.origin, leg.dialed) == ("given", LegState.INITIATED, True, "1002")
    assert said("CHANNEL_PROGRESS", "given") == []


def test_channel_call_state_is_not_believed_but_in_its_own_event(said: Said) -> None:
    said.caller()
    said.rings()
    assert said.leg("CHANNEL_ANSWER", "b", Channel_Call_State="EARLY").state is LegState.CONNECTED
    assert said.leg("CHANNEL_CALLSTATE", "b", Channel_Call_State="HELD", Answer_State="answered").state is LegState.HOLD
    assert said("CHANNEL_HOLD", "b") == []


def test_a_phone_that_only_tells_its_call_state_rings(said: Said) -> None:
    said.caller()
    more = {"Call_Direction": "outbound", "Channel_Name": "verto.rtc/1001", "v_dialed_user": "1001"}
    assert said("CHANNEL_CREATE", "b", Other_Type="originator", Other_Leg_Unique_ID="a", **more) == []
    assert said.leg("CHANNEL_CALLSTATE", "b", Channel_Call_State="RINGING").state is LegState.ALERTING


def test_an_event_of_a_channel_that_nobody_announced_brings_it(said: Said) -> None:
    leg = said.leg(
        "CHANNEL_ANSWER", "x", Call_Direction="inbound", Caller_Caller_ID_Number="+44", Channel_Name="sofia/external/x"
    )
    assert (leg.state, leg.outside, leg.own.number) == (LegState.CONNECTED, True, "+44")


def test_a_late_event_does_not_raise_a_channel_from_the_dead(said: Said) -> None:
    said.caller()
    assert said("CHANNEL_HANGUP_COMPLETE", "a", Hangup_Cause="NORMAL_CLEARING")
    for name in ("CHANNEL_ANSWER", "CHANNEL_PROGRESS", "CHANNEL_UNBRIDGE", "CHANNEL_HOLD", "CHANNEL_HANGUP_COMPLETE"):
        assert said(name, "a") == []


def test_a_new_unique_id_stays_the_same_leg(said: Said) -> None:
    said.caller()
    said.rings()
    assert said("CHANNEL_UUID", "b2", Old_Unique_ID="b") == []
    assert said.leg("CHANNEL_ANSWER", "b2").leg == "b"
    channel = said.translator.floor.by_leg("b")
    assert channel is not None
    assert channel.ident == "b2"
    assert said("CHANNEL_ANSWER", "b") == []


def test_the_end_of_an_old_bridge_after_the_new_one_changes_nothing(said: Said) -> None:
    said.caller()
    said.rings()
    said.talk()
    said.rings("c", "1002", "a")
    said.talk("a", "c")
    (old,) = said("CHANNEL_UNBRIDGE", "a", Bridge_A_Unique_ID="a", Bridge_B_Unique_ID="b")
    assert isinstance(old, Leg)
    assert (old.leg, old.bridge) == ("b", None)
    channel = said.translator.floor.find("a")
    assert channel is not None
    assert channel.bridge == "a+c"


def test_two_calls_that_are_bridged_are_one_story(said: Said) -> None:
    said.caller("a")
    said.caller("z", "+4940")
    facts = said("CHANNEL_BRIDGE", "a", Bridge_A_Unique_ID="a", Bridge_B_Unique_ID="z")
    assert isinstance(facts[0], Joined)
    assert {facts[0].call, facts[0].other} == {"a", "z"}


def test_a_pickup_by_feature_code_makes_its_phone_a_party(said: Said) -> None:
    said.caller()
    said.rings()
    more = {"Call_Direction": "inbound", "Channel_Name": "sofia/internal/1002@ip", "v_user_name": "1002"}
    (hidden,) = said("CHANNEL_CREATE", "p", Caller_Destination_Number="*8", **more)
    assert isinstance(hidden, Leg)
    assert hidden.role is LegRole.HELPER
    lost = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause="PICKED_OFF")
    assert lost.ended is not None
    assert (lost.ended.left, lost.ended.cause) == (Left.DIVERTED, Cause.PICKED_UP)
    facts = said("CHANNEL_BRIDGE", "p", Bridge_A_Unique_ID="p", Bridge_B_Unique_ID="a")
    assert [type(fact) for fact in facts] == [Joined, Leg, Leg]
    assert isinstance(facts[1], Leg)
    assert (facts[1].role, facts[1].origin, facts[1].state) == (LegRole.PARTY, False, LegState.CONNECTED)


def test_who_is_rung_before_the_transfer_is_told_learns_of_it(said: Said) -> None:
    said.caller()
    said.rings()
    said.talk()
    said.rings("c", "1003")
    source = {"v_transfer_source": "1:a:bl_xfer:1003/default/XML"}
    facts = said("CHANNEL_UNBRIDGE", "a", Bridge_A_Unique_ID="a", Bridge_B_Unique_ID="b", **source)
    told = [(each.leg, each.transferred_by) for each in facts if isinstance(each, Leg)]
    assert told == [("a", None), ("b", None), ("c", "1001")]


@pytest.mark.parametrize("cause", ["PICKED_OFF", "ORIGINATOR_CANCEL"])
@pytest.mark.parametrize("bridge_first", [True, False])
def test_who_loses_a_call_to_a_pickup_is_told_to_whom(said: Said, cause: str, bridge_first: bool) -> None:
    said.caller()
    said.rings()
    more = {"Call_Direction": "inbound", "Channel_Name": "sofia/internal/1002@ip", "v_user_name": "1002"}
    said("CHANNEL_CREATE", "p", Caller_Destination_Number="*8", **more)
    said("CHANNEL_ANSWER", "p")
    said("CHANNEL_ANSWER", "a")
    if bridge_first:
        said("CHANNEL_BRIDGE", "p", Bridge_A_Unique_ID="p", Bridge_B_Unique_ID="a")
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause=cause).ended
    assert ended is not None
    assert (ended.left, ended.cause, ended.by, ended.peer) == (Left.DIVERTED, Cause.PICKED_UP, "1002", "1002")


def test_a_caller_who_is_answered_by_nobody_seen_has_not_given_up(said: Said) -> None:
    said.caller()
    said.rings()
    said("CHANNEL_ANSWER", "a")
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause="ORIGINATOR_CANCEL").ended
    assert ended is not None
    assert (ended.cause, ended.by, ended.peer) == (Cause.PICKED_UP, By.REMOTE, None)


@pytest.mark.parametrize(("code", "cause"), [("*97", Cause.ABANDONED), ("*81001", Cause.PICKED_UP)])
def test_a_feature_code_takes_an_answered_callers_call_only_where_it_names_the_phone(
    said: Said, code: str, cause: Cause
) -> None:
    said.caller()
    said("CHANNEL_ANSWER", "a")
    said.rings()
    more = {"Call_Direction": "inbound", "Channel_Name": "sofia/internal/1002@ip", "v_user_name": "1002"}
    said("CHANNEL_CREATE", "p", Caller_Destination_Number=code, **more)
    said("CHANNEL_ANSWER", "p")
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause="ORIGINATOR_CANCEL").ended
    assert ended is not None
    assert ended.cause is cause


def test_the_loser_of_a_ring_group_is_told_who_answered(said: Said) -> None:
    said.caller()
    said.rings("b", "1001")
    said.rings("c", "1002")
    said("CHANNEL_ANSWER", "c")
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause="LOSE_RACE").ended
    assert ended is not None
    assert (ended.left, ended.cause, ended.peer) == (Left.DIVERTED, Cause.ANSWERED_ELSEWHERE, "1002")


@pytest.mark.parametrize(
    ("cause", "told", "by"),
    [
        ("ORIGINATOR_CANCEL", Cause.ABANDONED, By.REMOTE),
        ("NORMAL_CLEARING", Cause.ABANDONED, By.REMOTE),
        ("NO_ANSWER", Cause.NO_ANSWER, By.PBX),
        ("ALLOTTED_TIMEOUT", Cause.NO_ANSWER, By.PBX),
        ("NO_USER_RESPONSE", Cause.NO_ANSWER, By.PBX),
        ("CALL_REJECTED", Cause.REJECTED, By.AGENT_PHONE),
        ("USER_BUSY", Cause.REJECTED, By.AGENT_PHONE),
        ("DESTINATION_OUT_OF_ORDER", Cause.NETWORK, By.PBX),
        ("RECOVERY_ON_TIMER_EXPIRE", Cause.TIMEOUT, By.PBX),
        ("SOMETHING_NEW", Cause.ABANDONED, By.REMOTE),
    ],
)
def test_why_a_ringing_call_ended(said: Said, cause: str, told: Cause, by: By) -> None:
    said.caller()
    said.rings()
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause=cause).ended
    assert ended is not None
    assert (ended.left, ended.cause, ended.by) == (Left.CLEARED, told, by)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ("USER_BUSY", Cause.BUSY),
        ("UNALLOCATED_NUMBER", Cause.NOT_FOUND),
        ("USER_NOT_REGISTERED", Cause.NOT_FOUND),
        ("NO_ANSWER", Cause.NO_ANSWER),
        ("CALL_REJECTED", Cause.REJECTED),
        ("NORMAL_CIRCUIT_CONGESTION", Cause.NETWORK),
        ("NORMAL_CLEARING", Cause.NORMAL),
    ],
)
def test_why_an_own_call_failed(said: Said, cause: str, told: Cause) -> None:
    said("CHANNEL_CREATE", "a", Call_Direction="inbound", v_user_name="1001", Caller_Destination_Number="1002")
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "a", Hangup_Cause=cause).ended
    assert ended is not None
    assert ended.cause is told


@pytest.mark.parametrize(("side", "by"), [("recv_bye", By.AGENT_PHONE), ("send_bye", By.REMOTE), ("", By.REMOTE)])
def test_who_hung_up(said: Said, side: str, by: By) -> None:
    said.caller()
    said.rings()
    said.talk()
    ended = said.leg(
        "CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause="NORMAL_CLEARING", v_sip_hangup_disposition=side
    ).ended
    assert ended is not None
    assert (ended.cause, ended.by) == (Cause.NORMAL, by)


@pytest.mark.parametrize("cause", ["BLIND_TRANSFER", "ATTENDED_TRANSFER"])
def test_a_transfer_is_known_by_its_hangup_cause_alone(said: Said, cause: str) -> None:
    said.caller()
    said.rings()
    said.talk()
    ended = said.leg("CHANNEL_HANGUP_COMPLETE", "b", Hangup_Cause=cause).ended
    assert ended is not None
    assert ended.left is Left.TRANSFERRED


def test_a_resume_is_told_when_something_else_follows_and_not_when_a_hangup_does(said: Said) -> None:
    said.caller()
    said.rings()
    said.talk()
    said("CHANNEL_HOLD", "b")
    assert said("CHANNEL_UNHOLD", "b") == []
    (resumed,) = said.translator.release()
    assert isinstance(resumed, Leg)
    assert (resumed.state, resumed.held_at_ms) == (LegState.CONNECTED, None)
    said("CHANNEL_HOLD", "b")
    said("CHANNEL_UNHOLD", "b")
    assert said("CHANNEL_HANGUP", "b") == []
    assert list(said.translator.release()) == []


def test_data_is_decoded_named_in_small_letters_and_given_to_whoever_is_rung(said: Said) -> None:
    said("CHANNEL_CREATE", "a", Call_Direction="inbound", Channel_Name="sofia/external/x", v_cti_ticket="7%208%25")
    assert said.rings().data == {"ticket": "7 8%"}


def test_data_that_the_dial_plan_gives_to_a_caller_reaches_the_phone_that_rings(said: Said) -> None:
    said.caller()
    said.rings()
    facts = said("CHANNEL_PROGRESS", "a", v_cti_ticket="7")
    assert [(fact.leg, fact.data) for fact in facts if isinstance(fact, Leg)] == [
        ("a", {"ticket": "7"}), ("b", {"ticket": "7"})
    ]  # fmt: skip
    assert said("CHANNEL_PROGRESS_MEDIA", "a", v_cti_ticket="7") == []


@pytest.mark.parametrize("pattern", [r"^agent-(\d+)$"])
def test_stations_by_the_sites_own_pattern(pattern: str) -> None:
    said = Said(station=pattern, station_outbound=("variable_sip_to_user",))
    said.caller()
    more = {"Call_Direction": "outbound", "Channel_Name": "sofia/internal/x", "v_sip_to_user": "agent-17"}
    said("CHANNEL_CREATE", "b", Other_Type="originator", Other_Leg_Unique_ID="a", **more)
    assert said.leg("CHANNEL_PROGRESS", "b").station == "17"


def test_a_loopback_half_is_a_helper(said: Said) -> None:
    said.caller()
    more = {"Call_Direction": "outbound", "Channel_Name": "loopback/1001-a", "v_dialed_user": "1001"}
    said("CHANNEL_CREATE", "l", Other_Type="originator", Other_Leg_Unique_ID="a", **more)
    leg = said.leg("CHANNEL_PROGRESS", "l")
    assert (leg.role, leg.station) == (LegRole.HELPER, None)


@pytest.mark.parametrize(
    ("value", "told"),
    [("1420620967377002", 1_420_620_967_377), ("0", None), ("", None), ("-1", None), ("9" * 18, None)],
)
def test_microseconds(value: str, told: int | None) -> None:
    assert stamp({"T": value}, "T") == told


@pytest.mark.parametrize("number", ["anonymous", "Restricted", "withheld"])
def test_words_for_a_hidden_number(number: str) -> None:
    assert party(number, "x").number is None


ODD_NAMES = [
    "Event-Name", "Unique-ID", "Call-Direction", "Bridge-A-Unique-ID", "Bridge-B-Unique-ID", "Event-Subclass",
    "Old-Unique-ID", "Other-Type", "Other-Leg-Unique-ID", "CC-Action", "CC-Agent", "Hangup-Cause",
    "CC-Member-Session-UUID", "Event-Date-Timestamp", "Channel-Name", "CC-Queue", "variable_user_name",
    "variable_dialed_user", "Channel-Call-State", "from-user", "CC-Agent-Contact", "variable_transfer_source",
]  # fmt: skip
ODD_VALUES = [
    "CHANNEL_CREATE", "CHANNEL_ANSWER", "CHANNEL_BRIDGE", "CHANNEL_UNBRIDGE", "CHANNEL_HOLD", "CUSTOM",
    "CHANNEL_UNHOLD", "CHANNEL_UUID", "CHANNEL_HANGUP_COMPLETE", "callcenter::info", "sofia::register",
    "agent-add", "member-queue-start", "a", "b", "c", "1001", "outbound", "originator", "HELD", "x",
]  # fmt: skip
ODD_VALUE = st.one_of(st.sampled_from(["", *ODD_VALUES]), st.lists(st.text(max_size=3), max_size=2), st.integers())


@settings(deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(ODD_NAMES), ODD_VALUE), max_size=30))
def test_no_event_however_odd_breaks_the_translator(messages: list[dict[str, Any]]) -> None:
    translator = Translator(Naming(FreeswitchConfig.model_validate({"password": "x"})))
    for message in messages:
        list(translator.translate(message, 0))
    list(translator.release())
