"""A diagnosis as text for people and as JSON for machines. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from ringline_edge.doctor.facts import Diagnosis

GETS_CALLS, GETS_NONE, NOT_FOUND_OUT = 0, 1, 2
_MARKS: Final = {"blocks": "x", "look": "!", "unknown": "?", "good": "."}


def text(diagnosis: Diagnosis) -> str:
    """The verdict, then what was found, each line with its mark, and what to do below it."""
    lines = [diagnosis.verdict]
    for finding in diagnosis.findings:
        lines.append(f"  {_MARKS[finding.level]} {finding.text} [{finding.code}]")
        if finding.advice:
            lines.append(f"      -> {finding.advice}")
    return "\n".join(lines)


def as_json(diagnoses: Sequence[Diagnosis]) -> list[dict[str, Any]]:
    """Everything, one object each."""
    return [asdict(each) for each in diagnoses]


def exit_code(diagnoses: Sequence[Diagnosis]) -> int:
    """The worst of them; nobody at all was found out about is no good news either."""
    if any(each.gets_calls is False for each in diagnoses):
        return GETS_NONE
    return GETS_CALLS if diagnoses and all(each.gets_calls for each in diagnoses) else NOT_FOUND_OUT
