"""Which edge leads a site: hello, beat and release (contract, section 6)."""

from __future__ import annotations

from typing import Any

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import desk_view, linkage, posts, watching
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.leases import Lease
from ringline_cloud.store.stations import StationItem
from ringline_core.errors import ForbiddenError, UnsupportedVersionError
from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import MAX_FRAME_BYTES, PROTOCOL_VERSION
from ringline_core.wire.edge import Ack, EdgeBeat, EdgeHello, Release

WINDOW = 4
SOCKET_KEPT_S = 3 * 3600


def hello(deps: Deps, who: EdgeIdentity, socket: str, message: EdgeHello) -> tuple[str, int]:
    """Give the edge its role and the site's desks; the welcome as text, and the site's epoch.

    Raises:
        UnsupportedVersionError: Another version of the contract.
        ForbiddenError: The hello names another edge than the assertion did.
    """
    if message.v != PROTOCOL_VERSION:
        raise UnsupportedVersionError(f"version {message.v} is not served, {PROTOCOL_VERSION} is")
    if message.edge != who.edge:
        raise ForbiddenError("the hello names another edge than the assertion")
    now_ms = deps.now_ms()
    what: dict[str, Any] = {
        "kind": "edge",
        "tenant": who.tenant,
        "site": who.site,
        "edge": who.edge,
        "session": message.session,
    }
    what["opened_ms"] = now_ms
    deps.sockets.open(socket, what, now_ms // 1000 + SOCKET_KEPT_S)
    leads, lease = _lead(deps, who, socket, message.session, now_ms)
    if leads:
        deps.leases.describe(who.tenant, who.site, tuple(verb.value for verb in message.capabilities))
        _send_desks(deps, who, socket)
        watching.led(deps, who.tenant, who.site, lease.epoch, socket)
    limits = {
        "beat_s": deps.settings.beat_s,
        "lease_s": deps.settings.lease_s,
        "frame_bytes": MAX_FRAME_BYTES,
        "window": WINDOW,
    }
    role = {"role": "active" if leads else "standby", "epoch": lease.epoch, "now_at": ms_to_rfc3339(now_ms)}
    known = {"limits": limits, "linkage_secret": linkage.secret(deps.settings.pepper, who.tenant)}
    return compact({"t": "welcome", "frame": message.frame, **role, **known}), lease.epoch


def beat(deps: Deps, who: EdgeIdentity, socket: str, message: EdgeBeat) -> tuple[str, int]:
    """Prolong the lead of who has it; hand it to a standby when it is over."""
    now_ms = deps.now_ms()
    until = now_ms + _lease_ms(deps)
    leads, lease = deps.leases.renew(who.tenant, who.site, who.edge, message.epoch, socket, until, message.pbx)
    if not leads and (lease.holder in (None, who.edge) or lease.until_ms < now_ms):
        leads, lease = _follow(deps, who, socket, lease, now_ms)
        if leads:
            _send_desks(deps, who, socket)
            watching.led(deps, who.tenant, who.site, lease.epoch, socket)
    elif leads:
        _send_behind(deps, who, socket, message)
    role: dict[str, Any] = {"role": "active" if leads else "standby", "epoch": lease.epoch}
    if not leads:
        role["free_in_ms"] = max(0, lease.until_ms - now_ms) + 1
    return compact({"t": "beat", "frame": message.frame, "now_at": ms_to_rfc3339(now_ms), **role}), lease.epoch


def release(deps: Deps, who: EdgeIdentity, message: Release) -> str:
    """The edge gives its lead up."""
    deps.leases.release(who.tenant, who.site, who.edge, message.epoch)
    return codec.encode(Ack(frame=message.frame, epoch=message.epoch))


def _lead(deps: Deps, who: EdgeIdentity, socket: str, session: str, now_ms: int) -> tuple[bool, Lease]:
    until = now_ms + _lease_ms(deps)
    kept, lease = deps.leases.keep(who.tenant, who.site, who.edge, session, socket, until)
    if kept:
        return True, lease
    return deps.leases.take(who.tenant, who.site, who.edge, session, socket, now_ms, until)


def _follow(deps: Deps, who: EdgeIdentity, socket: str, lease: Lease, now_ms: int) -> tuple[bool, Lease]:
    """Take a lead that nobody has; or one that is this session's own, whose taking it was not told of."""
    session = str((deps.sockets.get(socket) or {}).get("session", ""))
    if lease.holder == who.edge and lease.until_ms >= now_ms:
        return deps.leases.keep(who.tenant, who.site, who.edge, session, socket, now_ms + _lease_ms(deps))
    return _lead(deps, who, socket, session, now_ms)


def _lease_ms(deps: Deps) -> int:
    return int(deps.settings.lease_s * 1000)


def _send_behind(deps: Deps, who: EdgeIdentity, socket: str, message: EdgeBeat) -> None:
    """Desks that changed and of which the edge has not heard, among those that it holds something for."""
    found = [(held, deps.stations.get(who.tenant, who.site, held.station)) for held in message.held]
    behind = [posts.desk_for_edge(deps, who.tenant, item) for held, item in found if item and item.rev > held.rev]
    if behind:
        deps.edges.post((socket,), posts.desks_frame(behind))


def _send_desks(deps: Deps, who: EdgeIdentity, socket: str) -> None:
    found = deps.stations.of_site(who.tenant, who.site)
    policy = deps.sites.policy(who.tenant)
    chunks = posts.in_frames([_whole_desk(deps, who.tenant, item, policy) for item in found])
    for part, chunk in enumerate(chunks, 1):
        deps.edges.post((socket,), posts.desks_frame(chunk, part, len(chunks)))


def _whole_desk(deps: Deps, tenant: str, item: StationItem, policy: dict[str, Any]) -> dict[str, Any]:
    """A desk, and which hold of ours is shown, for an edge that did not make it itself."""
    return {**posts.desk_for_edge(deps, tenant, item, policy), "held": desk_view.shown_hold(item)}
