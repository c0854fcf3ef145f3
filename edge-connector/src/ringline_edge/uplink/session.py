"""The session with the cloud, without I/O: texts in, texts out, times as arguments (contract, section 6).

Three rules. A station whose document is on its way is not sent again before its ack; what changed meanwhile goes in a
later frame. Nothing leaves the spool but by its ack. Frame numbers grow over all sockets of the process, so that an
ack that comes late, or on the socket before, can never be taken for another one's.
"""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ringline_core.errors import InvalidMessageError
from ringline_core.wire import codec
from ringline_core.wire.codes import MAX_FRAME_BYTES, ErrorCode, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import (
    Ack,
    Desks,
    EdgeBeatReply,
    EdgeHello,
    EdgeLimits,
    EdgeWelcome,
    Lead,
    PbxInfo,
    WatchOrder,
)
from ringline_core.wire.page import Bye
from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool
from ringline_edge.uplink.boards import BoardLane
from ringline_edge.uplink.heard import Farewell, Fenced, Heard, Leading, StandingBy
from ringline_edge.uplink.lanes import PASSING, Lanes
from ringline_edge.uplink.results import Telling

Role = Literal["active", "standby"]
FINAL_BYES = frozenset({4403, 4426})
HELLO_AGAIN_S = 10.0
FENCED_PAUSE_S = 20.0
SHORTEST_PAUSE_S = 0.1
"""Between two beats of a standby that waits for the lead, whatever the cloud's clocks say."""


@dataclass
class Session:
    """One process's session with the cloud, over as many sockets as it takes.

    Attributes:
        fraction: Gives random numbers in [0, 1).
        role: What the cloud made us; None until it said, and while it is in question.
        offset_ms: What to add to our clock to get the cloud's.
        welcomes: How often the cloud answered a hello.
        unknown_frames: Frames of a type that this version does not know; ignored.
        lanes: What an active edge tells.
        telling: Results of commands.
        boards: The board, while somebody looks at it.
        linked: Told the secret of keys between sites, before anything else of a welcome.
    """

    edge: str
    session: str
    software: str
    live: LiveSpool
    log: LogSpool
    fraction: Callable[[], float]
    pbx: PbxInfo = field(default_factory=lambda: PbxInfo(kind="unknown"))
    capabilities: tuple[Verb, ...] = ()
    pbx_up: bool = False
    role: Role | None = None
    epoch: int = 0
    offset_ms: float = 0.0
    welcomes: int = 0
    unknown_frames: int = 0
    limits: EdgeLimits = field(
        default_factory=lambda: EdgeLimits(beat_s=25, lease_s=60, frame_bytes=MAX_FRAME_BYTES, window=4)
    )

    def __post_init__(self) -> None:
        """Nothing is on its way yet."""
        self._number: Callable[[], int] = itertools.count(1).__next__
        self.lanes = Lanes(self.live, self.log, self._number, self.fraction)
        self.telling = Telling(self._number, self.fraction, self.lanes.has_acked)
        self.boards = BoardLane(self._number)
        self.linked: Callable[[str], None] = lambda _secret: None
        self._welcomed = False
        self._hello_due_s: float | None = None
        self._fences = 0
        self._next_beat_s = 0.0
        self._beat_sent: dict[int, float] = {}
        self._heard_s: float | None = None

    @property
    def is_welcome(self) -> bool:
        """Whether the cloud answered our hello."""
        return self._welcomed

    def hello(self) -> str:
        """The first frame of a socket; also said again when our role or what we can do is in question."""
        hello = EdgeHello(
            frame=self._number(), edge=self.edge, session=self.session, software=self.software, pbx=self.pbx,
            capabilities=self.capabilities,
        )  # fmt: skip
        return codec.encode(hello)

    def closed(self) -> None:
        """No socket is left; what was on its way is sent again on the next one."""
        self._welcomed = False
        self._hello_due_s = self._heard_s = None
        self._beat_sent.clear()
        self.lanes.closed()
        self.telling.closed()
        self.boards.closed()

    def introduce(self, pbx: PbxInfo, capabilities: Iterable[Verb]) -> None:
        """What PBX this is and what it can do; said again when it differs from what the cloud was told."""
        verbs = tuple(sorted(capabilities))
        if (pbx, verbs) != (self.pbx, self.capabilities):
            self.pbx, self.capabilities = pbx, verbs
            if self._welcomed:
                self._hello_due_s = 0.0

    def release(self) -> str | None:
        """The frame that gives the lead up, if we have it."""
        if self.role != "active" or not self._welcomed:
            return None
        self.role = None
        return codec.compact({"t": "release", "frame": self._number(), "epoch": self.epoch})

    def is_deaf(self, now_s: float) -> bool:
        """Whether the cloud has left our beats unanswered for longer than a lease lasts."""
        patience = max(self.limits.lease_s, 3 * self.limits.beat_s)
        return self._welcomed and self._heard_s is not None and now_s - self._heard_s > patience

    def heard(self, raw: str, now_s: float, wall_ms: int) -> Heard | None:
        """Take one frame of the cloud; what the rest of the edge must know of it.

        Args:
            raw: The frame's text.
            now_s: A clock that only goes forward.
            wall_ms: Our wall clock.

        Raises:
            InvalidMessageError: The frame is none of the contract.
        """
        plain = _plain(raw)
        self._heard_s = now_s
        if plain.get("t", "error") == "error":
            # API Gateway's own error frame has no type; both mean that a frame of ours failed, and not which.
            self.lanes.window.doubt(now_s)
            self.telling.window.doubt(now_s)
            return None
        match codec.decode_to_edge(raw):
            case EdgeWelcome() as welcome:
                return self._welcome(welcome, now_s, wall_ms)
            case Ack() as ack:
                return self._ack(ack, now_s)
            case EdgeBeatReply() as reply:
                return self._beat_reply(reply, now_s, wall_ms)
            case Lead(t="lead", epoch=epoch):
                return self._lead(epoch)
            case Lead(epoch=epoch):
                return self._stand_by(epoch)
            case Bye() as bye:
                return Farewell(bye.code, bye.code in FINAL_BYES, (bye.retry_after_ms or 0) / 1000)
            case WatchOrder() as order:
                self.boards.watch(order, wall_ms + self.offset_ms)
                return None
            case EdgeCommand() | Desks() as message:
                return message
            case _:
                self.unknown_frames += 1
                return None

    def due(self, now_s: float, wall_ms: int) -> list[str]:
        """All frames to send now, in order."""
        if not self._welcomed:
            return []
        texts = []
        if self._hello_due_s is not None and self._hello_due_s <= now_s:
            self._hello_due_s = now_s + HELLO_AGAIN_S
            texts.append(self.hello())
        if now_s >= self._next_beat_s:
            texts.append(self._beat(now_s))
        if self.role == "active":
            if self.lanes.snapshot_ready:
                texts += self.boards.due(now_s, wall_ms + self.offset_ms)
            texts += [*self.lanes.late(now_s), *self.lanes.fresh(now_s, wall_ms)]
        return texts + self.telling.due(now_s)

    def next_due_s(self) -> float:
        """When `due` has something to say again, if nothing else happens; never before a welcome."""
        if not self._welcomed:
            return math.inf
        lanes = self.lanes.next_due_s() if self.role == "active" else None
        boards = self.boards.next_due_s() if self.role == "active" and self.lanes.snapshot_ready else None
        times = (self._next_beat_s, self._hello_due_s, lanes, boards, self.telling.window.next_due_s())
        return min(each for each in times if each is not None)

    def in_flight(self) -> frozenset[int]:
        """Numbers of the frames that wait for their ack."""
        return frozenset(each.frame for window in (self.lanes.window, self.telling.window) for each in window)

    def beat_soon(self) -> None:
        """Something that beats tell has changed."""
        self._next_beat_s = 0.0

    def _beat(self, now_s: float) -> str:
        self._next_beat_s = now_s + self.limits.beat_s
        frame = self._number()
        self._beat_sent = {frame: now_s}
        told = {"epoch": self.epoch, "spool": len(self.live) + len(self.log), "pbx": "up" if self.pbx_up else "down"}
        return codec.compact({"t": "beat", "frame": frame, **told, "held": []})

    def _welcome(self, welcome: EdgeWelcome, now_s: float, wall_ms: int) -> Heard | None:
        if not self._welcomed:
            self._next_beat_s = now_s + min(welcome.limits.beat_s, 1.0)
            self.offset_ms = welcome.now_at.timestamp() * 1000 - wall_ms
        self._welcomed, self._hello_due_s = True, None
        self.welcomes += 1
        if welcome.linkage_secret is not None:
            self.linked(welcome.linkage_secret)
        self.limits = welcome.limits
        self.lanes.frames, self.lanes.frame_bytes = welcome.limits.window, welcome.limits.frame_bytes
        self.boards.frame_bytes = welcome.limits.frame_bytes
        return self._take_role(welcome.role, welcome.epoch)

    def _beat_reply(self, reply: EdgeBeatReply, now_s: float, wall_ms: int) -> Heard | None:
        sent_s = self._beat_sent.pop(reply.frame, None)
        if sent_s is not None:
            # The cloud read its clock somewhere between our beat and now; the middle is off by half the way at most.
            self.offset_ms = reply.now_at.timestamp() * 1000 - wall_ms + (now_s - sent_s) * 500
        if reply.role == "standby" and reply.free_in_ms is not None:
            # Whoever leads prolongs the lead long before that, and then our own next beat is earlier.
            self._next_beat_s = min(self._next_beat_s, now_s + max(reply.free_in_ms / 1000, SHORTEST_PAUSE_S))
        return self._take_role(reply.role, reply.epoch)

    def _take_role(self, role: Role, epoch: int) -> Heard | None:
        return self._lead(epoch) if role == "active" else self._stand_by(epoch)

    def _lead(self, epoch: int) -> Heard | None:
        if epoch < self.epoch or (self.role == "active" and epoch == self.epoch):
            return None
        self.role, self.epoch = "active", epoch
        self.lanes.lead(epoch)
        self.boards.epoch = epoch
        self.boards.closed()
        return Leading(epoch)

    def _stand_by(self, epoch: int) -> Heard | None:
        # Frames arrive in any order: an older epoch's word says nothing of today.
        if epoch < self.epoch:
            return None
        already, self.role, self.epoch = self.role == "standby", "standby", epoch
        if already:
            return None
        self.lanes.window.clear()
        self.boards.stop()
        return StandingBy(epoch)

    def _ack(self, ack: Ack, now_s: float) -> Heard | None:
        if ack.code is ErrorCode.FENCED:
            return self._fenced(ack, now_s)
        if self.boards.holds(ack.frame):
            return self.boards.acked(ack, now_s)
        if ack.code not in PASSING:
            self.telling.acked(ack.frame)
        if ack.code is None:
            self._fences = 0
        return self.lanes.acked(ack, now_s)

    def _fenced(self, ack: Ack, now_s: float) -> Heard | None:
        if self.lanes.window.acked(ack.frame) is None and not self.boards.holds(ack.frame):
            return None
        self.role = None
        self.boards.stop()
        self.lanes.window.clear()
        # The first fence is answered at once; a cloud that welcomes and fences in turns is not to be hammered.
        self._hello_due_s = now_s + min(FENCED_PAUSE_S, self._fences * 1.0)
        self._fences += 1
        return Fenced(self.epoch)


def _plain(raw: str) -> dict[str, Any]:
    try:
        plain = json.loads(raw)
    except (ValueError, RecursionError) as err:
        raise InvalidMessageError("the cloud's frame is not JSON") from err
    if not isinstance(plain, dict):
        raise InvalidMessageError("the cloud's frame is no object")
    return plain
