"""Calls that nobody passes on: in, out, between phones; answered, refused, missed, held, two at once."""

from __future__ import annotations

from typing import Final

from ringline_core.wire.codes import Verb
from ringline_edge.conformance.scenarios.scenario import Plays
from ringline_edge.conformance.stage import CUSTOMER, FAR, OTHER_CUSTOMER, NotSeenError, Stage

plays: Final = Plays()
RINGS: Final = {"leg": "alerting", "direction": "inbound", "remote": CUSTOMER}
TALKS: Final = {"leg": "connected", "direction": "inbound", "remote": CUSTOMER}


@plays()
async def far_end_hangs_up(stage: Stage) -> None:
    """A customer calls a phone, is answered, and hangs up."""
    caller = await stage.caller("1001")
    await stage.shows(
        "1001", {**RINGS, "presentation": "allowed", "dialed": "1001", "parties": [f"{CUSTOMER} initiated"]}
    )
    await stage.press("1001", "answer")
    await stage.shows("1001", {**TALKS, "held": False, "parties": [f"{CUSTOMER} connected"]})
    await stage.world.bank.hang_up_caller(caller)
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "answered agent_phone", "dropped normal remote")


@plays()
async def agent_hangs_up(stage: Stage) -> None:
    """A customer calls a phone, is answered, and the agent hangs up."""
    await stage.talking("1001")
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "answered agent_phone", "dropped normal agent_phone")


@plays()
async def page_hangs_up(stage: Stage) -> None:
    """The agent ends a call from the page."""
    call = await stage.talking("1001")
    await stage.command(Verb.DROP, "1001", call)
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "answered agent_phone", "dropped normal agent_page")


@plays()
async def page_answers(stage: Stage) -> None:
    """The agent takes a call from the page."""
    await stage.caller("1001")
    (ringing,) = await stage.shows("1001", RINGS)
    await stage.command(Verb.ANSWER, "1001", str(ringing["call"]))
    await stage.shows("1001", TALKS)
    await stage.tells("1001", "ringing", "answered agent_page")


@plays()
async def abandoned(stage: Stage) -> None:
    """The customer gives up while the phone rings."""
    caller = await stage.caller("1001")
    await stage.shows("1001", RINGS)
    await stage.world.bank.hang_up_caller(caller)
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "missed abandoned remote")


@plays()
async def rejected_by_phone(stage: Stage) -> None:
    """The agent refuses a call by the phone's key."""
    await stage.caller("1001")
    await stage.shows("1001", RINGS)
    await stage.press("1001", "reject")
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "missed rejected agent_phone")


@plays("queue")
async def queue_answered(stage: Stage) -> None:
    """A customer rings through a queue, which the document names."""
    await stage.ready("1001")
    caller = await stage.caller("5000")
    await stage.shows("1001", {**RINGS, "queue": "support", "dialed": "5000"})
    await stage.press("1001", "answer")
    await stage.shows("1001", {**TALKS, "queue": "support"})
    await stage.agent("1001", "busy")
    await stage.world.bank.hang_up_caller(caller)
    await stage.shows("1001")
    await stage.agent("1001", "ready")


@plays("queue")
async def queue_not_answered(stage: Stage) -> None:
    """Nobody takes a queue's call in time: it is missed, and rings again."""
    await stage.ready("1001")
    await stage.caller("5000")
    await stage.shows("1001", RINGS)
    await stage.until(lambda: len(stage.document("1001")["recent"]) and _told(stage, "missed"), "the missed call")
    events = [each for each in stage.document("1001")["recent"] if each["event"] == "missed"]
    if "cause" not in stage.world.silent and events[0]["cause"] != "no_answer":
        raise NotSeenError(f"missed by no_answer, not {events[0]['cause']}")


@plays("queue")
async def queue_abandoned(stage: Stage) -> None:
    """A queue's caller gives up while a phone rings."""
    await stage.ready("1001")
    caller = await stage.caller("5000")
    await stage.shows("1001", RINGS)
    await stage.world.bank.hang_up_caller(caller)
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "missed abandoned remote")


@plays("queue")
async def queue_rejected(stage: Stage) -> None:
    """The agent sends a queue's call away from the page, and it goes to a colleague."""
    await stage.ready("1001")
    await stage.caller("5000")
    (ringing,) = await stage.shows("1001", RINGS)
    await stage.ready("1002")
    await stage.command(Verb.REJECT, "1001", str(ringing["call"]), reason="not_mine")
    await stage.shows("1002", RINGS)


@plays()
async def held_by_phone(stage: Stage) -> None:
    """The agent holds and takes back by the phone's keys."""
    await stage.talking("1001")
    await stage.press("1001", "hold")
    await stage.shows("1001", {**TALKS, "leg": "hold", "held": True})
    await stage.press("1001", "resume")
    await stage.shows("1001", {**TALKS, "held": False})
    await stage.tells("1001", "ringing", "answered agent_phone", "held agent_phone", "resumed agent_phone")


@plays()
async def held_by_page(stage: Stage) -> None:
    """The agent holds and takes back from the page."""
    call = await stage.talking("1001")
    await stage.command(Verb.HOLD, "1001", call)
    await stage.shows("1001", {**TALKS, "leg": "hold"})
    await stage.command(Verb.RESUME, "1001", call)
    await stage.shows("1001", TALKS)


@plays()
async def second_call(stage: Stage) -> None:
    """A second call rings while the first is spoken; it is taken with the first on hold."""
    first = await stage.talking("1001")
    await stage.caller("1001", OTHER_CUSTOMER)
    await stage.shows("1001", TALKS, {"leg": "alerting", "remote": OTHER_CUSTOMER})
    await stage.press("1001", "hold")
    await stage.shows("1001", {**TALKS, "leg": "hold"}, {"leg": "alerting"})
    await stage.press("1001", "answer")
    calls = await stage.shows("1001", {**TALKS, "leg": "hold"}, {"leg": "connected", "remote": OTHER_CUSTOMER})
    if calls[0]["call"] != first or calls[0]["interaction"] == calls[1]["interaction"]:
        raise NotSeenError("two calls are two, and the first keeps its id")


@plays("second_device")
async def two_devices(stage: Stage) -> None:
    """Both devices of a station ring: one entry, and the other device's end says nothing."""
    await stage.caller("1003")
    await stage.shows("1003", RINGS)
    await stage.press("1003", "answer")
    await stage.shows("1003", TALKS)
    await stage.press("1003", "hangup")
    await stage.shows("1003")
    await stage.tells("1003", "ringing", "answered agent_phone", "dropped normal agent_phone")


@plays("pickup")
async def picked_up(stage: Stage) -> None:
    """A colleague takes what rings at another phone."""
    await stage.caller("1001")
    await stage.shows("1001", RINGS)
    await stage.press("1002", "feature", "*81001")
    await stage.shows("1001")
    await stage.shows("1002", TALKS)
    await stage.tells("1001", "ringing", "diverted picked_up 1002")


@plays()
async def between_phones(stage: Stage) -> None:
    """One colleague calls another."""
    await stage.press("1001", "dial", "1002")
    await stage.shows("1002", {"leg": "alerting", "direction": "internal", "remote": "1001"})
    await stage.press("1002", "answer")
    await stage.shows("1002", {"leg": "connected", "direction": "internal", "remote": "1001"})
    await stage.shows("1001", {"leg": "connected", "direction": "internal", "remote": "1002"})
    await stage.press("1002", "hangup")
    await stage.shows("1001")
    await stage.shows("1002")


@plays("outside")
async def outbound_by_phone(stage: Stage) -> None:
    """The agent dials outside by the phone."""
    await stage.press("1001", "dial", FAR)
    await stage.shows("1001", {"leg": "connected", "direction": "outbound", "remote": FAR})
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    await stage.tells("1001", "dialing agent_phone", "answered remote", "dropped normal agent_phone")


@plays("outside")
async def placed(stage: Stage) -> None:
    """The agent calls from the page: the own phone first, then the far end."""
    await stage.command(Verb.PLACE, "1001", to=FAR)
    await stage.shows("1001", {"leg": "initiated", "direction": "outbound", "remote": FAR})
    await stage.press("1001", "answer")
    await stage.shows("1001", {"leg": "connected", "direction": "outbound", "remote": FAR})


@plays("outside")
async def busy_outside(stage: Stage) -> None:
    """The far end of an own call is busy: the call has failed, and was never dropped."""
    await stage.press("1001", "dial", "+15550486")
    await stage.until(lambda: _told(stage, "failed"), "the failed call")
    await stage.shows("1001")
    if _told(stage, "dropped"):
        raise NotSeenError("a call that never reached anybody is not dropped")


@plays("monitor")
async def monitored(stage: Stage) -> None:
    """A recorder or silent monitor joins: no party, no event."""
    await stage.talking("1001")
    await stage.press("1001", "monitored")
    await stage.shows("1001", {**TALKS, "parties": [f"{CUSTOMER} connected"]})
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    await stage.tells("1001", "ringing", "answered agent_phone", "dropped normal agent_phone")


@plays()
async def digits(stage: Stage) -> None:
    """Digits go into a call from the page, and the call goes on."""
    call = await stage.talking("1001")
    await stage.command(Verb.DTMF, "1001", call, digits="42#")
    await stage.shows("1001", TALKS)


def _told(stage: Stage, event: str) -> bool:
    return any(each["event"] == event for each in stage.document("1001")["recent"])


@plays("along")
async def data_of_a_call(stage: Stage) -> None:
    """What a page attaches to a call is shown at the station, and at the next one that it is passed on to."""
    await stage.talking("1001")
    (call,) = await stage.shows("1001", {"leg": "connected"})
    await stage.command(Verb.ATTACH, "1001", str(call["call"]), data={"order": "4711"})
    await stage.shows("1001", {"leg": "connected", "data": {**call["data"], "order": "4711"}})
    await stage.command(Verb.TRANSFER, "1001", str(call["call"]), to="1002")
    await stage.until(
        lambda: [each["data"].get("order") for each in stage.document("1002")["calls"]] == ["4711"], "data"
    )


PLAYED: Final = plays.all
