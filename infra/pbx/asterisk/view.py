"""What the PBX itself says of its queues and channels, asked by AMI. The reading of answers is pure."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from infra.pbx.asterisk.ami import AmiClient, AmiError, Fields
from infra.pbx.asterisk.config import BENCH_USER

# A plain variable: asking for CHANNEL(pjsip,...) here locks Asterisk 22 up while a call is being answered.
_CALLER: Final = "BENCH_CALLER"
_STATION: Final = re.compile(r"(?:PJSIP|Local)/(\d+)")
_GONE_DEVICE: Final = frozenset({"UNAVAILABLE", "INVALID"})
_GONE_MEMBER: Final = frozenset({"4", "5"})
_FREE: Final = frozenset({"0", "1"})  # device state unknown, not in use


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of the PBX.

    Attributes:
        name: Channel name.
        caller: The bench's id of the outside caller on it; empty for other channels.
        linked: Linkedid, which the channels of one call share.
        bridge: Bridge that the channel is in; empty when in none.
        state: State in words: Up, Ring, Ringing.
        application: Dialplan application that runs on it.
    """

    name: str
    caller: str
    linked: str
    bridge: str
    state: str
    application: str


@dataclass(frozen=True, slots=True)
class Member:
    """A queue's member, as the queue lists it."""

    station: str
    interface: str
    paused: bool
    reason: str
    available: bool
    in_call: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller who waits in a queue."""

    channel: str
    number: str
    waited_s: int


@dataclass(frozen=True, slots=True)
class Queue:
    """A queue's own listing, callers first come first."""

    name: str
    members: tuple[Member, ...]
    waiting: tuple[Waiting, ...]


class PbxView:
    """Asks one Asterisk, and keeps in mind which channels hold theirs. Open it again after a restart.

    Attributes:
        moved: Set with each event of a call; for whoever waits to clear.
    """

    def __init__(self, port: int, secret: str) -> None:
        self._port = port
        self._secret = secret
        self._client: AmiClient | None = None
        self._holding: set[str] = set()
        self.moved = asyncio.Event()

    async def open(self) -> None:
        """Log in and begin to watch.

        Raises:
            AmiError: The PBX is down.
        """
        await self.close()
        self._client = await AmiClient.open(
            self._port, BENCH_USER, self._secret, events="call", on_event=self._on_event
        )

    async def close(self) -> None:
        """Leave; questions end with `AmiError` until `open`."""
        client, self._client = self._client, None
        self._holding.clear()
        if client:
            await client.close()

    def _on_event(self, event: Fields) -> None:
        self.moved.set()
        match event["Event"]:
            case "Hold":
                self._holding.add(event["Channel"])
            case "Unhold" | "Hangup":
                self._holding.discard(event["Channel"])

    @property
    def holding(self) -> frozenset[str]:
        """Names of the channels that have the other side on hold."""
        return frozenset(self._holding)

    async def channels(self) -> tuple[Channel, ...]:
        """Every channel there is.

        Raises:
            AmiError: The PBX is down.
        """
        return tuple(channel(event) for event in await self._list("Status", Variables=_CALLER))

    async def queue(self, name: str) -> Queue | None:
        """The listing of queue `name`; None when there is no such queue.

        Raises:
            AmiError: The PBX is down.
        """
        return queue(name, await self._list("QueueStatus", Queue=name))

    async def out_of_service(self) -> frozenset[str]:
        """Stations whose phone the PBX cannot reach, or that a queue believes so: the queues lag behind.

        Raises:
            AmiError: The PBX is down.
        """
        devices = {event.get("Device", ""): event.get("State", "") for event in await self._list("DeviceStateList")}
        gone = {_station(device) for device, state in devices.items() if state in _GONE_DEVICE}
        members = [event for event in await self._list("QueueStatus") if event.get("Event") == "QueueMember"]
        gone |= {_station(event["Location"]) for event in members if event.get("Status") in _GONE_MEMBER}
        return frozenset(gone)

    async def end_all(self) -> None:
        """Hang up every channel; some may be over before their turn comes.

        Raises:
            AmiError: The PBX is down.
        """
        for left in await self.channels():
            with contextlib.suppress(AmiError):
                await self.act("Hangup", Channel=left.name)

    async def log_everybody_off(self) -> None:
        """Take every member out of the queues and every hold off; members that stay are unpaused.

        Raises:
            AmiError: The PBX is down.
        """
        for event in await self._list("QueueStatus"):
            if event.get("Event") != "QueueMember":
                continue
            where = {"Queue": event["Queue"], "Interface": event["Location"]}
            if event.get("Membership") == "dynamic":
                await self.act("QueueRemove", **where)
            elif event.get("Paused") == "1":
                await self.act("QueuePause", Paused="false", **where)
        # UNAVAILABLE lets the phone's own state through; NOT_INUSE would hide that a phone is gone.
        for event in await self._list("DeviceStateList"):
            device = event.get("Device", "")
            if device.startswith("Custom:") and event.get("State") not in {"UNKNOWN", "UNAVAILABLE"}:
                await self.act("Setvar", Variable=f"DEVICE_STATE({device})", Value="UNAVAILABLE")

    async def act(self, action: str, **fields: str) -> Fields:
        """Do one AMI action; its response.

        Raises:
            AmiError: Refused, or the PBX is down.
        """
        return await self._session.act(action, **fields)

    async def _list(self, action: str, **fields: str) -> list[Fields]:
        return await self._session.list(action, **fields)

    @property
    def _session(self) -> AmiClient:
        if self._client is None:
            raise AmiError("the PBX is down")
        return self._client


def channel(event: Fields) -> Channel:
    """A channel of one Status event."""
    variable = event.get("Variable", "")
    return Channel(
        event.get("Channel", ""),
        variable.partition("=")[2],
        event.get("Linkedid", ""),
        event.get("BridgeID", ""),
        event.get("ChannelStateDesc", ""),
        event.get("Application", ""),
    )


def queue(name: str, events: Iterable[Fields]) -> Queue | None:
    """The listing of `name` from the events of a QueueStatus; None when it is not among them."""
    mine = [event for event in events if event.get("Queue") == name]
    if not any(event.get("Event") == "QueueParams" for event in mine):
        return None
    members = [_member(event) for event in mine if event.get("Event") == "QueueMember"]
    entries = [event for event in mine if event.get("Event") == "QueueEntry"]
    entries.sort(key=lambda event: int(event.get("Position", "0")))
    return Queue(name, tuple(sorted(members, key=lambda m: m.station)), tuple(map(_waiting, entries)))


def _member(event: Fields) -> Member:
    interface = event.get("Location") or event.get("Interface", "")
    paused = event.get("Paused") == "1"
    in_call = event.get("InCall") == "1"
    return Member(
        _station(interface),
        interface,
        paused,
        event.get("PausedReason", ""),
        not paused and not in_call and event.get("Status") in _FREE,
        in_call,
    )


def _station(interface: str) -> str:
    found = _STATION.match(interface)
    return found[1] if found else interface


def _waiting(event: Fields) -> Waiting:
    return Waiting(event.get("Channel", ""), event.get("CallerIDNum", ""), int(event.get("Wait", "0")))


def waiting_state(mine: Channel, all_channels: Sequence[Channel], holding: frozenset[str]) -> str:
    """What a caller whose call is up hears: queued, ringing, talking or held.

    Args:
        mine: The caller's channel.
        all_channels: Every channel at the same moment.
        holding: Names of the channels that have the other side on hold.
    """
    if mine.bridge:
        others = [other for other in all_channels if other.bridge == mine.bridge and other.name != mine.name]
        alone = not others
        return "held" if alone or any(other.name in holding for other in others) else "talking"
    if mine.application == "MusicOnHold":
        return "held"
    rings = any(other.linked == mine.linked and other.state == "Ringing" for other in all_channels)
    if rings:
        return "ringing"
    return "queued" if mine.application == "Queue" else "dialing"
