"""The edge API's socket: every frame of an edge, and the end of its socket."""

from __future__ import annotations

from typing import Any

from ringline_cloud import identity
from ringline_cloud.handlers import answers
from ringline_cloud.handlers.answers import OK, Response
from ringline_cloud.services import boards, commands, leadership, pages
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.states import States
from ringline_core.wire import codec
from ringline_core.wire.edge import Board, EdgeBeat, EdgeHello, EdgeResult, Records, Release, Snapshot, State


def handle(event: dict[str, Any], deps: Deps, states: States) -> Response:
    """Answer one event of the edge API.

    Args:
        event: API Gateway WebSocket event; the authorizer's context says who the edge is.
        deps: Store and ways to the sockets.
        states: This environment's memory of stations and epochs.
    """
    socket = event["requestContext"]["connectionId"]
    match event["requestContext"]["eventType"]:
        case "CONNECT":
            identity.edge_of(event)
            return OK
        case "DISCONNECT":
            pages.gone(deps, socket)
            return OK
        case _:
            refuse = answers.edge_refusal(event)
            return answers.answered(event, lambda: _route(event, socket, deps, states), refuse)


def _route(event: dict[str, Any], socket: str, deps: Deps, states: States) -> str:
    who = identity.edge_of(event)
    match codec.decode_from_edge(answers.body_of(event)):
        case EdgeHello() as hello:
            answer, epoch = leadership.hello(deps, who, socket, hello)
            states.learn_epoch(who, epoch)
            return answer
        case EdgeBeat() as beat:
            answer, epoch = leadership.beat(deps, who, socket, beat)
            states.learn_epoch(who, epoch)
            return answer
        case State() as state:
            return states.state(who, state)
        case Snapshot() as snapshot:
            return states.snapshot(who, snapshot)
        case Records() as records:
            return states.records(who, records)
        case EdgeResult() as result:
            return commands.result(deps, who, result)
        case Board() as board:
            return boards.take(deps, states, who, board)
        case Release() as release:
            return leadership.release(deps, who, release)
