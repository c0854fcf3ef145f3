"""What a profile wants written nowhere is covered, and plain text is replaced without a number left in pieces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ringline_edge.recording.feed import FeedRedaction
from ringline_edge.recording.pseudonyms import Pseudonyms
from tests.unit.recording.renaming import NOW_MS

PERSON = "Smithson"


def test_plain_text_keeps_its_columns_and_values_that_touch_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(
        "name: plain\nsource: this test\nframing: newline\nformat: plain\nredact: [31-34]\n"
        "messages: [{name: call, when: {get: 1-4, equals: RING}}]\n"
        "events:\n  - on: call\n    leg: 5-8\n    make: true\n    first: {call: 5-8, station: 9-12}\n"
        "    set:\n      own_number: 13-24\n      started_at_ms: {get: 25-30, steps: [{date: '%H%M%S'}]}\n"
    )
    hides = FeedRedaction({"profile": str(path)}, Pseudonyms())
    line = "".join(("RING", "0017", "1001", "020712345670", "081520", "0042", PERSON))
    new = hides.heard(line.encode() + b"\n", NOW_MS).decode().rstrip("\n")
    assert (len(new), new[:4], new[8:12], new[24:30], new[30:34]) == (len(line), "RING", "1001", "081520", "0000")
    assert (new[12], new[12:24].isdigit(), "020712345670" in new) == ("0", True, False)
    assert PERSON not in new


@pytest.mark.parametrize(
    ("form", "message", "hidden"),
    [
        (
            "json",
            '{"kind": "call", "pin": "0042", "who": {"PIN": 42}}',
            '{"kind": "call", "pin": "0000", "who": {"PIN": 0}}',
        ),
        ("fields", "kind: call\npin: ab-1", "kind: call\npin: xxx0"),
        ("form", "kind=call&pin=0042", "kind=call&pin=0000"),
    ],
)
def test_what_the_profile_wants_written_nowhere_is_covered(
    tmp_path: Path, form: str, message: str, hidden: str
) -> None:
    path = tmp_path / "secret.yaml"
    path.write_text(
        f"name: secret\nsource: this test\nframing: nul\nformat: {form}\nredact: [pin]\n"
        "messages: [{name: call, when: {get: kind, equals: call}}]\n"
        "events: [{on: call, leg: who, first: {call: who}}]\n"
    )
    assert FeedRedaction({"profile": str(path)}, Pseudonyms())._message(message) == hidden


LAYOUTS = """\
name: plain
source: this test
framing: newline
format: plain
between: ";"
redact: {redact}
messages: [{{name: one, when: {{get: 1, equals: A}}}}, {{name: two, when: {{get: 1, equals: B}}}}]
events:
  - {{on: one, leg: 14-17, make: true, first: {{call: 14-17, station: 18-21, own_number: 2-13}}, set: {{{more}}}}}
  - {{on: two, leg: 2-5, make: true, first: {{call: 2-5, station: 6-9, queue: 10-13}}}}
"""


@pytest.mark.parametrize(
    ("redact", "more", "message", "gone", "kept"),
    [
        # Another class has its columns where this one has a number.
        ("[]", "", "A02071234567800171001", "0207123456", "1001"),
        ("[]", "dialed: 4-7", "A02071234567800171001", "0207", "1001"),
        ("[]", "started_at_ms: {get: 2-7, steps: [{date: '%H%M%S'}]}", "A02071234567800171001", "0207", "1001"),
        ("[]", "started_at_ms: {get: text, steps: [{regex: 'A'}, seconds]}", "A02071234567800171001", "0207", "1001"),
        ("[4-5]", "", "A02071234567800171001", "12345678", "1001"),
        ("[4-5, 13-14]", "dialed: 2-6", "A02071234567800171001", "0017", "1001"),
        ("[text]", "", "A02071234567800171001", "1001", ""),
    ],
)
def test_columns_that_overlap_leave_nothing_of_a_number(
    tmp_path: Path, redact: str, more: str, message: str, gone: str, kept: str
) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(LAYOUTS.format(redact=redact, more=more))
    new = FeedRedaction({"profile": str(path)}, Pseudonyms(key=bytes(32)))._message(message)
    assert (len(new), gone in new, kept in new) == (len(message), False, True)


@pytest.mark.parametrize(
    ("form", "path", "message", "hidden"),
    [
        ("json", "pins[0]", '{"pins": ["0042"]}', '{"pins": ["0000"]}'),
        ("json", "a['my pin']", '{"a": {"my pin": "a*#1"}}', '{"a": {"my pin": "xxx0"}}'),
        ("json", "card", '{"card": {"no": "0042", "more": [7.5]}}', '{"card": {"no": "0000", "more": [0.0]}}'),
        ("fields", "Card Number", "Card Number: 0042", "Card Number: 0000"),
        ("fields", "X.Pin", "X.Pin: 0042", "X.Pin: 0000"),
        ("form", "user[pin]", "user[pin]=0042", "user%5Bpin%5D=0000"),
        ("xml", "user/pin/text()", "<m><user><pin>0042</pin></user></m>", "<m><user><pin>0000</pin></user></m>"),
        ("xml", "a[@t='p'][1]", '<m><a t="p">0042</a></m>', '<m><a t="p">0000</a></m>'),
        ("xml", "card", '<m><card><no at="17">0042</no></card></m>', '<m><card><no at="00">0000</no></card></m>'),
        ("xml", "string(user/@pin)", '<m><user pin="0042"/></m>', '<m><user pin="0000"/></m>'),
    ],
)
def test_what_is_covered_is_found_however_its_path_is_written(
    tmp_path: Path, form: str, path: str, message: str, hidden: str
) -> None:
    file = tmp_path / "secret.yaml"
    file.write_text(
        f"name: secret\nsource: this test\nframing: nul\nformat: {form}\nredact: [{json.dumps(path)}]\n"
        "messages: [{name: call, when: {get: kind, equals: call}}]\n"
    )
    assert FeedRedaction({"profile": str(file)}, Pseudonyms())._message(message) == hidden


def test_a_number_that_json_writes_with_a_point_is_another(tmp_path: Path) -> None:
    new = FeedRedaction({"profile": "jsonl"}, Pseudonyms())._message('{"x": 442071234567.0, "y": 1.5}')
    assert ("442071234567" in new, json.loads(new)["y"]) == (False, 1.5)


LIST = """\
name: parted
source: this test
framing: {kind: header, size: 14, width: 2, fields: {kind: {at: 2, width: 1}, caller: {at: 3, width: 11}}}
format: plain
between: ";|"
redact: [PIN=]
messages: [{name: list, when: {header: kind, equals: L}}]
events:
  - on: list
    each: "|"
    leg: 1-4
    make: true
    first: {call: 1-4, station: 5-8, started_at_ms: {get: 9-18, steps: [seconds]}}
"""


def hides_list(folder: Path) -> FeedRedaction:
    path = folder / "parted.yaml"
    path.write_text(LIST)
    return FeedRedaction({"profile": str(path)}, Pseudonyms())


def listed(text: str, header: str = "L02071234567") -> bytes:
    return len(text).to_bytes(2, "big") + header.encode() + text.encode()


def test_each_piece_of_a_list_has_columns_and_secrets_of_its_own(tmp_path: Path) -> None:
    text = "000110011779999990;PIN=0042| 000210021779999991;PIN=9137"
    new = hides_list(tmp_path).heard(listed(text), NOW_MS)
    assert new[14:].decode() == "000110011779999990;PIN=0000| 000210021779999991;PIN=0000"


def test_what_a_header_says_of_people_is_replaced_and_its_words_stay(tmp_path: Path) -> None:
    new = hides_list(tmp_path).heard(listed("0001", "L02071234567") + listed("0002", "L" + chr(0) * 11), NOW_MS)
    assert (new[2:4], len(new), b"2071234567" in new) == (b"L0", 36, False)


def test_of_a_message_with_very_many_values_nothing_is_told(tmp_path: Path) -> None:
    new = hides_list(tmp_path).heard(listed("00011001|" * 5000), NOW_MS)
    assert set(new[14:].decode()) == {"0", "x"}
