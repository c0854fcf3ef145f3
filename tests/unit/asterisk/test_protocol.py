"""AMI on the wire: whatever the cut of the bytes the messages are the same, and no bytes do harm."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.asterisk.protocol import (
    MAX_ACTION_LINE,
    MAX_BANNER,
    MAX_MESSAGE,
    REPEATED,
    AmiProtocol,
    Message,
    action,
    escaped,
)

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHUNK = 65_536

names = st.from_regex(r"\A[A-Z][A-Za-z]{0,12}\Z").filter(lambda name: name not in ("Event", "ChanVariable"))
values = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=40)
headers = st.dictionaries(names, values, max_size=6)
kinds = st.sampled_from([("Event", "Newchannel"), ("Event", "Hangup"), ("Response", "Success"), ("Event", "VarSet")])


def encode(message: Message) -> bytes:
    """A message as the PBX sends it."""
    return "".join(f"{name}: {value}\r\n" for name, value in message.items()).encode() + b"\r\n"


def cut(data: bytes, at: Iterable[int]) -> Iterator[bytes]:
    """`data` in pieces."""
    start = 0
    for end in sorted({*at, len(data)}):
        yield data[start:end]
        start = end


def read(pieces: Iterable[bytes]) -> list[Message]:
    """All messages in the pieces."""
    protocol = AmiProtocol()
    return [message for piece in pieces for message in protocol.receive_data(piece)]


@settings(deadline=None)
@given(st.lists(st.tuples(kinds, headers), max_size=8), st.lists(st.integers(0, 2000), max_size=30), st.booleans())
def test_wanted_messages_come_out_as_they_went_in_whatever_the_cut(
    sent: list[tuple[tuple[str, str], dict[str, str]]], at: list[int], stray: bool
) -> None:
    messages = [{kind[0]: kind[1], **more} for kind, more in sent]
    data = BANNER + (b"\r\n" if stray else b"").join(map(encode, messages))
    wanted = [message for message in messages if message.get("Event") != "VarSet"]
    assert read(cut(data, (each for each in at if each < len(data)))) == wanted
    assert read(data[i : i + 1] for i in range(len(data))) == wanted


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=30), st.booleans())
def test_any_junk_is_read_or_refused_and_little_of_it_is_kept(junk: list[bytes], greeted: bool) -> None:
    protocol = AmiProtocol()
    try:
        for piece in ([BANNER] if greeted else []) + junk:
            list(protocol.receive_data(piece))
            assert protocol.buffered <= MAX_MESSAGE + len(piece)
    except PbxProtocolError:
        pass


@settings(deadline=None)
@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b": ", b"Event", b"Hangup", b"\xff", b"A: b"]), max_size=60))
def test_pieces_of_the_protocol_in_any_order_are_read(pieces: list[bytes]) -> None:
    messages = read([BANNER, b"".join(pieces), b"\r\n\r\n", encode({"Response": "Success", "ActionID": "q1"})])
    assert messages[-1]["Response"] == "Success"


def test_a_message_without_end_is_refused_before_it_fills_the_memory() -> None:
    protocol = AmiProtocol()
    list(protocol.receive_data(BANNER + b"Event: Newchannel\r\nChannel: "))
    for _ in range(MAX_MESSAGE // CHUNK - 1):
        list(protocol.receive_data(b"x" * CHUNK))
    assert protocol.buffered <= MAX_MESSAGE
    with pytest.raises(PbxProtocolError, match="above"):
        list(protocol.receive_data(b"x" * CHUNK))


def test_a_line_of_a_megabyte_is_refused_even_when_it_comes_whole() -> None:
    with pytest.raises(PbxProtocolError, match="above"):
        read([BANNER, encode({"Event": "Newchannel", "Channel": "x" * 1_000_000})])
    with pytest.raises(PbxProtocolError, match="line"):
        read([BANNER, encode({"Event": "Newchannel", "Channel": "x" * 100_000})])


def test_what_nobody_wants_is_passed_over_unread() -> None:
    assert read([BANNER, encode({"Event": "VarSet", "Value": "x" * 1_000_000})]) == []


def test_invalid_utf8_is_replaced() -> None:
    (message,) = read([BANNER, b"Event: Newchannel\r\nCallerIDName: J\xfcrgen\r\n\r\n"])
    assert message["CallerIDName"] == "J\ufffdrgen"


def test_values_of_a_repeated_variable_are_kept_and_of_other_headers_the_last() -> None:
    raw = b"Event: Newstate\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nState: x\r\nState: y\r\n\r\n"
    (message,) = read([BANNER, raw])
    assert message["ChanVariable"].split(REPEATED) == ["A=1", "B=2"]
    assert message["State"] == "y"


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 400 Bad Request\r\n", b"A" * 2, b"\r\n", b"Asterisk Call Manager" + b"1" * MAX_BANNER]
)
def test_a_peer_that_is_no_asterisk_is_refused(first: bytes) -> None:
    with pytest.raises(PbxProtocolError, match="no Asterisk"):
        read([first])


def test_the_banner_may_come_in_pieces() -> None:
    protocol = AmiProtocol()
    for index in range(len(BANNER)):
        assert list(protocol.receive_data(BANNER[index : index + 1])) == []
    assert protocol.banner == "Asterisk Call Manager/11.0.0"


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_value_can_add_a_header(value: str) -> None:
    sent = {"Exten": value, "Variable": ["A=1", f"B={value}"]}
    if any(character < " " or character == "\x7f" for character in value):
        with pytest.raises(CommandError) as refused:
            action("Originate", "q1", sent)
        assert refused.value.error_code is ErrorCode.MESSAGE_INVALID
        return
    data = action("Originate", "q1", sent)
    assert data.count(b"\r\n") == 6
    assert data.count(b"\n") == data.count(b"\r") == 6
    assert data.endswith(b"\r\n\r\n")


def test_a_value_that_the_pbx_would_cut_is_refused() -> None:
    with pytest.raises(CommandError) as refused:
        action("Setvar", "q1", {"Value": "ä" * (MAX_ACTION_LINE // 2)})
    assert refused.value.error_code is ErrorCode.TOO_LARGE


def test_commas_quotes_and_backslashes_in_variables_are_escaped() -> None:
    assert escaped('a,"b"\\c') == 'a\\,\\"b\\"\\\\c'
