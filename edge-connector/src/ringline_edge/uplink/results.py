"""Results of commands on their way to the cloud: each waits for its proof's ack, and is told until acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ringline_core.wire import codec
from ringline_edge.uplink.flight import InFlight, Window

After = tuple[str, int] | Literal["snapshot"] | None
AT_ONCE = 16


@dataclass(frozen=True)
class OwnResult:
    """A command's result that waits to be sent.

    Attributes:
        body: JSON of the result without `frame`.
        after: Station and `seq` that must be acknowledged first; "snapshot" for a result of an earlier run, which may
            be told once the cloud has the whole state; None for results that prove nothing.
    """

    body: dict[str, object]
    after: After = None

    @property
    def id(self) -> str:
        """The command's id."""
        return str(self.body["id"])

    @property
    def is_final(self) -> bool:
        """Whether no other result of the command follows."""
        return self.body["stage"] != "sent"


class Telling:
    """Results in their order; of one command only one is on its way at a time.

    Attributes:
        told: Called with the id of each command whose final result the cloud has.
        window: Results in flight; they take no room in the window of documents.
    """

    def __init__(
        self, number: Callable[[], int], fraction: Callable[[], float], has_acked: Callable[[After], bool]
    ) -> None:
        """`number` gives frame numbers, `has_acked` says whether the cloud has what a result waits for."""
        self.told: Callable[[str], None] = lambda _ident: None
        self.window = Window(fraction)
        self._number, self._has_acked = number, has_acked
        self._waiting: list[OwnResult] = []
        self._sent: dict[int, OwnResult] = {}

    def __len__(self) -> int:
        return len(self._waiting) + len(self._sent)

    def put(self, result: OwnResult) -> None:
        """Queue a result."""
        self._waiting.append(result)

    def due(self, now_s: float) -> list[str]:
        """Frames to send now: again what was not acknowledged, then what may be told."""
        texts = [each.text for each in self.window.due(now_s)]
        for result in self._ready():
            frame = self._number()
            text = codec.compact({"t": "result", "frame": frame, **result.body})
            self.window.add(InFlight(frame, text), now_s)
            self._sent[frame] = result
            texts.append(text)
        return texts

    def acked(self, frame: int) -> None:
        """The cloud has this one."""
        self.window.acked(frame)
        result = self._sent.pop(frame, None)
        if result is not None and result.is_final:
            self.told(result.id)

    def closed(self) -> None:
        """No socket is left; what was on its way is told again, in its order."""
        self._waiting = [self._sent[frame] for frame in sorted(self._sent)] + self._waiting
        self._sent.clear()
        self.window.clear()

    def _ready(self) -> list[OwnResult]:
        ready: list[OwnResult] = []
        rest: list[OwnResult] = []
        blocked = {result.id for result in self._sent.values()}
        for each in self._waiting:
            free = len(ready) + len(self._sent) < AT_ONCE and each.id not in blocked
            (ready if free and self._has_acked(each.after) else rest).append(each)
            blocked.add(each.id)
        self._waiting = rest
        return ready
