"""Hand-overs: below their interaction, the newest one at its head, and on the desk of the station they are for.

A hand-over is known by its mark: the time it was made, then the id of its command. Marks sort by time, so a hand-over
that comes late never covers a newer one, and each is taken back by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ringline_cloud.store import keys
from ringline_cloud.store.interactions import ERASED, is_erased
from ringline_cloud.store.stations import DESK_LISTS, StationItem, view
from ringline_cloud.store.table import Item, Table

_LAID = DESK_LISTS["handover"]


@dataclass(frozen=True)
class Made:
    """A hand-over to be kept.

    Attributes:
        text: As JSON.
        site: Whose station `to` would be.
        to: Whom it is for; a station, maybe.
        ttl: Until when it is kept.
    """

    text: str
    site: str
    to: str
    ttl: int


class Handovers:
    """Hand-overs of all interactions and desks."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def bind(self, tenant: str, interaction: str, mark: str, made: Made) -> bool:
        """Bind a hand-over to the interaction, at whose head it stands unless a newer one does; False if erased."""
        head = self._table.update(
            keys.interaction(tenant, interaction),
            "SET handover_json = :handover, handover_mark = :mark, #ttl = :ttl",
            {":handover": made.text, ":mark": mark, ":ttl": made.ttl},
            condition=f"attribute_exists(pk) AND attribute_not_exists({ERASED})"
            " AND (attribute_not_exists(handover_mark) OR handover_mark < :mark)",
            names={"#ttl": "ttl"},
        ).item
        if is_erased(head):
            return False
        what = {"handover_json": made.text, "laid_at": [made.site, made.to], "ttl": made.ttl}
        self._table.put({**keys.handover(tenant, interaction, mark), **what})
        return True

    def take_back(self, tenant: str, interaction: str, mark: str) -> None:
        """Forget one hand-over; where it stood at the head, the one before it stands there again."""
        self._table.delete(keys.handover(tenant, interaction, mark))
        partition = keys.interaction(tenant, interaction)["pk"]
        before = self._table.query(partition, keys.handover_prefix(), newest_first=True, limit=1)
        change, values = "REMOVE handover_json, handover_mark", {":mark": mark}
        if before:
            change = "SET handover_json = :handover, handover_mark = :before"
            values[":handover"] = before[0]["handover_json"]
            values[":before"] = before[0]["sk"].removeprefix(keys.handover_prefix())
        self._table.update(keys.interaction(tenant, interaction), change, values, condition="handover_mark = :mark")

    def lay(self, tenant: str, site: str, station: str, mark: str, handover: str) -> tuple[bool, StationItem]:
        """Lay a hand-over (JSON) on the station's desk, if somebody is logged on there."""
        written = self._table.update(
            keys.station(tenant, site, station),
            f"SET {_LAID}.#mark = :handover ADD rev :one",
            {":handover": handover, ":one": 1},
            condition=f"attribute_exists(who) AND attribute_exists({_LAID})",
            names={"#mark": mark},
        )
        return written.applied, view(site, station, written.item)

    def lift(self, tenant: str, site: str, station: str, mark: str) -> tuple[bool, StationItem]:
        """Take a hand-over off the station's desk, if it is there."""
        written = self._table.update(
            keys.station(tenant, site, station),
            f"REMOVE {_LAID}.#mark ADD rev :one",
            {":one": 1},
            condition=f"attribute_exists({_LAID}.#mark)",
            names={"#mark": mark},
        )
        return written.applied, view(site, station, written.item)

    def prune(self, tenant: str, before: StationItem, marks: Iterable[str]) -> None:
        """Forget hand-overs on a desk that nobody is shown any more; so nobody is told."""
        names = {f"#mark{index}": mark for index, mark in enumerate(sorted(marks))}
        gone = ", ".join(f"{_LAID}.{name}" for name in names)
        key = keys.station(tenant, before.site, before.station)
        values = {":since": before.desk["since_at"]}
        self._table.update(key, f"REMOVE {gone}", values, condition="since_at = :since", names=names)

    def watch(self, tenant: str, before: StationItem, consult: Item) -> StationItem:
        """Keep at the asking station which consultation runs, until it is over; the station then."""
        written = self._table.update(
            keys.station(tenant, before.site, before.station),
            "SET consult = :consult",
            {":consult": consult, ":who": before.agent},
            condition="who = :who",
        )
        return view(before.site, before.station, written.item)

    def unwatch(self, tenant: str, before: StationItem) -> bool:
        """The consultation is over; False when somebody else has seen that already."""
        written = self._table.update(
            keys.station(tenant, before.site, before.station),
            "REMOVE consult",
            {":consult": before.consult},
            condition="consult = :consult",
        )
        return written.applied
