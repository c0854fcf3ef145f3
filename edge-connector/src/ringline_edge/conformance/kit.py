"""Plays every scenario, each to a fresh PBX and a fresh adapter, and says how it went."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum

from ringline_core.errors import CommandError
from ringline_edge.conformance.scenarios import ALL
from ringline_edge.conformance.scenarios.scenario import WORLD, Scenario
from ringline_edge.conformance.stage import NotSeenError, Stage, UnsupportedError, World


class Verdict(StrEnum):
    """How a scenario went."""

    PASSED = "passed"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scenario's verdict, and why it is not passed."""

    scenario: Scenario
    verdict: Verdict
    why: str = ""


async def play(
    kind: str, opened: Callable[[], AbstractAsyncContextManager[World]], scenarios: Iterable[Scenario] = ALL
) -> AsyncIterator[Outcome]:
    """Outcomes in the scenarios' order, each as soon as it is known.

    Args:
        kind: Of the adapter.
        opened: Opens a PBX for one scenario.
        scenarios: Which.
    """
    for scenario in scenarios:
        async with opened() as world:
            yield await _outcome(kind, world, scenario)


def line(kind: str, outcomes: Iterable[Outcome]) -> str:
    """`KIND: passed N, unsupported M, failed K`."""
    verdicts = [each.verdict for each in outcomes]
    return f"{kind}: {', '.join(f'{verdict} {verdicts.count(verdict)}' for verdict in Verdict)}"


async def _outcome(kind: str, world: World, scenario: Scenario) -> Outcome:
    if lacking := scenario.needs - world.offers:
        return Outcome(scenario, Verdict.UNSUPPORTED, "; ".join(WORLD[each] for each in sorted(lacking)))
    stage = Stage(kind, world)
    try:
        await stage.begin()
        await scenario.play(stage)
    except UnsupportedError as lack:
        return Outcome(scenario, Verdict.UNSUPPORTED, str(lack))
    except NotSeenError as fault:
        return Outcome(scenario, Verdict.FAILED, str(fault))
    except CommandError as refused:
        return Outcome(scenario, Verdict.FAILED, f"refused: {refused.error_code.value}: {refused.text}")
    finally:
        await stage.end()
    return Outcome(scenario, Verdict.PASSED)
