"""The transport poll on real sockets: what changed between two answers is told, and nothing else."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from ringline_core.domain.facts import Agent, CallLegs, Device, Leg, Snapshot
from ringline_core.errors import CommandError, ConfigError, PbxAuthError, PbxUnavailableError, RinglineError
from ringline_core.wire.codes import AgentStateName, LegState
from ringline_edge.adapters import mapping
from ringline_edge.adapters.mapping import plan
from ringline_edge.adapters.mapping.loading import ProfileError
from tests.support.waiting import eventually
from tests.unit.mapping.hooks import KEY, WEBHOOK, Pbx, serving
from tests.unit.mapping.test_adapter import Edge, command

ASKED = "http: {base: address, headers:"
POLL = (
    WEBHOOK[: WEBHOOK.index("samples:")]
    .replace("transport: webhook", "transport: poll")
    .replace("settings: [secret, address, key]", "settings: [address, key]")
    .replace(next(line for line in WEBHOOK.splitlines() if line.startswith("webhook:")), "")
    .replace(next(line for line in WEBHOOK.splitlines() if "heartbeat:" in line), "")
    .replace(ASKED, "http: {base: address, every_s: 0.02, headers:")
    .replace("commands:", "  - on: list\n    each: agents\n    agent: {station: phone, state: state}\n\ncommands:")
)
OUTSIDE = {"number": "+442071234567", "way": "in"}
PHONE = {"phone": "201", "works": True}


def answer(*calls: dict[str, Any], **more: Any) -> tuple[int, str]:
    """All that is there now."""
    told = [{"phone": "201", "outside": OUTSIDE, **each} for each in calls]
    return 200, json.dumps({"event": "list", "calls": told, "phones": [PHONE], "agents": [], **more})


@contextlib.asynccontextmanager
async def polled(folder: Path, first: tuple[int, str]) -> AsyncIterator[tuple[Pbx, Edge]]:
    """A PBX that answers so at first, and the adapter that asks it."""
    pbx = Pbx()
    pbx.lists = first
    (folder / "poll.yaml").write_text(POLL)
    async with serving(pbx) as where:
        settings = {"address": f"http://{where}", "key": KEY}
        edge = Edge({"profile": str(folder / "poll.yaml"), "settings": settings})
        try:
            await eventually(lambda: edge.facts or edge.running.done())
            yield pbx, edge
        finally:
            await edge.end()


async def ended(edge: Edge, count: int) -> list[Leg]:
    """Ends of legs, once there are so many."""

    def found() -> list[Leg]:
        return [each for each in edge.facts if isinstance(each, Leg) and each.ended]

    await eventually(lambda: len(found()) >= count)
    return found()


async def asked_again(pbx: Pbx) -> None:
    """The PBX has been asked three times more."""
    before = len(pbx.asked)
    await eventually(lambda: len(pbx.asked) > before + 3)


async def test_what_changes_between_two_answers_is_told_and_what_does_not_is_not(tmp_path: Path) -> None:
    async with polled(tmp_path, answer()) as (pbx, edge):
        assert isinstance(edge.facts[0], Snapshot)
        for state in ("ringing", "talking", "held"):
            pbx.lists = answer({"call": "c1", "state": state})
            await asked_again(pbx)
        assert edge.states() == [LegState.ALERTING, LegState.CONNECTED, LegState.HOLD]
        pbx.lists = answer()
        over = await ended(edge, 2)
        assert {(each.station, each.outside) for each in over} == {("201", False), (None, True)}
        told = len(edge.facts)
        await asked_again(pbx)
        assert [each for each in edge.facts[told:] if each not in edge.facts[:told]] == []
        assert pbx.keys == {f"Bearer {KEY}"}


async def test_what_was_there_before_is_in_the_snapshot_and_ends_like_the_rest(tmp_path: Path) -> None:
    async with polled(tmp_path, answer({"call": "c1", "state": "talking"})) as (pbx, edge):
        first = edge.facts[0]
        assert isinstance(first, Snapshot)
        assert [leg.state for leg in first.legs if leg.station] == [LegState.CONNECTED]
        pbx.lists = answer({"call": "c2", "state": "ringing"})
        over = await ended(edge, 2)
        assert {each.call for each in over} == {"c1"}
        assert edge.states()[0] is LegState.ALERTING


async def test_phones_and_agents_that_are_no_longer_listed_are_out_of_service_and_logged_off(tmp_path: Path) -> None:
    there = {"agents": [{"phone": "201", "state": "ready"}]}
    async with polled(tmp_path, answer(**there)) as (pbx, edge):
        pbx.lists = answer(phones=[])
        await asked_again(pbx)
        gone = [each for each in edge.facts if isinstance(each, Agent | Device)]
        assert {type(each) for each in gone} == {Agent, Device}
        assert [each.state for each in gone if isinstance(each, Agent)][-1] is AgentStateName.LOGGED_OFF
        assert [each.in_service for each in gone if isinstance(each, Device)][-1] is False


@pytest.mark.parametrize(
    ("status", "said", "error"),
    [(500, "", PbxUnavailableError), (401, "", PbxAuthError), (200, "<no json>", RinglineError)],
)
async def test_an_answer_that_is_none_ends_the_session_and_no_call(
    tmp_path: Path, status: int, said: str, error: type[RinglineError]
) -> None:
    async with polled(tmp_path, answer({"call": "c1", "state": "talking"})) as (pbx, edge):
        pbx.lists = status, said
        assert isinstance(await edge.fault(), error)
        assert [each for each in edge.facts if isinstance(each, Leg) and each.ended] == []
        with pytest.raises(CommandError):
            await edge.adapter.execute(command("drop", station="201"), CallLegs(("c1/201",)))


async def test_commands_are_requests_beside_the_questions(tmp_path: Path) -> None:
    async with polled(tmp_path, answer({"call": "c1", "state": "talking"})) as (pbx, edge):
        await edge.adapter.execute(command("drop", station="201"), CallLegs(("c1/201",)))
        assert ("DELETE", "/api/calls/c1/phones/201", None) in pbx.asked


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("every_s: 0.02, ", "", "transport: http.every_s is missing"),
        ("framing: whole", "framing: newline", "framing: each answer is one message"),
        ("transport: poll", "transport: tcp", "framing: whole is for"),
        ("every_s: 0.02", "every_s: 0", "http.every_s: Input should be greater than 0"),
    ],
)
def test_faults_of_it_are_told(tmp_path: Path, before: str, after: str, reason: str) -> None:
    assert before in POLL
    (tmp_path / "poll.yaml").write_text(POLL.replace(before, after))
    with pytest.raises(ProfileError, match=reason):
        plan.load(str(tmp_path / "poll.yaml"))


def test_without_an_address_it_is_refused_before_it_begins(tmp_path: Path) -> None:
    (tmp_path / "poll.yaml").write_text(POLL)
    for address in ("", "pbx.example", "ftp://pbx.example"):
        with pytest.raises(ConfigError, match="no http:// or https:// address"):
            mapping.create({"profile": str(tmp_path / "poll.yaml"), "settings": {"address": address, "key": KEY}})


@pytest.mark.parametrize("key", ["once", "sequence"])
async def test_a_list_that_is_the_one_before_ends_no_calls(tmp_path: Path, monkeypatch: Any, key: str) -> None:
    monkeypatch.setattr(f"{__name__}.POLL", POLL.replace("session:\n", f"session:\n  {key}: number\n"))
    async with polled(tmp_path, answer({"call": "c1", "state": "talking"}, number=5)) as (pbx, edge):
        await asked_again(pbx)
        pbx.lists = answer({"call": "c1", "state": "held"}, number=5)
        await eventually(lambda: edge.states() == [LegState.HOLD])
    assert not [each for each in edge.facts if isinstance(each, Leg) and each.ended]
