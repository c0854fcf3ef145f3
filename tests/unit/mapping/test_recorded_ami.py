"""The profile `ami` reads recorded sessions of a real Asterisk as the adapter `asterisk` does, where it can."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from ringline_core.domain.model import StationModel
from ringline_edge import registry
from ringline_edge.adapters.mapping import plan
from ringline_edge.adapters.mapping.protocol import Framer
from ringline_edge.adapters.mapping.translate import Translator
from tests.contract import golden

ALIKE = (
    "blind-by-ami", "blind-by-phone", "blind-by-phone-no-answer", "blind-by-phone-to-queue", "channel-gone-mid-call",
    "data-rides-transfer", "dtmf-blind-by-phone", "ext-to-ext", "ext-to-ext-busy", "ext-to-ext-unregistered",
    "ext-to-outside", "feature-codes", "hold-resume", "login-logout-by-ami", "phone-unregisters",
    "queue-agent-rejects", "queue-answer-agent-hangup", "queue-answer-caller-hangup", "queue-caller-abandons",
    "queue-no-agents-abandon", "queue-ring-no-answer", "remote-answer-notify-in-dialog", "remote-answer-notify-talk",
    "remote-answer-redirect", "snapshot", "two-callers-one-queue-agent", "two-calls-one-agent", "user-event",
)  # fmt: skip
RECORDED = {path.name: path for path in golden.traces() if path.parent.name == "asterisk"}


def told(kind: str, data: bytes) -> dict[str, list[tuple[str, ...]]]:
    """Transitions of calls by station, each with its cause and who made it."""
    model = StationModel(golden.SITE)
    model.lead(1)
    found: dict[str, list[tuple[str, ...]]] = {}
    for fact in registry.replay(kind, data, golden.SITE):
        for station in model.apply(fact).stations:
            recent = [each for each in model.document(station)["recent"] if each["call"]]
            found[station] = [tuple(str(each[key]) for key in ("event", "cause", "by")) for each in recent]
    return {station: events for station, events in found.items() if events}


@pytest.mark.parametrize("name", ALIKE)
def test_a_recorded_session_tells_the_same_transitions(name: str) -> None:
    data = golden.recording(RECORDED[name])
    assert told("mapping", data) == told("asterisk", data)


@pytest.mark.parametrize("name", sorted(RECORDED.keys() - set(ALIKE)))
def test_what_the_profile_reads_otherwise_leaves_no_call_behind(name: str) -> None:
    data = golden.recording(RECORDED[name])
    model, adapters = StationModel(golden.SITE), StationModel(golden.SITE)
    for kind, each in (("mapping", model), ("asterisk", adapters)):
        for fact in registry.replay(kind, data, golden.SITE):
            each.apply(fact)
    stations = ("1001", "1002", "1003", "1004")
    assert [model.document(s)["calls"] for s in stations if not adapters.document(s)["calls"]] == [
        [] for s in stations if not adapters.document(s)["calls"]
    ]


def test_calls_that_begin_and_end_leave_nothing_behind() -> None:
    known = plan.load("ami")
    translator, told, traced = Translator(known, {}), list[int](), list[int]()
    tracemalloc.start()
    for number in range(4):
        told.append(0)
        for path in RECORDED.values():
            data = golden.recording(path).replace(b"bed-", b"bed-%d-" % number)
            for text in Framer(known.profile).receive_data(data):
                told[-1] += sum(1 for _ in translator.facts(translator.hear(text, 1)))
        gc.collect()
        traced.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(set(told)) == 1
    assert told[0] > 1000
    assert (translator.floor.legs, translator.floor.calls) == ({}, {})
    # What the first rounds left are caches of Python's own; one leg kept of each call would be ten times as much.
    assert traced[3] - traced[1] < 20_000
