"""Legs as Asterisk's channels: their names, ids and the headers that every event about one carries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ringline_edge.conformance.exchange.floor import Leg

DOWN, RING, RINGING, UP = "0", "4", "5", "6"
_SAID: Final = {DOWN: "Down", RING: "Ring", RINGING: "Ringing", UP: "Up"}
UNKNOWN: Final = "<unknown>"


@dataclass(slots=True)
class Channel:
    """One leg, as it was told last.

    Attributes:
        leg: The exchange's leg.
        name: Of the channel.
        ident: Its Uniqueid.
        linked: Its Linkedid.
        state: ChannelState.
        bridge: In which it was told to be.
        held: Whether a Hold was told.
        exten: What its dial plan runs.
        connected: Number at the other end, as the channel knows it.
        placed: The PBX called this phone to connect it onwards.
        dialled_by: Channel that dials this one.
    """

    leg: Leg
    name: str
    ident: str
    linked: str
    state: str
    exten: str
    bridge: str | None = None
    held: bool = False
    connected: str | None = None
    placed: bool = False
    dialled_by: Channel | None = None
    queue: str | None = None

    def fields(self, prefix: str = "") -> list[tuple[str, object]]:
        """Headers of an event about this channel; `prefix` where it is not the first one of the event."""
        leg = self.leg
        return [
            (f"{prefix}Channel", self.name),
            (f"{prefix}ChannelState", self.state),
            (f"{prefix}ChannelStateDesc", _SAID[self.state]),
            (f"{prefix}CallerIDNum", leg.number),
            (f"{prefix}CallerIDName", leg.name or UNKNOWN),
            (f"{prefix}ConnectedLineNum", self.connected or UNKNOWN),
            (f"{prefix}ConnectedLineName", UNKNOWN),
            (f"{prefix}Language", "en"),
            (f"{prefix}AccountCode", ""),
            (f"{prefix}Context", "from-trunk" if leg.outside else "phones"),
            (f"{prefix}Exten", self.exten),
            (f"{prefix}Priority", "1"),
            (f"{prefix}Uniqueid", self.ident),
            (f"{prefix}Linkedid", self.linked),
            *((f"{prefix}ChanVariable", f"CTI_{name.upper()}={value}") for name, value in leg.data.items()),
        ]


@dataclass(slots=True)
class Channels:
    """All channels that are up, by the exchange's leg."""

    by_leg: dict[str, Channel] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def born(self, leg: Leg, state: str, exten: str, *, placed: bool = False) -> Channel:
        """A new channel; the first one of a call gives the call its Linkedid."""
        linked = self.linked.setdefault(leg.call, leg.leg)
        device = f"PJSIP/{leg.station}" if leg.station else "PJSIP/trunk"
        channel = Channel(leg, f"{device}-{self.count:08x}", leg.leg, linked, state, exten, placed=placed)
        self.count += 1
        self.by_leg[leg.leg] = channel
        return channel

    def named(self, name: str) -> Channel | None:
        """The channel of that name."""
        return next((each for each in self.by_leg.values() if each.name == name), None)
