"""SDP, digest, dialogs and RTP: the pure parts of the SIP user agent."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.pbx.asterisk.sip.agent import transfer_done
from infra.pbx.asterisk.sip.dialog import CallState, SipCall, wants_auto_answer
from infra.pbx.asterisk.sip.digest import Credentials, UnusableChallengeError, authorization
from infra.pbx.asterisk.sip.media import packet
from infra.pbx.asterisk.sip.message import SipMessage
from infra.pbx.asterisk.sip.sdp import Audio, Direction, describe, parse_audio

RECEIVED = (
    b"INVITE sip:1001@h SIP/2.0\r\nFrom: <sip:+44@h>;tag=far\r\nTo: <sip:1001@h>\r\nCall-ID: i1\r\nCSeq: 1 INVITE\r\n"
)


def invite(*headers: str) -> SipMessage:
    lines = "".join(f"{header}\r\n" for header in headers)
    return SipMessage.parse(RECEIVED + lines.encode() + b"\r\n")


@given(st.integers(0, 65_535), st.sampled_from(Direction))
def test_a_description_is_read_back(port: int, direction: Direction) -> None:
    body = describe("127.0.0.1", port, session=7, version=2, direction=direction)
    assert parse_audio(body) == Audio("127.0.0.1", port, direction)


@pytest.mark.parametrize(
    ("body", "wants"),
    [
        ("c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n", True),
        ("c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=recvonly\r\n", True),
        ("c=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n", False),
        ("c=IN IP4 0.0.0.0\r\nm=audio 4000 RTP/AVP 0\r\n", False),
        ("c=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\na=inactive\r\n", False),
    ],
)
def test_silence_goes_only_where_it_would_be_heard(body: str, wants: bool) -> None:
    audio = parse_audio(body)
    assert audio is not None
    assert audio.wants_packets is wants


@pytest.mark.parametrize(
    "body", ["", "m=audio 4000 RTP/AVP 0", "c=IN IP4 1.2.3.4", "c=IN IP4 1.2.3.4\nm=audio 70000 RTP/AVP 0"]
)
def test_a_body_without_audio_has_none(body: str) -> None:
    assert parse_audio(body) is None


@pytest.mark.parametrize(
    ("offered", "held_here", "answer"),
    [
        (Direction.SENDRECV, False, Direction.SENDRECV),
        (Direction.SENDRECV, True, Direction.SENDONLY),
        (Direction.SENDONLY, False, Direction.RECVONLY),
        (Direction.INACTIVE, True, Direction.INACTIVE),
    ],
)
def test_a_hold_is_answered_by_its_mirror(offered: Direction, held_here: bool, answer: Direction) -> None:
    assert offered.answer(held_here=held_here) is answer


def challenge(text: str, name: str = "WWW-Authenticate") -> SipMessage:
    return SipMessage.parse(f"SIP/2.0 401 Unauthorized\r\nCSeq: 1 REGISTER\r\n{name}: {text}\r\n\r\n".encode())


def test_a_challenge_is_answered_as_rfc_2617_computes_it() -> None:
    asked = challenge('Digest realm="r", nonce="n", opaque="o", algorithm=MD5, qop="auth"')
    name, value = authorization(asked, Credentials("1001", "pw"), "REGISTER", "sip:h", "c")

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    expected = md5(f"{md5('1001:r:pw')}:n:00000001:c:auth:{md5('REGISTER:sip:h')}")
    assert name == "Authorization"
    assert f'response="{expected}"' in value
    assert 'opaque="o"' in value


def test_a_proxy_challenge_without_qop_is_answered_in_the_old_way() -> None:
    name, value = authorization(
        challenge('Digest realm="r", nonce="n"', "Proxy-Authenticate"), Credentials("u", "p"), "INVITE", "sip:h", "c"
    )
    assert name == "Proxy-Authorization"
    assert "qop" not in value


@pytest.mark.parametrize("text", ['Digest realm="r", nonce="n", algorithm=ROT13', "Basic", 'Digest nonce="n"'])
def test_a_challenge_of_an_unknown_kind_is_refused(text: str) -> None:
    with pytest.raises(UnusableChallengeError):
        authorization(challenge(text), Credentials("u", "p"), "INVITE", "sip:h", "c")


def test_credentials_do_not_show_their_password() -> None:
    assert "hush" not in repr(Credentials("1001", "hush"))


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("Call-Info: <sip:x>;answer-after=0", True),
        ("Alert-Info: <http://x>;info=alert-autoanswer;delay=0", True),
        ("Answer-Mode: Auto", True),
        ("Call-Info: <sip:x>;answer-after=10", False),
        ("Subject: auto", False),
    ],
)
def test_headers_that_ask_for_an_automatic_answer_are_known(header: str, wanted: bool) -> None:
    assert wants_auto_answer(invite(header)) is wanted


def test_an_offered_call_shows_whom_the_network_asserts() -> None:
    assert SipCall.offered(invite()).shown == "+44"
    assert SipCall.offered(invite("P-Asserted-Identity: <sip:+33@h>")).shown == "+33"


def test_a_call_knows_what_was_dialled_either_way() -> None:
    assert SipCall.offered(invite()).dialled == "1001"
    assert SipCall.placed("*45#", local="<sip:1001@h>", domain="h", host="127.0.0.1").dialled == "*45%23"


def test_the_replaces_of_a_transfer_names_the_dialog() -> None:
    call = SipCall.placed("1002", local="<sip:1001@h>", domain="h", host="127.0.0.1")
    call.remote_tag = "far"
    assert call.state is CallState.DIALING
    referred = call.refer_to_with_replaces()
    assert referred.startswith("<sip:1002@h?Replaces=")
    dialog = unquote(referred.removeprefix("<sip:1002@h?Replaces=").removesuffix(">"))
    assert dialog == f"{call.call_id};to-tag=far;from-tag={call.local_tag}"


@pytest.mark.parametrize(
    ("fragment", "done"),
    [
        ("SIP/2.0 200 OK\r\n", True),
        ("SIP/2.0 202 Accepted", True),
        ("SIP/2.0 180 Ringing", False),
        ("SIP/2.0 400 Bad", False),
        ("", False),
    ],
)
def test_a_transfer_is_done_when_a_success_is_reported(fragment: str, done: bool) -> None:
    assert transfer_done(fragment) is done


def test_audio_packets_are_numbered_and_timed() -> None:
    third = packet(2, b"abcd")
    assert (third[:2], third[2:4], third[4:8], third[8:12], len(third)) == (
        b"\x80\x00",
        b"\x00\x02",
        (320).to_bytes(4, "big"),
        b"abcd",
        172,
    )
