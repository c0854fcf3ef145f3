"""What a fact changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ringline_core.domain.record import CallRecordDraft


@dataclass(frozen=True, slots=True)
class Changes:
    """What a fact changed.

    Attributes:
        stations: Stations whose document is another one now, each with the call ids for `rang`.
        records: Records of calls that ended.
    """

    stations: Mapping[str, frozenset[str]] = field(default_factory=dict)
    records: tuple[CallRecordDraft, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.stations or self.records)


NOTHING = Changes()
