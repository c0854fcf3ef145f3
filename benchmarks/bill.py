"""What measured request counts cost on AWS, at list prices of us-east-1 in USD.

Sources: the price pages of API Gateway (WebSocket messages, per 32 KB, first billion), AWS Lambda (arm64), DynamoDB
(on demand) and CloudWatch Logs. Time per invocation and bytes of log are assumed, since nothing here runs on AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.metered_table import Metered

MESSAGE: Final = 1.00e-6
WRITE_UNIT: Final = 0.625e-6
READ_UNIT: Final = 0.125e-6
INVOCATION: Final = 0.20e-6
GB_SECOND: Final = 13.3334e-6
LOG_BYTE: Final = 0.50e-9

MEMORY_GB: Final = 0.5
ASSUMED_S: Final = 0.025
ASSUMED_LOG_BYTES: Final = 400
_PER_INVOCATION: Final = INVOCATION + MEMORY_GB * ASSUMED_S * GB_SECOND + ASSUMED_LOG_BYTES * LOG_BYTE


@dataclass(frozen=True)
class Usage:
    """What some events needed.

    Attributes:
        frames: Edge frames in; each is one invocation, and one ack out.
        posts: Frames posted to sockets.
        requests: To the table.
    """

    frames: int
    posts: int
    requests: Sequence[Metered]

    @property
    def write_units(self) -> float:
        """Sum of the write units."""
        return sum(each.wru for each in self.requests)

    @property
    def read_units(self) -> float:
        """Sum of the read units."""
        return sum(each.rru for each in self.requests)

    def dollars_per_million(self, events: int) -> float:
        """Of `events` events, times a million."""
        messages = 2 * self.frames + self.posts
        table = self.write_units * WRITE_UNIT + self.read_units * READ_UNIT
        return (messages * MESSAGE + table + self.frames * _PER_INVOCATION) / events * 1e6

    def formula(self, events: int) -> str:
        """How the dollars came about, per event."""
        return (
            f"per event: 2 x {self.frames / events:.2f} frames and acks + {self.posts / events:.2f} posts at $1.00/M; "
            f"{self.write_units / events:.2f} WRU at $0.625/M; {self.read_units / events:.2f} RRU at $0.125/M; "
            f"{self.frames / events:.2f} invocations at $0.20/M + {MEMORY_GB} GB x {ASSUMED_S * 1000:.0f} ms "
            f"at $13.3334/M GB-s + {ASSUMED_LOG_BYTES} B of log at $0.50/GB (time and log assumed)"
        )
