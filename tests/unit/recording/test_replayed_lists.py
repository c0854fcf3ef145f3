"""A replay takes lists as a session does: whole, in whatever order they were asked for, and events after them."""

from __future__ import annotations

import json

import pytest

from ringline_core.domain.facts import Agent, Device, Ended, Fact, Leg, Snapshot
from ringline_core.errors import PbxProtocolError
from ringline_core.wire.codes import AgentStateName, LegState
from ringline_edge import registry
from ringline_edge.conformance.fakes.csta.text import EVENT_ID, Dialect
from ringline_edge.conformance.fakes.csta.text import frame as csta_frame

CHANNEL = {
    "Channel": "PJSIP/1001-00000001", "ChannelState": "6", "CallerIDNum": "1001", "ConnectedLineNum": "+442071234567",
    "Uniqueid": "hq-1795336070.1", "Linkedid": "hq-1795336070.1", "Application": "AppDial", "BridgeId": "b1",
}  # fmt: skip


def ami(event: str, **headers: str) -> bytes:
    return "\r\n".join([f"Event: {event}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def listed(*names: str) -> bytes:
    """Lists of AMI in this order; the one of channels has a call, after which its hang-up came already."""
    said = b""
    for number, name in enumerate(names):
        said += f"Response: Success\r\nActionID: q{number}\r\nEventList: start\r\n\r\n".encode()
        if name == "CoreShowChannels":
            said += ami("CoreShowChannel", ActionID=f"q{number}", **CHANNEL)
            said += ami("Hangup", Timestamp="1795336080.5", Cause="16", **CHANNEL)
        said += ami(f"{name}Complete", ActionID=f"q{number}", EventList="Complete")
    return said


def facts(kind: str, data: bytes) -> list[Fact]:
    return list(registry.replay(kind, data, "hq"))


@pytest.mark.parametrize(
    "names",
    [
        ("QueueStatus", "DeviceStateList", "Status", "CoreShowChannels"),
        ("DeviceStateList", "Status", "CoreShowChannels"),
        ("CoreShowChannels", "Status", "QueueStatus", "BridgeList", "DeviceStateList"),
    ],
)
def test_asterisks_lists_become_one_snapshot_and_events_wait_for_it(names: tuple[str, ...]) -> None:
    first, *others = facts("asterisk", listed(*names))
    assert isinstance(first, Snapshot)
    assert [(leg.station, leg.state) for leg in first.legs] == [("1001", LegState.CONNECTED)]
    assert [isinstance(each.ended, Ended) for each in others if isinstance(each, Leg)] == [True]


def test_a_list_of_asterisk_that_does_not_end_keeps_nothing_back() -> None:
    data = listed("CoreShowChannels") + ami("Newchannel", **{**CHANNEL, "ChannelState": "4", "Exten": "1002"})
    told = facts("asterisk", data)
    assert not [each for each in told if isinstance(each, Snapshot)]
    assert [each.dialed for each in told if isinstance(each, Leg)] == ["1002"]


def esl(kind: str, body: str) -> bytes:
    return f"Content-Length: {len(body)}\nContent-Type: {kind}\n\n{body}".encode()


def answer(body: str) -> bytes:
    return esl("api/response", body)


AGENTS = "name|contact|status|state|wrap_up_time|last_bridge_end|last_status_change|ready_time\n{}\n+OK\n"
TIERS = "queue|agent|state|level|position\nsupport@default|1001@default|Ready|1|1\n\n+OK\n"
NOBODY = json.dumps({"row_count": 0})
PHONE = json.dumps({"row_count": 1, "rows": [{"reg_user": "1001", "token": "t"}]})


def agent(status: str) -> bytes:
    return answer(AGENTS.format(f"1001@default|user/1001|{status}|Waiting|0|0|0|0\n")) + answer(TIERS)


def test_freeswitchs_lists_become_one_snapshot_and_later_ones_news() -> None:
    data = answer(NOBODY) + agent("Available") + answer(PHONE) + agent("On Break") + answer(NOBODY)
    first, second, third = facts("freeswitch", data)
    assert isinstance(first, Snapshot)
    assert [(each.station, each.state) for each in first.agents] == [("1001", AgentStateName.READY)]
    assert [each.in_service for each in first.devices] == [True]
    assert isinstance(second, Agent)
    assert second.state is AgentStateName.NOT_READY
    assert isinstance(third, Device)
    assert not third.in_service


def test_a_list_of_freeswitch_that_is_none_is_told() -> None:
    with pytest.raises(PbxProtocolError):
        facts("freeswitch", answer(json.dumps({"rows": 5})))


def csta(*, refused: bool) -> bytes:
    """Two stations: monitors, lists, agents; 4750 goes out of service meanwhile, and comes back when all is told."""
    x, data, numbers = Dialect("standard"), b"", iter(range(1, 100))

    def asks(name: str, station: str, said: str = "") -> bytes:
        about = x.device_id({"SnapshotDevice": "snapshotObject"}.get(name, "device"), station)
        if name == "MonitorStart":
            about = f"<monitorObject>{x.device_id('deviceObject', station)}</monitorObject>"
        number = b"%04d" % next(numbers)
        is_refused = refused and name != "MonitorStart"
        root = (
            x.root("CSTAErrorCode", "<operation>generic</operation>") if is_refused else x.root(f"{name}Response", said)
        )
        return csta_frame(number, x.root(name, about)) + csta_frame(number, root)

    def tells(name: str) -> bytes:
        device = f"<device>{x.device_id('deviceIdentifier', '4750')}</device>"
        return csta_frame(EVENT_ID, x.root(name, "<monitorCrossRefID>1</monitorCrossRefID>", device))

    for station in ("4750", "4751"):
        data += asks("MonitorStart", station, f"<monitorCrossRefID>{station}</monitorCrossRefID>")
    data += asks("SnapshotDevice", "4750") + tells("OutOfServiceEvent") + asks("SnapshotDevice", "4751")
    return data + asks("GetAgentState", "4750") + asks("GetAgentState", "4751") + tells("BackInServiceEvent")


@pytest.mark.parametrize("refused", [False, True])
def test_cstas_lists_become_one_snapshot_and_events_wait_for_it(refused: bool) -> None:
    first, second, third = facts("csta", csta(refused=refused))
    assert isinstance(first, Snapshot)
    assert [each.in_service for each in first.devices] == [True, True]
    assert first.at_ms == 1200  # at the thirteenth frame, the last answer
    assert isinstance(second, Device)
    assert isinstance(third, Device)
    assert [(each.station, each.in_service) for each in (second, third)] == [("4750", False), ("4750", True)]
