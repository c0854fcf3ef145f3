"""Messages to facts, without a link: copies, order, ids that change, data, and what servers write oddly."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from ringline_core.domain.facts import Device, Fact, Joined, Leg
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import LegState
from ringline_core.wire.document import StationDocument
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.csta.events import user_data
from ringline_edge.adapters.csta.floor import LINGER_MS
from ringline_edge.adapters.csta.naming import number_of
from ringline_edge.adapters.csta.translate import Translator
from ringline_edge.adapters.csta.words import failure
from ringline_edge.adapters.csta.xml import parse
from ringline_edge.conformance.fakes.csta.engine import Engine
from ringline_edge.conformance.fakes.csta.text import Dialect

STATIONS = ("4750", "4751", "4752")
CUSTOMER = "02079460000"


class Bench:
    """A switch of the fake whose events go to a translator, without any link; what was told is kept."""

    def __init__(self, kind: str = "dmcc") -> None:
        self.x = Dialect(kind)
        self.engine = Engine(self.x, STATIONS, self._tell)
        self.told: list[tuple[str, str]] = []
        self.facts: list[Fact] = []
        self.translator = translator()
        self.model = StationModel("hq")
        self.model.lead(1)
        self.now = 1_700_000_000_000

    def _tell(self, device: str, name: str, body: str) -> None:
        self.say(device, self.x.root(name, f"<monitorCrossRefID>m{device}</monitorCrossRefID>{body}"))

    def say(self, device: str, message: str) -> None:
        self.told.append((device, message))
        self.now += 100
        for fact in self.translator.translate(parse(message.encode()), self.now):
            self.facts.append(fact)
            self.model.apply(fact)

    def shown(self, station: str) -> list[str]:
        return [call["leg"] for call in self.model.document(station)["calls"]]


def translator(**more: Any) -> Translator:
    made = Translator(CstaConfig(host="h", dialect="plain", stations=STATIONS, queues={"5000": "support"}, **more))
    made.monitors.update({f"m{each}": each for each in STATIONS})
    return made


def consult(bench: Bench) -> None:
    engine = bench.engine
    call = engine.new_call(CUSTOMER, "4750")
    call.legs[CUSTOMER] = "connected"
    engine.ring(call, "4750")
    engine.answer(call, "4750")
    second = engine.consult(call, "4750", "4751")
    engine.answer(second, "4751")


def hot(bench: Bench) -> None:
    consult(bench)
    first, second = bench.engine.calls.values()
    bench.engine.transfer(first, second, "4750")
    bench.engine.clear(next(iter(bench.engine.calls.values())), CUSTOMER)


def conference(bench: Bench) -> None:
    consult(bench)
    first, second = bench.engine.calls.values()
    bench.engine.conference(first, second, "4750")
    for party in ("4750", CUSTOMER):
        bench.engine.clear(first, party)


def cold(bench: Bench) -> None:
    engine = bench.engine
    call = engine.new_call(CUSTOMER, "4750")
    call.legs[CUSTOMER] = "connected"
    engine.ring(call, "4750")
    engine.answer(call, "4750")
    engine.single_step(call, "4750", "4751")
    (call,) = engine.calls.values()
    engine.answer(call, "4751")
    engine.clear(call, "4751")


def internal(bench: Bench) -> None:
    call = bench.engine.dial("4750", "4751")
    bench.engine.answer(call, "4751")
    bench.engine.hold(call, "4750")
    bench.engine.retrieve(call, "4750")
    bench.engine.clear(call, "4751")


STORIES: tuple[Callable[[Bench], None], ...] = (hot, conference, cold, internal)


@pytest.mark.parametrize("kind", ["dmcc", "plain", "openscape"])
@pytest.mark.parametrize("story", STORIES)
def test_when_everybody_has_hung_up_nobody_is_left_in_any_call(kind: str, story: Callable[[Bench], None]) -> None:
    bench = Bench(kind)
    story(bench)
    assert [bench.shown(station) for station in STATIONS] == [[], [], []]
    assert bench.translator.floor.calls == {}
    assert bench.translator.skipped == 0


def events(model: StationModel) -> dict[str, list[Any]]:
    """What each station was told, without numbers and times."""
    return {
        station: [
            (each["event"], each["cause"], each["by"], each["peer"]) for each in model.document(station)["recent"]
        ]
        for station in STATIONS
    }


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(STORIES), st.sampled_from(["dmcc", "openscape"]), st.integers(1, 3), st.integers(0, 3))
def test_copies_by_other_monitors_change_nothing_however_late(
    story: Callable[[Bench], None], kind: str, copies: int, late: int
) -> None:
    """Each event is told again, by a monitor that nobody has told of, up to three events later."""
    once, often = Bench(kind), Bench(kind)
    story(once)
    waiting: list[str] = []
    for device, message in once.told:
        often.say(device, message)
        copy = message.replace(f">m{device}<", ">copy<")
        waiting += [copy] * copies
        while len(waiting) > late * copies:
            often.say("", waiting.pop(0))
    for message in waiting:
        often.say("", message)
    assert events(often.model) == events(once.model)
    assert [often.shown(station) for station in STATIONS] == [[], [], []]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(STORIES), st.sampled_from(["dmcc", "openscape"]), st.randoms(use_true_random=False))
def test_events_with_parts_lost_doubled_or_renamed_leave_documents_of_the_contract(
    story: Callable[[Bench], None], kind: str, rng: random.Random
) -> None:
    whole, torn = Bench(kind), Bench(kind)
    story(whole)
    for device, message in whole.told:
        root = parse(message.encode())
        for element in list(root.iter())[1:]:
            parent = element.getparent()
            match rng.randrange(20):
                case 0 if parent is not None:
                    parent.remove(element)
                case 1 if parent is not None:
                    parent.append(copy.deepcopy(element))
                case 2:
                    element.text = rng.choice(["", "?", "4750", "519", "x" * 300, "\u00fc"])
                case 3:
                    element.tag = rng.choice(["notKnown", "callID", "restricted", "nothing"])
        torn.say(device, etree.tostring(root).decode())
    for station in STATIONS:
        StationDocument.model_validate_json(json.dumps(torn.model.document(station)))


@pytest.mark.parametrize("kind", ["dmcc", "plain"])
def test_legs_and_calls_keep_their_ids_when_the_switch_changes_its_own(kind: str) -> None:
    bench = Bench(kind)
    hot(bench)
    legs: dict[str, set[str]] = {}
    for fact in bench.facts:
        if isinstance(fact, Leg):
            legs.setdefault(fact.leg, set()).add(fact.call)
    assert all(len(calls) == 1 for calls in legs.values())
    assert any(isinstance(fact, Joined) for fact in bench.facts)


def test_a_consultation_is_about_the_call_that_was_held_last() -> None:
    """The first one's end was lost; nothing that follows at the phone may become part of its story."""
    bench = Bench()
    engine = bench.engine
    lost, call = (engine.new_call(each, "4750") for each in (CUSTOMER, "02079460001"))
    for each in (lost, call):
        each.legs[each.calling] = "connected"
        engine.ring(each, "4750")
        engine.answer(each, "4750")
        if each is lost:
            engine.hold(each, "4750")
    consulted = engine.consult(call, "4750", "4751")
    (joined,) = [fact for fact in bench.facts if isinstance(fact, Joined)]
    known = bench.translator.floor.calls
    assert {joined.call, joined.other} == {known[each.ident].name for each in (call, consulted)}


def test_only_who_was_consulted_is_told_of_the_transfer() -> None:
    """The agent called a colleague, consulted another one, and joined the two."""
    bench = Bench("dmcc")
    first = bench.engine.dial("4750", "4751")
    bench.engine.answer(first, "4751")
    second = bench.engine.consult(first, "4750", "4752")
    bench.engine.answer(second, "4752")
    bench.engine.transfer(first, second, "4750")
    shown = {station: bench.model.document(station)["calls"][0] for station in ("4751", "4752")}
    assert {station: call["transferred_by"] for station, call in shown.items()} == {"4751": None, "4752": "4750"}
    assert {station: call["remote"]["number"] for station, call in shown.items()} == {"4751": "4752", "4752": "4751"}


def test_a_placed_call_shows_its_number_where_the_answer_came_before_the_first_event() -> None:
    bench = Bench("dmcc")
    assert bench.translator.floor.place("519", CUSTOMER) == []
    call = bench.engine.prompt("4750", CUSTOMER)
    (shown,) = bench.model.document("4750")["calls"]
    assert call.ident == "519"
    assert (shown["leg"], shown["remote"]["number"], shown["direction"]) == ("initiated", CUSTOMER, "outbound")


def test_answers_to_placed_calls_that_never_show_are_forgotten() -> None:
    floor = translator().floor
    for ident in range(200):
        floor.place(str(ident), CUSTOMER)
    assert len(floor.placed) < 100
    assert "199" in floor.placed


def test_a_call_bears_its_ucid_so_that_a_restarted_edge_knows_it_again() -> None:
    bench = Bench("dmcc")
    call = bench.engine.new_call(CUSTOMER, "4750")
    call.legs[CUSTOMER] = "connected"
    bench.engine.ring(call, "4750")
    assert {fact.call for fact in bench.facts if isinstance(fact, Leg)} == {call.ucid}


def test_sites_that_share_ucids_share_interactions_and_others_do_not() -> None:
    bench = Bench("dmcc")
    call = bench.engine.new_call(CUSTOMER, "4750")
    call.legs[CUSTOMER] = "connected"
    bench.engine.ring(call, "4750")

    def interaction(site: str, *, shared: bool) -> str:
        there, model = translator(shared_ucid=shared), StationModel(site)
        for _, message in bench.told:
            for fact in there.translate(parse(message.encode()), 1_000):
                model.apply(fact)
        return str(model.document("4750")["calls"][0]["interaction"])

    assert interaction("paris", shared=True) == interaction("lyon", shared=True) == f"i--{call.ucid}"
    assert interaction("paris", shared=False) == f"i-paris-{call.ucid}"


def test_ready_made_events_of_the_notes_shapes() -> None:
    bench = Bench("openscape")
    event = """
        <DeliveredEvent><monitorCrossRefID>m4750</monitorCrossRefID>
        <connection><deviceID>4750</deviceID><callID>FF000100000000001111111111110000</callID></connection>
        <alertingDevice><deviceIdentifier>N&lt;4750&gt;;noa=nk</deviceIdentifier></alertingDevice>
        <callingDevice><deviceIdentifier>N&lt;7868772298&gt;Line1;displayNumber=7868772298;uid=FF00</deviceIdentifier>
        </callingDevice><calledDevice><notKnown/></calledDevice>
        <lastRedirectionDevice><notRequired/></lastRedirectionDevice>
        <localConnectionInfo>alerting</localConnectionInfo><cause>enteringDistribution</cause></DeliveredEvent>
    """
    bench.say("4750", event.strip())
    outside, own = (fact for fact in bench.facts if isinstance(fact, Leg))
    assert (outside.own.number, outside.outside, own.state) == ("7868772298", True, LegState.ALERTING)
    assert own.call == "FF000100000000001111111111110000"


@pytest.mark.parametrize(
    ("device", "number"),
    [
        ("4750:CM1::0", "4750"), ("989150603267:ADACs8300::0", "989150603267"), ("302118840100", "302118840100"),
        ("N<302118840100>;noa=nk", "302118840100"), ("N<7868772298>Line7;uid=F", "7868772298"), ("N<12", "12"),
        ("+17867104700", "+17867104700"), ("4750;ext=1", "4750"), ("", ""), ("*55#", "*55#"),
    ],
)  # fmt: skip
def test_the_number_in_a_device_id(device: str, number: str) -> None:
    assert number_of(device) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("4F7264657220313233", "Order 123"),
        ("4F 72\n64", "Ord"),
        ("c3bc", "ü"),
        ("plain", "plain"),
        ("FF", "FF"),
        ("", ""),
    ],
)
def test_user_data_is_hex_with_blanks_or_what_it_is(value: str, text: str) -> None:
    assert user_data(parse(f"<userData><string>{value}</string></userData>".encode())) == text


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("<CSTAErrorCode><operation>invalidFeature</operation></CSTAErrorCode>", ("operation", "invalidFeature")),
        ("<CSTAErrorCode><unspecified/></CSTAErrorCode>", ("unspecified", "")),
        ("<CSTAErrorCode/>", ("unspecified", "")),
        ("<CSTAErrorCode><privateErrorCode>Denied</privateErrorCode></CSTAErrorCode>", ("privateErrorCode", "Denied")),
        ("<CSTAException><exceptionClass>x</exceptionClass><message>m</message><CSTAErrorCode><operation>generic</operation>"
         "</CSTAErrorCode></CSTAException>", ("operation", "generic")),
        ("<CSTAException><message>no route</message></CSTAException>", ("exception", "no route")),
        ('<errorResponse Error="5"/>', ("private", "5")),
        ("<HoldCallResponse/>", None),
    ],
)  # fmt: skip
def test_refusals_in_all_their_forms(message: str, found: tuple[str, str] | None) -> None:
    assert failure(parse(message.encode())) == found


def test_do_not_disturb_and_forwarding_are_the_devices_own() -> None:
    bench = Bench("plain")
    device = bench.x.subject("device", "4750")
    head = f"<monitorCrossRefID>m4750</monitorCrossRefID>{device}"
    bench.say("4750", bench.x.root("DoNotDisturbEvent", f"{head}<doNotDisturbOn>true</doNotDisturbOn>"))
    bench.say("4750", bench.x.root("DoNotDisturbEvent", f"{head}<doNotDisturbOn>true</doNotDisturbOn>"))
    bench.say(
        "4750", bench.x.root("ForwardingEvent", f"{head}<forwardStatus>true</forwardStatus><forwardTo>4799</forwardTo>")
    )
    bench.say("4750", bench.x.root("ForwardingEvent", f"{head}<forwardStatus>false</forwardStatus>"))
    seen = [(fact.dnd, fact.forward) for fact in bench.facts if isinstance(fact, Device)]
    assert seen == [(True, None), (True, "4799"), (True, None)]


def test_a_call_that_left_all_monitored_devices_is_ended_after_a_while() -> None:
    bench = Bench("dmcc")
    call = bench.engine.new_call(CUSTOMER, "4750")
    call.legs[CUSTOMER] = "connected"
    bench.engine.ring(call, "4750")
    bench.engine.answer(call, "4750")
    bench.engine.single_step(call, "4750", "4888")
    floor = bench.translator.floor
    assert list(floor.sweep(bench.now + LINGER_MS - 1000)) == []
    assert floor.calls
    ended = [fact for fact in floor.sweep(bench.now + LINGER_MS + 1000) if isinstance(fact, Leg) and fact.ended]
    assert ended
    assert floor.calls == {}


def test_a_trunk_call_is_outside_however_short_its_number() -> None:
    bench = Bench("dmcc")
    call = bench.engine.new_call("112", "4750")
    call.legs["112"] = "connected"
    bench.engine.ring(call, "4750", queue=True)
    assert bench.model.document("4750")["calls"][0]["direction"] == "inbound"


def test_hold_s_own_connection_cleared_of_some_releases_ends_nothing() -> None:
    bench = Bench("dmcc")
    call = bench.engine.dial("4750", "4751")
    bench.engine.answer(call, "4751")
    bench.engine.hold(call, "4750")
    quirk = bench.x.connection("droppedConnection", call.ident, "4750") + bench.x.subject("releasingDevice", "4750")
    bench._tell("4750", "ConnectionClearedEvent", f"{quirk}<localConnectionInfo>hold</localConnectionInfo>")
    assert bench.shown("4750") == ["hold"]
