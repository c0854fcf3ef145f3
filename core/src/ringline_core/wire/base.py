"""What every wire model has in common: frozen, strict about types, and the scalar types of the contract."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

from ringline_core.ids import ID_PATTERN, STATION_PATTERN


class WireModel(BaseModel):
    """Base of all messages and their parts.

    Unknown fields are ignored here; `codec.decode_strict` refuses them, as the cloud must.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        ser_json_inf_nan="null",
        json_schema_serialization_defaults_required=True,
    )


def to_rfc3339(moment: datetime) -> str:
    """`moment` as the contract writes times: RFC 3339, UTC, milliseconds, `Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


def ms_to_rfc3339(epoch_ms: int) -> str:
    """Milliseconds since the epoch as the contract writes times."""
    return to_rfc3339(datetime.fromtimestamp(epoch_ms / 1000, UTC))


Instant = Annotated[AwareDatetime, PlainSerializer(to_rfc3339, return_type=str, when_used="json")]
"""A point in time; RFC 3339 with offset in, UTC with milliseconds out."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""1-64 of `[A-Za-z0-9_-]`."""

Station = Annotated[str, StringConstraints(pattern=STATION_PATTERN)]
"""A station's number as the PBX knows it."""

Name = Annotated[str, StringConstraints(max_length=120)]
Number = Annotated[str, StringConstraints(max_length=64)]
Queue = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Label = Annotated[str, StringConstraints(max_length=200)]
Reason = Annotated[str, StringConstraints(max_length=64)]
Counter = Annotated[int, Field(ge=0, lt=2**63)]
Data = dict[Annotated[str, StringConstraints(max_length=64)], str | int | float | bool | None]
"""Free key-values of a call, at most 2 KB as JSON (checked by the codec)."""
