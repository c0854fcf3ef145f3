"""Everything the PBX has up now: channels, the mixes they speak in, and what is known of whole calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ringline_core.domain.facts import Fact, Joined, LegRole, Party
from ringline_core.wire.codes import By
from ringline_edge.adapters.asterisk.channels import Channel, Consult, Naming, is_local, party
from ringline_edge.adapters.asterisk.protocol import Message


@dataclass(slots=True)
class Floor:
    """The state of one translation.

    Attributes:
        channels: Live channels by Uniqueid.
        bridges: Who is in a bridge of the PBX, in the order of entering.
        queue_of: Queue that a call went through, by call.
        transferrer_of: Station that transferred a call last, by call.
        in_call: How many live channels were born in a call.
        placed: Whom a channel that we originate will dial and its call data, by the id we gave it.
        consults: Consultations by the asking agent's channel.
        asking: Those in which somebody may still be called, by the Linkedid that the new channels get.
        answering: What a channel that we originate will pick up, by the id we gave it.
        tells_requests: HangupRequest events come, so a channel that ends without one was ended by the PBX.
    """

    naming: Naming
    channels: dict[str, Channel] = field(default_factory=dict)
    bridges: dict[str, dict[str, None]] = field(default_factory=dict)
    bridge_of: dict[str, str] = field(default_factory=dict)
    halves: dict[str, str] = field(default_factory=dict)
    queue_of: dict[str, str] = field(default_factory=dict)
    transferrer_of: dict[str, str] = field(default_factory=dict)
    in_call: dict[str, int] = field(default_factory=dict)
    placed: dict[str, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    consults: dict[str, Consult] = field(default_factory=dict)
    asking: dict[str, Consult] = field(default_factory=dict)
    answering: dict[str, str] = field(default_factory=dict)
    tells_requests: bool = False

    def find(self, ident: str | None) -> Channel | None:
        """A live channel; None for an unknown or missing id."""
        return self.channels.get(ident) if ident else None

    def of(self, message: Message) -> Channel | None:
        """The channel that an event is about."""
        return self.channels.get(message.get("Uniqueid", ""))

    def seen(self, channel: Channel, message: Message, at_ms: int) -> Iterator[Fact]:
        """What any event of a channel tells besides its own matter: another Linkedid, the configured variables."""
        linked = message.get("Linkedid")
        if linked and linked != channel.call and not (channel.answers and linked == channel.ident):
            yield Joined(channel.call, linked, at_ms)
        channel.take_variables(message.get("ChanVariable", ""))

    def born(self, message: Message, at_ms: int) -> Channel:
        """A channel that was not known before, from any event that describes it."""
        ident, name = message["Uniqueid"], message["Channel"]
        helper = self.naming.is_helper(name)
        station = None if helper else self.naming.station(name)
        own = party(message.get("CallerIDNum"), message.get("CallerIDName"))
        channel = Channel(
            ident,
            name,
            self._call(ident, message),
            at_ms,
            station,
            LegRole.HELPER if helper else LegRole.PARTY,
            own if station is None else Party(station, own.name, own.presentation),
            outside=station is None and not helper and self.naming.is_outside(name),
        )
        self.channels[ident] = channel
        self._ask(channel, message.get("Linkedid", ""))
        self.in_call[channel.call] = self.in_call.get(channel.call, 0) + 1
        return channel

    def _call(self, ident: str, message: Message) -> str:
        """The call that a new channel belongs to: its Linkedid, but for consultations and our own pickups."""
        linked = message.get("Linkedid") or ident
        target = self.find(self.answering.get(ident))
        if target is not None:
            return target.call
        consult = self.asking.get(linked)
        if consult is None:
            return linked
        if consult.link is not None:
            return consult.link.call
        return ident if is_local(message["Channel"]) else linked

    def _ask(self, channel: Channel, linked: str) -> None:
        """Tie a new channel to the consultation that it belongs to, and have it carry what the agent's one carries."""
        consult = self.asking.get(linked)
        if consult is None or not (consult.link or is_local(channel.name)):
            return
        if consult.link is None:
            consult.link, channel.consult = channel, consult
        channel.consult_of = consult.agent.call
        channel.attach({**consult.customer.attached, **consult.agent.attached})

    def move(self, channel: Channel, call: str) -> None:
        """A channel turns out to belong to another call than the one that it seemed to be born in."""
        self._count_out(channel.call)
        channel.call = call
        self.in_call[call] = self.in_call.get(call, 0) + 1

    def mates(self, channel: Channel) -> list[Channel]:
        """Who is in the same bridge of the PBX, Local halves included."""
        inside = self.bridges.get(self.bridge_of.get(channel.ident, ""), {})
        return [self.channels[ident] for ident in inside if ident != channel.ident and ident in self.channels]

    def parties_in(self, mix: str | None) -> list[Channel]:
        """Parties that hear each other in a mix, in the order of their Uniqueids."""
        if mix is None:
            return []
        idents = {ident for bridge in self._connected(mix) for ident in self.bridges.get(bridge, ())}
        found = [self.channels[ident] for ident in sorted(idents) if ident in self.channels]
        return [each for each in found if each.role is LegRole.PARTY]

    def enter(self, channel: Channel, bridge: str) -> Iterator[Channel]:
        """Put a channel into a bridge.

        Yields:
            Other parties whose mix got another name by it.
        """
        before = self.bridge_of.get(channel.ident)
        if before is not None and before != bridge:
            self._take_out(channel, before)
        self.bridges.setdefault(bridge, {})[channel.ident] = None
        self.bridge_of[channel.ident] = bridge
        channel.bridge = bridge if not self.halves else self._mix(bridge)
        if is_local(channel.name):
            yield from self._renamed(bridge)

    def leave(self, channel: Channel, bridge: str | None = None) -> Iterator[Channel]:
        """Take a channel out of `bridge`, or out of whichever it is in; a bridge left long ago changes nothing.

        Yields:
            Other parties whose mix got another name by it.
        """
        present = self.bridge_of.get(channel.ident)
        if present is None or (bridge is not None and bridge != present):
            return
        was = self._connected(present) if self.halves else ()
        del self.bridge_of[channel.ident]
        channel.bridge = None
        self._take_out(channel, present)
        for each in was:
            yield from self._renamed(each)

    def _take_out(self, channel: Channel, bridge: str) -> None:
        inside = self.bridges.get(bridge, {})
        inside.pop(channel.ident, None)
        if not inside:
            self.bridges.pop(bridge, None)

    def pair(self, one: str, two: str) -> Iterator[Channel]:
        """Two Local halves are one wire from now on.

        Yields:
            Parties whose mix got another name by it.
        """
        self.halves[one], self.halves[two] = two, one
        for half in (one, two):
            if half in self.bridge_of:
                yield from self._renamed(self.bridge_of[half])

    def forget(self, channel: Channel) -> None:
        """A channel is gone for good; so is what is known of its call once nobody is in it."""
        if self.channels.pop(channel.ident, None) is None:
            return
        other = self.halves.pop(channel.ident, None)
        if other is not None:
            self.halves.pop(other, None)
        self._count_out(channel.call)

    def _count_out(self, call: str) -> None:
        self.in_call[call] -= 1
        if not self.in_call[call]:
            del self.in_call[call]
            self.queue_of.pop(call, None)
            self.transferrer_of.pop(call, None)

    def ended_by(self, channel: Channel) -> By:
        """Who ended a channel that talked, and did not leave by transfer."""
        if channel.ended_by is not None:
            return channel.ended_by
        return By.PBX if self.tells_requests else By.AGENT_PHONE

    def _connected(self, bridge: str) -> set[str]:
        """All bridges that Local pairs make one with `bridge`."""
        found, ends = {bridge}, [bridge]
        while ends and self.halves:
            for ident in self.bridges.get(ends.pop(), ()):
                there = self.bridge_of.get(self.halves.get(ident, ""))
                if there is not None and there not in found:
                    found.add(there)
                    ends.append(there)
        return found

    def _mix(self, bridge: str) -> str:
        return min(self._connected(bridge))

    def _renamed(self, bridge: str) -> Iterator[Channel]:
        mixes = {each: self._mix(each) for each in self._connected(bridge)}
        for each, mix in mixes.items():
            for ident in self.bridges.get(each, ()):
                channel = self.channels.get(ident)
                if channel is not None and channel.bridge != mix:
                    channel.bridge = mix
                    yield channel
