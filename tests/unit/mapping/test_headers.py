"""A message of header lines that is read no further than asked tells the same as one whose lines are all read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ringline_edge.adapters.mapping import loading, plan
from ringline_edge.adapters.mapping.expressions import Compiler, Scope
from ringline_edge.adapters.mapping.headers import MOST_PLACES, Headers, every
from ringline_edge.adapters.mapping.loading import Lines
from ringline_edge.adapters.mapping.plan import Plan
from ringline_edge.adapters.mapping.profile import Profile

NAMES = ("event", "a", "größe", "key", "ς")
PIECES = (
    *("Event", "EVENT", "event", "a", "A", "Größe", "Key", "\u212aey", "Σ", "İ", "x"),
    *(":", ": ", " : ", "::", " ", "\t", "\x1f", "\xa0", "\u3000"),
    *("\n", "\r\n", "\r", "\r\r\n", "\x0b", "\x0c", "\x1c", "\x1e", "\x85", "\u2028"),
)


@example(pieces=["a: ", "x", "\n", "event:", "\r\n", "A: ", "Key"])
@example(pieces=["İ", "\n", "Key", ": ", "x"])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=40))
def test_a_header_has_the_same_value_as_when_all_lines_are_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    together = Headers(text)
    assert {name: together.get(name) for name in NAMES} == {name: every(text).get(name) for name in NAMES}
    assert {name: Headers(text).get(name) for name in NAMES} == {name: every(text).get(name) for name in NAMES}


def test_a_name_that_stands_everywhere_is_found_nevertheless() -> None:
    text = "a: a a a\n" * (2 * MOST_PLACES)
    assert Headers(text).get("a") == "\n".join(["a a a"] * (2 * MOST_PLACES))


KINDS = [
    {"name": "first", "when": [{"get": "b", "equals": "1"}, {"get": "a", "one_of": ["x", "y"]}]},
    {"name": "second", "when": {"get": "c", "exists": True}},
    {"name": "third", "when": {"get": "a", "equals": "x"}},
    {"name": "fourth", "when": {"any": [{"get": "a", "equals": "z"}, {"get": "b", "equals": "1"}]}},
    {"name": "fifth", "when": [{"get": "a", "regex": "[wx]"}, {"not": {"get": "b", "equals": "3"}}]},
    {"name": "sixth", "when": {"get": "a", "equals": "y", "steps": ["lower"]}},
    {"name": "seventh", "when": {"get": "a", "equals": True}},
]
"""Classes that ask one path for words of their own, and others between them."""


@pytest.fixture(scope="module")
def classes() -> Plan:
    shell = {"name": "p", "source": "this test", "framing": "newline", "format": "json", "messages": KINDS}
    return plan.compiled(Profile.model_validate(shell), loading.Lines("p.yaml"))


@given(
    message=st.dictionaries(
        st.sampled_from("abc"), st.sampled_from(["1", "2", "3", "w", "x", "y", "Y", "z", True, "true", None, 1])
    )
)
def test_the_class_is_the_first_whose_conditions_hold(classes: Plan, message: dict[str, object]) -> None:
    scope = Scope(message, message, 0, lambda _key, _name: None)
    compiler = Compiler("json", Lines("p.yaml"), ())
    rules = classes.profile.messages
    wanted = next((rule.name for rule in rules if compiler.all_of(rule.when, ("messages",))(scope)), None)
    found = classes.classes.of(scope)
    assert (found.rule.name if found is not None else None) == wanted
