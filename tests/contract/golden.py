"""Golden traces: recorded bytes of a PBX, and the documents that they must lead to.

    python -m tests.contract.golden [--update] [WORD ...]

Each folder `tests/traces/<kind>/<scenario>/` holds the recording (`in.*`), where it comes from (`meta.toml`) and the
expected documents (`out.jsonl`): one line for each change that a page would see, and in it only what changed. Ids and
times are tokens, numbered in the order in which they first show. Without `--update` the differences are printed.
`ringline-edge record` makes such a folder, but for `out.jsonl`.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ringline_core.domain.model import StationModel
from ringline_edge import registry
from ringline_edge.recording import folder

TRACES = Path(__file__).parents[1] / "traces"
SITE = "hq"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
_SILENT: tuple[Any, ...] = (None, [], {}, "allowed")


@dataclass
class Tokens:
    """Short names for ids and times, in the order of their first appearance."""

    names: dict[str, str] = field(default_factory=dict)

    def of(self, value: Any) -> Any:
        """`value` with its ids and times replaced."""
        match value:
            case dict():
                return {self.of(key): self.of(each) for key, each in value.items()}
            case list():
                return [self.of(each) for each in value]
            case str() if value.startswith(("c-", "i-")):
                return self._name(value[0], value)
            case str() if _TIME.fullmatch(value):
                return self._name("t", value)
            case _:
                return value

    def _name(self, kind: str, value: str) -> str:
        if value not in self.names:
            self.names[value] = f"{kind}{1 + sum(each[0] == kind for each in self.names.values())}"
        return self.names[value]


def traces() -> list[Path]:
    """All trace folders, sorted."""
    return sorted(path.parent for path in TRACES.glob("*/*/meta.toml"))


def name(trace: Path) -> str:
    """`kind/scenario`."""
    return f"{trace.parent.name}/{trace.name}"


def recording(trace: Path) -> bytes:
    """The recorded bytes."""
    return folder.read(trace).data


def documents(trace: Path) -> Iterator[dict[str, Any]]:
    """Every document that a station had after a change, whole and not yet normalised."""
    model = StationModel(SITE)
    model.lead(1)
    read = folder.read(trace)
    for fact in registry.replay(trace.parent.name, read.data, SITE, read.settings):
        for station in sorted(model.apply(fact).stations):
            yield model.document(station)


def seen(trace: Path) -> str:
    """The trace's documents as `out.jsonl` holds them."""
    tokens, before, raised = Tokens(), dict[str, dict[str, Any]](), dict[str, int]()
    lines = []
    for document in documents(trace):
        station = str(document["station"])
        events = [_event(each) for each in document["recent"] if each["n"] > raised.get(station, 0)]
        raised[station] = max((each["n"] for each in document["recent"]), default=0)
        shown = _shown(document)
        line = {"station": station, **_difference(before.get(station, {}), shown)}
        before[station] = shown
        if events:
            line["events"] = events
        if len(line) > 1:
            lines.append(json.dumps(tokens.of(line), ensure_ascii=False))
    return "".join(f"{line}\n" for line in lines)


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    agent = document["agent"]
    queues = {each["queue"]: each["reason"] or "paused" if each["paused"] else "open" for each in agent["queues"]}
    return {
        "in_service": document["in_service"],
        "agent": _spoken({**{key: agent[key] for key in ("state", "reason", "pending")}, "queues": queues}),
        **{each["call"]: _call(each) for each in document["calls"]},
    }


def _call(entry: dict[str, Any]) -> dict[str, Any]:
    silent = ("call", "can", "conflict", "started_at", "parties", "remote")
    parties = [f"{each['number']} {each['leg']}" for each in entry["parties"]]
    remote = {"remote": entry["remote"]["number"], "presentation": entry["remote"]["presentation"]}
    return _spoken({**{key: value for key, value in entry.items() if key not in silent}, **remote, "parties": parties})


def _difference(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """What is new in `now`, one level down in agent and calls; what is gone is null."""
    changed: dict[str, Any] = {key: None for key in before if key not in now}
    for key, value in now.items():
        known = before.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            inner = {each: value.get(each) for each in {**known, **value} if known.get(each) != value.get(each)}
            changed |= {key: inner} if inner else {}
        elif value != known:
            changed[key] = value
    return changed


def _event(entry: dict[str, Any]) -> dict[str, Any]:
    return _spoken({key: value for key, value in entry.items() if key not in ("n", "interaction")})


def _spoken(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value not in _SILENT}


def main(words: list[str]) -> int:
    """Print what differs, or write it down; 1 when something differs and is not written."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.golden")
    parser.add_argument("--update", action="store_true", help="write out.jsonl")
    parser.add_argument("words", nargs="*", help="only traces whose name holds one of these")
    asked = parser.parse_args(words)
    differ = False
    for trace in traces():
        if asked.words and not any(word in name(trace) for word in asked.words):
            continue
        out, now = trace / "out.jsonl", seen(trace)
        known = out.read_text() if out.exists() else ""
        if now != known:
            sys.stdout.writelines(difflib.unified_diff(known.splitlines(True), now.splitlines(True), name(trace)))
            differ = True
        if asked.update:
            out.write_text(now)
    return int(differ and not asked.update)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
