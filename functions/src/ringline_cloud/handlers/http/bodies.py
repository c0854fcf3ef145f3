"""What the HTTP API takes and gives, as models; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ringline_core.wire.base import Id, Name, Queue, Station


class Body(BaseModel):
    """A request's body; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Mapping(Body):
    """Where a user sits: their phone, their login at the PBX, and the queues they work for."""

    site: Id
    station: Station
    login: str = Field(default="", max_length=64)
    name: Name = ""
    team: Name = ""
    queues: tuple[Queue, ...] = Field(default=(), max_length=64)
    hot_desk: bool = False


class MappingOf(BaseModel):
    """A mapping and whose it is."""

    user: str
    mapping: Mapping


class Mappings(BaseModel):
    """All mappings of the tenant, by user."""

    items: list[MappingOf]


class Site(Body):
    """A site's own settings."""

    name: Name = ""
    tz: str = Field(default="UTC", max_length=64)


class SiteOf(BaseModel):
    """A site and how its way to the PBX is."""

    site: str
    name: str = ""
    tz: str = "UTC"
    edge: str
    pbx: str
    edges: list[str]


class SitesOf(BaseModel):
    """All sites of the tenant."""

    items: list[SiteOf]


class EnrolmentCode(BaseModel):
    """A one-time code for an edge."""

    code: str
    expires_at: str


class Enrolment(Body):
    """An edge makes itself known."""

    code: str = Field(min_length=1, max_length=128)
    public_key: str = Field(min_length=1, max_length=1024)
    edge: Id


class Enrolled(BaseModel):
    """What an edge must keep."""

    site: str
    edge: str
    kid: str
    audience: str
    socket_url: str


class Ticket(BaseModel):
    """What a page opens its socket with."""

    ticket: str
    url: str
    expires_in_s: int


class Me(BaseModel):
    """The caller, as this deployment knows them."""

    tenant: str
    agent: str
    name: str
    roles: list[str]
    mapping: Mapping | None
    site: str | None
    station: str | None


class InteractionOf(BaseModel):
    """An interaction with its notes (oldest first) and call records."""

    interaction: str
    started_at: str
    agents: list[str]
    notes: list[dict[str, Any]]
    calls: list[dict[str, Any]]
