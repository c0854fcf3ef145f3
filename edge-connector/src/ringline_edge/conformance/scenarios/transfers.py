"""Calls that are passed on: cold, hot, by page and by keys; conferences."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ringline_core.wire.codes import Verb
from ringline_edge.conformance.scenarios.scenario import Plays
from ringline_edge.conformance.stage import CUSTOMER, FAR, NotSeenError, Stage

plays: Final = Plays()
TALKS: Final = {"leg": "connected", "direction": "inbound", "remote": CUSTOMER}


@plays()
async def cold_by_page(stage: Stage) -> None:
    """The agent passes a customer on from the page: the colleague sees the customer while it rings, one interaction."""
    before = await _first(stage)
    await stage.command(Verb.TRANSFER, "1001", str(before["call"]), to="1002")
    (ringing,) = await stage.shows("1002", {"leg": "alerting", "remote": CUSTOMER, "transferred_by": "1001"})
    _same(before, ringing)
    await stage.shows("1001")
    await stage.press("1002", "answer")
    (after,) = await stage.shows("1002", TALKS)
    _same(before, after)
    await stage.tells("1001", "ringing", "answered agent_phone", "transferred normal agent_page")


@plays("transfer_keys")
async def cold_by_keys(stage: Stage) -> None:
    """The agent passes a customer on by the phone's own key."""
    before = await _first(stage)
    await stage.press("1001", "blind", "1002")
    (ringing,) = await stage.shows("1002", {"leg": "alerting", "remote": CUSTOMER, "transferred_by": "1001"})
    _same(before, ringing)
    await stage.tells("1001", "ringing", "answered agent_phone", "transferred normal agent_phone")


@plays()
async def consult_and_complete(stage: Stage) -> None:
    """The agent asks a colleague first, then puts the two together: the customer's interaction goes on."""
    before = await _consulting(stage)
    await stage.command(Verb.COMPLETE, "1001", str(before["call"]))
    await stage.shows("1001")
    (after,) = await stage.shows("1002", {"leg": "connected", "remote": CUSTOMER})
    _same(before, after)


@plays()
async def consult_and_cancel(stage: Stage) -> None:
    """The agent asks a colleague and goes back to the customer."""
    before = await _consulting(stage)
    await stage.command(Verb.CANCEL, "1001", str(before["call"]))
    (after,) = await stage.shows("1001", {**TALKS, "held": False})
    _same(before, after)
    await stage.shows("1002")


@plays()
async def consult_and_swap(stage: Stage) -> None:
    """The agent speaks with the customer and the colleague in turn."""
    before = await _consulting(stage)
    await stage.command(Verb.SWAP, "1001", str(before["call"]))
    await stage.shows("1001", TALKS, {"leg": "hold", "remote": "1002"})


@plays()
async def conference(stage: Stage) -> None:
    """All three speak; when the agent leaves, the two others go on in the same interaction."""
    before = await _consulting(stage)
    await stage.command(Verb.CONFERENCE, "1001", str(before["call"]))
    (mine,) = await stage.shows("1001", {"leg": "connected", "parties": [f"{CUSTOMER} connected", "1002 connected"]})
    (theirs,) = await stage.shows("1002", {"leg": "connected", "parties": [f"{CUSTOMER} connected", "1001 connected"]})
    _same(before, mine)
    _same(mine, theirs)
    await stage.raises("1001", "conferenced")
    await stage.raises("1002", "conferenced")
    await stage.press("1001", "hangup")
    await stage.shows("1001")
    (after,) = await stage.shows("1002", {"leg": "connected", "parties": [f"{CUSTOMER} connected"]})
    _same(before, after)


@plays("transfer_keys")
async def consult_by_keys(stage: Stage) -> None:
    """A hot transfer by the phone's own keys ends in the customer's interaction too."""
    before = await _first(stage)
    await stage.press("1001", "attended", "1002")
    await stage.until(lambda: stage.document("1002")["calls"], "the colleague's call")
    await stage.press("1002", "answer")
    await stage.until(lambda: [call["leg"] for call in stage.document("1002")["calls"]] == ["connected"], "the answer")
    await stage.press("1001", "complete")
    await stage.shows("1001")
    (after,) = await stage.shows("1002", {"leg": "connected", "remote": CUSTOMER})
    _same(before, after)


@plays("queue")
async def cold_to_queue(stage: Stage) -> None:
    """The agent passes a customer on to a queue; whoever it rings at sees the same interaction."""
    await stage.ready("1002")
    before = await _first(stage)
    await stage.command(Verb.TRANSFER, "1001", str(before["call"]), to="5000")
    (ringing,) = await stage.shows("1002", {"leg": "alerting", "remote": CUSTOMER, "queue": "support"})
    _same(before, ringing)


@plays("along")
async def comes_from_another_site(stage: Stage) -> None:
    """A call that another site passes on brings the key of its interaction, which goes on here, and is not shown."""
    await stage.caller("1001", uui=stage.key("i-lyon-17"))
    (ringing,) = await stage.shows("1001", {"leg": "alerting", "remote": CUSTOMER, "interaction": "i-lyon-17"})
    if stage.key("i-lyon-17") in json.dumps(ringing):
        raise NotSeenError(f"the key is shown: {ringing}")
    await stage.press("1001", "answer")
    await stage.shows("1001", {**TALKS, "interaction": "i-lyon-17"})


@plays("along")
async def a_forged_key_names_nothing(stage: Stage) -> None:
    """Whoever dials in with a key that nobody signed begins an interaction of their own."""
    await stage.caller("1001", uui=stage.key("i-lyon-17", "another tenant's"))
    (ringing,) = await stage.shows("1001", {"leg": "alerting", "remote": CUSTOMER})
    if ringing["interaction"] == "i-lyon-17":
        raise NotSeenError("a forged key was believed")


@plays("along", "outside")
async def goes_to_another_site(stage: Stage) -> None:
    """A customer who is passed on to an outside number takes the key of the interaction along."""
    before = await _first(stage)
    await stage.command(Verb.TRANSFER, "1001", str(before["call"]), to=FAR)
    await stage.goes_out(FAR, str(before["interaction"]))


@plays("along", "outside")
async def asks_another_site(stage: Stage) -> None:
    """A consultation with an outside number takes the customer's key along, so that it rings there with the notes."""
    before = await _first(stage)
    await stage.command(Verb.CONSULT, "1001", str(before["call"]), to=FAR)
    await stage.goes_out(FAR, str(before["interaction"]))
    await stage.shows("1001", {**TALKS, "leg": "hold"}, {"leg": "connected", "remote": FAR, "consult": True})
    await stage.command(Verb.COMPLETE, "1001", str(before["call"]))
    await stage.shows("1001")


async def _first(stage: Stage) -> Mapping[str, Any]:
    await stage.talking("1001")
    (entry,) = await stage.shows("1001", TALKS)
    return entry


async def _consulting(stage: Stage) -> Mapping[str, Any]:
    """The customer waits while the agent speaks with 1002; the customer's entry."""
    before = await _first(stage)
    await stage.command(Verb.CONSULT, "1001", str(before["call"]), to="1002")
    await stage.shows("1002", {"leg": "alerting", "remote": "1001", "consult": True})
    await stage.raises("1001", "consulting")
    await stage.press("1002", "answer")
    await stage.shows("1001", {**TALKS, "leg": "hold"}, {"leg": "connected", "remote": "1002", "consult": True})
    return before


def _same(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    if before["interaction"] not in (after["interaction"], *after["was"]):
        raise NotSeenError(f"interaction {before['interaction']} should go on, became {after['interaction']}")


PLAYED: Final = plays.all
