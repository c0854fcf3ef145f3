"""One Asterisk channel, and how it is seen as a leg."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ringline_core.domain.facts import Ended, Leg, LegRole, Party
from ringline_core.wire.codes import By, LegState, Presentation
from ringline_edge.adapters.asterisk.protocol import REPEATED

_NOTHING: Mapping[str, str] = {}
_HELPERS: Final = (
    "Local/", "Announcer/", "CBAnn/", "CBRec/", "Recorder/", "Message/", "Surrogate/", "Snoop/", "Bridge/",
)  # fmt: skip
_UNKNOWN: Final = frozenset({"", "<unknown>", "unknown", "s"})
_HIDDEN: Final = frozenset({"anonymous", "restricted", "unavailable", "withheld"})
VARIABLE_PREFIX: Final = "CTI_"


@dataclass(slots=True, eq=False)
class Channel:
    """What is known of a channel.

    Attributes:
        ident: Its Uniqueid.
        call: Linkedid at birth; later ones are told as joins.
        state: As a leg; None while it is not to be seen yet.
        placed: The PBX called this phone to connect it onwards (click-to-dial).
        up_at_ms: When its phone was picked up; it talks only from `answered_at_ms` on.
        bridge: The mix it is in; bridges that a Local pair connects are one mix.
        ended_by: Who ended its part, as far as requests tell.
        has_left: It transferred its call away.
        dialing: Channels that it dials now.
        dial_status: First DialEnd that named it as the dialled one.
        far_status: Last DialEnd of something that it dialled, other than an answer.
        picks_up: It took what rang elsewhere, by a feature code perhaps, and is about to speak.
        picker: Station or number that picked up what rang here.
        consulted_by: Channel that asked it something while its caller is on hold (AMI's own attended transfer).
        attached: Call data that we set on it ourselves; channels that it dials inherit it.
        consult: The consultation that it leads to, as first half of its Local pair.
        is_apart: Its customer waits elsewhere while it consults: whom it hears now is no part of its own call.
        consult_of: Call that it is asked about.
        rings_on: Whoever rings here hung up only to have the customer ring here.
        answers: What rings at the own phone and this channel is to pick up; it belongs to that one's call.
    """

    ident: str
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
    remote: Party | None = None
    dialed: str | None = None
    queue: str | None = None
    queued_at_ms: int | None = None
    answered_at_ms: int | None = None
    up_at_ms: int | None = None
    held_at_ms: int | None = None
    changed_at_ms: int | None = None
    bridge: str | None = None
    by: str | None = None
    transferred_by: str | None = None
    transferred_to: str | None = None
    has_left: bool = False
    dialing: set[str] = field(default_factory=set)
    dial_status: str | None = None
    far_status: str | None = None
    ended_by: By | None = None
    is_picked_up: bool = False
    picks_up: bool = False
    picker: str | None = None
    consulted_by: str | None = None
    variables: str = ""
    data: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    attached: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    consult: Consult | None = None
    is_apart: bool = False
    consult_of: str | None = None
    rings_on: bool = False
    answers: str | None = None

    def leg(self, ended: Ended | None = None) -> Leg:
        """The whole present truth of this channel as a leg."""
        leg = Leg(
            leg=self.ident,
            call=self.call,
            device=self.name.rpartition("-")[0] or self.name,
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
            queued_at_ms=self.queued_at_ms,
            answered_at_ms=self.answered_at_ms,
            held_at_ms=self.held_at_ms,
            changed_at_ms=self.changed_at_ms,
            by=self.by,
            consult_of=self.consult_of,
            transferred_by=self.transferred_by,
            bridge=None if self.is_apart else self.bridge,
            data=self.data,
            ended=ended,
        )
        return leg if self.consult is None else self._consulting(leg, self.consult.agent)

    def _consulting(self, leg: Leg, agent: Channel) -> Leg:
        """This half as the agent's leg in the consultation."""
        return replace(
            leg,
            device=agent.name.rpartition("-")[0] or agent.name,
            station=agent.station,
            role=LegRole.PARTY,
            own=agent.own,
            # Once the agent has left, this half may join the two others before the agent's hang-up is told.
            bridge=self.bridge if self.bridge == agent.bridge else None,
            remote=party(self.dialed, None) if self.answered_at_ms is None else None,
        )

    def take_variables(self, variables: str) -> bool:
        """Call data from the configured channel variables; what was attached under other names stays.

        Returns:
            Whether they are others than before.
        """
        if not variables or variables == self.variables:
            return False
        self.variables = variables
        self.data = {**self.data, **data_of(variables)}
        return True

    def attach(self, data: Mapping[str, str]) -> None:
        """Call data that we set, or that the channel which dials this one carries."""
        self.attached = {**self.attached, **data}
        self.data = {**self.data, **data}


@dataclass(slots=True, eq=False)
class Consult:
    """One consultation.

    Attributes:
        agent: Channel of the phone that asks.
        customer: Channel that waits meanwhile; a Local half where the customer came by an earlier consultation.
        link: First half of the Local pair to whoever is asked; None before it is born, and once it is over.
        is_alone: The customer has hung up.
        is_passed_on: The agent hung up before the answer, and the customer is sent there alone.
        is_cancelled: We were asked to end it and to bring the customer back.
    """

    agent: Channel
    customer: Channel
    link: Channel | None = None
    is_alone: bool = False
    is_passed_on: bool = False
    is_cancelled: bool = False

    @property
    def all(self) -> tuple[Channel, ...]:
        """The channels that it is made of."""
        return (self.agent, self.customer) if self.link is None else (self.agent, self.customer, self.link)


class Naming:
    """How this PBX names stations, helpers and the outside."""

    def __init__(
        self, station_pattern: str, feature_prefix: str, trunk_pattern: str = "", consult_context: str = ""
    ) -> None:
        """`station_pattern` has the station in group 1; without `trunk_pattern` all that is unknown is outside."""
        self._consult = consult_context
        self._station = re.compile(station_pattern)
        self._trunk = re.compile(trunk_pattern) if trunk_pattern else None
        self._feature = feature_prefix

    def station(self, name: str) -> str | None:
        """The station of a channel, interface or device name; None for everything else."""
        found = self._station.match(name)
        return found[1] if found else None

    def is_helper(self, name: str) -> bool:
        """Whether a channel is one of the PBX's own halves and announcers."""
        return name.startswith(_HELPERS)

    def is_outside(self, name: str) -> bool:
        """Whether a channel that is neither station nor helper belongs to the outside world."""
        return self._trunk is None or self._trunk.match(name) is not None

    def is_consult(self, context: str) -> bool:
        """Whether a dial plan context is the one for consultations."""
        return bool(self._consult) and context == self._consult

    def is_feature(self, number: str) -> bool:
        """Whether a dialled number is a feature code."""
        return bool(self._feature) and number.startswith(self._feature)


def is_local(name: str) -> bool:
    """Whether a channel is one half of a Local pair, `...;1` or `...;2`."""
    return name.startswith("Local/")


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


def data_of(variables: str) -> dict[str, str]:
    """Call data from channel variables; names lose their `CTI_` and become small, empty values are left out."""
    pairs = (line.partition("=") for line in variables.split(REPEATED))
    return {name.removeprefix(VARIABLE_PREFIX).lower(): value for name, _, value in pairs if value}
