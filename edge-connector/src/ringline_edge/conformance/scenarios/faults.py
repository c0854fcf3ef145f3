"""What links and PBXes do: cut, restarted, told twice, told in another order, spoilt."""

from __future__ import annotations

from typing import Final

from ringline_core.wire.codes import Verb
from ringline_edge.conformance.scenarios.scenario import Plays
from ringline_edge.conformance.stage import CUSTOMER, NotSeenError, Stage

plays: Final = Plays()
TALKS: Final = {"leg": "connected", "remote": CUSTOMER}


@plays()
async def begun_in_a_call(stage: Stage) -> None:
    """A session that begins in the middle of a call shows it, and rings nothing."""
    await stage.talking("1001")
    before = stage.document("1001")["calls"][0]
    told = len(stage.document("1001")["recent"])
    await stage.begins_anew()
    (after,) = await stage.shows("1001", TALKS)
    if (after["call"], after["interaction"]) != (before["call"], before["interaction"]):
        raise NotSeenError("the call is the same one after the break")
    if [each for each in stage.document("1001")["recent"][told:] if each["event"] == "ringing"]:
        raise NotSeenError("a call that was there before rings again")


@plays()
async def ended_unseen(stage: Stage) -> None:
    """A call that ends while the link is down has ended once, reconciled."""
    await stage.caller("1001")
    await stage.shows("1001", {"leg": "alerting"})
    await stage.press("1001", "answer")
    await stage.shows("1001", TALKS)
    seen = stage.snapshots
    await stage.world.bank.drop_link(0.3)
    await stage.until(lambda: not stage.document("1001")["in_service"], "the lost link")
    await stage.press("1001", "hangup")
    await stage.until(lambda: stage.snapshots > seen, "the next snapshot")
    await stage.shows("1001")
    ends = [each for each in stage.document("1001")["recent"] if each["event"] == "dropped"]
    if [each["cause"] for each in ends] != ["reconciled"]:
        raise NotSeenError(f"one end, reconciled, not {[each['cause'] for each in ends]}")


@plays("restart")
async def restarted(stage: Stage) -> None:
    """The PBX restarts in a call: no ghost is left, and phones are in service again."""
    await stage.talking("1001")
    await stage.world.bank.restart()
    await stage.shows("1001")
    await stage.until(lambda: stage.document("1001")["in_service"], "in service again")


@plays()
async def told_twice(stage: Stage) -> None:
    """Every event comes twice; each transition is told once."""
    stage.spoil("repeat")
    await stage.talking("1001")
    await stage.press("1001", "hold")
    await stage.shows("1001", {**TALKS, "leg": "hold"})
    await stage.press("1001", "resume")
    await stage.shows("1001", TALKS)
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    events = ("held agent_phone", "resumed agent_phone", "dropped normal agent_phone")
    await stage.tells("1001", "ringing", "answered agent_phone", *events)


@plays()
async def told_in_another_order(stage: Stage) -> None:
    """Events about different legs change places; the documents come out the same."""
    stage.spoil("swap")
    await stage.talking("1001")
    await stage.shows("1001", {**TALKS, "parties": [f"{CUSTOMER} connected"]})
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "answered agent_phone", "dropped normal agent_phone")


@plays()
async def garbage(stage: Stage) -> None:
    """In a call comes what is no message: the session goes on, or begins anew, and all is right."""
    await stage.talking("1001")
    stage.spoil("garbage")
    await stage.press("1001", "hold")
    await stage.shows("1001", {**TALKS, "leg": "hold"})


@plays()
async def clock_set(stage: Stage) -> None:
    """The PBX's clock jumps an hour ahead in a call, and two back: each transition is told once, in its order."""
    await stage.talking("1001")
    stage.turn_clock(3600)
    await stage.press("1001", "hold")
    await stage.shows("1001", {**TALKS, "leg": "hold", "held": True})
    stage.turn_clock(-7200)
    await stage.press("1001", "resume")
    await stage.shows("1001", {**TALKS, "held": False})
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    events = ("held agent_phone", "resumed agent_phone", "dropped normal agent_phone")
    await stage.tells("1001", "ringing", "answered agent_phone", *events)


@plays()
async def refused(stage: Stage) -> None:
    """A call that is gone cannot be ended from the page; the refusal has a code of the contract."""
    caller = await stage.caller("1001")
    await stage.shows("1001", {"leg": "alerting"})
    call = str(stage.document("1001")["calls"][0]["call"])
    legs = stage.model.call_legs("1001", call)
    await stage.world.bank.hang_up_caller(caller)
    await stage.shows("1001")
    if legs is None:
        raise NotSeenError("the call had no legs")
    code = await stage.refusal(Verb.DROP, "1001", call, legs)
    if code not in ("rejected_by_pbx", "no_such_call", "not_allowed", "timeout"):
        raise NotSeenError(f"refused with {code}")


PLAYED: Final = plays.all
