"""Erasing what is known of a caller, for admins. Numbers come in bodies only: addresses are logged on their way."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field

from ringline_cloud.handlers.http.bodies import Body
from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import erasure, numbers
from ringline_core.errors import InvalidMessageError
from ringline_core.ids import is_id

router = APIGatewayHttpRouter()


class NumberOf(Body):
    """A caller's number; `listed` says whether it is to have no history from now on, or one again."""

    number: str = Field(max_length=64)
    listed: bool | None = None


class Erased(BaseModel):
    """How many interactions were erased; unless `done`, asking again erases the rest."""

    interactions: int
    done: bool


@router.delete("/interactions/<interaction>", status_code=HTTPStatus.NO_CONTENT)
def erase_interaction(interaction: str) -> None:
    """Erase an interaction: notes, hand-overs, dispositions, call records, and its place in every list."""
    by = person_of(router)
    by.require("admin")
    if not is_id(interaction):
        raise InvalidMessageError("interaction: 1-64 of letters, digits, _ and -")
    erasure.interaction(deps_of(router), by, interaction)


@router.post("/numbers:erase")
def erase_number(body: NumberOf) -> Erased:
    """Erase all interactions of a number; with `listed` keep none of it from now on."""
    by = person_of(router)
    by.require("admin")
    count, done = erasure.number(deps_of(router), by, numbers.written(body.number), listed=body.listed)
    return Erased(interactions=count, done=done)
