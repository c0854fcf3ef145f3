"""What the HTTP API takes and gives, as models; the OpenAPI document is made from them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ringline_core.wire.base import Id, Name, Queue, Reason, Station

User = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20#\x7f]{1,128}$")]
"""What a token may name a user: no blanks, no `#`."""


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

    def stored(self) -> dict[str, Any]:
        """As the table keeps it; the login is the station's number unless it says otherwise."""
        return {**self.model_dump(mode="json"), "login": self.login or self.station}


class MappingOf(BaseModel):
    """A mapping and whose it is."""

    user: str
    mapping: Mapping


class Mappings(BaseModel):
    """All mappings of the tenant, by user."""

    items: list[MappingOf]


class MappingRow(Mapping):
    """A row of a file of mappings."""

    user: User

    def mapping(self) -> Mapping:
        """All but whose it is."""
        return Mapping.model_construct(**{name: getattr(self, name) for name in Mapping.model_fields})


class ImportOrder(Body):
    """A file of mappings, and what to do with it.

    Attributes:
        csv: The file.
        dry_run: Only say what would change.
        replace: Users whom the file does not name lose their mapping.
        partial: Refused lines do not keep the others from being applied.
    """

    csv: str
    dry_run: bool = False
    replace: bool = False
    partial: bool = False


class MappingChange(BaseModel):
    """A user whose mapping changes."""

    user: str
    before: Mapping
    after: Mapping


class RefusedLine(BaseModel):
    """A line of a file, or a user, that was refused."""

    line: int | None = None
    user: str | None = None
    reason: str


class ImportedMappings(BaseModel):
    """What a file of mappings changed or, if `applied` is false, would change.

    Attributes:
        unchanged: How many lines were true already.
        without_queues: Of the added and changed ones, those who will be called directly only.
        ident: Of the import, as `import`; for the way back.
    """

    added: list[MappingOf]
    changed: list[MappingChange]
    removed: list[MappingOf]
    unchanged: int
    refused: list[RefusedLine]
    without_queues: list[str]
    applied: bool
    ident: str | None = Field(default=None, serialization_alias="import")


class ImportOf(BaseModel):
    """An import that was applied; numbers are of users."""

    ident: str = Field(serialization_alias="import")
    at: str
    by: str
    added: int
    changed: int
    removed: int
    rolled_back_at: str | None


class ImportsOf(BaseModel):
    """The imports of the last 30 days, newest first, at most 100."""

    items: list[ImportOf]


class RolledBackImport(BaseModel):
    """Whom the way back restored; `unchanged` were as before already."""

    restored: list[str]
    unchanged: int
    refused: list[RefusedLine]


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


def _not_ours(reason: str) -> str:
    if reason.startswith("ringline:"):
        raise ValueError("reasons that begin with ringline: are set by Ringline itself")
    return reason


class StateOrder(Body):
    """A supervisor makes an agent ready or not; reasons of our own making are not theirs to give."""

    state: Literal["ready", "not_ready"]
    reason: Annotated[Reason, AfterValidator(_not_ours)] | None = None


class Commanded(BaseModel):
    """The id of what was sent on."""

    command: str


class Audit(BaseModel):
    """What a supervisor or admin did, when, and to whom; what was erased has no station and agent."""

    at: str
    by: str
    action: str
    site: str | None = None
    station: str | None = None
    agent: str | None = None
    command: str = Field(validation_alias="command_id")
    state: str | None = None
    reason: str | None = None
    interactions: list[str] = []


class AuditsOf(BaseModel):
    """Deeds, newest first; `next` is for the older ones."""

    items: list[Audit]
    next: str | None


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
