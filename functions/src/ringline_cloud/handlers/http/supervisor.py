"""What supervisors do to the stations of their team, admins to all; and what was done, for admins."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from ringline_cloud.handlers.http.bodies import Audit, AuditsOf, Commanded, StateOrder
from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import supervision
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.person import Person
from ringline_cloud.services.supervision import Subject
from ringline_cloud.telemetry import Metric, count
from ringline_core.errors import CommandError
from ringline_core.wire.codec import compact

router = APIGatewayHttpRouter()
PAGE = 50


@router.post("/sites/<site>/stations/<station>/break-gate", status_code=HTTPStatus.ACCEPTED)
def break_gate(site: str, station: str) -> Commanded:
    """What the agent has not decided becomes owed, and calls may come again."""
    deps, by, whom = _called(site, station)
    return Commanded(command=supervision.break_gate(deps, by, whom))


@router.post("/sites/<site>/stations/<station>/set-state", status_code=HTTPStatus.ACCEPTED)
def set_state(site: str, station: str, body: StateOrder) -> Commanded:
    """Make the agent ready or not ready."""
    deps, by, whom = _called(site, station)
    return Commanded(command=supervision.set_state(deps, by, whom, body.state, body.reason))


@router.post("/sites/<site>/stations/<station>/log-off", status_code=HTTPStatus.ACCEPTED)
def log_off(site: str, station: str) -> Commanded:
    """Log the agent off, also in a call."""
    deps, by, whom = _called(site, station)
    return Commanded(command=supervision.log_off(deps, by, whom))


@router.get("/audit")
def audit(
    limit: Annotated[int, Query(ge=1, le=200)] = PAGE, before: Annotated[str | None, Query(max_length=128)] = None
) -> AuditsOf:
    """What supervisors did, newest first; `before` is `next` of the page before."""
    by = person_of(router)
    by.require("admin")
    found = deps_of(router).audits.newest(by.tenant, limit, before)
    more = found[-1]["entry"] if len(found) == limit else None
    return AuditsOf(items=[Audit.model_validate({**each, "by": each["by_whom"]}) for each in found], next=more)


@router.exception_handler(CommandError)  # type: ignore[untyped-decorator]
def refuse_command(err: CommandError) -> Response[str]:
    """The command cannot be sent on now."""
    count(Metric.MESSAGE_REFUSED)
    body = compact({"error": {"code": err.error_code.value, "text": err.text}})
    return Response(status_code=HTTPStatus.CONFLICT, content_type=content_types.APPLICATION_JSON, body=body)


def _called(site: str, station: str) -> tuple[Deps, Person, Subject]:
    by, deps = person_of(router), deps_of(router)
    by.require("supervisor", "admin")
    whom = supervision.subject(deps, by, site, station)
    if whom is None:
        raise NotFoundError("nobody is logged on there")
    return deps, by, whom
