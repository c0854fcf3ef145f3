"""Transfers and conferences: two calls of the switch become one, under either old id or a new one.

Which id survives depends on the switch and on the order of holds, so neither position is trusted: the list of new
connections says it. Legs keep their names; only the call they are found in is another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from ringline_core.domain.facts import Ended, Fact, Joined, Left, LegRole
from ringline_core.wire.codes import By, Cause, LegState, Presentation
from ringline_edge.adapters.csta.events import Event, Moved, moved, user_data
from ringline_edge.adapters.csta.floor import Call, Connection, Floor
from ringline_edge.adapters.csta.naming import NOBODY, number_of, party, subject

_SILENT: Final = "silentParticipation"


def transferred(floor: Floor, event: Event) -> Iterator[Fact]:
    """Transferred: the transferring device is out of both calls, the others are in one."""
    leaver = subject(event.fields.get("transferringDevice"))[0]
    target = subject(event.fields.get("transferredToDevice"))[0] or None
    lines = moved(event.fields.get("transferredConnections"))
    old = _old_calls(floor, event)
    targets = _targets(old, leaver)
    for call in old:
        own = call.legs.get(leaver)
        if own is not None:
            ended = Ended(event.at_ms, Left.TRANSFERRED, Cause.NORMAL, By.AGENT_PHONE, target)
            # Out of the call before it is joined, so that what follows is told to those who stay.
            call.transferred_by = floor.naming.station(leaver) or call.transferred_by
            yield from floor.leave(call, own, ended, event.monitor)
        else:
            floor.note_end(call.ident, leaver, event.monitor)
    new, joins = _merge(floor, event, old, lines, "transfer")
    yield from joins
    floor.no_consult(new)
    new.transferred_by = floor.naming.station(leaver) or new.transferred_by
    for each in targets:
        if each.station is not None and new.legs.get(each.number) is each:
            each.transferred_by = new.transferred_by
            each.changed_at_ms = event.at_ms if each.is_up else None
    _add_unknown(floor, new, lines, event, {leaver, target or ""})
    yield from floor.tell_all(new)
    if not new.legs:
        floor.calls.pop(new.ident, None)


def conferenced(floor: Floor, event: Event) -> Iterator[Fact]:
    """Conferenced: all in one call; also told when a recorder joins, with one old call and nobody leaving."""
    lines = moved(event.fields.get("conferenceConnections"))
    old = _old_calls(floor, event)
    yield from _fold_own(floor, old, event)
    new, joins = _merge(floor, event, old, lines, "conference")
    yield from joins
    if len(old) > 1:
        floor.no_consult(new)  # a recorder that steps in ends no consultation
    _add_unknown(floor, new, lines, event, set())
    added = subject(event.fields.get("addedParty"))[0]
    listener = new.legs.get(added)
    if listener is not None and event.word("cause") == _SILENT:
        listener.role = LegRole.MONITOR
    yield from floor.tell_all(new)


def _old_calls(floor: Floor, event: Event) -> list[Call]:
    idents = [event.connection(name)[0] for name in ("primaryOldCall", "secondaryOldCall")]
    return [floor.calls[ident] for ident in dict.fromkeys(idents) if ident in floor.calls]


def _targets(old: list[Call], leaver: str) -> list[Connection]:
    """Those to whom the call is transferred: in the consultation, or where none is marked whom the leaver called."""
    own = [(call, call.legs[leaver]) for call in old if leaver in call.legs]
    called = [call for call, leg in own if leg.consult_of] or [call for call, leg in own if leg.origin]
    return [each for call in called for each in call.legs.values() if each.number != leaver and not each.origin]


def _fold_own(floor: Floor, old: list[Call], event: Event) -> Iterator[Fact]:
    """A device that is in both calls stays with the leg that the consultation was about."""
    if len(old) < 2:
        return
    first, second = old
    for number in set(first.legs) & set(second.legs):
        pairs = [(first, first.legs[number]), (second, second.legs[number])]
        # The consultation's leg goes; where none is marked, the younger one.
        call, gone = max(pairs, key=lambda pair: (pair[1].consult_of is not None, pair[1].started_at_ms))
        stays = next(each for _, each in pairs if each is not gone)
        yield from floor.leave(call, gone, Ended(event.at_ms, by=By.PBX), event.monitor)
        stays.state, stays.held_at_ms, stays.changed_at_ms = LegState.CONNECTED, None, event.at_ms
        stays.by = By.AGENT_PHONE


def _merge(
    floor: Floor, event: Event, old: list[Call], lines: list[Moved], how: Literal["transfer", "conference"]
) -> tuple[Call, list[Fact]]:
    """The call that goes on, with everybody of the old ones in it."""
    ident = next((line.ident for line in lines if line.ident), None) or _last_ident(event)
    new = floor.calls.get(ident)
    ucid = event.ucid
    joins: list[Fact] = []
    if new is None:
        # The switch gave the call a new id. If it has no name of its own, it is the first old call renamed.
        new = floor.open(ident, ucid, event.at_ms)
        if old and not new.ucid:
            new.name = old[0].name
    elif ucid.strip("0"):
        new.ucid = ucid
    for call in old:
        if call is new:
            continue
        if call.name != new.name:
            joins.append(Joined(call.name, new.name, event.at_ms, how))
        _move(floor, call, new, lines, event)
    return new, joins


def _last_ident(event: Event) -> str:
    return event.connection("secondaryOldCall")[0] or event.connection("primaryOldCall")[0]


def _move(floor: Floor, call: Call, new: Call, lines: list[Moved], event: Event) -> None:
    devices = {(line.old_ident or call.ident, line.old_number or line.number): line for line in lines}
    for number, each in list(call.legs.items()):
        floor.bury(call.ident, number, event.at_ms, event.monitor)
        line = devices.get((call.ident, number))
        if line is not None and line.number:
            # The same party may be named anew: by its number where it was a trunk.
            each.device, each.number = line.device, line.number
        if each.number not in new.legs:
            new.legs[each.number] = each
        if each.station is not None and each.is_up:
            each.changed_at_ms = event.at_ms
    call.legs.clear()
    floor.calls.pop(call.ident, None)
    new.dialed = new.dialed if new.dialed and new.legs else call.dialed
    new.queue = call.queue or new.queue
    new.data = {**call.data, **new.data}


def _add_unknown(floor: Floor, new: Call, lines: list[Moved], event: Event, left_out: set[str]) -> None:
    """Parties of the new call that nobody told of before; a station that is rung will be told of by itself."""
    said = user_data(event.fields["userData"]) if "userData" in event.fields else ""
    if said:
        new.data = {**new.data, **floor.keys.data(said)}
    for line in lines:
        number = line.number or NOBODY
        known = floor.connection(new, number)
        if known is not None or number in left_out or line.ident != new.ident:
            if known is not None and known.number == number:
                known.device = line.device or known.device
            continue
        if floor.naming.station(number) and not event.name.startswith("Conf"):
            continue
        if floor.is_late_copy(new.ident, number, event.monitor, event.at_ms):
            continue
        made = floor.enter(new, number, line.device, LegState.CONNECTED, event.at_ms)
        made.own = party(number_of(line.device), Presentation.ALLOWED)
        made.answered_at_ms = event.at_ms
