"""Which documents and records go into one frame, counted in bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_edge.spool.live import Entry
from ringline_edge.spool.log import Record

MAX_STATIONS = 48
MAX_RECORDS = 50
HEAD_BYTES = 160
"""More than the longest head of a `state` or `records` frame."""

T = TypeVar("T")


def fill(items: Iterable[T], text: Callable[[T], str], limit_bytes: int, most: int) -> tuple[list[T], list[str]]:
    """As many items as fit, and their texts; the first always fits, since nothing smaller could be sent.

    Args:
        items: Candidates in order.
        text: JSON of one item.
        limit_bytes: Size of the frame, head included.
        most: How many at most.
    """
    chosen: list[T] = []
    texts: list[str] = []
    size = HEAD_BYTES
    for item in items:
        part = text(item)
        size += len(part.encode()) + 1
        if chosen and (size > limit_bytes or len(chosen) >= most):
            break
        chosen.append(item)
        texts.append(part)
    return chosen, texts


def state(frame: int, epoch: int, sent_ms: int, parts: Sequence[str]) -> str:
    """A `state` frame."""
    head = f'{{"t":"state","frame":{frame},"epoch":{epoch},"sent_at":"{ms_to_rfc3339(sent_ms)}"'
    return f'{head},"stations":[{",".join(parts)}]}}'


def records(frame: int, parts: Sequence[str]) -> str:
    """A `records` frame."""
    return f'{{"t":"records","frame":{frame},"items":[{",".join(parts)}]}}'


def entry_text(entry: Entry) -> str:
    """One station of a `state` frame."""
    rang = f',"rang":{compact(list(entry.rang))}' if entry.rang else ""
    head = f'{{"station":{compact(entry.station)},"seq":{entry.seq},"seen_at":"{ms_to_rfc3339(entry.seen_ms)}"'
    return f'{head}{rang},"doc":{entry.doc}}}'


def record_text(record: Record) -> str:
    """One item of a `records` frame."""
    return f'{{"call":{compact(record.call)},"version":{record.version},"record":{record.body}}}'
