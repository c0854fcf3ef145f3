"""What happens in the exchange, as the events that Asterisk 22 tells of it.

The order within one channel is that of recorded sessions; what different channels tell at one moment is told caller
first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from ringline_edge.conformance.exchange.exchange import Exchange
from ringline_edge.conformance.exchange.floor import Leg, Message
from ringline_edge.conformance.fakes.ami.channels import DOWN, RING, RINGING, UP, Channel, Channels
from ringline_edge.conformance.fakes.ami.text import Fields, event

Told = tuple[str, bytes]
"""What an event is about, and its bytes."""

_HANGUP: Final = {
    "normal": ("16", "Normal Clearing"),
    "busy": ("17", "User busy"),
    "no_answer": ("16", "Normal Clearing"),
    "rejected": ("21", "Call Rejected"),
    "abandoned": ("16", "Normal Clearing"),
    "answered_elsewhere": ("26", "Answered elsewhere"),
    "picked_up": ("26", "Answered elsewhere"),
    "not_found": ("1", "Unallocated (unassigned) number"),
    "network": ("38", "Network out of order"),
}
_DIALLED: Final = {"busy": "BUSY", "rejected": "BUSY", "no_answer": "NOANSWER", "network": "CHANUNAVAIL"}
_PASSED: Final = {
    "transfer": ("BlindTransfer", {"by": "Transferer", "other": "Transferee"}),
    "attended": (
        "AttendedTransfer",
        {"by": "OrigTransferer", "second": "SecondTransferer", "other": "Transferee", "target": "TransferTarget"},
    ),
    "pickup": ("Pickup", {"by": "", "target": "Target"}),
}
"""Names of the events, and the prefixes of their channels' headers by what each channel does."""


class Events:
    """Turns what the exchange tells into events.

    Attributes:
        channels: That are up.
        placed: Ids of channels that Originate makes.
    """

    def __init__(self, exchange: Callable[[], Exchange]) -> None:
        """`exchange` is asked for once it is there."""
        self.channels = Channels()
        self._exchange = exchange
        self.placed: set[str] = set()
        self._members: dict[tuple[str, str], tuple[bool, str | None]] = {}
        self._held: dict[str, str | None] = {}
        self._by_action: set[str] = set()

    def by_action(self, leg: str) -> None:
        """What ends this leg now is an action, and no phone."""
        self._by_action.add(leg)

    def of(self, message: Message) -> Iterator[Told]:
        """The events of one change."""
        match message["event"]:
            case "leg":
                yield from self._leg(message["leg"])
            case "agent":
                yield from self._agent(message)
            case "phone":
                state = "NOT_INUSE" if message["in_service"] else "UNAVAILABLE"
                yield message["station"], device_state(f"PJSIP/{message['station']}", state)
            case "transfer" | "attended" | "pickup":
                yield from self._passed(message)

    def forget(self) -> None:
        """The PBX has restarted: no channel is left, and none is told."""
        self.channels.by_leg.clear()

    def _leg(self, ident: str) -> Iterator[Told]:
        leg = self._exchange().floor.legs.get(ident)
        channel = self.channels.by_leg.get(ident)
        if leg is None:
            if channel is not None:
                yield from self._over(channel)
        elif channel is None:
            yield from self._begins(leg)
        else:
            yield from self._moved(channel)

    def _begins(self, leg: Leg) -> Iterator[Told]:
        if leg.role == "monitor":
            return  # who listens in has a channel elsewhere, and never enters the bridge
        picks_up = leg.state == "connected" and leg.station is not None
        if picks_up or (leg.origin and leg.leg not in self.placed):
            yield self._about(self.channels.born(leg, RING, "*8" if picks_up else leg.dialed or "s"), "Newchannel")
            return
        placed = leg.leg in self.placed
        channel = self.channels.born(leg, DOWN, leg.dialed or "s", placed=placed)
        if placed:
            channel.connected = leg.dialed
        caller = None if placed else self._caller(leg)
        if caller is not None:
            channel.linked, channel.connected, channel.dialled_by = caller.linked, caller.leg.number, caller
        yield self._about(channel, "Newchannel")
        if leg.queue and caller is not None:
            channel.queue = leg.queue
            yield self._dial(caller, channel, "AgentCalled", ("Queue", leg.queue))
        if caller is not None:
            yield self._dial(caller, channel, "DialBegin", ("DialString", leg.dialed if leg.outside else leg.station))
        channel.state = RINGING
        yield self._about(channel, "Newstate")

    def _caller(self, leg: Leg) -> Channel | None:
        """Who dials a leg that begins: whose attempt runs in this call."""
        for attempt in self._exchange().calls.attempts.values():
            caller = self._exchange().floor.legs.get(attempt.caller)
            if caller is not None and (caller.call == leg.call or leg.leg in attempt.targets):
                return self.channels.by_leg.get(caller.leg)
        origins = [each for each in self.channels.by_leg.values() if each.leg.call == leg.call and each.leg.origin]
        return origins[0] if origins else None

    def _moved(self, channel: Channel) -> Iterator[Told]:
        leg = channel.leg
        if leg.state == "queued" and channel.queue is None:
            channel.queue, channel.state = leg.queue, UP
            yield self._about(channel, "Newstate")
            yield self._about(channel, "QueueCallerJoin", ("Queue", leg.queue), ("Position", 1), ("Count", 1))
        if leg.bridge != channel.bridge and channel.bridge is not None:
            yield self._bridge(channel, "BridgeLeave", channel.bridge)
            channel.bridge = None
        if leg.state == "connected" or leg.bridge is not None:
            yield from self._answers(channel)
        if leg.bridge is not None and channel.bridge is None:
            channel.bridge = leg.bridge
            yield self._bridge(channel, "BridgeEnter", leg.bridge)
        if (leg.state == "hold") != channel.held:
            channel.held = leg.state == "hold"
            yield self._about(channel, "Hold" if channel.held else "Unhold")

    def _answers(self, channel: Channel) -> Iterator[Told]:
        if channel.state == UP:
            return
        channel.state = UP
        yield self._about(channel, "Newstate")
        if channel.dialled_by is not None:
            yield self._dial(channel.dialled_by, channel, "DialEnd", ("DialStatus", "ANSWER"))

    def _over(self, channel: Channel) -> Iterator[Told]:
        ended: dict[str, Any] = channel.leg.ended or {"cause": "normal", "by": "pbx", "left": "cleared"}
        own = ended["by"] == ("remote" if channel.leg.outside else "agent_phone")
        if own and channel.leg.leg not in self._by_action and ended["left"] == "cleared":
            yield self._about(channel, "HangupRequest", ("Cause", "16"))
        if channel.bridge is not None:
            yield self._bridge(channel, "BridgeLeave", channel.bridge)
        if channel.dialled_by is not None and channel.state != UP:
            status = _DIALLED.get(ended["cause"], "CANCEL")
            yield self._dial(channel.dialled_by, channel, "DialEnd", ("DialStatus", status))
        code, text = _HANGUP.get(ended["cause"], ("16", "Normal Clearing"))
        yield self._about(channel, "Hangup", ("Cause", code), ("Cause-txt", text))
        del self.channels.by_leg[channel.leg.leg]

    def _passed(self, message: Message) -> Iterator[Told]:
        name, prefixes = _PASSED[message["event"]]
        fields: list[tuple[str, object]] = [("Result", "Success")]
        for role, leg in message["roles"].items():
            channel = self.channels.by_leg.get(leg)
            if channel is not None:
                fields += channel.fields(prefixes[role])
        more = [("Extension", message["to"])] if message.get("to") else []
        yield message["event"], event(name, [*fields, *more])

    def _agent(self, message: Message) -> Iterator[Told]:
        station = message["station"]
        now = {each["queue"]: (each["paused"], each["reason"]) for each in message["queues"]}
        before = {queue: state for (who, queue), state in self._members.items() if who == station}
        for queue in before.keys() - now.keys():
            del self._members[station, queue]
            yield station, event("QueueMemberRemoved", member(station, queue, before[queue]))
        for queue, state in now.items():
            self._members[station, queue] = state
            if queue not in before:
                yield station, event("QueueMemberAdded", member(station, queue, state))
            elif before[queue] != state or message["by"] == "agent_phone":
                yield station, event("QueueMemberPause", member(station, queue, state))
        if message["held"] != self._held.get(station):
            self._held[station] = message["held"]
            state_word = "BUSY" if message["held"] else "NOT_INUSE"
            yield station, device_state(f"Custom:ringline-{station}", state_word)

    def _about(self, channel: Channel, name: str, *more: tuple[str, object]) -> Told:
        return channel.leg.leg, event(name, [*channel.fields(), *more])

    def _dial(self, caller: Channel, dialled: Channel, name: str, *more: tuple[str, object]) -> Told:
        return dialled.leg.leg, event(name, [*caller.fields(), *dialled.fields("Dest"), *more])

    def _bridge(self, channel: Channel, name: str, bridge: str) -> Told:
        told = [("BridgeUniqueid", f"b-{bridge}"), ("BridgeType", "basic"), ("BridgeNumChannels", 2)]
        return channel.leg.leg, event(name, [*told, *channel.fields()])


def device_state(device: str, state: str) -> bytes:
    """One DeviceStateChange."""
    return event("DeviceStateChange", [("Device", device), ("State", state)])


def member(station: str, queue: str, state: tuple[bool, str | None]) -> Fields:
    """Headers of a queue's member."""
    paused, reason = state
    return [
        ("Queue", queue),
        ("MemberName", f"Agent {station}"),
        ("Interface", f"PJSIP/{station}"),
        ("StateInterface", f"hint:{station}@agents"),
        ("Membership", "dynamic"),
        ("Penalty", 0),
        ("Paused", int(paused)),
        ("PausedReason", reason or ""),
    ]
