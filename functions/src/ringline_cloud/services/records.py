"""Call records: the cloud adds who was logged on at each leg's station, and lists the call where people look for it.

A record that comes again writes the same again, so that a function that died in the middle is made good by the edge's
repetition.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from ringline_cloud.identity import EdgeIdentity
from ringline_cloud.services import numbers
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.calls import Filed
from ringline_cloud.store.interactions import Ring, digests_of, is_erased, seated
from ringline_cloud.store.table import Item
from ringline_cloud.telemetry import logger
from ringline_core.domain.summary import Summary, summary
from ringline_core.wire.base import ms_to_rfc3339, to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import Direction
from ringline_core.wire.edge import CallRecord
from ringline_core.wire.record import RecordedCall, RecordedLeg

Seated = list[str | None]
"""Who was logged on at each leg's station, leg by leg."""


@dataclass(frozen=True)
class _Seen:
    """A record, what it comes to, and who was there."""

    item: CallRecord
    record: RecordedCall
    told: Summary
    seated: Seated

    @property
    def seats(self) -> list[tuple[str, str | None]]:
        """The stations of the call, and who was logged on at each."""
        both = zip(self.record.legs, self.seated, strict=True)
        return [(leg.station, agent) for leg, agent in both if leg.station]


def take(deps: Deps, who: EdgeIdentity, item: CallRecord) -> None:
    """Store a record and list its call; what belongs to an erased interaction is dropped."""
    interaction = str(item.record.get("interaction", item.call))[:64]
    head = deps.interactions.head(who.tenant, interaction)
    if is_erased(head):
        logger.info("record_of_erased", call=item.call)
        return
    try:
        record = RecordedCall.model_validate(item.record)
    except ValidationError:
        _file_unread(deps, who, interaction, item)
        return
    told = summary(record)
    if _is_listed(deps, who, told, head or {}):
        item, told = _nameless(item), replace(told, number=None, name=None)
    seen = _Seen(item, record, told, _seated(deps, who, record, head or {}))
    _file(deps, who, seen)
    if is_erased(deps.interactions.head(who.tenant, record.interaction)):
        deps.calls.forget(who.tenant, record.interaction, item.call)
        return
    _begin_late(deps, who, seen, head or {})


def _file(deps: Deps, who: EdgeIdentity, seen: _Seen) -> None:
    item, row = seen.item, _row(seen)
    legs = [{**leg, "agent": agent} for leg, agent in zip(_legs(item), seen.seated, strict=True)]
    shown = {name: row[name] for name in ("outcome", "wait_s", "ring_s", "talk_s", "hold_s", "transfers")}
    filed = Filed(
        interaction=seen.record.interaction,
        call=item.call,
        version=item.version,
        began_at=row["began_at"],
        record=compact({**item.record, **shown, "legs": legs}),
        row=compact({**row, "transfers": len(row["transfers"])}),
        agents=frozenset(row["agents"]),
        ttl=deps.settings.kept_until_s(deps.now_ms()),
    )
    deps.calls.file(who.tenant, filed)


def _is_listed(deps: Deps, who: EdgeIdentity, told: Summary, head: Item) -> bool:
    """Whether nothing is to be kept of the caller's number; what a ring has filed under it is not listed."""
    if not told.number or told.direction is Direction.INTERNAL:
        return False
    digest = numbers.digest(deps.settings.pepper, who.tenant, told.number)
    return digest not in digests_of(head) and deps.interactions.history(who.tenant, digest, 1) is None


def _nameless(item: CallRecord) -> CallRecord:
    legs = [{**each, "number": None} if each.get("outside") else each for each in _legs(item)]
    return item.model_copy(update={"record": {**item.record, "remote": None, "legs": legs}})


def _file_unread(deps: Deps, who: EdgeIdentity, interaction: str, item: CallRecord) -> None:
    """A record that says too little for a list is kept with its interaction."""
    logger.info("record_not_listed", call=item.call)
    now_ms = deps.now_ms()
    at, ttl = ms_to_rfc3339(now_ms), deps.settings.kept_until_s(now_ms)
    filed = Filed(interaction, item.call, item.version, at, compact(item.record), None, frozenset(), ttl)
    deps.calls.file(who.tenant, filed)


def _legs(item: CallRecord) -> list[dict[str, Any]]:
    legs: Any = item.record["legs"]
    return list(legs)


def _row(seen: _Seen) -> dict[str, Any]:
    told, by_station = seen.told, {station: agent for station, agent in seen.seats if agent}
    took = [by_station.get(each) for each in told.answered_by]
    return {
        "interaction": seen.record.interaction,
        "call": seen.item.call,
        "began_at": to_rfc3339(told.began_at),
        "ended_at": to_rfc3339(told.ended_at),
        "direction": told.direction.value,
        "queue": told.queue,
        "outcome": told.outcome.value,
        "cause": told.cause,
        "number": told.number,
        "name": told.name,
        "agents": sorted(set(by_station.values())),
        "answered_by": [agent for agent in took if agent],
        "stations": list(told.stations),
        "wait_s": told.wait_s,
        "ring_s": told.ring_s,
        "talk_s": told.talk_s,
        "hold_s": told.hold_s,
        "transfers": [
            {"at": to_rfc3339(each.at), "by": each.by, "agent": by_station.get(each.by), "to": each.to}
            for each in told.transfers
        ],
        "consult_of": told.consult_of,
    }


def _seated(deps: Deps, who: EdgeIdentity, record: RecordedCall, head: Item) -> Seated:
    """By what was noted when it rang; else by who sits there now, if they sat there then."""
    found: dict[str, str | None] = {}
    for station in dict.fromkeys(leg.station for leg in record.legs if leg.station):
        here = sorted(seated(head, who.site, station))
        began = next(leg for leg in record.legs if leg.station == station)
        found[station] = here[0] if len(here) == 1 else _sitting(deps, who, began)
    return [found.get(leg.station or "") for leg in record.legs]


def _sitting(deps: Deps, who: EdgeIdentity, leg: RecordedLeg) -> str | None:
    item = deps.stations.get(who.tenant, who.site, leg.station or "")
    if item is None or item.agent is None:
        return None
    # Both are times that we wrote ourselves, and such sort as text.
    return item.agent if item.desk["since_at"] <= to_rfc3339(leg.started_at) else None


def _begin_late(deps: Deps, who: EdgeIdentity, seen: _Seen, head: Item) -> None:
    """What no ring has told: calls that rang at nobody's phone, or while the cloud was away."""
    told, record = seen.told, seen.record
    digest, is_called = None, told.direction is Direction.OUTBOUND
    if told.number and told.direction is not Direction.INTERNAL and told.consult_of is None:
        digest = numbers.digest(deps.settings.pepper, who.tenant, told.number)
    known = digests_of(head)
    is_new = not head or (digest is not None and digest not in known and (is_called or not known))
    agents = {agent: station for station, agent in seen.seats if agent and agent not in head.get("agents", ())}
    if not (is_new or agents):
        return
    began_at, ttl = to_rfc3339(told.began_at), deps.settings.kept_until_s(deps.now_ms())
    for agent, station in agents.items() or [(None, None)]:
        place = (who.site, station) if station else None
        ring = Ring(began_at, ttl, agent, digest, is_called, place, record.was[:16])
        head = deps.interactions.ring(who.tenant, record.interaction, ring)
    if digest and is_new and not is_erased(head):
        at = head["started_at"]
        deps.interactions.file_number(who.tenant, digest, at, record.interaction, told.queue, ttl)
