"""Documents without what differs from run to run: ids become names in their order of appearance, times become marks."""

from __future__ import annotations

import re
from typing import Any

Json = Any
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
ID = re.compile(r"([ci])-hq-[A-Za-z0-9_-]+")
UNSTABLE = frozenset({"n", "since_at", "pending"})
"""Left out: `n` counts other things too, and an agent's times and pending state belong to the log-on before."""


class Names:
    """Stable names for the ids of one scenario."""

    def __init__(self) -> None:
        """No id was seen yet."""
        self._names: dict[str, str] = {}

    def plain(self, value: Json) -> Json:
        """`value` with ids and times replaced, all the way down; keys in their order."""
        match value:
            case dict():
                return {key: self.plain(each) for key, each in value.items() if key not in UNSTABLE}
            case list():
                return [self.plain(each) for each in value]
            case str() if TIME.fullmatch(value):
                return "<time>"
            case str() if found := ID.fullmatch(value):
                kind = found[1]
                count = sum(name.startswith(kind) for name in self._names.values())
                return self._names.setdefault(value, f"{kind}{count + 1}")
            case _:
                return value

    def document(self, document: Json) -> Json:
        """A station document as two PBXes must agree on it."""
        plain = self.plain(document)
        agent = {key: plain["agent"][key] for key in ("state", "reason", "queues")}
        calls = sorted((_call(each) for each in plain["calls"]), key=lambda each: each["call"])
        return {"station": plain["station"], "in_service": plain["in_service"], "agent": agent, "calls": calls}

    def events(self, events: list[Json]) -> list[Json]:
        """Raised events, agent states left out."""
        return [self.plain(event) for event in events if event["event"] != "agent_state"]


def _call(call: Json) -> Json:
    """A call without names, which are each PBX's own, and without `data`, which only some callers bring."""
    remote = {"number": call["remote"]["number"], "presentation": call["remote"]["presentation"]}
    parties = sorted(call["parties"], key=lambda each: (each["station"] or "", each["number"] or ""))
    return {**{k: v for k, v in call.items() if k not in ("data", "can")}, "remote": remote, "parties": parties}
