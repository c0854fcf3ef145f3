"""Times that the feed tells of ends and of agents, and lists within one line of text."""

from __future__ import annotations

import pytest

from ringline_core.domain.facts import Agent, Fact, Leg
from ringline_edge.adapters.mapping import loading, plan
from ringline_edge.adapters.mapping.loading import ProfileError
from ringline_edge.adapters.mapping.translate import Translator

PROFILE = """\
name: moments
source: this test
framing: newline
format: plain
between: ";|"
replies: {ok: {get: EV=, equals: OK}}
messages:
  - {name: list, when: {get: text, regex: LIST}}
  - {name: over, when: {get: EV=, equals: OVER}}
  - {name: agent, when: {get: EV=, equals: AGENT}}
events:
  - on: list
    each: "|"
    leg: CALL=
    make: true
    first: {call: CALL=, device: EXT=, station: EXT=}
    set: {state: =connected}
  - on: over
    leg: CALL=
    end: {at_ms: {get: AT=, steps: [seconds]}}
  - on: agent
    agent: {station: EXT=, state: {get: ST=}, since_at_ms: {get: AT=, steps: [seconds]}}
"""
NOW_MS = 1_780_000_000_000


def told(*lines: str) -> list[Fact]:
    translator = Translator(plan.compiled(*loading.parse(PROFILE, "moments.yaml")), {})
    return [fact for line in lines for fact in translator.facts(translator.hear(line, NOW_MS))]


def test_a_line_may_list_several_calls() -> None:
    legs = told("LIST;CALL=1;EXT=201|CALL=2;EXT=202| |CALL=3;EXT=203|")
    assert [(leg.call, leg.station) for leg in legs if isinstance(leg, Leg)] == [
        ("1", "201"),
        ("2", "202"),
        ("3", "203"),
    ]


@pytest.mark.parametrize(
    ("at", "ended_ms"),
    [
        ("1780000010", NOW_MS + 10_000),
        ("1779999999", NOW_MS),  # before it began
        ("1780090000", NOW_MS),  # a clock of another day
        ("x", NOW_MS),
        ("", NOW_MS),
        ("9" * 20, NOW_MS),
    ],
)
def test_an_end_is_when_the_feed_says_if_that_can_be(at: str, ended_ms: int) -> None:
    *_, last = told("LIST;CALL=1;EXT=201", f"EV=OVER;CALL=1;AT={at}")
    assert isinstance(last, Leg)
    assert last.ended is not None
    assert last.ended.at_ms == ended_ms


def test_an_agents_state_is_as_old_as_the_feed_says() -> None:
    agents = told(
        "EV=AGENT;EXT=201;ST=ready;AT=1779999990", "EV=AGENT;EXT=201;ST=ready", "EV=AGENT;EXT=201;ST=not_ready"
    )
    since = [agent.since_at_ms for agent in agents if isinstance(agent, Agent)]
    assert since == [1_779_999_990_000, 1_779_999_990_000, NOW_MS]


def test_what_parts_a_list_has_to_be_said() -> None:
    with pytest.raises(ProfileError, match=r"moments\.yaml:13: events\.0\.each: what parts the things"):
        plan.compiled(*loading.parse(PROFILE.replace('each: "|"', 'each: ""'), "moments.yaml"))
