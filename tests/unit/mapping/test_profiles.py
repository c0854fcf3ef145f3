"""Profiles: faults name line and key, values cannot do harm, and every shipped profile does what its samples say."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ringline_core.domain.facts import CallLegs, Leg
from ringline_core.domain.linkage import Linkage
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxProtocolError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.document import StationDocument
from ringline_edge.adapters.mapping import documents, loading, plan, samples
from ringline_edge.adapters.mapping.commands import requests
from ringline_edge.adapters.mapping.config import MappingConfig
from ringline_edge.adapters.mapping.loading import SHIPPED, ProfileError
from ringline_edge.adapters.mapping.profile import Profile
from ringline_edge.adapters.mapping.translate import Translator
from ringline_edge.cli import app

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/adapters/mapping.md").read_text()
PROFILES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
GOOD = """\
name: feed
source: this test
framing: newline
format: json
settings: [token]
replies:
  id: id
  ok: {get: ok, equals: true}
messages:
  - {name: call, when: {get: type, equals: call}}
events:
  - on: call
    leg: id
    make: true
    first: {call: id, device: phone, station: phone}
    set: {state: {get: state, steps: [{map: {r: alerting}}]}}
commands:
  drop:
    send: {do: drop, id: "{id}", call: "{leg.call}"}
"""
FAULTS = {
    "an unknown key": ("format: json", "format: json\nformt: xml", "feed.yaml:5: formt: unknown key"),
    "a missing key": ("framing: newline\n", "", "feed.yaml:1: profile: Field required: framing"),
    "a missing key inside": ("{name: call, when: ", "{when: ", "feed.yaml:10: messages.0: Field required: name"),
    "a key given twice": ("format: json", "format: json\nformat: xml", "feed.yaml:5: format.again: given twice"),
    "a wrong word": ("framing: newline", "framing: newlin", "feed.yaml:3: framing: Input should be 'newline'"),
    "a state of no leg": ("r: alerting", "r: ringing", "feed.yaml:16: events.0.set.state: ringing is none of"),
    "an unknown field": ("first: {call: id", "first: {kall: id", "feed.yaml:15: events.0.first.kall: Input should be"),
    "an unknown class": ("on: call", "on: cal", "feed.yaml:12: events.0.on: there is no class cal"),
    "an unknown verb": ("  drop:", "  dropp:", "feed.yaml:18: commands.dropp: Input should be"),
    "an unknown name": ("{leg.call}", "{kall}", "feed.yaml:19: commands.drop.send: no values of that name: kall"),
    "a setting not listed": ("leg: id\n", "leg: {setting: x}\n", "feed.yaml:13: events.0.leg.setting: x is not listed"),
    "a bad path": ("leg: id\n", "leg: 'a..b'\n", "feed.yaml:13: events.0.leg: no JSON path"),
    "a bad pattern": (
        "leg: id\n",
        "leg: {get: id, steps: [{regex: '('}]}\n",
        "feed.yaml:13: events.0.leg.steps.0.regex",
    ),
    "a slow pattern": ("leg: id\n", "leg: {get: id, steps: [{regex: '(a+)+b'}]}\n", "repeats no group that repeats"),
    "a bad path inside": (
        "leg: id\n",
        "leg: {get: id, steps: [{inside: xml, get: 'a['}]}\n",
        "feed.yaml:13: events.0.leg.steps.0.get: no XPath",
    ),
    "inside of what": ("leg: id\n", "leg: {get: id, steps: [{inside: xml}]}\n", "inside and get belong together"),
    "a bad zone": ("leg: id\n", "leg: {get: id, steps: [{date: iso, zone: Mars/X}]}\n", "no such time zone: Mars/X"),
    "two sources": ("leg: id\n", "leg: {get: id, now: true}\n", "feed.yaml:13: events.0.leg: needs exactly one source"),
    "no test": ("{get: type, equals: call}", "{get: type}", "feed.yaml:10: messages.0.when: needs exactly one test"),
    "two stories": ("make: true", "make: true\n    pressed: {station: a, ready: b}", "events.0: says exactly one of"),
    "an alias": ("format: json", "format: &a json\nname2: *a", "feed.yaml:5: profile: aliases are not allowed"),
    "a tag": ("source: this test", "source: !!python/name:os.system x", "feed.yaml:2: source: the tag"),
    "no YAML": ("format: json", "format: [json", "no YAML"),
    "no answers": ("replies:\n  id: id\n  ok: {get: ok, equals: true}\n", "", "commands.drop: waits for an answer"),
    "text for JSON": ('send: {do: drop, id: "{id}", call: "{leg.call}"}', "send: drop", "is written key by key"),
    "a header too short": ("newline", "{kind: header, size: 2}", "feed.yaml:3: framing: the length field ends behind"),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_told_with_line_key_and_reason(fault: str) -> None:
    good, bad, told = FAULTS[fault]
    assert good in GOOD
    with pytest.raises(ProfileError) as found:
        plan.compiled(*loading.parse(GOOD.replace(good, bad, 1), "feed.yaml"))
    assert told in str(found.value)


def test_the_profile_without_a_fault_is_good() -> None:
    assert set(plan.compiled(*loading.parse(GOOD, "feed.yaml")).commands) == {Verb.DROP}


@pytest.mark.parametrize("name", PROFILES)
def test_the_samples_of_a_shipped_profile_come_out(name: str) -> None:
    known = plan.load(name)
    assert known.profile.name == name
    assert known.profile.samples
    assert [fault for sample in known.profile.samples for fault in samples.play(known, sample)] == []


@pytest.mark.parametrize("name", PROFILES)
def test_a_sample_can_fail(name: str) -> None:
    known = plan.load(name)
    hurt = known.profile.model_copy(update={"events": ()})
    faults = samples.play(plan.compiled(hurt, loading.Lines("x")), known.profile.samples[0])
    assert faults


def test_the_worked_example_of_the_page_is_good_and_its_samples_come_out(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)
    file = tmp_path / "bell.yaml"
    file.write_text(example)
    for word in ("lint", "test"):
        done = CliRunner().invoke(app, ["mapping", word, str(file)])
        assert done.exit_code == 0, done.output
    assert "2 samples, 0 faults" in done.output


def test_the_page_explains_every_setting_and_every_part_of_a_profile() -> None:
    names = [*MappingConfig.model_fields, *Profile.model_fields]
    assert [name for name in names if f"`{name}`" not in PAGE] == []


def test_lint_names_the_fault_and_ends_as_for_a_wrong_configuration(tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(GOOD.replace("format: json", "format: jsn"))
    done = CliRunner().invoke(app, ["mapping", "lint", str(file)])
    assert done.exit_code == 78
    assert "bad.yaml:4: format:" in done.output


def test_a_profile_that_is_not_there_is_refused_with_those_that_are() -> None:
    done = CliRunner().invoke(app, ["mapping", "lint", "abacus"])
    assert done.exit_code == 78
    assert "ami" in done.output


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>"


@pytest.mark.parametrize("text", [BOMB, "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><x/>", "<x>&undefined;</x>", "<x", ""])
def test_xml_with_a_dtd_or_without_an_end_is_no_message(text: str) -> None:
    with pytest.raises(PbxProtocolError):
        documents.parse("xml", text)


@pytest.mark.parametrize("path", ["document('x')", "//a//b", "a[", "re:match(a, 'b')"])
def test_xpaths_that_may_not_be_used_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match="XPath"):
        documents.path("xml", path)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "1", "{"])
def test_json_that_is_no_object_is_no_message(text: str) -> None:
    with pytest.raises(PbxProtocolError):
        documents.parse("json", text)


def said(form: str, send: str, **given: str) -> list[str]:
    text = GOOD.replace("format: json", f"format: {form}").replace('{do: drop, id: "{id}", call: "{leg.call}"}', send)
    known = plan.compiled(*loading.parse(text.replace("  drop:", "  set_state:"), "feed.yaml"))
    arguments = {
        "id": "c",
        "verb": "set_state",
        "station": "1001",
        "state": "ready",
        "deadline_at": "2030-01-01T00:00:00Z",
    }
    command = EdgeCommand.model_validate({**arguments, **given})
    floor = Translator(known, {}).floor
    return [str(message) for _, message in requests(known, command, CallLegs(), floor, {}, lambda: "r1")]


NASTY = "</a>\" onx='1' & <b/>"


def test_values_are_escaped_in_xml_text_and_attributes() -> None:
    (message,) = said("xml", "'<a x=\"{reason}\">{reason}</a>'", reason=NASTY)
    root = documents.parse("xml", message)
    assert (root.get("x"), root.text, len(root)) == (NASTY, NASTY, 0)


def test_values_are_escaped_in_json() -> None:
    (message,) = said("json", '{a: "{reason}", b: "x {reason}"}', reason='","do":"x')
    assert documents.parse("json", message) == {"a": '","do":"x', "b": 'x ","do":"x'}


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\u2028", "\x85", "\0"])
def test_a_value_cannot_begin_a_header_of_its_own(sign: str) -> None:
    with pytest.raises((CommandError, ValueError)):
        said("fields", '{A: "{name}"}', name=f"x{sign}Action: Originate")


@pytest.mark.parametrize(
    "send", ["'<a {id}=\"1\"/>'", "'<{id}/>'", "'<a><![CDATA[{id}]]></a>'", "'<a><!--{id}--></a>'"]
)
def test_values_stand_in_text_and_attributes_of_xml_only(send: str) -> None:
    with pytest.raises(ProfileError, match=r"values stand in|no XML"):
        said("xml", send)


def test_a_verb_that_is_not_in_the_profile_is_unsupported() -> None:
    known = plan.compiled(*loading.parse(GOOD, "feed.yaml"))
    command = EdgeCommand.model_validate(
        {"id": "c", "verb": "swap", "station": "1", "call": "c", "deadline_at": "2030-01-01T00:00:00Z"}
    )
    with pytest.raises(CommandError) as refused:
        list(requests(known, command, CallLegs(), Translator(known, {}).floor, {}, lambda: "r1"))
    assert refused.value.error_code is ErrorCode.UNSUPPORTED


STEPS = {
    "trim": ("{get: v, steps: [trim, upper]}", " a ", "A"),
    "hex": ("{get: v, steps: [hex]}", "0x10", 16),
    "hex text": ("{get: v, steps: [hex_text]}", "4F 4b", "OK"),
    "no hex": ("{get: v, steps: [hex_text]}", "4", None),
    "int": ("{get: v, steps: [int]}", " 7 ", 7),
    "base64": ("{get: v, steps: [base64]}", "SsO8cmdlbg==", "Jürgen"),
    "no base64": ("{get: v, steps: [base64]}", "SsO8cmdlbg", None),
    "base64 with other signs": ("{get: v, steps: [base64]}", "SsO8!cmdlbg==", None),
    "url": ("{get: v, steps: [url]}", "J%C3%BCrgen+%26+Co%", "Jürgen & Co%"),
    "entities": ("{get: v, steps: [entities]}", "M&#252;ller &amp; Co", "Müller & Co"),
    "escaped xml inside": (
        "{get: v, steps: [entities, {inside: xml, get: 'b/@c'}]}",
        "&lt;a&gt;&lt;b c='7'/&gt;&lt;/a&gt;",
        "7",
    ),
    "columns inside": ("{get: v, steps: [{inside: plain, get: 3-4}]}", "ab12cd", "12"),
    "xml inside": ("{get: v, steps: [url, {inside: xml, get: 'b/@c'}]}", "%3Ca%3E%3Cb+c%3D'7'%2F%3E%3C%2Fa%3E", "7"),
    "json inside": ("{get: v, steps: [base64, {inside: json, get: 'a[1]'}]}", "eyJhIjogWzEsIDJdfQ==", 2),
    "lines inside": ("{get: v, steps: [url, {inside: fields, get: B}]}", "A:+1%0AB:+2", "2"),
    "a DTD inside": ("{get: v, steps: [url, {inside: xml, get: 'a'}]}", "%3C!DOCTYPE+x%3E%3Cx%3E1%3C%2Fx%3E", None),
    "split": ("{get: v, steps: [{split: ';', part: -1}]}", "a;b", "b"),
    "split short": ("{get: v, steps: [{split: ';', part: 3}]}", "a;b", None),
    "regex": ("{get: v, steps: [{regex: '<(.*)>'}]}", "<12>", "12"),
    "map": ("{get: v, steps: [{map: {1: one}, default: many}]}", "2", "many"),
    "otherwise": ("{get: w, steps: [{otherwise: x}]}", "", "x"),
    "coalesce": ("{coalesce: [w, v]}", "b", "b"),
    "template": ("{template: '{a}-{b}', parts: {a: v, b: =x}}", "1", "1-x"),
    "date": ("{get: v, steps: [{date: '%d.%m.%Y %H:%M', zone: Europe/Berlin}]}", "01.07.2026 12:00", 1782900000000),
    "iso": ("{get: v, steps: [{date: iso}]}", "2026-07-01T10:00:00+00:00", 1782900000000),
    "no date": ("{get: v, steps: [{date: iso}]}", "yesterday", None),
    "seconds": ("{get: v, steps: [seconds]}", "1.5", 1500),
}


@pytest.mark.parametrize("step", sorted(STEPS))
def test_a_pipeline_makes_of_a_value(step: str) -> None:
    source, given, expected = STEPS[step]
    text = GOOD.replace("first: {", f"remember: {{made: {source}}}\n    first: {{")
    translator = Translator(plan.compiled(*loading.parse(text, "feed.yaml")), {})
    list(translator.facts(translator.hear(f'{{"type":"call","id":"1","v":"{given}"}}', 1)))
    assert translator.floor.memory("1", "made") == expected


def test_ids_that_come_again_are_other_legs_and_a_changed_call_id_is_a_join() -> None:
    text = GOOD.replace("settings: [token]", "identity: {reused: true, call_change: transfer}")
    text = text.replace("set: {", "set: {call: call, ").replace("first: {call: id, ", "first: {call: call, ")
    text += "  hold: {send: {a: b}}\n"
    text = text.replace(
        "commands:", "  - on: call\n    leg: id\n    when: {get: state, equals: over}\n    end: {}\ncommands:"
    )
    translator = Translator(plan.compiled(*loading.parse(text, "feed.yaml")), {})

    def facts(state: str, call: str, now_ms: int) -> list[object]:
        message = f'{{"type":"call","id":"1","call":"{call}","phone":"1001","state":"{state}"}}'
        return list(translator.facts(translator.hear(message, now_ms)))

    first = facts("r", "7", 10)
    joined = facts("r", "8", 20)
    facts("over", "8", 30)
    again = facts("r", "7", 40)
    assert [getattr(each, "leg", None) for each in (*first, *again)] == ["1@10", "1@40"]
    assert (getattr(joined[0], "call", 0), getattr(joined[0], "other", 0), getattr(joined[0], "how", 0)) == (
        "7@10", "8@20", "transfer",
    )  # fmt: skip


def mutated(chance: random.Random, text: str) -> str:
    """A message with some of its signs changed, taken out or doubled."""
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(text) + 1)
        text = (
            text[:at]
            + chance.choice(["", "\0", "é", "9" * 40, '"', "<", ":", "\\ud800", "-1"])
            + text[at + chance.randrange(3) :]
        )
    return text


@pytest.mark.parametrize("name", PROFILES)
def test_messages_that_were_changed_on_their_way_do_no_harm(name: str) -> None:
    survives(plan.load(name))


def survives(known: plan.Plan) -> None:
    """Whatever is done to the messages of its samples, a profile makes true documents of them or refuses them."""
    chance = random.Random(known.profile.name)
    told = [each for sample in known.profile.samples for step in sample.steps for each in step.tell]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in told]
    translator, model, refused = Translator(known, {}), StationModel("hq"), 0
    model.lead(1)
    for number in range(5_000):
        try:
            facts = list(translator.facts(translator.hear(mutated(chance, chance.choice(texts)), number)))
        except PbxProtocolError as err:
            refused += bool(str(err))
            continue
        for station in {station for fact in facts for station in model.apply(fact).stations}:
            StationDocument.model_validate_json(json.dumps(model.document(station)))
    assert refused < 5_000


def test_a_feed_that_tells_of_legs_without_end_is_no_pbx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringline_edge.adapters.mapping.floor.MOST", 100)
    translator = Translator(plan.compiled(*loading.parse(GOOD, "feed.yaml")), {})

    def told(number: int) -> None:
        list(
            translator.facts(translator.hear(json.dumps({"type": "call", "id": number, "phone": "1", "state": "r"}), 1))
        )

    for number in range(100):
        told(number)
    with pytest.raises(PbxProtocolError, match="more than 100 legs"):
        told(100)


def test_what_is_no_station_of_the_contract_is_none() -> None:
    translator = Translator(plan.compiled(*loading.parse(GOOD, "feed.yaml")), {})
    message = {"type": "call", "id": "1", "phone": "Ann & Bob", "state": "r"}
    (leg,) = translator.facts(translator.hear(json.dumps(message), 1))
    assert isinstance(leg, Leg)
    assert leg.station is None


def test_the_profile_jsonl_carries_the_key_between_sites_both_ways() -> None:
    linkage, at_ms = Linkage("the tenant's secret"), 1_800_000_000_000
    translator, model = Translator(plan.load("jsonl"), {}), StationModel("lyon")
    model.lead(1)
    model.linkage = linkage
    call = {
        "type": "call",
        "id": "7",
        "phone": "1001",
        "way": "in",
        "outside": True,
        "number": "+44207",
        "state": "rings",
    }
    told = json.dumps({**call, "along": linkage.key("i-paris-1", at_ms)})
    for fact in translator.facts(translator.hear(told, at_ms)):
        model.apply(fact)
    document = model.document("1001")
    assert (document["calls"][0]["interaction"], document["calls"][0]["data"]) == ("i-paris-1", {})
    assert [each["interaction"] for each in document["recent"]] == ["i-paris-1"]
    at = datetime(2027, 1, 15, tzinfo=UTC)
    command = EdgeCommand(
        id="x", verb=Verb.TRANSFER, station="1001", to="1002", deadline_at=at, data={"linkage": "rl1.key"}
    )
    (request,) = requests(plan.load("jsonl"), command, CallLegs(("7/1001",)), translator.floor, {}, lambda: "id1")
    assert json.loads(str(request[1]))["along"] == "rl1.key"
