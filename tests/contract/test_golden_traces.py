"""Recorded sessions of real PBXes lead to the expected documents, and to documents that keep the contract.

A new folder in `tests/traces/<kind>/` is a new test; `python -m tests.contract.golden --update` writes its documents.
"""

from __future__ import annotations

import json
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from ringline_core.wire.document import StationDocument
from ringline_edge.adapters.asterisk.protocol import AmiProtocol
from ringline_edge.adapters.csta.protocol import FrameProtocol
from ringline_edge.adapters.freeswitch.protocol import EslProtocol
from tests.contract import golden

BEGINNINGS = {"ringing", "dialing", "consulting", "answered"}
ENDS = {"dropped", "missed", "diverted", "failed", "transferred"}

META = {
    *("pbx", "link", "scenario", "kind", "connector", "began_at", "seconds", "redaction", "numbers_kept", "settings"),
}
"""The first three say where a trace comes from; the others are what `ringline-edge record` writes beside them."""

every_trace = pytest.mark.parametrize("trace", golden.traces(), ids=golden.name)


def last(trace: Path) -> dict[str, dict[str, Any]]:
    """Each station's last document."""
    return {document["station"]: document for document in golden.documents(trace)}


def events_by_call(document: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """A document's transitions of each call."""
    by_call: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in document["recent"]:
        if event["call"]:
            by_call[event["call"]].append(event)
    return by_call


def visits(events: list[dict[str, Any]]) -> list[list[str]]:
    """A call's transitions at one station, cut after each end: a queue may offer a call again."""
    found: list[list[str]] = [[]]
    for event in events:
        found[-1].append(event["event"])
        # `transferred` without a cause is told to the target, where the call goes on.
        if event["event"] in ENDS and event["cause"] is not None:
            found.append([])
    return found


def test_traces_are_there_for_asterisk() -> None:
    assert len([trace for trace in golden.traces() if trace.parent.name == "asterisk"]) >= 47


def test_traces_are_there_for_csta_of_both_dialects() -> None:
    names = [trace.name for trace in golden.traces() if trace.parent.name == "csta"]
    assert {name.partition("-")[0] for name in names} == {"dmcc", "openscape"}


@every_trace
def test_a_recorded_session_leads_to_the_expected_documents(trace: Path) -> None:
    assert golden.seen(trace).splitlines() == (trace / "out.jsonl").read_text().splitlines()


@pytest.mark.parametrize("size", [1, 97, 4096])
def test_recorded_messages_do_not_depend_on_how_the_bytes_were_cut(size: int) -> None:
    data = b"".join(golden.recording(trace) for trace in golden.traces() if trace.parent.name == "asterisk")[:300_000]
    whole, pieces = AmiProtocol("recorded"), AmiProtocol("recorded")
    cut = (data[start : start + size] for start in range(0, len(data), size))
    assert [message for piece in cut for message in pieces.receive_data(piece)] == list(whole.receive_data(data))


@pytest.mark.parametrize("size", [1, 97, 4096])
def test_recorded_frames_of_csta_do_not_depend_on_how_the_bytes_were_cut(size: int) -> None:
    data = b"".join(golden.recording(trace) for trace in golden.traces() if trace.parent.name == "csta")
    whole, pieces = FrameProtocol(), FrameProtocol()
    cut = (data[start : start + size] for start in range(0, len(data), size))
    assert [frame for piece in cut for frame in pieces.receive_data(piece)] == list(whole.receive_data(data))


@pytest.mark.parametrize("size", [1, 97, 4096])
def test_recorded_frames_of_freeswitch_do_not_depend_on_how_the_bytes_were_cut(size: int) -> None:
    data = b"".join(golden.recording(trace) for trace in golden.traces() if trace.parent.name == "freeswitch")
    whole, pieces = EslProtocol(), EslProtocol()
    cut = (data[start : start + size] for start in range(0, len(data), size))
    assert [frame for piece in cut for frame in pieces.receive_data(piece)] == list(whole.receive_data(data))


@every_trace
def test_a_recorded_session_says_where_it_comes_from(trace: Path) -> None:
    said = tomllib.loads((trace / "meta.toml").read_text())
    assert {"pbx", "link", "scenario"} <= set(said) <= META
    assert all(said[name] for name in ("pbx", "link", "scenario"))
    assert said.get("kind", trace.parent.name) == trace.parent.name
    assert not said.get("numbers_kept", False)


@every_trace
def test_every_document_on_the_way_is_one_of_the_contract(trace: Path) -> None:
    for document in golden.documents(trace):
        StationDocument.model_validate_json(json.dumps(document))


@every_trace
def test_when_everybody_has_hung_up_no_call_is_left_anywhere(trace: Path) -> None:
    assert {station: document["calls"] for station, document in last(trace).items() if document["calls"]} == {}


@every_trace
def test_every_call_begins_and_ends_once_at_a_station(trace: Path) -> None:
    for station, document in last(trace).items():
        by_call = events_by_call(document)
        meets = any(each["event"] == "conferenced" for events in by_call.values() for each in events)
        for call, events in by_call.items():
            *whole, rest = visits(events)
            # A consultation goes up in the customer's call without a word when all three are brought together.
            assert rest == [] or (meets and rest[0] == "consulting"), (station, call, "does not end")
            for visit in whole:
                assert visit[0] in BEGINNINGS, (station, call, visit)
                for once in BEGINNINGS | ENDS:
                    assert visit.count(once) <= 1 + (once == "transferred"), (station, call, visit)
