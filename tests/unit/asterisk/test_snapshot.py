"""Lists of a PBX in the middle of its work become a picture of it; what was known before is kept."""

from __future__ import annotations

from typing import Any

import pytest

from ringline_core.domain.facts import Leg, Snapshot
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.asterisk import snapshot
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import Message
from ringline_edge.adapters.asterisk.translate import Translator
from ringline_edge.adapters.port import Capabilities

NOW = 1_800_000_100_000
BORN = 1_800_000_000
STATION = AsteriskConfig.model_fields["station"].default
CALLER, AGENT = f"hq-{BORN}.1", f"hq-{BORN + 5}.2"


def channel(ident: str, name: str, **more: str) -> Message:
    told = {"Event": "CoreShowChannel", "Uniqueid": ident, "Linkedid": CALLER, "Channel": name, "ChannelState": "6"}
    return {**told, "CallerIDNum": "+4420", "Exten": "5000", "BridgeId": "", "Duration": "00:01:40", **more}


def caller(**more: str) -> Message:
    return channel(
        CALLER, "PJSIP/trunk-00000001", **{"Application": "Queue", "ApplicationData": "support,tT,,,120", **more}
    )


def agent(**more: str) -> Message:
    return channel(
        AGENT, "PJSIP/1001-00000002", **{"Application": "AppQueue", "ApplicationData": "(Outgoing Line)", **more}
    )


def new() -> Translator:
    return Translator(Naming(STATION, "*"))


def taken(*channels: Message, translator: Translator | None = None, **lists: list[Message]) -> Snapshot:
    translator = translator or new()
    joins = snapshot.align(translator, {"CoreShowChannels": list(channels), **lists}, NOW)
    return snapshot.picture(translator, joins, Capabilities(frozenset()), NOW)


def leg(picture: Snapshot, ident: str) -> Leg:
    return next(each for each in picture.legs if each.leg == ident)


def test_a_call_in_talk_is_shown_with_its_start_queue_and_mix() -> None:
    picture = taken(caller(BridgeId="b1"), agent(BridgeId="b1"))
    mine, theirs = leg(picture, AGENT), leg(picture, CALLER)
    assert (mine.state, mine.station, mine.queue, mine.bridge) == (LegState.CONNECTED, "1001", "support", "b1")
    assert (mine.started_at_ms, mine.origin, theirs.origin) == ((BORN + 5) * 1000, False, True)
    assert (theirs.outside, theirs.own.number, mine.call, theirs.dialed) == (True, "+4420", CALLER, "5000")


STATES: list[tuple[Message, LegState | None]] = [
    (agent(ChannelState="5"), LegState.ALERTING),
    (agent(ChannelState="0"), None),
    (agent(ChannelState="6", BridgeId="b1"), LegState.CONNECTED),
    (agent(ChannelState="4", Application="Dial"), LegState.INITIATED),
    (agent(ChannelState="6", Application="ConfBridge"), LegState.CONNECTED),
]


@pytest.mark.parametrize(("item", "state"), STATES)
def test_a_channels_state_tells_how_far_its_leg_is(item: Message, state: LegState | None) -> None:
    states = [each.state for each in taken(caller(), item).legs if each.leg == AGENT]
    assert states == ([] if state is None else [state])


def test_a_caller_who_waits_is_queued_and_a_phone_that_rings_for_them_knows_the_queue() -> None:
    picture = taken(agent(ChannelState="5"), caller())
    assert leg(picture, CALLER).state is LegState.QUEUED
    assert leg(picture, AGENT).queue == "support"


def test_a_channel_with_an_id_of_somebody_elses_making_began_its_duration_ago() -> None:
    picture = taken(channel("crm-77", "PJSIP/1001-00000002", Linkedid="crm-77", Application="Dial"))
    assert picture.legs[0].started_at_ms == NOW - 100_000
    odd = channel("crm-77", "PJSIP/1001-00000002", Application="Dial", Duration="999999999999:x:1")
    assert taken(odd).legs[0].started_at_ms == NOW


def test_a_phone_that_the_pbx_called_itself_is_initiated_and_never_alerting() -> None:
    item = channel("crm-77", "PJSIP/1001-00000002", Linkedid="crm-77", ChannelState="5", ConnectedLineNum="+4477")
    (mine,) = taken({**item, "Application": "AppDial2"}).legs
    assert (mine.state, mine.origin, mine.dialed) == (LegState.INITIATED, True, "+4477")
    detail: Message = {"Event": "Status", "Uniqueid": "crm-77", "DNID": ""}
    (mine,) = taken({**item, "Application": "Dial"}, Status=[detail]).legs
    assert (mine.state, mine.origin) == (LegState.INITIATED, True)


def test_a_phone_that_is_paged_in_somebody_elses_call_is_rung() -> None:
    item = agent(ChannelState="5", Application="AppDial2")
    assert leg(taken(caller(), item), AGENT).state is LegState.ALERTING


def test_a_feature_code_is_no_party() -> None:
    picture = taken(channel(AGENT, "PJSIP/1001-00000002", Exten="*45", Application="Wait"))
    assert [each.role.value for each in picture.legs] == ["helper"]


def test_a_changed_linkedid_is_a_join() -> None:
    translator = new()
    taken(agent(BridgeId="b1"), translator=translator)
    picture = taken(agent(BridgeId="b1", Linkedid="hq-1.1"), translator=translator)
    assert [(join.call, join.other) for join in picture.joins] == [(CALLER, "hq-1.1")]
    assert leg(picture, AGENT).call == CALLER


def test_local_halves_make_the_bridges_at_their_ends_one_mix() -> None:
    one, two = "Local/1001@agents-00000001;1", "Local/1001@agents-00000001;2"
    picture = taken(
        caller(BridgeId="b1"),
        channel("hq-1.8", one, BridgeId="b1"),
        channel("hq-1.9", two, BridgeId="b2"),
        agent(BridgeId="b2"),
    )
    assert leg(picture, AGENT).bridge == leg(picture, CALLER).bridge
    assert {each.role.value for each in picture.legs if each.leg in ("hq-1.8", "hq-1.9")} <= {"helper"}


def test_holds_and_times_known_from_events_outlive_a_list() -> None:
    translator = new()
    for message in (
        {**agent(ChannelState="0"), "Event": "Newchannel", "Timestamp": f"{BORN + 5}.250"},
        {**agent(), "Event": "Newstate", "ChannelState": "5", "Timestamp": f"{BORN + 6}.0"},
        {**agent(), "Event": "BridgeEnter", "BridgeUniqueid": "b1", "Timestamp": f"{BORN + 7}.5"},
        {**agent(), "Event": "Hold", "Timestamp": f"{BORN + 9}.0"},
    ):
        list(translator.translate(message, NOW))
    mine = leg(taken(caller(BridgeId="b1"), agent(BridgeId="b1"), translator=translator), AGENT)
    assert (mine.state, mine.started_at_ms) == (LegState.HOLD, (BORN + 5) * 1000 + 250)
    assert (mine.answered_at_ms, mine.held_at_ms) == ((BORN + 7) * 1000 + 500, (BORN + 9) * 1000)


def test_a_channel_that_the_list_lacks_is_gone() -> None:
    translator = new()
    taken(caller(BridgeId="b1"), agent(BridgeId="b1"), translator=translator)
    assert taken(translator=translator).legs == ()
    assert translator.channels == {}


def test_members_and_phones_are_taken_over_and_strangers_left_out() -> None:
    told: dict[str, Any] = {
        "QueueStatus": [
            {"Event": "QueueParams", "Queue": "support"},
            {"Event": "QueueMember", "Queue": "support", "Location": "PJSIP/1001", "Paused": "0"},
        ],
        "DeviceStateList": [
            {"Event": "DeviceStateChange", "Device": "PJSIP/1001", "State": "NOT_INUSE"},
            {"Event": "DeviceStateChange", "Device": "PJSIP/1002", "State": "UNAVAILABLE"},
            {"Event": "DeviceStateChange", "Device": "Queue:support_avail", "State": "INUSE"},
        ],
    }
    picture = taken(**told)
    assert [(each.station, each.state.value) for each in picture.agents] == [("1001", "ready")]
    assert [(each.station, each.in_service) for each in picture.devices] == [("1001", True), ("1002", False)]


def test_items_without_id_or_name_are_passed_over() -> None:
    assert taken({"Event": "CoreShowChannel"}, {"Uniqueid": "x"}).legs == ()
