"""Calls at the simulated PBX's own exchange, as the lines that its link says."""

from __future__ import annotations

import json
from typing import Final

from ringline_edge.conformance.exchange.exchange import Exchange

BEGAN_MS: Final = 1_700_000_000_000
_CUSTOMER: Final = "+442071234567"
_STEP_MS: Final = 500
_SCRIPTS: Final = (
    "1001 feature *22|in 5000|1001 answer|1001 hold|1001 resume|1001 hangup|1001 feature *45|1001 feature *46"
    "|1001 feature *23",
    "1001 feature *22|in 5000|1001 reject|gone|1001 feature *23",
    "in 1001|1001 answer|1001 blind 1002|1002 answer|gone",
    "in 1001|1001 answer|1001 attended 1002|1002 answer|1001 complete|gone",
    "in 1001|1001 answer|1001 attended 1002|1001 complete|1002 answer|1002 hangup",
    "in 1001|1001 answer|1001 attended 1002|1002 answer|1001 swap|1001 swap|1001 cancel|1001 hangup",
    "in 1001|1001 answer|1001 attended 1002|1002 answer|1001 conference|1001 hangup|gone",
    "in 1001|1001 answer|1001 attended 1002|1002 answer|gone|1001 hangup",
    "in 1001|1001 answer|1001 monitored|gone",
    "in 1001|gone",
    "in 1002|1001 feature *81002|gone",
    "1001 dial 1002|1002 answer|1002 hangup",
    "1001 dial +442079460123|1001 hangup",
    "1001 dial 1999|1003 unplug|1003 plug",
)
"""Steps of each scenario: `in NUMBER`, `gone` for the customer's hang-up, or a phone, a button, and what it takes."""


def traces() -> list[list[bytes]]:
    """The lines of each scenario, from an exchange at which nothing was before."""
    return [_told(script) for script in _SCRIPTS]


def _told(script: str) -> list[bytes]:
    lines: list[bytes] = []
    now_ms = BEGAN_MS
    exchange = Exchange(lambda: now_ms, lambda each: lines.append(json.dumps(each).encode() + b"\n"))
    for step in script.split("|"):
        now_ms += _STEP_MS
        _take(exchange, step.split())
        exchange.advance()
    return lines


def _take(exchange: Exchange, words: list[str]) -> None:
    match words:
        case ["in", number]:
            exchange.dial_in(_CUSTOMER, number, None)
        case ["gone"]:
            exchange.calls.clear(next(leg for leg in exchange.floor.legs.values() if leg.outside), "remote")
        case [station, "swap"]:
            exchange.transfers.swap(station, "agent_phone")
        case [station, "conference"]:
            exchange.transfers.conference(station, "agent_phone")
        case [station, button, *rest]:
            exchange.press(station, button, *rest)
