"""Agents: who sits where by right (mapping), where they are logged on, and the sockets of their pages."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.mappings import Imports
from ringline_cloud.store.table import Item, Table, Written


class Agents:
    """The agents of all tenants. An item has `mapping`, `seat` (`{site, station}`), `sockets`, each if there is one.

    Attributes:
        imports: What whole files of mappings replaced.
    """

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table
        self.imports = Imports(table)

    def get(self, tenant: str, agent: str) -> Item:
        """The agent's item; empty when there is none."""
        return self._table.get(keys.agent(tenant, agent)) or {}

    def add_socket(self, tenant: str, agent: str, socket: str) -> Item:
        """A page opened; the item after it."""
        return self._table.update(keys.agent(tenant, agent), "ADD sockets :sockets", {":sockets": {socket}}).item

    def drop_socket(self, tenant: str, agent: str, socket: str) -> Item:
        """A page closed; the item after it."""
        return self._table.update(keys.agent(tenant, agent), "DELETE sockets :sockets", {":sockets": {socket}}).item

    def sit(self, tenant: str, agent: str, site: str, station: str) -> None:
        """The agent is logged on there."""
        self._table.update(keys.agent(tenant, agent), "SET seat = :seat", {":seat": {"site": site, "station": station}})

    def stand_up(self, tenant: str, agent: str, site: str, station: str) -> None:
        """The agent is no longer logged on there."""
        self._table.update(
            keys.agent(tenant, agent),
            "REMOVE seat",
            {":seat": {"site": site, "station": station}},
            condition="seat = :seat",
        )

    def map(self, tenant: str, agent: str, mapping: dict[str, Any]) -> None:
        """Store the agent's mapping."""
        self._table.update(keys.agent(tenant, agent), "SET mapping = :mapping", {":mapping": mapping})

    def swap(self, tenant: str, agent: str, before: dict[str, Any] | None, after: dict[str, Any] | None) -> Written:
        """Store or remove (None) the agent's mapping, if it still is `before`; the item either way."""
        values = {name: value for name, value in ((":before", before), (":after", after)) if value is not None}
        return self._table.update(
            keys.agent(tenant, agent),
            "REMOVE mapping" if after is None else "SET mapping = :after",
            values,
            condition="attribute_not_exists(mapping)" if before is None else "mapping = :before",
        )

    def unmap(self, tenant: str, agent: str) -> None:
        """Remove the agent's mapping."""
        self._table.update(keys.agent(tenant, agent), "REMOVE mapping", {})

    def everybody(self, tenant: str) -> list[Item]:
        """All agents that ever opened a page or have a mapping; `who` names each."""
        found = self._table.query(keys.agent(tenant, "")["pk"], keys.agents_prefix())
        return [{**item, "who": item["sk"].removeprefix(keys.agents_prefix())} for item in found]

    def mapped(self, tenant: str) -> list[Item]:
        """All agents that have a mapping."""
        return [item for item in self.everybody(tenant) if "mapping" in item]

    def first_hello(self, tenant: str, agent: str, page: str, now_ms: int, kept_s: int) -> bool:
        """Whether this page id has not said hello before, within `kept_s`."""
        memory = {**keys.page_memory(tenant, agent, page), "since_ms": now_ms, "ttl": now_ms // 1000 + kept_s}
        return self._table.put(memory, only_new=True)

    def first_heard_ms(self, tenant: str, agent: str, page: str) -> int | None:
        """When this page id said hello first; None when that is too long ago."""
        memory = self._table.get(keys.page_memory(tenant, agent, page)) or {}
        return int(memory["since_ms"]) if "since_ms" in memory else None
