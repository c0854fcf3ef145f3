"""Interactions: heads, notes, call records, and what a number's earlier ones were."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table, Written

ERASED = "erased_at"


@dataclass(frozen=True)
class Ring:
    """What is known of an interaction when it rings or is recorded.

    Attributes:
        at: When its call began, RFC 3339.
        ttl: Until when it is kept; seconds since the epoch.
        agent: Who is logged on where it rang, if anybody is.
        digest: Key of the remote number, kept so that a note finds the number's list later: of the first one that an
            interaction has, for later calls come from colleagues elsewhere and from whomever they ask.
        is_called: Somebody here called that number, as when a customer is called back at another one.
        place: Site and station where it rang.
        was: Interactions that merged into it.
    """

    at: str
    ttl: int
    agent: str | None = None
    digest: str | None = None
    is_called: bool = False
    place: tuple[str, str] | None = None
    was: tuple[str, ...] = ()


def is_erased(head: Item | None) -> bool:
    """Whether a head only says that its interaction was erased, or is being erased."""
    return head is not None and ERASED in head


def digests_of(head: Item) -> set[str]:
    """Keys of the numbers under which an interaction is listed."""
    return {str(each) for each in (head.get("digest"), *head.get("digests", ())) if each}


def seated(head: Item | None, site: str, station: str) -> set[str]:
    """Who had the interaction at a station, by its head."""
    seats = (str(each).split(" ", 2) for each in (head or {}).get("seats", ()))
    return {who[2] for who in seats if who[:2] == [site, station]}


def packed(record: str) -> bytes:
    """A record as it is stored: legs repeat their words, and with two of them it is one write unit instead of two."""
    return zlib.compress(record.encode(), level=6)


def recorded(item: Item) -> str:
    """The record of a stored call as JSON; older items have it as it is."""
    return str(item["record_json"]) if "record_json" in item else zlib.decompress(item["packed"]).decode()


class Interactions:
    """Interactions of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def ring(self, tenant: str, interaction: str, ring: Ring) -> Item:
        """Begin the interaction if it is new, and note who took part; its head, or that of an erased one as it is."""
        values: dict[str, Any] = {":at": ring.at, ":ttl": ring.ttl}
        expression = "SET started_at = if_not_exists(started_at, :at), #ttl = :ttl"
        if ring.digest:
            expression += ", digest = if_not_exists(digest, :digest)"
            values[":digest"] = ring.digest
        members = {
            "digests": {ring.digest} if ring.digest and ring.is_called else set[str](),
            "agents": {ring.agent} if ring.agent else set[str](),
            "seats": {" ".join((*ring.place, ring.agent))} if ring.agent and ring.place else set[str](),
            "was": set(ring.was),
        }
        added = {name: each for name, each in members.items() if each}
        if added:
            expression += f" ADD {', '.join(f'{name} :{name}' for name in added)}"
            values |= {f":{name}": each for name, each in added.items()}
        return self._table.update(
            keys.interaction(tenant, interaction),
            expression,
            values,
            condition=f"attribute_not_exists({ERASED})",
            names={"#ttl": "ttl"},
        ).item

    def file_number(self, tenant: str, digest: str, at: str, interaction: str, queue: str | None, ttl: int) -> None:
        """List the interaction under its number; `at` is when it began, so that it is listed once."""
        values: dict[str, Any] = {":interaction": interaction, ":at": at, ":ttl": ttl}
        expression = "SET interaction = :interaction, began_at = :at, #ttl = :ttl"
        if queue:
            expression += ", queue = :queue"
            values[":queue"] = queue
        self._table.update(keys.number(tenant, digest, at, interaction), expression, values, names={"#ttl": "ttl"})

    def tell_number(self, tenant: str, digest: str, at: str, interaction: str, beginning: str) -> None:
        """Put a note's beginning into the number's list, so that the next ring reads no notes for it."""
        self._table.update(
            keys.number(tenant, digest, at, interaction),
            "SET beginning = :beginning",
            {":beginning": beginning},
            condition="attribute_exists(pk)",
        )

    def of_number(self, tenant: str, digest: str, limit: int, between: tuple[str, str] | None = None) -> list[Item]:
        """The number's interactions, newest first; `between` two times, or places in this list (`sk`)."""
        pk = keys.number_partition(tenant, digest)
        found = self._table.query(pk, newest_first=True, limit=limit, between=between)
        return [each for each in found if each["sk"] != keys.listed_number(tenant, digest)["sk"]]

    def history(self, tenant: str, digest: str, limit: int) -> list[Item] | None:
        """As `of_number`, the newest; None for a listed number, which is to have none."""
        mark = keys.listed_number(tenant, digest)
        found = self._table.query(mark["pk"], newest_first=True, limit=limit)
        return None if found and found[0]["sk"] == mark["sk"] else found

    def list_number(self, tenant: str, digest: str, *, listed: bool) -> None:
        """From now on the number has no history, or has one again."""
        if listed:
            self._table.put(dict(keys.listed_number(tenant, digest)))
        else:
            self._table.delete(keys.listed_number(tenant, digest))

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
        return [(item["sk"].removeprefix(keys.record_prefix()), recorded(item)) for item in found]

    def begin_erasure(self, tenant: str, interaction: str, at: str, ttl: int) -> Item:
        """From now on nothing is added to the interaction; its head as far as it is still there."""
        return self._table.update(
            keys.interaction(tenant, interaction),
            f"SET {ERASED} = if_not_exists({ERASED}, :at), #ttl = :ttl",
            {":at": at, ":ttl": ttl},
            names={"#ttl": "ttl"},
        ).item

    def belongings(self, tenant: str, interaction: str) -> list[Item]:
        """All that lies below the interaction's head."""
        key = keys.interaction(tenant, interaction)
        return [item for item in self._table.query(key["pk"]) if item["sk"] != key["sk"]]

    def remove(self, item: Item) -> None:
        """Delete one of the `belongings`."""
        self._table.delete({"pk": item["pk"], "sk": item["sk"]})

    def unfile_number(self, tenant: str, digest: str, at: str, interaction: str) -> None:
        """Take the interaction out of a number's list."""
        self._table.delete(keys.number(tenant, digest, at, interaction))

    def end_erasure(self, tenant: str, interaction: str, at: str, ttl: int) -> None:
        """Leave of the head only that the interaction was erased, which keeps late frames from bringing it back."""
        self._table.put({**keys.interaction(tenant, interaction), ERASED: at, "ttl": ttl})
