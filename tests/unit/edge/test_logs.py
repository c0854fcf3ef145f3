"""Logs are JSON, and no caller's number stands in them."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

from ringline_edge.logs import JsonFormatter, redacted


def line(message: str = "call_seen", exc_info: Any = None, **extra: Any) -> dict[str, Any]:
    """What is written for a record."""
    record = logging.LogRecord("ringline_edge.x", logging.INFO, "x.py", 1, message, None, exc_info)
    vars(record).update(extra)
    return dict(json.loads(JsonFormatter().format(record)))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+442071234567", "...567"),
        ("caller 442071234567 rang", "caller ...567 rang"),
        ("+44 20 7123 4567", "...567"),
        ("+44 (0)20-7123-4567.", "...567."),
        ("PJSIP/442071234567-00000a1b", "PJSIP/...000a1b"),
        (442071234567, "...567"),
        (["+442071234567", 1001], ["...567", 1001]),
        (("1", {"to": "+442071234567"}), ["1", {"to": "...567"}]),
        ({"+442071234567": {"deep": [{"n": 442071234567}]}}, {"...567": {"deep": [{"n": "...567"}]}}),
        ({"442071234567"}, ["...567"]),
        (b"442071234567", "b'...567'"),
        (ValueError("no route to +442071234567"), "no route to ...567"),
        (Path("/spool/442071234567"), "/spool/...567"),
    ],
)
def test_numbers_are_cut_to_their_last_three_digits_wherever_they_stand(value: Any, shown: Any) -> None:
    assert redacted(value) == shown


@pytest.mark.parametrize(
    "value", ["1001", 1001, 123_456, True, None, 1.5, "192.168.100.200:5038", "2026-11-25", "2026-11-25T01:42:13.123Z"]
)
def test_extensions_addresses_and_dates_stay_readable(value: Any) -> None:
    assert redacted(value) == value


def test_ids_stay_whole_so_that_a_call_can_be_found() -> None:
    said = line(id="0123456789", call="c-hq-1732500000-12", frame=12_345_678, file="/a/live.db.unusable-1732500000")
    assert (said["id"], said["call"], said["frame"]) == ("0123456789", "c-hq-1732500000-12", 12_345_678)
    assert said["file"].endswith("1732500000")


def test_a_line_says_when_how_bad_what_and_where() -> None:
    said = line(part="pbx")
    assert said["at"].endswith("Z")
    assert {key: said[key] for key in ("level", "event", "logger", "part")} == {
        "level": "info", "event": "call_seen", "logger": "ringline_edge.x", "part": "pbx",
    }  # fmt: skip


def test_tracebacks_are_redacted_too() -> None:
    try:
        int("+442071234567 is no number")
    except ValueError:
        said = line(exc_info=sys.exc_info())
    assert "...567 is no number" in said["error"]
    assert "7123" not in json.dumps(said)
