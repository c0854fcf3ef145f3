"""How long to wait before the next try."""

from __future__ import annotations

FIRST_S = 0.5
CAP_S = 30.0


def delay(attempt: int, fraction: float) -> float:
    """Full jitter: anywhere between nothing and an exponentially growing bound.

    Args:
        attempt: 0 for the first wait.
        fraction: A random number in [0, 1), made by the caller.

    Returns:
        Seconds, at most 30.
    """
    return fraction * min(CAP_S, FIRST_S * 2.0 ** min(attempt, 16))
