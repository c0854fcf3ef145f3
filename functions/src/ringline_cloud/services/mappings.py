"""Mappings of a whole team: files of them with a dry run, and the way back; single ones under the same rule.

An import first keeps what it is about to replace, then changes user by user, each only if nobody else has changed them
since the file was compared. So it may end anywhere (a time limit, a throttled table) and can be repeated: what is done
already is unchanged the second time.

Two administrators who at the same moment give one station to two users are not told apart here; the log-on is then
refused to the second one (`station_taken`), and every later import names them.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ringline_cloud.services import mapping_plan
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.mapping_plan import Change, Plan, Refusal, Sheet, Stored, Wish
from ringline_cloud.telemetry import logger
from ringline_core.errors import InvalidMessageError, RinglineError, StoreThrottledError
from ringline_core.wire.base import ms_to_rfc3339

WRITERS = 8
"""At once, one unit each. Transactions cost two, and all users are one partition, which takes 1,000 units a second."""

BUDGET_MS = 6_000
"""For the writes of one request; the function and API Gateway have more, and the answer needs its share."""

DONE, ALREADY = "done", "already"
LATE = "not written in time; do the same again"
THROTTLED = "the table refused for load; do the same again"
CHANGED = "somebody else has changed this user meanwhile"


class StationTakenError(RinglineError):
    """The station is another user's by mapping."""

    code = "station_taken"


@dataclass(frozen=True)
class How:
    """What an administrator asked for.

    Attributes:
        by: Who asked.
        dry_run: Only say what would change.
        replace: Users whom the file does not name lose their mapping.
        partial: Refused lines do not keep the others from being applied.
    """

    by: str
    dry_run: bool = False
    replace: bool = False
    partial: bool = False


@dataclass(frozen=True)
class Imported:
    """What came of a file.

    Attributes:
        changes: What was changed, or would be; by user.
        unchanged: How many lines were true already.
        refused: By line.
        applied: Whether all was done that was to be done; false when lines were refused and nothing was written.
        ident: Of the import, for the way back; None when nothing was written.
    """

    changes: tuple[Change, ...]
    unchanged: int
    refused: tuple[Refusal, ...]
    applied: bool
    ident: str | None = None


@dataclass(frozen=True)
class RolledBack:
    """What came of a way back: users restored, how many were as before already, and those who were left alone."""

    restored: tuple[str, ...]
    unchanged: int
    refused: tuple[Refusal, ...]


def put(deps: Deps, tenant: str, user: str, mapping: Stored) -> None:
    """Map one user.

    Raises:
        InvalidMessageError: There is no such site.
        StationTakenError: The station is another user's; the text names them.
    """
    if deps.sites.get(tenant, mapping["site"]) is None:
        raise InvalidMessageError("site: there is no such site")
    clashes = mapping_plan.clashing(current(deps, tenant), [Wish(user, mapping)])
    if user in clashes:
        raise StationTakenError(clashes[user].reason)
    deps.agents.map(tenant, user, mapping)


def current(deps: Deps, tenant: str) -> dict[str, Stored]:
    """All mappings of the tenant by user; one of the last second may be missing."""
    return {each["who"]: each["mapping"] for each in deps.agents.mapped(tenant)}


def take_in(deps: Deps, tenant: str, sheet: Sheet, how: How) -> Imported:
    """Import a file: all of it or nothing, unless `partial`; a dry run writes nothing.

    Raises:
        InvalidMessageError: `replace` with `partial`: a refused line could take a mapping away.
    """
    if how.replace and how.partial:
        raise InvalidMessageError("replace: not together with partial")
    until_ms = deps.now_ms() + BUDGET_MS
    found = mapping_plan.plan(current(deps, tenant), sheet, set(deps.sites.list(tenant)), replace=how.replace)
    if how.dry_run or (found.refused and not how.partial):
        return Imported(found.changes, found.unchanged, found.refused, applied=False)
    return _apply(deps, tenant, sheet, found, how.by, until_ms)


def roll_back(deps: Deps, tenant: str, ident: str, by: str) -> RolledBack | None:
    """Bring back what an import replaced, for users not changed since; None when it is not kept.

    A user whose former station is somebody else's by now is refused too. Doing it again restores what was left out.
    """
    until_ms = deps.now_ms() + BUDGET_MS
    replaced = deps.agents.imports.replaced(tenant, ident)
    if replaced is None:
        return None
    back = [Change(user, before=after, after=before) for user, before, after in replaced]
    now = current(deps, tenant)
    wishes = [Wish(each.user, each.after) for each in back if now.get(each.user) in (each.before, each.after)]
    clashes = mapping_plan.clashing(now, wishes, among_themselves=False)
    tried = [each for each in back if each.user not in clashes]
    outcomes = _write(deps, tenant, tried, until_ms)
    deps.agents.imports.mark(tenant, ident, "rolled_back_at", ms_to_rfc3339(deps.now_ms()))
    restored = tuple(each.user for each, outcome in zip(tried, outcomes, strict=True) if outcome == DONE)
    refused = (*clashes.values(), *_refusals(tried, outcomes))
    logger.info("mappings_rolled_back", ident=ident, by=by, restored=len(restored), refused=len(refused))
    unchanged = sum(outcome == ALREADY for outcome in outcomes)
    return RolledBack(restored, unchanged, tuple(sorted(refused, key=lambda each: str(each.user))))


def _apply(deps: Deps, tenant: str, sheet: Sheet, found: Plan, by: str, until_ms: int) -> Imported:
    if not found.changes:
        return Imported((), found.unchanged, found.refused, applied=not found.refused)
    now_ms = deps.now_ms()
    ident = f"{now_ms:013}-{secrets.token_hex(4)}"
    what = {"at": ms_to_rfc3339(now_ms), "by_whom": by, **_counts(found.changes)}
    kept = ((each.user, each.before, each.after) for each in found.changes)
    deps.agents.imports.begin(tenant, ident, what, kept, now_ms)
    outcomes = _write(deps, tenant, found.changes, until_ms)
    lines = {wish.user: wish.line for wish in sheet.wishes}
    late = _refusals(found.changes, outcomes, lines)
    refused = sorted((*found.refused, *late), key=lambda each: (each.line or 0, each.user or ""))
    left_out = {each.user for each in late}
    changes = tuple(each for each in found.changes if each.user not in left_out)
    logger.info("mappings_imported", ident=ident, by=by, changed=len(changes), refused=len(refused))
    return Imported(changes, found.unchanged, tuple(refused), applied=True, ident=ident)


def _write(deps: Deps, tenant: str, changes: Sequence[Change], until_ms: int) -> list[str]:
    """How each change went, in their order: done, already so, or why not."""
    with ThreadPoolExecutor(WRITERS, thread_name_prefix="mapping") as pool:
        return list(pool.map(lambda each: _swap(deps, tenant, each, until_ms), changes))


def _swap(deps: Deps, tenant: str, change: Change, until_ms: int) -> str:
    if deps.now_ms() > until_ms:
        return LATE
    try:
        written = deps.agents.swap(tenant, change.user, change.before, change.after)
    except StoreThrottledError:
        return THROTTLED
    if written.applied:
        return DONE
    return ALREADY if written.item.get("mapping") == change.after else CHANGED


def _refusals(
    changes: Sequence[Change], outcomes: Sequence[str], lines: dict[str, int | None] | None = None
) -> list[Refusal]:
    told = zip(changes, outcomes, strict=True)
    wrong = [(each.user, outcome) for each, outcome in told if outcome not in (DONE, ALREADY)]
    return [Refusal(reason, (lines or {}).get(user), user) for user, reason in wrong]


def _counts(changes: Sequence[Change]) -> dict[str, int]:
    added = sum(each.before is None for each in changes)
    removed = sum(each.after is None for each in changes)
    return {"added": added, "changed": len(changes) - added - removed, "removed": removed}
