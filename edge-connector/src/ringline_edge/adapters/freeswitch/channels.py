"""One FreeSWITCH channel, and how it is seen as a leg."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from ringline_core.domain.facts import Ended, Leg, LegRole, Party
from ringline_core.wire.codes import By, LegState, Presentation
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.adapters.freeswitch.protocol import Message, text

_NOTHING: Mapping[str, str] = {}
_HELPERS: Final = ("loopback/", "null/", "error/", "group/")
_UNKNOWN: Final = frozenset({"", "unknown", "0000000000"})
_HIDDEN: Final = frozenset({"anonymous", "restricted", "unavailable", "withheld", "private"})
PLACED_TO, CONSULT_OF = "ringline_to", "ringline_consult_of"
"""Channel variables that we set on a phone that we have rung: whom it will call, and about which call it asks."""

VARIABLE: Final = "variable_"
MICROSECOND_DIGITS: Final = 17
"""Of microseconds since the epoch, for some thousand years."""


@dataclass(slots=True, eq=False)
class Channel:
    """What is known of a channel.

    Attributes:
        ident: Its present Unique-ID; CHANNEL_UUID can change it.
        leg: The Unique-ID it was born with, by which everybody else knows it.
        call: Call it was born in; others are told as joins.
        name: Channel-Name.
        state: As a leg; None while it is not to be seen yet.
        placed: The PBX called this phone to connect it onwards (click-to-dial, consultation).
        up_at_ms: When its phone was picked up; a placed one talks only from `answered_at_ms` on.
        bridge: The mix it is in now.
        mates: Whom it was mixed with last.
        has_left: It transferred its call away.
        transferred_to: Where.
        is_killed: We asked the PBX to end it.
        transfer_source: What it said last of how it was transferred; a new word means a new transfer.
        remote: The other side where its number is hidden, which the other leg alone would not tell.
    """

    ident: str
    leg: str
    call: str
    name: str
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
    up_at_ms: int | None = None
    held_at_ms: int | None = None
    changed_at_ms: int | None = None
    bridge: str | None = None
    mates: tuple[str, ...] = ()
    by: str | None = None
    transferred_by: str | None = None
    has_left: bool = False
    transferred_to: str | None = None
    is_killed: bool = False
    consult_of: str | None = None
    remote: Party | None = None
    transfer_source: str | None = None
    data: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def fact(self, ended: Ended | None = None) -> Leg:
        """The whole present truth of this channel as a leg."""
        return Leg(
            leg=self.leg,
            call=self.call,
            device=self.device,
            state=self.state or LegState.INITIATED,
            started_at_ms=self.started_at_ms,
            station=self.station,
            role=self.role,
            origin=self.origin,
            outside=self.outside,
            own=self.own,
            remote=self.remote,
            dialed=self.dialed,
            queue=self.queue,
            answered_at_ms=self.answered_at_ms,
            held_at_ms=self.held_at_ms,
            changed_at_ms=self.changed_at_ms,
            by=self.by,
            consult_of=self.consult_of,
            transferred_by=self.transferred_by,
            bridge=self.bridge,
            data=self.data,
            ended=ended,
        )

    @property
    def device(self) -> str:
        """The phone: `sofia/internal/1001@192.0.2.7:5060` without what changes from call to call."""
        return self.name.partition("@")[0] or self.ident

    def attach(self, data: Mapping[str, str]) -> None:
        """Call data that came to it."""
        if data:
            self.data = {**self.data, **data}

    def meets(self, mate: Channel) -> None:
        """Whom it is called by, or speaks to from now on."""
        self.remote = mate.own if mate.own.presentation is Presentation.RESTRICTED else None

    def talks(self, at_ms: int, by: By | str | None) -> None:
        """It speaks from now on, or still does."""
        if self.answered_at_ms is None:
            self.answered_at_ms, self.by = at_ms, by
        if self.state is not LegState.HOLD:
            self.state = LegState.CONNECTED


class Naming:
    """How this PBX names stations, helpers and the outside."""

    def __init__(self, config: FreeswitchConfig) -> None:
        """By the site's patterns."""
        self._station = re.compile(config.station)
        self._trunk = re.compile(config.trunk) if config.trunk else None
        self._feature = config.feature_prefix
        self._inbound, self._outbound = config.station_inbound, config.station_outbound
        self._data = VARIABLE + config.data_prefix

    def station(self, value: str) -> str | None:
        """The station of a user name, presence id or agent name; None for everything else."""
        found = self._station.match(value)
        return found[1] if found else None

    def station_of(self, message: Message, *, outbound: bool) -> str | None:
        """The station of a channel's event."""
        headers: Sequence[str] = self._outbound if outbound else self._inbound
        value = next((value for name in headers if (value := text(message, name))), "")
        return self.station(value)

    def is_helper(self, name: str) -> bool:
        """Whether a channel is one of the PBX's own halves."""
        return name.startswith(_HELPERS)

    def is_outside(self, name: str) -> bool:
        """Whether a channel that is neither station nor helper belongs to the outside world."""
        return self._trunk is None or self._trunk.match(name) is not None

    def is_feature(self, number: str | None) -> bool:
        """Whether a dialled number is a feature code."""
        return bool(self._feature and number) and str(number).startswith(self._feature)

    def data(self, message: Message) -> dict[str, str]:
        """Call data in an event's variables: names lose their prefix, values their percent-encoding."""
        prefix, length = self._data, len(self._data)
        # Of two hundred names none or a few are wanted; comparing a slice is half the price of a call.
        named = [name for name in message if name[:length] == prefix]
        return {name[length:]: unquote(value) for name in named if (value := text(message, name)) is not None}


def known(value: str | None) -> str | None:
    """A value of an event, None where FreeSWITCH says that it does not know."""
    return None if value is None or value.lower() in _UNKNOWN else value


def party(number: str | None, name: str | None, *, hidden: bool = False) -> Party:
    """A party from caller id headers."""
    shown = known(number)
    if hidden or (shown is not None and shown.lower() in _HIDDEN):
        return Party(None, None, Presentation.RESTRICTED)
    named = known(name)
    if shown is None:
        return Party(None, named, Presentation.UNKNOWN)
    return Party(shown, None if named == shown else named, Presentation.ALLOWED)


def moment(message: Message, now_ms: int) -> int:
    """When an event happened, in milliseconds by the PBX's clock, which tells microseconds."""
    return stamp(message, "Event-Date-Timestamp") or now_ms


def stamp(message: Message, name: str) -> int | None:
    """A header in microseconds as milliseconds; None where it is missing, no number or zero, which says never."""
    value = text(message, name)
    if value is None or not (value.isascii() and value.isdigit() and len(value) <= MICROSECOND_DIGITS):
        return None
    return int(value) // 1000 or None
