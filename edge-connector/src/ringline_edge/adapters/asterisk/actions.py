"""What a command is made of: AMI actions, and the situation in which they are chosen. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringline_edge.adapters.asterisk.channels import Channel, Consult
from ringline_edge.adapters.asterisk.floor import Floor
from ringline_edge.adapters.asterisk.members import Member

CLEARING, USER_BUSY = "16", "17"
"""Q.850 causes for drop and reject; a queue takes the latter as a refusal and goes on."""

AUTO_ANSWER: Final = (
    "PJSIP_HEADER(add,Call-Info)=<sip:ringline>;answer-after=0",
    "PJSIP_HEADER(add,Alert-Info)=<http://ringline>;info=alert-autoanswer;delay=0",
)
"""Phones follow one or the other; together they reach most."""


@dataclass(frozen=True, slots=True)
class Action:
    """One AMI action.

    Attributes:
        name: Of the action.
        headers: Its headers; a sequence of values makes a header repeat.
        undo: What takes it back when a later one fails.
        settled: Errors of the PBX that say that there was nothing left to do.
        data: Call data that it sets on its channel.
        cancels: The consultation that it ends.
    """

    name: str
    headers: Mapping[str, str | Sequence[str]]
    undo: Action | None = None
    settled: tuple[str, ...] = ()
    data: Mapping[str, str] = field(default_factory=dict)
    cancels: Consult | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """What the PBX shows when a command comes.

    Attributes:
        floor: What is up.
        members: The station's queue memberships by queue.
        hold: Reason of the hold of ours that pauses the station now.
        paused_by_us: Queues of the station that an earlier command of ours paused, with the reason it gave.
    """

    floor: Floor
    members: Mapping[str, Member]
    paused_by_us: Mapping[str, str] = field(default_factory=dict)
    hold: str | None = None

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Live channels by Uniqueid."""
        return self.floor.channels


def hang_up(channel: Channel, cause: str) -> Action:
    """End a channel."""
    return Action("Hangup", {"Channel": channel.name, "Cause": cause})
