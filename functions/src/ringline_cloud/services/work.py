"""Work items: an e-mail, chat or task keeps calls away while its lease lasts.

The cloud keeps the list and the leases; the edge holds the agent, and frees them by its own timer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import desk_view, dispatch, frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.stations import StationItem
from ringline_cloud.telemetry import Metric, count, logger
from ringline_core.errors import CommandError, StoreThrottledError
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Stage
from ringline_core.wire.page import WorkBegin, WorkEnd, WorkTouch

MOST = 8
BEGIN = "work.begin"
EXPIRED = "work_expired"

Items = list[dict[str, Any]]


class _Unchanged(Exception):  # noqa: N818 - an answer of an edit, caught in this module
    """The item is not there (any more)."""


def begin(deps: Deps, who: PageIdentity, socket: str | None, message: WorkBegin) -> str | None:
    """Begin a work item; the `result` to answer at once, None when the edge will tell.

    The same work again prolongs its lease, and no more.

    Args:
        deps: Store and ways to the sockets.
        who: The agent.
        socket: Of the page that asks; None when no page is to be told.
        message: The page's frame.
    """
    here = _desk_of(deps, who)
    if here is None:
        return _not_logged_on(message.id)
    ident = dispatch.edge_command_id(who.agent, message.id)
    what: dict[str, Any] = {"agent": who.agent, "id": message.id, "verb": BEGIN, "station": here.station}
    what |= {"work": message.work} | ({"sockets": {socket}} if socket else {})
    if not deps.commands.begin(who.tenant, here.site, ident, what, deps.now_ms()):
        told = dispatch.again(deps, who, socket, here.site, ident)
        if told is not None or _find(here.desk["work"], message.work) is not None:
            return told
    answer = _begun(deps, who, here, message, ident)
    if answer is not None:
        deps.commands.advance(who.tenant, here.site, ident, json.loads(answer)["stage"], answer)
    return answer


def touch(deps: Deps, who: PageIdentity, message: WorkTouch) -> str:
    """Prolong a work item's lease; the `result`. A repeated id gets the first answer again."""

    def prolonged(items: Items) -> Items:
        known = _find(items, message.work)
        if known is None:
            raise CommandError(ErrorCode.NOT_ALLOWED, "This work is not open any more.")
        return [_until(each, deps.now_ms() + message.ttl_s * 1000) if each is known else each for each in items]

    return _once(deps, who, message.id, "work.touch", prolonged)


def end(deps: Deps, who: PageIdentity, message: WorkEnd) -> str:
    """End a work item; the `result`, `already` if there is none. A repeated id gets the first answer again."""

    def without(items: Items) -> Items:
        if _find(items, message.work) is None:
            raise _Unchanged
        return [each for each in items if each["work"] != message.work]

    return _once(deps, who, message.id, "work.end", without)


def refused_by_edge(deps: Deps, who: EdgeIdentity, stored: dict[str, Any], ident: str) -> None:
    """The edge could not keep the agent from calls for this work: it has not begun."""
    here = deps.stations.get(who.tenant, who.site, stored["station"])
    if here is not None and here.agent == stored["agent"]:
        _withdraw(deps, who.tenant, here, ident)


def swept(deps: Deps, tenant: str, item: StationItem) -> StationItem:
    """Take out what a lease has ended for, telling the agent and the supervisors of their team; the station then."""
    kept = desk_view.work(item, deps.now_ms())
    gone = [each for each in item.desk.get("work", []) if each not in kept]
    if not gone:
        return item
    done, item = deps.work_items.change(tenant, item, kept)
    if not done:  # somebody else changed the desk meanwhile, and whoever did so told
        return item
    posts.desk_changed(deps, tenant, item)
    _tell_expired(deps, tenant, item, gone)
    return item


def _begun(deps: Deps, who: PageIdentity, here: StationItem, message: WorkBegin, ident: str) -> str | None:
    until_ms = deps.now_ms() + message.ttl_s * 1000

    def added(items: Items) -> Items:
        known = _find(items, message.work)
        if known is not None:
            return [_until(each, until_ms) if each is known else each for each in items]
        if len(items) >= MOST:
            raise CommandError(ErrorCode.NOT_ALLOWED, f"More than {MOST} work items at once are not possible.")
        entry = {"work": message.work, "id": ident, "channel": message.channel, "label": message.label}
        return [*items, {**entry, "lease_until_at": ms_to_rfc3339(until_ms), "blocks": list(message.blocks)}]

    try:
        item = _edited(deps, who.tenant, here, added)
    except CommandError as refused:
        return frames.failed(message.id, refused.error_code, refused.text)
    if not _posted(deps, who.tenant, item):
        _withdraw(deps, who.tenant, item, ident)
        return frames.failed(message.id, ErrorCode.EDGE_OFFLINE, dispatch.NO_EDGE)
    if any(each["id"] == ident for each in item.desk["work"]):
        return None
    return frames.result(message.id, Stage.CONFIRMED.value, already=True)


def _once(deps: Deps, who: PageIdentity, ref: str, verb: str, edit: Callable[[Items], Items]) -> str:
    here = _desk_of(deps, who)
    if here is None:
        return _not_logged_on(ref)
    ident = dispatch.edge_command_id(who.agent, ref)
    stored = deps.commands.get(who.tenant, here.site, ident)
    if "outcome" in stored:
        return str(stored["outcome"])
    answer = _answer(deps, who, here, ref, edit)
    what = {"agent": who.agent, "id": ref, "verb": verb, "station": here.station}
    told = {"stage": json.loads(answer)["stage"], "outcome": answer}
    deps.commands.begin(who.tenant, here.site, ident, {**what, **told}, deps.now_ms())
    return answer


def _answer(deps: Deps, who: PageIdentity, here: StationItem, ref: str, edit: Callable[[Items], Items]) -> str:
    try:
        item = _edited(deps, who.tenant, here, edit)
    except _Unchanged:
        return frames.result(ref, Stage.CONFIRMED.value, already=True)
    except CommandError as refused:
        return frames.failed(ref, refused.error_code, refused.text)
    if not _posted(deps, who.tenant, item):
        return frames.failed(ref, ErrorCode.EDGE_OFFLINE, "Kept; the site's connector will hear of it when it is back.")
    return frames.result(ref, Stage.CONFIRMED.value)


def _edited(deps: Deps, tenant: str, before: StationItem, edit: Callable[[Items], Items]) -> StationItem:
    """The station after an edit of its open work items; what is over goes with it.

    A write that another page was quicker than is done once more, on what that page left.

    Raises:
        StoreThrottledError: Others were quicker twice; the page may try again.
        CommandError: The edit is not possible, or the agent has left.
    """
    item = before
    for _ in range(2):
        done, item = deps.work_items.change(tenant, item, edit(desk_view.work(item, deps.now_ms())))
        if done:
            return item
        if item.agent != before.agent:
            raise CommandError(ErrorCode.NOT_LOGGED_ON, "You are not logged on to a phone.")
    raise StoreThrottledError("the desk is being changed by others; try again")


def _posted(deps: Deps, tenant: str, item: StationItem) -> bool:
    """Tell the edge, then the pages; whether an edge was there to be told."""
    there = posts.to_edge(deps, tenant, item.site, posts.desks_frame([posts.desk_for_edge(deps, tenant, item)]))
    if not there:
        count(Metric.EDGE_OFFLINE)
    posts.to_pages(deps, tenant, item, frames.station(item, deps.now_ms()))
    return there


def _withdraw(deps: Deps, tenant: str, here: StationItem, ident: str) -> None:
    """Take out the item that a command began; one that is known by another command stays."""

    def without(items: Items) -> Items:
        if not any(each["id"] == ident for each in items):
            raise _Unchanged
        return [each for each in items if each["id"] != ident]

    try:
        item = _edited(deps, tenant, here, without)
    except (_Unchanged, CommandError):
        return
    posts.desk_changed(deps, tenant, item)


def _tell_expired(deps: Deps, tenant: str, item: StationItem, gone: Items) -> None:
    names = ", ".join(each["label"] or each["work"] for each in gone)[:300]
    posts.to_pages(deps, tenant, item, frames.notice("warning", EXPIRED, f"No longer kept from calls: {names}."))
    logger.info("work_expired", site=item.site, station=item.station, agent=item.agent, items=len(gone))
    text = f"{item.desk['name'] or item.agent}: work was left open, and calls come again."
    posts.to_sockets(deps, _supervisors(deps, tenant, str(item.agent)), frames.notice("info", EXPIRED, text))


def _supervisors(deps: Deps, tenant: str, agent: str) -> list[str]:
    """Sockets of the supervisors in the agent's team; read only when a lease has ended, which is rare."""
    everybody = deps.agents.everybody(tenant)
    team = next((_team(each) for each in everybody if each["who"] == agent), "")
    mates = [each for each in everybody if team and _team(each) == team and each["who"] != agent]
    sockets = [socket for each in mates for socket in sorted(each.get("sockets", ()))]
    return [socket for socket in sockets if "supervisor" in (deps.sockets.get(socket) or {}).get("roles", ())]


def _team(agent: dict[str, Any]) -> str:
    return str(agent.get("mapping", {}).get("team", ""))


def _find(items: Items, work: str) -> dict[str, Any] | None:
    return next((each for each in items if each["work"] == work), None)


def _until(item: dict[str, Any], until_ms: int) -> dict[str, Any]:
    """`item` with a lease that lasts at least until then."""
    return {**item, "lease_until_at": max(item["lease_until_at"], ms_to_rfc3339(until_ms))}


def _desk_of(deps: Deps, who: PageIdentity) -> StationItem | None:
    seat = deps.agents.get(who.tenant, who.agent).get("seat")
    item = seat and deps.stations.get(who.tenant, seat["site"], seat["station"])
    return item if item and item.agent == who.agent else None


def _not_logged_on(ref: str) -> str:
    return frames.failed(ref, ErrorCode.NOT_LOGGED_ON, "You are not logged on to a phone.")
