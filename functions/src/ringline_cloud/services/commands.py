"""Commands of pages: authorised by identity and desk, sent once to the edge that leads, answered as far as they come."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ringline_cloud.identity import EdgeIdentity, PageIdentity
from ringline_cloud.services import desks, frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.telemetry import Metric, count
from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Stage, Verb
from ringline_core.wire.command import PageCommand, missing_arguments
from ringline_core.wire.edge import Ack, EdgeResult

NO_EDGE = "The site's connector is not reachable; use the phone."


def take(deps: Deps, who: PageIdentity, socket: str, message: PageCommand) -> str | None:
    """Send a command on; the `result` to answer at once, None when the edge will tell."""
    if missing := missing_arguments(message, message.verb):
        return frames.failed(message.id, ErrorCode.MESSAGE_INVALID, f"{message.verb} needs {', '.join(missing)}.")
    if message.verb is Verb.LOG_ON:
        return desks.log_on(deps, who, socket, message)
    seat = deps.agents.get(who.tenant, who.agent).get("seat")
    if seat is None:
        return frames.failed(message.id, ErrorCode.NOT_LOGGED_ON, "You are not logged on to a phone.")
    if message.station is not None and message.station != seat["station"]:
        return frames.failed(message.id, ErrorCode.FORBIDDEN, "That is not your phone.")
    if message.verb is Verb.LOG_OFF and (refusal := desks.refuse_log_off(deps, who, seat, message)):
        return refusal
    return send(deps, who, socket, message, seat["site"], seat["station"], {})


def send(
    deps: Deps, who: PageIdentity, socket: str, message: PageCommand, site: str, station: str, more: dict[str, Any]
) -> str | None:
    """Post a command to the site's edge; what `take` returns.

    Args:
        deps: Store and ways to the sockets.
        who: The agent.
        socket: Of the page that asks.
        message: The page's command.
        site: Of the station.
        station: The agent's own.
        more: What only the cloud knows: login, queues and name for a log-on.
    """
    edge_id = edge_command_id(who.agent, message.id)
    what = {"agent": who.agent, "id": message.id, "verb": message.verb.value, "station": station, "sockets": {socket}}
    if not deps.commands.begin(who.tenant, site, edge_id, what, deps.now_ms()):
        return _again(deps, who, socket, site, edge_id)
    frame = _edge_frame(message, edge_id, station, deps.now_ms() + message.ttl_ms, more)
    if not posts.to_edge(deps, who.tenant, site, frame):
        count(Metric.EDGE_OFFLINE)
        answer = frames.failed(message.id, ErrorCode.EDGE_OFFLINE, NO_EDGE)
        deps.commands.advance(who.tenant, site, edge_id, Stage.FAILED.value, answer)
        return answer
    count(Metric.COMMAND_SENT)
    return None


def result(deps: Deps, who: EdgeIdentity, message: EdgeResult) -> str:
    """An edge tells how far a command came: keep it, tell the page, finish log-on and log-off; the ack as text."""
    stored = deps.commands.get(who.tenant, who.site, message.id)
    if stored:
        more: dict[str, Any] = {}
        if message.already is not None:
            more["already"] = message.already
        if message.error is not None:
            more["error"] = message.error.model_dump(mode="json")
        frame = frames.result(stored["id"], message.stage.value, **more)
        written = deps.commands.advance(who.tenant, who.site, message.id, message.stage.value, frame)
        if written.applied:
            desks.finish(deps, who, written.item, message)
        posts.to_sockets(deps, written.item.get("sockets", ()), frame)
    return codec.encode(Ack(frame=message.frame))


def edge_command_id(agent: str, ident: str) -> str:
    """The id by which an edge knows a page's command: ids are unique per sender only."""
    return hashlib.blake2b(f"{agent}|{ident}".encode(), digest_size=16).hexdigest()


def _again(deps: Deps, who: PageIdentity, socket: str, site: str, edge_id: str) -> str | None:
    """A repeated id: its stored stage, and this page is told what follows."""
    deps.commands.also_tell(who.tenant, site, edge_id, socket)
    stored = deps.commands.get(who.tenant, site, edge_id)
    return stored.get("outcome")


def _edge_frame(message: PageCommand, edge_id: str, station: str, deadline_ms: int, more: dict[str, Any]) -> str:
    body = json.loads(message.model_dump_json(exclude_none=True, exclude={"ttl_ms", "station"}))
    times = {"station": station, "deadline_at": ms_to_rfc3339(deadline_ms)}
    return codec.compact({**body, "id": edge_id, **times, **more})
