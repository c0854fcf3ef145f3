"""Imports of mappings: what each replaced, kept for a while so that it can be brought back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table

KEPT_S = 30 * 24 * 3600
PART_BYTES = 300_000
"""Of JSON in one item, before it is compressed: an item holds 400 KB at most, whatever the text."""

LISTED = 100
Replaced = tuple[str, dict[str, Any] | None, dict[str, Any] | None]
"""A user, their mapping before the import (None: they had none), and after it (None: taken away)."""


class Imports:
    """The imports of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def begin(self, tenant: str, ident: str, what: dict[str, Any], replaced: Iterable[Replaced], now_ms: int) -> None:
        """Keep what an import is about to replace; `what` (counts, who, when) is for the list.

        The head comes last: an import that is listed can be rolled back whole.
        """
        ttl = now_ms // 1000 + KEPT_S
        parts = 0
        for parts, part in enumerate(_parts(replaced), start=1):
            self._table.put({**keys.import_part(tenant, ident, parts), "replaced": zlib.compress(part), "ttl": ttl})
        self._table.put({**keys.mapping_import(tenant, ident), **what, "parts": parts, "ttl": ttl})

    def mark(self, tenant: str, ident: str, name: str, value: int | str) -> None:
        """Note something of an import for the list."""
        self._table.update(
            keys.mapping_import(tenant, ident), "SET #name = :value", {":value": value}, names={"#name": name}
        )

    def newest(self, tenant: str) -> list[Item]:
        """The newest imports, newest first; `ident` names each."""
        prefix = keys.imports_prefix()
        found = self._table.query(keys.mapping_import(tenant, "")["pk"], prefix, newest_first=True, limit=LISTED)
        return [{**item, "ident": item["sk"].removeprefix(prefix)} for item in found]

    def replaced(self, tenant: str, ident: str) -> list[Replaced] | None:
        """What an import replaced, by user; None when it is unknown or no longer kept whole."""
        head = self._table.get(keys.mapping_import(tenant, ident))
        if head is None:
            return None
        parts = [self._table.get(keys.import_part(tenant, ident, part)) for part in range(1, head["parts"] + 1)]
        kept = [part for part in parts if part is not None]
        if len(kept) < len(parts):
            return None
        return [_replaced(each) for part in kept for each in json.loads(zlib.decompress(part["replaced"]))]


def _replaced(row: list[Any]) -> Replaced:
    user, before, after = row
    return user, before, after


def _parts(replaced: Iterable[Replaced]) -> Iterator[bytes]:
    """JSON arrays, each as long as an item may hold."""
    part: list[str] = []
    size = 2
    for each in replaced:
        row = json.dumps(each, separators=(",", ":"))
        if part and size + len(row) + 1 > PART_BYTES:
            yield f"[{','.join(part)}]".encode()
            part, size = [], 2
        part.append(row)
        size += len(row) + 1
    if part:
        yield f"[{','.join(part)}]".encode()
