"""One item per open socket that said hello."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table


class Sockets:
    """All sockets."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def open(self, socket: str, what: dict[str, Any], ttl: int) -> None:
        """Remember a socket with what its hello said."""
        self._table.put({**keys.socket(socket), **what, "ttl": ttl})

    def get(self, socket: str) -> Item | None:
        """What is known of a socket."""
        return self._table.get(keys.socket(socket))

    def update(self, socket: str, rank: dict[str, Any]) -> None:
        """Keep what ranks a page; does nothing for a socket that is not there."""
        names = {"#rank": "rank"}  # a word of the table's own
        condition = "attribute_exists(pk)"
        self._table.update(keys.socket(socket), "SET #rank = :rank", {":rank": rank}, condition=condition, names=names)

    def mark_eager(self, socket: str) -> None:
        """The page would have been logged on, had it been alone."""
        self._table.update(keys.socket(socket), "SET eager = :yes", {":yes": True}, condition="attribute_exists(pk)")

    def watch(self, socket: str, sites: Iterable[str], now_ms: int) -> None:
        """Keep whose boards a page looks at, and when that was looked up."""
        watches = {"sites": list(sites), "listed_ms": now_ms}
        condition = "attribute_exists(pk)"
        self._table.update(keys.socket(socket), "SET watches = :watches", {":watches": watches}, condition=condition)

    def close(self, socket: str) -> Item | None:
        """Forget a socket; what was known of it."""
        return self._table.take(keys.socket(socket))
