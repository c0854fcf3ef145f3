"""Patterns that could run away are refused, whatever hides it, and those that are taken are quick."""

from __future__ import annotations

import time

import pytest

from ringline_edge.adapters.mapping import patterns


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "(a|aa)*b",
        "(a?a?)*b",
        "a?" * 20 + "a" * 20,
        "(?:a*)*",
        "((ab)*c)+",
        r"(\d{1,9})+",
        ".*.*.*.*x",
        r"(a)\1",
        "(?:a*){9}c",
        "(?:(?:a?){9}){9}c",
        "(?:(?:a|a){9}){9}c",
        "(?x)(a+) +c",
        "(a+)(?#)+c",
        "a*a*a*" + "a?" * 5 + "c",
    ],
)
def test_patterns_that_could_run_away_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern"):
        patterns.compiled(pattern)


@pytest.mark.parametrize(
    "pattern", [r"(?:PJSIP|SIP)/(\d+)-", r"[^(+)]+\((\w+)\)", r"(?:ab)+c", r"sip:(.*?)@.*", r"(?:[^;]*;){3}"]
)
def test_patterns_that_sites_need_are_taken(pattern: str) -> None:
    patterns.compiled(pattern)


def test_the_slowest_pattern_that_is_taken_is_quick() -> None:
    began = time.process_time()
    assert patterns.match(patterns.compiled(r".*.*.*x"), "a" * 100_000) is None
    assert time.process_time() - began < 5
