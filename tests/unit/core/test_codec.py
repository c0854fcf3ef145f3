"""What the codec lets in, and what it says of the rest."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

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


DECODERS = (codec.decode_from_page, codec.decode_from_edge, codec.decode_to_page, codec.decode_to_edge)
KINDS = [
    *("hello", "page", "beat", "command", "note.put", "context", "state", "records", "desks", "bye"),
    "",
    "unknown",
]
NAMES = [*("v", "page", "station", "rev", "frame", "epoch", "stations", "items", "doc", "data", "fields", "text", "at")]
json_text = st.recursive(
    st.one_of(
        st.sampled_from(
            ["null", "true", "NaN", "-Infinity", "1e999", "-0.0", "1.0", '"\\ud800"', '"\\u0000"', '"\x01"']
        ),
        st.integers(-(2**70), 2**70).map(str),
        st.integers(1, 5000).map(lambda digits: "9" * digits),
        st.text(max_size=20).map(json.dumps),
        st.just('"0001-01-01T00:00:00+14:00"'),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda each: f"[{','.join(each)}]"),
        st.lists(st.tuples(st.sampled_from([*NAMES, "t"]), inner), max_size=3).map(
            lambda pairs: "{" + ",".join(f'"{name}":{value}' for name, value in pairs) + "}"
        ),
    ),
    max_leaves=12,
)
frame_text = st.builds(
    lambda kind, pairs: "{" + ",".join([f'"t":"{kind}"', *(f'"{name}":{value}' for name, value in pairs)]) + "}",
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from([*NAMES, "t"]), json_text), max_size=6),
)


def decoded_or_refused(raw: str | bytes) -> list[object]:
    """What each decoder makes of it; any other error than a refusal comes through."""
    found: list[object] = []
    for decode in DECODERS:
        with contextlib.suppress(InvalidMessageError):
            found.append(decode(raw))
    return found


@given(st.one_of(st.text(), st.binary()))
def test_any_text_decodes_or_is_refused_cleanly(raw: str | bytes) -> None:
    decoded_or_refused(raw)


@given(frame_text)
def test_any_frame_of_odd_values_decodes_or_is_refused_and_what_decodes_can_be_written_again(raw: str) -> None:
    for message in decoded_or_refused(raw):
        if isinstance(message, BaseModel):
            json.loads(codec.encode(message), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "opening", ["[", '{"a":', '{"t":"records","frame":1,"items":[{"call":"c","version":1,"record":{"a":']
)
@pytest.mark.parametrize("depth", [199, 201, 5000])
def test_deep_nesting_is_refused_and_breaks_nothing(opening: str, depth: int) -> None:
    assert not any(isinstance(found, BaseModel) for found in decoded_or_refused(opening * depth))


def test_a_record_nested_deeper_than_200_levels_is_refused() -> None:
    def records(levels: int) -> str:
        record = "[" * levels + "]" * levels
        return f'{{"t":"records","frame":1,"items":[{{"call":"c","version":1,"record":{{"a":{record}}}}}]}}'

    assert codec.decode_from_edge(records(100))
    with pytest.raises(InvalidMessageError):
        codec.decode_from_edge(records(220))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_numbers_that_json_does_not_have_are_refused(number: str) -> None:
    for raw in (
        '{"t":"note.put","id":"a","interaction":"i","text":"","fields":{"k":%s}}',
        '{"t":"command","id":"a","verb":"attach","call":"c","data":{"k":%s}}',
        '{"t":"records","frame":1,"items":[{"call":"c","version":1,"record":{"k":[{"k":%s}]}}]}',
        '{"t":"beat","rev":%s}',
    ):
        for decode in (codec.decode_from_page, codec.decode_from_edge):
            with pytest.raises(InvalidMessageError):
                decode(raw % number)


@pytest.mark.parametrize("text", ['"\\ud800"', '"\\udc00\\ud800"', '"\x01"', '"\x7f\n"'])
def test_half_characters_and_raw_control_characters_are_refused(text: str) -> None:
    with pytest.raises(InvalidMessageError):
        codec.decode_from_page(f'{{"t":"note.put","id":"a","interaction":"i","text":{text}}}')


def test_half_a_character_outside_of_json_is_refused() -> None:
    with pytest.raises(InvalidMessageError):
        codec.decode_from_page('{"t":"note.put","id":"a","interaction":"i","text":"\ud800"}')


def test_of_a_key_that_comes_twice_the_last_one_counts() -> None:
    assert codec.decode_from_page('{"t":"hello","rev":1,"t":"beat","rev":2}') == PageBeat(rev=2)


@pytest.mark.parametrize("kind", ["secret-word", ["secret-word"], {"secret-word": 1}])
def test_an_unknown_type_is_not_said_back(kind: object) -> None:
    with pytest.raises(InvalidMessageError) as refused:
        codec.decode_from_page(json.dumps({"t": kind}))
    assert str(refused.value) == "message: unknown message type"


@pytest.mark.parametrize("reason", ["busy_work", "not_mine", "later", "lunch"])
def test_a_call_is_sent_away_for_one_of_three_reasons(reason: str) -> None:
    raw = json.dumps({"t": "command", "id": "c1", "verb": "reject", "call": "c", "reason": reason})
    if reason == "lunch":
        with pytest.raises(InvalidMessageError, match="reason"):
            codec.decode_from_page(raw)
    else:
        assert codec.decode_from_page(raw)


@pytest.mark.parametrize("ttl_ms", [-1, 0, 1, 600_000, 600_001])
def test_a_command_may_ask_for_any_time_to_start_up_to_ten_minutes(ttl_ms: int) -> None:
    raw = json.dumps({"t": "command", "id": "c1", "verb": "log_off", "ttl_ms": ttl_ms})
    if 0 <= ttl_ms <= 600_000:
        assert codec.decode_from_page(raw)
    else:
        with pytest.raises(InvalidMessageError, match="ttl_ms"):
            codec.decode_from_page(raw)


def test_a_frame_may_carry_as_many_stations_as_fit() -> None:
    agent = {"state": "ready"}
    each = [
        {"station": str(number), "seq": 1, "doc": {"station": str(number), "in_service": True, "agent": agent}}
        for number in range(150)
    ]
    assert codec.decode_from_edge(json.dumps({"t": "state", "frame": 1, "epoch": 1, "stations": each}))


@pytest.mark.parametrize("reason", ["lunch", "ringline", "ringline:wrap_up", "ringline:logged_off"])
def test_no_page_takes_a_reason_that_marks_our_own_holds(reason: str) -> None:
    raw = json.dumps({"t": "command", "id": "c1", "verb": "set_state", "state": "not_ready", "reason": reason})
    if reason.startswith("ringline:"):
        with pytest.raises(InvalidMessageError, match="reason"):
            codec.decode_from_page(raw)
    else:
        assert codec.decode_from_page(raw).reason == reason  # type: ignore[union-attr]
