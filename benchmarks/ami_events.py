"""AMI events as Asterisk 18-22 writes them: names, headers and their order, for streams that nobody recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

END: Final = "bench-end"
"""Uniqueid of the event that ends a stream; a Hangup, since every client wants those."""

_STATES: Final = {0: "Down", 4: "Ring", 5: "Ringing", 6: "Up"}
_CALL, _AGENT = "call,all", "agent,all"
_DEVICE_STATES: Final = {
    "NOT_INUSE": "Status: 0\r\nStatusText: Idle\r\n",
    "INUSE": "Status: 1\r\nStatusText: InUse\r\n",
    "RINGING": "Status: 8\r\nStatusText: Ringing\r\n",
    "ONHOLD": "Status: 16\r\nStatusText: Hold\r\n",
}

Named = tuple[str, bytes]
"""An event's name and its bytes."""


@dataclass
class Channel:
    """One channel, as the headers that every event of it carries show it."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    caller_name: str
    context: str
    exten: str
    state: int = 0
    connected_number: str = "<unknown>"
    connected_name: str = "<unknown>"
    priority: int = 1

    @property
    def device(self) -> str:
        """The device that the channel belongs to."""
        return self.name.partition("-")[0]

    def head(self, prefix: str = "") -> str:
        """The channel's headers, with `Dest` and the like before each."""
        pairs = (
            ("Channel", self.name),
            ("ChannelState", self.state),
            ("ChannelStateDesc", _STATES[self.state]),
            ("CallerIDNum", self.number),
            ("CallerIDName", self.caller_name),
            ("ConnectedLineNum", self.connected_number),
            ("ConnectedLineName", self.connected_name),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", self.priority),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        )
        return "".join(f"{prefix}{header}: {value}\r\n" for header, value in pairs)


def event(name: str, privilege: str, *parts: str) -> Named:
    """Any event; `parts` are whole header lines."""
    return name, (f"Event: {name}\r\nPrivilege: {privilege}\r\n" + "".join(parts) + "\r\n").encode()


def of_channel(name: str, channel: Channel, *parts: str) -> Named:
    """An event of one channel: Newchannel, Hold, MusicOnHoldStart and their like."""
    return event(name, _CALL, channel.head(), *parts)


def newstate(channel: Channel, state: int) -> Named:
    """The channel changes its state: 4 dials, 5 rings, 6 is up."""
    channel.state = state
    return of_channel("Newstate", channel)


def hangup(channel: Channel, cause: int = 16, text: str = "Normal Clearing") -> Named:
    """The channel's last event; `cause` is Q.850's."""
    return of_channel("Hangup", channel, f"Cause: {cause}\r\nCause-txt: {text}\r\n")


def dial(name: str, caller: Channel, dialled: Channel, *parts: str) -> Named:
    """DialBegin, DialState or DialEnd."""
    return event(name, _CALL, caller.head(), dialled.head("Dest"), *parts)


def dial_end(caller: Channel, dialled: Channel, status: str) -> Named:
    """How a dial ended."""
    return dial("DialEnd", caller, dialled, f"DialStatus: {status}\r\n")


def bridge(name: str, ident: str, channels: int, channel: Channel | None = None) -> Named:
    """BridgeCreate, BridgeEnter, BridgeLeave or BridgeDestroy; `channels` are in it afterwards."""
    return event(
        name,
        _CALL,
        f"BridgeUniqueid: {ident}\r\nBridgeType: basic\r\nBridgeTechnology: simple_bridge\r\n"
        f"BridgeCreator: <unknown>\r\nBridgeName: <unknown>\r\nBridgeNumChannels: {channels}\r\n"
        "BridgeVideoSourceMode: none\r\n",
        channel.head() if channel else "",
    )


def blind_transfer(transferer: Channel, transferee: Channel, bridge_id: str, exten: str) -> Named:
    """BlindTransfer, done by a phone."""
    return event(
        "BlindTransfer",
        _CALL,
        "Result: Success\r\n",
        transferer.head("Transferer"),
        transferee.head("Transferee"),
        f"BridgeUniqueid: {bridge_id}\r\nBridgeType: basic\r\nBridgeTechnology: simple_bridge\r\n"
        "BridgeCreator: <unknown>\r\nBridgeName: <unknown>\r\nBridgeNumChannels: 2\r\nBridgeVideoSourceMode: none\r\n"
        f"IsExternal: Yes\r\nContext: from-internal-xfer\r\nExtension: {exten}\r\n",
    )


def attended_transfer(
    first: Channel, second: Channel, transferee: Channel, bridge_id: str, second_bridge: int
) -> Named:
    """AttendedTransfer: `first` and `second` are the transferring phone's two channels."""
    kind = "BridgeType: basic\r\n{0}BridgeTechnology: simple_bridge\r\n"
    return event(
        "AttendedTransfer",
        _CALL,
        "Result: Success\r\n",
        first.head("OrigTransferer"),
        f"OrigBridgeUniqueid: {bridge_id}\r\nOrig{kind.format('Orig')}",
        second.head("SecondTransferer"),
        f"SecondBridgeUniqueid: 5b1d7a5e-0000-4000-8000-{second_bridge:012x}\r\nSecond{kind.format('Second')}",
        transferee.head("Transferee"),
        second.head("TransferTarget"),
        f"IsExternal: Yes\r\nDestType: Bridge\r\nDestBridgeUniqueid: {bridge_id}\r\n",
    )


def queue_caller(name: str, caller: Channel, queue: str, *parts: str) -> Named:
    """QueueCallerJoin, QueueCallerLeave or QueueCallerAbandon."""
    return event(name, _AGENT, caller.head(), f"Queue: {queue}\r\nPosition: 1\r\n", *parts)


def of_agent(name: str, caller: Channel, phone: Channel, queue: str, agent: str, *parts: str) -> Named:
    """AgentCalled, AgentConnect, AgentComplete or AgentRingNoAnswer."""
    who = f"Queue: {queue}\r\nInterface: Local/{agent}@from-queue/n\r\nMemberName: Agent {agent}\r\n"
    return event(name, _AGENT, caller.head(), phone.head("Dest"), who, *parts)


def member(name: str, queue: str, agent: str, *parts: str) -> Named:
    """QueueMemberStatus or QueueMemberPause, the counters in `parts`."""
    return event(
        name,
        _AGENT,
        f"Queue: {queue}\r\nMemberName: Agent {agent}\r\nInterface: Local/{agent}@from-queue/n\r\n"
        f"StateInterface: PJSIP/{agent}\r\nMembership: dynamic\r\nPenalty: 0\r\n",
        *parts,
    )


def device_state(device: str, state: str) -> Named:
    """DeviceStateChange."""
    return event("DeviceStateChange", _CALL, f"Device: {device}\r\nState: {state}\r\n")


def extension_status(number: str, state: str) -> Named:
    """ExtensionStatus, which follows a phone's device state through its hint."""
    hint = f"Hint: PJSIP/{number}&Custom:DND{number},CustomPresence:{number}\r\n"
    return event("ExtensionStatus", _CALL, f"Exten: {number}\r\nContext: ext-local\r\n", hint, _DEVICE_STATES[state])


def end_mark() -> bytes:
    """The event after which a client stops the clock."""
    return f"Event: Hangup\r\nPrivilege: call,all\r\nUniqueid: {END}\r\nCause: 16\r\n\r\n".encode()
