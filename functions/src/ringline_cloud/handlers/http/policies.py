"""The tenant's policy object (contract, sections 6 and 7)."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import policies as told
from ringline_core.wire import codec
from ringline_core.wire.policy import Policy

router = APIGatewayHttpRouter()


@router.get("/policies")
def policies() -> dict[str, Any]:
    """The tenant's policy object."""
    who = person_of(router)
    who.require("admin")
    return deps_of(router).sites.policy(who.tenant)


@router.put("/policies")
def put_policies() -> dict[str, Any]:
    """Replace the tenant's policy object; who is logged on is under it at once."""
    who = person_of(router)
    who.require("admin")
    policy = codec.decode_body(Policy, router.current_event.body or "")
    return told.put(deps_of(router), who.tenant, policy)
