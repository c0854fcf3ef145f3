"""Requests to the table, posts and write units per event, counted on the real handlers, and what AWS would bill.

The documents are those of a shift that has been going for an hour. An event is a moment in which the PBX said something
that changed at least one document: rings, answers, holds, ends, transfers, agents' pauses.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stdout
from statistics import median
from typing import Final

from benchmarks.bill import Usage
from benchmarks.figures import Figure
from benchmarks.metered_cloud import MeteredCloud, socket_of, underway
from benchmarks.shift import Moment, Shift, served, transfer

EVENTS: Final = 250
BATCH: Final = 5
MOST_WRITE_UNITS: Final = 2
MOST_DOLLARS, MOST_DOLLARS_BATCHED = 6.0, 3.0
_WRITES: Final = ("update_item", "put_item", "delete_item")

Measured = list[tuple[Moment, Usage]]


def measure() -> Iterator[Figure]:
    """Let the shift go on before the cloud, with one page per agent and with three, one by one and in batches."""
    # The handlers write their metrics to standard output, as Lambda wants them.
    with redirect_stdout(io.StringIO()):
        figures = list(_measured())
    yield from figures


def _measured() -> Iterator[Figure]:
    shift = Shift()
    before, moments = shift.documents(), shift.moments(EVENTS)
    touched = sorted({station for moment in moments for station in moment.documents})
    known = {station: before[station] for station in touched}
    with underway(known, pages=1) as cloud:
        single = [(moment, cloud.moments([moment])) for moment in moments]
    with underway(known, pages=1) as cloud:
        batches = [cloud.moments(moments[start : start + BATCH]) for start in range(0, EVENTS, BATCH)]
    yield from _steady(single, "1 page")
    yield from _first_ring(single)
    yield from _with_three_pages(moments, known)
    yield from _transferred(shift, touched)
    yield from _recorded(shift, touched[2])
    yield from _small_talk(known)
    yield from _bills([usage for _, usage in single], batches)


def _is_steady(moment: Moment) -> bool:
    return len(moment.documents) == 1 and not any(moment.rang.values()) and not moment.records


def _is_answered(moment: Moment) -> bool:
    return _is_steady(moment) and moment.events["answered"] == 1


def _steady(measured: Measured, pages: str) -> Iterator[Figure]:
    answered = [usage for moment, usage in measured if _is_answered(moment)]
    claim = f"answered, {pages}: requests and posts"
    yield Figure(claim, _said(answered), "1 write, 0 reads", _never_more(answered, writes=1, reads=0))
    units = [usage.write_units for usage in answered]
    sizes = [max(each.item_bytes for each in usage.requests) for usage in answered]
    value = f"{median(units):.0f} WRU (most {max(units):.0f})"
    note = f"station item {median(sizes):.0f} bytes, most {max(sizes)}; by DynamoDB's size rule"
    target = f"<= {MOST_WRITE_UNITS} WRU"
    yield Figure(f"answered, {pages}: write units", value, target, max(units) <= MOST_WRITE_UNITS, note)


def _first_ring(measured: Measured) -> Iterator[Figure]:
    rung = [u for m, u in measured if len(m.documents) == 1 and m.events["ringing"] == 1 and any(m.rang.values())]
    good = all(_writes(u) <= 2 and _named(u, "query") <= 2 and _named(u, "get_item") == 0 for u in rung)
    note = "the station, the interaction's head, the number's entry; notes and history are queried"
    yield Figure("first ring, 1 page: requests and posts", _said(rung), "1 + 1 writes, 2 queries", good, note)


def _with_three_pages(moments: Sequence[Moment], known: dict[str, dict[str, object]]) -> Iterator[Figure]:
    answered = [moment for moment in moments if _is_answered(moment)][:20]
    stations = {station: known[station] for moment in answered for station in moment.documents}
    with underway(stations, pages=3) as cloud:
        yield from _steady([(moment, cloud.moments([moment])) for moment in answered], "3 pages")


def _transferred(shift: Shift, stations: Sequence[str]) -> Iterator[Figure]:
    station, target = stations[0], stations[1]
    before, now = transfer(shift, station, target)
    documents = {each: shift.model.document(each) for each in (station, target)}
    with underway(documents, pages=1) as cloud:
        cloud.moments([before])
        used = cloud.moments([now])
    good = _writes(used) <= 3 and _named(used, "query") <= 2 and _named(used, "get_item") == 0
    note = "one station's call goes, the other one's rings for the first time"
    yield Figure("cold transfer, 2 stations", _said([used]), "2 + 1 writes, 2 queries", good, note)


def _recorded(shift: Shift, station: str) -> Iterator[Figure]:
    """What its record and its rows in the lists cost a call, beside the events of the call itself."""
    before = {station: shift.model.document(station)}
    moments = served(shift, station)
    (record,) = moments[-1].records
    with underway(before, pages=1) as cloud:
        for moment in moments:
            cloud.tell(moment.documents, moment.rang)
        with cloud.counted() as counted:
            item = {"call": record.call, "version": record.version, "record": record.record}
            cloud.cloud.from_edge({"t": "records", "items": [item]})
    good = _writes(counted[0]) <= 3 and _named(counted[0], "get_item") <= 1 and _named(counted[0], "query") == 0
    note = "the record, its row of the day, its row of the agent; the head is read for who sat where, and for erasure"
    yield Figure("call record, ordinary call of 1 agent", _said(counted), "1 + 2 writes, 1 read", good, note)


def _small_talk(known: dict[str, dict[str, object]]) -> Iterator[Figure]:
    station = next(iter(known))
    with underway({station: known[station]}, pages=1) as cloud:
        for claim, talk in _TALKS.items():
            with cloud.counted() as counted:
                talk(cloud, station)
            yield Figure(claim, _said(counted))


def _command(cloud: MeteredCloud, station: str) -> None:
    """`set_state` from the page to the edge and both results back."""
    said = {"t": "command", "id": "cmd-1", "verb": "set_state", "state": "not_ready", "reason": "lunch"}
    cloud.cloud.from_page(said, f"agent-{station}", socket_of(station, 1))
    ident = cloud.cloud.edges.to("e1", "command")[-1]["id"]
    for stage in ("sent", "confirmed"):
        cloud.cloud.from_edge({"t": "result", "id": ident, "stage": stage})


def _page_beat(cloud: MeteredCloud, station: str) -> None:
    welcome = cloud.cloud.pages.to(socket_of(station, 1), "station")[-1]
    cloud.cloud.from_page({"t": "beat", "station": station, "rev": welcome["rev"]}, f"agent-{station}")


def _edge_beat(cloud: MeteredCloud, station: str) -> None:
    held = [{"station": station, "rev": 2**40}]
    cloud.cloud.from_edge({"t": "beat", "epoch": 1, "spool": 0, "pbx": "up", "held": held})


_TALKS: Final[dict[str, Callable[[MeteredCloud, str], None]]] = {
    "command, sent and confirmed": _command,
    "page beat, page up to date": _page_beat,
    "edge beat, one station held": _edge_beat,
}


def _bills(single: Sequence[Usage], batches: Sequence[Usage]) -> Iterator[Figure]:
    for claim, usages, most in (
        ("AWS bill per million call events, unbatched", single, MOST_DOLLARS),
        (f"AWS bill per million call events, batches of {BATCH}", batches, MOST_DOLLARS_BATCHED),
    ):
        total = Usage(
            sum(usage.frames for usage in usages),
            sum(usage.posts for usage in usages),
            [each for usage in usages for each in usage.requests],
        )
        dollars = total.dollars_per_million(EVENTS)
        yield Figure(claim, f"${dollars:.2f}", f"<= ${most:.0f}", dollars <= most, total.formula(EVENTS))


def _never_more(usages: Sequence[Usage], writes: int, reads: int) -> bool:
    return all(_writes(usage) <= writes and len(usage.requests) - _writes(usage) <= reads for usage in usages)


def _writes(usage: Usage) -> int:
    return sum(each.name in _WRITES for each in usage.requests)


def _named(usage: Usage, name: str) -> int:
    return sum(each.name == name for each in usage.requests)


def _said(usages: Sequence[Usage]) -> str:
    """The requests and posts of the most frequent kind, of others how many there are, and all kinds' units."""
    ways = Counter(_way(usage) for usage in usages)
    (first, times), *others = ways.most_common()
    more = f" ({times} of {len(usages)}; also {', '.join(way for way, _ in others)})" if others else ""
    writes, reads = _span([usage.write_units for usage in usages]), _span([usage.read_units for usage in usages])
    return f"{first}{more}; {writes} WRU, {reads} RRU"


def _way(usage: Usage) -> str:
    names = Counter(each.name for each in usage.requests)
    requests = " + ".join(f"{count} {name}" for name, count in sorted(names.items())) or "no request"
    return f"{requests}, {usage.posts} post{'' if usage.posts == 1 else 's'}"


def _span(values: Sequence[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"
