"""The 8-byte header: whatever the cut of the bytes the frames are the same, and no bytes do harm."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.csta.protocol import MAX_FRAME, Frame, FrameProtocol, encode
from ringline_edge.adapters.csta.xml import parse

FUZZED = 100_000
# Byte-exact, from a client's own tests: 0x00EB is the length with the header.
MONITOR = (
    b'<MonitorStart xmlns="http://www.ecma-international.org/standards/ecma-323/csta/ed4"><monitorObject><deviceObject '
    b'typeOfNumber="dialingNumber">212700</deviceObject></monitorObject><monitorType>device</monitorType></MonitorStart>'
)

bodies = st.binary(max_size=300)
frames = st.lists(st.tuples(st.integers(0, 9999), bodies), max_size=8)


def encoded(invoke: int, body: bytes, version: int = 0) -> bytes:
    return struct.pack(">HH", version, len(body) + 8) + b"%04d" % invoke + body


def cut(data: bytes, at: Iterable[int]) -> Iterator[bytes]:
    start = 0
    for end in sorted({*at, len(data)}):
        yield data[start:end]
        start = end


def read(pieces: Iterable[bytes]) -> list[Frame]:
    protocol = FrameProtocol()
    return [frame for piece in pieces for frame in protocol.receive_data(piece)]


def test_a_known_frame_is_written_to_the_byte() -> None:
    data = encode(1, MONITOR)
    assert data[:8] == b"\x00\x00\x00\xeb0001"
    assert len(data) == 235
    assert read([data]) == [Frame(1, MONITOR)]


@settings(deadline=None)
@given(frames, st.lists(st.integers(0, 3000), max_size=30), st.sampled_from([0, 0x3030, 0xFFFF]))
def test_frames_come_out_as_they_went_in_whatever_the_cut(
    sent: list[tuple[int, bytes]], at: list[int], version: int
) -> None:
    data = b"".join(encoded(invoke, body, version) for invoke, body in sent)
    expected = [Frame(invoke, body) for invoke, body in sent]
    assert read(cut(data, (each for each in at if each < len(data)))) == expected
    assert read(data[i : i + 1] for i in range(len(data))) == expected


def test_the_largest_frame_is_read_in_pieces_and_a_larger_one_is_not_sent() -> None:
    body = b"x" * (MAX_FRAME - 8)
    data = encode(7, body)
    assert read(data[i : i + 1460] for i in range(0, len(data), 1460)) == [Frame(7, body)]
    with pytest.raises(CommandError) as refused:
        encode(7, body + b"x")
    assert refused.value.error_code is ErrorCode.TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [b"\0\0\0\x070001", b"\0\0\0\0aaaa", b"\0\0\x10\0abcd", b"HTTP/1.1 400 Bad", b"\x15\x03\x01\0\x02\x02\x28\0\0"],
)
def test_what_is_no_frame_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(PbxProtocolError, match="CSTA"):
        read([data])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=30))
def test_any_junk_is_read_or_refused_and_never_more_than_a_frame_is_kept(junk: list[bytes]) -> None:
    protocol = FrameProtocol()
    try:
        for piece in junk:
            list(protocol.receive_data(piece))
            assert protocol.buffered <= MAX_FRAME
    except PbxProtocolError:
        pass


def test_a_hundred_thousand_fuzzed_frames_end_in_messages_or_in_a_clear_error_and_keep_no_memory() -> None:
    rng = random.Random(4722)
    whole = encoded(9999, b"<HeldEvent><monitorCrossRefID>1</monitorCrossRefID></HeldEvent>")
    protocol, parsed, refusals = FrameProtocol(), 0, list[str]()
    for _ in range(FUZZED):
        data = bytearray(whole)
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            for frame in protocol.receive_data(bytes(data)):
                parse(frame.body)
                parsed += 1
        except PbxProtocolError as err:
            refusals.append(str(err))
            protocol = FrameProtocol()
        assert protocol.buffered <= MAX_FRAME
        if protocol.buffered and rng.random() < 0.5:
            protocol = FrameProtocol()
    assert parsed > FUZZED / 4
    assert len(refusals) > FUZZED / 10
    assert all(refusals)
