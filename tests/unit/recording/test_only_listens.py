"""Whatever an adapter is made to do, with a tape in its link nothing reaches the PBX that could change anything."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ringline_core.domain.facts import Snapshot
from ringline_core.domain.holds import HoldKind
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge import registry
from ringline_edge.conformance import worlds
from ringline_edge.conformance.stage import Stage
from ringline_edge.recording import folder
from ringline_edge.recording.kinds import REDACTIONS
from ringline_edge.recording.pseudonyms import Pseudonyms
from ringline_edge.recording.tape import Tape
from tests.support.waiting import eventually


class Counted:
    """A tap that counts what got past the tape."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.said: list[bytes] = []

    def heard(self, data: bytes) -> None:
        self.tape.heard(data)

    def says(self, data: bytes) -> None:
        self.tape.says(data)
        self.said.append(data)


@pytest.mark.parametrize("name", ["asterisk", "csta", "csta-plain", "freeswitch", "simulator"])
async def test_a_hold_and_a_command_are_refused_at_the_wire(name: str, tmp_path: Path) -> None:
    folder.create(tmp_path / "t")
    async with worlds.of(name)() as world:
        stage = Stage(name, world)
        await stage.begin()
        await stage.ready("1001")
        kind = world.kind or name
        tap = Counted(Tape(tmp_path / "t", REDACTIONS[kind](world.settings, Pseudonyms())))
        facts: list[Any] = []
        stage.adapter = registry.create(kind, dict(world.settings), "the test", tap)
        running = asyncio.create_task(stage.adapter.run(facts.append))
        await eventually(lambda: any(isinstance(fact, Snapshot) for fact in facts))
        before = len(tap.said)
        for doing in (
            stage.adapter.hold("1001", HoldKind.GATE.reason, in_call=False),
            stage.command(Verb.PLACE, "1001", to="1002"),
            stage.command(Verb.SET_STATE, "1001", state="not_ready", reason="lunch"),
        ):
            with pytest.raises(CommandError) as told:
                await doing
            assert told.value.error_code in (ErrorCode.NOT_ALLOWED, ErrorCode.REJECTED_BY_PBX)
        assert not [said for said in tap.said[before:] if b"QueuePause" in said or b"uuid" in said or b"Set" in said]
        await stage.agent("1001", "ready")
        assert stage.document("1001")["calls"] == []
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        tap.tape.close()
        await stage.end()
