"""Members that the PBX's configuration fixes, as FreePBX makes them: log on and off is unpause and pause (S09, S21)."""

from __future__ import annotations

import pytest

from infra.pbx.asterisk.bench import Bench
from ringline_core.errors import CommandError
from ringline_core.wire.codes import ErrorCode, Verb
from ringline_edge.adapters.asterisk.members import LOGGED_OFF
from tests.support.asterisk_desk import Desk, members

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def paused_in(bench: Bench, station: str) -> dict[str, str | None]:
    """The reason of each pause, None where not paused, in the PBX's own listing."""
    found = {queue: (await members(bench, queue)).get(station) for queue in ("static", "support")}
    return {queue: each.reason if each.paused else None for queue, each in found.items() if each}


async def test_s21_static_members_are_logged_on_and_off_by_unpause_and_pause(desk: Desk, bench: Bench) -> None:
    await desk.log_on("1002", "static")
    assert await paused_in(bench, "1002") == {"static": None}
    await desk.do(Verb.LOG_OFF, "1002")
    await desk.has_state("1002", "logged_off")
    assert await paused_in(bench, "1002") == {"static": LOGGED_OFF}
    with pytest.raises(CommandError) as refused:
        await desk.do(Verb.SET_STATE, "1002", state="ready")
    assert refused.value.error_code is ErrorCode.NOT_LOGGED_ON
    await desk.log_on("1002", "static")
    assert await paused_in(bench, "1002") == {"static": None}


async def test_s21_a_static_queue_that_the_mapping_does_not_name_rings_nobody_while_logged_on(
    desk: Desk, bench: Bench
) -> None:
    await desk.log_on("1002", "support")
    assert await paused_in(bench, "1002") == {"static": LOGGED_OFF, "support": None}
    await desk.do(Verb.SET_STATE, "1002", state="not_ready", reason="lunch")
    await desk.has_state("1002", "not_ready", "lunch")
    assert await paused_in(bench, "1002") == {"static": LOGGED_OFF, "support": "lunch"}
    await desk.do(Verb.LOG_OFF, "1002")
    await desk.has_state("1002", "logged_off")


async def test_s22_another_agent_at_the_same_phone_and_queues_is_told_and_begins_paused(
    desk: Desk, bench: Bench
) -> None:
    await desk.log_on("1001", "support")
    await desk.do(Verb.LOG_ON, "1001", queues=("support",), name="Ben Ode", login="1002")
    await desk.has_state("1001", "not_ready", "ringline:agent")
    assert desk.agent("1001")["login"] == "1002"
    assert (await members(bench, "support"))["1001"].paused
