"""Feeds of plain text: values by columns, labels and patterns; messages of ours field by field, and no value two."""

from __future__ import annotations

import re
import time

import pytest

from ringline_core.domain.facts import CallLegs, Leg
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, LegState
from ringline_edge.adapters.mapping import documents, loading, plain, plan, samples
from ringline_edge.adapters.mapping.commands import requests
from ringline_edge.adapters.mapping.expressions import Scope
from ringline_edge.adapters.mapping.loading import ProfileError
from ringline_edge.adapters.mapping.translate import Translator
from tests.unit.mapping.test_adapter import command
from tests.unit.mapping.test_profiles import PAGE, survives

LINE = "201  RING 02071234567   EXT=201; PIN=0042;NEXT=3"
FIXED = """\
name: fixed
source: this test
framing: stx_etx
format: plain
between: ""
replies:
  ids: 9999
  id: {get: 1-4, steps: [int]}
  ok: {get: 5-6, equals: OK}
  text: 7-
messages:
  - {name: reply, when: {get: 5-6, one_of: [OK, NO]}, reply: true}
  - {name: call, when: {get: 5, equals: C}}
events:
  - on: call
    leg: {template: "{call}/{ext}", parts: {call: 6-9, ext: 10-13}}
    make: true
    first: {call: 6-9, device: 10-13, station: 10-13, remote_number: 15-26}
    set: {state: {get: "14", steps: [{map: {R: alerting, T: connected}}]}}
commands:
  transfer:
    send: "{id:0>4}T{leg.call:<4}{station:<4}{to:>12}"
samples:
  - name: rings, and goes elsewhere
    steps:
      - tell: "    C12  201 R+44207123456"
        shows: {"201": [{leg: alerting, remote: "+44207123456"}]}
      - command: {verb: transfer, station: "201", to: "0301", legs: [12/201]}
        sends: "0001T12  201         0301"
"""


def value(path: str, text: str = LINE, between: str = ";") -> object:
    return documents.path("plain", path, between)(Scope(text, text, 0, lambda _key, _name: None))


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("1-4", "201"),
        ("1", "2"),
        ("4-5", None),
        ("6-9", "RING"),
        ("11-22", "02071234567"),
        ("47-", "=3"),
        ("48-99", "3"),
        ("60-", None),
        ("60-70", None),
        ("EXT=", None),
        ("PIN=", "0042"),
        ("NEXT=", "3"),
        ("GONE=", None),
        ("text", LINE),
        (r"/PIN=(\d+)/", "0042"),
        (r"/^\d+ +(\w+)/", "RING"),
        ("/R.NG/", "RING"),
        ("/nothing/", None),
        ("/RING(x)?/", None),
    ],
)
def test_a_value_stands_at(path: str, found: str | None) -> None:
    assert value(path) == found


def test_a_label_begins_a_field_and_ends_with_it() -> None:
    assert value("EXT=", "NEXT=1;EXT=2;EXT=3") == "2"
    assert value("EXT=", "EXT=a=b;X=") == "a=b"
    assert value("X=", "EXT=2;X=") == ""
    assert value("EXT:", "A:1 | EXT: 201 |B:", between="|") == "201"
    assert value("A=", "A=1]B=2", between="]^-") == "1"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("0-3", "counted from 1"),
        ("9-3", "counted from 1"),
        ("EXT", "no path in plain text"),
        ("//", "no path in plain text"),
        ("", "no path in plain text"),
        ("/(/", "no regular expression"),
        (r"/(a+)+b/", "repeats no group"),
        (r"/a*b*c*/", "at most 2 repeats"),
        (r"/a?b?c?d?e?/", "at most 2 repeats"),
    ],
)
def test_what_is_no_path_is_refused(path: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        plain.span(path, ";")


def test_a_label_without_what_parts_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="between is missing, or empty"):
        plain.span("EXT=")


@pytest.mark.parametrize("pattern", ["/[ab]*a?a?a?a?c/", "/[ab]*[ab]*a?a?a?a?c/"])
def test_the_slowest_pattern_that_is_looked_for_is_quick(pattern: str) -> None:
    began = time.process_time()
    assert value(pattern, "ab" * 100_000) is None
    assert time.process_time() - began < 5


def test_a_label_in_a_message_of_blanks_is_looked_for_quickly() -> None:
    began = time.process_time()
    assert value("EXT=", "x" + " " * 262_000, between=" ") is None
    assert time.process_time() - began < 1
    assert value("EXT=", "A=1  EXT=201 B=2", between=" ") == "201"


def test_fixed_columns_are_read_and_written() -> None:
    known = plan.compiled(*loading.parse(FIXED, "fixed.yaml"))
    assert [fault for sample in known.profile.samples for fault in samples.play(known, sample)] == []


def test_lines_that_were_changed_on_their_way_do_no_harm() -> None:
    (bell,) = re.findall(r"```yaml\n(name: bell.*?)```", PAGE, re.DOTALL)
    for text in (FIXED, bell):
        survives(plan.compiled(*loading.parse(text, "plain.yaml")))


def test_what_is_longer_than_its_columns_is_not_said() -> None:
    known = plan.compiled(*loading.parse(FIXED, "fixed.yaml"))
    translator = Translator(known, {})
    (leg,) = translator.facts(translator.hear("    C12  201 R", 0))
    assert isinstance(leg, Leg)
    asked = command("transfer", call="c", to="0123456789012")
    with pytest.raises(CommandError) as refused:
        list(requests(known, asked, CallLegs(("12/201",)), translator.floor, {}, lambda: "1"))
    assert (refused.value.error_code, "longer than its columns" in refused.value.text) == (ErrorCode.NO_SUCH_CALL, True)


LABELS = (
    FIXED.partition("replies:")[0].replace('between: ""', 'between: ";"')
    + """\
replies: {ok: {get: OK=, exists: true}}
messages: [{name: call, when: {get: CALL=, exists: true}}]
events: [{on: call, leg: CALL=, make: true, first: {call: CALL=, device: EXT=, station: EXT=}, set: {state: =alerting}}]
commands:
  set_state:
    send: DO=STATE;EXT={station};WHY={reason}
"""
)


@pytest.mark.parametrize("sign", [";", "\n", "\x00", "\x03", "\u2028"])
def test_no_value_is_more_than_a_value(sign: str) -> None:
    known = plan.compiled(*loading.parse(LABELS, "labels.yaml"))
    floor = Translator(known, {}).floor

    def said(reason: str) -> str:
        asked = command("set_state", state="not_ready", reason=reason)
        ((_, message),) = requests(known, asked, CallLegs(), floor, {}, lambda: "1")
        return str(message)

    assert said("a=b {id} {station:<9}") == "DO=STATE;EXT=1001;WHY=a=b {id} {station:<9}"
    with pytest.raises(CommandError) as refused:
        said(f"lunch{sign}DO=DOWN")
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED


def test_a_leg_of_plain_text_rings() -> None:
    known = plan.compiled(*loading.parse(LABELS, "labels.yaml"))
    translator = Translator(known, {})
    (leg,) = translator.facts(translator.hear("CALL=1;EXT=201", 0))
    assert isinstance(leg, Leg)
    assert (leg.station, leg.state) == ("201", LegState.ALERTING)


def test_a_sample_brings_what_fits_its_columns() -> None:
    sample = """\
  - name: begins the day
    settings: {site: "7"}
    steps:
      - command: {verb: log_on, station: "201", login: ann, password: "0042"}
        sends: "70042"
"""
    log_on = '  log_on: {send: "{settings.site:<1}{password:<4}"}\nsamples:\n'
    text = FIXED.replace("samples:\n", log_on + sample).replace("messages:\n", "settings: [site]\nmessages:\n")
    known = plan.compiled(*loading.parse(text, "fixed.yaml"))
    assert [fault for sample in known.profile.samples for fault in samples.play(known, sample)] == []


INSIDE = """\
name: inside
source: this test
framing: newline
format: json
between: ";"
messages: [{name: call, when: {get: call, exists: true}}]
events:
  - on: call
    leg: call
    make: true
    first: {call: call, device: {get: raw, steps: [{inside: plain, get: EXT=}]}}
    set: {state: =alerting}
"""


def test_plain_text_inside_of_a_value_has_labels_too() -> None:
    translator = Translator(plan.compiled(*loading.parse(INSIDE, "inside.yaml")), {})
    (leg,) = translator.facts(translator.hear('{"call": "1", "raw": "A=1;EXT=201"}', 0))
    assert isinstance(leg, Leg)
    assert leg.device == "201"


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('between: ""\n', "", "21: commands.transfer.send: between is missing"),
        ("{id:0>4}", "{id:04}", "22: commands.transfer.send: no width: {id:04}"),
        ("{id:0>4}", "{idd:0>4}", "22: commands.transfer.send: no values of that name: idd"),
        ('send: "{id:0>4}T{leg.call:<4}{station:<4}{to:>12}"', "send: {a: b}", "22: commands.transfer.send: a message"),
        ("format: plain", "format: json", "5: between: means nothing for the format json"),
        ("ids: 9999", "ids: 99999", "22: commands.transfer.send: an id has up to 5 signs"),
        ("  ids: 9999\n", "", "21: commands.transfer.send: an id has up to 10 signs"),
        ("replies:\n", f"redact: [{'9' * 201}]\nreplies:\n", "6: redact.0: String should have at most 200"),
        (
            "samples:\n",
            "samples:\n  - {name: a, settings: {b: c}, steps: []}\n",
            "24: samples.0.settings.b: not listed",
        ),
        ("get: 1-4", "get: 4-1", "8: replies.id.get: columns are counted"),
        ("get: 1-4", "get: REF=", "8: replies.id.get: REF= ends where the next field begins"),
        ("  - on: call\n", "  - on: call\n    each: ''\n", "16: events.0.each: what parts the things"),
        ('between: ""\n', 'between: ""\nredact: [4-1]\n', "6: redact.0: columns are counted"),
        ('between: ""\n', 'between: ""\nundecodable: cp1252\nencoding: latin-1\n', "6: undecodable: only utf-8"),
    ],
)
def test_faults_in_it_are_told(good: str, bad: str, told: str) -> None:
    assert good in FIXED
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(FIXED.replace(good, bad, 1), "fixed.yaml"))
    assert f"fixed.yaml:{told}" in str(found.value)
