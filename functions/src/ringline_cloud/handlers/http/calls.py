"""Which calls there were, for agents, supervisors and admins."""

from __future__ import annotations

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import AwareDatetime, BaseModel

from ringline_cloud.handlers.http.bodies import User
from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import calls as service
from ringline_cloud.services import numbers
from ringline_cloud.services.calls import Question
from ringline_core.domain.summary import Outcome
from ringline_core.wire.base import Queue
from ringline_core.wire.codes import Direction

router = APIGatewayHttpRouter()
PAGE, MOST = 50, 100


class Returned(BaseModel):
    """The later call in which the caller was spoken to, by whom and when."""

    call: str
    agent: str | None
    at: str


class CallOf(BaseModel):
    """One call; seconds are rounded to a tenth.

    Attributes:
        cause: Why the leg that made the call ended.
        number: Null where it is withheld.
        agents: Whose phones the call was at; `answered_by` are those who took it, in their order.
        wait_s: Until the first answer, else until the end; from entering the queue where the PBX tells that.
        hold_s: Null where the PBX does not tell; not in `talk_s`.
        transfers: How many.
        consult_of: The call that it consulted about.
        returned: Only for missed and abandoned calls.
    """

    interaction: str
    call: str
    began_at: str
    ended_at: str
    direction: Direction
    queue: str | None
    outcome: Outcome
    cause: str | None
    number: str | None
    name: str | None
    agents: list[str]
    answered_by: list[str]
    stations: list[str]
    wait_s: float
    ring_s: float
    talk_s: float
    hold_s: float | None
    transfers: int
    consult_of: str | None
    returned: Returned | None = None


class CallsOf(BaseModel):
    """Calls, newest first; `next` is for the older ones, and null when there are none."""

    items: list[CallOf]
    next: str | None


@router.get("/calls")
def calls(
    agent: Annotated[User | None, Query()] = None,
    number: Annotated[str | None, Query(max_length=64)] = None,
    queue: Annotated[Queue | None, Query()] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = PAGE,
    before: Annotated[str | None, Query(max_length=512)] = None,
) -> CallsOf:
    """Calls that are over, newest first; `before` is `next` of the page before."""
    by = person_of(router)
    by.require("agent", "supervisor", "admin")
    plain = None if number is None else numbers.written(number)
    asked = Question(agent, plain, queue, outcome and outcome.value, since, until, limit, before)
    found, more = service.asked(deps_of(router), by, asked)
    return CallsOf(items=[CallOf.model_validate(each) for each in found], next=more)
