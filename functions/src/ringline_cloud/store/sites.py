"""Sites and the tenant's policy."""

from __future__ import annotations

import json
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table


class Sites:
    """Sites of all tenants."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def get(self, tenant: str, site: str) -> Item | None:
        """The site's configuration (`name`, `tz`), or None."""
        found = self._table.get(keys.site(tenant, site))
        return dict(found["config"]) if found else None

    def put(self, tenant: str, site: str, config: dict[str, Any]) -> None:
        """Store the site's configuration, and list it."""
        self._table.put({**keys.site(tenant, site), "config": config})
        self._table.put({**keys.listed_site(tenant, site), "tenant": tenant, "site": site})

    def list(self, tenant: str) -> tuple[str, ...]:
        """Ids of the tenant's sites."""
        listed = keys.listed_site(tenant, "")
        return tuple(str(item["site"]) for item in self._table.query(listed["pk"], listed["sk"]))

    def everywhere(self) -> tuple[tuple[str, str], ...]:
        """Tenant and id of every site."""
        listed = self._table.query(keys.listed_site("", "")["pk"])
        return tuple((str(item["tenant"]), str(item["site"])) for item in listed)

    def policy(self, tenant: str) -> dict[str, Any]:
        """The tenant's policy object; empty when none was stored."""
        found = self._table.get(keys.policy(tenant))
        return dict(json.loads(found["policy"])) if found else {}

    def put_policy(self, tenant: str, policy: dict[str, Any]) -> None:
        """Store the tenant's policy object."""
        self._table.put({**keys.policy(tenant), "policy": json.dumps(policy)})
