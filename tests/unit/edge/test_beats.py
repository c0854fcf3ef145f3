"""When a session beats: in the cloud's rhythm, and for a standby just when the lead may have become free."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringline_edge.spool.live import LiveSpool
from ringline_edge.spool.log import LogSpool
from ringline_edge.uplink.session import Session

NOW_AT = "2027-01-15T12:00:00.000Z"
LIMITS = {"beat_s": 3, "lease_s": 8, "frame_bytes": 30_000, "window": 4}


@pytest.fixture
def standby(tmp_path: Path) -> Iterator[Session]:
    live, log = LiveSpool(tmp_path / "live.db"), LogSpool(tmp_path / "log.db", 1_000_000)
    session = Session("edge-2", "s", "test", live, log, lambda: 0.5)
    welcome = {"t": "welcome", "frame": 1, "role": "standby", "epoch": 1, "now_at": NOW_AT, "limits": LIMITS}
    session.heard(json.dumps(welcome), 100.0, 0)
    yield session
    live.close()
    log.close()


def beats(session: Session, now_s: float) -> list[int]:
    """Numbers of the beats that are due."""
    return [frame["frame"] for text in session.due(now_s, 0) if (frame := json.loads(text))["t"] == "beat"]


def answered(session: Session, now_s: float, **more: object) -> None:
    (frame,) = beats(session, now_s)
    told = {"t": "beat", "frame": frame, "now_at": NOW_AT, "role": "standby", "epoch": 1, **more}
    session.heard(json.dumps(told), now_s, 0)


@pytest.mark.parametrize(
    ("free_in_ms", "next_s"), [(7000, 104.0), (3001, 104.0), (1500, 102.5), (1, 101.1), (0, 101.1), (None, 104.0)]
)
def test_a_standby_beats_when_the_lead_may_be_free(standby: Session, free_in_ms: int | None, next_s: float) -> None:
    answered(standby, 101.0, free_in_ms=free_in_ms)
    assert beats(standby, next_s - 0.01) == []
    assert standby.next_due_s() == pytest.approx(next_s)
    assert len(beats(standby, next_s + 0.001)) == 1


def test_who_leads_keeps_the_rhythm(standby: Session) -> None:
    answered(standby, 101.0, role="active", epoch=2, free_in_ms=5)
    assert beats(standby, 103.9) == []
    assert len(beats(standby, 104.0)) == 1
