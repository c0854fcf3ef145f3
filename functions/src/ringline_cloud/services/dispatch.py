"""The way down: a command goes once to the edge that leads the site, and its id is remembered for a day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import frames, posts
from ringline_cloud.services.deps import Deps
from ringline_cloud.telemetry import Metric, count
from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import ErrorCode, Stage
from ringline_core.wire.command import PageCommand

NO_EDGE = "The site's connector is not reachable; use the phone."


@dataclass(frozen=True)
class Ahead:
    """What the cloud does ahead of the edge, for a command whose id is new.

    Attributes:
        kept: What to know of it again when the edge has told the outcome; it goes with the command.
        do: Does it, if there is anything to do.
        undo: Takes it back, where no edge could be asked.
    """

    kept: dict[str, Any]
    do: Callable[[], None] = lambda: None
    undo: Callable[[], None] = lambda: None


def send(
    deps: Deps,
    who: PageIdentity,
    socket: str | None,
    message: PageCommand,
    seat: tuple[str, str],
    more: dict[str, Any] | None = None,
    ahead: Ahead | None = None,
) -> str | None:
    """Post a command to the site's edge; the `result` to answer at once, None when the edge will tell.

    Args:
        deps: Store and ways to the sockets.
        who: The agent.
        socket: Of the page that asks; None when no page is to be told.
        message: The page's command.
        seat: Site and station.
        more: What only the cloud knows: login, queues and name for a log-on.
        ahead: What the cloud does before it asks the edge.
    """
    site, station = seat
    edge_id = edge_command_id(who.agent, message.id)
    what: dict[str, Any] = {"agent": who.agent, "id": message.id, "verb": message.verb.value, "station": station}
    what |= ahead.kept if ahead else {}
    if socket:
        what["sockets"] = {socket}
    if not deps.commands.begin(who.tenant, site, edge_id, what, deps.now_ms()):
        return again(deps, who, socket, site, edge_id)
    if ahead:
        ahead.do()
    frame = _edge_frame(message, edge_id, station, deps.now_ms() + message.ttl_ms, more or {})
    if not posts.to_edge(deps, who.tenant, site, frame):
        count(Metric.EDGE_OFFLINE)
        answer = frames.failed(message.id, ErrorCode.EDGE_OFFLINE, NO_EDGE)
        deps.commands.advance(who.tenant, site, edge_id, Stage.FAILED.value, answer)
        if ahead:
            ahead.undo()
        return answer
    count(Metric.COMMAND_SENT)
    return None


def edge_command_id(agent: str, ident: str) -> str:
    """The id by which an edge knows a page's command: ids are unique per sender only."""
    return hashlib.blake2b(f"{agent}|{ident}".encode(), digest_size=16).hexdigest()


def again(deps: Deps, who: PageIdentity, socket: str | None, site: str, edge_id: str) -> str | None:
    """The stored stage of a repeated id, None without one yet; this socket too is told what follows."""
    if socket:
        deps.commands.also_tell(who.tenant, site, edge_id, socket)
    stored = deps.commands.get(who.tenant, site, edge_id)
    return stored.get("outcome")


def _edge_frame(message: PageCommand, edge_id: str, station: str, deadline_ms: int, more: dict[str, Any]) -> str:
    body = json.loads(message.model_dump_json(exclude_none=True, exclude={"ttl_ms", "station"}))
    times = {"station": station, "deadline_at": ms_to_rfc3339(deadline_ms)}
    return codec.compact({**body, "id": edge_id, **times, **more})
