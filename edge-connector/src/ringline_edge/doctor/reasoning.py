"""From facts to findings to one verdict, in the order of a call's way from the page to the phone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final

from ringline_core.domain.holds import PREFIX, REASONS, HoldKind
from ringline_edge.adapters.examination import Examination, Seat
from ringline_edge.doctor.facts import Diagnosis, Facts, Finding
from ringline_edge.views import StationView

LOGGED_OFF: Final = f"{PREFIX}logged_off"
_OURS: Final = {
    HoldKind.SUPERVISOR: ("a supervisor set them to not ready", "a supervisor sets them to ready on the wallboard"),
    HoldKind.GATE: (
        "the note of a call is owed",
        "the agent saves the note or chooses 'nothing to note', or a supervisor breaks the gate",
    ),
    HoldKind.WORK: ("a work item is open", "the agent ends it, or its lease ends by itself"),
    HoldKind.PAGE_LOST: (
        "the agent has had no page open for longer than the policy's page_grace_s",
        "open a page, or press Ready on the phone to work without one",
    ),
    HoldKind.MISSED: (
        "as many calls in a row as the policy's missed_limit says rang unanswered",
        "the agent presses Ready on the page or the phone",
    ),
    HoldKind.REJECTED: ("the agent has just sent a call away", "wait five seconds"),
}


def diagnose(facts: Facts) -> Diagnosis:
    """Why this agent gets no calls, or that they would."""
    parts = (_edge, _pbx, _station, _desk, _seats, _holds, _way_of_holding)
    findings = tuple(chain.from_iterable(part(facts) for part in parts))
    blocking = next((each for each in findings if each.level == "blocks"), None)
    if blocking is not None:
        return Diagnosis(f"{facts.who} gets no calls: {blocking.text}.", False, findings)
    unknown = next((each for each in findings if each.level == "unknown"), None)
    if unknown is not None:
        return Diagnosis(
            f"It could not be found out whether {facts.who} would get calls: {unknown.text}.", None, findings
        )
    queues = ", ".join(seat.queue for seat in facts.found.seats if _closed(seat) is None) if facts.found else ""
    return Diagnosis(f"{facts.who} would get calls of {queues}.", True, findings)


def _edge(facts: Facts) -> Iterator[Finding]:
    """The edge and the cloud: without them calls ring all the same, and pages show nothing."""
    edge = facts.edge
    if edge is None:
        text = (
            f"the edge connector does not answer here ({facts.edge_error}); calls ring without it, pages show nothing"
        )
        yield Finding("look", "edge_unreachable", text, "systemctl status ringline-edge; ringline-edge check-config")
        return
    for part in edge.stopped:
        text = f"the part {part.part} of the edge gave up: {part.code}, {part.reason}"
        yield Finding("look", "stopped", text, "mend the cause, then systemctl restart ringline-edge")
    if edge.uplink == "down":
        text = "the edge does not reach the cloud: nobody can log on or change state on a page"
        yield Finding("look", "cloud_away", text, "internet, proxy, DNS, clock; part_lost in the log has the reason")
    elif edge.role == "standby":
        text = "this edge stands by and another one leads the site: desks and holds are the other one's"
        yield Finding("look", "standby", text, "run this on the edge that leads")
    else:
        yield Finding("good", "edge_leads", "the edge leads its site and reaches the cloud")


def _pbx(facts: Facts) -> Iterator[Finding]:
    if facts.pbx_error:
        text = f"the PBX could not be asked ({facts.pbx_error})"
        yield Finding(
            "unknown", "pbx_unreachable", text, "is it up, is its port reachable from here, is the user right"
        )
    elif facts.edge is not None and facts.edge.pbx == "down":
        text = "the PBX answers here, and the running edge has no link to it"
        yield Finding("look", "edge_without_pbx", text, "part_lost in the edge's log has the reason")
    else:
        yield Finding("good", "pbx_answers", "the PBX answers")


def _station(facts: Facts) -> Iterator[Finding]:
    found, station = facts.found, facts.station
    if station is None:
        if facts.edge is None:
            text = "only the running edge knows at which phone an agent is"
            yield Finding("unknown", "agent_unknown", text, "name the phone: --station")
        else:
            text = "they are logged on at no phone of this site, as the cloud told"
            advice = "log on at the page; GET /mappings/{user} tells whether they have a phone, and which"
            yield Finding("blocks", "nobody_logged_on", text, advice)
    elif found is None:
        if not facts.pbx_error:
            text = f"the PBX knows no phone and no queue member {station}"
            yield Finding("blocks", "station_unknown", text, "the mapping's station, or pbx.asterisk.station")
    elif found.in_service is False:
        text = f"phone {station} is out of service: it is not registered at the PBX"
        yield Finding("blocks", "out_of_service", text, "power, network, and the phone's own password")
    else:
        yield from _phone(found, station)


def _phone(found: Examination, station: str) -> Iterator[Finding]:
    if found.dnd:
        yield Finding(
            "blocks", "dnd", f"phone {station} is set to do not disturb", "switch it off at the phone or by its code"
        )
    if found.forward:
        yield Finding("blocks", "forward", f"phone {station} forwards its calls elsewhere", "switch it off likewise")
    if found.talks:
        yield Finding(
            "blocks", "in_call", f"phone {station} is in a call or rings", "queues offer the next one after it"
        )
    if found.in_service and not (found.dnd or found.forward or found.talks):
        yield Finding("good", "in_service", f"phone {station} is in service and free")


def _desk(facts: Facts) -> Iterator[Finding]:
    view, found = facts.view, facts.found
    if facts.edge is None or facts.station is None:
        return
    if view is None or view.agent is None:
        joined = bool(found and any(seat.reason != LOGGED_OFF for seat in found.seats))
        text = f"no agent is logged on at {facts.station} by a page" + (
            "; its queues' calls ring the phone, and no page" if joined else ""
        )
        yield Finding("look" if joined else "blocks", "nobody_logged_on", text, "log on at the page")
    elif not view.pages:
        yield Finding("look", "no_page", f"{view.agent} is logged on at {facts.station} and has no page open")
    else:
        yield Finding("good", "logged_on", f"{view.agent} is logged on at {facts.station}, pages: {view.pages}")


def _seats(facts: Facts) -> Iterator[Finding]:
    found = facts.found
    if found is None:
        return
    if not found.seats:
        text = f"the PBX lists {facts.station} as a member of no queue"
        yield Finding("blocks", "in_no_queue", text, "log on at the page or by the phone's code")
        return
    is_all_closed = all(_closed(seat) is not None for seat in found.seats)
    for seat in found.seats:
        yield from _seat(seat, found, is_all_closed=is_all_closed)
    present = {seat.queue for seat in found.seats}
    for queue in facts.view.queues if facts.view and facts.view.agent else ():
        if queue not in present:
            text = f"the mapping names queue {queue}, and the PBX does not list them there"
            yield Finding("look", "queue_missing", text, "log off and on again; is the queue's name right")


def _closed(seat: Seat) -> tuple[str, str, str] | None:
    """Why a queue would not ring this member: code, sentence, advice; None where it would."""
    if seat.paused and seat.reason == LOGGED_OFF:
        return "logged_off", f"queue {seat.queue} has them paused as logged off", "log on at the page or the phone"
    if seat.paused and seat.reason in REASONS:
        return "paused_by_hold", f"queue {seat.queue} has them paused for a hold ({seat.reason})", ""
    if seat.paused:
        why = f"with reason {seat.reason}" if seat.reason else "without a reason"
        return "paused", f"queue {seat.queue} has them paused {why}", "Ready on the page or the phone"
    if seat.phone == "invalid":
        text = f"queue {seat.queue} watches {seat.watches or 'a device'}, which does not exist"
        return "hint_missing", text, "add that hint to the dial plan, or correct the member's state interface"
    if seat.phone == "unavailable":
        text = f"queue {seat.queue} takes the phone for unavailable"
        return "phone_unavailable", text, "is it registered; is the hint that the queue watches the phone's own"
    return None


def _seat(seat: Seat, found: Examination, *, is_all_closed: bool) -> Iterator[Finding]:
    closed = _closed(seat)
    if closed is not None:
        code, text, advice = closed
        # What a hold does is told with the hold, which has the reason.
        blocks = is_all_closed and code != "paused_by_hold"
        yield Finding("blocks" if blocks else "look", code, text, advice)
        return
    if seat.phone == "in_use" and not found.talks and not found.held:
        text = f"queue {seat.queue} takes the phone for in use, and it is in no call"
        yield Finding("blocks", "phone_busy", text, f"what else makes {seat.watches or 'its device'} busy")
    if seat.rivals is not None and seat.rivals < seat.penalty:
        text = f"queue {seat.queue}: others with penalty {seat.rivals} are free and come before their {seat.penalty}"
        yield Finding("look", "penalty", text, "lower the member's penalty if they should be rung as well")
    else:
        yield Finding("good", "member", f"queue {seat.queue} has them, not paused")


def _holds(facts: Facts) -> Iterator[Finding]:
    view, found = facts.view, facts.found
    wanted = view.wanted if view else None
    if view is not None and wanted is not None:
        yield _wanted(view, HoldKind(wanted))
    elif found is not None and found.held:
        if facts.edge is not None and facts.edge.role == "standby":
            yield Finding("blocks", "hold_elsewhere", "the edge that leads keeps them from calls", "run this there")
            return
        text = "a hold of Ringline is on the phone at the PBX, and no edge here wants it"
        yield Finding("blocks", "hold_left_over", text, "ringline-edge release-all")


def _wanted(view: StationView, kind: HoldKind) -> Finding:
    text, advice = _OURS[kind]
    since = view.state_since_at
    if kind is HoldKind.GATE:
        owing = [each for each in view.owing if each.ask != "owe"]
        since = min((each.since_at for each in owing), default=since)
        needs = sorted({need for each in owing for need in each.needs})
        text += f" (lacking: {', '.join(needs)})" if needs else " (time to write it runs)"
    elif kind is HoldKind.WORK and view.work:
        item = view.work[0]
        text += f" ({item.channel}, its lease ends {item.lease_until_at})"
    elif kind is HoldKind.PAGE_LOST:
        since = view.page_gone_since_at or since
    if view.unholdable:
        return Finding("look", f"hold_{kind.value}", f"{text}; no hold can be made here, so calls come", advice)
    return Finding("blocks", f"hold_{kind.value}", f"{text}, since {since}" if since else text, advice)


def _way_of_holding(facts: Facts) -> Iterator[Finding]:
    why = (facts.found.lacks if facts.found else "") or (facts.view.unholdable if facts.view else "")
    if why:
        text = f"agents cannot be kept from calls at {facts.station}, the gate only warns: {why.rstrip('.')}"
        yield Finding("look", "hold_degraded", text, "add what is lacking; docs/adapters has the lines")
