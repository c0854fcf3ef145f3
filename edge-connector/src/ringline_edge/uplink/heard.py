"""What the session makes of the cloud's frames for the rest of the edge."""

from __future__ import annotations

from dataclasses import dataclass

from ringline_core.errors import UplinkUnavailableError
from ringline_core.wire.command import EdgeCommand
from ringline_core.wire.edge import Desks


class SentAwayError(UplinkUnavailableError):
    """The cloud closed the socket and said when to come back.

    Attributes:
        retry_after_s: Not before this many seconds.
    """

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


@dataclass(frozen=True)
class Leading:
    """The edge leads from now on under a new epoch; every station is to be put into the spool anew."""

    epoch: int


@dataclass(frozen=True)
class StandingBy:
    """Another edge leads."""

    epoch: int


@dataclass(frozen=True)
class Fenced:
    """A newer edge leads and we did not know; the session asks for its role by another hello."""

    epoch: int


@dataclass(frozen=True)
class Farewell:
    """The cloud closes the socket; `final` forbids another try."""

    code: int
    final: bool
    retry_after_s: float


@dataclass(frozen=True)
class Refused:
    """The cloud will not take some things, whatever we do.

    Attributes:
        what: Stations, or call ids of records.
        code: The contract's code.
    """

    what: tuple[str, ...]
    code: str


Heard = Leading | StandingBy | Fenced | Farewell | Refused | EdgeCommand | Desks
