"""The event socket's codec: frames cut anywhere, several in one segment, garbage."""

from __future__ import annotations

import contextlib
import json
import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_edge.adapters.freeswitch.protocol import (
    BODY,
    MAX_BODY,
    MAX_COMMAND,
    MAX_HEAD,
    EslProtocol,
    Frame,
    command,
    text,
)

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True)
VALUES = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)
EVENTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=8)


def frame(body: bytes, kind: str = "text/event-json") -> bytes:
    return b"Content-Length: %d\nContent-Type: %s\n\n%s" % (len(body), kind.encode(), body)


def encoded(event: dict[str, str]) -> bytes:
    return frame(json.dumps(event, ensure_ascii=False).encode())


def read(data: bytes, cuts: list[int]) -> list[Frame]:
    protocol, frames, start = EslProtocol(), list[Frame](), 0
    for end in [*sorted(cuts), len(data)]:
        frames += protocol.receive_data(data[start:end])
        start = max(start, end)
    assert protocol.buffered == 0
    return frames


@settings(deadline=None)
@given(events=st.lists(EVENTS, max_size=4), data=st.data())
def test_events_are_the_same_wherever_the_bytes_are_cut(events: list[dict[str, str]], data: st.DataObject) -> None:
    stream = b"".join(encoded(event) for event in events)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    assert [each.headers for each in read(stream, cuts)] == events


@settings(deadline=None)
@given(events=st.lists(EVENTS, min_size=1, max_size=3))
def test_events_come_one_byte_at_a_time(events: list[dict[str, str]]) -> None:
    stream = b"".join(encoded(event) for event in events)
    assert [each.headers for each in read(stream, list(range(len(stream))))] == events


@settings(deadline=None)
@given(event=EVENTS, body=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_plain_events_keep_line_breaks_and_colons_in_their_values(event: dict[str, str], body: str) -> None:
    stripped = {name: value for name, value in event.items() if not value.startswith("ARRAY::")}
    lines = "".join(f"{name}: {quote(value)}\n" for name, value in stripped.items())
    data = frame(f"{lines}\n{body}".encode(), "text/event-plain")
    (only,) = read(data, [])
    assert only.headers == stripped | ({BODY: body} if body and stripped else {})


def test_a_plain_event_with_an_sdp_is_not_torn_apart() -> None:
    sdp = "v=0\r\no=FreeSWITCH 1 2\r\na=rtpmap:0 PCMU/8000\r\nc: d"
    body = f"Event-Name: CHANNEL_ANSWER\nvariable_rtp_local_sdp_str: {quote(sdp)}\nUnique-ID: u1\n\n"
    (only,) = read(frame(body.encode(), "text/event-plain"), [])
    assert (only.headers["variable_rtp_local_sdp_str"], only.headers["Unique-ID"]) == (sdp, "u1")


def test_of_a_header_that_came_several_times_the_last_counts() -> None:
    body = b"Event-Name: X\nHangup-Cause: NONE\nHangup-Cause: USER_BUSY\nvariable_t: ARRAY::a|:b\n\n"
    (only,) = read(frame(body, "text/event-plain"), [])
    assert (text(only.headers, "Hangup-Cause"), text(only.headers, "variable_t")) == ("USER_BUSY", "b")
    assert text({"a": ["x", "y"]}, "a") == "y"
    assert text({"a": [], "b": ""}, "a") is text({"a": [], "b": ""}, "b") is None


def test_a_background_jobs_body_may_hold_anything() -> None:
    output = "+OK\n\nContent-Length: 5\n\nEvent-Name: FAKE\n"
    (only,) = read(encoded({"Event-Name": "BACKGROUND_JOB", BODY: output}), [])
    assert only.headers[BODY] == output


def test_replies_events_and_lists_in_one_segment_come_in_order() -> None:
    data = (
        b"Content-Type: auth/request\n\n"
        b"Content-Type: command/reply\nReply-Text: +OK accepted\n\n"
        + frame(b'{"row_count": 0}\n', "api/response")
        + encoded({"Event-Name": "HEARTBEAT"})
        + b"\nContent-Type: text/disconnect-notice\nContent-Length: 5\n\nbye.\n"
    )
    frames = read(data, [])
    assert [each.kind for each in frames] == [
        "auth/request", "command/reply", "api/response", "text/event-json", "text/disconnect-notice"
    ]  # fmt: skip
    assert (frames[1].headers["Reply-Text"], frames[2].body) == ("+OK accepted", '{"row_count": 0}\n')


def test_names_in_broken_utf8_and_with_control_characters_do_not_stop_the_stream() -> None:
    broken = frame(b'{"Event-Name":"CHANNEL_CREATE","Caller-Caller-ID-Name":"M\xfcller\x01\x07"}')
    first, second = read(broken + encoded({"Event-Name": "B"}), [])
    assert first.headers["Caller-Caller-ID-Name"].startswith("M\ufffdller")
    assert second.headers == {"Event-Name": "B"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"nonsense", b"[" * 20_000])
def test_an_event_that_cannot_be_read_is_empty_and_the_stream_goes_on(body: bytes) -> None:
    frames = list(EslProtocol().receive_data(frame(body) + encoded({"Event-Name": "B"})))
    assert [each.headers for each in frames] == [{}, {"Event-Name": "B"}]


@pytest.mark.parametrize(
    "length", [b"-1", b"x", b"1e3", b"99999999", b"9999999999999", b"\xd9\xa3", str(MAX_BODY + 1).encode()]
)
def test_a_length_that_is_none_is_an_error(length: bytes) -> None:
    with pytest.raises(PbxProtocolError, match="announces a body"):
        list(EslProtocol().receive_data(b"Content-Type: text/event-json\nContent-Length: %s\n\n" % length))


def test_a_head_without_a_type_tells_that_the_stream_is_out_of_step() -> None:
    with pytest.raises(PbxProtocolError, match="no frame"):
        list(EslProtocol().receive_data(b'"Unique-ID": "u1"}\n\n'))


def test_a_head_without_end_is_an_error_before_it_fills_the_memory() -> None:
    protocol = EslProtocol()
    for _ in range(MAX_HEAD // 1000):
        assert list(protocol.receive_data(b"x" * 1000)) == []
    with pytest.raises(PbxProtocolError, match="head"):
        list(protocol.receive_data(b"x" * 1000))


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_garbage_gives_frames_or_a_clear_error(data: bytes) -> None:
    protocol = EslProtocol()
    with contextlib.suppress(PbxProtocolError):
        list(protocol.receive_data(data))
    assert protocol.buffered <= len(data)


def test_100_000_fuzzed_frames_stay_in_bounded_memory() -> None:
    chance = random.Random(7)
    whole = encoded({"Event-Name": "CHANNEL_ANSWER", "Unique-ID": "u", "variable_x": "y" * 40})
    frames = errors = 0
    most, protocol = 0, EslProtocol()
    for number in range(100_000):
        data = bytearray(whole)
        if number % 2:
            data[chance.randrange(len(data))] = chance.randrange(256)
        try:
            frames += sum(1 for _ in protocol.receive_data(bytes(data)))
        except PbxProtocolError:
            errors += 1
            protocol = EslProtocol()
        most = max(most, protocol.buffered)
    assert frames > 40_000
    assert errors > 0
    assert most <= MAX_BODY + MAX_HEAD


@pytest.mark.parametrize("line", ["auth a\nbgapi b", "api a\r", "api \x00", "api \x7f"])
def test_no_control_character_leaves(line: str) -> None:
    with pytest.raises(CommandError, match="line break"):
        command(line)
    with pytest.raises(CommandError, match="line break"):
        command("bgapi status", Job_UUID=line)


def test_a_command_is_a_line_its_headers_and_an_empty_line() -> None:
    assert command("bgapi status", Job_UUID="j1") == b"bgapi status\nJob-UUID: j1\n\n"
    with pytest.raises(CommandError, match="above"):
        command("api " + "x" * MAX_COMMAND)
