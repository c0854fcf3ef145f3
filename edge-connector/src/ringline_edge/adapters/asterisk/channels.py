"""One Asterisk channel, and how it is seen as a leg."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ringline_core.domain.facts import Ended, Leg, LegRole, Party
from ringline_core.wire.codes import By, LegState, Presentation

_NOTHING: Mapping[str, str] = {}
_HELPERS = ("Local/", "Announcer/", "CBAnn/", "CBRec/", "Recorder/", "Message/", "Surrogate/", "Snoop/", "Bridge/")
_UNKNOWN = frozenset({"", "<unknown>", "unknown", "s"})
_HIDDEN = frozenset({"anonymous", "restricted", "unavailable", "withheld"})


@dataclass(slots=True)
class Channel:
    """What is known of a channel.

    Attributes:
        call: Linkedid at birth; later ones are told as joins.
        state: As a leg; None while it is not to be seen yet.
        placed: Our own Originate made it.
        dialing: Channels that it dials now.
        dial_status: First DialEnd that named it as the dialled one.
        asked_to_hang_up: Who ended it, as far as the requests tell.
        picker: Channel that picked up what rang here.
    """

    channel: str
    name: str
    call: str
    started_at_ms: int
    station: str | None
    role: LegRole
    own: Party
    state: LegState | None = None
    origin: bool = False
    placed: bool = False
    outside: bool = False
    dialed: str | None = None
    queue: str | None = None
    answered_at_ms: int | None = None
    held_at_ms: int | None = None
    bridge: str | None = None
    by: str | None = None
    consult_of: str | None = None
    transferred_by: str | None = None
    transferred_to: str | None = None
    has_left: bool = False
    dialing: set[str] = field(default_factory=set)
    dial_status: str | None = None
    asked_to_hang_up: By | None = None
    picker: str | None = None
    data: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def leg(self, ended: Ended | None = None) -> Leg:
        """The whole present truth of this channel as a leg."""
        return Leg(
            leg=self.channel,
            call=self.call,
            device=self.name.rpartition("-")[0] or self.name,
            state=self.state or LegState.INITIATED,
            started_at_ms=self.started_at_ms,
            station=self.station,
            role=self.role,
            origin=self.origin,
            outside=self.outside,
            own=self.own,
            dialed=self.dialed,
            queue=self.queue,
            answered_at_ms=self.answered_at_ms,
            held_at_ms=self.held_at_ms,
            by=self.by,
            consult_of=self.consult_of,
            transferred_by=self.transferred_by,
            bridge=self.bridge,
            data=self.data,
            ended=ended,
        )


class Naming:
    """How this PBX names stations, helpers and the outside."""

    def __init__(self, station_pattern: str, feature_prefix: str) -> None:
        """`station_pattern` has the station in group 1."""
        self._station = re.compile(station_pattern)
        self._feature = feature_prefix

    def station(self, name: str) -> str | None:
        """The station of a channel, interface or device name; None for everything else."""
        found = self._station.match(name)
        return found[1] if found else None

    def is_helper(self, name: str) -> bool:
        """Whether a channel is one of the PBX's own halves and announcers."""
        return name.startswith(_HELPERS)

    def is_feature(self, number: str) -> bool:
        """Whether a dialled number is a feature code."""
        return bool(self._feature) and number.startswith(self._feature)


def known(value: str | None) -> str | None:
    """A value of AMI, None where Asterisk says that it does not know."""
    return None if value is None or value in _UNKNOWN else value


def party(number: str | None, name: str | None) -> Party:
    """A party from AMI's caller id fields."""
    shown = known(number)
    if shown is None:
        return Party(None, known(name), Presentation.UNKNOWN)
    if shown.lower() in _HIDDEN:
        return Party(None, None, Presentation.RESTRICTED)
    return Party(shown, known(name), Presentation.ALLOWED)


def data_of(variables: str) -> Mapping[str, str]:
    """Call data from the configured channel variables; names lose their `CTI_` and become small."""
    pairs = (line.partition("=") for line in variables.split("\n"))
    return {name.removeprefix("CTI_").lower(): value for name, _, value in pairs if value and name.startswith("CTI_")}
