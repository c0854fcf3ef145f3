"""What each protocol's redaction lets through, what it replaces, and what it does not let us say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringline_core.errors import CommandError, ConfigError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.asterisk.protocol import AmiProtocol, action
from ringline_edge.adapters.csta.protocol import FrameProtocol, encode
from ringline_edge.adapters.csta.requests import Requests
from ringline_edge.adapters.freeswitch.protocol import EslProtocol, command
from ringline_edge.adapters.mapping import plan as plans
from ringline_edge.recording import ami as ami_module
from ringline_edge.recording.ami import AmiRedaction
from ringline_edge.recording.csta import CstaRedaction
from ringline_edge.recording.esl import EslRedaction
from ringline_edge.recording.feed import FeedRedaction
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.redaction import address, data, kept, name, number, unknown
from ringline_edge.recording.simulated import SimulatedRedaction
from ringline_edge.recording.xmltext import replaced
from tests.unit.recording.renaming import NOW_MS, SETTINGS

PHONE = "+442071234567"
WRITTEN = ("+44 (20) 7123-4567", "(020) 7123 4567", "020-7123-4567", "020 71234567")
MAIL = "ada.smith@mail.example.com"
PERSON = "Smithson"


def ami(text: str, **settings: Any) -> str:
    """One message of AMI after redaction."""
    said = text.strip().replace("\n", "\r\n").encode() + b"\r\n\r\n"
    return AmiRedaction(settings, Pseudonyms()).heard(said, NOW_MS).decode().replace("\r\n", "\n")


def frame(body: str) -> bytes:
    return encode(9999, body.encode())


def csta(body: str) -> str:
    (new,) = FrameProtocol().receive_data(CstaRedaction(SETTINGS["csta"], Pseudonyms()).heard(frame(body), NOW_MS))
    return new.body.decode()


def esl(kind: str, body: str) -> tuple[str, str]:
    said = f"Content-Length: {len(body.encode())}\nContent-Type: {kind}\n\n{body}".encode()
    new = EslRedaction({}, Pseudonyms()).heard(said, NOW_MS)
    assert len(list(EslProtocol().receive_data(new))) == 1
    return new.decode().split("\n\n", 1)[0], new.decode().split("\n\n", 1)[1]


@pytest.mark.parametrize("how", [address, data, kept, name, number, unknown])
@pytest.mark.parametrize("value", [PHONE, "02071234567", "71234", *WRITTEN, MAIL])
def test_no_way_to_write_a_number_or_an_address_gets_through(how: Any, value: str) -> None:
    names = Pseudonyms()
    for each in (value, f"{value};x=1", f"sip:{value}"):
        new = how(names, each)
        assert value not in new
        groups = [group for group in ("7123", "4567", "71234", "ada", "smith") if group in value]
        assert len([group for group in groups if group in new]) < max(1, len(groups))


@pytest.mark.parametrize("how", [address, data, kept, name, number, unknown])
@pytest.mark.parametrize("value", ["", "<unknown>", "anonymous", "true"])
def test_what_tells_of_nobody_stays(how: Any, value: str) -> None:
    assert how(Pseudonyms(), value) == value


def test_a_pin_goes_and_an_extension_stays() -> None:
    names = Pseudonyms()
    assert data(names, "1234") == "Text 1"
    number(names, "5000")
    assert data(names, "5000") == "5000"


headers = st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"], include_characters="-_"), min_size=1)


@given(header=headers, event=st.sampled_from(["Newchannel", "UserEvent", "ListDialplan", "Invented"]))
def test_a_header_of_ami_that_nobody_knows_brings_nobody_in(header: str, event: str) -> None:
    known = ami_module._PLAIN | ami_module._IDENTS
    small = header.lower()
    value = f"{PERSON} {PHONE}"
    new = ami(f"Event: {event}\nX: y\n{header}: {value}")
    assert PHONE not in new
    assert PERSON not in new or small in known or ami_module._ROLES.sub("", small) in known


def test_secrets_and_data_of_ami_go_and_what_a_replay_needs_stays() -> None:
    new = ami(
        f"""
Event: Newchannel
Timestamp: 1795336070.015862
Channel: PJSIP/{PERSON}-0000004d
CallerIDNum: {PHONE}
CallerIDName: {PERSON}
Exten: 5000
Context: from-trunk
Uniqueid: bed-1795336070.85
ChanVariable: CTI_DNIS=5000
ChanVariable: CTI_UUI=card 4929 1234 5678
AppData: {PERSON},30
"""
    )
    for gone in (PERSON, PHONE, "4929", "card"):
        assert gone not in new
    for stays in ("Event: Newchannel", "Timestamp: 1795336070.015862", "-0000004d", "Exten: 5000", "CTI_DNIS=5000"):
        assert stays in new
    assert "Challenge: gone" in ami("Response: Success\nActionID: q1\nChallenge: 169480")


def test_events_without_a_time_get_that_of_their_arrival() -> None:
    assert f"Timestamp: {NOW_MS // 1000}.000000" in ami("Event: Hangup\nUniqueid: 1.1")
    stamped = AmiRedaction({}, Pseudonyms()).heard(
        b"Event: A\r\nTimestamp: 1.5\r\n\r\nEvent: B\r\nUniqueid: 2\r\n\r\n", NOW_MS
    )
    assert stamped.count(b"Timestamp") == 1


def test_what_is_no_header_is_left_out() -> None:
    new = ami(f"Event: UserEvent\n{PERSON} at {PHONE}\nbalance of {PHONE}: 5\nno colon\nX:y")
    assert new == f"Event: UserEvent\nTimestamp: {NOW_MS // 1000}.000000\nX: Text 1\n\n"


def test_names_of_keys_bring_nobody_in() -> None:
    _, body = esl("text/event-json", json.dumps({"Event-Name": "CUSTOM", f"variable_{PHONE}": "x", MAIL: "y"}))
    feed = FeedRedaction({"profile": "jsonl"}, Pseudonyms()).heard(json.dumps({PHONE: {MAIL: 1}}).encode() + b"\n", 0)
    for new in (body, feed.decode()):
        assert not [gone for gone in (PHONE, MAIL) if gone in new]


def test_the_banner_is_no_part_of_a_recording_and_may_be_cut_anywhere() -> None:
    said = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nActionID: q1\r\n\r\n"
    hides = AmiRedaction({}, Pseudonyms())
    new = b"".join(hides.heard(said[at : at + 1], NOW_MS) for at in range(len(said)))
    assert new == b"Response: Success\r\nActionID: q1\r\n\r\n"
    assert list(AmiProtocol("recorded").receive_data(new)) == [{"Response": "Success", "ActionID": "q1"}]


def test_names_of_channels_that_the_sites_patterns_know_are_known_again() -> None:
    settings = {"station": r"^PJSIP/agent(\d+)", "trunk": r"^PJSIP/telco"}
    new = ami(
        "Event: A\nChannel: PJSIP/agent1001-00000001\nDestChannel: PJSIP/telco-00000002\nPeer: PJSIP/ada", **settings
    )
    assert "Channel: PJSIP/agent1001-00000001" in new
    assert "DestChannel: PJSIP/telco-00000002" in new
    assert "ada" not in new


def test_csta_keeps_its_tags_and_loses_its_people() -> None:
    new = csta(
        f"""<?xml version="1.0" encoding="UTF-8"?><!-- {PERSON} --><c:DeliveredEvent xmlns:c="urn:x" owner="{PERSON}">
<callID>FF00010519</callID><deviceID typeOfNumber="other">{PHONE}:CM1::0</deviceID><displayName>{PERSON}</displayName>
<userData><string>{PERSON.encode().hex()}</string></userData><agentID>600123</agentID><vendor>{PERSON}</vendor>
<sessionID>469B6C</sessionID><note><![CDATA[{PERSON} <{PHONE}>]]></note><cause>newCall</cause></c:DeliveredEvent>"""
    )
    for gone in (PERSON, PERSON.encode().hex(), PHONE, "600123", "469B6C"):
        assert gone not in new
    for stays in ('<c:DeliveredEvent xmlns:c="urn:x"', "<callID>FF00010519<", ":CM1::0<", "<cause>newCall<"):
        assert stays in new
    assert new.endswith("</c:DeliveredEvent>")


def test_xml_in_another_code_is_written_in_the_same() -> None:
    body = '<?xml version="1.0" encoding="ISO-8859-1"?><a><label>M\u00fcller</label></a>'.encode("latin-1")
    (new,) = FrameProtocol().receive_data(CstaRedaction(SETTINGS["csta"], Pseudonyms()).heard(encode(1, body), NOW_MS))
    assert new.body.decode("latin-1").endswith("<a><label>Name 1</label></a>")


@given(st.text(st.sampled_from("<>/!-[]CDATA?xml &;\"'=a \n"), max_size=80))
def test_broken_xml_lets_no_text_through(broken: str) -> None:
    new = replaced(f"<r>{broken}{PERSON}</r>", lambda *_: "x", lambda *_: "y")
    assert PERSON not in new


def test_freeswitch_events_are_framed_anew_in_either_form() -> None:
    event = {"Event-Name": "CHANNEL_CREATE", "Unique-ID": "5280467e-fbf8-471c-975c-1228038b23dc", "variable_x": PERSON}
    event |= {"Caller-Caller-ID-Number": PHONE, "variable_cti_note": "M%C3%BCller", "Hangup-Cause": "NORMAL_CLEARING"}
    head, body = esl("text/event-json", json.dumps(event))
    assert f"Content-Length: {len(body.encode())}" in head
    new = json.loads(body)
    assert (new["Event-Name"], new["Unique-ID"]) == (event["Event-Name"], event["Unique-ID"])
    assert (new["Hangup-Cause"], new["variable_cti_note"]) == ("NORMAL_CLEARING", "Text 2")
    kept_only_as_such = {"variable_x_uuid": f"{PERSON} 1", "variable_pin_time": "1234", "variable_start_stamp": PERSON}
    _, other = esl("text/event-json", json.dumps(kept_only_as_such))
    assert not [gone for gone in (PERSON, "1234") if gone in other]
    plain = f"Event-Name: CHANNEL_CREATE\nvariable_x: {PERSON}\nCaller-Caller-ID-Number: %2B442071234567\n\n"
    for text in (body, esl("text/event-plain", plain)[1]):
        assert not [gone for gone in (PERSON, PHONE, "442071234567", "%C3") if gone in text]


def test_answers_of_freeswitch_are_told_by_their_form_still() -> None:
    rows = {
        "row_count": 12,
        "no": None,
        "rows": [{"reg_user": "1001", "token": PERSON, "url": f"sofia/x/{PHONE}@{PERSON}", "x": MAIL}],
    }
    listed = json.loads(esl("api/response", json.dumps(rows))[1])
    assert (listed["row_count"], listed["rows"][0]["reg_user"]) == (12, "1001")
    assert listed["no"] is None
    _, table = esl("api/response", f"name|contact|status\n1001@default|user/{PERSON}|Available\n\n+OK\n")
    assert table.startswith("name|contact|status\n1001@default|user/word")
    _, line = esl("api/response", f"-ERR {PERSON} {PHONE}\n")
    for new in (json.dumps(listed), table, line):
        assert not [gone for gone in (PERSON, PHONE, MAIL) if gone in new]


def test_the_simulators_lines_keep_their_keys() -> None:
    line = {"event": "leg", "leg": "l1", "number": PHONE, "name": PERSON, "data": {"note": PERSON}, "started_ms": 5}
    new = json.loads(SimulatedRedaction({}, Pseudonyms()).heard(json.dumps(line).encode() + b"\n", NOW_MS))
    assert (new["event"], new["leg"], new["started_ms"], new["name"]) == ("leg", "l1", 5, "Name 1")
    assert new["data"] == {"note": "Text 1"}
    assert len(new["number"]) == len(PHONE)


@pytest.mark.parametrize("profile", ["netstar", "callmedia-like", "jsonl", "ami"])
def test_a_feed_keeps_the_words_of_its_profile_and_no_others(profile: str) -> None:
    plan = plans.load(profile)
    hides = FeedRedaction({"profile": profile}, Pseudonyms())
    word = max(hides._words, key=len)
    samples = {
        "xml": f'<msg Id="{word}" Info="{PHONE}"><a>{PERSON} {WRITTEN[0]}</a></msg>',
        "json": json.dumps({"type": word, "x": PERSON, "y": [PHONE, 442071234567], "z": None, "w": 1.5}),
        "fields": f"Event: {word}\r\nCallerIDNum: {PHONE}\r\nX: {PERSON}",
    }
    new = hides._message(samples[plan.profile.format])
    assert not [gone for gone in (PERSON, PHONE, "442071234567", "7123-4567") if gone in new]
    assert word in new


def test_a_form_keeps_its_names_and_numbers_written_in_percents_are_found(tmp_path: Path) -> None:
    path = tmp_path / "forms.yaml"
    path.write_text(
        "name: forms\nsource: this test\ntransport: tcp\nframing: newline\nformat: form\n"
        "messages: [{name: all, when: {get: kind, equals: call}}]\n"
    )
    hides = FeedRedaction({"profile": str(path)}, Pseudonyms())
    new = hides.heard(urlencode({"kind": "call", "from": PHONE, "who": PERSON}).encode() + b"\n", NOW_MS).decode()
    told = dict(parse_qsl(new.strip()))
    assert (told["kind"], set(told)) == ("call", {"kind", "from", "who"})
    assert (told["from"][:3], len(told["from"])) == ("+44", len(PHONE))
    assert not [gone for gone in (PHONE, PHONE[1:], PERSON) if gone in new]


def test_posts_cannot_be_recorded_and_that_is_said_at_once() -> None:
    with pytest.raises(ConfigError, match="webhook cannot be recorded yet"):
        FeedRedaction({"profile": "webhook"}, Pseudonyms())


def refused(hides: Any, said: bytes) -> bool:
    try:
        assert hides.says(said) in (b"", said)
    except CommandError as err:
        return err.error_code is ErrorCode.NOT_ALLOWED
    return False


def test_only_what_reads_may_be_said_to_asterisk() -> None:
    hides = AmiRedaction({}, Pseudonyms())
    reads = ("Login", "Challenge", "CoreSettings", "QueueStatus", "Status", "Events", "Ping")
    changes = (
        "QueuePause",
        "QueueAdd",
        "Setvar",
        "Originate",
        "Hangup",
        "Redirect",
        "Command",
        "PJSIPNotify",
        "Reload",
    )
    assert [name for name in reads if refused(hides, action(name, "1", {}))] == []
    assert [name for name in changes if not refused(hides, action(name, "1", {}))] == []


def test_only_what_reads_may_be_said_to_csta() -> None:
    hides, asks = CstaRedaction(SETTINGS["csta"], Pseudonyms()), Requests("dmcc", "ed4")
    device, call = "4750:CM1::0", ("519", "4750:CM1::0")
    reads = (asks.monitor(device), asks.snapshot_device(device), asks.snapshot_call(call), asks.get_agent_state(device))
    ours = (asks.start_session("a", asks.avaya_login("u", "p", 60, ""), (), 180), asks.stop_session("s"))
    changes = (
        asks.set_agent_state(device, "ready"),
        asks.make_call(device, PHONE, prompt=True),
        asks.deflect(call, "1"),
    )
    assert not any(refused(hides, encode(1, each)) for each in (*reads, *ours, asks.request_status()))
    assert all(
        refused(hides, encode(1, each)) for each in (*changes, asks.digits(call, "1"), asks.associate(call, "x"))
    )
    assert [hides.says(encode(7, each)) for each in ours] == [b"", b""]
    assert all(hides.says(encode(7, each)) for each in reads)


def test_only_what_reads_may_be_said_to_freeswitch() -> None:
    hides = EslRedaction({}, Pseudonyms())
    reads = ("auth secret", "event json CUSTOM x", "api version", "api show channels as json", "bgapi version")
    changes = ("bgapi uuid_kill 1", "api uuid_kill 1", "bgapi callcenter_config agent set status 1 x", "api reload x",
               "api version\nx", "api show channels as json; reload", "sendmsg x")  # fmt: skip
    assert [line for line in reads if refused(hides, command(line))] == []
    assert [line for line in changes if not refused(hides, (line + "\n\n").encode()) and "\n" not in line] == []


def test_only_what_reads_may_be_said_to_the_simulator() -> None:
    hides = SimulatedRedaction({}, Pseudonyms())
    assert not refused(hides, b'{"do":"snapshot","ref":"first"}\n')
    assert refused(hides, b'{"do":"command","verb":"keep"}\n')


@pytest.mark.parametrize(
    ("hides", "said"),
    [
        (AmiRedaction({}, Pseudonyms()), b"x" * 300_000),
        (CstaRedaction(SETTINGS["csta"], Pseudonyms()), b"HTTP/1.1 400 Bad Request\r\n"),
        (EslRedaction({}, Pseudonyms()), b"no: frame\n\n"),
        (SimulatedRedaction({}, Pseudonyms()), b"no line\n"),
        (FeedRedaction({"profile": "ami"}, Pseudonyms()), b"x" * 300_000),
    ],
)
def test_bytes_that_are_none_of_the_protocol_are_told(hides: Any, said: bytes) -> None:
    with pytest.raises(PbxProtocolError):
        hides.heard(said, NOW_MS)
