"""Frames to pages and edges as text; a stored document is pasted in, not parsed."""

from __future__ import annotations

from typing import Any

from ringline_cloud.services import desk_view
from ringline_cloud.store.stations import StationItem
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import ByeCode, ErrorCode


def station(item: StationItem, now_ms: int, seen_at: str | None = None, sent_at: str | None = None) -> str:
    """`station` for the pages of who is logged on."""
    head = {"t": "station", "station": item.station, "rev": item.rev, "desk": desk_view.shown(item, now_ms) or None}
    times = {"now_at": ms_to_rfc3339(now_ms), "seen_at": seen_at, "sent_at": sent_at}
    return with_document({**head, **times}, item)


def logged_off(now_ms: int) -> str:
    """`station` with nothing in it: log-off or takeover."""
    nothing = {"station": None, "rev": None, "doc": None, "desk": None}
    return compact({"t": "station", **nothing, "now_at": ms_to_rfc3339(now_ms)})


def with_document(frame: dict[str, Any], item: StationItem) -> str:
    """`frame` with the station's document as `doc`; one that no edge has told yet is shown as not known."""
    return f'{compact(frame)[:-1]},"doc":{item.doc or _unknown(item.station)}}}'


def result(ident: str, stage: str, **more: Any) -> str:
    """`result` for a page."""
    return compact({"t": "result", "id": ident, "stage": stage, **more})


def failed(ident: str, code: ErrorCode, text: str) -> str:
    """`result` of a command that failed."""
    return result(ident, "failed", error={"code": code.value, "text": text})


def error(code: str, text: str, ref: str | None = None) -> str:
    """`error`: a frame was refused."""
    return compact({"t": "error", "ref": ref, "code": code, "text": text[:500]})


def refused(number: int, code: str) -> str:
    """`ack` of an edge's frame that was refused as a whole."""
    return compact({"t": "ack", "frame": number, "code": code})


def bye(code: ByeCode) -> str:
    """`bye`: the socket is about to be closed."""
    return compact({"t": "bye", "code": code.value})


def notice(level: str, code: str, text: str) -> str:
    """`notice`: something the agent should read."""
    return compact({"t": "notice", "level": level, "code": code, "text": text})


def _unknown(station_id: str) -> str:
    agent: dict[str, Any] = {
        "login": None,
        "state": "unknown",
        "reason": None,
        "since_at": None,
        "pending": None,
        "queues": [],
    }
    body = {"station": station_id, "in_service": False, "dnd": None, "forward": None, "agent": agent}
    return compact({**body, "calls": [], "wrap_up": [], "can": [], "recent": []})
