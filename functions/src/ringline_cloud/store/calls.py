"""Calls that are over: their records, and a short row for each in the list of its day and of every agent in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringline_cloud.store import keys
from ringline_cloud.store.interactions import packed
from ringline_cloud.store.table import Item, Table

_NAMES = {"#ttl": "ttl"}


@dataclass(frozen=True)
class Filed:
    """A call to be stored.

    Attributes:
        interaction: Whose.
        call: Which.
        version: Of the record.
        began_at: When the call began; the first version's stays its place in the lists.
        record: The record as JSON.
        row: What lists show, as JSON; None for a record that cannot be read, which is in no list.
        agents: Who took part.
        ttl: Until when it is kept; seconds since the epoch.
    """

    interaction: str
    call: str
    version: int
    began_at: str
    record: str
    row: str | None
    agents: frozenset[str]
    ttl: int


class Calls:
    """Calls of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def file(self, tenant: str, call: Filed) -> None:
        """Store a record and its rows, unless a higher version is there; the same one again changes nothing."""
        stored = self._record(tenant, call)
        if stored["version"] > call.version or call.row is None:
            return
        for key in _rows(tenant, call.call, stored):
            self._table.update(
                key,
                "SET row_json = :row, version = :version, #ttl = :ttl",
                {":row": call.row, ":version": call.version, ":ttl": call.ttl},
                condition="attribute_not_exists(version) OR version <= :version",
                names=_NAMES,
            )

    def _record(self, tenant: str, call: Filed) -> Item:
        values = {":version": call.version, ":record": packed(call.record), ":began": call.began_at, ":ttl": call.ttl}
        sets = "version = :version, packed = :record, began_at = if_not_exists(began_at, :began), #ttl = :ttl"
        if call.row is not None:
            sets += ", row_json = :row"
            values[":row"] = call.row
        adds = " ADD agents :agents" if call.agents else ""
        return self._table.update(
            keys.record(tenant, call.interaction, call.call),
            f"SET {sets}{adds}",
            {**values, **({":agents": set(call.agents)} if call.agents else {})},
            condition="attribute_not_exists(version) OR version < :version",
            names=_NAMES,
        ).item

    def forget(self, tenant: str, interaction: str, call: str) -> None:
        """Delete a record with its rows."""
        key = keys.record(tenant, interaction, call)
        if record := self._table.get(key):
            self.unfile(tenant, record)
            self._table.delete(key)

    def unfile(self, tenant: str, record: Item) -> None:
        """Delete the rows of a stored record, which itself stays."""
        for key in _rows(tenant, record["sk"].removeprefix(keys.record_prefix()), record):
            self._table.delete(key)

    def of_interaction(self, tenant: str, interaction: str) -> list[Item]:
        """Rows of the interaction's calls, newest first, each with its `place`."""
        found = self._table.query(keys.interaction(tenant, interaction)["pk"], keys.record_prefix())
        prefix = keys.record_prefix()
        rows = [
            {**each, "place": _place(each, each["sk"].removeprefix(prefix))} for each in found if "row_json" in each
        ]
        return sorted(rows, key=lambda each: each["place"], reverse=True)

    def of_day(self, tenant: str, day: str, between: tuple[str, str], limit: int) -> list[Item]:
        """Rows of one day (UTC) between two places, newest first, each with its `place`."""
        pk = keys.call_of_day(tenant, day, "")["pk"]
        found = self._table.query(pk, newest_first=True, limit=limit, between=between)
        return [{**each, "place": each["sk"]} for each in found]

    def of_agent(self, tenant: str, agent: str, between: tuple[str, str], limit: int) -> list[Item]:
        """Rows of one agent between two places, newest first, each with its `place`."""
        low, high = (keys.call_of_agent(tenant, agent, each) for each in between)
        found = self._table.query(low["pk"], newest_first=True, limit=limit, between=(low["sk"], high["sk"]))
        return [{**each, "place": each["sk"].removeprefix(keys.agent_calls_prefix())} for each in found]


def _rows(tenant: str, call: str, record: Item) -> Iterable[keys.Key]:
    if "row_json" not in record:
        return
    place = _place(record, call)
    yield keys.call_of_day(tenant, place[:10], place)
    for agent in sorted(record.get("agents", ())):
        yield keys.call_of_agent(tenant, agent, place)


def _place(record: Item, call: str) -> str:
    return f"{record['began_at']}#{call}"
