"""Work items of agents, for back ends that hand out e-mails, chats and tasks; the rules are those of pages."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from ringline_cloud.handlers.http.bodies import Body, Commanded, User
from ringline_cloud.handlers.http.caller import anybody_of, deps_of
from ringline_cloud.services import back_end
from ringline_cloud.services.person import WORK, Person
from ringline_core.errors import InvalidMessageError
from ringline_core.wire.base import Id, Label
from ringline_core.wire.page import DEFAULT_LEASE_S, Blocks, Channel, LeaseSeconds, WorkBegin, WorkEnd, WorkTouch

router = APIGatewayHttpRouter()


def _new() -> str:
    return secrets.token_hex(16)


class WorkOrder(Body):
    """An agent begins to work on something, and is kept from calls meanwhile.

    Attributes:
        id: Of this request, unique for each sender; the same one again has no second effect.
    """

    agent: User
    work: Id
    channel: Channel
    label: Label = ""
    blocks: Blocks = ("voice",)
    ttl_s: LeaseSeconds = DEFAULT_LEASE_S
    id: Id = Field(default_factory=_new)


class TouchOrder(Body):
    """The work goes on for `ttl_s` from now."""

    agent: User
    ttl_s: LeaseSeconds = DEFAULT_LEASE_S
    id: Id = Field(default_factory=_new)


class WorkDone(BaseModel):
    """`already`: there was no such work any more."""

    work: str
    already: bool = False


@router.post("/work", status_code=HTTPStatus.ACCEPTED)
def begin_work(body: WorkOrder) -> Commanded:
    """Begin a work item; the agent's pages see it at their desk, and the site's connector keeps calls away."""
    order = WorkBegin(**body.model_dump(exclude={"agent"}))
    return Commanded(command=back_end.begin(deps_of(router), _back_end(), body.agent, order))


@router.post("/work/<work>:touch")
def touch_work(work: str, body: TouchOrder) -> WorkDone:
    """Prolong a work item's lease."""
    order = WorkTouch(id=body.id, work=_id(work), ttl_s=body.ttl_s)
    return WorkDone(work=work, already=back_end.touch(deps_of(router), _back_end(), body.agent, order))


@router.delete("/work/<work>")
def end_work(
    work: str, agent: Annotated[User, Query()], ident: Annotated[Id | None, Query(alias="id")] = None
) -> WorkDone:
    """End a work item; one that is over is no error."""
    order = WorkEnd(id=ident or _new(), work=_id(work))
    return WorkDone(work=work, already=back_end.end(deps_of(router), _back_end(), agent, order))


def _back_end() -> Person:
    who = anybody_of(router)
    who.require(WORK, "admin")
    return who


def _id(text: str) -> str:
    try:
        return TypeAdapter(Id).validate_python(text)
    except ValidationError as err:
        raise InvalidMessageError("work: 1-64 of letters, digits, _ and -") from err
