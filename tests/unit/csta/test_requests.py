"""What is sent stands in the schema's order and namespaces, and no value can break out of its element."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.csta.requests import AVAYA, SESSION, Requests, document, leaf
from tests.support.csta_order import ORDER, out_of_order

AT = ("519", "4750:CM1::0")
OTHER = ("520", "4750:CM1::0")
ED3 = "http://www.ecma-international.org/standards/ecma-323/csta/ed3"


def everything(r: Requests) -> dict[str, bytes]:
    """One of each message, as full as it gets."""
    login = r.avaya_login("cti", "s3cret", 60, "old")
    return {
        "StartApplicationSession": r.start_session("ringline", login, ["v2", "v1"], 180),
        "ResetApplicationSessionTimer": r.reset_timer("s", 180),
        "StopApplicationSession": r.stop_session("s"),
        "GetThirdPartyDeviceId": r.third_party_device("CM1", "4750"),
        "TransferMonitorObjects": r.transfer_monitors("a", "b"),
        "MonitorStart": r.monitor("4750:CM1::0"),
        "SnapshotDevice": r.snapshot_device("4750:CM1::0"),
        "SnapshotCall": r.snapshot_call(AT),
        "GetAgentState": r.get_agent_state("4750:CM1::0"),
        "SystemRegister": r.register_status(),
        "SetAgentState": r.set_agent_state("d", "notReady", "6001", "1234", mode="auxWork", reason=3, pending=True),
        "MakeCall": r.make_call("d", "0207946000:CM1::0", prompt=False, data="ringline:1"),
        "AnswerCall": r.one("AnswerCall", "callToBeAnswered", AT),
        "ClearConnection": r.one("ClearConnection", "connectionToBeCleared", AT),
        "HoldCall": r.one("HoldCall", "callToBeHeld", AT),
        "RetrieveCall": r.one("RetrieveCall", "callToBeRetrieved", AT),
        "TransferCall": r.two("TransferCall", AT, OTHER),
        "ConferenceCall": r.two("ConferenceCall", AT, OTHER),
        "AlternateCall": r.two("AlternateCall", AT, OTHER),
        "ReconnectCall": r.two("ReconnectCall", AT, OTHER),
        "ConsultationCall": r.consult(AT, "4751:CM1::0", "ringline:1"),
        "SingleStepTransferCall": r.transfer(AT, "4751:CM1::0", "ringline:1"),
        "DeflectCall": r.deflect(AT, "5000:CM1::0"),
        "GenerateDigits": r.digits(AT, "12#"),
    }


@pytest.mark.parametrize(("dialect", "edition"), [("dmcc", "ed3"), ("plain", "ed4"), ("plain", "ed6")])
def test_every_message_keeps_the_schemas_order(dialect: str, edition: str) -> None:
    for name, body in everything(Requests(dialect, edition)).items():
        root = ET.fromstring(body)
        assert root.tag.rpartition("}")[2] == name
        assert name in ORDER
        assert out_of_order(body) == [], name


def test_the_check_of_the_order_can_fail() -> None:
    wrong = Requests("dmcc", "ed3").two("TransferCall", AT, OTHER).replace(b"TransferCall", b"ReconnectCall")
    assert out_of_order(wrong) == ["ReconnectCall"]
    assert out_of_order(b"<HoldCall><hold/></HoldCall>") == ["HoldCall"]


def test_every_message_is_in_its_namespace() -> None:
    avaya = {"GetThirdPartyDeviceId", "TransferMonitorObjects"}
    for name, body in everything(Requests("dmcc", "ed3")).items():
        namespace = SESSION if "ApplicationSession" in name else AVAYA if name in avaya else ED3
        assert ET.fromstring(body).tag == f"{{{namespace}}}{name}"
    assert b"csta/ed6" in Requests("plain", "ed6").snapshot_device("1")


def test_edition_6_deflects_to_a_list_of_devices_and_older_ones_to_one() -> None:
    assert b"<newDestination><device>5000</device>" in Requests("plain", "ed6").deflect(AT, "5000")
    assert b"<newDestination>5000<" in Requests("plain", "ed4").deflect(AT, "5000")


def test_only_avaya_gets_private_data_and_an_inverted_filter() -> None:
    assert b"invertFilter" in Requests("dmcc", "ed3").monitor("1")
    plain = everything(Requests("plain", "ed4"))
    assert not any(AVAYA.encode() in plain[name] for name in ("MonitorStart", "SetAgentState", "MakeCall"))
    assert b"requestedMonitorFilter" not in plain["MonitorStart"]


@given(st.text(max_size=60))
def test_no_value_breaks_out_of_its_element(value: str) -> None:
    try:
        body = document(f"<a>{leaf('b', value)}</a>")
    except CommandError:
        return
    (only,) = ET.fromstring(body)
    assert (only.text or "") == value.replace("\r\n", "\n").replace("\r", "\n")
    assert len(only) == 0


@pytest.mark.parametrize("value", ["\0", "a\x1b", "\ud800", "\uffff"])
def test_what_xml_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(CommandError) as refused:
        leaf("b", value)
    assert refused.value.error_code is ErrorCode.MESSAGE_INVALID
