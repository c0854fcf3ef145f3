"""Keeping a station out of the queues, by the site's strategy. Pure; `docs/adapters/asterisk.md` says what each costs.

- `device_state`: a custom device in the hint that is the member's state interface is made busy. No pause is shown, and
  no empty rule counts it.
- `pause`: its members that are not paused are paused with our reason; by that reason alone they are known again, so
  that the PBX itself remembers, queue by queue, what the agent had paused.
- `wrapuptime`: the queue's own wrap-up keeps the first moments after a call, and the pause follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode
from ringline_edge.adapters.asterisk.actions import Action
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.members import Member
from ringline_edge.adapters.asterisk.protocol import Message

BUSY, FREE = "BUSY", "NOT_INUSE"
_HINT: Final = "hint:"
NEEDS: Final[Mapping[str, frozenset[str]]] = {
    "device_state": frozenset({"Setvar", "ExtensionState"}),
    "pause": frozenset({"QueuePause"}),
    "wrapuptime": frozenset({"QueuePause"}),
}
"""Actions that a strategy is carried out with."""


class Devices:
    """Custom devices of ours that are busy, as the PBX tells."""

    def __init__(self, config: AsteriskConfig) -> None:
        """None is."""
        before, _, after = config.hold.device.partition("{station}")
        self._before, self._after = before, after
        self.busy: frozenset[str] = frozenset()

    def replace(self, messages: Iterable[Message]) -> None:
        """Take a whole DeviceStateList."""
        self.busy = frozenset()
        for message in messages:
            self.see(message)

    def see(self, message: Message) -> None:
        """DeviceStateChange: of ours it says whether its station is held."""
        name = message.get("Device", "")
        if not (name.startswith(self._before) and name.endswith(self._after) and len(name) > len(self._before)):
            return
        station = name[len(self._before) : len(name) - len(self._after)]
        self.busy = self.busy | {station} if message.get("State") == BUSY else self.busy - {station}


def held(devices: Devices, members: Mapping[str, Mapping[str, Member]]) -> frozenset[str]:
    """Stations at which the PBX shows a hold of ours, of whatever strategy."""
    paused = (station for station, queues in members.items() if any(each.is_held for each in queues.values()))
    return devices.busy.union(paused)


def question(station: str, config: AsteriskConfig) -> Mapping[str, str]:
    """Headers of the ExtensionState that tells a station's hint.

    Raises:
        CommandError: `unsupported`, the members' state interface is no hint.
    """
    interface = config.state_interface.format(station=station)
    extension, _, context = interface.removeprefix(_HINT).partition("@")
    if not interface.startswith(_HINT) or not context:
        raise _impossible(f"pbx.asterisk.state_interface is no hint but {interface or 'empty'}")
    return {"Exten": extension, "Context": context}


def check(station: str, answer: Message, members: Mapping[str, Member], config: AsteriskConfig) -> None:
    """Whether making the custom device busy would keep the queues away.

    Args:
        station: Which.
        answer: To the ExtensionState of `question`.
        members: The station's.
        config: The adapter's.

    Raises:
        CommandError: `unsupported`, with the line that is lacking.
    """
    device, interface = config.hold.device.format(station=station), config.state_interface.format(station=station)
    if device not in answer.get("Hint", "").split("&"):
        line = f"exten => {answer.get('Exten', station)},hint,{config.dial.format(station=station)}&{device}"
        raise _impossible(f"the dial plan's context {answer.get('Context', '')} lacks '{line}'")
    for member in members.values():
        if member.state_interface != interface:
            raise _impossible(
                f"queue {member.queue} watches {member.state_interface or member.interface}, not {interface}"
            )


def set_device(station: str, state: str, config: AsteriskConfig) -> Action:
    """Make the station's custom device busy or free."""
    variable = f"DEVICE_STATE({config.hold.device.format(station=station)})"
    return Action("Setvar", {"Variable": variable, "Value": state})


def pauses(members: Iterable[Member], reason: str) -> Iterator[Action]:
    """Pause what is not paused, and give what we paused the present reason."""
    for member in members:
        if not member.paused or (member.is_held and member.reason != reason):
            yield Action("QueuePause", {**_where(member), "Paused": "true", "Reason": reason})


def releases(members: Iterable[Member]) -> Iterator[Action]:
    """Unpause what we paused, and nothing else."""
    for member in members:
        if member.is_held:
            yield Action("QueuePause", {**_where(member), "Paused": "false"})


def _where(member: Member) -> dict[str, str]:
    return {"Queue": member.queue, "Interface": member.interface}


def _impossible(why: str) -> CommandError:
    return CommandError(ErrorCode.UNSUPPORTED, f"Holds cannot be made here: {why}.")
