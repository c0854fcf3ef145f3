"""The model of whole rings in `web/testing` plays the cloud with a copy of its rule: both say the same."""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from infra import web
from ringline_core.domain import pop
from ringline_core.domain.pop import Candidate, Held

QUESTIONS = 4000
Question = tuple[str, list[Any], Any]


def held(chance: random.Random) -> Held | None:
    if chance.random() < 0.2:
        return None
    granted = chance.choice((0, 10_000, 10_000 + chance.randint(-3000, 3000)))
    return Held(chance.randint(1, 3), chance.choice("ab"), granted, chance.random() < 0.2)


def shown(held: Held | None) -> dict[str, Any] | None:
    """As JavaScript has it."""
    if held is None:
        return None
    return {"grant": held.grant, "page": held.page, "grantedMs": held.granted_ms, "done": held.done}


def candidate(chance: random.Random) -> Candidate:
    can_pop, focused, visible = (chance.random() < 0.5 for _ in range(3))
    return Candidate(chance.choice("abcd"), can_pop, focused, visible, chance.randint(0, 2))


def asked(chance: random.Random) -> Question:
    """One question: the rule's name, its arguments as JSON, and what the cloud says."""
    before, page, grant = held(chance), chance.choice("ab"), chance.randint(0, 3)
    match chance.choice(("claimed", "finished", "passed", "ranked")):
        case "claimed":
            now = 10_000 + chance.choice((pop.STEAL_MS - 1, pop.STEAL_MS, chance.randint(0, 5000)))
            return "claimed", [shown(before), page, grant, now], shown(pop.claimed(before, page, grant, now))
        case "finished":
            return "finished", [shown(before), grant], shown(pop.finished(before, grant))
        case "passed":
            return "passed", [shown(before), page, grant], shown(pop.passed(before, page, grant))
        case _:
            opened = chance.sample(range(10), 4)
            pages = [replace(candidate(chance), opened_ms=at) for at in opened]
            return "ranked", [[in_javascript(each) for each in pages]], list(pop.ranked(pages))


def in_javascript(each: Candidate) -> dict[str, Any]:
    flags = {"canPop": each.can_pop, "focused": each.focused, "visible": each.visible}
    return {"page": each.page, **flags, "lastInputMs": each.last_input_ms, "openedMs": each.opened_ms}


def test_the_model_of_the_pages_plays_the_cloud_by_the_clouds_own_rule() -> None:
    if reason := web.missing():
        pytest.skip(reason)
    chance = random.Random(7)
    questions = [asked(chance) for _ in range(QUESTIONS)]
    lines = "\n".join(json.dumps({"rule": name, "args": args}) for name, args, _ in questions)
    node = ["node", "web/testing/poprule.cli.js"]
    said = subprocess.run(node, cwd=web.ROOT, input=lines, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(line) for line in said.splitlines()]
    assert len(answers) == QUESTIONS
    wrong = [(asked, answer) for asked, answer in zip(questions, answers, strict=True) if answer != asked[2]]
    assert wrong == []


def test_the_copy_has_the_same_times() -> None:
    text = (web.ROOT / "web" / "testing" / "poprule.js").read_text()
    assert f"LEASE_MS = {pop.LEASE_MS};" in text
    assert f"STEAL_MS = {pop.STEAL_MS};" in text
