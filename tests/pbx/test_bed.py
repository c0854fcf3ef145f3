"""Starting and ending one real Asterisk."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from infra.pbx.asterisk import available
from infra.pbx.asterisk.bed import Bed
from infra.pbx.asterisk.errors import StartError
from infra.pbx.asterisk.fetch import asterisk
from tests.support.waiting import eventually

pytestmark = pytest.mark.skipif(available() is not None, reason=available() or "")


async def test_a_new_start_ends_the_asterisk_that_a_killed_bench_left_behind(tmp_path: Path) -> None:
    program = await asyncio.to_thread(asterisk)
    left, new = Bed(program, tmp_path), Bed(program, tmp_path)
    try:
        await left.start()
        await new.start()
        assert new.pid is not None
        await eventually(lambda: left.pid is None)
    finally:
        await left.close()
        await new.close()


async def test_two_benches_stand_side_by_side_and_a_taken_base_is_refused(tmp_path: Path) -> None:
    program = await asyncio.to_thread(asterisk)
    one, two = Bed(program, tmp_path / "one"), Bed(program, tmp_path / "two")
    try:
        await asyncio.gather(one.start(), two.start())
        assert one.pid != two.pid
        third = Bed(program, tmp_path / "three", base=one.ports.sip)
        with pytest.raises(StartError, match="in use"):
            await third.start()
    finally:
        await asyncio.gather(one.close(), two.close())
    assert one.pid is two.pid is None


async def test_a_deep_folder_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*("a-rather-long-folder-name" for _ in range(5)))
    bed = Bed(await asyncio.to_thread(asterisk), deep)
    try:
        await bed.start()
        assert bed.pid is not None
    finally:
        await bed.close()
