"""The scenarios, each once and in our words: what happens at the phones, and what the stations' documents must show."""

from ringline_edge.conformance.scenarios import agents, calls, faults, transfers
from ringline_edge.conformance.scenarios.scenario import Scenario

ALL: tuple[Scenario, ...] = (*calls.PLAYED, *transfers.PLAYED, *agents.PLAYED, *faults.PLAYED)
