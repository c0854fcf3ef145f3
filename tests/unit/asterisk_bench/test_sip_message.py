"""SIP messages: what is parsed, what is refused, what is built."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pbx.asterisk.sip.message import NameAddr, SipMessage, SipSyntaxError, request, response

INVITE = (
    b"INVITE sip:1001@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:5070;rport;branch=z9hG4bKone\r\n"
    b"Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKtwo\r\n"
    b'f: "Ada ""Caller" <sip:+442071234567@127.0.0.1>;tag=abc\r\n'
    b"t: <sip:1001@127.0.0.1>\r\n"
    b"i: call-1\r\n"
    b"CSeq: 17 INVITE\r\n"
    b"Subject: first\r\n"
    b" and folded\r\n"
    b"l: 4\r\n"
    b"\r\n"
    b"v=0\r\nmore that Content-Length cuts off"
)


def test_a_request_is_parsed_with_compact_names_and_folded_lines() -> None:
    message = SipMessage.parse(INVITE)
    assert (message.is_response, message.method, message.cseq, message.status) == (False, "INVITE", (17, "INVITE"), 0)
    assert message.branch == "z9hG4bKone"
    assert len(message.all("via")) == 2
    assert message.header("subject") == "first and folded"
    assert message.header("call-id") == "call-1"
    assert message.body == "v=0\r"


def test_a_response_names_the_method_that_it_answers() -> None:
    answer = SipMessage.parse(response(SipMessage.parse(INVITE), 486, "Busy Here", tag="mine"))
    assert (answer.is_response, answer.status, answer.method) == (True, 486, "INVITE")
    assert NameAddr.parse(answer.header("to")).tag == "mine"
    assert answer.all("via") == SipMessage.parse(INVITE).all("via")


def test_a_100_carries_no_tag_of_ours_and_an_existing_tag_stays() -> None:
    asked = SipMessage.parse(INVITE)
    assert NameAddr.parse(SipMessage.parse(response(asked, 100, "Trying", tag="mine")).header("to")).tag == ""
    tagged = SipMessage.parse(INVITE.replace(b"t: <sip:1001@127.0.0.1>", b"t: <sip:1001@127.0.0.1>;tag=theirs"))
    assert NameAddr.parse(SipMessage.parse(response(tagged, 200, "OK", tag="mine")).header("to")).tag == "theirs"


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"HELLO\r\nCSeq: 1 HELLO\r\n\r\n",
        b"INVITE sip:a SIP/3.0\r\nCSeq: 1 INVITE\r\n\r\n",
        b"SIP/2.0 abc OK\r\nCSeq: 1 INVITE\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: INVITE 1\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nno colon here\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContent-Length: many\r\n\r\n",
        b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nContent-Length: -4\r\n\r\n",
    ],
)
def test_what_is_no_message_is_refused(broken: bytes) -> None:
    with pytest.raises(SipSyntaxError):
        SipMessage.parse(broken)


@given(st.binary(max_size=400))
def test_any_bytes_are_parsed_or_refused_cleanly(data: bytes) -> None:
    for datagram in (data, INVITE[:80] + data, INVITE.replace(b"17", data[:20])):
        try:
            SipMessage.parse(datagram)
        except SipSyntaxError:
            continue


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=40).map(str.strip),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=200),
)
def test_what_is_built_is_read_back(value: str, body: str) -> None:
    data = request("INFO", "sip:a@b", (("CSeq", "3 INFO"), ("Subject", value)), body, "text/plain")
    message = SipMessage.parse(data)
    assert message.header("subject") == value
    assert message.body == body


def test_a_value_with_line_ends_brings_no_header_of_its_own() -> None:
    data = request("INFO", "sip:a@b", (("CSeq", "3 INFO"), ("Subject", "x\r\nEvil: yes\r\n\r\nbody")))
    message = SipMessage.parse(data)
    assert message.header("evil") == ""
    assert message.body == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"Ada" <sip:1001@h>;tag=t1', ("Ada", "sip:1001@h", "t1", "1001")),
        ("<sip:+44@h:5060;user=phone>", ("", "sip:+44@h:5060;user=phone", "", "+44")),
        ("Ada Caller <sip:1001@h>", ("Ada Caller", "sip:1001@h", "", "1001")),
        ("sip:1001@h;tag=t2", ("", "sip:1001@h", "t2", "1001")),
        ("<sip:h>", ("", "sip:h", "", "")),
        ("", ("", "", "", "")),
    ],
)
def test_a_name_and_address_is_taken_apart(value: str, expected: tuple[str, str, str, str]) -> None:
    parsed = NameAddr.parse(value)
    assert (parsed.display, parsed.uri, parsed.tag, parsed.user) == expected
