"""What SnapshotDevice and SnapshotCall answer, and how the floor is brought into line with it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringline_core.domain.facts import Snapshot
from ringline_core.wire.codes import LegState, Presentation
from ringline_edge.adapters.csta.events import connection
from ringline_edge.adapters.csta.floor import Call, Connection, Floor
from ringline_edge.adapters.csta.naming import NOBODY, number_of, party, subject
from ringline_edge.adapters.csta.translate import Translator
from ringline_edge.adapters.csta.words import STATES
from ringline_edge.adapters.csta.xml import Element, anywhere, fields, find, text
from ringline_edge.adapters.port import Capabilities

_SIMPLE: Final[Mapping[str, LegState]] = {
    "callPending": LegState.INITIATED,
    "callOriginated": LegState.CONNECTED,
    "callDelivered": LegState.CONNECTED,
    "callDeliveredHeld": LegState.CONNECTED,
    "callReceived": LegState.ALERTING,
    "callReceivedOnHold": LegState.ALERTING,
    "callEstablished": LegState.CONNECTED,
    "callEstablishedHeld": LegState.CONNECTED,
    "callEstablishedOnHold": LegState.HOLD,
    "callQueued": LegState.QUEUED,
    "callQueuedHeld": LegState.QUEUED,
    "callFailed": LegState.FAIL,
    "callFailedHeld": LegState.FAIL,
}
"""SimpleCallState [S]; which side `Held` and `OnHold` mean is a guess."""

_UP: Final = frozenset({LegState.CONNECTED, LegState.HOLD})


@dataclass(frozen=True, slots=True)
class Seen:
    """One connection of a list."""

    ident: str
    device: str
    number: str
    state: LegState


@dataclass(slots=True)
class SeenCall:
    """A call as the lists show it."""

    ident: str
    ucid: str = ""
    calling: tuple[str, Presentation] = ("", Presentation.UNKNOWN)
    called: str = ""
    parties: dict[str, Seen] = field(default_factory=dict)


def devices_calls(answer: Element) -> list[Seen]:
    """The connections at a device, from the answer to SnapshotDevice."""
    found = []
    for info in answer.iter("{*}snapshotDeviceResponseInfo"):
        parts = fields(info)
        ident, device = connection(parts.get("connectionIdentifier"))
        states = parts.get("localCallState")
        state = STATES.get(text(anywhere(states, "localConnectionState")))
        if state is None:
            state = _SIMPLE.get(text(anywhere(states, "simpleCallState")) or text(states))
        if ident and state is not None:
            found.append(Seen(ident, device, number_of(device), state))
    return found


def calls_parties(ident: str, answer: Element | None) -> SeenCall:
    """Everybody in a call, from the answer to SnapshotCall; nothing where the switch refused it."""
    call = SeenCall(ident)
    if answer is None:
        return call
    call.ucid = text(anywhere(find(answer, "callLinkageData"), "globallyUniqueCallLinkageID"))
    call.calling = subject(find(answer, "callingDevice"))
    call.called = subject(find(answer, "calledDevice"))[0]
    for info in answer.iter("{*}snapshotCallResponseInfo"):
        parts = fields(info)
        _, device = connection(parts.get("callIdentifier"))
        number = subject(parts.get("deviceOnCall"))[0] or number_of(device) or NOBODY
        state = STATES.get(text(parts.get("localConnectionInfo")))
        if state is not None:
            call.parties[number] = Seen(ident, device, number, state)
    return call


def align(floor: Floor, at_devices: Sequence[Seen], calls: Mapping[str, SeenCall], now_ms: int) -> None:
    """Bring the floor into line with the lists.

    What is known of a connection from before stays: it tells more than a list can (times, who transferred it).

    Args:
        floor: Of the translator; live events that came meanwhile are to be given to it afterwards.
        at_devices: Connections of all monitored devices.
        calls: The calls they are in, by call id; without parties where the switch does not tell.
        now_ms: For what the PBX gives no time.
    """
    for seen in calls.values():
        mine = {each.number: each for each in at_devices if each.ident == seen.ident}
        seen.parties = {**seen.parties, **mine}
    for ident, call in list(floor.calls.items()):
        now = calls.get(ident)
        # The same id with another UCID is another call: this one ended while nobody looked.
        if now is None or (now.ucid and call.ucid and now.ucid != call.ucid):
            del floor.calls[ident]
    for seen in calls.values():
        _take(floor, seen, now_ms)


def _take(floor: Floor, seen: SeenCall, now_ms: int) -> None:
    call = floor.open(seen.ident, seen.ucid, now_ms)
    call.seen_at_ms = now_ms
    call.dialed = call.dialed or seen.called or None
    call.queue = call.queue or floor.naming.queue(seen.called)
    if len(seen.parties) > 1:
        for number in [each for each in call.legs if each not in seen.parties]:
            del call.legs[number]
    up = sum(each.state in _UP for each in seen.parties.values())
    for party_seen in sorted(seen.parties.values(), key=lambda each: each.number != seen.calling[0]):
        each = call.legs.get(party_seen.number) or _enter(floor, call, seen, party_seen, now_ms)
        each.device = party_seen.device or each.device
        _set_state(each, _meant(each, party_seen.state, up), now_ms)
    number, presentation = seen.calling
    if number and number not in call.legs and len(seen.parties) == 1:
        made = floor.enter(call, number, "", LegState.CONNECTED if up else LegState.INITIATED, now_ms)
        made.origin, made.own = True, party(number, presentation)


def _enter(floor: Floor, call: Call, seen: SeenCall, now: Seen, now_ms: int) -> Connection:
    made = floor.enter(call, now.number, now.device, now.state, now_ms)
    made.origin = now.number == seen.calling[0]
    presentation = seen.calling[1] if made.origin else Presentation.ALLOWED
    made.own = party(now.number, presentation)
    return made


def _meant(each: Connection, state: LegState, up: int) -> LegState:
    """A caller is `connected` to CSTA also while the far end still rings."""
    waits = each.origin and each.answered_at_ms is None and up < 2
    return LegState.INITIATED if waits and state is LegState.CONNECTED else state


def _set_state(each: Connection, state: LegState, now_ms: int) -> None:
    if state in _UP and each.answered_at_ms is None:
        each.answered_at_ms = each.started_at_ms
    if state is LegState.HOLD:
        each.held_at_ms = each.held_at_ms or now_ms
    elif each.state is LegState.HOLD:
        each.held_at_ms, each.changed_at_ms = None, now_ms
    each.state = state


def picture(translator: Translator, offered: Capabilities, now_ms: int) -> Snapshot:
    """Everything the translation knows now, as one fact."""
    legs = []
    for call in translator.floor.calls.values():
        for each in call.legs.values():
            each.told = translator.floor.fact(call, each)
            legs.append(each.told)
    agents = translator.agents
    for station, seat in agents.seats.items():
        seat.told = agents.agent(station)
    return Snapshot(
        now_ms,
        tuple(legs),
        (),
        tuple(agents.agent(station) for station in sorted(agents.seats)),
        tuple(translator.device(station, now_ms) for station in sorted(agents.seats)),
        {"": offered.default, **offered.stations},
    )


def questions(at_devices: Sequence[Seen]) -> Iterator[Seen]:
    """One connection of each call, by which SnapshotCall can be asked."""
    asked: set[str] = set()
    for each in at_devices:
        if each.ident not in asked:
            asked.add(each.ident)
            yield each
