"""Holds: the reasons for which an agent is kept from calls, and which of them is shown (design, section 5)."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from ringline_core.wire.codes import AgentStateName

PREFIX: Final = "ringline:"


class HoldKind(StrEnum):
    """One reason of ours; the first of several is shown.

    The agent's own hold is not among them: it is the PBX's pause, and stands where the PBX keeps it. It comes after the
    supervisor's and before all others.
    """

    SUPERVISOR = "supervisor"
    GATE = "wrap_up"
    WORK = "work"
    PAGE_LOST = "page_lost"
    MISSED = "missed"
    """Too many calls of queues missed in a row."""

    REJECTED = "rejected"
    """A moment after a call was sent away, else a lone agent is offered the same call again at once."""

    @property
    def reason(self) -> str:
        """As the PBX and the document show it."""
        return PREFIX + self.value

    @property
    def state(self) -> AgentStateName:
        """What an agent who is otherwise ready is shown as."""
        return AgentStateName.WRAP_UP if self is HoldKind.GATE else AgentStateName.NOT_READY


REASONS: Final = frozenset(kind.reason for kind in HoldKind)
"""Reasons by which a hold of ours is known at the PBX."""
