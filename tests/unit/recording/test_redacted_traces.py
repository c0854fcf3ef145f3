"""Redaction changes nothing but names: proven on every trace that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ringline_edge import registry
from ringline_edge.recording.kinds import REDACTIONS
from ringline_edge.recording.pseudonyms import Pseudonyms
from tests.contract import golden
from tests.unit.recording.renaming import Renaming, documents, raw, redacted

every_trace = pytest.mark.parametrize("trace", golden.traces(), ids=golden.name)
PEOPLE = re.compile(rb"\+?44207\d{7}|0?2079460\d{3}|Ada Caller|Agent 1\d{3}")
"""Whoever calls in the traces."""


def left(old: bytes, new: bytes) -> list[bytes]:
    """Of those who are in the old bytes, who is in the new ones."""
    return [each for each in set(PEOPLE.findall(old)) if each in new]


@every_trace
def test_a_redacted_session_leads_to_the_same_documents_but_for_names(trace: Path) -> None:
    kind, data = trace.parent.name, raw(trace)
    renaming = Renaming()
    renaming.compare(documents(kind, data), documents(kind, redacted(kind, data)))
    assert all(len(old) == len(new) for old, new in renaming.there.items() if old.lstrip("+").isdigit())
    assert all(old == new for old, new in renaming.there.items() if re.fullmatch(r"\d{1,4}", old))


@every_trace
def test_nobody_is_in_a_redacted_session(trace: Path) -> None:
    data = raw(trace)
    assert left(data, redacted(trace.parent.name, data)) == []


of_asterisk = [trace for trace in golden.traces() if trace.parent.name == "asterisk"]


@pytest.mark.parametrize("trace", of_asterisk, ids=golden.name)
def test_a_feed_that_only_a_profile_knows_is_redacted_as_well(trace: Path) -> None:
    data = raw(trace)
    new = redacted("mapping", data)
    renaming = Renaming("queue", "call", "interaction", "consult_of")
    renaming.compare(documents("mapping", data), documents("mapping", new))
    assert left(data, new) == []


@pytest.mark.parametrize("kind", ["asterisk", "csta", "freeswitch"])
@pytest.mark.parametrize("chunk", [1, 997])
def test_where_the_bytes_are_cut_makes_no_difference(kind: str, chunk: int) -> None:
    data = b"".join(raw(trace) for trace in golden.traces() if trace.parent.name == kind)[: 20_000 * chunk]
    whole, pieces = (redacted(kind, data, size, Pseudonyms(key=b"k" * 32)) for size in (len(data), chunk))
    assert whole == pieces


def test_every_kind_can_be_recorded() -> None:
    assert REDACTIONS.keys() == registry.KINDS.keys()
