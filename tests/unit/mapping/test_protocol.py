"""Framings: whatever the cut of the bytes, the messages are the same; and nothing grows without end."""

from __future__ import annotations

import itertools
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringline_core.errors import PbxProtocolError
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.protocol import Framer, decoded, frame

RULE = {"name": "all", "when": {"get": "x", "exists": True}}
FRAMINGS: dict[str, dict[str, object]] = {
    "newline": {"kind": "newline"},
    "blank_line": {"kind": "blank_line"},
    "nul": {"kind": "nul"},
    "stx_etx": {"kind": "stx_etx"},
    "decimal": {"kind": "decimal", "separator": ":"},
    "decimal_crlf": {"kind": "decimal", "separator": "\r\n"},
    "header": {"kind": "header", "size": 4, "at": 2, "width": 2, "includes_header": True},
    "header_little": {"kind": "header", "size": 8, "at": 4, "width": 4, "form": "little"},
    "header_hex": {"kind": "header", "size": 6, "at": 0, "width": 6, "form": "hex"},
    "header_decimal": {"kind": "header", "size": 5, "at": 0, "width": 5, "form": "decimal"},
}
UTF16 = [name for name in FRAMINGS if not name.startswith("decimal")]
every_framing = pytest.mark.parametrize("name", sorted(FRAMINGS))
words = st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters="\x7f\x85\xa0\xad"), min_size=1)


def profile(framing: dict[str, object], encoding: str = "utf-8", limit: int = 4096) -> Profile:
    return Profile.model_validate(
        {
            "name": "p",
            "source": "this test",
            "framing": framing,
            "encoding": encoding,
            "max_message_bytes": limit,
            "format": "fields",
            "messages": [RULE],
        }
    )


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[begin:end] for begin, end in itertools.pairwise(ends)]


def read(framer: Framer, chunks: list[bytes]) -> list[str]:
    return [message for chunk in chunks for message in framer.receive_data(chunk)]


@every_framing
@given(messages=st.lists(words, max_size=6), places=st.lists(st.integers(0, 10_000), max_size=12))
def test_messages_are_the_same_wherever_the_bytes_are_cut(name: str, messages: list[str], places: list[int]) -> None:
    asked = profile(FRAMINGS[name], limit=64 * 1024)
    data = b"".join(frame(asked, each) for each in messages)
    assert read(Framer(asked), cut(data, places)) == messages
    assert read(Framer(asked), [data]) == messages


@pytest.mark.parametrize("name", UTF16)
@given(messages=st.lists(words, max_size=4), places=st.lists(st.integers(0, 10_000), max_size=8))
def test_the_same_in_two_bytes_a_sign(name: str, messages: list[str], places: list[int]) -> None:
    asked = profile(FRAMINGS[name], "utf-16le", limit=64 * 1024)
    data = b"".join(frame(asked, each) for each in messages)
    assert read(Framer(asked), cut(data, places)) == messages


TREES = st.recursive(
    st.sampled_from(
        ["", "a > b", "&lt;", "<!-- </x> -->", "<![CDATA[</x>]]>", "<e/>", '<e a="&gt;>"/>', "<e a='\"/>'/>"]
    ),
    lambda inner: st.lists(inner, max_size=3).map(lambda parts: f'<n a="1">{"".join(parts)}</n>'),
    max_leaves=8,
)


@given(
    bodies=st.lists(TREES, max_size=4), prolog=st.sampled_from(["", '<?xml version="1.0"?>\n', "\r\n"]),
    places=st.lists(st.integers(0, 10_000), max_size=12),
)  # fmt: skip
def test_xml_documents_in_a_row_are_cut_at_their_ends(bodies: list[str], prolog: str, places: list[int]) -> None:
    messages = [f"{prolog}<x>{body}</x>" for body in bodies]
    asked = profile({"kind": "xml_document"}, limit=64 * 1024)
    data = "".join(messages).encode()
    assert [each.strip() for each in read(Framer(asked), cut(data, places))] == [each.strip() for each in messages]


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("decimal", b"x", "decimal length"),
        ("decimal", b"12x", "decimal length"),
        ("decimal", b"1234567890:", "decimal length"),
        ("decimal_crlf", b"12\rx", "decimal length"),
        ("header", b"\0\0\0\1", "shorter than its header"),
        ("header_hex", b"zz00zz", "without a length"),
        ("header_decimal", b"1-234", "without a length"),
        ("newline", b"x" * 5000, "longer than 4096 bytes"),
        ("newline", b"x" * 5000 + b"\n", "longer than 4096 bytes"),
        ("decimal", b"5000:" + b"x" * 5000, "longer than 4096 bytes"),
    ],
)
def test_what_is_no_frame_is_refused_with_a_reason(name: str, data: bytes, reason: str) -> None:
    with pytest.raises(PbxProtocolError, match=reason):
        Framer(profile(FRAMINGS[name])).receive_data(data)


@pytest.mark.parametrize("data", [b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", b"</x>", b"<x></x></x>"])
def test_a_dtd_and_a_stray_end_are_refused(data: bytes) -> None:
    with pytest.raises(PbxProtocolError):
        Framer(profile({"kind": "xml_document"})).receive_data(data)


@pytest.mark.parametrize("name", sorted({*FRAMINGS, "xml_document"}))
def test_a_hundred_thousand_fuzzed_frames_stay_in_bounded_memory(name: str) -> None:
    asked = profile(FRAMINGS.get(name, {"kind": "xml_document"}))
    chance, pieces = random.Random(name), [b"<a>", b"</a>", b"\r\n", b"\n\n", b"\0", b"\2", b"\3", b"7:", b"<!--", b"'"]
    framer, reasons = Framer(asked), set[str]()
    tracemalloc.start()
    for _ in range(100_000):
        data = chance.choice(pieces) + chance.randbytes(chance.randrange(12))
        try:
            framer.receive_data(data)
        except PbxProtocolError as err:
            reasons.add(str(err))
            framer = Framer(asked)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
    assert all(reason.startswith(("the PBX", "a message of the PBX")) for reason in reasons)


@pytest.mark.parametrize(
    ("name", "text"),
    [("newline", "a\nb"), ("nul", "a\0b"), ("blank_line", "a\n\nb"), ("stx_etx", "a\3b"), ("stx_etx", "\2")],
)
def test_nothing_is_sent_that_would_end_its_frame_early(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="ends messages"):
        frame(profile(FRAMINGS[name]), text)


def test_a_message_too_long_for_its_header_is_not_sent() -> None:
    with pytest.raises((ValueError, OverflowError)):
        frame(profile({"kind": "header", "size": 1, "width": 1}), "x" * 300)


@pytest.mark.parametrize(
    ("policy", "read"), [("replace", "M\ufffdller \ufffd5"), ("latin-1", "Müller \x805"), ("cp1252", "Müller €5")]
)
def test_bytes_that_are_no_utf8_become_what_the_profile_says(policy: str, read: str) -> None:
    asked = profile(FRAMINGS["newline"]).model_copy(update={"undecodable": policy})
    assert Framer(asked).receive_data("Müller €5\n".encode("cp1252")) == [read]
    assert Framer(asked).receive_data("Müller €5\n".encode()) == ["Müller €5"]
    assert decoded(asked, b"\xef\xbb\xbfa") == "a"
    assert decoded(asked, b"\xef\xbb\xbf" + "Müller €5".encode("cp1252")) == read


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-8", "utf-16le"])
def test_names_come_through_in_every_encoding(encoding: str) -> None:
    asked = profile(FRAMINGS["newline"], encoding)
    assert Framer(asked).receive_data(frame(asked, "Jürgen Ñ")) == ["Jürgen Ñ"]
