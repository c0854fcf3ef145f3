"""Calls of queues that an agent missed in a row: whoever has left the desk without a word gets no more of them."""

from __future__ import annotations

from dataclasses import dataclass

from ringline_core.wire.codes import Cause, EventName


@dataclass(frozen=True, slots=True)
class Rung:
    """How ringing ended at a station: a transition of its `recent`.

    Attributes:
        n: Its number, which grows.
        call: The wire's id.
    """

    n: int
    call: str
    event: EventName
    cause: Cause | None = None


@dataclass(slots=True)
class Misses:
    """What is counted; kept over restarts.

    Attributes:
        count: Missed in a row, none answered or rejected in between.
        is_out: Too many: the agent is not ready until they say otherwise.
    """

    count: int = 0
    is_out: bool = False

    def hear(self, rung: Rung, limit: int) -> None:
        """Take one end of ringing.

        Args:
            rung: Of a call of a queue.
            limit: How many make it too many; 0 turns this off.
        """
        if rung.event is EventName.MISSED and rung.cause is Cause.NO_ANSWER:
            if limit and not self.is_out:
                self.count += 1
                self.is_out = self.count >= limit
        elif rung.event is EventName.ANSWERED or rung.cause is Cause.REJECTED:
            self.count = 0

    def forget(self) -> None:
        """The agent is there."""
        self.count, self.is_out = 0, False
