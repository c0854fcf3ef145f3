"""Events become facts: whatever comes, in whatever order the PBX happens to send it."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.domain.model import StationModel
from ringline_core.wire.document import StationDocument
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.protocol import WANTED, AmiProtocol, Message
from ringline_edge.adapters.asterisk.translate import Translator, moment
from tests.contract import golden

STATION = AsteriskConfig.model_fields["station"].default
NOW = 1_800_000_000_000
TRACES = [trace for trace in golden.traces() if trace.parent.name == "asterisk"]

idents = st.sampled_from(["hq-1.1", "hq-1.2", "hq-1.3", "ctd-1"])
channels = st.sampled_from(
    ["PJSIP/1001-1", "PJSIP/1002-2", "PJSIP/trunk-3", "Local/1003@agents-4;1", "Local/1003@agents-4;2", "CBAnn/700-5"]
)
numbers = st.sampled_from(["1001", "+4420", "<unknown>", "", "anonymous", "s", "*45", "\u0661\u0662", "9" * 90])
odd = st.sampled_from(["", "0", "4", "5", "6", "-1", "x" * 200, "9" * 30, "\ufffd"])
bridges = st.sampled_from(["b1", "b2"])
fields: dict[str, st.SearchStrategy[str]] = {
    **dict.fromkeys(("Uniqueid", "Linkedid", "DestUniqueid", "SwapUniqueid", "TargetUniqueid"), idents),
    **dict.fromkeys(("LocalOneUniqueid", "LocalTwoUniqueid", "TransfererUniqueid", "TransfereeUniqueid"), idents),
    **dict.fromkeys(("OrigTransfererUniqueid", "SecondTransfererUniqueid", "TransferTargetUniqueid"), idents),
    **dict.fromkeys(("Channel", "DestChannel", "Device", "Interface"), channels),
    **dict.fromkeys(("CallerIDNum", "CallerIDName", "Exten", "Extension", "DestConnectedLineNum"), numbers),
    "BridgeUniqueid": bridges,
    "ChannelState": odd,
    "Cause": st.sampled_from(["0", "16", "17", "19", "26", "x"]),
    "DialStatus": st.sampled_from(["ANSWER", "NOANSWER", "BUSY", "CANCEL", "?"]),
    "Result": st.sampled_from(["Success", "Fail"]),
    "Queue": st.sampled_from(["support", "", "q" * 200]),
    **dict.fromkeys(("Paused", "Penalty", "LastPause", "PausedReason", "State"), odd),
    "Timestamp": st.sampled_from(["1800000000.5", "1800000001", "x", "1.x", "9" * 40, "-5.1", "\u0661.1"]),
    "ChanVariable": st.sampled_from(["CTI_A=1", "=", "CTI_A=\r\nCTI_B=" + "x" * 4000, "none"]),
}
events = st.sampled_from(sorted(name.decode() for name in WANTED))
messages: st.SearchStrategy[Message] = st.builds(
    lambda event, more: {"Event": event, **more}, events, st.fixed_dictionaries({}, optional=fields)
)


def translator() -> Translator:
    return Translator(Naming(STATION, "*"))


@settings(deadline=None, max_examples=150)
@given(st.lists(messages, max_size=40))
def test_whatever_events_come_the_documents_stay_within_the_contract(told: list[Message]) -> None:
    made, model = translator(), StationModel("hq")
    for message in told:
        for fact in made.translate(message, NOW):
            model.apply(fact)
    for station in model.stations:
        StationDocument.model_validate_json(json.dumps(model.document(station)))


@settings(deadline=None)
@given(st.lists(messages, max_size=40))
def test_when_every_channel_has_hung_up_nothing_is_remembered(told: list[Message]) -> None:
    made, model = translator(), StationModel("hq")
    ends = [{"Event": "Hangup", "Uniqueid": ident} for ident in ("hq-1.1", "hq-1.2", "hq-1.3", "ctd-1")]
    for message in [*told, *ends]:
        for fact in made.translate(message, NOW):
            model.apply(fact)
    floor = made.floor
    assert (floor.channels, floor.bridge_of, floor.halves, floor.queue_of, floor.transferrer_of) == ({}, {}, {}, {}, {})
    assert floor.bridges == {}
    assert {
        station: model.document(station)["calls"] for station in model.stations if model.document(station)["calls"]
    } == {}


def test_an_event_without_what_it_needs_is_counted_and_left_out() -> None:
    made = translator()
    for event in ("Newchannel", "QueueMemberAdded"):
        assert list(made.translate({"Event": event, "Interface": "PJSIP/1001"}, NOW)) == []
    assert made.skipped == 2


@pytest.mark.parametrize(
    ("stamp", "at_ms"),
    [("1800000000.977260", 1_800_000_000_977), ("1800000000", 1_800_000_000_000), ("1800000000.5", 1_800_000_000_500)]
    + [(odd, NOW) for odd in ("", "x", "1.x", "-1.0", "9" * 20)],
)
def test_the_pbxs_own_clock_counts_where_it_makes_sense(stamp: str, at_ms: int) -> None:
    assert moment({"Timestamp": stamp}, NOW) == at_ms


def test_without_a_time_stamp_our_own_clock_counts() -> None:
    assert moment({}, NOW) == NOW


def outcome(told: list[Message]) -> Counter[tuple[str, str, str | None, str | None]]:
    """What the stations are told in the end, without order and time."""
    made, model = Translator(Naming(STATION, "*"), tells_requests=True), StationModel("hq")
    for message in told:
        for fact in made.translate(message, NOW):
            model.apply(fact)
    recent = [(station, event) for station in model.stations for event in model.document(station)["recent"]]
    return Counter((station, e["event"], e["cause"], e["peer"]) for station, e in recent if e["call"])


def idents_of(message: Message) -> set[str]:
    """Channels, bridges and devices that an event is about: two channels of one phone do not overtake each other."""
    devices = {message.get(name, "").rpartition("-")[0] for name in ("Channel", "DestChannel")} - {"", "PJSIP/trunk"}
    return {value for name, value in message.items() if name.endswith("niqueid")} | devices


def swapped(told: list[Message], seed: int) -> list[Message]:
    """The events, with neighbours of different channels and nearly the same time in another order."""
    mixed, dice = list(told), random.Random(seed)
    for _ in range(3):
        for index in range(len(mixed) - 1):
            one, two = mixed[index], mixed[index + 1]
            near = abs(moment(one, 0) - moment(two, 0)) <= 2
            if near and not idents_of(one) & idents_of(two) and dice.random() < 0.5:
                mixed[index], mixed[index + 1] = two, one
    return mixed


@pytest.mark.parametrize("trace", TRACES, ids=golden.name)
def test_events_of_different_channels_may_come_in_another_order(trace: Path) -> None:
    told = list(AmiProtocol("recorded").receive_data(golden.recording(trace)))
    expected = outcome(told)
    for seed in range(8):
        assert outcome(swapped(told, seed)) == expected, seed
