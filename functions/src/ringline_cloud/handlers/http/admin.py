"""What an administrator sets up: sites, enrolment codes, mappings."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import TypeAdapter, ValidationError

from ringline_cloud.handlers.http import mappings as files
from ringline_cloud.handlers.http.bodies import (
    EnrolmentCode,
    ImportedMappings,
    ImportOf,
    ImportsOf,
    Mapping,
    MappingOf,
    Mappings,
    RolledBackImport,
    Site,
    SiteOf,
    SitesOf,
    User,
)
from ringline_cloud.handlers.http.caller import deps_of, person_of
from ringline_cloud.services import enrolment
from ringline_cloud.services import mappings as team
from ringline_cloud.services.deps import Deps
from ringline_cloud.services.mappings import How, StationTakenError
from ringline_cloud.services.site_view import site_status
from ringline_cloud.telemetry import Metric, count
from ringline_core.errors import InvalidMessageError
from ringline_core.ids import is_id
from ringline_core.wire import codec

router = APIGatewayHttpRouter()


def _admin() -> tuple[Deps, str]:
    who = person_of(router)
    who.require("admin")
    return deps_of(router), who.tenant


@router.get("/sites")
def sites() -> SitesOf:
    """All sites of the tenant."""
    deps, tenant = _admin()
    return SitesOf(items=[_site(deps, tenant, each) for each in deps.sites.list(tenant)])


@router.get("/sites/<site>")
def site(site: str) -> SiteOf:
    """One site."""
    deps, tenant = _admin()
    return _site(deps, tenant, _known(deps, tenant, site))


@router.put("/sites/<site>")
def put_site(site: str, body: Site) -> SiteOf:
    """Make a site, or change its settings."""
    deps, tenant = _admin()
    if not is_id(site):
        raise InvalidMessageError("site: 1-64 of letters, digits, _ and -")
    deps.sites.put(tenant, site, body.model_dump())
    return _site(deps, tenant, site)


@router.post("/sites/<site>/enrolments", status_code=HTTPStatus.CREATED)
def make_code(site: str) -> EnrolmentCode:
    """A one-time code for an edge of the site, good for an hour."""
    deps, tenant = _admin()
    return EnrolmentCode(**enrolment.make_code(deps, tenant, _known(deps, tenant, site)))


@router.get("/mappings")
def mappings() -> Mappings:
    """All mappings of the tenant."""
    deps, tenant = _admin()
    found = deps.agents.mapped(tenant)
    return Mappings(items=[MappingOf(user=each["who"], mapping=Mapping(**each["mapping"])) for each in found])


@router.get("/mappings/<user>")
def mapping(user: str) -> MappingOf:
    """One user's mapping."""
    deps, tenant = _admin()
    found = deps.agents.get(tenant, user).get("mapping")
    if found is None:
        raise NotFoundError("this user has no mapping")
    return MappingOf(user=user, mapping=Mapping(**found))


@router.put("/mappings/<user>")
def put_mapping(user: str, body: Mapping) -> MappingOf:
    """Map a user to a phone, a PBX login and queues; the login defaults to the station."""
    deps, tenant = _admin()
    known = body.stored()
    team.put(deps, tenant, _user(user), known)
    return MappingOf(user=user, mapping=Mapping(**known))


@router.delete("/mappings/<user>", status_code=HTTPStatus.NO_CONTENT)
def delete_mapping(user: str) -> None:
    """Remove a user's mapping; who is logged on stays so until log-off."""
    deps, tenant = _admin()
    deps.agents.unmap(tenant, user)


@router.post("/mappings:import")
def import_mappings() -> ImportedMappings:
    """Map the users of a CSV file, or say what that would change; refused rows are told by line."""
    deps, tenant = _admin()
    order = files.order_of(router.current_event)
    how = How(person_of(router).agent, order.dry_run, order.replace, order.partial)
    return files.told(team.take_in(deps, tenant, files.read(order.csv), how))


@router.get("/mappings/imports")
def imports() -> ImportsOf:
    """The imports that were applied, newest first."""
    deps, tenant = _admin()
    return ImportsOf(items=[_import(each) for each in deps.agents.imports.newest(tenant)])


@router.post("/mappings/imports/<ident>:rollback")
def roll_back(ident: str) -> RolledBackImport:
    """Bring back what an import replaced, for all users that nobody has changed since."""
    deps, tenant = _admin()
    done = team.roll_back(deps, tenant, ident, person_of(router).agent)
    if done is None:
        raise NotFoundError("there is no such import, or it is no longer kept")
    refused = files.told_refused(done.refused)
    return RolledBackImport(restored=list(done.restored), unchanged=done.unchanged, refused=refused)


@router.exception_handler(StationTakenError)  # type: ignore[untyped-decorator]
def refuse_station(err: StationTakenError) -> Response[str]:
    """Another user has the station by mapping; the text names them."""
    count(Metric.MESSAGE_REFUSED)
    body = codec.compact({"error": {"code": err.code, "text": str(err)[:500]}})
    return Response(status_code=HTTPStatus.CONFLICT, content_type=content_types.APPLICATION_JSON, body=body)


def _known(deps: Deps, tenant: str, site: str) -> str:
    if deps.sites.get(tenant, site) is None:
        raise NotFoundError("there is no such site")
    return site


def _user(user: str) -> str:
    try:
        return TypeAdapter(User).validate_python(user)
    except ValidationError as err:
        raise InvalidMessageError("user: 1-128 characters without blanks and #") from err


def _import(item: dict[str, Any]) -> ImportOf:
    counts = {name: item[name] for name in ("added", "changed", "removed")}
    when = {"at": item["at"], "rolled_back_at": item.get("rolled_back_at")}
    return ImportOf(ident=item["ident"], by=item["by_whom"], **when, **counts)


def _site(deps: Deps, tenant: str, site: str) -> SiteOf:
    config = deps.sites.get(tenant, site) or {}
    lease = deps.leases.get(tenant, site)
    status = site_status(lease, site, config, deps.now_ms())
    shown = {"name": config.get("name", ""), "tz": status["tz"], "edge": status["edge"], "pbx": status["pbx"]}
    return SiteOf(site=site, **shown, edges=sorted(lease.edges))
