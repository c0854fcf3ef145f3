"""The committed schemas and tables say what the models say, and the schemas judge frames as the codec does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from ringline_core.errors import InvalidMessageError
from ringline_core.wire import codec
from ringline_core.wire.export import __main__ as export
from ringline_core.wire.export.schemas import DIRECTIONS, LEFT_OUT, messages_of, models_of, schema_of
from ringline_core.wire.export.tables import tables

SCHEMAS = {each.name: schema_of(each) for each in DIRECTIONS}
DECODE: dict[str, Callable[[str], object]] = {
    "from_page": codec.decode_from_page,
    "to_page": codec.decode_to_page,
    "from_edge": codec.decode_from_edge,
    "to_edge": codec.decode_to_edge,
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The generated files, to be spoilt."""
    for folder in ("schema", "docs"):
        shutil.copytree(export.ROOT / folder, tmp_path / folder)
    return tmp_path


def test_the_committed_files_are_what_the_models_say() -> None:
    assert export.differences(export.ROOT) == []


def test_check_shows_what_differs_and_fails(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copy / "schema" / "from_page.json"
    path.write_text(path.read_text().replace('"note.put"', '"note.store"'))
    assert export.main(["--check", "--root", str(copy)]) == 1
    said = capsys.readouterr().out
    assert "schema/from_page.json (committed)" in said
    assert "note.store" in said


def test_check_misses_no_table_that_was_edited_by_hand(copy: Path) -> None:
    contract = copy / export.CONTRACT
    contract.write_text(contract.read_text().replace("28672 bytes", "32768 bytes"))
    assert any("32768" in line for line in export.differences(copy))


def test_writing_brings_files_up_to_date_and_leaves_the_prose_alone(copy: Path) -> None:
    contract = copy / export.CONTRACT
    before = contract.read_text()
    contract.write_text(before.replace("28672 bytes", "32768 bytes").replace("## 1. Frames", "## 1. Frames, edited"))
    (copy / "schema" / "to_edge.json").unlink()
    assert export.main(["--root", str(copy)]) == 0
    assert contract.read_text() == before.replace("## 1. Frames", "## 1. Frames, edited")
    assert export.main(["--check", "--root", str(copy)]) == 0


def test_a_table_without_its_place_in_the_text_is_an_error(copy: Path) -> None:
    contract = copy / export.CONTRACT
    contract.write_text(contract.read_text().replace("<!-- generated: words -->", ""))
    with pytest.raises(export.MarkersError, match="words"):
        export.exported(copy)


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_sound_json_schema_2020_12(name: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("name", ["from_page", "from_edge"])
def test_schemas_of_what_the_cloud_reads_refuse_unknown_fields_everywhere(name: str) -> None:
    assert [
        part for part, model in models_of(SCHEMAS[name]).items() if model["additionalProperties"] is not False
    ] == []


@pytest.mark.parametrize("name", ["to_page", "to_edge"])
def test_schemas_of_what_the_cloud_writes_let_new_fields_through(name: str) -> None:
    assert [part for part, model in models_of(SCHEMAS[name]).items() if "additionalProperties" in model] == []


def test_every_field_that_the_cloud_may_leave_out_is_a_field() -> None:
    known = models_of(SCHEMAS["to_page"]) | models_of(SCHEMAS["to_edge"])
    assert {name: fields - set(known[name]["properties"]) for name, fields in LEFT_OUT.items()} == dict.fromkeys(
        LEFT_OUT, frozenset()
    )


def test_every_message_of_every_direction_has_a_row_in_the_tables() -> None:
    made = tables()
    for name, schema in SCHEMAS.items():
        rows = {line.split("`")[1] for line in made[name].splitlines()[2:]}
        assert rows == set(messages_of(schema))


def _spoilt(kind: str) -> list[dict[str, Any]]:
    return [{"t": kind}, {"t": kind, "surprise": 1}, {"t": kind.upper()}, {"t": [kind]}, {"t": None}, {}]


@pytest.mark.parametrize("name", ["from_page", "from_edge"])
def test_schema_and_codec_agree_on_what_lacks_its_fields_or_has_others(name: str) -> None:
    validator = Draft202012Validator(SCHEMAS[name])
    for kind in messages_of(SCHEMAS[name]):
        for frame in _spoilt(kind):
            assert validator.is_valid(frame) == _decodes(name, frame), frame


def _decodes(name: str, frame: object) -> bool:
    try:
        DECODE[name](json.dumps(frame))
    except InvalidMessageError:
        return False
    return True
