"""What one answered and wrapped-up call costs, and an agent's whole day, counted on the real handlers.

A call: it rings, is answered, a note is begun, goes on and is saved after the end, the gate opens, the record comes. A
day: eight hours with one page, its sockets and beats, the calls, and some pauses. The edge's own socket and beats are
shared by everybody at a site and left out.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.bill import Usage
from benchmarks.figures import Figure
from benchmarks.metered_cloud import Frame, MeteredCloud, socket_of, underway
from benchmarks.shift import Moment, Shift
from ringline_cloud.identity import PageIdentity
from ringline_cloud.services import tickets

CALLS: Final = 60
HOURS: Final = 8
SOCKETS: Final = 5
"""API Gateway ends a socket after two hours; the page opens its next one before."""

STATE_CHANGES: Final = 10
DRAFTS: Final = 4
"""Revisions of a note before it is saved; the page sends one for each second of typing at most."""

MINUTE: Final = 0.25e-6
"""A minute that a socket is open; price page of API Gateway, WebSocket APIs."""


@dataclass(frozen=True)
class Call:
    """A call's three moments at one station."""

    station: str
    rung: Moment
    answered: Moment
    over: Moment
    interaction: str
    call: str


def measure() -> Iterator[Figure]:
    """One call, then a day made of what was measured."""
    # The handlers write their metrics to standard output, as Lambda wants them.
    with redirect_stdout(io.StringIO()):
        figures = list(_measured())
    yield from figures


def _measured() -> Iterator[Figure]:
    shift = Shift()
    before = shift.documents()
    call = _first_call(shift)
    with underway({call.station: before[call.station]}, pages=1) as cloud:
        wrapped_up = _call(cloud, call)
        parts = {
            "call": (CALLS, wrapped_up),
            "socket": (SOCKETS, _socket(cloud, call.station)),
            "beat": (HOURS * 120, _said(cloud, call.station, {"t": "beat", "station": call.station, "rev": 2**40})),
            "state": (STATE_CHANGES, _state_change(cloud, call.station)),
        }
    yield Figure("answered, wrapped-up call: requests, posts", _told(wrapped_up), note=f"{DRAFTS} drafts, one page")
    yield Figure("answered, wrapped-up call: bill per thousand", f"${_dollars(wrapped_up) * 1000:.3f}")
    day = sum(times * _dollars(usage) for times, usage in parts.values()) + HOURS * 60 * MINUTE
    requests = sum(times * len(usage.requests) for times, usage in parts.values())
    shares = ", ".join(f"{name} {times} x ${_dollars(usage) * 1e6:.1f}/M" for name, (times, usage) in parts.items())
    note = f"{shares}; {HOURS} h, one page; list prices, edge's own frames for the calls in, its beats not"
    yield Figure("agent-day: table requests", f"{requests}", note=note)
    yield Figure("agent-day: bill", f"${day:.4f}", note=f"${day * 21:.2f} for 21 days")


def _first_call(shift: Shift) -> Call:
    """The first inbound call that begins, is answered and ends at one station with no other call there.

    Raises:
        RuntimeError: There was none among many.
    """
    begun: dict[str, list[Moment]] = {}
    for moment in shift.moments(4000):
        if len(moment.documents) != 1:
            continue
        (station, document), *_ = moment.documents.items()
        calls, found = document["calls"], begun.get(station, [])
        if [each["leg"] for each in calls] == ["alerting"] and moment.rang[station]:
            begun[station] = [moment]
        elif found and len(found) == 1 and [each["leg"] for each in calls] == ["connected"]:
            begun[station] = [*found, moment]
        elif len(found) == 2 and not calls and moment.records:
            entry = found[0].documents[station]["calls"][0]
            return Call(station, found[0], found[1], moment, entry["interaction"], entry["call"])
        else:
            begun.pop(station, None)
    raise RuntimeError("no call in the shift was answered and over")


def _call(cloud: MeteredCloud, call: Call) -> Usage:
    """From ring to the document after the gate has opened."""
    used = [cloud.moments([call.rung]), cloud.moments([call.answered])]
    note = {"t": "note.put", "interaction": call.interaction, "fields": {}}
    for rev in range(DRAFTS):
        used.append(
            _said(cloud, call.station, {**note, "id": f"n-{rev}", "base": rev, "text": "x" * 40, "draft": True})
        )
    document = call.over.documents[call.station]
    owing = {"interaction": call.interaction, "call": call.call, "since_at": document["agent"]["since_at"]}
    agent = {**document["agent"], "state": "wrap_up", "reason": "ringline:wrap_up"}
    entry = {**owing, "limit_at": None, "needs": ["note"], "ask": None}
    gated = {**document, "wrap_up": [entry], "agent": agent}
    used.append(cloud.moments([_moment(call.over, {call.station: gated})]))
    saved = {**note, "id": "n-saved", "base": DRAFTS, "text": "Wants a refund", "draft": False}
    used.append(_said(cloud, call.station, saved))
    used.append(cloud.moments([Moment({call.station: document}, {call.station: set()})]))
    return _sum(used)


def _moment(like: Moment, documents: dict[str, dict[str, Any]]) -> Moment:
    return Moment(documents, like.rang, like.records, like.events)


def _said(cloud: MeteredCloud, station: str, frame: Frame) -> Usage:
    """One frame of the page; its answer is the invocation's own message."""
    with cloud.counted() as counted:
        answer = cloud.cloud.from_page(frame, f"agent-{station}", socket_of(station, 1))
    if answer is not None and answer["t"] == "error":
        raise RuntimeError(f"the cloud refused {frame['t']}: {answer}")
    return Usage(1, counted[0].posts, counted[0].requests)


def _state_change(cloud: MeteredCloud, station: str) -> Usage:
    """Not ready asked on the page, both results of the edge, and the document that shows it."""
    asked = {"t": "command", "id": "cmd-day", "verb": "set_state", "state": "not_ready", "reason": "lunch"}
    used = [_said(cloud, station, asked)]
    ident = cloud.cloud.edges.to("e1", "command")[-1]["id"]
    for stage in ("sent", "confirmed"):
        with cloud.counted() as counted:
            cloud.cloud.from_edge({"t": "result", "id": ident, "stage": stage})
        used.append(Usage(1, counted[0].posts, counted[0].requests))
    return _sum(used)


def _socket(cloud: MeteredCloud, station: str) -> Usage:
    """A ticket, the upgrade that uses it up, the hello that replaces the socket before; three invocations."""
    agent = f"agent-{station}"
    who = PageIdentity("demo", agent, agent, ("agent",), cloud.cloud.now_ms + 3_600_000)
    with cloud.counted() as counted:
        ticket = tickets.issue(cloud.cloud.deps, who)
        tickets.redeem(cloud.cloud.deps, ticket["ticket"])
        cloud.cloud.page_opens(agent, f"next-{station}", "page-next", replaces=f"page-{socket_of(station, 1)}")
        cloud.cloud.page_gone(socket_of(station, 1), agent)
    cloud.cloud.page_opens(agent, socket_of(station, 1), f"page-{socket_of(station, 1)}")
    return Usage(3, counted[0].posts, counted[0].requests)


def _sum(used: list[Usage]) -> Usage:
    frames, posts = sum(each.frames for each in used), sum(each.posts for each in used)
    return Usage(frames, posts, [request for each in used for request in each.requests])


def _dollars(usage: Usage) -> float:
    return usage.dollars_per_million(1) / 1e6


def _told(usage: Usage) -> str:
    writes = sum(each.name in ("update_item", "put_item", "delete_item") for each in usage.requests)
    reads = len(usage.requests) - writes
    units = f"{usage.write_units:g} WRU, {usage.read_units:g} RRU"
    return f"{writes} writes, {reads} reads, {usage.posts} posts, {usage.frames} invocations; {units}"
