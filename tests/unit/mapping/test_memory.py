"""What a command leaves in a leg's memory."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from ringline_core.domain.facts import CallLegs, Leg
from ringline_core.errors import CommandError
from ringline_core.wire.codes import By
from tests.support.waiting import eventually
from tests.unit.mapping.test_adapter import CALL, Feed, changed, command, edge, feed, jsonl

__all__ = ["feed"]


@pytest.mark.parametrize(("taken", "by"), [(True, By.AGENT_PHONE), (False, By.REMOTE)])
async def test_what_a_refused_command_remembered_is_forgotten(
    feed: tuple[Feed, str],
    tmp_path: Path,
    taken: bool,
    by: By,
) -> None:
    pbx, address = feed
    pbx.calls = [{**CALL, "state": "talks"}]
    pbx.answers["do"] = lambda m: [{"type": "reply", "id": m["id"], "ok": taken}]
    profile = changed(
        tmp_path,
        ("  drop:\n", "  drop:\n    remember: {asked: true}\n"),
        (
            "by: {get: by, steps: [{map: {phone: agent_phone, far: remote}, default: pbx}]}",
            'by: {memory: asked, steps: [{map: {"true": agent_phone}, default: remote}]}',
        ),
    )
    async with edge(**jsonl(address, profile=profile)) as joined:
        await joined.ready()
        with contextlib.suppress(CommandError):
            await joined.adapter.execute(command("drop", call="c"), CallLegs(("7/1001",)))
        pbx.tell({**CALL, "state": "over"})
        ended = await eventually(
            lambda: [f.ended for f in joined.facts if isinstance(f, Leg) and f.station and f.ended is not None]
        )
        assert [each.by for each in ended] == [by]
