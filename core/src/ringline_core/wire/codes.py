"""Every closed set of words on the wire, one enum each."""

from __future__ import annotations

from enum import IntEnum, StrEnum

PROTOCOL_VERSION = 1
"""Version in `hello.v` and `welcome.v`."""

MAX_FRAME_BYTES = 28 * 1024
"""Largest frame towards the cloud; API Gateway closes a socket (1009) above 32 KB."""


class LegState(StrEnum):
    """Connection states of CSTA (ECMA-269), `null` left out: a leg that ended is not shown."""

    INITIATED = "initiated"
    ALERTING = "alerting"
    CONNECTED = "connected"
    HOLD = "hold"
    QUEUED = "queued"
    FAIL = "fail"


class Direction(StrEnum):
    """Which way a leg's call goes, seen from that leg."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Presentation(StrEnum):
    """Whether the remote number may be shown and looked up."""

    ALLOWED = "allowed"
    RESTRICTED = "restricted"
    UNKNOWN = "unknown"


class AgentStateName(StrEnum):
    """What the agent at a station is doing."""

    LOGGED_OFF = "logged_off"
    NOT_READY = "not_ready"
    READY = "ready"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    UNKNOWN = "unknown"


class EventName(StrEnum):
    """Transitions in `recent`; each is raised once by a page."""

    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    HELD = "held"
    RESUMED = "resumed"
    CONSULTING = "consulting"
    CONFERENCED = "conferenced"
    TRANSFERRED = "transferred"
    DIVERTED = "diverted"
    DROPPED = "dropped"
    MISSED = "missed"
    FAILED = "failed"
    AGENT_STATE = "agent_state"
    IN_SERVICE = "in_service"
    OUT_OF_SERVICE = "out_of_service"
    GATE_TRIPPED = "gate_tripped"


class Cause(StrEnum):
    """Why a leg ended."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    ANSWERED_ELSEWHERE = "answered_elsewhere"
    PICKED_UP = "picked_up"
    FORWARDED = "forwarded"
    PARKED = "parked"
    NETWORK = "network"
    NOT_FOUND = "not_found"
    TIMEOUT = "timeout"
    RECONCILED = "reconciled"


class By(StrEnum):
    """Who made a transition, where it was not a station."""

    AGENT_PAGE = "agent_page"
    AGENT_PHONE = "agent_phone"
    REMOTE = "remote"
    PBX = "pbx"


class Verb(StrEnum):
    """Commands that a page may send."""

    LOG_ON = "log_on"
    LOG_OFF = "log_off"
    SET_STATE = "set_state"
    PLACE = "place"
    ANSWER = "answer"
    REJECT = "reject"
    DROP = "drop"
    HOLD = "hold"
    RESUME = "resume"
    TRANSFER = "transfer"
    CONSULT = "consult"
    COMPLETE = "complete"
    CANCEL = "cancel"
    SWAP = "swap"
    CONFERENCE = "conference"
    DTMF = "dtmf"
    ATTACH = "attach"


class RejectReason(StrEnum):
    """Why an agent's page sends a call away."""

    BUSY_WORK = "busy_work"
    NOT_MINE = "not_mine"
    LATER = "later"


class Stage(StrEnum):
    """How far a command has come."""

    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    EXPIRED = "expired"


class ErrorCode(StrEnum):
    """Codes in `error` of results and in `error` frames."""

    NOT_AUTHORIZED = "not_authorized"
    FORBIDDEN = "forbidden"
    MESSAGE_INVALID = "message_invalid"
    TOO_LARGE = "too_large"
    VERSION_UNSUPPORTED = "version_unsupported"
    NOT_LOGGED_ON = "not_logged_on"
    STATION_TAKEN = "station_taken"
    STATION_UNKNOWN = "station_unknown"
    NO_SUCH_CALL = "no_such_call"
    NOT_ALLOWED = "not_allowed"
    GATE_CLOSED = "gate_closed"
    WORK_BLOCKS = "work_blocks"
    EDGE_OFFLINE = "edge_offline"
    PBX_DOWN = "pbx_down"
    UNSUPPORTED = "unsupported"
    NUMBER_INVALID = "number_invalid"
    REJECTED_BY_PBX = "rejected_by_pbx"
    TIMEOUT = "timeout"
    EXPIRED = "expired"
    FENCED = "fenced"
    NOTE_CONFLICT = "note_conflict"
    RATE_LIMITED = "rate_limited"
    INTERNAL = "internal"


class ByeCode(IntEnum):
    """Why the cloud is about to close a socket; 4403 and 4426 are final."""

    TOKEN = 4401
    FORBIDDEN = 4403
    REPLACED = 4409
    CLIENT_TOO_OLD = 4426
    TOO_MANY = 4429
    DRAIN = 4503
