"""How far each command has come; ids are kept a day, so that a repeated one has no second effect."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table, Written

KEPT_S = 24 * 3600


class Commands:
    """Commands of all sites."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def begin(self, tenant: str, site: str, command: str, what: dict[str, Any], now_ms: int) -> bool:
        """Store a command; False when its id was used before."""
        item = {**keys.command(tenant, site, command), **what, "ttl": now_ms // 1000 + KEPT_S}
        return self._table.put(item, only_new=True)

    def get(self, tenant: str, site: str, command: str) -> Item:
        """The command's item; empty when unknown."""
        return self._table.get(keys.command(tenant, site, command)) or {}

    def also_tell(self, tenant: str, site: str, command: str, socket: str) -> None:
        """Another page asked with the same id."""
        self._table.update(keys.command(tenant, site, command), "ADD sockets :sockets", {":sockets": {socket}})

    def advance(self, tenant: str, site: str, command: str, stage: str, result: str) -> Written:
        """Store a result (JSON), unless a final one is there; the item either way."""
        return self._table.update(
            keys.command(tenant, site, command),
            "SET stage = :stage, outcome = :outcome",
            {":stage": stage, ":outcome": result, ":sent": "sent"},
            condition="attribute_exists(pk) AND (attribute_not_exists(stage) OR stage = :sent)",
        )
