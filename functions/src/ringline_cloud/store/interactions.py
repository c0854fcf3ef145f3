"""Interactions: heads, notes, call records, and what a number's earlier ones were."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table, Written


class Interactions:
    """Interactions of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def ring(self, tenant: str, interaction: str, at: str, agent: str | None, digest: str | None = None) -> Item:
        """Begin the interaction if it is new, and count `agent` among those who took part; its head.

        Args:
            tenant: The site's tenant.
            interaction: Which one.
            at: When its call began, RFC 3339.
            agent: Who is logged on where it rang, if anybody is.
            digest: Key of the remote number, kept so that a note finds the number's list later.
        """
        values: dict[str, Any] = {":at": at}
        expression = "SET started_at = if_not_exists(started_at, :at)"
        if digest:
            expression += ", digest = :digest"
            values[":digest"] = digest
        if agent:
            expression += " ADD agents :agents"
            values[":agents"] = {agent}
        return self._table.update(keys.interaction(tenant, interaction), expression, values).item

    def hand_over(self, tenant: str, interaction: str, ident: str, at: str, handover: str) -> None:
        """Bind a hand-over (JSON) to the interaction; the newest stands at its head, all of them below it.

        Args:
            tenant: The agent's tenant.
            interaction: Which one.
            ident: Of the command that hands over.
            at: When, RFC 3339.
            handover: As the contract shows it.
        """
        self._table.put({**keys.handover(tenant, interaction, at, ident), "handover_json": handover}, only_new=True)
        self._table.update(
            keys.interaction(tenant, interaction),
            "SET handover_json = :handover, handover_by = :ident",
            {":handover": handover, ":ident": ident},
            condition="attribute_exists(pk)",
        )

    def take_back(self, tenant: str, interaction: str, ident: str) -> None:
        """Nothing came of the command that handed over; a later hand-over stays."""
        self._table.update(
            keys.interaction(tenant, interaction),
            "REMOVE handover_json, handover_by",
            {":ident": ident},
            condition="handover_by = :ident",
        )

    def file_number(self, tenant: str, digest: str, at: str, interaction: str, queue: str | None) -> None:
        """List the interaction under its number; `at` is when it began, so that it is listed once."""
        values = {":interaction": interaction, ":at": at}
        expression = "SET interaction = :interaction, began_at = :at"
        if queue:
            expression += ", queue = :queue"
            values[":queue"] = queue
        self._table.update(keys.number(tenant, digest, at, interaction), expression, values)

    def tell_number(self, tenant: str, digest: str, at: str, interaction: str, beginning: str) -> None:
        """Put a note's beginning into the number's list, so that the next ring reads no notes for it."""
        self._table.update(
            keys.number(tenant, digest, at, interaction),
            "SET beginning = :beginning",
            {":beginning": beginning},
            condition="attribute_exists(pk)",
        )

    def of_number(self, tenant: str, digest: str, limit: int) -> list[Item]:
        """The number's interactions, newest first."""
        return self._table.query(keys.number_partition(tenant, digest), newest_first=True, limit=limit)

    def head(self, tenant: str, interaction: str) -> Item | None:
        """The interaction's head."""
        return self._table.get(keys.interaction(tenant, interaction))

    def notes(self, tenant: str, interaction: str) -> list[Item]:
        """The interaction's notes, oldest first."""
        return self._table.query(keys.interaction(tenant, interaction)["pk"], keys.note_prefix())

    def note(self, tenant: str, interaction: str, agent: str) -> Item | None:
        """The agent's note as it stands."""
        return self._table.get(keys.note(tenant, interaction, agent))

    def write_note(self, tenant: str, interaction: str, base: int, note: Item) -> Written:
        """Store a note, if the one that is there has the revision `base`; 0 when none may be there.

        Args:
            tenant: The agent's tenant.
            interaction: Of which interaction.
            base: Revision that the author saw.
            note: All attributes; `author` is the agent, `rev` the new revision.
        """
        names = {f"#{name}": name for name in note}
        values: dict[str, Any] = {f":{name}": value for name, value in note.items()}
        condition = "attribute_not_exists(pk)"
        if base:
            values[":base"] = base
            condition = "#rev = :base"
        sets = ", ".join(f"#{name} = :{name}" for name in note)
        key = keys.note(tenant, interaction, note["author"])
        return self._table.update(key, f"SET {sets}", values, condition=condition, names=names)

    def keep_revision(self, tenant: str, interaction: str, note: Item) -> None:
        """Keep an accepted revision for good, or until its `ttl`; one that is kept is never written again."""
        key = keys.note_revision(tenant, interaction, note["author"], note["rev"])
        self._table.put({**note, **key}, only_new=True)

    def revision(self, tenant: str, interaction: str, agent: str, rev: int) -> Item | None:
        """An accepted revision of the agent's note."""
        return self._table.get(keys.note_revision(tenant, interaction, agent, rev))

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
