"""The session with the cloud, without I/O: texts in, texts out, times as arguments (contract, section 6).

Two rules. A station whose document is on its way is not sent again before its ack; what changed meanwhile goes in a
later frame. Nothing leaves the spool but by its ack.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from ringline_core.wire import codec
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codes import MAX_FRAME_BYTES, ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import Ack, Desks, EdgeBeatReply, EdgeHello, EdgeLimits, EdgeWelcome, Lead, PbxInfo
from ringline_core.wire.page import Bye
from ringline_edge.spool.live import Entry, LiveSpool
from ringline_edge.spool.log import LogSpool, Record
from ringline_edge.uplink.flight import InFlight, Window

Role = Literal["active", "standby"]
MAX_STATIONS = 48
MAX_RECORDS = 50


@dataclass(frozen=True)
class Leading:
    """The edge leads from now on under a new epoch; every station is to be put into the spool anew."""

    epoch: int


@dataclass(frozen=True)
class StandingBy:
    """Another edge leads."""


@dataclass(frozen=True)
class Farewell:
    """The cloud closes the socket; `final` forbids another try."""

    code: int
    final: bool
    retry_after_s: float


Heard = Leading | StandingBy | Farewell | EdgeCommand | Desks


@dataclass
class OwnResult:
    """A command's result that waits to be sent.

    Attributes:
        body: JSON of the result without `frame`.
        after: Station and `seq` that must be acknowledged first; None for results that prove nothing.
    """

    body: dict[str, object]
    after: tuple[str, int] | None = None


@dataclass
class Session:
    """One process's session with the cloud, over as many sockets as it takes."""

    edge: str
    session: str
    software: str
    live: LiveSpool
    log: LogSpool
    fraction: Callable[[], float]
    pbx: PbxInfo = field(default_factory=lambda: PbxInfo(kind="unknown"))
    capabilities: tuple[Verb, ...] = ()
    pbx_up: bool = False
    snapshot_ready: bool = False
    role: Role | None = None
    epoch: int = 0
    offset_ms: float = 0.0
    limits: EdgeLimits = field(
        default_factory=lambda: EdgeLimits(beat_s=25, lease_s=60, frame_bytes=MAX_FRAME_BYTES, window=4)
    )

    def __post_init__(self) -> None:
        """Nothing is on its way yet."""
        self.window = Window(self.fraction)
        self._frame = 0
        self._welcomed = False
        self._next_beat_s = 0.0
        self._beat_sent: dict[int, float] = {}
        self._results: list[OwnResult] = []
        self._acked: dict[str, int] = {}
        self._snapshot: Literal["wanted", "begun", "open", "ending"] | None = None
        self._snapshot_rest: dict[str, int] = {}

    @property
    def is_welcome(self) -> bool:
        """Whether the cloud answered our hello on this socket."""
        return self._welcomed

    def opened(self) -> str:
        """A socket is open: the hello to send on it."""
        self.window.clear()
        self._welcomed, self._frame = False, 1
        self._beat_sent.clear()
        hello = EdgeHello(
            frame=1, edge=self.edge, session=self.session, software=self.software, pbx=self.pbx,
            capabilities=self.capabilities,
        )  # fmt: skip
        return codec.encode(hello)

    def closed(self) -> None:
        """The socket is gone; what was on it is sent again on the next one."""
        self._welcomed = False
        self.window.clear()
        if self._snapshot in ("begun", "ending"):
            self._snapshot = "wanted" if self._snapshot == "begun" else "open"

    def result(self, result: OwnResult) -> None:
        """Queue a command's result."""
        self._results.append(result)

    def release(self) -> str | None:
        """The frame that gives the lead up, if we have it."""
        if self.role != "active" or not self._welcomed:
            return None
        return self._text("release", epoch=self.epoch)[1]

    def snapshot_of(self, entries: dict[str, int]) -> None:
        """All stations are in the spool now: `seq` of each, as the snapshot shows them."""
        if self._snapshot is not None:
            self._snapshot_rest = dict(entries)

    def heard(self, raw: str, now_s: float, wall_ms: int) -> Heard | None:
        """Take one frame of the cloud; what the rest of the edge must know of it.

        Raises:
            InvalidMessageError: The frame is none of the contract.
        """
        message = codec.decode_to_edge(raw) if '"t"' in raw else None
        match message:
            case EdgeWelcome():
                return self._welcome(message, now_s, wall_ms)
            case Ack():
                return self._ack(message, now_s)
            case EdgeBeatReply():
                return self._beat_reply(message, wall_ms)
            case Lead(t="lead"):
                return self._lead(message.epoch)
            case Lead():
                return self._stand_by()
            case Bye():
                final = message.code in (4403, 4426)
                return Farewell(message.code, final, (message.retry_after_ms or 0) / 1000)
            case EdgeCommand() | Desks():
                return message
            case _:
                self.window.doubt(now_s)
                return None

    def due(self, now_s: float, wall_ms: int) -> list[str]:
        """All frames to send now, in order."""
        if not self._welcomed:
            return []
        texts = [each.text for each in self.window.due(now_s)]
        if now_s >= self._next_beat_s:
            texts.append(self._beat(now_s))
        if self.role == "active":
            texts += self._active_frames(now_s, wall_ms)
        return texts

    def next_due_s(self) -> float:
        """When `due` has something to say again, if nothing else happens."""
        return min(self._next_beat_s, self.window.next_due_s() or self._next_beat_s)

    def _active_frames(self, now_s: float, wall_ms: int) -> list[str]:
        texts = []
        while len(self.window) < self.limits.window:
            sent = self._next_frame(wall_ms)
            if sent is None:
                break
            self.window.add(sent, now_s)
            texts.append(sent.text)
        return texts + self._sendable_results()

    def _next_frame(self, wall_ms: int) -> InFlight | None:
        if self._snapshot == "wanted":
            if not self.snapshot_ready:
                return None
            self._snapshot = "begun"
            return self._snapshot_frame("begin")
        if self._snapshot == "begun":
            return None
        state = self._state_frame(wall_ms)
        if state is not None:
            return state
        if self._snapshot == "open" and not self._snapshot_rest and not self._has_state_in_flight():
            self._snapshot = "ending"
            return self._snapshot_frame("end")
        return self._records_frame()

    def _has_state_in_flight(self) -> bool:
        return any(each.stations for each in self.window)

    def _snapshot_frame(self, phase: str) -> InFlight:
        frame, text = self._text("snapshot", epoch=self.epoch, phase=phase)
        return InFlight(frame, text, 0.0, snapshot=phase)

    def _state_frame(self, wall_ms: int) -> InFlight | None:
        chosen: list[Entry] = []
        parts: list[str] = []
        size = 160
        for entry in self.live.entries.values():
            if self.window.holds(entry.station):
                continue
            part = _station_text(entry)
            size += len(part.encode()) + 1
            if chosen and (size > self.limits.frame_bytes or len(chosen) >= MAX_STATIONS):
                break
            chosen.append(entry)
            parts.append(part)
        if not chosen:
            return None
        self._frame += 1
        head = f'{{"t":"state","frame":{self._frame},"epoch":{self.epoch},"sent_at":"{ms_to_rfc3339(wall_ms)}"'
        text = f'{head},"stations":[{",".join(parts)}]}}'
        return InFlight(self._frame, text, 0.0, stations={entry.station: entry.seq for entry in chosen})

    def _records_frame(self) -> InFlight | None:
        if not len(self.log) or any(each.records for each in self.window) or self._snapshot is not None:
            return None
        chosen: list[Record] = []
        size = 80
        for record in self.log.oldest(MAX_RECORDS):
            size += len(record.body.encode()) + len(record.call) + 40
            if chosen and size > self.limits.frame_bytes:
                break
            chosen.append(record)
        items = ",".join(f'{{"call":"{r.call}","version":{r.version},"record":{r.body}}}' for r in chosen)
        self._frame += 1
        text = f'{{"t":"records","frame":{self._frame},"items":[{items}]}}'
        return InFlight(self._frame, text, 0.0, records=chosen)

    def _sendable_results(self) -> list[str]:
        ready = [each for each in self._results if each.after is None or self._has_acked(*each.after)]
        self._results = [each for each in self._results if each not in ready]
        return [self._text("result", **each.body)[1] for each in ready]

    def _has_acked(self, station: str, seq: int) -> bool:
        return self._acked.get(station, 0) >= seq

    def _text(self, kind: str, **fields: object) -> tuple[int, str]:
        self._frame += 1
        return self._frame, codec.compact({"t": kind, "frame": self._frame, **fields})

    def _beat(self, now_s: float) -> str:
        self._next_beat_s = now_s + self.limits.beat_s
        waiting = len(self.live) + len(self.log)
        frame, text = self._text("beat", epoch=self.epoch, spool=waiting, pbx="up" if self.pbx_up else "down", held=[])
        self._beat_sent = {frame: now_s}
        return text

    def beat_soon(self) -> None:
        """Something that beats tell has changed."""
        self._next_beat_s = 0.0

    def _welcome(self, welcome: EdgeWelcome, now_s: float, wall_ms: int) -> Heard | None:
        self._welcomed = True
        self.limits = welcome.limits
        self.offset_ms = welcome.now_at.timestamp() * 1000 - wall_ms
        self._next_beat_s = now_s + min(self.limits.beat_s, 1.0)
        if welcome.role == "standby":
            return self._stand_by()
        return self._lead(welcome.epoch)

    def _lead(self, epoch: int) -> Heard | None:
        if self.role == "active" and epoch == self.epoch:
            return None
        self.role, self.epoch = "active", epoch
        self._acked.clear()
        self.window.clear()
        self._snapshot, self._snapshot_rest = "wanted", {}
        return Leading(epoch)

    def _stand_by(self) -> Heard | None:
        if self.role == "standby":
            return None
        self.role = "standby"
        self.window.clear()
        return StandingBy()

    def _beat_reply(self, reply: EdgeBeatReply, wall_ms: int) -> Heard | None:
        if reply.frame in self._beat_sent:
            self.offset_ms = reply.now_at.timestamp() * 1000 - wall_ms
        return self._lead(reply.epoch) if reply.role == "active" else self._stand_by()

    def _ack(self, ack: Ack, now_s: float) -> Heard | None:
        if ack.code is ErrorCode.FENCED:
            self.window.clear()
            self._next_beat_s = now_s
            return self._stand_by()
        sent = self.window.acked(ack.frame)
        if sent is None:
            return None
        for station, seq in sent.stations.items():
            self.live.acked(station, seq)
            self._acked[station] = max(seq, self._acked.get(station, 0))
            if self._snapshot_rest.get(station, seq + 1) <= seq:
                del self._snapshot_rest[station]
        if sent.records:
            self.log.acked(sent.records)
        match sent.snapshot:
            case "begin":
                self._snapshot = "open"
            case "end":
                self._snapshot = None
        return None


def _station_text(entry: Entry) -> str:
    rang = f',"rang":{codec.compact(list(entry.rang))}' if entry.rang else ""
    head = f'{{"station":{codec.compact(entry.station)},"seq":{entry.seq},"seen_at":"{ms_to_rfc3339(entry.seen_ms)}"'
    return f'{head}{rang},"doc":{entry.doc}}}'
