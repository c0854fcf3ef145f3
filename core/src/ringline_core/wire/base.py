"""What every wire model has in common: frozen, and the scalar types of the contract."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from ringline_core.ids import ID_PATTERN, STATION_PATTERN


class WireModel(BaseModel):
    """Base of all messages and their parts.

    Unknown fields are ignored here; the codec refuses them where the cloud reads, as it must. Numbers that JSON does
    not have (NaN, infinity) are refused everywhere.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        allow_inf_nan=False,
    )


def to_rfc3339(moment: datetime) -> str:
    """`moment` as the contract writes times: RFC 3339, UTC, milliseconds, `Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z"


@functools.lru_cache(maxsize=4096)
def ms_to_rfc3339(epoch_ms: int) -> str:
    """Milliseconds since the epoch as the contract writes times."""
    return to_rfc3339(datetime.fromtimestamp(epoch_ms / 1000, UTC))


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as err:
        raise ValueError("outside of the years 1 to 9999") from err


Instant = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(to_rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A point in time; RFC 3339 with offset in, UTC with milliseconds out."""

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""1-64 of `[A-Za-z0-9_-]`."""

Station = Annotated[str, StringConstraints(pattern=STATION_PATTERN)]
"""A station's number as the PBX knows it."""

TOO_LARGE = "too_large"
"""Type of the validation errors that mean a size limit; the codec tells them as `too_large`."""

MAX_NOTE_BYTES = 16 * 1024
"""Longest note: bytes of UTF-8, not characters."""


def _note_fits(text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > MAX_NOTE_BYTES:
        raise PydanticCustomError(TOO_LARGE, "note exceeds 16 KiB")
    return text


NoteText = Annotated[
    str,
    AfterValidator(_note_fits),
    WithJsonSchema(
        {"type": "string", "maxLength": MAX_NOTE_BYTES, "description": f"At most {MAX_NOTE_BYTES} bytes of UTF-8."}
    ),
]
"""A note, at most 16 KiB of UTF-8."""

Name = Annotated[str, StringConstraints(max_length=120)]
Number = Annotated[str, StringConstraints(max_length=64)]
Queue = Annotated[str, StringConstraints(min_length=1, max_length=80)]
Label = Annotated[str, StringConstraints(max_length=200)]
Reason = Annotated[str, StringConstraints(max_length=64)]
Counter = Annotated[int, Field(ge=0, lt=2**63)]
Data = dict[Annotated[str, StringConstraints(max_length=64)], str | int | float | bool | None]
"""Free key-values of a call, at most 2 KB as JSON (checked where a message carries them)."""
