"""The page API's socket: every frame of an agent's page, and the end of its socket."""

from __future__ import annotations

from typing import Any

from ringline_cloud import identity
from ringline_cloud.handlers import answers
from ringline_cloud.handlers.answers import OK, Response
from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import commands, context, frames, notes, pages, pop, watching, work, wrap_up
from ringline_cloud.services.deps import Deps
from ringline_core.wire import codec
from ringline_core.wire.codes import ByeCode
from ringline_core.wire.command import PageCommand
from ringline_core.wire.page import (
    ContextRequest,
    NotePut,
    PageBeat,
    PageHello,
    PagesRequest,
    PageState,
    PopMessage,
    Watch,
    WorkBegin,
    WorkEnd,
    WorkTouch,
    WrapUpDone,
)


def handle(event: dict[str, Any], deps: Deps) -> Response:
    """Answer one event of the page API.

    Args:
        event: API Gateway WebSocket event; the authorizer's context says who the agent is.
        deps: Store and ways to the sockets.
    """
    socket = event["requestContext"]["connectionId"]
    match event["requestContext"]["eventType"]:
        case "CONNECT":
            identity.page_of(event)
            return OK
        case "DISCONNECT":
            pages.gone(deps, socket)
            return OK
        case _:
            refuse = answers.page_refusal(event)
            return answers.answered(event, lambda: _route(event, socket, deps), refuse)


def _route(event: dict[str, Any], socket: str, deps: Deps) -> str | None:
    who = identity.page_of(event)
    if deps.now_ms() >= who.expires_at_ms:
        _token_is_over(deps, socket)
        return None
    match codec.decode_from_page(answers.body_of(event)):
        case PageHello() as hello:
            return pages.hello(deps, who, socket, hello)
        case PageBeat() as beat:
            return _beat(deps, who, socket, beat)
        case PageState() as state:
            pages.state(deps, socket, state)
            return None
        case PagesRequest() as asked:
            return pages.listed(deps, who, asked)
        case PageCommand() as command:
            return commands.take(deps, who, socket, command)
        case ContextRequest() as wanted:
            return context.asked(deps, who, wanted)
        case PopMessage() as message:
            return pop.take(deps, who, socket, message)
        case Watch() as message:
            return watching.watch(deps, who, socket, message)
        case message:
            return _at_desk(deps, who, socket, message)


def _at_desk(
    deps: Deps, who: PageIdentity, socket: str, message: NotePut | WrapUpDone | WorkBegin | WorkTouch | WorkEnd
) -> str | None:
    """What an agent does beside the phone."""
    match message:
        case NotePut():
            return notes.put(deps, who, socket, message)
        case WrapUpDone():
            return wrap_up.done(deps, who, message)
        case WorkBegin():
            return work.begin(deps, who, socket, message)
        case WorkTouch():
            return work.touch(deps, who, message)
        case WorkEnd():
            return work.end(deps, who, message)


def _beat(deps: Deps, who: PageIdentity, socket: str, beat: PageBeat) -> str:
    answer, station = pages.beat(deps, who, beat)
    if station is not None:
        deps.pages.post((socket,), station)
    return answer


def _token_is_over(deps: Deps, socket: str) -> None:
    """API Gateway checks identity only when a socket opens; what the token allowed ends with it all the same."""
    deps.pages.post((socket,), frames.bye(ByeCode.TOKEN))
    deps.pages.close(socket)
