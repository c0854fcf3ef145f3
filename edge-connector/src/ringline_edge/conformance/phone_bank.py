"""What a PBX's phones and callers can be asked to do by hand; the control API stands in front of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class UnknownError(Exception):
    """There is no such phone, queue, caller or button; the text says which."""


class NotNowError(Exception):
    """The phone, caller or PBX cannot do that in its present state; the text says why."""


@dataclass(frozen=True, slots=True)
class Display:
    """What a phone itself shows.

    Attributes:
        state: `idle`, `dialing`, `ringing`, `talking` or `held`, of the most advanced call.
        number: The other side's number; None when idle or unknown.
        calls: How many calls the phone has.
    """

    state: str
    number: str | None
    calls: int


@dataclass(frozen=True, slots=True)
class Member:
    """A queue's member, as the PBX lists it; `available` means that it would be offered a call now."""

    station: str
    paused: bool
    available: bool
    reason: str
    in_call: bool


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller who waits; `caller` is empty for one that did not come in by the control API."""

    caller: str
    number: str
    waited_s: int


@dataclass(frozen=True, slots=True)
class QueueListing:
    """The PBX's own listing of a queue; the caller who came first is first."""

    name: str
    members: tuple[Member, ...]
    callers: tuple[WaitingCaller, ...]


class PhoneBank(Protocol):
    """Hands on phones and callers. Every method raises `UnknownError` or `NotNowError` as its reason says."""

    async def dial_in(self, number: str, to: str, uui: str | None) -> str:
        """An outside caller shows `number` and dials `to`, with user-to-user data; the new caller's id."""
        ...

    async def sent_along(self, number: str) -> str | None:
        """User-to-user data that the newest call to an outside `number` came with; None where there was none."""
        ...

    async def caller_state(self, caller: str) -> str:
        """`dialing`, `queued`, `ringing`, `talking`, `held` or `ended`; an ended caller stays readable."""
        ...

    async def hang_up_caller(self, caller: str) -> None:
        """The caller hangs up; nothing happens when the call is over already."""
        ...

    async def press(self, station: str, button: str, argument: str) -> None:
        """Press a button of a phone.

        Args:
            station: The phone's number.
            button: A `do` word of the control API.
            argument: Number, digits or feature code; empty for buttons without one.
        """
        ...

    async def display(self, station: str) -> Display:
        """What the phone shows now."""
        ...

    async def queue(self, name: str) -> QueueListing:
        """Members and waiting callers of a queue."""
        ...

    async def pause(self, queue: str, station: str, reason: str | None) -> None:
        """Somebody at the PBX pauses the member in this one queue; without a reason they unpause it."""
        ...

    async def restart(self) -> None:
        """The PBX restarts: calls are gone, queue members and registrations come back."""
        ...

    async def drop_link(self, seconds: float) -> None:
        """Cut every link to an edge and refuse new ones for so long; calls go on. Returns at once."""
        ...
