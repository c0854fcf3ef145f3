"""Call events as facts: one handler per event, each told by any of several monitors, in any number of copies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ringline_core.domain.facts import Ended, Fact, Left
from ringline_core.wire.codes import By, Cause, LegState, Presentation
from ringline_edge.adapters.csta.events import Event, user_data
from ringline_edge.adapters.csta.floor import Call, Connection, Floor
from ringline_edge.adapters.csta.naming import NOBODY, number_of, party, subject
from ringline_edge.adapters.csta.words import cause_of
from ringline_edge.adapters.csta.xml import text

_TRANSFERS: Final = frozenset({"transfer", "singleStepTransfer"})
_CONSULT: Final = "consultation"
_WAITING: Final = frozenset({LegState.INITIATED, LegState.QUEUED})
_GONE: Final = "null"


def initiated(floor: Floor, event: Event) -> Iterator[Fact]:
    """ServiceInitiated: off the hook, or a placed call was accepted."""
    ident, device = event.connection("initiatedConnection")
    number = subject(event.fields.get("initiatingDevice"))[0] or number_of(device)
    call, own = _seen(floor, event, ident, number, device, LegState.INITIATED)
    if own is not None:
        own.origin, own.by = True, By.AGENT_PHONE
        call.dialed = call.dialed or floor.placed.pop(ident, None)
        _consults(floor, call, own, event)
        yield from floor.tell(call, own)


def originated(floor: Floor, event: Event) -> Iterator[Fact]:
    """Originated: the number is complete. The caller is `connected` to CSTA while nobody has answered yet [S]."""
    ident, device = event.connection("originatedConnection")
    number = subject(event.fields.get("callingDevice"))[0] or number_of(device)
    call, own = _seen(floor, event, ident, number, device, LegState.INITIATED)
    if own is not None:
        own.origin, own.by = True, own.by or By.AGENT_PHONE
        call.dialed = subject(event.fields.get("calledDevice"))[0] or call.dialed
        _consults(floor, call, own, event)
        yield from floor.tell(call, own)


def delivered(floor: Floor, event: Event) -> Iterator[Fact]:
    """Delivered: somebody rings, told at both ends; or the own phone of a placed call prompts."""
    ident, device = event.connection("connection")
    number = subject(event.fields.get("alertingDevice"))[0] or number_of(device)
    caller, presentation = subject(event.fields.get("callingDevice"))
    if number == caller:
        yield from _prompted(floor, event, ident, number, device)
        return
    if floor.is_late_copy(ident, number, event.monitor, event.at_ms):
        return
    call = floor.open(ident, event.ucid, event.at_ms)
    _note(floor, call, event)
    # The caller first: whose number a phone shows must be known when it rings.
    calling = _caller(floor, call, event, caller, presentation)
    rung = floor.connection(call, number)
    if rung is None or rung is calling:
        rung = floor.enter(call, number, device, LegState.ALERTING, event.at_ms)
        rung.own = party(number, Presentation.ALLOWED)
        rung.transferred_by = _transferrer(floor, call, event)
    elif rung.state is LegState.INITIATED and not rung.origin:
        rung.state = LegState.ALERTING  # the network said first that it has the call, and now that it rings
    rung.device = device or rung.device
    yield from floor.tell_all(call)


def _prompted(floor: Floor, event: Event, ident: str, number: str, device: str) -> Iterator[Fact]:
    call, own = _seen(floor, event, ident, number, device, LegState.INITIATED)
    if own is not None:
        own.origin, own.by = True, own.by or By.AGENT_PHONE
        said = subject(event.fields.get("calledDevice"))[0]
        call.dialed = call.dialed or floor.placed.pop(ident, None) or said or None
        yield from floor.tell(call, own)


def reached(floor: Floor, event: Event) -> Iterator[Fact]:
    """NetworkReached: the call has left by a trunk; what comes after may never be told."""
    ident, device = event.connection("outboundConnection")
    caller, presentation = subject(event.fields.get("callingDevice"))
    called = subject(event.fields.get("calledDevice"))[0] or number_of(device) or NOBODY
    if floor.is_late_copy(ident, caller, event.monitor, event.at_ms):
        return
    call = floor.open(ident, event.ucid, event.at_ms)
    call.dialed = call.dialed or called
    _caller(floor, call, event, caller, presentation)
    if not any(each.outside for each in call.legs.values()):
        far = floor.enter(call, called, device, LegState.INITIATED, event.at_ms)
        far.outside, far.own = True, party(called, Presentation.ALLOWED)
    yield from floor.tell_all(call)


def established(floor: Floor, event: Event) -> Iterator[Fact]:
    """Established: somebody answered; whoever waited for that speaks now."""
    ident, device = event.connection("establishedConnection")
    number = subject(event.fields.get("answeringDevice"))[0] or number_of(device)
    caller, presentation = subject(event.fields.get("callingDevice"))
    if floor.is_late_copy(ident, number, event.monitor, event.at_ms):
        return
    call = floor.open(ident, event.ucid, event.at_ms)
    _note(floor, call, event)
    if number != caller:
        _caller(floor, call, event, caller, presentation)
    answering = floor.connection(call, number)
    if answering is None:
        answering = floor.enter(call, number, device, LegState.ALERTING, event.at_ms)
        answering.own = party(number, Presentation.ALLOWED)
        answering.transferred_by = _transferrer(floor, call, event)
    answering.device = device or answering.device
    by = By.AGENT_PHONE if answering.station else By.REMOTE
    for each in call.legs.values():
        if each is answering and each.state is LegState.ALERTING:
            _connect(each, event.at_ms, by)
        elif each.state in _WAITING:
            _connect(each, event.at_ms, by if each is answering else By.REMOTE)
    yield from floor.tell_all(call)


def _connect(each: Connection, at_ms: int, by: By | str) -> None:
    each.state, each.by = LegState.CONNECTED, by
    each.answered_at_ms = each.answered_at_ms or at_ms


def held(floor: Floor, event: Event) -> Iterator[Fact]:
    """Held: by the phone's key, by a service, or as the first half of a consultation."""
    ident, device = event.connection("heldConnection")
    number = subject(event.fields.get("holdingDevice"))[0] or number_of(device)
    if floor.is_others_word(number, event.device):
        return
    call, own = _seen(floor, event, ident, number, device, LegState.CONNECTED)
    if own is not None and own.state is not LegState.HOLD:
        own.state, own.held_at_ms = LegState.HOLD, event.at_ms
        own.by = By.AGENT_PHONE if own.station else By.REMOTE
        own.answered_at_ms = own.answered_at_ms or own.started_at_ms
        yield from floor.tell(call, own)


def retrieved(floor: Floor, event: Event) -> Iterator[Fact]:
    """Retrieved: taken from hold."""
    ident, device = event.connection("retrievedConnection")
    number = subject(event.fields.get("retrievingDevice"))[0] or number_of(device)
    if floor.is_others_word(number, event.device):
        return
    call, own = _seen(floor, event, ident, number, device, LegState.HOLD)
    if own is not None and own.state is not LegState.CONNECTED:
        own.state, own.held_at_ms, own.changed_at_ms = LegState.CONNECTED, None, event.at_ms
        own.by = By.AGENT_PHONE if own.station else By.REMOTE
        own.answered_at_ms = own.answered_at_ms or own.started_at_ms
        yield from floor.tell(call, own)


def queued(floor: Floor, event: Event) -> Iterator[Fact]:
    """Queued: the caller waits."""
    ident, _ = event.connection("queuedConnection")
    number = subject(event.fields.get("queue"))[0]
    caller, presentation = subject(event.fields.get("callingDevice"))
    if floor.is_late_copy(ident, caller, event.monitor, event.at_ms):
        return
    call = floor.open(ident, event.ucid, event.at_ms)
    _note(floor, call, event)
    call.queue = floor.naming.queue(number) or number or call.queue
    calling = _caller(floor, call, event, caller, presentation)
    if calling is not None and calling.state is LegState.INITIATED:
        calling.state = LegState.QUEUED
    yield from floor.tell_all(call)


def diverted(floor: Floor, event: Event) -> Iterator[Fact]:
    """Diverted: the call left a device before an answer there; nobody answered where it was taken back for that."""
    ident, device = event.connection("connection")
    number = subject(event.fields.get("divertingDevice"))[0] or number_of(device)
    target = subject(event.fields.get("newDestination"))[0] or None
    call = floor.calls.get(ident)
    left = None if call is None else call.legs.get(number)
    if call is None or left is None:
        floor.note_end(ident, number, event.monitor)
        return
    cause = cause_of(event.word("cause"))
    how = Left.DIVERTED
    if left.failed is not None or cause is Cause.NO_ANSWER:
        cause, how = left.failed or cause, Left.CLEARED
    elif cause is Cause.NORMAL:
        cause = Cause.FORWARDED
    by: By | str = By.AGENT_PHONE if how is Left.CLEARED and left.failed else By.PBX
    if cause is Cause.PICKED_UP:
        by = (target and floor.naming.station(target)) or By.REMOTE
    yield from floor.leave(call, left, Ended(event.at_ms, how, cause, by, target), event.monitor)


def failed(floor: Floor, event: Event) -> Iterator[Fact]:
    """Failed: the call gets nowhere; the caller hears so until they hang up."""
    ident, device = event.connection("failedConnection")
    failing = subject(event.fields.get("failingDevice"))[0] or number_of(device)
    caller = subject(event.fields.get("callingDevice"))[0]
    call = floor.calls.get(ident)
    if call is None:
        return
    cause = cause_of(event.word("cause"))
    far = call.legs.get(failing)
    if far is not None and not far.is_up and failing != caller:
        yield from floor.leave(call, far, Ended(event.at_ms, Left.CLEARED, cause, By.PBX), event.monitor)
    calling = call.legs.get(caller)
    if calling is None or calling.is_up or calling.state is LegState.FAIL:
        return
    calling.state, calling.failed = LegState.FAIL, cause
    yield from floor.tell(call, calling)
    if event.word("localConnectionInfo") == _GONE and event.device == caller:
        yield from floor.leave(call, calling, Ended(event.at_ms, Left.CLEARED, cause, By.PBX), event.monitor)


def cleared(floor: Floor, event: Event) -> Iterator[Fact]:
    """ConnectionCleared: one party left. `droppedConnection` says which, not the monitor by which it is told."""
    ident, device = event.connection("droppedConnection")
    releasing = subject(event.fields.get("releasingDevice"))[0]
    number = number_of(device) or releasing
    local = event.word("localConnectionInfo")
    call = floor.calls.get(ident)
    dropped = None if call is None else floor.connection(call, number)
    if call is None or dropped is None:
        floor.note_end(ident, number, event.monitor)
        return
    if number == event.device and local == "hold":
        return  # Some releases send this when a line is put on hold [K].
    yield from floor.leave(call, dropped, _ended(dropped, event, releasing), event.monitor)
    yield from floor.asks_no_more(dropped)
    own = call.legs.get(event.device)
    if own is not None and local == _GONE:
        yield from floor.leave(call, own, _ended(own, event, releasing), event.monitor)
        yield from floor.asks_no_more(own)
    if dropped.station or own is not None:
        yield from _see_off(floor, call, event, releasing)


def _see_off(floor: Floor, call: Call, event: Event, releasing: str) -> Iterator[Fact]:
    """With the last monitored device gone nobody tells any more how a call goes on, and mostly it does not."""
    if not call.stations:
        for each in list(call.legs.values()):
            yield from floor.leave(call, each, _ended(each, event, releasing), event.monitor)


def _ended(leg: Connection, event: Event, releasing: str) -> Ended:
    own = bool(releasing) and releasing == leg.number
    cause = leg.failed or cause_of(event.word("cause"))
    if leg.state is LegState.ALERTING and cause is Cause.NORMAL:
        cause = Cause.REJECTED if own else Cause.ABANDONED
    return Ended(event.at_ms, Left.CLEARED, cause, _by(leg, releasing))


def _by(leg: Connection, releasing: str) -> By | None:
    if not releasing:
        return None
    return By.AGENT_PHONE if releasing == leg.number and leg.station else By.REMOTE


def call_cleared(floor: Floor, event: Event) -> Iterator[Fact]:
    """CallCleared: the whole call is over; told by monitors of calls."""
    call = floor.calls.get(event.connection("clearedCall")[0])
    if call is not None:
        yield from floor.clear(call, Ended(event.at_ms, Left.CLEARED, cause_of(event.word("cause")), By.PBX))


def information(floor: Floor, event: Event) -> Iterator[Fact]:
    """CallInformation: data that came late."""
    call = floor.calls.get(event.connection("connection")[0])
    if call is not None:
        _note(floor, call, event)
        yield from floor.tell_all(call)


def _seen(
    floor: Floor, event: Event, ident: str, number: str, device: str, state: LegState
) -> tuple[Call, Connection | None]:
    """The connection that an event is about, made where it was not known; None for a copy that came late."""
    if floor.is_late_copy(ident, number, event.monitor, event.at_ms):
        return Call(ident, ident), None
    call = floor.open(ident, event.ucid, event.at_ms)
    own = floor.connection(call, number)
    if own is None:
        own = floor.enter(call, number, device, state, event.at_ms)
        own.own = party(number, Presentation.ALLOWED)
    own.device = device or own.device
    return call, own


def _note(floor: Floor, call: Call, event: Event) -> None:
    """What an event tells of its call besides who does what: the number dialled, the queue, data."""
    said = user_data(event.fields["userData"]) if "userData" in event.fields else ""
    if said:
        call.data = {**call.data, **floor.keys.data(said)}
    if "calledDevice" not in event.fields:
        return
    private = event.private
    group = number_of(text(private.get("acdGroup")))
    called = subject(event.fields["calledDevice"])[0]
    # The vector directory number is what the caller dialled; the called device may be the agent already.
    dialed = subject(private.get("distributingVDN"))[0] or called
    call.dialed = call.dialed or dialed or None
    # Where no group is told, the device that passed the call on last is the one that distributes it (ECMA-269).
    last = subject(event.fields.get("lastRedirectionDevice"))[0]
    queue = floor.naming.queue(group) or floor.naming.queue(called) or floor.naming.queue(last) or group
    call.queue = queue or call.queue


def _caller(floor: Floor, call: Call, event: Event, number: str, presentation: Presentation) -> Connection | None:
    """The calling party, made where it was not known. A transferred call goes on with whoever is in it."""
    known = floor.connection(call, number) or call.legs.get(NOBODY)
    if known is not None or call.transferred_by:
        return known
    if floor.naming.station(number) and floor.is_late_copy(call.ident, number, event.monitor, event.at_ms):
        return None
    made = floor.enter(call, number, "", LegState.INITIATED, event.at_ms)
    made.origin, made.own = True, party(number, presentation)
    made.by = By.AGENT_PHONE if made.station else None
    made.outside = made.outside or "trunkGroup" in event.private
    return made


def _transferrer(floor: Floor, call: Call, event: Event) -> str | None:
    """Who passed the call on here: as the transfer was told, or as this event says by itself."""
    if call.transferred_by or event.word("cause") not in _TRANSFERS:
        return call.transferred_by
    return floor.naming.station(subject(event.fields.get("lastRedirectionDevice"))[0])


def _consults(floor: Floor, call: Call, own: Connection, event: Event) -> None:
    """A second call of one phone that consults about the first one is part of that story."""
    if own.consult_of is None and event.word("cause") == _CONSULT and own.station is not None:
        about = _held_by(floor, own)
        if about is not None:
            own.consult_of = call.asks_about = about[1].call
            call.consult_of = about[0].name


def _held_by(floor: Floor, own: Connection) -> tuple[Call, Connection] | None:
    """What the phone put on hold last: an older one may be a call whose end was never told."""
    held_there = (
        (call, each)
        for call in floor.calls.values()
        for each in call.legs.values()
        if each.number == own.number and each is not own and each.state is LegState.HOLD
    )
    return max(held_there, key=lambda one: one[1].held_at_ms or 0, default=None)
