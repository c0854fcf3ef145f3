"""Which edge leads a site: the lease and its epoch (contract, section 6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table


@dataclass(frozen=True)
class Lease:
    """The lease as the table has it; `edges` are all enrolled edges of the site, `capabilities` the leader's verbs."""

    holder: str | None
    epoch: int
    until_ms: int
    socket: str | None
    pbx: str
    edges: frozenset[str]
    capabilities: tuple[str, ...] = field(default=())


class Leases:
    """The leases of all sites."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def get(self, tenant: str, site: str) -> Lease:
        """The lease; one without a holder when nobody has led yet."""
        return _view(self._table.get(keys.lease(tenant, site)) or {})

    def keep(self, tenant: str, site: str, edge: str, run: str, socket: str, until_ms: int) -> tuple[bool, Lease]:
        """Same edge, same process: same epoch, on a new socket."""
        written = self._table.update(
            keys.lease(tenant, site),
            "SET valid_until = :until, socket = :socket",
            {":until": until_ms, ":socket": socket, ":edge": edge, ":run": run},
            condition="holder = :edge AND run = :run",
        )
        return written.applied, _view(written.item)

    def take(
        self, tenant: str, site: str, edge: str, run: str, socket: str, now_ms: int, until_ms: int
    ) -> tuple[bool, Lease]:
        """A new epoch for `edge`, if it holds the lease already, or nobody does, or the lease is over."""
        written = self._table.update(
            keys.lease(tenant, site),
            "SET holder = :edge, run = :run, socket = :socket, valid_until = :until ADD epoch :one",
            {":edge": edge, ":run": run, ":socket": socket, ":until": until_ms, ":now": now_ms, ":one": 1},
            condition="attribute_not_exists(holder) OR holder = :edge OR valid_until < :now",
        )
        return written.applied, _view(written.item)

    def renew(
        self, tenant: str, site: str, edge: str, epoch: int, socket: str, until_ms: int, pbx: str
    ) -> tuple[bool, Lease]:
        """A beat of the leader."""
        written = self._table.update(
            keys.lease(tenant, site),
            "SET valid_until = :until, socket = :socket, pbx = :pbx",
            {":until": until_ms, ":socket": socket, ":pbx": pbx, ":edge": edge, ":epoch": epoch},
            condition="holder = :edge AND epoch = :epoch",
        )
        return written.applied, _view(written.item)

    def release(self, tenant: str, site: str, edge: str, epoch: int) -> tuple[bool, Lease]:
        """The leader gives up; the epoch stays, so that the next one is higher."""
        written = self._table.update(
            keys.lease(tenant, site),
            "REMOVE holder, run, socket",
            {":edge": edge, ":epoch": epoch},
            condition="holder = :edge AND epoch = :epoch",
        )
        return written.applied, _view(written.item)

    def forget_socket(self, tenant: str, site: str, socket: str) -> None:
        """The leader's socket is gone, unless a newer one has taken its place."""
        self._table.update(keys.lease(tenant, site), "REMOVE socket", {":socket": socket}, condition="socket = :socket")

    def describe(self, tenant: str, site: str, capabilities: tuple[str, ...]) -> None:
        """Keep what the leader's PBX can do."""
        self._table.update(keys.lease(tenant, site), "SET verbs = :verbs", {":verbs": list(capabilities)})

    def enrol(self, tenant: str, site: str, edge: str) -> None:
        """Count `edge` among the site's edges."""
        self._table.update(keys.lease(tenant, site), "ADD edges :edges", {":edges": {edge}})


def _view(item: Item) -> Lease:
    return Lease(
        holder=item.get("holder"),
        epoch=int(item.get("epoch", 0)),
        until_ms=int(item.get("valid_until", 0)),
        socket=item.get("socket"),
        pbx=str(item.get("pbx", "down")),
        edges=frozenset(item.get("edges", ())),
        capabilities=tuple(item.get("verbs", ())),
    )
