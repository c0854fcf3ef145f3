"""The board on its way to the cloud: only while somebody looks, at most once a second, and only what changed.

One telling is on its way at a time. What follows is the difference to what the cloud is known to have; after a telling
that was not acknowledged the whole board goes again. A telling without changes goes now and then, so that who looks can
tell a quiet floor from a broken line.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ringline_core.domain import board
from ringline_core.domain.board import Board, BoardChanges
from ringline_core.wire.base import ms_to_rfc3339
from ringline_core.wire.codec import compact
from ringline_core.wire.codes import MAX_FRAME_BYTES
from ringline_core.wire.edge import Ack, WatchOrder
from ringline_edge.uplink import batch
from ringline_edge.uplink.heard import Refused
from ringline_edge.uplink.lanes import PASSING

PAUSE_S = 1.0
QUIET_S = 5.0
WHOLE_S = 30.0
ACK_S = 5.0
HEAD_BYTES = 256
"""More than what stands around the entries of a `board` frame."""


class BoardLane:
    """When which part of the board is told.

    Attributes:
        make: Gives the board as it is now, by the cloud's clock in milliseconds.
        on_end: Called when nobody looks any more.
        epoch: Of our lead.
        frame_bytes: How large a frame may be.
    """

    def __init__(self, number: Callable[[], int]) -> None:
        """`number` gives frame numbers."""
        self.make: Callable[[float], Board] = lambda _cloud_ms: Board()
        self.on_end: Callable[[], None] = lambda: None
        self.epoch = 0
        self.frame_bytes = MAX_FRAME_BYTES
        self._number = number
        self._until_ms: float | None = None
        self._told: Board | None = None
        self._on_its_way = Board()
        self._frames: set[int] = set()
        self._is_dirty = False
        self._look_s = self._quiet_s = self._whole_s = self._ack_s = 0.0

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._until_ms is not None

    def watch(self, order: WatchOrder, cloud_ms: float) -> None:
        """Somebody begins to look, goes on, or has ceased to."""
        until_ms = order.until_at.timestamp() * 1000
        if until_ms <= cloud_ms:
            self.stop()
            return
        if order.whole or not self.is_watched:
            self._told = None
            self._is_dirty = True
        self._until_ms = until_ms

    def changed(self) -> None:
        """Something that the board shows may have changed."""
        self._is_dirty = True

    def stop(self) -> None:
        """Nobody looks, or we may not tell."""
        if self.is_watched:
            self._until_ms = None
            self.closed()
            self.on_end()

    def closed(self) -> None:
        """No socket is left; the next one begins with the whole board."""
        self._told = None
        self._frames.clear()
        self._is_dirty = True

    def due(self, now_s: float, cloud_ms: float) -> list[str]:
        """Frames to send now."""
        if self._until_ms is not None and self._until_ms <= cloud_ms:
            self.stop()
        if not self.is_watched or now_s < self._next_s():
            return []
        if self._frames:
            self.closed()
        self._look_s, self._is_dirty = now_s + PAUSE_S, False
        self._on_its_way = self.make(cloud_ms)
        is_whole = self._told is None or now_s >= self._whole_s
        known = self._told if self._told is not None and not is_whole else Board()
        told = board.changes(known, self._on_its_way)
        if not is_whole and told == BoardChanges() and now_s < self._quiet_s:
            return []
        self._quiet_s, self._ack_s = now_s + QUIET_S, now_s + ACK_S
        parts = self._parts(told)
        if not is_whole and len(parts) > 1:
            # Parts may be handled in any order; only a whole board is put together again by who has all of them.
            is_whole, parts = True, self._parts(board.whole(self._on_its_way))
        if is_whole:
            self._whole_s = now_s + WHOLE_S
        return self._texts(parts, cloud_ms, is_whole=is_whole)

    def next_due_s(self) -> float | None:
        """When `due` has something to look at again; None while nobody looks."""
        return self._next_s() if self.is_watched else None

    def holds(self, frame: int) -> bool:
        """Whether that frame is one of ours that waits for its ack."""
        return frame in self._frames

    def acked(self, ack: Ack, now_s: float) -> Refused | None:
        """The cloud's answer to one of our frames; what it will never take."""
        self._frames.discard(ack.frame)
        if ack.code is None:
            if not self._frames:
                self._told = self._on_its_way
            return None
        self.closed()
        self._look_s = now_s + ACK_S
        if ack.code in PASSING:
            return None
        self.stop()
        return Refused(("board",), ack.code.value)

    def _next_s(self) -> float:
        if self._frames:
            return self._ack_s
        return self._look_s if self._is_dirty or self._told is None else max(self._look_s, self._quiet_s)

    def _parts(self, told: BoardChanges) -> list[dict[str, list[Any]]]:
        """Contents of frames; the cloud adds to each, so they are filled by half only."""
        return _parts(told, self.frame_bytes // 2 - HEAD_BYTES)

    def _texts(self, parts: list[dict[str, list[Any]]], cloud_ms: float, *, is_whole: bool) -> list[str]:
        numbers = [self._number() for _ in parts]
        self._frames = set(numbers)
        head = {"t": "board", "epoch": self.epoch, "whole": is_whole, "at": ms_to_rfc3339(int(cloud_ms))}
        return [
            compact({**head, "frame": frame, "part": part, "parts": len(parts), **content})
            for part, (frame, content) in enumerate(zip(numbers, parts, strict=True), 1)
        ]


def _parts(told: BoardChanges, limit_bytes: int) -> list[dict[str, list[Any]]]:
    """What is told, in as many parts as it takes; there is always one."""
    waiting = [
        *(("stations", each) for each in told.stations),
        *(("queues", each) for each in told.queues),
        *(("left", each) for each in told.left),
        *(("closed", each) for each in told.closed),
    ]
    parts: list[dict[str, list[Any]]] = []
    while waiting or not parts:
        chosen, _ = batch.fill(waiting, lambda item: compact(item[1]), limit_bytes, len(waiting))
        parts.append({kind: [each for name, each in chosen if name == kind] for kind, _ in chosen})
        waiting = waiting[len(chosen) :]
    return parts
