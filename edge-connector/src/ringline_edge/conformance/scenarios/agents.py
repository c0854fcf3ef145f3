"""Agents and phones: on and off, ready and not, held back, out of service."""

from __future__ import annotations

from typing import Final

from ringline_core.wire.codes import Verb
from ringline_edge.conformance.scenarios.scenario import Plays
from ringline_edge.conformance.stage import NotSeenError, Stage

plays: Final = Plays()


@plays("queue")
async def on_ready_off(stage: Stage) -> None:
    """Log-on, ready, not ready with a reason, log-off, each as the page asks."""
    await stage.ready("1001")
    await stage.command(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await stage.agent("1001", "not_ready")
    reason = stage.document("1001")["agent"]["reason"]
    if "reason" not in stage.world.silent and reason != "lunch":
        raise NotSeenError(f"not ready for lunch, not for {reason}")
    await stage.command(Verb.SET_STATE, "1001", state="ready")
    await stage.agent("1001", "ready")
    await stage.command(Verb.LOG_OFF, "1001")
    await stage.agent("1001", "logged_off")


@plays("queue")
async def not_offered_while_not_ready(stage: Stage) -> None:
    """Who is not ready is offered no call of the queue, and is once ready again."""
    await stage.ready("1001")
    await stage.ready("1002")
    await stage.command(Verb.SET_STATE, "1001", state="not_ready", reason="lunch")
    await stage.agent("1001", "not_ready")
    await stage.caller("5000")
    await stage.until(lambda: stage.document("1002")["calls"], "the call at the colleague")
    if stage.document("1001")["calls"]:
        raise NotSeenError("offered while not ready")


@plays("queue")
async def held_back(stage: Stage) -> None:
    """A hold of ours keeps the queue's call away, whatever the agent's own state, and lets it come when lifted."""
    await stage.ready("1001")
    await stage.ready("1002")
    await stage.hold("1001")
    await stage.until(lambda: "1001" in stage.adapter.held, "the hold")
    await stage.caller("5000")
    await stage.until(lambda: stage.document("1002")["calls"], "the call at the colleague")
    if stage.document("1001")["calls"]:
        raise NotSeenError("offered while held")
    await stage.adapter.unhold("1001")
    await stage.until(lambda: "1001" not in stage.adapter.held, "the release")
    await stage.caller("5000")
    await stage.until(lambda: stage.document("1001")["calls"], "the next call here")


@plays("queue")
async def wrapped_up_by_the_pbx(stage: Stage) -> None:
    """After a queue's call the PBX itself keeps the agent, who is shown in wrap-up and is ready again in the end."""
    await stage.ready("1001")
    stage.wraps_up("1001")
    await stage.begins_anew()  # it is so from before a session on
    caller = await stage.caller("5000")
    await stage.until(lambda: stage.document("1001")["calls"], "the queue's call")
    await stage.press("1001", "answer")
    await stage.shows("1001", {"leg": "connected"})
    await stage.world.bank.hang_up_caller(caller)
    await stage.agent("1001", "wrap_up")
    await stage.command(Verb.SET_STATE, "1001", state="ready")
    await stage.agent("1001", "ready")


@plays()
async def out_of_service(stage: Stage) -> None:
    """A phone that is unplugged is out of service until it is back."""
    await stage.until(lambda: stage.document("1001")["in_service"], "in service")
    await stage.press("1001", "unplug")
    await stage.until(lambda: not stage.document("1001")["in_service"], "out of service")
    await stage.press("1001", "plug")
    await stage.until(lambda: stage.document("1001")["in_service"], "in service again")


PLAYED: Final = plays.all
