"""Erasing what is known of a caller: one interaction, or all of a number.

First the head says so, and from then on rings, notes, hand-overs and records add nothing; last of all it becomes a mere
tombstone. What lies between may be begun again at any point, so a function that dies there is made good by asking once
more.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from ringline_cloud.services import numbers, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.person import Person
from ringline_cloud.store import keys
from ringline_cloud.store.interactions import digests_of, recorded
from ringline_cloud.store.table import Item
from ringline_cloud.telemetry import logger
from ringline_core.ids import is_id
from ringline_core.wire.base import ms_to_rfc3339

TOMBSTONE_DAYS = 90
MOST = 50
"""Interactions erased by one request; the rest needs another one."""

_AT_ONCE = 25
_ALL = ("0", "~")
"""Every time, and no mark of a listed number."""


@dataclass(frozen=True)
class _Deed:
    """What is audited: the action, its own id, and when it was asked for."""

    action: str
    ident: str
    at_ms: int


def interaction(deps: Deps, by: Person, ident: str) -> None:
    """Erase an interaction and those that merged into it; one that is not there stays away, too."""
    _audited(deps, by, _Deed("erase_interaction", secrets.token_hex(16), deps.now_ms()), [ident])
    _erase(deps, by.tenant, ident, set())


def number(deps: Deps, by: Person, plain: str, *, listed: bool | None = None) -> tuple[int, bool]:
    """Erase all interactions of a number; how many those were, and whether that was all.

    Args:
        deps: The store.
        by: Who asks.
        plain: The number, as documents write it.
        listed: Whether it is to have no history from now on, or one again; None leaves that as it is.
    """
    digest = numbers.digest(deps.settings.pepper, by.tenant, plain)
    deed, erased = _Deed("erase_number", secrets.token_hex(16), deps.now_ms()), list[str]()
    _audited(deps, by, deed, erased)
    if listed is not None:
        deps.interactions.list_number(by.tenant, digest, listed=listed)
    while found := deps.interactions.of_number(by.tenant, digest, min(_AT_ONCE, MOST - len(erased)), _ALL):
        for entry in found:
            # Its place in the number's list goes last: what breaks off here is found again by asking once more.
            _erase(deps, by.tenant, entry["interaction"], set(), digest)
            deps.interactions.remove(entry)
            erased.append(entry["interaction"])
        if len(erased) >= MOST:
            break
    _audited(deps, by, deed, erased)
    return len(erased), len(erased) < MOST or not deps.interactions.of_number(by.tenant, digest, 1, _ALL)


def _erase(deps: Deps, tenant: str, ident: str, seen: set[str], but: str | None = None) -> None:
    """Erase one interaction and what merged into it; of the number `but` its place in the list stays."""
    if ident in seen:
        return
    seen.add(ident)
    now_ms = deps.now_ms()
    at, ttl = ms_to_rfc3339(now_ms), now_ms // 1000 + TOMBSTONE_DAYS * 86_400
    head = deps.interactions.begin_erasure(tenant, ident, at, ttl)
    # What was on its way meanwhile is found by looking once more.
    while found := deps.interactions.belongings(tenant, ident):
        for old in _merged(head, found):
            _erase(deps, tenant, old, seen, but)
        for item in found:
            _lift(deps, tenant, item)
            deps.calls.unfile(tenant, item)
            deps.interactions.remove(item)
    for old in _merged(head, []):
        _erase(deps, tenant, old, seen, but)
    for digest in sorted(digests_of(head)):
        if digest != but and "started_at" in head:
            deps.interactions.unfile_number(tenant, digest, head["started_at"], ident)
    deps.interactions.end_erasure(tenant, ident, at, ttl)


def _lift(deps: Deps, tenant: str, item: Item) -> None:
    """A hand-over lies on a desk, too."""
    if "laid_at" in item:
        mark = item["sk"].removeprefix(keys.handover_prefix())
        site, to = item["laid_at"]
        done, station = deps.handovers.lift(tenant, site, to, mark)
        if done:
            posts.desk_changed(deps, tenant, station)


def _merged(head: Item, belongings: list[Item]) -> list[str]:
    """Interactions that merged into this one, as far as head and records tell."""
    found = set(head.get("was", ()))
    for item in belongings:
        is_record = "packed" in item or "record_json" in item
        told = json.loads(recorded(item)).get("was", []) if is_record else []
        found |= {old for old in told if isinstance(old, str) and is_id(old)} if isinstance(told, list) else set()
    return sorted(found)


def _audited(deps: Deps, by: Person, deed: _Deed, interactions: list[str]) -> None:
    """The same deed again replaces what was said of it."""
    what: dict[str, Any] = {"action": deed.action, "by_whom": by.agent, "command_id": deed.ident}
    said = {**what, "interactions": interactions, "at": ms_to_rfc3339(deed.at_ms)}
    deps.audits.put(by.tenant, deed.ident, said, deed.at_ms)
    logger.info("audit", **what, interactions=len(interactions))
