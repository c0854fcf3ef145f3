"""The site engineer's page knows every word that the connector says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from ringline_edge import health

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "edge.md").read_text()
SOURCE = ROOT / "edge-connector" / "src" / "ringline_edge"
EVENT = re.compile(r"""logger\.(?:debug|info|warning|error|exception)\(\s*"([^"]*)\"""")


def said() -> set[str]:
    """Event words in the source."""
    return {event for path in SOURCE.rglob("*.py") for event in EVENT.findall(path.read_text())}


def test_every_log_event_is_one_constant_word_and_explained() -> None:
    events = said()
    assert len(events) > 15
    assert not [event for event in events if not re.fullmatch(r"[a-z_]+", event)]
    assert not [event for event in sorted(events) if f"`{event}`" not in PAGE]


def test_every_field_of_healthz_and_every_metric_is_explained() -> None:
    assert not [each.name for each in fields(health.Health) if f"`{each.name}`" not in PAGE]
    names = [name.removeprefix("ringline_edge_") for name in (*health._GAUGES, *health._COUNTERS)]
    assert not [name for name in names if f"`{name}`" not in PAGE]
