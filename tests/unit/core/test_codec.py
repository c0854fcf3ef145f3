"""What the codec lets in, and what it says of the rest."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringline_core.errors import InvalidMessageError, TooLargeError
from ringline_core.wire import codec
from ringline_core.wire.codes import MAX_FRAME_BYTES
from ringline_core.wire.page import PageBeat

HELLO = {"t": "hello", "v": 1, "page": "p-1", "client": "x/1"}


def test_a_frame_of_the_contract_becomes_its_message() -> None:
    assert codec.decode_from_page('{"t":"beat","station":"1001","rev":7}') == PageBeat(station="1001", rev=7)


@pytest.mark.parametrize(
    "frame",
    [
        {"t": "nonsense"},
        {**HELLO, "surprise": 1},
        {**HELLO, "page": "has space"},
        {**HELLO, "page": "x" * 65},
        {"v": 1},
        [],
        "text",
        {"t": "command", "id": "c1", "verb": "explode"},
        {"t": "command", "id": "c1", "verb": "dtmf", "digits": "12\r\n"},
        {"t": "command", "id": "c1", "verb": "attach", "data": {"k": "x" * 3000}},
    ],
)
def test_what_the_contract_does_not_know_is_refused_by_the_cloud(frame: object) -> None:
    with pytest.raises(InvalidMessageError):
        codec.decode_from_page(json.dumps(frame))


def test_a_frame_above_the_limit_is_too_large_whatever_it_says() -> None:
    with pytest.raises(TooLargeError):
        codec.decode_from_page(json.dumps({**HELLO, "label": "x" * MAX_FRAME_BYTES}))


def test_the_size_counts_bytes_not_characters() -> None:
    with pytest.raises(TooLargeError):
        codec.decode_from_page("\u20ac" * (MAX_FRAME_BYTES // 3 + 1))


def test_pages_and_edges_ignore_what_a_newer_cloud_says() -> None:
    assert codec.decode_to_edge('{"t":"from_the_future","x":1}') is None
    known = codec.decode_to_edge('{"t":"lead","epoch":3,"new_field":true}')
    assert known is not None
    assert codec.decode_to_page('{"t":"zz"}') is None


def test_errors_name_the_place_and_never_the_value() -> None:
    with pytest.raises(InvalidMessageError) as refused:
        codec.decode_from_page(json.dumps({**HELLO, "rev": "secret-number"}))
    assert "rev" in str(refused.value)
    assert "secret-number" not in str(refused.value)


@given(st.one_of(st.text(), st.binary()))
def test_any_text_decodes_or_is_refused_cleanly(raw: str | bytes) -> None:
    for decode in (codec.decode_from_page, codec.decode_from_edge, codec.decode_to_page, codec.decode_to_edge):
        with contextlib.suppress(InvalidMessageError):
            decode(raw)
