"""What a real Asterisk tells the doctor of one station."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.pbx.asterisk.bench import Bench
from ringline_core.domain.holds import HoldKind
from ringline_edge.adapters.examination import Examination, Seat
from tests.support.asterisk_desk import Desk
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="session")
FREE = Seat("support", paused=False, phone="free", watches="hint:1001@agents")


async def examined(desk: Desk, station: str = "1001") -> Examination:
    found = await desk.adapter.examine(station)
    assert found is not None
    return found


async def is_seen(desk: Desk, expected: Examination) -> None:
    async def so() -> bool:
        found = await examined(desk)
        assert found == expected
        return True

    await eventually(so)


async def test_a_free_member_a_held_one_and_one_in_a_call_are_told_apart(desk: Desk, bench: Bench) -> None:
    await desk.log_on("1001", "support")
    good = Examination(in_service=True, seats=(FREE,), dnd=False)
    await is_seen(desk, good)
    await desk.adapter.hold("1001", HoldKind.GATE.reason, in_call=False)
    busy = replace(FREE, phone="in_use")
    await is_seen(desk, replace(good, seats=(busy,), held=True))
    await desk.adapter.unhold("1001")
    await desk.rung_by_queue()
    await is_seen(desk, replace(good, seats=(replace(FREE, phone="ringing"),), talks=True))
    await bench.outside.hang_up_all()
    await is_seen(desk, good)


async def test_dnd_forward_pause_penalty_and_rivals_are_told(desk: Desk, bench: Bench) -> None:
    for station in ("1001", "1004"):
        await desk.log_on(station, "support")
    await bench.view.act("QueuePenalty", Queue="support", Interface="PJSIP/1001", Penalty="3")
    await bench.view.act("QueuePause", Queue="support", Interface="PJSIP/1001", Paused="true", Reason="lunch")
    await bench.view.act("DBPut", Family="DND", Key="1001", Val="YES")
    await bench.view.act("DBPut", Family="CF", Key="1001", Val="0170123456")
    try:
        seat = replace(FREE, paused=True, reason="lunch", penalty=3, rivals=0)
        await is_seen(desk, Examination(True, (seat,), dnd=True, forward="0170123456"))
    finally:
        await bench.view.act("DBDel", Family="DND", Key="1001")
        await bench.view.act("DBDel", Family="CF", Key="1001")


async def test_a_hint_that_is_not_there_and_a_phone_that_is_not_known_are_told(bench: Bench) -> None:
    desk = Desk(bench, state_interface="hint:{station}@nowhere")
    await desk.begin()
    try:
        await desk.log_on("1001", "support")
        found = await examined(desk)
        assert [seat.phone for seat in found.seats] == ["invalid"]
        assert "the dial plan's context nowhere lacks 'exten => 1001,hint," in found.lacks
        assert await desk.adapter.examine("1999") is None
    finally:
        await desk.end()
