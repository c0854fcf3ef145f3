"""Interactions: heads, notes, call records, and what a number's earlier ones were."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table


class Interactions:
    """Interactions of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def ring(self, tenant: str, interaction: str, at: str, agent: str | None) -> str:
        """Begin the interaction if it is new, and count `agent` among those who took part; when it began."""
        values: dict[str, Any] = {":at": at}
        expression = "SET started_at = if_not_exists(started_at, :at)"
        if agent:
            expression += " ADD agents :agents"
            values[":agents"] = {agent}
        return str(self._table.update(keys.interaction(tenant, interaction), expression, values).item["started_at"])

    def file_number(self, tenant: str, digest: str, at: str, interaction: str, queue: str | None) -> None:
        """List the interaction under its number; `at` is when it began, so that it is listed once."""
        item = {**keys.number(tenant, digest, at, interaction), "interaction": interaction, "began_at": at}
        self._table.put({**item, "queue": queue} if queue else item)

    def of_number(self, tenant: str, digest: str, limit: int) -> list[Item]:
        """The number's interactions, newest first."""
        return self._table.query(keys.number_partition(tenant, digest), newest_first=True, limit=limit)

    def head(self, tenant: str, interaction: str) -> Item | None:
        """The interaction's head."""
        return self._table.get(keys.interaction(tenant, interaction))

    def notes(self, tenant: str, interaction: str) -> list[Item]:
        """The interaction's notes, oldest first."""
        return self._table.query(keys.interaction(tenant, interaction)["pk"], keys.note_prefix())

    def records(self, tenant: str, interaction: str) -> list[tuple[str, str]]:
        """Ids of the interaction's recorded calls, and their records as JSON."""
        found = self._table.query(keys.interaction(tenant, interaction)["pk"], keys.record_prefix())
        return [(item["sk"].removeprefix(keys.record_prefix()), item["record_json"]) for item in found]

    def record(self, tenant: str, interaction: str, call: str, version: int, record: str) -> None:
        """Store a call's record (JSON), unless a version at least as high is there."""
        self._table.update(
            keys.record(tenant, interaction, call),
            "SET version = :version, record_json = :record",
            {":version": version, ":record": record},
            condition="attribute_not_exists(version) OR version < :version",
        )
