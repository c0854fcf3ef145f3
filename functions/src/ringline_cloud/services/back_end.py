"""Work items that a back end begins, prolongs and ends for an agent of its tenant, as the agent's own page would."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import dispatch, work
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.person import Person
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Stage
from ringline_core.wire.page import WorkBegin, WorkEnd, WorkTouch


def begin(deps: Deps, by: Person, agent: str, message: WorkBegin) -> str:
    """Begin a work item; the command's id. The edge confirms, and the desk shows it.

    Raises:
        CommandError: As the page would be told; `not_logged_on` also for agents of other tenants.
    """
    ident = _ident(by, message.id)
    _checked(work.begin(deps, _agent(by, agent), None, message.model_copy(update={"id": ident})))
    return dispatch.edge_command_id(agent, ident)


def touch(deps: Deps, by: Person, agent: str, message: WorkTouch) -> bool:
    """Prolong a lease; whether nothing changed by it.

    Raises:
        CommandError: As the page would be told.
    """
    return _checked(work.touch(deps, _agent(by, agent), message.model_copy(update={"id": _ident(by, message.id)})))


def end(deps: Deps, by: Person, agent: str, message: WorkEnd) -> bool:
    """End a work item; whether there was none.

    Raises:
        CommandError: As the page would be told.
    """
    return _checked(work.end(deps, _agent(by, agent), message.model_copy(update={"id": _ident(by, message.id)})))


def _agent(by: Person, agent: str) -> PageIdentity:
    return PageIdentity(by.tenant, agent, agent, (), 0)


def _ident(by: Person, ident: str) -> str:
    """Ids are unique for each sender only: a back end's must not meet one of the agent's pages."""
    return hashlib.blake2b(f"back end|{by.agent}|{ident}".encode(), digest_size=16).hexdigest()


def _checked(answer: str | None) -> bool:
    told: dict[str, Any] = json.loads(answer) if answer else {}
    if told.get("stage") == Stage.FAILED:
        code = ErrorCode(told["error"]["code"])
        text = "The agent is not logged on to a phone." if code is ErrorCode.NOT_LOGGED_ON else told["error"]["text"]
        raise CommandError(code, text)
    return bool(told.get("already", False))
