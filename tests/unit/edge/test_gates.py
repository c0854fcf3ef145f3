"""Gates at work: what they want is brought about at the PBX, shown when it is so, and remembered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from ringline_core.domain.facts import Agent, Ended, Leg, Party, Pressed
from ringline_core.domain.gate import SHORTEST_TALK_MS
from ringline_core.domain.holds import HoldKind
from ringline_core.domain.model import StationModel
from ringline_core.errors import CommandError
from ringline_core.wire.codes import AgentStateName, Cause, ErrorCode, LegState
from ringline_core.wire.edge import DeskForEdge, Desks
from ringline_edge.availability.absence import Absence
from ringline_edge.availability.gates import Gates
from ringline_edge.availability.holding import Holding
from ringline_edge.availability.memory import GateMemory
from tests.support.waiting import eventually
from tests.unit.edge.conftest import ScriptedPbx

NOTE = {"gate": "note", "on_ready_unsaved": "revert"}
READY = Agent("1001", AgentStateName.READY, 1)
CUSTOMER = Leg("T.1", "L1", "PJSIP/trunk", LegState.CONNECTED, 1, outside=True, own=Party("+4930123"))
TALKING = Leg("A.1", "L1", "PJSIP/1001", LegState.CONNECTED, 1, "1001", queue="support", answered_at_ms=2)


@dataclass
class Site:
    """A PBX, a model, and the gates between them."""

    folder: Path
    pbx: ScriptedPbx = field(default_factory=ScriptedPbx)
    sent_away: list[tuple[str, str]] = field(default_factory=list)
    work_held: list[str] = field(default_factory=list)
    rev: int = 0

    def start(self, *, finds_pbx: bool = True) -> None:
        self.model = StationModel("hq")
        self.model.lead(1)
        self.memory = GateMemory(self.folder / "gates.db")
        self.holding = Holding(self.pbx)
        self.gates = Gates(self.model, self.holding, self.memory)
        self.gates.send_away = lambda station, call: self.sent_away.append((station, call))
        self.gates.work_held = lambda ident, _shown: self.work_held.append(ident)
        for fact in (READY, CUSTOMER):
            self.model.apply(fact)
        if finds_pbx:
            self.gates.found_pbx()

    def tell(self, **more: Any) -> None:
        """The cloud tells of Anna's desk."""
        self.rev += 1
        told = {"station": "1001", "rev": self.rev, "agent": "anna", "pages": 1, "policy": NOTE, **more}
        self.gates.take(Desks(items=(DeskForEdge.model_validate(told),)))

    def see(self, leg: Leg) -> dict[str, Any]:
        self.model.apply(leg)
        return self.document()

    def document(self) -> dict[str, Any]:
        self.gates.judge("1001")
        return self.model.document("1001")

    async def wrap_up(self) -> None:
        """A call with a draft has ended."""
        self.tell(drafts=["i-hq-L1"])
        self.see(TALKING)
        await eventually(lambda: self.pbx.holds == {"1001": "ringline:wrap_up"})
        ended = Ended(SHORTEST_TALK_MS)
        shown = self.see(Leg("A.1", "L1", "PJSIP/1001", LegState.CONNECTED, 1, "1001", queue="support", ended=ended))
        assert [each["interaction"] for each in shown["wrap_up"]] == ["i-hq-L1"], "the very document says so"
        assert shown["agent"]["state"] == "wrap_up"


@pytest_asyncio.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    made.start()
    yield made
    made.gates.close()
    made.memory.close()


async def test_the_hold_is_there_before_the_call_ends_and_goes_with_the_decision(site: Site) -> None:
    await site.wrap_up()
    site.tell(decided=["i-hq-L1"])
    await eventually(lambda: site.pbx.holds == {})
    assert (site.document()["agent"]["state"], site.document()["wrap_up"]) == ("ready", [])


async def test_a_restart_remembers_who_owes_and_holds_again(site: Site) -> None:
    await site.wrap_up()
    site.gates.close()
    site.memory.close()
    site.pbx.holds.clear()
    site.start()
    assert [each["interaction"] for each in site.document()["wrap_up"]] == ["i-hq-L1"]
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:wrap_up"})


async def test_what_the_pbx_holds_and_nobody_wants_is_lifted_when_the_pbx_is_found(site: Site) -> None:
    site.pbx.holds["1007"] = "ringline:work"
    site.gates.found_pbx()
    await eventually(lambda: site.pbx.holds == {})


async def test_a_release_frees_everybody_and_what_was_undecided_is_to_be_owed(site: Site) -> None:
    await site.wrap_up()
    await site.gates.release()
    assert site.pbx.holds == {}
    assert [each["ask"] for each in site.document()["wrap_up"]] == ["owe"]
    site.gates.shown("1001", 7)
    site.gates.acked("1001", 7)
    assert site.document()["wrap_up"] == []


async def test_ready_on_the_phone_is_undone_and_the_call_offered_meanwhile_goes_back(site: Site) -> None:
    await site.wrap_up()
    site.pbx.holds.clear()
    site.gates.pressed(Pressed("1001", ready=True, at_ms=9))
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:wrap_up"})
    assert [each["event"] for each in site.model.document("1001")["recent"]].count("gate_tripped") == 1
    offered = Leg("A.2", "L2", "PJSIP/1001", LegState.ALERTING, 10, "1001", queue="support")
    site.see(offered)
    assert site.sent_away == [("1001", "c-hq-L2")]


async def test_one_press_that_unpauses_several_queues_trips_once(site: Site) -> None:
    await site.wrap_up()
    for _ in range(3):
        site.gates.pressed(Pressed("1001", ready=True, at_ms=9))
    assert [each["event"] for each in site.model.document("1001")["recent"]].count("gate_tripped") == 1


async def test_where_no_hold_can_be_made_it_is_said_and_ready_on_the_phone_lets_the_note_be_owed(site: Site) -> None:
    site.pbx.refuse_hold = CommandError(ErrorCode.UNSUPPORTED, "no hint")
    site.tell(drafts=["i-hq-L1"])
    site.see(TALKING)
    await eventually(lambda: site.holding.impossible == {"1001": "no hint"})
    site.see(Leg("A.1", "L1", "PJSIP/1001", LegState.CONNECTED, 1, "1001", queue="support", ended=Ended(9)))
    assert site.document()["agent"]["state"] == "ready"
    site.gates.pressed(Pressed("1001", ready=True, at_ms=9))
    assert [each["ask"] for each in site.document()["wrap_up"]] == ["owe"]


async def test_a_work_item_is_told_as_held_once_the_pbx_keeps_the_agent(site: Site) -> None:
    until = "2126-01-01T00:00:00.000Z"
    item = {"work": "w-1", "id": "x-1", "channel": "email", "lease_until_at": until, "blocks": ["voice"]}
    site.tell(work=[item])
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:work"})
    site.gates.shown("1001", 3)
    assert site.work_held == ["x-1"]
    site.tell(work=[item])
    assert site.work_held == ["x-1"]


async def test_a_standby_asks_nothing_of_the_pbx_and_lifts_nothing_until_the_cloud_is_gone(site: Site) -> None:
    site.gates.leads = lambda: False
    site.pbx.holds["1007"] = "ringline:work"
    site.tell(drafts=["i-hq-L1"])
    site.see(TALKING)
    site.gates.found_pbx()
    await site.holding.settled()
    assert site.pbx.holds == {"1007": "ringline:work"}
    site.gates.cloud_is_away(away=True)
    await eventually(lambda: site.pbx.holds == {})


async def test_a_restart_in_a_call_takes_no_call_for_over_before_the_pbx_has_told(site: Site) -> None:
    site.tell(drafts=["i-hq-L1"])
    site.see(TALKING)
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:wrap_up"})
    site.gates.close()
    site.memory.close()
    site.start(finds_pbx=False)
    site.tell(drafts=["i-hq-L1"])
    assert site.document()["wrap_up"] == [], "the call is not over, it is not known yet"
    site.model.apply(TALKING)
    site.gates.found_pbx()
    assert site.document()["wrap_up"] == []
    await eventually(lambda: site.holding.kept("1001") is HoldKind.GATE)


async def test_what_was_to_be_owed_is_told_anew_after_a_restart_whose_documents_count_from_one(site: Site) -> None:
    await site.wrap_up()
    site.gates.shown("1001", 500)
    await site.gates.release()
    site.gates.shown("1001", 501)
    site.document()
    site.gates.close()
    site.memory.close()
    site.start()
    assert [each["ask"] for each in site.document()["wrap_up"]] == ["owe"]
    site.gates.shown("1001", 1)
    site.gates.acked("1001", 1)
    assert site.document()["wrap_up"] == []


async def test_a_work_item_holds_again_after_an_orderly_restart(site: Site) -> None:
    until = "2126-01-01T00:00:00.000Z"
    site.tell(work=[{"work": "w-1", "channel": "email", "lease_until_at": until, "blocks": ["voice"]}])
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:work"})
    await site.gates.release()
    assert site.pbx.holds == {}
    site.gates.close()
    site.memory.close()
    site.start()
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:work"})


async def test_a_hold_that_is_asked_for_anew_keeps_its_time(site: Site) -> None:
    await site.wrap_up()
    since = site.document()["agent"]["since_at"]
    site.gates.pressed(Pressed("1001", ready=True, at_ms=9))
    await site.holding.settled()
    assert site.document()["agent"]["since_at"] == since


async def test_an_absence_is_told_once_when_it_lasts_and_once_when_it_ends() -> None:
    told: list[bool] = []

    def hear(*, away: bool) -> None:
        told.append(away)

    absence = Absence(hear, lambda: 0.01)
    absence.begins()
    absence.begins()
    await eventually(lambda: told == [True])
    absence.over()
    assert told == [True, False]
    patient = Absence(hear, lambda: 30)
    patient.begins()
    patient.over()
    assert told == [True, False, False]


async def test_the_supervisors_hold_is_not_lifted_by_the_agents_page(site: Site) -> None:
    site.tell()
    site.gates.supervise("1001", held=True)
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:supervisor"})
    assert site.document()["agent"]["state"] == "not_ready"
    with pytest.raises(CommandError) as refused:
        site.gates.ask_ready("1001")
    assert refused.value.error_code is ErrorCode.NOT_ALLOWED
    site.gates.supervise("1001", held=False)
    await eventually(lambda: site.pbx.holds == {})


async def test_calls_that_ring_unanswered_in_a_row_hold_over_a_restart_until_ready(site: Site) -> None:
    site.tell(policy={"missed_limit": 2})
    for ident in ("A.1", "A.2"):
        leg = Leg(ident, "L1", "PJSIP/1001", LegState.ALERTING, 1, "1001", queue="support")
        site.see(leg)
        shown = site.see(replace(leg, ended=Ended(9, cause=Cause.NO_ANSWER)))
    assert [each["event"] for each in shown["recent"]][-1:] == ["missed"]
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:missed"})
    shown = site.document()["agent"]
    assert (shown["state"], shown["reason"]) == ("not_ready", "ringline:missed")
    site.gates.close()
    site.memory.close()
    site.start()
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:missed"})
    site.gates.ask_ready("1001")
    await eventually(lambda: site.pbx.holds == {})


OWING = {"interaction": "i-hq-L9", "call": "c-hq-L9", "since_at": "2026-03-01T10:00:00.000Z", "needs": ["note"]}


async def test_who_owes_by_what_another_edge_told_is_kept_from_calls_by_this_one(site: Site) -> None:
    site.tell(wrap_up=[OWING])
    await eventually(lambda: site.pbx.holds == {"1001": "ringline:wrap_up"})
    assert [each["interaction"] for each in site.document()["wrap_up"]] == ["i-hq-L9"]
    site.tell(decided=["i-hq-L9"])
    await eventually(lambda: site.pbx.holds == {})
    site.tell(wrap_up=[OWING])
    assert site.document()["wrap_up"] == [], "only who did not see the calls is told"


async def test_an_edge_that_stands_by_forgets_and_goes_on_from_what_it_is_told_with_the_next_lead(site: Site) -> None:
    await site.wrap_up()
    leads = [False]
    site.gates.leads = lambda: leads[0]
    site.gates.stood_by()
    assert (site.gates.gated, site.holding.stations) == (0, ())
    assert list(site.memory.gates()) == []
    assert site.document()["wrap_up"] == []
    assert site.pbx.holds == {"1001": "ringline:wrap_up"}, "the other edge's business now"
    leads[0] = True
    site.tell()
    site.gates.led()
    await eventually(lambda: site.pbx.holds == {})
