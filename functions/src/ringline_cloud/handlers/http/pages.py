"""What a page asks before and beside its socket: ticket, who am I, one interaction."""

from __future__ import annotations

import json
from http import HTTPStatus

from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter

from ringline_cloud.handlers.http.bodies import InteractionOf, Mapping, Me, Ticket
from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import calls, context, tickets
from ringline_cloud.store.interactions import is_erased
from ringline_core.errors import ForbiddenError

router = APIGatewayHttpRouter()


@router.post("/tickets", status_code=HTTPStatus.CREATED)
def make_ticket() -> Ticket:
    """A ticket for one socket, good for 30 seconds."""
    who = person_of(router)
    who.require("agent", "supervisor", "admin")
    return Ticket(**tickets.issue(deps_of(router), who))


@router.get("/me")
def me() -> Me:
    """The caller, their mapping, and where they are logged on."""
    who = person_of(router)
    found = deps_of(router).agents.get(who.tenant, who.agent)
    seat = found.get("seat") or {}
    mapping = Mapping(**found["mapping"]) if "mapping" in found else None
    names = {"tenant": who.tenant, "agent": who.agent, "name": who.name, "roles": list(who.roles)}
    return Me(**names, mapping=mapping, site=seat.get("site"), station=seat.get("station"))


@router.get("/interactions/<interaction>")
def interaction(interaction: str) -> InteractionOf:
    """An interaction with notes and call records, for those who may see its calls in `GET /calls`."""
    who, deps = person_of(router), deps_of(router)
    head = deps.interactions.head(who.tenant, interaction)
    if head is None or is_erased(head) or not calls.may_see(deps, who, interaction, head):
        raise ForbiddenError("there is no such interaction, or you may not see it")
    records = deps.interactions.records(who.tenant, interaction)
    return InteractionOf(
        interaction=interaction,
        started_at=head["started_at"],
        agents=sorted(head.get("agents", ())),
        notes=context.notes(deps, who.tenant, interaction, who.agent),
        calls=[{"call": call, "record": json.loads(record)} for call, record in records],
    )
