"""Whom an agent may call or transfer to: the directory with presence."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import directory
from ringline_core.wire.codes import AgentStateName

router = APIGatewayHttpRouter()
MOST = 50


class Colleague(BaseModel):
    """A colleague: where they are logged on, else where they belong, and what they do there."""

    agent: str
    name: str
    station: str
    site: str
    team: str
    state: AgentStateName
    since_at: str | None
    on_call: bool


class Colleagues(BaseModel):
    """Those of the own site first, then by name."""

    items: list[Colleague]


@router.get("/colleagues")
def colleagues(
    q: Annotated[str, Query(max_length=120)] = "", limit: Annotated[int, Query(ge=1, le=MOST)] = MOST
) -> Colleagues:
    """Colleagues whose name, user or station contains `q`, with presence."""
    who = person_of(router)
    who.require("agent", "supervisor", "admin")
    found = directory.colleagues(deps_of(router), who, q, limit)
    return Colleagues(items=[Colleague.model_validate(each) for each in found])
