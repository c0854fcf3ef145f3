"""Call records as an edge makes them, for tests of the cloud."""

from __future__ import annotations

from typing import Any

from ringline_core.wire.base import ms_to_rfc3339
from tests.support.cloud import NOW_MS, Cloud

NUMBER = "+442071234567"
Frame = dict[str, Any]


def at(seconds: float) -> str:
    """That many seconds after the cloud's clock began."""
    return ms_to_rfc3339(NOW_MS + int(seconds * 1000))


def leg(
    station: str | None = None, began: float = 0, answered: float | None = None, ended: float = 60, **more: Any
) -> Frame:
    """A leg of a call; without a station it is the caller's own."""
    who = {"station": station, "number": station or NUMBER, "outside": station is None, "origin": station is None}
    when = {"started_at": began, "answered_at": answered, "ended_at": ended}
    rest = {"queue": "support", "held_s": 0.0, "left": "cleared", "cause": "normal", "by": "remote"}
    return {**who, **when, **rest, **more}


ANSWERED = (leg(), leg("1001", began=3, answered=8, ended=58, held_s=10.0))


def record(call: str, offset: float = 0, legs: Any = ANSWERED, **more: Any) -> Frame:
    """A record; the legs' times count from `offset` on."""
    remote = {"number": NUMBER, "name": "Mary Hill", "presentation": "allowed"}
    timed = [
        {
            name: at(value + offset) if name.endswith("_at") and value is not None else value
            for name, value in each.items()
        }
        for each in legs
    ]
    body = {"interaction": f"i-{call}", "was": [], "direction": "inbound", "remote": remote, "legs": timed}
    return {**body, **more}


def tell(cloud: Cloud, call: str, version: int = 1, **more: Any) -> None:
    """The edge sends a record; it is acked."""
    item = {"call": call, "version": version, "record": record(call, **more)}
    answer = cloud.from_edge({"t": "records", "items": [item]}) or {}
    assert (answer["t"], answer.get("code")) == ("ack", None)
