"""Work items of the desks: the list on a station's item, changed only as it was read."""

from __future__ import annotations

from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.stations import DESK_LISTS, StationItem, view
from ringline_cloud.store.table import Item, Table

_LIST = DESK_LISTS["work"]


class WorkItems:
    """Work items of all stations."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def change(self, tenant: str, before: StationItem, after: list[Item]) -> tuple[bool, StationItem]:
        """Replace the list, if it still is what was read and its agent is still logged on.

        Args:
            tenant: The agent's tenant.
            before: The station as it was read.
            after: All items from now on, oldest first.

        Returns:
            Whether it was, and the station after the attempt.
        """
        read = before.desk.get("work", [])
        values: dict[str, Any] = {":after": after, ":before": read, ":one": 1, ":who": before.agent}
        same = f"{_LIST} = :before" if read else f"(attribute_not_exists({_LIST}) OR {_LIST} = :before)"
        written = self._table.update(
            keys.station(tenant, before.site, before.station),
            f"SET {_LIST} = :after ADD rev :one",
            values,
            condition=f"who = :who AND {same}",
        )
        return written.applied, view(before.site, before.station, written.item)
