"""Who looks at which boards, and what the edges must know of it: they make a board only while somebody looks.

A page says `watch` every 45 s; without it its watch ends by itself. What it may see hangs on its supervisor's team,
which is looked up when it begins and every few minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.site_view import site_status
from ringline_cloud.store.watches import Team, Watch
from ringline_core.errors import ForbiddenError, InvalidMessageError
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.page import Watch as WatchMessage

LEASE_MS = 90_000
ROSTER_MS = 300_000
"""How long a team's roster is taken for granted: it is read from all of the tenant's agents."""


@dataclass(frozen=True)
class Sight:
    """What a supervisor may see.

    Attributes:
        team: Theirs; None sees all.
        roster: The team's; None with no team.
        sites: Whose boards.
    """

    team: str | None
    roster: Team | None
    sites: tuple[str, ...]


def watch(deps: Deps, who: PageIdentity, socket: str, message: WatchMessage) -> str:
    """Begin, prolong or end a page's look at its boards; `watching` as text.

    Raises:
        ForbiddenError: Neither supervisor nor admin, or a supervisor without a team.
        InvalidMessageError: The page has not said hello.
    """
    if not {"supervisor", "admin"} & set(who.roles):
        raise ForbiddenError("this needs the role supervisor or admin")
    known = deps.sockets.get(socket)
    if known is None:
        raise InvalidMessageError("hello comes first")
    now_ms = deps.now_ms()
    watched: dict[str, Any] | None = known.get("watches")
    if not message.on:
        deps.sockets.watch(socket, (), now_ms)
        gone(deps, who.tenant, watched, socket)
        return _watching(deps, who.tenant, (), now_ms)
    until_ms = now_ms + LEASE_MS
    if watched and watched["sites"] and now_ms - int(watched["listed_ms"]) < ROSTER_MS:
        goes_on = [_prolonged(deps, who.tenant, site, socket, until_ms) for site in watched["sites"]]
        if all(goes_on):
            return _watching(deps, who.tenant, watched["sites"], until_ms)
    sight = _sight(deps, who)
    deps.sockets.watch(socket, sight.sites, now_ms)
    for site in sight.sites:
        _begin(deps, who.tenant, site, socket, sight, until_ms)
    return _watching(deps, who.tenant, sight.sites, until_ms)


def gone(deps: Deps, tenant: str, watched: dict[str, Any] | None, socket: str) -> None:
    """A page looks no more, or its socket is gone; `watched` is what its socket's item says of it."""
    for site in (watched or {}).get("sites", ()):
        ended(deps, tenant, site, (socket,))


def ended(deps: Deps, tenant: str, site: str, sockets: Iterable[str]) -> None:
    """These pages look no more; the edge is told when they were the last."""
    now_ms = deps.now_ms()
    left = deps.watches.end(tenant, site, sockets)
    if not left.live(now_ms):
        posts.to_edge(deps, tenant, site, _order(left, now_ms))


def led(deps: Deps, tenant: str, site: str, epoch: int, socket: str) -> None:
    """An edge leads on this socket: tell it if somebody looks."""
    now_ms = deps.now_ms()
    found = deps.watches.lead(tenant, site, epoch)
    if found.live(now_ms):
        deps.edges.post((socket,), _order(found, now_ms, whole=True))


def _prolonged(deps: Deps, tenant: str, site: str, socket: str, until_ms: int) -> bool:
    found = deps.watches.prolong(tenant, site, socket, until_ms)
    if found is not None:
        posts.to_edge(deps, tenant, site, _order(found, deps.now_ms()))
    return found is not None


def _begin(deps: Deps, tenant: str, site: str, socket: str, sight: Sight, until_ms: int) -> None:
    epoch = deps.leases.get(tenant, site).epoch
    found = deps.watches.begin(tenant, site, socket, sight.team, sight.roster, epoch, until_ms)
    posts.to_edge(deps, tenant, site, _order(found, deps.now_ms(), whole=True))


def _sight(deps: Deps, who: PageIdentity) -> Sight:
    """An admin sees all sites; a supervisor those where somebody of the team sits, by right or just now."""
    if "admin" in who.roles:
        return Sight(None, None, deps.sites.list(who.tenant))
    everybody = deps.agents.mapped(who.tenant)
    team = next((str(each["mapping"].get("team", "")) for each in everybody if each["who"] == who.agent), "")
    if not team:
        raise ForbiddenError("you are in no team")
    mates = [each for each in everybody if each["mapping"].get("team") == team]
    places = [place for each in mates for place in (each["mapping"], each.get("seat")) if place]
    queues = frozenset(queue for each in mates for queue in each["mapping"].get("queues", ()))
    roster = Team(frozenset(str(each["who"]) for each in mates), queues)
    return Sight(team, roster, tuple(sorted({str(place["site"]) for place in places})))


def _order(found: Watch, now_ms: int, *, whole: bool = False) -> str:
    """`watch` for an edge: until the last one's time is over."""
    return compact({"t": "watch", "until_at": ms_to_rfc3339(found.last_ms(now_ms)), "whole": whole})


def _watching(deps: Deps, tenant: str, sites: Iterable[str], until_ms: int) -> str:
    now_ms = deps.now_ms()
    shown = [site_status(deps.leases.get(tenant, each), each, deps.sites.get(tenant, each), now_ms) for each in sites]
    return compact({"t": "watching", "until_at": ms_to_rfc3339(until_ms if shown else now_ms), "sites": shown})
