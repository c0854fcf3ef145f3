"""The kit itself: every fake passes it, and a fault in an adapter does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringline_core.domain.facts import Fact, Leg
from ringline_core.wire.codes import LegState
from ringline_edge.adapters.simulator.translate import translate
from ringline_edge.cli import app
from ringline_edge.conformance import kit, worlds
from ringline_edge.conformance.kit import Outcome, Verdict
from ringline_edge.conformance.scenarios import ALL

CONSULTS = {"consult_and_complete", "consult_and_cancel", "consult_and_swap", "conference", "asks_another_site"}
ALONG = {"comes_from_another_site", "a_forged_key_names_nothing", "goes_to_another_site", "data_of_a_call"}
NOT_ASTERISK = {"wrapped_up_by_the_pbx", "clock_set"}
UNSUPPORTED = {
    "simulator": {"wrapped_up_by_the_pbx"},
    "csta": {"two_devices", "data_of_a_call", "clock_set"},
    "csta-plain": {"two_devices", "clock_set"},
    "asterisk": CONSULTS | NOT_ASTERISK,
    "freeswitch": set[str](),
    "mapping": CONSULTS | ALONG | NOT_ASTERISK | {"held_back"},
}
"""What cannot be played: AMI's consultations live in a dial plan, which only the real one has; a CSTA station is one
device, its events bear no time, and AES attaches nothing; AMI tells no wrap-up, and no time by default; the profile
`ami` holds no agents and sends nothing along."""


async def played(kind: str, *names: str) -> list[Outcome]:
    chosen = [each for each in ALL if not names or each.name in names]
    return [outcome async for outcome in kit.play(kind, worlds.of(kind), chosen)]


@pytest.mark.parametrize("kind", sorted(worlds.FAKES))
async def test_every_scenario_is_passed_but_for_what_the_pbx_cannot_do(kind: str) -> None:
    outcomes = await played(kind)
    assert [(each.scenario.name, each.why) for each in outcomes if each.verdict is Verdict.FAILED] == []
    lacking = {each.scenario.name for each in outcomes if each.verdict is Verdict.UNSUPPORTED}
    assert lacking == UNSUPPORTED[kind]


FAULTS: dict[str, dict[str, Any]] = {
    "far_end_hangs_up": {"ended": None},
    "held_by_phone": {"state": LegState.CONNECTED},
    "queue_answered": {"queue": None},
    "cold_by_page": {"transferred_by": None},
    "picked_up": {"station": None},
}
"""What an adapter forgets, and the scenario that sees it."""


@pytest.mark.parametrize("name", sorted(FAULTS))
async def test_what_an_adapter_forgets_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    forgotten = FAULTS[name]

    def wrong(message: dict[str, Any]) -> Fact | None:
        fact = translate(message)
        if isinstance(fact, Leg):
            values = {each: getattr(fact, each) for each in Leg.__slots__}
            return Leg(**(values | {key: value for key, value in forgotten.items() if values[key] is not None}))
        return fact

    monkeypatch.setattr("ringline_edge.adapters.simulator.adapter.translate", wrong)
    monkeypatch.setattr("ringline_edge.conformance.stage.PATIENCE_S", 0.5)
    (outcome,) = await played("simulator", name)
    assert outcome.verdict is Verdict.FAILED
    assert outcome.why


def test_the_command_ends_with_one_line_and_writes_the_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.md"
    done = CliRunner().invoke(app, ["conformance", "--adapter", "csta-plain", "--sheet", str(sheet)])
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-1] == f"csta-plain: passed {len(ALL) - 2}, unsupported 2, failed 0"
    assert "unsupported: two_devices: a second device at station 1003" in done.output
    assert "| `held_back` |" in sheet.read_text()
    assert "- Not told by this PBX: reason" in sheet.read_text()


def test_a_kind_that_the_kit_does_not_know_is_refused_with_those_it_does() -> None:
    done = CliRunner().invoke(app, ["conformance", "--adapter", "abacus"])
    assert done.exit_code == 78
    assert "simulator" in done.output
