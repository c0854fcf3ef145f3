"""Commands of pages: authorised by identity and desk, and answered as far as they come."""

from __future__ import annotations

from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import calls, desks, dispatch, frames, handovers, posts, work
from ringline_cloud.services.deps import Deps
from ringline_core.wire import codec
from ringline_core.wire.codes import ErrorCode, Stage, Verb
from ringline_core.wire.command import PageCommand, missing_arguments
from ringline_core.wire.edge import Ack, EdgeResult

AHEAD = (Verb.LOG_ON, Verb.LOG_OFF, Verb.TRANSFER, Verb.CONSULT)
"""For these the cloud does, or refuses, something before the edge is asked: not a second time for a repeated id."""


def take(deps: Deps, who: PageIdentity, socket: str, message: PageCommand) -> str | None:
    """Send a command on; the `result` to answer at once, None when the edge will tell."""
    if missing := missing_arguments(message, message.verb):
        return frames.failed(message.id, ErrorCode.MESSAGE_INVALID, f"{message.verb} needs {', '.join(missing)}.")
    agent = deps.agents.get(who.tenant, who.agent)
    seat = agent.get("seat")
    if (seat is None or message.verb in AHEAD) and (site := _site(agent, message.verb)):
        asked = dispatch.edge_command_id(who.agent, message.id)
        if deps.commands.get(who.tenant, site, asked):
            return dispatch.again(deps, who, socket, site, asked)
    if message.verb is Verb.LOG_ON:
        return desks.log_on(deps, who, socket, message)
    if seat is None:
        return frames.failed(message.id, ErrorCode.NOT_LOGGED_ON, "You are not logged on to a phone.")
    if message.station is not None and message.station != seat["station"]:
        return frames.failed(message.id, ErrorCode.FORBIDDEN, "That is not your phone.")
    if message.verb is Verb.LOG_OFF:
        return desks.log_off(deps, who, socket, seat, message)
    if refusal := handovers.refusal(seat, message) or _refuse_to_continue(deps, who, message):
        return refusal
    ahead = handovers.ahead(deps, who, seat, message)
    return dispatch.send(deps, who, socket, message, (seat["site"], seat["station"]), ahead=ahead)


def _refuse_to_continue(deps: Deps, who: PageIdentity, message: PageCommand) -> str | None:
    """A `result` for a call that is to continue an interaction which is not the agent's."""
    if message.verb is not Verb.PLACE or message.interaction is None:
        return None
    if calls.may_continue(deps, who, message.interaction):
        return None
    return frames.failed(message.id, ErrorCode.FORBIDDEN, "You took no part in this interaction.")


def result(deps: Deps, who: EdgeIdentity, message: EdgeResult) -> str:
    """An edge tells how far a command came: keep it, tell the page, finish what hangs on it; the ack as text."""
    stored = deps.commands.get(who.tenant, who.site, message.id)
    if stored:
        frame = _page_result(stored["id"], message)
        written = deps.commands.advance(who.tenant, who.site, message.id, message.stage.value, frame)
        if written.applied or _is_told_again(written.item, frame):
            desks.finish(deps, who, written.item, message)
            if message.stage in (Stage.FAILED, Stage.EXPIRED):
                _undo(deps, who, stored, message.id)
            elif message.stage is Stage.CONFIRMED and stored.get("verb") == Verb.CONSULT:
                handovers.consulting(deps, who, stored)
        posts.to_sockets(deps, written.item.get("sockets", ()), written.item.get("outcome", frame))
    return codec.encode(Ack(frame=message.frame))


def _is_told_again(stored: dict[str, Any], frame: str) -> bool:
    """Whether this is the stored outcome: the function may have died before what hangs on it was finished."""
    return stored.get("outcome") == frame


def _site(agent: dict[str, Any], verb: Verb) -> str | None:
    """Where an earlier command with this id would be known: who has just logged off sits nowhere any more."""
    seat = agent.get("seat") if verb is not Verb.LOG_ON else None
    known = seat or agent.get("mapping") or {}
    return known.get("site")


def _undo(deps: Deps, who: EdgeIdentity, stored: dict[str, Any], ident: str) -> None:
    """What the cloud did ahead of the edge, and nothing came of."""
    if stored.get("verb") == work.BEGIN:
        work.refused_by_edge(deps, who, stored, ident)
    elif "mark" in stored:
        handovers.take_back(deps, who.tenant, who.site, stored)


def _page_result(ident: str, message: EdgeResult) -> str:
    more: dict[str, Any] = {}
    if message.already is not None:
        more["already"] = message.already
    if message.error is not None:
        more["error"] = message.error.model_dump(mode="json")
    return frames.result(ident, message.stage.value, **more)
