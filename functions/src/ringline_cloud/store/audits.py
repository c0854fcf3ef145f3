"""What supervisors did to agents' stations, kept for more than a year."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table

KEPT_DAYS = 400


class Audits:
    """The audit entries of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def put(self, tenant: str, ident: str, what: dict[str, Any], now_ms: int) -> None:
        """Store an entry; `ident` tells those of one millisecond apart."""
        key = keys.audit(tenant, f"{now_ms:015}-{ident}")
        self._table.put({**key, **what, "ttl": now_ms // 1000 + KEPT_DAYS * 86_400})

    def newest(self, tenant: str, limit: int, below: str | None = None) -> list[Item]:
        """Entries, newest first, each with its place as `entry`.

        Args:
            tenant: Whose.
            limit: At most so many.
            below: Only those before this place.
        """
        prefix = keys.audit_prefix()
        last = keys.audit(tenant, below)["sk"] if below else None
        found = self._table.query(keys.audit(tenant, "")["pk"], prefix, newest_first=True, limit=limit, beyond=last)
        return [{**item, "entry": item["sk"].removeprefix(prefix)} for item in found]
