"""The little of SDP that a phone needs: one audio stream and its direction. No I/O.

Source: RFC 4566, 5; RFC 3264, 8.4 (putting a stream on hold).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

NOWHERE = "0.0.0.0"


class Direction(StrEnum):
    """Which way the audio of one side flows."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    def answer(self, *, held_here: bool) -> Direction:
        """What to answer to an offer of this direction, while we hold or do not hold the other side."""
        if self in {Direction.SENDONLY, Direction.INACTIVE}:
            return Direction.INACTIVE if held_here else Direction.RECVONLY
        return Direction.SENDONLY if held_here else Direction.SENDRECV


@dataclass(frozen=True, slots=True)
class Audio:
    """Where the other side wants its audio, and which way it flows."""

    host: str
    port: int
    direction: Direction

    @property
    def wants_packets(self) -> bool:
        """True when packets sent there would be heard."""
        return self.host != NOWHERE and self.port != 0 and self.direction is not Direction.INACTIVE


def describe(host: str, port: int, *, session: int, version: int, direction: Direction) -> str:
    """Session description of one G.711 stream at `host`:`port`."""
    lines = (
        "v=0",
        f"o=- {session} {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} RTP/AVP 0 8",
        "a=rtpmap:0 PCMU/8000",
        "a=rtpmap:8 PCMA/8000",
        "a=ptime:20",
        f"a={direction}",
    )
    return "\r\n".join(lines) + "\r\n"


def parse_audio(body: str) -> Audio | None:
    """The first audio stream of a description; None when there is none."""
    media = re.search(r"^m=audio (\d{1,5}) ", body, re.MULTILINE | re.ASCII)
    where = re.search(r"^c=IN IP4 ([\d.]{7,15})", body, re.MULTILINE | re.ASCII)
    if media is None or where is None or int(media[1]) > 65_535:
        return None
    direction = re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$", body, re.MULTILINE)
    if where[1] == NOWHERE:
        return Audio(NOWHERE, int(media[1]), Direction.INACTIVE)
    return Audio(where[1], int(media[1]), Direction(direction[1]) if direction else Direction.SENDRECV)
