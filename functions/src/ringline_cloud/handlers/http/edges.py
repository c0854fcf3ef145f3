"""The one open route: an edge enrols with its one-time code."""

from __future__ import annotations

from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from ringline_cloud.handlers.http.bodies import Enrolled, Enrolment
from ringline_cloud.handlers.http.caller import deps_of
from ringline_cloud.services import enrolment

router = APIGatewayHttpRouter()


@router.post("/enrolments", status_code=HTTPStatus.CREATED)
def enrol(body: Enrolment) -> Enrolled:
    """Make an edge's public key known; the code is used up."""
    return Enrolled(**enrolment.enrol(deps_of(router), body.code, body.public_key, body.edge))
