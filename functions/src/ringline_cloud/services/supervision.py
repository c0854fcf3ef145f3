"""What supervisors do to agents' stations: each deed is audited, and the agent is told who did it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import audit, decisions, desk_view, desks, dispatch, frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.person import Person
from ringline_cloud.store.stations import StationItem
from ringline_core.errors import CommandError, ForbiddenError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_core.wire.command import PageCommand

BREAK_GATE, SET_STATE, LOG_OFF = "break_gate", "set_state", "log_off"
TOLD = {
    BREAK_GATE: "{by} has let your wrap-up go; the note is still wanted.",
    SET_STATE: "{by} has set you to {state}.",
    LOG_OFF: "{by} is logging you off.",
}


@dataclass(frozen=True)
class Subject:
    """Somebody who is logged on.

    Attributes:
        agent: Their id.
        item: Their station.
    """

    agent: str
    item: StationItem


def subject(deps: Deps, by: Person, site: str, station: str) -> Subject | None:
    """Who is logged on there, if `by` may act on them; None when nobody is.

    Raises:
        ForbiddenError: A supervisor of another team, or of none.
    """
    item = deps.stations.get(by.tenant, site, station)
    if item is None or item.agent is None:
        return None
    if "admin" not in by.roles:
        own, theirs = (_team(deps, by.tenant, each) for each in (by.agent, item.agent))
        if not own or own != theirs:
            raise ForbiddenError("this agent is not in your team")
    return Subject(item.agent, item)


def break_gate(deps: Deps, by: Person, whom: Subject) -> str:
    """What is undecided becomes owed, and the edge lets the agent go; the deed's id.

    Without an edge it is done all the same: the edge hears of all desks when it is back.
    """
    entries = desk_view.undecided(whom.item)
    decisions.let_go(deps, by.tenant, whom.item, entries, opens=True)
    ident = secrets.token_hex(16)
    _told(deps, by, whom, ident, BREAK_GATE, {"interactions": [each.interaction for each in entries]})
    return ident


def set_state(deps: Deps, by: Person, whom: Subject, state: str, reason: str | None) -> str:
    """Make the agent ready or not ready; the command's id.

    Raises:
        CommandError: No edge leads the site.
    """
    command = PageCommand.model_validate({"id": _new(), "verb": Verb.SET_STATE, "state": state, "reason": reason})
    ident = _send(deps, by, whom, command)
    _told(deps, by, whom, ident, SET_STATE, {"state": state, "reason": reason})
    return ident


def log_off(deps: Deps, by: Person, whom: Subject) -> str:
    """Log the agent off, also in a call; the command's id.

    Raises:
        CommandError: No edge leads the site.
    """
    ident = _send(deps, by, whom, PageCommand(id=_new(), verb=Verb.LOG_OFF, force=True))
    _told(deps, by, whom, ident, LOG_OFF, {})
    return ident


def _team(deps: Deps, tenant: str, agent: str) -> str:
    return str((deps.agents.get(tenant, agent).get("mapping") or {}).get("team", ""))


def _new() -> str:
    return f"supervisor-{secrets.token_hex(12)}"


def _send(deps: Deps, by: Person, whom: Subject, command: PageCommand) -> str:
    """The command goes as the agent's own would: its outcome is about them."""
    who = PageIdentity(by.tenant, whom.agent, str(whom.item.desk["name"]), (), 0)
    seat = (whom.item.site, whom.item.station)
    ends = desks.claim_of(whom.item)
    if dispatch.send(deps, who, None, command, seat, {"by": "supervisor"}, ends) is not None:
        raise CommandError(ErrorCode.EDGE_OFFLINE, dispatch.NO_EDGE)
    return dispatch.edge_command_id(whom.agent, command.id)


def _told(deps: Deps, by: Person, whom: Subject, ident: str, action: str, more: dict[str, Any]) -> None:
    """Audit the deed, and say it to the agent's pages."""
    audit.record(deps, by, whom.agent, whom.item, ident, action, more)
    text = TOLD[action].format(by=by.name, state=str(more.get("state", "")).replace("_", " "))
    posts.to_sockets(deps, whom.item.sockets, frames.notice("warning", f"supervisor_{action}", text))
