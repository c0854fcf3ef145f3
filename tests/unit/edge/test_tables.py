"""Nothing of a call is left once it is over, whichever PBX it was at: an edge runs for months."""

from __future__ import annotations

import pytest

from tests.support.long_run import NAMES, PLAYS_PER_LINK, Run

LASTING = {
    "StationModel._stations", "Station.devices", "Station.recent", "StationModel._over",
    "Translator._devices", "Members._members", "Members._told",
    "Translator.devices", "Translator.monitors", "Floor.monitors", "Agents.seats", "Seat.groups",
    "Naming._stations", "Naming._queues", "Floor._over", "_Over.told",
    "Phones._users", "Agents.rows", "Agents._told", "Agents._last",
}  # fmt: skip
"""What is kept by station, phone, agent or queue, of which a site has so many, and what is bounded by a number."""


def of_calls(run: Run) -> dict[str, int]:
    """Tables that hold something of calls."""
    return {name: entries for name, entries in run.sizes().items() if entries and name not in LASTING}


@pytest.mark.parametrize("name", NAMES)
def test_calls_that_ended_leave_nothing_behind(name: str) -> None:
    run = Run(name, heals=False, broken=False)
    for _ in range(3 * run.scenarios):
        run.play()
    assert run.edge.documents > 3 * run.scenarios
    assert of_calls(run) == {}


@pytest.mark.parametrize("name", NAMES)
def test_calls_whose_ends_nobody_told_leave_nothing_behind_once_a_snapshot_lacks_them(name: str) -> None:
    run = Run(name)
    up = 0
    for _ in range(2 * PLAYS_PER_LINK - 1):
        run.play()
        up = max(up, sum(of_calls(run).values()))
    run.play()
    assert up > 0
    assert of_calls(run) == {}
