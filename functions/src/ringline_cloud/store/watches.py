"""Who looks at a site's board: one item per site, read with every `board` frame and gone when nobody looks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ringline_cloud.store import keys
from ringline_cloud.store.table import Item, Table

KEPT_S = 3600
_WATCHER, _TEAM = "W#", "T#"


@dataclass(frozen=True)
class Team:
    """Whom the supervisors of a team may see: its agents, and the queues that they serve."""

    agents: frozenset[str]
    queues: frozenset[str]


@dataclass(frozen=True)
class Watch:
    """The watchers of a site.

    Attributes:
        epoch: Of the edge that leads, as far as it is known here.
        begun: How often a page began to look.
        teams: Rosters by team.
        watchers: Team of each socket that looks; None sees all.
        until_ms: When each of them must have said so again.
    """

    epoch: int = 0
    begun: int = 0
    teams: dict[str, Team] = field(default_factory=dict)
    watchers: dict[str, str | None] = field(default_factory=dict)
    until_ms: dict[str, int] = field(default_factory=dict)

    def live(self, now_ms: int) -> dict[str, str | None]:
        """Watchers whose time is not over, with their teams."""
        return {socket: team for socket, team in self.watchers.items() if self.until_ms[socket] > now_ms}

    def last_ms(self, now_ms: int) -> int:
        """Until when somebody looks; `now_ms` when nobody does."""
        return max((self.until_ms[socket] for socket in self.live(now_ms)), default=now_ms)


class Watches:
    """The watches of all sites."""

    def __init__(self, table: Table) -> None:
        """`table` is the one table."""
        self._table = table

    def get(self, tenant: str, site: str) -> Watch:
        """Who looks; nobody where there is no item."""
        return _view(self._table.get(keys.watch(tenant, site)) or {})

    def begin(
        self, tenant: str, site: str, socket: str, team: str | None, roster: Team | None, epoch: int, until_ms: int
    ) -> Watch:
        """A page looks from now on; the watch after it.

        Args:
            tenant: The page's tenant.
            site: Which board.
            socket: The page's.
            team: Of the page's supervisor; None sees all.
            roster: The team's; None with no team.
            epoch: Of the edge that leads.
            until_ms: When it must say so again.
        """
        names = {"#watcher": _WATCHER + socket, "#ttl": "ttl"}
        values: dict[str, Any] = {":watcher": {"team": team or "", "sees_all": team is None, "until_ms": until_ms}}
        values |= {":epoch": epoch, ":ttl": until_ms // 1000 + KEPT_S, ":one": 1}
        more = ""
        if team is not None and roster is not None:
            names["#team"] = _TEAM + team
            values[":team"] = {"agents": sorted(roster.agents), "queues": sorted(roster.queues)}
            more = ", #team = :team"
        expression = f"SET #watcher = :watcher, epoch = :epoch, #ttl = :ttl{more} ADD begun :one"
        return _view(self._table.update(keys.watch(tenant, site), expression, values, names=names).item)

    def prolong(self, tenant: str, site: str, socket: str, until_ms: int) -> Watch | None:
        """A page goes on looking; None when it is not known to look."""
        written = self._table.update(
            keys.watch(tenant, site),
            "SET #watcher.until_ms = :until, #ttl = :ttl",
            {":until": until_ms, ":ttl": until_ms // 1000 + KEPT_S},
            condition="attribute_exists(#watcher)",
            names={"#watcher": _WATCHER + socket, "#ttl": "ttl"},
        )
        return _view(written.item) if written.applied else None

    def end(self, tenant: str, site: str, sockets: Iterable[str]) -> Watch:
        """These pages look no more; the watch after it, without teams that nobody looks at."""
        left = self._remove(tenant, site, [_WATCHER + socket for socket in sorted(sockets)], "attribute_exists(pk)", {})
        unseen = [_TEAM + team for team in sorted(set(left.teams) - set(left.watchers.values()))]
        # A page of such a team may have begun meanwhile: its team stays.
        return self._remove(tenant, site, unseen, "begun = :begun", {":begun": left.begun})

    def lead(self, tenant: str, site: str, epoch: int) -> Watch:
        """Another edge leads, or the same one on another socket; who looks at its board."""
        written = self._table.update(
            keys.watch(tenant, site), "SET epoch = :epoch", {":epoch": epoch}, condition="attribute_exists(pk)"
        )
        return _view(written.item)

    def _remove(self, tenant: str, site: str, attributes: list[str], condition: str, values: dict[str, int]) -> Watch:
        if not attributes:
            return self.get(tenant, site)
        names = {f"#gone{index}": name for index, name in enumerate(attributes)}
        written = self._table.update(
            keys.watch(tenant, site), f"REMOVE {', '.join(names)}", values, condition=condition, names=names
        )
        return _view(written.item)


def _view(item: Item) -> Watch:
    watchers = {name.removeprefix(_WATCHER): each for name, each in item.items() if name.startswith(_WATCHER)}
    teams = {name.removeprefix(_TEAM): each for name, each in item.items() if name.startswith(_TEAM)}
    return Watch(
        epoch=int(item.get("epoch", 0)),
        begun=int(item.get("begun", 0)),
        teams={name: Team(frozenset(each["agents"]), frozenset(each["queues"])) for name, each in teams.items()},
        watchers={socket: None if each["sees_all"] else str(each["team"]) for socket, each in watchers.items()},
        until_ms={socket: int(each["until_ms"]) for socket, each in watchers.items()},
    )
