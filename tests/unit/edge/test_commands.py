"""Commands: at most once, by the cloud's clock, confirmed by proof; with a model but without sockets."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ringline_core.domain.facts import Agent, Ended, Fact, Left, Leg, Membership, Party
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError, PbxUnavailableError
from ringline_core.wire.codes import AgentStateName, By, ErrorCode, LegState, Verb
from ringline_core.wire.command import EdgeCommand
from ringline_edge.adapters.port import Capabilities
from ringline_edge.commands import Commands
from ringline_edge.spool.commands import CommandSpool
from ringline_edge.uplink.results import OwnResult
from tests.support.waiting import eventually
from tests.unit.edge.conftest import ScriptedPbx

CALL = "c-hq-k1"
OUTSIDE = Leg("t1", "k1", "trunk", LegState.CONNECTED, 1_000, outside=True, origin=True, own=Party("+44207"))
TALKING = Leg("a1", "k1", "PJSIP/1001", LegState.CONNECTED, 2_000, station="1001", answered_at_ms=3_000)
ON = Agent("1001", AgentStateName.NOT_READY, 1_000, login="7001", reason="lunch")


@dataclass
class Desk:
    """Commands with their surroundings; `shown` says a fact and what it makes of the document."""

    pbx: ScriptedPbx
    model: StationModel
    spool: CommandSpool
    commands: Commands
    told: list[OwnResult]
    seq: int = 0

    def shown(self, *facts: Fact) -> None:
        for fact in facts:
            self.model.apply(fact)
        self.seq += 1
        self.commands.shown("1001", self.seq, self.model.document("1001"))

    def take(self, ident: str, verb: Verb, *, within_s: float = 8, **arguments: Any) -> None:
        deadline = datetime.now(UTC) + timedelta(seconds=within_s)
        self.commands.take(EdgeCommand(id=ident, verb=verb, station="1001", deadline_at=deadline, **arguments))

    async def asked(self) -> None:
        """The PBX has been asked."""
        await eventually(lambda: self.pbx.executed)

    async def ends(self, count: int = 1) -> list[dict[str, Any]]:
        """Final results told so far, once there are as many."""
        await eventually(lambda: len([each for each in self.told if each.is_final]) >= count)
        return [each.body for each in self.told if each.is_final]


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    pbx, model, told = ScriptedPbx(), StationModel("hq"), list[OwnResult]()
    model.lead(1)
    spool = CommandSpool(tmp_path / "commands.db")
    commands = Commands(model, pbx, spool, told.append, proof_s=0.2)
    made = Desk(pbx, model, spool, commands, told)
    made.shown(ON, OUTSIDE, TALKING)
    yield made
    spool.close()


async def test_a_proof_that_comes_before_the_pbx_answers_is_enough(desk: Desk) -> None:
    desk.pbx.answers.clear()
    desk.take("x1", Verb.DROP, call=CALL)
    await desk.asked()
    desk.shown(replace(TALKING, ended=Ended(4_000)))
    desk.pbx.refuse = CommandError(ErrorCode.REJECTED_BY_PBX, "gone")
    desk.pbx.answers.set()
    assert await desk.ends() == [{"id": "x1", "stage": "confirmed"}]
    await eventually(lambda: not desk.commands._tasks)
    assert [(each.body["stage"], each.after) for each in desk.told] == [("sent", None), ("confirmed", ("1001", 2))]


async def test_sent_is_told_once_the_pbx_took_it_and_confirmed_waits_for_the_documents_ack(desk: Desk) -> None:
    desk.take("x1", Verb.DROP, call=CALL)
    await eventually(lambda: desk.told)
    desk.shown(replace(TALKING, ended=Ended(4_000)))
    assert [(each.body["stage"], each.after) for each in desk.told] == [("sent", None), ("confirmed", ("1001", 2))]


async def test_without_a_proof_in_time_it_failed_and_a_late_proof_changes_nothing(desk: Desk) -> None:
    desk.take("x1", Verb.HOLD, call=CALL)
    ends = await desk.ends()
    assert ends[0]["error"]["code"] == "timeout"
    desk.shown(replace(TALKING, state=LegState.HOLD, held_at_ms=5_000))
    assert len(await desk.ends()) == 1


async def test_a_pbx_that_never_answers_is_a_timeout(desk: Desk) -> None:
    desk.pbx.answers.clear()
    desk.take("x1", Verb.DTMF, call=CALL, digits="1")
    assert (await desk.ends())[0]["error"]["code"] == "timeout"


async def test_a_placed_call_continues_the_interaction_that_the_command_names(desk: Desk) -> None:
    desk.pbx.answers.clear()
    desk.take("x1", Verb.PLACE, to="+4420", interaction="i-missed-1")
    await desk.asked()
    desk.shown(Leg("a2", "k2", "PJSIP/1001", LegState.INITIATED, 5_000, station="1001", origin=True, dialed="+4420"))
    assert desk.model.document("1001")["calls"][-1]["interaction"] == "i-missed-1"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CommandError(ErrorCode.NUMBER_INVALID, "no such number"), "number_invalid"),
        (PbxUnavailableError("away"), "pbx_down"),
        (ValueError("a bug"), "internal"),
    ],
)
async def test_what_the_pbx_says_is_told_with_the_contracts_code(desk: Desk, error: Exception, code: str) -> None:
    desk.pbx.refuse = error
    desk.take("x1", Verb.PLACE, to="1002")
    assert (await desk.ends())[0]["error"]["code"] == code
    desk.shown(Leg("b1", "k2", "PJSIP/1001", LegState.INITIATED, 5_000, station="1001", origin=True))
    assert len(await desk.ends()) == 1


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        (Verb.SET_STATE, {"state": "not_ready"}),
        (Verb.SET_STATE, {"state": "not_ready", "reason": "lunch"}),
        (Verb.LOG_ON, {"login": "7001"}),
        (Verb.LOG_ON, {}),
        (Verb.RESUME, {"call": CALL}),
        (Verb.ANSWER, {"call": CALL}),
    ],
)
async def test_asking_for_what_is_so_already_is_confirmed_at_once_and_not_done(
    desk: Desk, verb: Verb, arguments: dict[str, Any]
) -> None:
    if verb is Verb.SET_STATE:
        desk.shown(replace(TALKING, ended=Ended(4_000)))
    desk.take("x1", verb, **arguments)
    assert await desk.ends() == [{"id": "x1", "stage": "confirmed", "already": True}]
    assert not desk.pbx.executed


@pytest.mark.parametrize(
    ("verb", "arguments"),
    [
        (Verb.SET_STATE, {"state": "not_ready", "reason": "training"}),
        (Verb.SET_STATE, {"state": "ready"}),
        (Verb.LOG_ON, {"login": "7002"}),
        (Verb.LOG_OFF, {}),
    ],
)
async def test_asking_for_something_else_is_done(desk: Desk, verb: Verb, arguments: dict[str, Any]) -> None:
    desk.take("x1", verb, **arguments)
    await desk.asked()


async def test_log_on_is_proved_by_its_own_login_only(desk: Desk) -> None:
    desk.take("x1", Verb.LOG_ON, login="7002")
    await eventually(lambda: desk.told)
    desk.shown(replace(ON, since_at_ms=5_000))
    assert [each.body["stage"] for each in desk.told] == ["sent"]
    desk.shown(replace(ON, since_at_ms=6_000, login="7002"))
    assert [each.body["stage"] for each in desk.told] == ["sent", "confirmed"]


async def test_a_second_press_of_the_same_waits_for_the_first_ones_proof(desk: Desk) -> None:
    desk.take("x1", Verb.DROP, call=CALL)
    desk.take("x2", Verb.DROP, call=CALL)
    await desk.asked()
    desk.shown(replace(TALKING, ended=Ended(4_000)))
    ends = {each["id"]: each.get("already") for each in await desk.ends(2)}
    assert ends == {"x1": None, "x2": True}
    assert len(desk.pbx.executed) == 1


async def test_two_transfers_of_one_call_to_different_numbers_are_two_commands(desk: Desk) -> None:
    desk.take("x1", Verb.TRANSFER, call=CALL, to="1002")
    desk.take("x2", Verb.TRANSFER, call=CALL, to="1003")
    await eventually(lambda: len(desk.pbx.executed) == 2)


async def test_the_same_digit_twice_is_sent_twice(desk: Desk) -> None:
    desk.take("x1", Verb.DTMF, call=CALL, digits="1")
    desk.take("x2", Verb.DTMF, call=CALL, digits="1")
    await desk.ends(2)
    assert len(desk.pbx.executed) == 2


@pytest.mark.parametrize(("offset_ms", "stage"), [(0, "confirmed"), (9_000, "expired"), (-9_000, "confirmed")])
async def test_the_deadline_is_read_by_the_clouds_clock(desk: Desk, offset_ms: float, stage: str) -> None:
    desk.commands.offset_ms = lambda: offset_ms
    desk.take("x1", Verb.DTMF, within_s=8, call=CALL, digits="1")
    assert (await desk.ends())[0]["stage"] == stage
    assert bool(desk.pbx.executed) == (stage == "confirmed")


@pytest.mark.parametrize(
    ("verb", "arguments", "code"),
    [
        (Verb.CONFERENCE, {"call": CALL}, "unsupported"),
        (Verb.DROP, {"call": "c-other"}, "no_such_call"),
        (Verb.TRANSFER, {"call": CALL}, "message_invalid"),
        (Verb.SET_STATE, {}, "message_invalid"),
    ],
)
async def test_what_cannot_be_done_is_never_asked(desk: Desk, verb: Verb, arguments: dict[str, Any], code: str) -> None:
    desk.take("x1", verb, **arguments)
    assert (await desk.ends())[0]["error"]["code"] == code
    assert not desk.pbx.executed


async def test_while_the_pbx_is_away_nothing_is_asked_and_stations_can_do_what_they_could_before(desk: Desk) -> None:
    desk.commands.pbx_is_up = lambda: False
    desk.take("x1", Verb.DROP, call=CALL)
    assert (await desk.ends())[0]["error"]["code"] == "pbx_down"
    desk.commands.pbx_is_up = lambda: True
    desk.pbx.capabilities = Capabilities(frozenset(), {"1001": frozenset({Verb.DTMF})})
    desk.take("x2", Verb.DTMF, call=CALL, digits="1")
    assert (await desk.ends(2))[1]["stage"] == "confirmed"


async def test_a_repeated_id_gets_its_stored_stage_again_and_nothing_while_there_is_none(desk: Desk) -> None:
    desk.pbx.answers.clear()
    for _ in range(2):
        desk.take("x1", Verb.DROP, call=CALL)
    await desk.asked()
    assert not desk.told
    desk.pbx.answers.set()
    await eventually(lambda: desk.told)
    desk.take("x1", Verb.DROP, call=CALL)
    assert [each.body["stage"] for each in desk.told] == ["sent", "sent"]
    desk.shown(replace(TALKING, ended=Ended(4_000)))
    desk.take("x1", Verb.DROP, call=CALL)
    assert [each.body["stage"] for each in desk.told] == ["sent", "sent", "confirmed", "confirmed"]
    assert len(desk.pbx.executed) == 1


async def test_the_next_process_tells_what_was_left_and_does_nothing_again(desk: Desk) -> None:
    desk.take("x1", Verb.DTMF, call=CALL, digits="1")
    await desk.ends()
    desk.take("x2", Verb.DROP, call=CALL)
    await eventually(lambda: len(desk.pbx.executed) == 2)
    desk.spool.begin("x3", time.time_ns() // 1_000_000 + 1_000)
    told: list[OwnResult] = []
    fresh = Commands(desk.model, desk.pbx, desk.spool, told.append)
    fresh.restore()
    assert {each.id: each.body["stage"] for each in told} == {"x1": "confirmed", "x2": "failed", "x3": "failed"}
    assert {each.after for each in told} == {"snapshot"}
    assert all(each.body["error"]["code"] == "timeout" for each in told if each.id != "x1")  # type: ignore[index]
    desk.spool.told("x1")
    assert [each.id for each in desk.spool.untold()] == ["x2", "x3"]
    assert len(desk.pbx.executed) == 2


async def test_a_command_that_is_over_marks_no_later_press_on_the_phone_as_the_pages(desk: Desk) -> None:
    """A log-on where somebody is logged on already changes queues, and no state that a transition would tell."""
    desk.shown(replace(TALKING, ended=Ended(4_000)), replace(ON, queues=(Membership("sales", True, "lunch"),)))
    desk.take("x1", Verb.LOG_ON, login="7001", queues=("support",))
    await desk.asked()
    desk.shown(replace(ON, queues=(Membership("support", True, "lunch"),)))
    await desk.ends()
    desk.shown(replace(ON, state=AgentStateName.READY, by=By.AGENT_PHONE))
    assert desk.model.document("1001")["recent"][-1]["by"] == "agent_phone"


async def test_a_call_that_came_back_is_dropped_again_and_not_taken_for_one_that_ended(desk: Desk) -> None:
    desk.take("x1", Verb.TRANSFER, call=CALL, to="1002")
    await desk.asked()
    desk.shown(replace(TALKING, ended=Ended(4_000, Left.TRANSFERRED)))
    assert (await desk.ends())[-1]["stage"] == "confirmed"
    back = replace(TALKING, leg="a2", started_at_ms=5_000, answered_at_ms=5_000)
    desk.shown(back)
    desk.take("x2", Verb.DROP, call=CALL)
    await eventually(lambda: len(desk.pbx.executed) == 2)
    desk.shown(replace(back, ended=Ended(6_000)))
    assert (await desk.ends(2))[-1] == {"id": "x2", "stage": "confirmed"}
