"""Two tellings of one story: the same but for the names of people and numbers, one to one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ringline_core.domain.model import StationModel
from ringline_edge import registry
from ringline_edge.recording.kinds import REDACTIONS
from ringline_edge.recording.pseudonyms import Pseudonyms

RENAMED = {"number", "name", "reason", "dialed", "peer", "transferred_by", "transferred_to", "dnis", "ani"}
NOW_MS = 1_796_000_000_000
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "asterisk": {},
    "freeswitch": {},
    "csta": {"host": "h", "username": "u", "switch_name": "CM1", "stations": ["4750", "4751", "4752"]},
    "mapping": {"profile": "ami"},
}


def redacted(kind: str, data: bytes, chunk: int = 65_536, names: Pseudonyms | None = None) -> bytes:
    """The bytes as a recording has them; of CSTA both directions are given to `heard`, as the traces have them."""
    hides = REDACTIONS[kind](SETTINGS[kind], names or Pseudonyms())
    return b"".join(hides.heard(data[at : at + chunk], NOW_MS) for at in range(0, len(data), chunk))


def documents(kind: str, data: bytes) -> list[dict[str, Any]]:
    """Every document on the way."""
    model = StationModel("hq")
    model.lead(1)
    facts = registry.replay(kind, data, "hq", {"profile": "ami"} if kind == "mapping" else None)
    return [model.document(station) for fact in facts for station in sorted(model.apply(fact).stations)]


class Renaming:
    """What stands for what; a difference that is no renaming fails."""

    def __init__(self, *more: str) -> None:
        self.renamed = RENAMED | set(more)
        self.there: dict[str, str] = {}
        self.back: dict[str, str] = {}
        self.logins: dict[str, str] = {}

    def compare(self, old: Any, new: Any, path: tuple[str, ...] = ()) -> None:
        """Assert that both are the same but for names."""
        assert type(old) is type(new), (path, old, new)
        if isinstance(old, dict):
            assert old.keys() == new.keys(), path
            for key in old:
                self.compare(old[key], new[key], (*path, key))
        elif isinstance(old, list):
            assert len(old) == len(new), path
            for number, pair in enumerate(zip(old, new, strict=True)):
                self.compare(*pair, (*path, str(number)))
        elif isinstance(old, str) and path[-1] == "login":
            assert self.logins.setdefault(old, new) == new, (path, old, new)
        elif isinstance(old, str) and (
            path[-1] in self.renamed or "data" in path or ("was" in path and "call" in self.renamed)
        ):
            assert self.there.setdefault(old, new) == new, (path, old, new)
            assert self.back.setdefault(new, old) == old, (path, old, new)
        else:
            assert old == new, (path, old, new)

    def changed(self) -> Iterable[str]:
        """What got another name."""
        return [old for old, new in self.there.items() if old != new]


def raw(trace: Path) -> bytes:
    """The recorded bytes of a trace."""
    (found,) = trace.glob("in.*")
    return found.read_bytes()
