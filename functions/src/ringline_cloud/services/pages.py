"""Pages: hello with the whole truth, beats that tell a page it is behind, and their end."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import decisions, desk_view, desks, frames, pop, posts, watching, work, wrap_up
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.site_view import site_status
from ringline_cloud.store.stations import StationItem
from ringline_core.domain.pop import ranked
from ringline_core.errors import UnsupportedVersionError
from ringline_core.wire.base import MAX_NOTE_BYTES, ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import MAX_FRAME_BYTES, PROTOCOL_VERSION, Verb
from ringline_core.wire.command import PageCommand
from ringline_core.wire.document import MAX_DATA_BYTES
from ringline_core.wire.page import PageBeat, PageHello, PagesRequest, PageState

SOCKET_KEPT_S = 3 * 3600
PAGE_KEPT_S = 24 * 3600
EAGER_MS = 3_000
"""How long after its hello a page is still logged on when its predecessor's end becomes known."""


def hello(deps: Deps, who: PageIdentity, socket: str, message: PageHello) -> str:
    """Register the page, log the phone on where that is wished, and answer the whole truth.

    A page that only looks is none of its agent's pages: it logs no phone on, and keeps nobody present.

    Raises:
        UnsupportedVersionError: Another version of the contract.
    """
    if message.v != PROTOCOL_VERSION:
        raise UnsupportedVersionError(f"version {message.v} is not served, {PROTOCOL_VERSION} is")
    now_ms = deps.now_ms()
    what: dict[str, Any] = {
        "kind": "page",
        "tenant": who.tenant,
        "agent": who.agent,
        "name": who.name,
        "page": message.page,
    }
    what |= {"opened_ms": now_ms, "roles": list(who.roles), "label": message.label}
    what["rank"] = message.model_dump(mode="json", include={"visible", "focused", "can_pop"})
    deps.sockets.open(socket, what, now_ms // 1000 + SOCKET_KEPT_S)
    if message.only_looks:
        return _welcome(deps, who, deps.agents.get(who.tenant, who.agent), None)
    agent = deps.agents.add_socket(who.tenant, who.agent, socket)
    first = deps.agents.first_hello(who.tenant, who.agent, message.page, now_ms, PAGE_KEPT_S)
    item = _join_desk(deps, who, agent, socket)
    if item is None and first and _may_log_on(deps, who, agent):
        if _others(deps, who, agent, socket):
            deps.sockets.mark_eager(socket)
        else:
            item = _auto_log_on(deps, who, socket)
    if item is not None:
        pop.joined(deps, item, socket)
    return _welcome(deps, who, agent, item)


def state(deps: Deps, socket: str, message: PageState) -> None:
    """Keep what ranks a page."""
    deps.sockets.update(socket, message.model_dump(mode="json", exclude={"t"}))


def listed(deps: Deps, who: PageIdentity, message: PagesRequest) -> str:
    """`pages`: what this agent has open. A page that changes over from socket to socket is listed once."""
    sockets = deps.agents.get(who.tenant, who.agent).get("sockets", ())
    found = [known for socket in sockets if (known := deps.sockets.get(socket))]
    newest = {known["page"]: known for known in sorted(found, key=lambda each: int(each.get("opened_ms", 0)))}
    order = ranked(pop.candidate(known) for known in found)
    shown = [_shown(deps, who, newest[page]) for page in order]
    return compact({"t": "pages", "id": message.id, "pages": shown})


def _shown(deps: Deps, who: PageIdentity, known: dict[str, Any]) -> dict[str, Any]:
    page = pop.candidate(known)
    since_ms = deps.agents.first_heard_ms(who.tenant, who.agent, page.page) or page.opened_ms
    seen = {"focused": page.focused, "visible": page.visible, "can_pop": page.can_pop}
    return {"page": page.page, "label": known.get("label", ""), **seen, "since_at": ms_to_rfc3339(since_ms)}


def beat(deps: Deps, who: PageIdentity, message: PageBeat) -> tuple[str, str | None]:
    """The answer to a beat, and the `station` frame when the page is behind."""
    item = _desk_of(deps, who)
    item = work.swept(deps, who.tenant, item) if item else None
    if item and (over := item.handed.keys() - set(desk_view.handed(item, deps.now_ms()))):
        deps.handovers.prune(who.tenant, item, over)
    site = item.site if item else _home_site(deps, who)
    status = _site_status(deps, who.tenant, site) if site else None
    rev = item.rev if item else None
    now_ms = deps.now_ms()
    answer = compact({"t": "beat", "now_at": ms_to_rfc3339(now_ms), "rev": rev, "site": status})
    if item is None:
        return answer, frames.logged_off(now_ms) if message.station else None
    behind = message.station != item.station or message.rev != item.rev
    return answer, frames.station(item, now_ms) if behind else None


def gone(deps: Deps, socket: str) -> None:
    """A socket ended; its successor may be there already, so only this one is forgotten."""
    known = deps.sockets.close(socket)
    if known is None:
        return
    if known["kind"] == "edge":
        deps.leases.forget_socket(known["tenant"], known["site"], socket)
        return
    watching.gone(deps, known["tenant"], known.get("watches"), socket)
    agent = deps.agents.drop_socket(known["tenant"], known["agent"], socket)
    seat = agent.get("seat")
    if seat:
        done, item = deps.stations.drop_sockets(known["tenant"], seat["site"], seat["station"], socket)
        if done:
            posts.desk_changed(deps, known["tenant"], item)
    else:
        _log_on_the_last(deps, sorted(agent.get("sockets", ())))


def _log_on_the_last(deps: Deps, sockets: list[str]) -> None:
    """The end of a page may be told after its successor's hello: the successor was alone all the same."""
    known = deps.sockets.get(sockets[0]) if len(sockets) == 1 else None
    if known is not None and known.get("eager") and deps.now_ms() - int(known["opened_ms"]) < EAGER_MS:
        who = PageIdentity(known["tenant"], known["agent"], known["name"], (), 0)
        _auto_log_on(deps, who, sockets[0])


def _join_desk(deps: Deps, who: PageIdentity, agent: dict[str, Any], socket: str) -> StationItem | None:
    seat = agent.get("seat")
    if seat is None:
        return None
    done, item = deps.stations.add_socket(who.tenant, seat["site"], seat["station"], who.agent, socket)
    if done:
        posts.desk_changed(deps, who.tenant, item, but=socket)
    return item if item.agent == who.agent else None


def _may_log_on(deps: Deps, who: PageIdentity, agent: dict[str, Any]) -> bool:
    return "mapping" in agent and deps.sites.policy(who.tenant).get("auto_log_on", True) is not False


def _others(deps: Deps, who: PageIdentity, agent: dict[str, Any], socket: str) -> frozenset[str]:
    """The agent's other pages that are still there; a `$disconnect` may never come, so each is tried with a beat."""
    listed = frozenset(agent.get("sockets", ())) - {socket}
    beat_frame = compact({"t": "beat", "now_at": ms_to_rfc3339(deps.now_ms()), "rev": None, "site": None})
    gone_sockets = frozenset(deps.pages.post(sorted(listed), beat_frame))
    for each in gone_sockets:
        deps.agents.drop_socket(who.tenant, who.agent, each)
    return listed - gone_sockets


def _auto_log_on(deps: Deps, who: PageIdentity, socket: str) -> StationItem | None:
    """Log on as if the page had asked; a failure is told once, as a notice, and not tried again."""
    ident = f"{desks.AUTO}{hashlib.blake2b(socket.encode(), digest_size=12).hexdigest()}"
    answer = desks.log_on(deps, who, socket, PageCommand(id=ident, verb=Verb.LOG_ON))
    if answer is not None:
        posts.to_sockets(deps, (socket,), _as_notice(answer))
    return _desk_of(deps, who)


def _as_notice(answer: str) -> str:
    error = json.loads(answer).get("error") or {"code": "internal", "text": "Log-on failed."}
    return frames.notice("error", error["code"], error["text"])


def _desk_of(deps: Deps, who: PageIdentity) -> StationItem | None:
    seat = deps.agents.get(who.tenant, who.agent).get("seat")
    item = seat and deps.stations.get(who.tenant, seat["site"], seat["station"])
    return item if item and item.agent == who.agent else None


def _home_site(deps: Deps, who: PageIdentity) -> str | None:
    mapping = deps.agents.get(who.tenant, who.agent).get("mapping")
    return str(mapping["site"]) if mapping else None


def _site_status(deps: Deps, tenant: str, site: str) -> dict[str, Any]:
    return site_status(deps.leases.get(tenant, site), site, deps.sites.get(tenant, site), deps.now_ms())


def _welcome(deps: Deps, who: PageIdentity, agent: dict[str, Any], item: StationItem | None) -> str:
    now_ms = deps.now_ms()
    site = item.site if item else (agent.get("mapping") or {}).get("site")
    lease = deps.leases.get(who.tenant, site) if site else None
    frame = {
        "t": "welcome",
        "v": PROTOCOL_VERSION,
        "now_at": ms_to_rfc3339(now_ms),
        "expires_at": ms_to_rfc3339(who.expires_at_ms),
        "agent": who.agent,
        "name": who.name,
        "roles": list(who.roles),
        "station": item.station if item else None,
        "rev": item.rev if item else None,
        "desk": desk_view.shown(item, now_ms) if item else None,
        "capabilities": list(lease.capabilities) if lease else [],
        "site": site_status(lease, site, deps.sites.get(who.tenant, site), now_ms) if lease and site else None,
        "limits": {"frame_bytes": MAX_FRAME_BYTES, "note_bytes": MAX_NOTE_BYTES, "data_bytes": MAX_DATA_BYTES},
        "heartbeat_s": deps.settings.heartbeat_s,
        "dispositions": wrap_up.choices(decisions.policy(deps, who.tenant)),
    }
    return frames.with_document(frame, item) if item else compact({**frame, "doc": None})
