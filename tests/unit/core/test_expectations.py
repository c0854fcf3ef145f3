"""Whose doing a change is: what a page asked for is marked so, and only that."""

from __future__ import annotations

from ringline_core.domain.facts import Agent
from ringline_core.domain.model import StationModel
from ringline_core.wire.codes import AgentStateName, By, Verb


def said_by(model: StationModel) -> list[str | None]:
    """Who made each change of the agent's state."""
    return [each["by"] for each in model.document("1001")["recent"] if each["event"] == "agent_state"]


def pause(model: StationModel, at_ms: int) -> None:
    """The PBX shows the agent not ready, then ready."""
    for state in (AgentStateName.NOT_READY, AgentStateName.READY):
        model.apply(Agent("1001", state, at_ms, by=By.AGENT_PHONE))


def test_the_next_change_that_a_command_can_cause_is_the_pages_and_only_that() -> None:
    model = StationModel("hq")
    model.expect(Verb.SET_STATE, "1001", None)
    pause(model, 1)
    assert said_by(model) == ["agent_page", "agent_phone"]


def test_a_command_of_which_nothing_came_marks_nothing() -> None:
    model = StationModel("hq")
    model.expect(Verb.SET_STATE, "1001", None)
    model.unexpect("1001")
    pause(model, 1)
    assert said_by(model) == ["agent_phone", "agent_phone"]


def test_asking_about_a_station_nobody_heard_of_does_not_make_it_one() -> None:
    model = StationModel("hq")
    assert model.document("9999")["calls"] == []
    model.expect(Verb.LOG_ON, "9999", None)
    model.unexpect("9999")
    assert model.stations == ()


def test_one_command_that_is_over_takes_nothing_from_another_that_is_not() -> None:
    model = StationModel("hq")
    model.expect(Verb.LOG_ON, "1001", None, "x1")
    model.expect(Verb.SET_STATE, "1001", None, "x2")
    model.unexpect("1001", "x1")
    pause(model, 1)
    assert said_by(model) == ["agent_page", "agent_phone"]
