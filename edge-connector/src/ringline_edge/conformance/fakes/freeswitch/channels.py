"""Channels of the fake FreeSWITCH, and the events that it says about them.

Written from the notes on the event socket and from FreeSWITCH's own sources, and sharing nothing with the adapter. The
traps are in it on purpose: `Channel-Call-State` is the state before the event, a held channel that hangs up is said to
be resumed first, `Channel-Call-UUID` changes with every bridge, and a BRIDGE comes once for two channels.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any


@dataclass(eq=False)
class Chan:
    """One channel; times in microseconds."""

    outbound: bool
    name: str
    number: str
    dest: str
    station: str | None = None
    originator: Chan | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    vars: dict[str, str] = field(default_factory=dict)
    answered: bool = False
    up: bool = True
    held: bool = False
    leads: bool = False
    peer: Chan | None = None
    conference: str = ""
    callstate: str = "DOWN"
    cause: str = ""
    created_us: int = 0
    progress_us: int = 0
    answered_us: int = 0
    hold_us: int = 0
    hidden: bool = False

    @property
    def answer_state(self) -> str:
        """The header of that name."""
        if not self.up:
            return "hangup"
        return "answered" if self.answered else "early" if self.callstate == "EARLY" else "ringing"


class Clock:
    """Microseconds that never stand still."""

    def __init__(self) -> None:
        self._last = self._ahead_us = 0

    def turn(self, seconds: int) -> None:
        """Jump, ahead or back."""
        self._ahead_us += seconds * 1_000_000
        self._last = 0

    def now(self) -> int:
        """The present microsecond, or the one after the last."""
        self._last = max(self._last + 1, time.time_ns() // 1000 + self._ahead_us)
        return self._last


def headers(chan: Chan) -> dict[str, Any]:
    """What every event of a channel, and its dump, carries."""
    said: dict[str, Any] = {
        "Channel-State": "CS_EXECUTE" if chan.up else "CS_REPORTING",
        "Channel-Call-State": chan.callstate,
        "Channel-Name": chan.name,
        "Unique-ID": chan.uuid,
        "Call-Direction": "outbound" if chan.outbound else "inbound",
        "Channel-Call-UUID": chan.vars.get("call_uuid", chan.uuid),
        "Answer-State": chan.answer_state,
        "Caller-Direction": "outbound" if chan.outbound else "inbound",
        "Caller-Caller-ID-Number": chan.number,
        "Caller-Caller-ID-Name": chan.vars.get("cid_name", chan.number),
        "Caller-Destination-Number": chan.dest,
        "Caller-Unique-ID": chan.uuid,
        "Caller-Channel-Created-Time": str(chan.created_us),
        "Caller-Channel-Progress-Time": str(chan.progress_us),
        "Caller-Channel-Progress-Media-Time": "0",
        "Caller-Channel-Answered-Time": str(chan.answered_us),
        "Caller-Channel-Last-Hold": str(chan.hold_us),
        "Caller-Privacy-Hide-Number": "true" if chan.hidden else "false",
    }
    if chan.outbound:
        said["Caller-Callee-ID-Name"] = "Outbound Call"
        # A transfer changes the destination, and leaves who was called.
        said["Caller-Callee-ID-Number"] = chan.name.rpartition("/")[2].partition("@")[0]
    if chan.station is not None:
        said["Channel-Presence-ID"] = f"{chan.station}@pbx.example"
    other = chan.peer or chan.originator
    if other is not None:
        said["Other-Type"] = "originator" if chan.outbound and not chan.leads else "originatee"
        said["Other-Leg-Unique-ID"] = other.uuid
        said["Other-Leg-Destination-Number"] = other.dest
    if chan.cause:
        said["Hangup-Cause"] = chan.cause
    said |= {f"variable_{name}": value for name, value in chan.vars.items()}
    return said
