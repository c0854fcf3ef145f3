"""Which calls there were: newest first, in pages, and only those that the asker may see.

A question reads one list: a number's, an agent's, or the tenant's days. What it reads for one answer is bounded, so an
answer may have fewer calls than were asked for and still a cursor to go on from.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import context, numbers, returned
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.interactions import is_erased
from ringline_cloud.store.table import Item
from ringline_core.domain.summary import Outcome
from ringline_core.errors import ForbiddenError, InvalidMessageError
from ringline_core.wire.base import to_rfc3339
from ringline_core.wire.codec import compact

if TYPE_CHECKING:  # page sockets have no use for what reads tokens
    from ringline_cloud.services.person import Person

MOST_DAYS = 31
DAYS = 7
AHEAD = timedelta(hours=1)
"""How far a PBX's clock may be ahead of ours."""

MOST_READ = 1000
"""Rows read for one answer."""

MOST_INTERACTIONS = 200
"""The same for a number's list, where every interaction is one more question to the table."""

_READ_AT_ONCE = 200
_ALL = "~"
"""Above every place of a call."""

Row = dict[str, Any]
Placed = tuple[str, Row | None]
"""How far a list was read, and the call that is there, if one is."""


@dataclass(frozen=True)
class Question:
    """What is asked; None does not matter.

    Attributes:
        since: From when on calls begin; None for some days before `until`.
        until: Before when; None for now.
        limit: At most so many.
        before: Cursor of the answer before.
    """

    agent: str | None = None
    number: str | None = None
    queue: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    limit: int = 50
    before: str | None = None


@dataclass(frozen=True)
class _Scope:
    """Whose calls may be seen: all, those of some agents, those of some queues."""

    all: bool
    agents: frozenset[str]
    queues: frozenset[str]

    def shows(self, row: Row) -> bool:
        return self.all or bool(self.agents & set(row["agents"])) or row["queue"] in self.queues


@dataclass(frozen=True)
class _Reading:
    """A list to read: from when to when, and from which place on downwards."""

    kind: str
    since: str
    until: str
    beyond: str | None


_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def asked(deps: Deps, by: Person, question: Question) -> tuple[list[Row], str | None]:
    """The calls, newest first, and the cursor for the older ones.

    Raises:
        ForbiddenError: Another agent's calls, which the asker may not see.
        InvalidMessageError: Times, number or cursor are of no use.
    """
    scope = _scope(deps, by, question)
    reading = _reading(deps, by, scope, question)
    found: list[Row] = []
    last = None
    most = MOST_INTERACTIONS if reading.kind.startswith("number") else MOST_READ
    for read, (place, row) in enumerate(_rows(deps, by, reading), 1):
        last = place
        if row is not None and scope.shows(row) and _fits(question, reading, row):
            found.append(row)
        if len(found) == question.limit or read == most:
            break
    else:
        last = None
    found = returned.told(deps, by.tenant, found)
    return found, None if last is None else _cursor(deps, by, question, reading, last)


def may_see(deps: Deps, by: Person, interaction: str, head: Item) -> bool:
    """Whether the asker may see an interaction: as theirs, as their team's or its queues', or as an admin.

    Args:
        deps: The store.
        by: Who asks.
        interaction: Its id.
        head: Its head, as the store has it.
    """
    if "admin" in by.roles or context.is_of(head, by.agent):
        return True
    if "supervisor" not in by.roles:
        return False
    team = _of_team(deps, by)
    if not team.agents.isdisjoint(head.get("agents", ())):
        return True
    return any(team.shows(json.loads(each["row_json"])) for each in deps.calls.of_interaction(by.tenant, interaction))


def may_continue(deps: Deps, who: PageIdentity, interaction: str) -> bool:
    """Whether a call that the agent makes may continue the interaction: as theirs, or as lost in a queue of theirs."""
    head = deps.interactions.head(who.tenant, interaction)
    if head is None or is_erased(head):
        return False
    if context.is_of(head, who.agent) or set(who.roles) & {"supervisor", "admin"}:
        return True
    queues = (deps.agents.get(who.tenant, who.agent).get("mapping") or {}).get("queues", ())
    rows = (json.loads(each["row_json"]) for each in deps.calls.of_interaction(who.tenant, interaction))
    return any(row["outcome"] == Outcome.ABANDONED and row["queue"] in queues for row in rows)


def _scope(deps: Deps, by: Person, question: Question) -> _Scope:
    if "admin" in by.roles:
        return _Scope(True, frozenset(), frozenset())
    scope = _of_agent(deps, by, question)
    if "supervisor" in by.roles:
        scope = _of_team(deps, by)
    if question.agent is not None and question.agent not in scope.agents:
        raise ForbiddenError("agents see their own calls, supervisors those of their team")
    return scope


def _of_agent(deps: Deps, by: Person, question: Question) -> _Scope:
    """Their own calls; abandoned ones also of the queues that they work for, to call back."""
    queues: frozenset[str] = frozenset()
    if question.outcome == Outcome.ABANDONED:
        queues = frozenset((deps.agents.get(by.tenant, by.agent).get("mapping") or {}).get("queues", ()))
    return _Scope(False, frozenset((by.agent,)), queues)


def _of_team(deps: Deps, by: Person) -> _Scope:
    everybody = {each["who"]: each["mapping"] for each in deps.agents.mapped(by.tenant)}
    own = everybody.get(by.agent, {})
    team = own.get("team")
    mates = {who: mapping for who, mapping in everybody.items() if team and mapping.get("team") == team}
    queues = (queue for mapping in (own, *mates.values()) for queue in mapping.get("queues", ()))
    return _Scope(False, frozenset((by.agent, *mates)), frozenset(queues) if team else frozenset())


def _reading(deps: Deps, by: Person, scope: _Scope, question: Question) -> _Reading:
    kind = "day"
    if question.number is not None:
        kind = f"number {numbers.digest(deps.settings.pepper, by.tenant, question.number)}"
    elif question.agent is not None:
        kind = f"agent {question.agent}"
    elif not scope.all and not scope.queues:
        kind = f"agent {by.agent}" if len(scope.agents) == 1 else "day"
    if question.before is not None:
        return _resumed(deps, by, question, kind)
    now = datetime.fromtimestamp(deps.now_ms() / 1000, UTC)
    until = question.until or now
    if min(question.since or until, until) < _EARLIEST:
        raise InvalidMessageError("from, to: not before the year 2000")
    since = question.since or until - timedelta(days=DAYS)
    if since >= until:
        raise InvalidMessageError("from: must be before to")
    if until - since > timedelta(days=MOST_DAYS):
        raise InvalidMessageError(f"from, to: at most {MOST_DAYS} days at once")
    return _Reading(kind, to_rfc3339(since), to_rfc3339(question.until or now + AHEAD), None)


def _fits(question: Question, reading: _Reading, row: Row) -> bool:
    return (
        reading.since <= row["began_at"] < reading.until
        and (question.agent is None or question.agent in row["agents"])
        and (question.queue is None or question.queue == row["queue"])
        and (question.outcome is None or question.outcome == row["outcome"])
    )


def _rows(deps: Deps, by: Person, reading: _Reading) -> Iterator[Placed]:
    kind, _, name = reading.kind.partition(" ")
    if kind == "number":
        return _of_number(deps, by.tenant, name, reading)
    if kind == "agent":
        return _listed(partial(deps.calls.of_agent, by.tenant, name), reading)
    return _of_days(deps, by.tenant, reading)


def _of_days(deps: Deps, tenant: str, reading: _Reading) -> Iterator[Placed]:
    day = datetime.fromisoformat((reading.beyond or reading.until)[:10])
    while f"{day:%Y-%m-%d}" >= reading.since[:10]:
        yield from _listed(partial(deps.calls.of_day, tenant, f"{day:%Y-%m-%d}"), reading)
        day -= timedelta(days=1)


def _listed(read: Callable[[tuple[str, str], int], list[Item]], reading: _Reading) -> Iterator[Placed]:
    """A list that is sorted by place. A place is longer than its time, so that `until` itself is left out."""
    beyond = reading.beyond
    while True:
        found = read((reading.since, beyond or reading.until), _READ_AT_ONCE)
        for item in found:
            if item["place"] != beyond:
                yield item["place"], json.loads(item["row_json"])
        if len(found) < _READ_AT_ONCE:
            return
        beyond = found[-1]["place"]


def _of_number(deps: Deps, tenant: str, digest: str, reading: _Reading) -> Iterator[Placed]:
    """Interaction by interaction; a call may begin some time after its interaction."""
    since = to_rfc3339(datetime.fromisoformat(reading.since) - timedelta(days=MOST_DAYS))
    entry, _, below = (reading.beyond or "").partition("|")
    entries = deps.interactions.of_number(tenant, digest, MOST_INTERACTIONS, (since, entry or reading.until))
    for each in entries:
        at = each["sk"]
        below = below if at == entry else _ALL
        yield f"{at}|{below}", None
        for row in deps.calls.of_interaction(tenant, each["interaction"]):
            if row["place"] < below:
                yield f"{at}|{row['place']}", json.loads(row["row_json"])


def _cursor(deps: Deps, by: Person, question: Question, reading: _Reading, last: str) -> str:
    where = [reading.since, reading.until, last]
    seal = _seal(deps, by, question, reading.kind, where)
    return urlsafe_b64encode(compact([*where, seal]).encode()).decode().rstrip("=")


def _resumed(deps: Deps, by: Person, question: Question, kind: str) -> _Reading:
    text = question.before or ""
    try:
        since, until, last, seal = json.loads(urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}"))
        is_ours = hmac.compare_digest(seal, _seal(deps, by, question, kind, [since, until, last]))
    except (ValueError, TypeError) as err:
        raise InvalidMessageError("before: this is no cursor of ours") from err
    if not is_ours:
        raise InvalidMessageError("before: this cursor is of another question")
    return _Reading(kind, since, until, last)


def _seal(deps: Deps, by: Person, question: Question, kind: str, where: list[str]) -> str:
    """Ties a cursor to its question, without a word of the number in it."""
    times = [None if each is None else to_rfc3339(each) for each in (question.since, question.until)]
    said = [by.tenant, kind, question.agent, question.queue, question.outcome, *times, *where]
    return hmac.new(deps.settings.pepper.encode(), compact(said).encode(), hashlib.sha256).hexdigest()[:24]
