"""Calls at a set number of phones, cut into marks: events that each add one transition to one station's document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

from benchmarks import ami_events as ami
from benchmarks.ami_events import Channel, Named
from benchmarks.ami_stream import FIRST_STATION, generate
from ringline_edge.adapters.asterisk.protocol import WANTED

_BEGAN_S: Final = 1_770_000_000
_POOL: Final = 20_000
_STEPS: Final = ("ringing", "answered", "held", "resumed", "dropped")
CALLS_AT_ONCE: Final = 50


@dataclass(frozen=True)
class Mark:
    """What is written at once: noise, what the PBX says on the way, and last the event that is timed.

    Attributes:
        station: Whose document it changes.
        count: The station's how manieth transition it raises.
        event: Name of that transition.
    """

    data: bytes
    station: str
    count: int
    event: str


def introduced(stations: int) -> bytes:
    """Device states that make `stations` phones known."""
    named = (ami.device_state(f"PJSIP/{FIRST_STATION + number}", "NOT_INUSE") for number in range(stations))
    return b"".join(raw for _, raw in named)


def plain_marks(count: int, station: str, noise_per_mark: int) -> list[Mark]:
    """`count` marks that are one Hold event each, with the same noise before it."""
    noise, phone = _noise(), Channel("PJSIP/2000-00000001", "1770000000.1", "1770000000.1", "2000", "Anna", "x", "s")
    hold = ami.of_channel("Hold", phone, "MusicClass: default\r\n")[1]
    return [Mark(b"".join(islice(noise, noise_per_mark)) + hold, station, each + 1, "relayed") for each in range(count)]


def marks(count: int, stations: int, noise_per_mark: int) -> list[Mark]:
    """`count` marks of calls that overlap, with noise that no edge wants before each."""
    noise = _noise()
    counts: Counter[str] = Counter()
    made: list[Mark] = []
    for station, event, said in islice(_steps(stations), count):
        counts[station] += 1
        before = b"".join(islice(noise, noise_per_mark))
        made.append(Mark(before + b"".join(raw for _, raw in said), station, counts[station], event))
    return made


def _noise() -> Iterator[bytes]:
    return cycle([said.raw for said in generate(_POOL)[1] if said.name.encode() not in WANTED])


def _steps(stations: int) -> Iterator[tuple[str, str, list[Named]]]:
    """Steps of calls for ever: fifty calls at a time, each of them a step further on every round."""
    number = 0
    while True:
        calls = [_call(number + each, str(FIRST_STATION + (number + each) % stations)) for each in range(CALLS_AT_ONCE)]
        for steps in zip(*calls, strict=True):
            yield from steps
        number += CALLS_AT_ONCE


def _call(number: int, station: str) -> Iterator[tuple[str, str, list[Named]]]:
    """One call from outside: what is said at each step, the event that is timed last."""
    first, bridge = f"{_BEGAN_S + number}.{2 * number}", f"5b1d7a5e-0000-4000-8000-{number:012x}"
    far = Channel(
        f"PJSIP/trunk-eu-{2 * number:08x}", first, first, f"+4915{number:08d}", "Anna Müller",
        "from-pstn", "4930123456",
    )  # fmt: skip
    phone = Channel(
        f"PJSIP/{station}-{2 * number + 1:08x}", f"{_BEGAN_S + number}.{2 * number + 1}", first, station,
        f"Agent {station}", "from-internal", station, connected_number=far.number, connected_name=far.caller_name,
    )  # fmt: skip
    comes = [ami.of_channel("Newchannel", far), ami.newstate(far, 4), ami.of_channel("Newchannel", phone)]
    said = {
        "ringing": [*comes, ami.dial("DialBegin", far, phone, "DialString: x\r\n"), ami.newstate(phone, 5)],
        "answered": [
            ami.newstate(phone, 6),
            ami.dial_end(far, phone, "ANSWER"),
            ami.newstate(far, 6),
            ami.bridge("BridgeEnter", bridge, 1, far),
            ami.bridge("BridgeEnter", bridge, 2, phone),
        ],
        "held": [ami.of_channel("Hold", phone, "MusicClass: default\r\n")],
        "resumed": [ami.of_channel("Unhold", phone)],
        "dropped": [
            ami.of_channel("HangupRequest", far, "Cause: 16\r\n"),
            ami.bridge("BridgeLeave", bridge, 1, far),
            ami.hangup(far),
            ami.bridge("BridgeLeave", bridge, 0, phone),
            ami.hangup(phone),
        ],
    }
    for event in _STEPS:
        yield station, event, said[event]
