"""What is up in the PBX now: channels, their mixes, and what joins them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ringline_core.domain.facts import LegRole, Party
from ringline_core.wire.codes import Presentation
from ringline_edge.adapters.freeswitch.channels import (
    CONSULT_OF,
    PLACED_TO,
    VARIABLE,
    Channel,
    Naming,
    known,
    party,
    stamp,
)
from ringline_edge.adapters.freeswitch.protocol import Message, text

OVER: Final = 4096
"""How many ended channels are remembered, so that no late event raises one from the dead."""

ORIGINATOR: Final = VARIABLE + "originator"
QUEUE, MEMBER = VARIABLE + "cc_queue", VARIABLE + "cc_member_session_uuid"


class Floor:
    """All live channels.

    Attributes:
        naming: How this PBX names things.
        channels: Live channels by their present Unique-ID.
        transferrer_of: Station that sent a channel away, by that channel's present Unique-ID.
    """

    def __init__(self, naming: Naming) -> None:
        """Nobody is up."""
        self.naming = naming
        self.channels: dict[str, Channel] = {}
        self.transferrer_of: dict[str, str] = {}
        self._by_leg: dict[str, Channel] = {}
        self._over: dict[str, None] = {}

    def find(self, ident: str | None) -> Channel | None:
        """A channel by its present Unique-ID."""
        return self.channels.get(ident) if ident else None

    def by_leg(self, leg: str) -> Channel | None:
        """A channel by the id that the model knows it by."""
        return self._by_leg.get(leg)

    def of(self, message: Message, at_ms: int) -> Channel | None:
        """The channel an event is about. Each event tells all of it, so one that was missed so far is found here.

        Returns:
            None for one that is over.

        Raises:
            KeyError: The event names no channel.
        """
        ident = text(message, "Unique-ID")
        if ident is None:
            raise KeyError("Unique-ID")
        found = self.channels.get(ident)
        if found is None and ident not in self._over:
            found = self._born(ident, message, at_ms)
        return found

    def _born(self, ident: str, message: Message, at_ms: int) -> Channel:
        naming, name = self.naming, text(message, "Channel-Name") or ""
        outbound = text(message, "Call-Direction") == "outbound"
        station = naming.station_of(message, outbound=outbound)
        helper = naming.is_helper(name)
        told = self._caller(message) if outbound else None
        caller = self.find(told)
        channel = Channel(
            ident,
            ident,
            # A caller who has left already, by a transfer say, still names the call.
            caller.call if caller else told or self._call(ident, message),
            name,
            stamp(message, "Caller-Channel-Created-Time") or at_ms,
            None if helper else station,
            LegRole.HELPER if helper else LegRole.PARTY,
            self._own(message, station, outbound=outbound),
            outside=station is None and not helper and naming.is_outside(name),
            queue=text(message, QUEUE),
        )
        if outbound:
            self._is_rung(channel, caller, message)
        else:
            self._calls(channel, message)
        channel.attach(naming.data(message))
        self.channels[ident] = self._by_leg[ident] = channel
        return channel

    def _caller(self, message: Message) -> str | None:
        """Who had this channel rung: a caller by the dial plan, or a member of a queue."""
        if text(message, "Other-Type") == "originator":
            return text(message, "Other-Leg-Unique-ID")
        return text(message, ORIGINATOR) or text(message, MEMBER)

    def _call(self, ident: str, message: Message) -> str:
        """Channel-Call-UUID is of use at birth only: it changes with every bridge."""
        told = self.find(text(message, "Channel-Call-UUID"))
        return told.call if told else ident

    def _own(self, message: Message, station: str | None, *, outbound: bool) -> Party:
        name = text(message, "Caller-Callee-ID-Name" if outbound else "Caller-Caller-ID-Name")
        if station is not None:
            named = known(name)
            shown = None if named in (None, station, "Outbound Call", "Extension " + station) else named
            return Party(station, shown, Presentation.ALLOWED)
        if outbound:
            number = text(message, "Caller-Callee-ID-Number") or text(message, "Caller-Destination-Number")
            return party(number, None if name == "Outbound Call" else name)
        hidden = text(message, "Caller-Privacy-Hide-Number") == "true"
        return party(text(message, "Caller-Caller-ID-Number"), name, hidden=hidden)

    def _is_rung(self, channel: Channel, caller: Channel | None, message: Message) -> None:
        channel.consult_of = text(message, VARIABLE + CONSULT_OF)
        if caller is not None:
            channel.dialed, channel.queue = caller.dialed, channel.queue or caller.queue
            channel.consult_of = channel.consult_of or caller.consult_of
            channel.transferred_by = self.transferrer_of.get(caller.ident)
            channel.attach(caller.data)
            channel.meets(caller)
        elif channel.station is not None and self._caller(message) is None:
            # Nobody dialled it: the PBX rings this phone to connect it onwards.
            channel.placed = channel.origin = True
            channel.dialed = text(message, VARIABLE + PLACED_TO)

    def _calls(self, channel: Channel, message: Message) -> None:
        channel.origin = True
        channel.dialed = known(text(message, "Caller-Destination-Number"))
        if channel.station is not None and self.naming.is_feature(channel.dialed):
            channel.role = LegRole.HELPER

    def renamed(self, old: str, new: str) -> None:
        """A channel got another Unique-ID; for everybody else it stays the leg it was."""
        channel = self.channels.pop(old, None)
        if channel is None:
            return
        channel.ident = new
        self.channels[new] = channel
        self._over[old] = None
        if old in self.transferrer_of:
            self.transferrer_of[new] = self.transferrer_of.pop(old)

    def forget(self, channel: Channel) -> None:
        """A channel is gone for good."""
        self.channels.pop(channel.ident, None)
        self._by_leg.pop(channel.leg, None)
        self.transferrer_of.pop(channel.ident, None)
        self._over[channel.ident] = None
        while len(self._over) > OVER:
            del self._over[next(iter(self._over))]

    def keep(self, idents: Mapping[str, object]) -> None:
        """Whoever is not in the PBX's list is over."""
        for channel in [each for each in self.channels.values() if each.ident not in idents]:
            self.forget(channel)

    def parties_in(self, bridge: str | None) -> list[Channel]:
        """Parties that hear each other in a mix."""
        if bridge is None:
            return []
        return [each for each in self.channels.values() if each.bridge == bridge and each.role is LegRole.PARTY]

    def rung_in(self, call: str) -> list[Channel]:
        """Who is rung in a call and has not answered."""
        called = (each for each in self.channels.values() if each.call == call and not each.origin)
        return [each for each in called if each.answered_at_ms is None]

    def far(self, channel: Channel) -> Channel | None:
        """Whom a channel speaks to, or spoke to last and who is still up."""
        return next((found for each in channel.mates if (found := self.find(each)) is not None), None)
