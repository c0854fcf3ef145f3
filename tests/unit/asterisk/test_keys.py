"""Whose pause it is: what we asked for is not taken for the phone's keys, however late the PBX tells it."""

from __future__ import annotations

from ringline_core.domain.facts import Pressed
from ringline_edge.adapters.asterisk.channels import Naming
from ringline_edge.adapters.asterisk.config import AsteriskConfig
from ringline_edge.adapters.asterisk.keys import LATE_MS, OwnPauses

NAMING = Naming(AsteriskConfig.model_fields["station"].default, "*")


def asked(station: str = "1001", *, paused: bool = False) -> dict[str, str]:
    return {"Queue": "support", "Interface": f"PJSIP/{station}", "Paused": str(paused).lower()}


def told(station: str = "1001", *, paused: bool = False) -> dict[str, str]:
    return {**asked(station), "Event": "QueueMemberPause", "Paused": "1" if paused else "0"}


def test_what_we_asked_for_is_ours_once_and_the_next_is_the_agents() -> None:
    own = OwnPauses(NAMING)
    own.expect(asked())
    assert own.pressed(told(), 5, 5) is None
    assert own.pressed(told(), 6, 6) == Pressed("1001", True, 6)


def test_an_event_that_comes_after_the_answer_is_ours_for_a_while_and_not_for_ever() -> None:
    own = OwnPauses(NAMING)
    own.expect(asked())
    own.settled(100)
    assert own.pressed(told(), 5, 100 + LATE_MS) is None
    own.expect(asked())
    own.settled(100)
    assert own.pressed(told(), 5, 101 + LATE_MS) == Pressed("1001", True, 5)
    own.expect(asked())
    own.settled(100)
    own.settled(200 + LATE_MS)
    assert not own._due


def test_another_phone_and_another_way_are_not_ours() -> None:
    own = OwnPauses(NAMING)
    own.expect(asked())
    assert own.pressed(told("1002"), 5, 5) == Pressed("1002", True, 5)
    assert own.pressed(told(paused=True), 5, 5) == Pressed("1001", False, 5)
    assert own.pressed(told(), 5, 5) is None
