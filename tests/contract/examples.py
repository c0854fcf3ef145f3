"""One full frame of every message of the contract, as another client would write it."""

from __future__ import annotations

from typing import Any, Final

Frame = dict[str, Any]
AT: Final = "2026-11-22T09:31:10.004Z"
DOCUMENT: Final[Frame] = {
    "station": "1001",
    "in_service": True,
    "dnd": None,
    "forward": None,
    "agent": {
        "login": "7001",
        "state": "wrap_up",
        "reason": None,
        "since_at": AT,
        "pending": None,
        "queues": [{"queue": "support", "paused": True, "reason": "ringline:wrap_up", "penalty": 0}],
    },
    "calls": [
        {
            "call": "c-1",
            "interaction": "i-1",
            "was": ["i-0"],
            "related": [],
            "leg": "alerting",
            "direction": "inbound",
            "remote": {"number": "+442071234567", "name": "A. Caller", "presentation": "allowed"},
            "dialed": "5000",
            "queue": "support",
            "started_at": AT,
            "answered_at": None,
            "held_at": None,
            "consult_of": None,
            "transferred_by": None,
            "conflict": None,
            "parties": [{"number": "1002", "station": "1002", "leg": "connected"}],
            "data": {"order": "17", "vip": True, "count": 3, "share": 0.5, "none": None},
            "can": ["answer", "reject"],
        }
    ],
    "wrap_up": [
        {"interaction": "i-2", "call": "c-2", "since_at": AT, "limit_at": None, "needs": ["note"], "ask": None}
    ],
    "can": ["place", "set_state", "log_off"],
    "recent": [
        {
            "n": 8589934604,
            "event": "ringing",
            "call": "c-1",
            "interaction": "i-1",
            "at": AT,
            "cause": None,
            "by": None,
            "peer": None,
        }
    ],
}
WORK: Final[Frame] = {"work": "w-1", "channel": "email", "label": "#123", "lease_until_at": AT, "blocks": ["voice"]}
HANDOVER: Final[Frame] = {
    "interaction": "i-1",
    "from": {"agent": "ben", "station": "1002"},
    "kind": "cold",
    "note": "first 500 characters",
    "data": {},
    "at": AT,
    "by": "agent_page",
}
DESK: Final[Frame] = {
    "agent": "anna",
    "name": "Anna Ek",
    "since_at": AT,
    "pages": 2,
    "drafts": ["i-2"],
    "decided": ["i-3"],
    "owed": [{"interaction": "i-4", "call": "c-4", "since_at": AT, "needs": ["note"]}],
    "work": [WORK],
    "pop": [{"call": "c-1", "grant": 1, "page": "p-1", "done": True}],
    "handover": [HANDOVER],
}
NOTE: Final[Frame] = {
    "note": "n-1",
    "interaction": "i-1",
    "rev": 2,
    "author": "anna",
    "text": "Wants a call back.",
    "fields": {"topic": "billing"},
    "draft": False,
    "at": AT,
}
SITE: Final[Frame] = {"id": "hq", "edge": "up", "pbx": "down", "tz": "Europe/London"}
ERROR: Final[Frame] = {"code": "rejected_by_pbx", "text": "The PBX refused it."}
POLICY: Final[Frame] = {
    "gate": "dirty",
    "gate_on": ["queue_inbound", "direct_inbound", "outbound"],
    "on_ready_unsaved": "save",
    "wrap_s": 10,
    "limit_s": 120,
    "cloud_away_s": 60,
    "page_grace_s": 60,
    "auto_log_on": True,
    "missed_limit": 3,
    "queues": {"sales": {"gate": "disposition"}},
}
WELCOME: Final[Frame] = {
    "t": "welcome",
    "v": 1,
    "now_at": AT,
    "expires_at": AT,
    "agent": "anna",
    "name": "Anna Ek",
    "roles": ["agent"],
    "station": "1001",
    "rev": 7,
    "doc": DOCUMENT,
    "desk": DESK,
    "capabilities": ["place", "dtmf"],
    "site": SITE,
    "limits": {"frame_bytes": 28672, "note_bytes": 16384, "data_bytes": 2048},
    "heartbeat_s": 30,
    "dispositions": {"": ["sold"]},
}
BOARD: Final[Frame] = {
    "whole": True,
    "at": AT,
    "part": 1,
    "parts": 2,
    "stations": [
        {"station": "1001", "agent": "anna", "name": "Anna Ek", "in_service": True, "state": "busy", "reason": None,
         "pending": "not_ready", "since_at": AT, "pages": 2, "work": 1, "owes": 1, "queues": ["support"],
         "calls": [{"leg": "connected", "direction": "inbound", "queue": "support", "since_at": AT}]}
    ],
    "queues": [{"queue": "support", "waiting": 2, "longest_since_at": AT}],
    "closed": ["sales"],
}  # fmt: skip
COMMANDS: Final[tuple[Frame, ...]] = (
    {"verb": "log_on"},
    {"verb": "log_on", "station": "1002", "takeover": True},
    {"verb": "log_off", "force": True},
    {"verb": "set_state", "state": "not_ready", "reason": "lunch", "after_call": True},
    {"verb": "place", "to": "+442071234567", "data": {}, "caller_id": "5000", "account": "17", "interaction": "i-1"},
    {"verb": "answer", "call": "c-1"},
    {"verb": "reject", "call": "c-1", "reason": "busy_work"},
    {"verb": "reject", "call": "c-1", "reason": "not_mine"},
    {"verb": "reject", "call": "c-1", "reason": "later"},
    {"verb": "drop", "call": "c-1"},
    {"verb": "hold", "call": "c-1"},
    {"verb": "resume", "call": "c-1"},
    {"verb": "transfer", "call": "c-1", "to": "1002", "data": {"k": "v"}, "note": "Knows the order."},
    {"verb": "consult", "call": "c-1", "to": "1002", "data": {"k": "v"}, "note": "Knows the order."},
    {"verb": "complete", "call": "c-1"},
    {"verb": "cancel", "call": "c-1"},
    {"verb": "swap", "call": "c-1"},
    {"verb": "conference", "call": "c-1"},
    {"verb": "dtmf", "call": "c-1", "digits": "12*#A"},
    {"verb": "attach", "call": "c-1", "data": {"k": "v"}},
)
_WORK_FIELDS: Final[Frame] = {
    "id": "x-1",
    "work": "w-1",
    "channel": "email",
    "label": "#123",
    "blocks": ["voice"],
    "ttl_s": 600,
}

EXAMPLES: Final[dict[str, tuple[Frame, ...]]] = {
    "from_page": (
        {"t": "hello", "v": 1, "page": "p-1", "client": "web/1.0", "visible": True, "focused": False, "can_pop": True,
         "label": "Inbox"},
        {"t": "hello", "v": 1, "page": "p-2", "client": "web/1.0", "station": "1001", "rev": 6, "n": 8589934603,
         "visible": True, "focused": False, "can_pop": True, "label": "", "replaces": "p-1"},
        {"t": "page", "visible": True, "focused": True, "can_pop": False, "last_input_at": AT},
        {"t": "beat", "station": "1001", "rev": 7},
        {"t": "pages", "id": "x-1"},
        *({"t": "command", "id": f"x-{number}", "ttl_ms": 8000, **each} for number, each in enumerate(COMMANDS)),
        {"t": "note.put", "id": "x-1", "interaction": "i-1", "base": 0, "text": "Wants…", "fields": {}, "draft": True},
        {"t": "wrap_up.done", "id": "x-1", "interaction": "i-1", "disposition": "solved", "nothing_to_note": True},
        {"t": "work.begin", **_WORK_FIELDS},
        {"t": "work.touch", **_WORK_FIELDS},
        {"t": "work.touch", "id": "x-1", "work": "w-1", "ttl_s": 600},
        {"t": "work.end", **_WORK_FIELDS},
        {"t": "work.end", "id": "x-1", "work": "w-1"},
        {"t": "pop.claim", "call": "c-1", "grant": 1},
        {"t": "pop.done", "call": "c-1", "grant": 1},
        {"t": "pop.pass", "call": "c-1", "grant": 1},
        {"t": "context", "interaction": "i-1"},
        {"t": "context", "number": "+442071234567", "limit": 5},
        {"t": "hello", "v": 1, "page": "p-3", "client": "web/1.0", "only_looks": True},
        {"t": "watch", "on": True},
    ),
    "to_page": (
        WELCOME,
        {**WELCOME, "station": None, "rev": None, "doc": None, "desk": None},
        {"t": "station", "station": "1001", "rev": 7, "doc": DOCUMENT, "desk": DESK, "now_at": AT},
        {"t": "station", "station": None, "rev": None, "doc": None, "desk": None, "now_at": AT},
        {"t": "context", "interaction": "i-1", "notes": [NOTE], "data": {}, "handover": HANDOVER, "more": True,
         "previous": [{"interaction": "i-9", "at": AT, "queue": "support", "agents": ["ben"], "note": "Sent an"}]},
        {"t": "result", "id": "x-1", "stage": "sent"},
        {"t": "result", "id": "x-1", "stage": "confirmed", "already": True},
        {"t": "result", "id": "x-1", "stage": "expired"},
        {"t": "result", "id": "x-1", "stage": "failed", "error": ERROR},
        {"t": "note", **NOTE},
        {"t": "pop", "call": "c-1", "rank": 0, "grant": 1, "page": "p-1", "done": False, "lease_ms": 600,
         "steal_ms": 1800},
        {"t": "pages", "id": "x-1", "pages": [
            {"page": "p-1", "label": "Orders", "focused": True, "visible": True, "can_pop": True, "since_at": AT}]},
        {"t": "beat", "now_at": AT, "rev": 7, "site": SITE},
        {"t": "watching", "until_at": AT, "sites": [SITE]},
        {"t": "board", "site": "hq", **BOARD, "gone": ["1002"]},
        {"t": "notice", "level": "warning", "code": "station_taken", "text": "Somebody else has your phone."},
        {"t": "error", "ref": "x-1", "code": "message_invalid", "text": "rev: should be a number"},
        {"t": "error", "ref": "x-1", "code": "note_conflict", "text": "The note has changed.", "current": NOTE},
        *({"t": "bye", "code": code} for code in (4401, 4403, 4409, 4426, 4429, 4503)),
        {"t": "bye", "code": 4503, "retry_after_ms": 2000},
    ),
    "from_edge": (
        {"t": "hello", "frame": 1, "v": 1, "edge": "edge-1", "session": "s-1", "software": "ringline-edge/0.1",
         "pbx": {"kind": "asterisk", "version": "22.10.1"}, "capabilities": ["place", "drop"]},
        {"t": "state", "frame": 2, "epoch": 3, "stations": [
            {"station": "1001", "seq": 1, "doc": DOCUMENT, "rang": ["c-1"]},
            {"station": "1001", "seq": 2, "doc": DOCUMENT}]},
        {"t": "snapshot", "frame": 3, "epoch": 3, "phase": "begin"},
        {"t": "snapshot", "frame": 4, "epoch": 3, "phase": "end"},
        {"t": "records", "frame": 5, "items": [{"call": "c-1", "version": 1, "record": {"legs": [{"n": 1.5}]}}]},
        {"t": "result", "frame": 6, "id": "x-1", "stage": "confirmed", "already": True},
        {"t": "result", "frame": 7, "id": "x-1", "stage": "failed", "error": ERROR},
        {"t": "beat", "frame": 8, "epoch": 3, "spool": 12, "pbx": "up", "held": [{"station": "1001", "rev": 7}]},
        {"t": "release", "frame": 9, "epoch": 3},
        {"t": "board", "frame": 10, "epoch": 3, **BOARD, "left": [{"station": "1002", "agent": "ben"}]},
    ),
    "to_edge": (
        {"t": "welcome", "role": "active", "epoch": 3, "now_at": AT,
         "limits": {"beat_s": 25, "lease_s": 60, "frame_bytes": 28672, "window": 4}},
        {"t": "ack", "frame": 2, "epoch": 3, "rejected": [{"station": "1001", "code": "too_large"}]},
        {"t": "ack", "frame": 2, "epoch": 3, "code": "fenced"},
        {"t": "ack", "frame": 5},
        {"t": "beat", "frame": 8, "now_at": AT, "role": "standby", "epoch": 3},
        *({"t": "command", "id": f"x-{number}", "deadline_at": AT, **{"station": "1001", **each}}
          for number, each in enumerate(COMMANDS)),
        {"t": "command", "id": "x-1", "verb": "log_on", "station": "1001", "deadline_at": AT, "login": "7001",
         "queues": ["support"], "name": "Anna Ek"},
        {"t": "desks", "part": 1, "parts": 1, "items": [
            {"station": "1001", "rev": 7, "agent": "anna", "login": "7001", "queues": ["support"], "name": "Anna Ek",
             "pages": 1, "drafts": ["i-2"], "decided": [], "work": [{**WORK, "id": "x-1"}],
             "wrap_up": [{"interaction": "i-2", "call": "c-2", "since_at": AT, "limit_at": None, "needs": ["note"],
                          "ask": None}], "policy": POLICY},
            {"station": "1002", "rev": 3, "agent": None, "login": None, "queues": [], "name": "", "pages": 0,
             "drafts": [], "decided": [], "work": [], "wrap_up": [], "policy": {}}]},
        {"t": "watch", "until_at": AT, "whole": True},
        {"t": "lead", "epoch": 3},
        {"t": "standby", "epoch": 4},
        {"t": "bye", "code": 4503, "retry_after_ms": 2000},
    ),
}  # fmt: skip
