"""Single-use things: tickets, enrolment codes, used assertions; and the edges' public keys."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table


class Credentials:
    """All proofs of identity."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def put_ticket(self, secret: str, what: dict[str, Any], expires_at_ms: int) -> None:
        """Store a ticket; only its hash is kept."""
        self._put(keys.ticket(secret), what, expires_at_ms)

    def take_ticket(self, secret: str, now_ms: int) -> Item | None:
        """Use a ticket up; None when unknown, used or over."""
        return _valid(self._table.take(keys.ticket(secret)), now_ms)

    def put_enrolment(self, code: str, what: dict[str, Any], expires_at_ms: int) -> None:
        """Store an enrolment code; only its hash is kept."""
        self._put(keys.enrolment(code), what, expires_at_ms)

    def take_enrolment(self, code: str, now_ms: int) -> Item | None:
        """Use an enrolment code up; None when unknown, used or over."""
        return _valid(self._table.take(keys.enrolment(code)), now_ms)

    def put_edge_key(self, kid: str, what: dict[str, Any]) -> None:
        """Store an edge's public key with its tenant, site and edge."""
        self._table.put({**keys.edge_key(kid), **what})

    def edge_key(self, kid: str) -> Item | None:
        """The key item of `kid`."""
        return self._table.get(keys.edge_key(kid))

    def use_assertion(self, kid: str, jti: str, expires_at_s: int) -> bool:
        """Whether this assertion is used for the first time."""
        return self._table.put({**keys.used_assertion(kid, jti), "ttl": expires_at_s + 120}, only_new=True)

    def _put(self, key: keys.Key, what: dict[str, Any], expires_at_ms: int) -> None:
        self._table.put({**key, **what, "expires_at_ms": expires_at_ms, "ttl": expires_at_ms // 1000 + 60})


def _valid(item: Item | None, now_ms: int) -> Item | None:
    return item if item and int(item["expires_at_ms"]) >= now_ms else None
