"""Station items: the edge's document, the cloud's desk, and the sockets of the agent's pages, in one item.

One conditional write per document; its answer has all that the fan-out needs, so nothing is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table
from ringline_core.domain.pop import Held
from ringline_core.wire.edge import SEQ_LIMIT

DESK_LISTS = {
    "drafts": "drafts",
    "decided": "decided",
    "owed": "owed",
    "work": "work_items",
    "pop": "pop",
    "handover": "handover",
}
"""Lists of the desk by their wire names, and the attributes that hold them: `work` is a word of the table's own."""

_MAPS = ("pop", "handover")
"""Those that are maps, so that one entry is written without the others; a log-on begins them empty."""

_KEPT_WHEN_FREE = ("decided", "owed")
"""Tells what who left still owes; it stays until the next log-on."""

_FREED = ["who", "who_name", "since_at", "login", "queues", "sockets", "asked", "consult", *DESK_LISTS.values()]
_FREE = f"REMOVE {', '.join(name for name in _FREED if name not in _KEPT_WHEN_FREE)} ADD rev :one"


@dataclass(frozen=True)
class StationItem:
    """A station as the table has it.

    Attributes:
        site: Its site.
        station: Its number.
        rev: Grows with every change of document or desk.
        lane: `epoch * 2**40 + seq` of the document; -1 without one.
        doc: The document as compact JSON, or None.
        agent: Who is logged on, or None.
        sockets: Of the agent's pages.
        desk: The remaining desk attributes, by their wire names.
        login: PBX login of the agent.
        queues: Queues the agent works for.
        pops: Who may pop which call.
        decided: Interactions that were decided here; after a log-off, by who left.
        owed: Decisions that were let go, by interaction: `call`, `since_at`, `needs`.
        asked: Id of the command that claimed the desk last.
        handed: Hand-overs laid on this desk, as JSON, by their marks; see `store.handovers`.
        consult: The consultation that runs here and whose hand-over may have to be taken back: `consult` (its call),
            `interaction`, `mark`, `to`; None without one.
    """

    site: str
    station: str
    rev: int
    lane: int
    doc: str | None
    agent: str | None
    sockets: frozenset[str]
    desk: dict[str, Any]
    login: str | None
    queues: tuple[str, ...]
    pops: dict[str, Held] = field(default_factory=dict)
    decided: frozenset[str] = frozenset()
    owed: dict[str, Item] = field(default_factory=dict)
    asked: str | None = None
    handed: dict[str, str] = field(default_factory=dict)
    consult: Item | None = None

    @property
    def epoch(self) -> int:
        """Epoch of the document; -1 without one."""
        return self.lane // SEQ_LIMIT if self.lane >= 0 else -1


class Stations:
    """All stations of the table."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def get(self, tenant: str, site: str, station: str) -> StationItem | None:
        """The station, read consistently; None when there is no item."""
        found = self._table.get(keys.station(tenant, site, station))
        return view(site, station, found) if found else None

    def write_document(self, tenant: str, site: str, station: str, lane: int, doc: str) -> tuple[bool, StationItem]:
        """Store a document if it is newer than the stored one.

        Returns:
            Whether it was, and the station after the attempt (when it was not: as it stands).
        """
        written = self._table.update(
            keys.station(tenant, site, station),
            "SET lane = :lane, doc = :doc ADD rev :one",
            {":lane": lane, ":doc": _packed(doc), ":one": 1},
            condition="attribute_not_exists(lane) OR lane < :lane",
        )
        return written.applied, view(site, station, written.item)

    def enter(self, tenant: str, site: str, station: str) -> None:
        """Put the station into its site's directory."""
        self._table.put({**keys.site_entry(tenant, site, station), "station": station})

    def directory(self, tenant: str, site: str) -> tuple[str, ...]:
        """The site's stations."""
        found = self._table.query(keys.lease(tenant, site)["pk"], keys.directory_prefix())
        return tuple(str(item["station"]) for item in found)

    def of_site(self, tenant: str, site: str) -> list[StationItem]:
        """All stations of the site that have an item, in the directory's order."""
        names = self.directory(tenant, site)
        wanted = {keys.station(tenant, site, each)["pk"]: each for each in names}
        found = self._table.get_many([keys.station(tenant, site, each) for each in names])
        items = {wanted[item["pk"]]: item for item in found}
        return [view(site, each, items[each]) for each in names if each in items]

    def claim(
        self, tenant: str, site: str, station: str, desk: dict[str, Any], sockets: Iterable[str]
    ) -> tuple[bool, StationItem]:
        """Log an agent on at a desk that is free; what was there before is gone.

        Args:
            tenant: The agent's tenant.
            site: Site of the station.
            station: Which desk.
            desk: `who`, `who_name`, `since_at`, `login`, `queues`, `asked` (id of the command that claims), `owed`,
                and `decided`, which may be empty.
            sockets: Of the agent's pages; may be empty.
        """
        gone = ["consult", *(each for each in DESK_LISTS.values() if each not in (*_MAPS, *desk))]
        fresh: dict[str, Any] = {name: {} for name in _MAPS}
        condition = "attribute_not_exists(who) OR who = :who"
        return self._claim(tenant, site, station, {**desk, **fresh, "sockets": set(sockets)}, gone, condition)

    def claim_again(
        self, tenant: str, site: str, station: str, desk: dict[str, Any], sockets: Iterable[str]
    ) -> tuple[bool, StationItem]:
        """As `claim`, for who is logged on there already: their decisions, debts and work stay."""
        return self._claim(tenant, site, station, {**desk, "sockets": set(sockets)}, [], "who = :who")

    def _claim(
        self, tenant: str, site: str, station: str, desk: dict[str, Any], gone: list[str], condition: str
    ) -> tuple[bool, StationItem]:
        kept = {name: value for name, value in desk.items() if value != set()}  # the table knows no empty set
        gone = [*gone, *(name for name in desk if name not in kept)]
        sets = f"SET {', '.join(f'{name} = :{name}' for name in kept)}"
        removes = f" REMOVE {', '.join(gone)}" if gone else ""
        written = self._table.update(
            keys.station(tenant, site, station),
            f"{sets}{removes} ADD rev :one",
            {f":{name}": value for name, value in kept.items()} | {":one": 1},
            condition=condition,
        )
        return written.applied, view(site, station, written.item)

    def free(
        self, tenant: str, site: str, station: str, agent: str, asked: str | None = None
    ) -> tuple[bool, StationItem]:
        """Log `agent` off; with `asked` only while that command's claim stands."""
        values: dict[str, Any] = {":one": 1, ":who": agent}
        condition = "who = :who"
        if asked:
            values[":asked"] = asked
            condition += " AND asked = :asked"
        written = self._table.update(keys.station(tenant, site, station), _FREE, values, condition=condition)
        return written.applied, view(site, station, written.item)

    def add_socket(self, tenant: str, site: str, station: str, agent: str, socket: str) -> tuple[bool, StationItem]:
        """Add a page of the agent who is logged on."""
        written = self._table.update(
            keys.station(tenant, site, station),
            "ADD sockets :sockets, rev :one",
            {":sockets": {socket}, ":one": 1, ":who": agent, ":socket": socket},
            condition="who = :who AND NOT contains(sockets, :socket)",
        )
        return written.applied, view(site, station, written.item)

    def drop_sockets(self, tenant: str, site: str, station: str, socket: str) -> tuple[bool, StationItem]:
        """Remove one socket, if it is there."""
        written = self._table.update(
            keys.station(tenant, site, station),
            "DELETE sockets :sockets ADD rev :one",
            {":sockets": {socket}, ":one": 1, ":socket": socket},
            condition="contains(sockets, :socket)",
        )
        return written.applied, view(site, station, written.item)

    def touch(self, tenant: str, site: str, station: str) -> tuple[bool, StationItem]:
        """Count a change that is not in the item itself, if somebody is logged on."""
        written = self._table.update(
            keys.station(tenant, site, station), "ADD rev :one", {":one": 1}, condition="attribute_exists(who)"
        )
        return written.applied, view(site, station, written.item)

    def change_drafts(
        self, tenant: str, before: StationItem, begun: str | None, over: set[str]
    ) -> tuple[bool, StationItem]:
        """Add an interaction to the drafts of who is logged on, and take others out.

        Members of a set are changed, and no list is replaced, so that of two pages at once both have their way; one
        write cannot do both to the same set.

        Args:
            tenant: The agent's tenant.
            before: The station as it was read; its agent must still be logged on.
            begun: Whose draft has begun, or None.
            over: Whose drafts are no more; without `begun`.
        """
        done, item = True, before
        for change, drafts in (("DELETE drafts :drafts ADD rev :one", over), ("ADD drafts :drafts, rev :one", {begun})):
            if drafts and None not in drafts:
                written = self._table.update(
                    keys.station(tenant, before.site, before.station),
                    change,
                    {":drafts": drafts, ":one": 1, ":who": before.agent},
                    condition="who = :who",
                )
                done, item = written.applied, view(before.site, before.station, written.item)
        return done, item

    def write_pop(
        self, tenant: str, before: StationItem, call: str, held: Held, over: Iterable[str]
    ) -> tuple[bool, StationItem]:
        """Store who may pop a call, unless that changed since `before` was read.

        Args:
            tenant: The agent's tenant.
            before: The station as it was read; its agent must still be logged on.
            call: Which call.
            held: The grant from now on.
            over: Calls whose grants nobody needs any more.
        """
        names = {"#call": call} | {f"#over{index}": each for index, each in enumerate(sorted(over))}
        values: dict[str, Any] = {":held": asdict(held), ":one": 1, ":who": before.agent}
        condition = "who = :who AND attribute_exists(pop) AND attribute_not_exists(pop.#call)"
        if (was := before.pops.get(call)) is not None:
            names |= {"#grant": "grant", "#granted_ms": "granted_ms", "#done": "done"}
            values |= {":grant": was.grant, ":granted_ms": was.granted_ms, ":done": was.done}
            same = (f"pop.#call.#{name} = :{name}" for name in ("grant", "granted_ms", "done"))
            condition = f"who = :who AND {' AND '.join(same)}"
        gone = [f"pop.{name}" for name in names if name.startswith("#over")]
        removed = f" REMOVE {', '.join(gone)}" if gone else ""
        written = self._table.update(
            keys.station(tenant, before.site, before.station),
            f"SET pop.#call = :held{removed} ADD rev :one",
            values,
            condition=condition,
            names=names,
        )
        return written.applied, view(before.site, before.station, written.item)


def _packed(doc: str) -> bytes:
    """A write costs its item's size in KB, and documents repeat their own words; ADR 10 has the figures."""
    return zlib.compress(doc.encode(), level=6)


def _unpacked(stored: bytes | None) -> str | None:
    return None if stored is None else zlib.decompress(stored, bufsize=8192).decode()


def view(site: str, station: str, item: Item) -> StationItem:
    """A station by its item, as a write's answer has it."""
    agent = item.get("who")
    pops = {call: Held(**each) for call, each in sorted(dict(item.get("pop", {})).items())}
    owed = dict(item.get("owed") or {})
    desk: dict[str, Any] = {}
    if agent:
        desk = {"agent": agent, "name": item.get("who_name", ""), "since_at": item["since_at"]}
        desk |= {"pages": len(item.get("sockets", ()))}
        desk |= {name: item.get(attribute, []) for name, attribute in DESK_LISTS.items()}
        desk |= {"drafts": sorted(desk["drafts"]), "decided": sorted(desk["decided"])}
        desk["owed"] = owed_list(owed)
        desk["handover"] = []  # which of `handed` still counts, the clock tells
        desk["pop"] = [
            {"call": call, "grant": each.grant, "page": each.page, "done": each.done} for call, each in pops.items()
        ]
    return StationItem(
        site=site,
        station=station,
        rev=int(item.get("rev", 0)),
        lane=int(item.get("lane", -1)),
        doc=_unpacked(item.get("doc")),
        agent=agent,
        sockets=frozenset(item.get("sockets", ())),
        desk=desk,
        login=item.get("login"),
        queues=tuple(item.get("queues", ())),
        pops=pops,
        decided=frozenset(item.get("decided", ())),
        owed=owed,
        asked=item.get("asked"),
        handed=dict(item.get("handover") or {}),
        consult=item.get("consult"),
    )


def owed_list(owed: dict[str, Item]) -> list[Item]:
    """Owed decisions as the contract shows them, oldest first."""
    shown = [{"interaction": interaction, **each} for interaction, each in owed.items()]
    return sorted(shown, key=lambda each: (each["since_at"], each["interaction"]))
