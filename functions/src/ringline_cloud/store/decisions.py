"""Decisions: which interactions an agent has decided, which are owed, and the dispositions given.

Members of sets and maps are changed, and no list is replaced, so that of two writers at once both have their way. What
is owed stands twice: with the agent, where it outlives the desk, and at the station, so that pages see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.stations import StationItem, view
from ringline_cloud.store.table import Item, Table

Owed = Mapping[str, Item]
"""Owed decisions by interaction: `call`, `since_at`, `needs`."""


@dataclass(frozen=True)
class DeskChange:
    """What a decision changes at a desk.

    Attributes:
        decided: Interactions that are decided from now on.
        owed: Those that are owed from now on.
        settled: Those that are owed no more.
        drafts: Those without an unsaved draft from now on.
    """

    decided: frozenset[str] = frozenset()
    owed: Owed | None = None
    settled: frozenset[str] = frozenset()
    drafts: frozenset[str] = frozenset()


class Decisions:
    """Decisions of all agents."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def change(self, tenant: str, before: StationItem, change: DeskChange) -> tuple[bool, StationItem]:
        """Change the desk in one write, if who was logged on still is.

        Args:
            tenant: The agent's tenant.
            before: The station as it was read.
            change: Only what is news by `before`; something must be.
        """
        names: dict[str, str] = {}
        values: dict[str, Any] = {":one": 1, ":who": before.agent}
        adds, deletes, sets, removes = ["rev :one"], list[str](), list[str](), list[str]()
        if change.decided:
            adds.append("decided :decided")
            values[":decided"] = set(change.decided)
        if change.drafts:
            deletes.append("drafts :drafts")
            values[":drafts"] = set(change.drafts)
        for index, (interaction, entry) in enumerate(sorted((change.owed or {}).items())):
            names[f"#owed{index}"], values[f":owed{index}"] = interaction, entry
            sets.append(f"owed.#owed{index} = if_not_exists(owed.#owed{index}, :owed{index})")
        for index, interaction in enumerate(sorted(change.settled)):
            names[f"#settled{index}"] = interaction
            removes.append(f"owed.#settled{index}")
        parts = {"SET": sets, "REMOVE": removes, "ADD": adds, "DELETE": deletes}
        written = self._table.update(
            keys.station(tenant, before.site, before.station),
            " ".join(f"{verb} {', '.join(each)}" for verb, each in parts.items() if each),
            values,
            condition="who = :who" + (" AND attribute_exists(owed)" if sets or removes else ""),
            names=names or None,
        )
        return written.applied, view(before.site, before.station, written.item)

    def prune(self, tenant: str, before: StationItem, decided: Iterable[str], pops: Iterable[str]) -> None:
        """Forget decisions and grants that the document no longer asks for, unless the document has changed since.

        Nobody is told: they meant nothing any more.
        """
        names = {f"#call{index}": call for index, call in enumerate(sorted(pops))}
        values: dict[str, Any] = {":who": before.agent, ":lane": before.lane}
        parts = [f"REMOVE {', '.join(f'pop.{name}' for name in names)}"] if names else []
        if over := set(decided):
            parts.append("DELETE decided :decided")
            values[":decided"] = over
        condition = "who = :who AND lane = :lane" + (" AND attribute_exists(pop)" if names else "")
        key = keys.station(tenant, before.site, before.station)
        self._table.update(key, " ".join(parts), values, condition=condition, names=names or None)

    def owe(self, tenant: str, agent: str, owed: Owed) -> None:
        """The agent owes these, wherever they are logged on; what they owe already stays as it is."""
        key = keys.agent(tenant, agent)
        first = self._table.update(
            key, "SET owed = :owed", {":owed": dict(owed)}, condition="attribute_not_exists(owed)"
        )
        if first.applied:
            return
        ordered = sorted(owed.items())
        sets = (f"owed.#i{index} = if_not_exists(owed.#i{index}, :i{index})" for index in range(len(ordered)))
        names = {f"#i{index}": interaction for index, (interaction, _) in enumerate(ordered)}
        values = {f":i{index}": entry for index, (_, entry) in enumerate(ordered)}
        self._table.update(key, f"SET {', '.join(sets)}", values, names=names)

    def settle(self, tenant: str, agent: str, interactions: Iterable[str]) -> None:
        """The agent owes these no more."""
        names = {f"#i{index}": interaction for index, interaction in enumerate(sorted(interactions))}
        removed = ", ".join(f"owed.{name}" for name in names)
        condition = "attribute_exists(owed)"
        self._table.update(keys.agent(tenant, agent), f"REMOVE {removed}", {}, condition=condition, names=names)

    def dispose(self, tenant: str, interaction: str, agent: str, what: Item) -> None:
        """Store how the interaction ended in the agent's view; a later disposition replaces it."""
        self._table.put({**keys.disposition(tenant, interaction, agent), "agent": agent, **what})

    def disposition(self, tenant: str, interaction: str, agent: str) -> Item | None:
        """The agent's disposition of the interaction (`disposition`, `at`)."""
        return self._table.get(keys.disposition(tenant, interaction, agent))
