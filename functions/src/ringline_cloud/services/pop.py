"""Which of an agent's pages pops a call: pages are ranked, one claims, and the station's item keeps who was granted.

The rule is `ringline_core.domain.pop`. The write holds only while the grant stands as the rule saw it, so of two claims
one is refused; a page claims again by itself, and nothing is tried twice here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_core.domain import pop
from ringline_core.domain.pop import Candidate, Held
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import ErrorCode, LegState
from ringline_core.wire.document import StationDocument
from ringline_core.wire.page import PopMessage

Pages = Mapping[str, Candidate]
"""The agent's pages by their sockets."""


def rang(deps: Deps, item: StationItem, doc: StationDocument, calls: tuple[str, ...]) -> None:
    """Tell each page of the agent its rank for those of `calls` that alert."""
    alerting = [call.call for call in doc.calls if call.call in calls and call.leg is LegState.ALERTING]
    pages = _pages(deps, item) if alerting else {}
    for call in alerting:
        _tell(deps, pages, call, item.pops.get(call))


def joined(deps: Deps, item: StationItem, socket: str) -> None:
    """Tell a page that says hello its rank for what alerts now: it may be the only one, or have missed the ring."""
    doc = StationDocument.model_validate_json(item.doc) if item.doc and '"alerting"' in item.doc else None
    alerting = [call.call for call in doc.calls if call.leg is LegState.ALERTING] if doc else []
    pages = _pages(deps, item) if alerting else {}
    for call in alerting:
        _tell(deps, pages, call, item.pops.get(call), only=socket)


def take(deps: Deps, who: PageIdentity, socket: str, message: PopMessage) -> str | None:
    """A page claims, has popped, or passes; all pages of the agent are told how the grant stands then.

    A call that is over is not answered: its document says so already.
    """
    seat = deps.agents.get(who.tenant, who.agent).get("seat")
    item = seat and deps.stations.get(who.tenant, seat["site"], seat["station"])
    if not item or item.agent != who.agent:
        return frames.error(ErrorCode.NOT_LOGGED_ON.value, "You are not logged on to a phone.")
    pages = _pages(deps, item)
    if socket not in pages:
        return frames.error(ErrorCode.MESSAGE_INVALID.value, f"{message.t}: this page has not said hello.")
    listed = _listed(item)
    if message.call not in listed:
        return None
    page = pages[socket].page
    after = _after(item.pops.get(message.call), page, message, deps.now_ms())
    changed = False
    if after is not None:
        over = [call for call in item.pops if call not in listed]
        changed, item = deps.stations.write_pop(who.tenant, item, message.call, after, over)
    if message.t == "pop.pass":
        pages = {each: _without_pop(known, page) for each, known in pages.items()}
    _tell(deps, pages, message.call, item.pops.get(message.call))
    if changed:
        posts.desk_changed(deps, who.tenant, item)
    return None


def _after(held: Held | None, page: str, message: PopMessage, now_ms: int) -> Held | None:
    match message.t:
        case "pop.claim":
            return pop.claimed(held, page, message.grant, now_ms)
        case "pop.done":
            return pop.finished(held, message.grant)
        case "pop.pass":
            return pop.passed(held, page, message.grant)


def _listed(item: StationItem) -> set[str]:
    """Calls that the station's document still lists."""
    if item.doc is None:
        return set()
    doc = StationDocument.model_validate_json(item.doc)
    return {call.call for call in doc.calls} | {owing.call for owing in doc.wrap_up}


def _pages(deps: Deps, item: StationItem) -> Pages:
    found = {socket: deps.sockets.get(socket) for socket in sorted(item.sockets)}
    return {socket: candidate(known) for socket, known in found.items() if known is not None}


def candidate(known: dict[str, Any]) -> Candidate:
    """What ranks the page of a socket, by what is kept of it."""
    rank = known.get("rank", {})
    used = rank.get("last_input_at")
    return Candidate(
        page=known["page"],
        can_pop=rank.get("can_pop", True),
        focused=rank.get("focused", False),
        visible=rank.get("visible", False),
        last_input_ms=int(datetime.fromisoformat(used).timestamp() * 1000) if used else 0,
        opened_ms=int(known.get("opened_ms", 0)),
    )


def _without_pop(known: Candidate, page: str) -> Candidate:
    """A page that passes may do so before the cloud hears that it cannot pop."""
    return Candidate(page, can_pop=False) if known.page == page else known


def _tell(deps: Deps, pages: Pages, call: str, held: Held | None, *, only: str | None = None) -> None:
    """Post `pop` to the agent's pages, each with its own rank; the page that has the grant hears first."""
    order = pop.ranked(pages.values())
    holder = held.page if held and not held.is_passed else None
    state = {"grant": held.grant if held else 0, "page": holder, "done": held.done if held else False}
    waits = {"lease_ms": pop.LEASE_MS, "steal_ms": pop.STEAL_MS}
    for page in sorted(order, key=lambda page: (page != holder, order.index(page))):
        frame = {"t": "pop", "call": call, "rank": order.index(page), **state, **waits}
        posts.to_sockets(deps, _sockets_of(pages, page, only), compact(frame))


def _sockets_of(pages: Pages, page: str, only: str | None) -> list[str]:
    return [socket for socket, known in pages.items() if known.page == page and only in (None, socket)]
