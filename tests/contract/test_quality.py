"""Every adapter says, rule by rule, what it does and how far that is proven."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import SecretStr

from ringline_core.wire.codes import EventName, Verb
from ringline_edge.adapters.asterisk import config, rights
from ringline_edge.adapters.csta.config import CstaConfig
from ringline_edge.adapters.freeswitch import commands
from ringline_edge.adapters.freeswitch.config import FreeswitchConfig
from ringline_edge.registry import KINDS

ROOT = Path(__file__).parents[2]
ADAPTERS = ROOT / "edge-connector/src/ringline_edge/adapters"
STATUS = {"done", "todo", "exempt"}
GENERAL = ("connect", "auth", "reconnect", "snapshot", "traces", "real_pbx", "docs", "limits")
RULES = {
    *GENERAL,
    *(f"event.{name}" for name in EventName if name is not EventName.GATE_TRIPPED),
    *(f"command.{verb}" for verb in Verb),
}

every_kind = pytest.mark.parametrize("kind", sorted(KINDS))


def quality(kind: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ADAPTERS / kind / "quality.yaml").read_text())
    return loaded


def pbx_table() -> list[list[str]]:
    """Cells of the README's table of PBXes."""
    section = (ROOT / "README.md").read_text().split("\n## PBXes\n")[1].split("\n## ")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]


@every_kind
def test_an_adapter_rates_itself_by_every_rule_and_gives_a_reason(kind: str) -> None:
    rules = quality(kind)["rules"]
    assert set(rules) == RULES
    for name, rule in rules.items():
        assert set(rule) == {"status", "reason"}, name
        assert rule["status"] in STATUS, name
        assert rule["reason"].strip(), name


@every_kind
def test_an_adapter_says_what_it_was_run_against(kind: str) -> None:
    said = quality(kind)["run_against"]
    assert said
    assert all(isinstance(each, str) and each for each in said)


@every_kind
def test_the_files_that_the_reasons_name_exist(kind: str) -> None:
    words = [word.strip(":;,.") for rule in quality(kind)["rules"].values() for word in rule["reason"].split()]
    named = [word for word in words if word.startswith(("tests/", "docs/"))]
    assert [word for word in named if not (ROOT / word).exists()] == []
    assert named


@every_kind
def test_the_readme_names_every_adapter(kind: str) -> None:
    assert any(f"`{kind}`" in row[1] for row in pbx_table())


def test_asterisk_claims_exactly_the_commands_that_it_can_offer() -> None:
    rules = quality("asterisk")["rules"]
    assert {verb for verb in Verb if rules[f"command.{verb}"]["status"] == "done"} == set(rights.NEEDS)


def test_the_page_for_site_engineers_explains_every_setting_of_asterisk() -> None:
    page = (ROOT / "docs/adapters/asterisk.md").read_text()
    assert [name for name in config.AsteriskConfig.model_fields if f"`{name}`" not in page] == []
    assert [verb.value for verb in rights.NEEDS if f"`{verb.value}`" not in page] == []


def test_the_page_for_site_engineers_explains_every_setting_and_verb_of_csta() -> None:
    page = (ROOT / "docs/adapters/csta.md").read_text()
    assert [name for name in CstaConfig.model_fields if f"`{name}`" not in page] == []
    assert [verb.value for verb in Verb if f"`{verb.value}`" not in page] == []


def test_the_page_for_site_engineers_explains_every_setting_of_freeswitch() -> None:
    page = (ROOT / "docs/adapters/freeswitch.md").read_text()
    assert [name for name in FreeswitchConfig.model_fields if f"`{name}`" not in page] == []


def test_freeswitch_claims_exactly_the_commands_that_it_can_offer() -> None:
    offered = commands.capabilities(FreeswitchConfig(password=SecretStr("x"), phone_events=True), callcenter=True)
    rules = quality("freeswitch")["rules"]
    assert {verb for verb in Verb if rules[f"command.{verb}"]["status"] == "done"} == offered.default
