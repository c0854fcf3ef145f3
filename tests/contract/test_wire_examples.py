"""Frames as the contract shows them: the codec takes them, the schemas take them, and nothing of them is lost."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pydantic import BaseModel

from ringline_cloud.services import frames
from ringline_core.errors import InvalidMessageError, TooLargeError
from ringline_core.wire import codec
from ringline_core.wire.codes import MAX_FRAME_BYTES, ByeCode, ErrorCode, Verb
from ringline_core.wire.desk import Desk
from ringline_core.wire.document import StationDocument
from ringline_core.wire.export import __main__ as export
from ringline_core.wire.export.schemas import DIRECTIONS, messages_of, schema_of
from tests.contract.examples import AT, COMMANDS, DOCUMENT, EXAMPLES, Frame

SCHEMAS = {each.name: schema_of(each) for each in DIRECTIONS}
VALID = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
DECODE = {
    "from_page": codec.decode_from_page,
    "to_page": codec.decode_to_page,
    "from_edge": codec.decode_from_edge,
    "to_edge": codec.decode_to_edge,
}
EVERY = [(name, frame) for name, frames in EXAMPLES.items() for frame in frames]
TO_CLOUD = [(name, frame) for name, frame in EVERY if name.startswith("from")]
TO_CLIENTS = [(name, frame) for name, frame in EVERY if name.startswith("to")]


def _ids(cases: list[tuple[str, Frame]]) -> list[str]:
    return [f"{name}-{frame['t']}-{number}" for number, (name, frame) in enumerate(cases)]


def each(cases: list[tuple[str, Frame]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("name", "frame"), cases, ids=_ids(cases))


def told(value: Any) -> Any:
    """What a frame tells: nulls, and fields that hold nothing but defaults, aside."""
    if isinstance(value, dict):
        return {key: told(each) for key, each in value.items() if each is not None}
    return [told(each) for each in value] if isinstance(value, list) else value


def _contains(more: Any, less: Any) -> bool:
    if isinstance(less, dict):
        return isinstance(more, dict) and all(key in more and _contains(more[key], less[key]) for key in less)
    if isinstance(less, list):
        return len(more) == len(less) and all(map(_contains, more, less))
    return bool(more == less)


def test_there_is_an_example_of_every_message() -> None:
    assert {name: {frame["t"] for frame in frames} for name, frames in EXAMPLES.items()} == {
        name: set(messages_of(schema)) for name, schema in SCHEMAS.items()
    }
    assert {frame["verb"] for frame in COMMANDS} == {verb.value for verb in Verb}


@each(EVERY)
def test_the_codec_takes_it_and_writes_all_of_it_again(name: str, frame: Frame) -> None:
    message = DECODE[name](json.dumps(frame))
    assert isinstance(message, BaseModel)
    again = json.loads(codec.encode(message))
    assert _contains(again, told(frame))
    assert DECODE[name](json.dumps(again)) == message


@each(EVERY)
def test_its_schema_takes_it(name: str, frame: Frame) -> None:
    assert [error.message for error in VALID[name].iter_errors(frame)] == []


@each(EVERY)
def test_what_we_write_ourselves_fits_the_schema_too(name: str, frame: Frame) -> None:
    message = DECODE[name](json.dumps(frame))
    assert isinstance(message, BaseModel)
    assert [error.message for error in VALID[name].iter_errors(json.loads(codec.encode(message)))] == []


@each(TO_CLOUD)
def test_the_cloud_refuses_a_field_it_does_not_know(name: str, frame: Frame) -> None:
    for spoilt in ({**frame, "from_the_future": 1}, {**frame, "tenant": "acme"}):
        with pytest.raises(InvalidMessageError, match=r"from_the_future|tenant"):
            DECODE[name](json.dumps(spoilt))
        assert not VALID[name].is_valid(spoilt)


@each(TO_CLIENTS)
def test_pages_and_edges_ignore_a_field_they_do_not_know(name: str, frame: Frame) -> None:
    more = {**frame, "from_the_future": {"a": [1]}}
    assert DECODE[name](json.dumps(more)) == DECODE[name](json.dumps(frame))
    assert VALID[name].is_valid(more)


@pytest.mark.parametrize("place", ["doc", "agent", "calls", "remote", "recent"])
def test_the_cloud_refuses_unknown_fields_deep_inside_a_document_too(place: str) -> None:
    frame = json.loads(json.dumps(EXAMPLES["from_edge"][1]))
    doc = frame["stations"][0]["doc"]
    spots = {"doc": doc, "agent": doc["agent"], "calls": doc["calls"][0], "remote": doc["calls"][0]["remote"]}
    {**spots, "recent": doc["recent"][0]}[place]["from_the_future"] = 1
    with pytest.raises(InvalidMessageError, match="from_the_future"):
        codec.decode_from_edge(json.dumps(frame))


@pytest.mark.parametrize("kind", ["from_the_future", "HELLO", "", "hello ", "welcome\n"])
def test_an_unknown_type_is_refused_by_the_cloud_and_ignored_by_the_others(kind: str) -> None:
    raw = json.dumps({"t": kind, "frame": 1})
    for decode in (codec.decode_from_page, codec.decode_from_edge):
        with pytest.raises(InvalidMessageError, match="unknown message type"):
            decode(raw)
    assert codec.decode_to_page(raw) is None
    assert codec.decode_to_edge(raw) is None


@each(TO_CLOUD)
def test_the_cloud_takes_json_types_as_they_are(name: str, frame: Frame) -> None:
    wrong: dict[type, Any] = {bool: 1, int: "1", str: 1, list: {}, dict: []}
    for key, value in frame.items():
        if type(value) in wrong:
            with pytest.raises(InvalidMessageError):
                DECODE[name](json.dumps({**frame, key: wrong[type(value)]}))


def _blocks() -> list[Any]:
    text = (export.ROOT / export.CONTRACT).read_text()
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_example_in_the_contract_is_what_it_says() -> None:
    bye, doc, desk = _blocks()
    for decode in (codec.decode_to_page, codec.decode_to_edge):
        assert isinstance(decode(json.dumps(bye)), BaseModel)
    wrapped = {"t": "station", "station": "1001", "rev": 1, "doc": doc, "desk": desk, "now_at": AT}
    assert [error.message for error in VALID["to_page"].iter_errors(wrapped)] == []
    state = {"t": "state", "frame": 1, "epoch": 2, "stations": [{"station": "1001", "seq": 1, "doc": doc}]}
    assert isinstance(codec.decode_from_edge(json.dumps(state)), BaseModel)
    assert _contains(StationDocument.model_validate(doc).model_dump(mode="json"), told(doc))
    assert _contains(Desk.model_validate(desk).model_dump(mode="json", by_alias=True), told(desk))


def test_times_are_read_with_any_offset_and_written_in_utc_with_milliseconds() -> None:
    frame = {"t": "beat", "now_at": "2026-11-22T10:31:10.004999+01:00", "rev": 7, "site": None}
    message = codec.decode_to_page(json.dumps(frame))
    assert isinstance(message, BaseModel)
    assert json.loads(codec.encode(message))["now_at"] == AT


@pytest.mark.parametrize(
    "at", ["2026-11-22T09:31:10", "2026-11-22", "soon", "", 1795333600, "0001-01-01T00:00:00+14:00"]
)
def test_a_time_without_an_offset_or_beyond_the_calendar_is_refused(at: Any) -> None:
    frame = {"t": "page", "visible": True, "focused": True, "can_pop": True, "last_input_at": at}
    with pytest.raises(InvalidMessageError, match="last_input_at"):
        codec.decode_from_page(json.dumps(frame))


def _note(text: str) -> str:
    return json.dumps({"t": "note.put", "id": "x", "interaction": "i", "text": text}, ensure_ascii=False)


@given(st.sampled_from(["a", "é", "€", "😀"]), st.integers(-2, 2))
def test_a_note_may_have_16_kib_of_bytes_and_not_one_more(letter: str, over: int) -> None:
    width = len(letter.encode())
    room = 16 * 1024 // width + over
    if room * width <= 16 * 1024:
        assert codec.decode_from_page(_note(letter * room))
    else:
        with pytest.raises(TooLargeError, match="note exceeds 16 KiB"):
            codec.decode_from_page(_note(letter * room))


@given(st.integers(-2, 2))
def test_a_frame_may_have_28_kib_and_not_one_byte_more(over: int) -> None:
    raw = json.dumps({"t": "beat", "station": "1001"})
    padded = raw + " " * (MAX_FRAME_BYTES + over - len(raw))
    if over <= 0:
        assert codec.decode_from_page(padded)
    else:
        with pytest.raises(TooLargeError):
            codec.decode_from_page(padded)


@given(st.sampled_from(["a", "é", "€"]), st.integers(-2, 2), st.sampled_from(["attach", "call"]))
def test_data_may_have_2_kb_as_json_and_not_one_byte_more(letter: str, over: int, place: str) -> None:
    room = (2048 - len('{"k":""}')) // len(letter.encode()) + over
    data = {"k": letter * room}
    size = len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode())
    if place == "attach":
        frame: Frame = {"t": "command", "id": "x", "verb": "attach", "call": "c", "data": data}
        decode: Any = codec.decode_from_page
    else:
        doc = {**DOCUMENT, "calls": [{**DOCUMENT["calls"][0], "data": data}]}
        frame = {"t": "state", "frame": 1, "epoch": 1, "stations": [{"station": "1001", "seq": 1, "doc": doc}]}
        decode = codec.decode_from_edge
    if size <= 2048:
        assert decode(json.dumps(frame))
    else:
        with pytest.raises(TooLargeError, match="data exceeds"):
            decode(json.dumps(frame))


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("name", "x" * 120, "x" * 121),
        ("number", "+" + "9" * 63, "9" * 65),
        ("presentation", "unknown", "hidden"),
    ],
)
def test_limits_of_the_other_side_of_a_call(field: str, good: str, bad: str) -> None:
    def state(value: str) -> str:
        call = {**DOCUMENT["calls"][0], "remote": {**DOCUMENT["calls"][0]["remote"], field: value}}
        entry = {"station": "1001", "seq": 1, "doc": {**DOCUMENT, "calls": [call]}}
        return json.dumps({"t": "state", "frame": 1, "epoch": 1, "stations": [entry]})

    assert codec.decode_from_edge(state(good))
    with pytest.raises(InvalidMessageError, match=field):
        codec.decode_from_edge(state(bad))


@pytest.mark.parametrize(("what", "most"), [("calls", 4), ("parties", 8)])
def test_a_station_has_at_most_4_calls_of_8_parties(what: str, most: int) -> None:
    def state(count: int) -> str:
        call = DOCUMENT["calls"][0]
        calls = [call] * count if what == "calls" else [{**call, "parties": call["parties"] * count}]
        entry = {"station": "1001", "seq": 1, "doc": {**DOCUMENT, "calls": calls}}
        return json.dumps({"t": "state", "frame": 1, "epoch": 1, "stations": [entry]})

    assert codec.decode_from_edge(state(most))
    with pytest.raises(InvalidMessageError, match=what):
        codec.decode_from_edge(state(most + 1))


@given(st.text(max_size=70))
def test_ids_are_1_to_64_of_the_contracts_letters_and_nothing_else(ident: str) -> None:
    raw = json.dumps({"t": "work.end", "id": ident, "work": "w"})
    if re.fullmatch(r"[A-Za-z0-9_-]{1,64}", ident, re.ASCII):
        assert codec.decode_from_page(raw)
    else:
        with pytest.raises(InvalidMessageError, match=r"work\.end\.id"):
            codec.decode_from_page(raw)


def test_the_cloud_s_own_frames_fit_the_schemas() -> None:
    to_page = [
        frames.result("x", "sent"),
        frames.failed("x", ErrorCode.EDGE_OFFLINE, "No edge."),
        frames.error("message_invalid", "No."),
        frames.error("message_invalid", "No.", "x"),
        frames.bye(ByeCode.TOKEN),
        frames.notice("warning", "station_taken", "Taken."),
        frames.logged_off(0),
    ]
    assert [(raw, VALID["to_page"].is_valid(json.loads(raw))) for raw in to_page] == [(raw, True) for raw in to_page]
    assert VALID["to_edge"].is_valid(json.loads(frames.refused(7, "fenced")))
