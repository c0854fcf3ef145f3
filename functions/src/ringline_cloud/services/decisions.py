"""What an interaction still wants from its agent, and how a decision, or letting go of one, changes the desk.

What is owed is with the agent first and with the station second, and both writes may be repeated: a function that dies
between them leaves nothing lost, and the repeated frame completes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ringline_cloud.services import desk_view, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.store.decisions import DeskChange, Owed
from ringline_cloud.store.stations import StationItem
from ringline_core.domain.policy import resolved
from ringline_core.wire.base import to_rfc3339
from ringline_core.wire.document import StationDocument, WrapUpEntry
from ringline_core.wire.policy import Policy


@dataclass(frozen=True)
class Matter:
    """An interaction as a station's document and an agent's debts have it.

    Attributes:
        interaction: The present id.
        names: All ids by which it is known here.
        listed: Those of them that the document lists; empty when it lists none.
        queue: Of its call, also after it; None where it came by none, or nobody told.
        is_up: Whether its call is up.
        needs: What its decision wants; None while only the policy can tell.
        owed: Those of its ids that are owed.
    """

    interaction: str
    names: frozenset[str]
    listed: frozenset[str]
    queue: str | None
    is_up: bool
    needs: tuple[str, ...] | None
    owed: frozenset[str]


def matter(doc: StationDocument | None, interaction: str, owed: Owed) -> Matter:
    """What is known of an interaction; ids that merged into another one are followed while a call shows it."""
    calls = doc.calls if doc else ()
    call = next((each for each in calls if interaction in (each.interaction, *each.was)), None)
    names = frozenset((call.interaction, *call.was) if call else (interaction,))
    entries = [each for each in doc.wrap_up if each.interaction in names] if doc else []
    listed = {each.interaction for each in entries} | ({call.interaction} if call else set())
    debts = frozenset(names & set(owed))
    wanted = [each.needs for each in entries] + [owed[each]["needs"] for each in sorted(debts) if not entries]
    return Matter(
        interaction=call.interaction if call else interaction,
        names=names,
        listed=frozenset(listed),
        queue=call.queue if call else next((each.queue for each in entries), None),
        is_up=call is not None,
        needs=tuple(dict.fromkeys(need for needs in wanted for need in needs)) if wanted else None,
        owed=debts,
    )


def needs(deps: Deps, tenant: str, here: StationItem | None, about: Matter) -> tuple[str, ...]:
    """What a decision wants; while the call is up that is as its queue's policy says."""
    if about.needs is not None or not about.is_up:
        return about.needs or ()
    match resolved(policy(deps, tenant), about.queue).gate:
        case "disposition":
            return ("note", "disposition")
        case "note":
            return ("note",)
        case _:
            return ("note",) if here and about.names & set(here.desk["drafts"]) else ()


def policy(deps: Deps, tenant: str) -> Policy:
    """The tenant's policy."""
    return Policy.model_validate(deps.sites.policy(tenant))


def decide(
    deps: Deps, tenant: str, agent: str, here: StationItem | None, about: Matter, drafts: frozenset[str] = frozenset()
) -> bool:
    """Decide the interaction where it is listed, and settle it where it is owed; pages and edge are told.

    Args:
        deps: Store and ways to the sockets.
        tenant: The agent's tenant.
        agent: Who decides.
        here: The agent's station, if they are logged on.
        about: What is decided.
        drafts: Interactions whose drafts are no more.

    Returns:
        Whether that changed anything.
    """
    if about.owed:
        deps.decisions.settle(tenant, agent, about.owed)
    if here is None:
        return bool(about.owed)
    settled = frozenset(about.names & set(here.owed))
    news = DeskChange(decided=about.listed - here.decided, settled=settled, drafts=drafts)
    done, item = _change(deps, tenant, here, news)
    _settle_decided(deps, tenant, item, about.names)
    return done or bool(about.owed)


def is_gated(item: StationItem) -> bool:
    """Whether an entry that wants something stands undecided."""
    return any(
        each.needs and each.ask != "owe" and each.interaction not in item.owed for each in desk_view.undecided(item)
    )


def debts(entries: Collection[WrapUpEntry]) -> dict[str, dict[str, Any]]:
    """Entries as decisions that are owed."""
    return {
        each.interaction: {
            "call": each.call,
            "since_at": to_rfc3339(each.since_at),
            "needs": list(each.needs),
        }
        for each in entries
    }


def let_go(deps: Deps, tenant: str, here: StationItem, entries: Collection[WrapUpEntry], *, opens: bool) -> bool:
    """Owe these decisions from now on; pages and edge are told.

    Args:
        deps: Store and ways to the sockets.
        tenant: The station's tenant.
        here: The station.
        entries: Of its document, undecided.
        opens: Whether the edge is to drop them, as if they were decided.

    Returns:
        Whether that changed the desk.
    """
    if not entries or here.agent is None:
        return False
    owed = debts(entries)
    deps.decisions.owe(tenant, here.agent, owed)
    names = frozenset(owed)
    new = {interaction: entry for interaction, entry in owed.items() if interaction not in here.owed}
    opened = names - here.decided if opens else frozenset()
    done, item = _change(deps, tenant, here, DeskChange(decided=opened, owed=new))
    if not opens:
        _settle_decided(deps, tenant, item, names)
    return done


def left(deps: Deps, tenant: str, agent: str, before: StationItem, after: StationItem) -> None:
    """The agent has left the station: what is undecided there is owed, and what was decided meanwhile is not.

    Args:
        deps: The store.
        tenant: The agent's tenant.
        agent: Who left.
        before: The station as it was when what was undecided became owed.
        after: As it was left.
    """
    late = debts(desk_view.undecided(after))
    if late:
        deps.decisions.owe(tenant, agent, late)
    owed_then = {each.interaction for each in desk_view.undecided(before)}
    if meanwhile := (owed_then & after.decided) - set(after.owed):
        deps.decisions.settle(tenant, agent, meanwhile)


def _settle_decided(deps: Deps, tenant: str, item: StationItem, names: frozenset[str]) -> None:
    """Deciding and letting go may meet: whoever writes the station second sees both, and the decision counts."""
    both = frozenset(names & item.decided & set(item.owed))
    if both and item.agent:
        deps.decisions.settle(tenant, item.agent, both)
        _change(deps, tenant, item, DeskChange(settled=both))


def _change(deps: Deps, tenant: str, here: StationItem, news: DeskChange) -> tuple[bool, StationItem]:
    if not (news.decided or news.owed or news.settled or news.drafts):
        return False, here
    _prune(deps, tenant, here)
    done, item = deps.decisions.change(tenant, here, news)
    if done:
        posts.desk_changed(deps, tenant, item)
    return done, item


def _prune(deps: Deps, tenant: str, here: StationItem) -> None:
    """What the document no longer lists goes with the next change of the desk: hiding it would cost every event."""
    if over := here.handed.keys() - set(desk_view.handed(here, deps.now_ms())):
        deps.handovers.prune(tenant, here, over)
    if here.doc is None or not (here.decided or here.pops):
        return
    doc = StationDocument.model_validate_json(here.doc)
    interactions, calls = listed(doc)
    decided, pops = here.decided - interactions, set(here.pops) - calls
    if decided or pops:
        deps.decisions.prune(tenant, here, decided, pops)


def listed(doc: StationDocument) -> tuple[frozenset[str], frozenset[str]]:
    """Interactions, merged ones included, and calls that the document lists."""
    names = {name for call in doc.calls for name in (call.interaction, *call.was)}
    interactions = frozenset(names | {each.interaction for each in doc.wrap_up})
    return interactions, frozenset([each.call for each in doc.calls] + [each.call for each in doc.wrap_up])


def newest(owed: Mapping[str, Any], limit: int) -> dict[str, Any]:
    """The newest of many owed decisions, as a desk has room for."""
    ordered = sorted(owed.items(), key=lambda each: (each[1]["since_at"], each[0]))
    return dict(ordered[-limit:])
