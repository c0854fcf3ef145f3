"""Numbers in E.164 at the rim of the adapters: what a PBX shows on its way up, what a page asks for on its way down.

Only with a region configured; without one, numbers are as the PBX shows them, and are dialled as given.
"""

from __future__ import annotations

import importlib
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ringline_core.domain.facts import Fact
from ringline_core.wire.command import EdgeCommand

_PLAN = "ringline_edge.numbers.plan"
"""Loaded only where a region is set: the numbering plans take 7 MB."""


class NumbersTable(BaseModel):
    """`[numbers]`: the site's place in the world's numbering.

    Attributes:
        region: Two letters of the country whose national numbers are dialled here; empty: numbers stay as they are.
        outside_prefix: What is dialled here to get an outside line; empty for none.
        longest_extension: Numbers of so many digits or fewer are this site's own, or short codes.
        dial: How the PBX wants outside numbers: `e164` (+4420…), or `national`: as a phone here dials them (020…,
            00…), after `outside_prefix`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    region: str = ""
    outside_prefix: str = Field(default="", pattern=r"^[0-9]{0,4}$")
    longest_extension: int = Field(default=6, ge=1, le=9)
    dial: Literal["e164", "national"] = "e164"

    @field_validator("region")
    @classmethod
    def _is_region(cls, value: str) -> str:
        if value and value not in importlib.import_module(_PLAN).REGIONS:
            raise ValueError("no region of the world's numbering plans; two capital letters, GB for instance")
        return value


class Numbers(Protocol):
    """The numbers of one site."""

    def fact(self, fact: Fact) -> Fact:
        """The fact with the numbers of outside parties as they are to be shown."""
        ...

    def dialled_shown(self, number: str) -> str:
        """A number as dialled here, as facts show it."""
        ...

    def command(self, command: EdgeCommand) -> EdgeCommand:
        """The command with its target as the PBX is to dial it.

        Raises:
            CommandError: `number_invalid`, it has letters or other things that nobody can dial.
        """
        ...


class AsGiven:
    """Leaves every number as it is."""

    def dialled_shown(self, number: str) -> str:
        """See `Numbers.dialled_shown`."""
        return number

    def fact(self, fact: Fact) -> Fact:
        """See `Numbers.fact`."""
        return fact

    def command(self, command: EdgeCommand) -> EdgeCommand:
        """See `Numbers.command`; the adapter refuses what its PBX cannot dial."""
        return command


def of(table: NumbersTable) -> Numbers:
    """The numbers of the site that `table` describes."""
    if not table.region:
        return AsGiven()
    made: Any = importlib.import_module(_PLAN).DialPlan(table)
    return made  # type: ignore[no-any-return]
