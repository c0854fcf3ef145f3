"""The two lanes under a lead: documents by window, snapshot around them, call records behind them.

Theory of operation. An epoch begins with a full snapshot: `begin`, every known station, and `end` once each of them was
acknowledged; stations that change meanwhile go along. Records are held back until the snapshot is whole and every
document that was made before them is acknowledged. A frame that failed too often is taken apart: its stations go on one
by one, and the one that fails alone stands aside for a while, so that what nobody can store holds up nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from ringline_core.wire import codec
from ringline_core.wire.codes import MAX_FRAME_BYTES, ErrorCode
from ringline_core.wire.edge import Ack
from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool
from ringline_edge.uplink import batch
from ringline_edge.uplink.flight import InFlight, Window
from ringline_edge.uplink.heard import Refused
from ringline_edge.uplink.results import After

Phase = Literal["wanted", "begun", "open", "ending"]
PASSING = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.INTERNAL, ErrorCode.TIMEOUT})
"""Codes that another try may not meet."""
ASIDE_S = 30.0
PASSING_S = 1.0
SMALLEST_FRAME = 4096


class Lanes:
    """What an active edge has to tell.

    Attributes:
        known: Stations that a full snapshot has to tell; all of them are in the spool when it returns.
        on_acked: Called with a station and the `seq` of its document that the cloud has now.
        snapshot_ready: The PBX has told everything once; before that nothing is sent.
        epoch: Of our lead.
        window: Frames in flight.
        frames: How many may be in flight.
        frame_bytes: How large one may be.
        refused: Documents and records that the cloud will never take.
    """

    def __init__(
        self, live: LiveSpool, log: LogSpool, number: Callable[[], int], fraction: Callable[[], float]
    ) -> None:
        """`number` gives frame numbers, `fraction` random numbers in [0, 1)."""
        self.known: Callable[[], Iterable[str]] = tuple
        self.on_acked: Callable[[str, int], None] = lambda _station, _seq: None
        self.snapshot_ready = False
        self.epoch = 0
        self.window = Window(fraction)
        self.frames = 4
        self.frame_bytes = MAX_FRAME_BYTES
        self.refused = 0
        self._live, self._log, self._number, self._fraction = live, log, number, fraction
        self._largest = MAX_FRAME_BYTES
        self._acked: dict[str, int] = {}
        self._snapshot: Phase | None = "wanted"
        self._untold: set[str] = set()
        self._alone: set[str] = set()
        self._aside: dict[str, float] = {}
        self._records_at_once = batch.MAX_RECORDS

    @property
    def is_whole(self) -> bool:
        """Whether the cloud has a full snapshot of this epoch."""
        return self._snapshot is None

    def lead(self, epoch: int) -> None:
        """Begin a new epoch."""
        self.epoch = epoch
        self._acked.clear()
        self.window.clear()
        self._snapshot = "wanted"

    def closed(self) -> None:
        """No socket is left; what was on its way is sent again on the next one."""
        self.window.clear()
        match self._snapshot:
            case "begun":
                self._snapshot = "wanted"
            case "ending":
                self._snapshot = "open"

    def frame_was_too_large(self) -> None:
        """The cloud closed the socket for a frame's size (1009): send smaller ones from now on."""
        self._largest = max(SMALLEST_FRAME, self._largest // 2)

    def has_acked(self, after: After) -> bool:
        """Whether the cloud has what a result waits for."""
        match after:
            case None:
                return True
            case "snapshot":
                return self.is_whole
            case (station, seq):
                return self._acked.get(station, 0) >= seq

    def late(self, now_s: float) -> list[str]:
        """Frames to send again."""
        self._aside = {station: until for station, until in self._aside.items() if until > now_s}
        for each in self.window.given_up(now_s):
            self._take_apart(each, now_s)
        return [each.text for each in self.window.due(now_s)]

    def fresh(self, now_s: float, wall_ms: int) -> list[str]:
        """Frames to send for the first time, as far as the window has room."""
        texts = []
        while len(self.window) < max(1, self.frames):
            sent = self._next_frame(wall_ms)
            if sent is None:
                break
            self.window.add(sent, now_s)
            texts.append(sent.text)
        return texts

    def next_due_s(self) -> float | None:
        """When there is something to send again, if nothing else happens."""
        times = [self.window.next_due_s(), *self._aside.values()]
        return min((each for each in times if each is not None), default=None)

    def acked(self, ack: Ack, now_s: float) -> Refused | None:
        """A frame was handled; what the cloud will never take of it."""
        if ack.code in PASSING:
            return None
        sent = self.window.acked(ack.frame)
        if sent is None:
            return None
        if ack.code is not None:
            return self._refused(sent, ack.code)
        turned_away = {each.station: each.code for each in ack.rejected if each.station in sent.stations}
        for station, seq in sent.stations.items():
            if turned_away.get(station) in PASSING:
                self._aside[station] = now_s + PASSING_S * (1 + self._fraction())
                continue
            self._drop(station, seq)
            if station not in turned_away:
                self._acked[station] = max(seq, self._acked.get(station, 0))
                self.on_acked(station, seq)
        self._end_of(sent)
        lost = {station: code for station, code in turned_away.items() if code not in PASSING}
        self.refused += len(lost)
        return Refused(tuple(lost), next(iter(lost.values())).value) if lost else None

    def _end_of(self, sent: InFlight) -> None:
        if sent.records:
            self._log.acked(sent.records)
            self._records_at_once = min(batch.MAX_RECORDS, self._records_at_once * 2)
        match sent.snapshot:
            case "begin":
                self._snapshot = "open"
            case "end":
                self._snapshot = None

    def _drop(self, station: str, seq: int) -> None:
        self._live.acked(station, seq)
        self._untold.discard(station)
        self._alone.discard(station)

    def _refused(self, sent: InFlight, code: ErrorCode) -> Refused | None:
        """The frame as a whole was refused: find the culprit by sending what it held one by one."""
        if sent.snapshot:
            self._snapshot = "wanted" if sent.snapshot == "begin" else "open"
        if len(sent.stations) == 1:
            ((station, seq),) = sent.stations.items()
            self._drop(station, seq)
            self.refused += 1
            return Refused((station,), code.value)
        self._alone |= set(sent.stations)
        if len(sent.records) == 1:
            self._log.refuse(sent.records[0], code.value)
            self.refused += 1
            return Refused((sent.records[0].call,), code.value)
        if sent.records:
            self._records_at_once = 1
        return None

    def _take_apart(self, tired: InFlight, now_s: float) -> None:
        if len(tired.stations) == 1:
            self._aside |= dict.fromkeys(tired.stations, now_s + ASIDE_S)
        self._alone |= set(tired.stations)
        if len(tired.records) == 1:
            self._log.postpone(tired.records[0])
        elif tired.records:
            self._records_at_once = 1

    def _next_frame(self, wall_ms: int) -> InFlight | None:
        match self._snapshot:
            case "wanted" if self.snapshot_ready:
                self._untold = set(self.known())
                self._live.keep_only(self._untold)
                self._snapshot = "begun"
                return self._snapshot_frame("begin")
            case "wanted" | "begun":
                return None
            case "open" if not self._untold:
                self._snapshot = "ending"
                return self._snapshot_frame("end")
        return self._state_frame(wall_ms) or self._records_frame()

    def _snapshot_frame(self, phase: str) -> InFlight:
        frame = self._number()
        text = codec.compact({"t": "snapshot", "frame": frame, "epoch": self.epoch, "phase": phase})
        return InFlight(frame, text, snapshot=phase)

    def _state_frame(self, wall_ms: int) -> InFlight | None:
        ready = [
            entry
            for entry in self._live.entries.values()
            if entry.station not in self._aside and not self.window.holds(entry.station)
        ]
        if not ready:
            return None
        lonely = next((entry for entry in ready if entry.station in self._alone), None)
        limit = min(self.frame_bytes, self._largest)
        chosen, texts = batch.fill([lonely] if lonely else ready, batch.entry_text, limit, batch.MAX_STATIONS)
        frame = self._number()
        text = batch.state(frame, self.epoch, wall_ms, texts)
        return InFlight(frame, text, stations={entry.station: entry.seq for entry in chosen})

    def _records_frame(self) -> InFlight | None:
        if not len(self._log) or self._snapshot is not None or any(each.records for each in self.window):
            return None
        waiting = self._log.oldest(self._records_at_once, self._live.oldest_seq)
        if not waiting:
            return None
        limit = min(self.frame_bytes, self._largest)
        chosen, texts = batch.fill(waiting, batch.record_text, limit, self._records_at_once)
        frame = self._number()
        return InFlight(frame, batch.records(frame, texts), records=chosen)
