"""Runs the kit for one kind of adapter and writes down what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from ringline_core.wire.codes import Verb
from ringline_edge import registry
from ringline_edge.conformance import kit, worlds
from ringline_edge.conformance.kit import Outcome, Verdict


def run(kind: str, sheet: Path, say: Callable[[str], None]) -> bool:
    """Play all scenarios; whether none failed.

    Args:
        kind: Of the adapter.
        sheet: Where the capability sheet goes, as Markdown.
        say: Takes one line at a time: each scenario that did not pass with its reason, and the count last.

    Raises:
        ConfigError: The kit has no PBX for this kind.
    """
    opened = worlds.of(kind)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)  # what is lost and found again is the point of some scenarios
    try:
        outcomes, verbs, silent = asyncio.run(_played(kind, opened, say))
    finally:
        logging.disable(before)
    sheet.write_text(_sheet(kind, outcomes, verbs, silent))
    say(f"{sheet}: what this adapter can do")
    say(kit.line(kind, outcomes))
    return not any(each.verdict is Verdict.FAILED for each in outcomes)


async def _played(
    kind: str, opened: Callable[[], worlds.Opened], say: Callable[[str], None]
) -> tuple[list[Outcome], frozenset[Verb], frozenset[str]]:
    async with opened() as world:
        verbs = registry.create(world.kind or kind, dict(world.settings), "the kit").capabilities.default
    outcomes = []
    async for outcome in kit.play(kind, opened):
        outcomes.append(outcome)
        if outcome.verdict is not Verdict.PASSED:
            say(f"{outcome.verdict}: {outcome.scenario.name}: {outcome.why}")
    return outcomes, verbs, world.silent


def _sheet(kind: str, outcomes: Sequence[Outcome], verbs: frozenset[Verb], silent: frozenset[str]) -> str:
    """The capability sheet."""
    told = ", ".join(sorted(silent)) or "nothing: it tells all"
    lines = [
        f"# What `{kind}` can do",
        "",
        f"{kit.line(kind, outcomes)}, by `ringline-edge conformance` over a PBX of the kit's own.",
        "",
        f"- Verbs as configured there: {', '.join(sorted(verbs)) or 'told by the PBX at log-in'}",
        f"- Not told by this PBX: {told}",
        "",
        "| scenario | story | |",
        "|---|---|---|",
        *(f"| `{each.scenario.name}` | {each.scenario.story} | {_verdict(each)} |" for each in outcomes),
        "",
    ]
    return "\n".join(lines)


def _verdict(outcome: Outcome) -> str:
    why = outcome.why.replace("|", "\\|")
    return outcome.verdict.value if not why else f"{outcome.verdict.value}: {why}"
