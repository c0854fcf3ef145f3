"""Calls that are over, over the real HTTP API: with the right outcome, found by whom they concern, erased for good."""

from __future__ import annotations

from functools import partial
from typing import Any

import aiohttp

from tests.e2e.test_calls_up import ready_agent
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

ANSWERED, MISSED, ABANDONED = "+442071230001", "+442071230002", "+442071230003"


async def ask(stack: Stack, method: str, path: str, who: str = "adam", **body: Any) -> tuple[int, Any]:
    """One request; status and answer."""
    headers = {"Authorization": f"Bearer {stack.token(who)}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, f"{stack.api_url}{path}", json=body or None) as answer,
    ):
        return answer.status, await answer.json() if answer.status != 204 else None


async def listed(stack: Stack, number: str, who: str = "adam", **question: str) -> list[dict[str, Any]]:
    """The number's calls."""
    asked = "".join(f"&{name}={value}" for name, value in question.items())
    status, answer = await ask(stack, "GET", f"/calls?number=%2B{number.removeprefix('+')}{asked}", who)
    assert status == 200, answer
    return list(answer["items"])


async def only(stack: Stack, number: str) -> dict[str, Any]:
    """The number's one call, once it is there."""
    found: list[dict[str, Any]] = await eventually(partial(listed, stack, number), timeout_s=15)
    assert len(found) == 1
    return found[0]


async def rings(stack: Stack, page: PageClient, number: str, to: str = "5000") -> tuple[str, dict[str, Any]]:
    """A caller with this number, and the call at the page that it rings at."""
    caller = await stack.caller(to, number)
    await page.event("ringing")
    return caller, await page.call("alerting")


async def an_answered_call(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, call = await rings(stack, page, ANSWERED)
        await stack.phone("1001", "answer")
        await page.event("answered")
        await page.send(
            {
                "t": "note.put",
                "id": "n1",
                "interaction": call["interaction"],
                "base": 0,
                "text": "Thanks",
                "draft": False,
            }
        )
        await page.frame(lambda f: f.get("t") == "note", "note")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("dropped")


async def a_missed_call(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, _ = await rings(stack, page, MISSED, to="1001")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("missed")


async def an_abandoned_call(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page:
        caller, _ = await rings(stack, page, ABANDONED)
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("missed", cause="abandoned")


async def test_calls_are_listed_with_their_outcome_and_erased_for_good(stack: Stack) -> None:
    for happens in (an_answered_call, a_missed_call, an_abandoned_call):
        await happens(stack)
    answered, missed, abandoned = [await only(stack, each) for each in (ANSWERED, MISSED, ABANDONED)]
    said = [(each["outcome"], each["direction"], each["answered_by"]) for each in (answered, missed, abandoned)]
    assert said == [("answered", "inbound", ["anna"]), ("missed", "inbound", []), ("abandoned", "inbound", [])]
    assert [each["agents"] for each in (answered, missed, abandoned)] == [["anna"]] * 3
    assert (abandoned["queue"], abandoned["returned"]) == ("support", None)
    assert [each["call"] for each in await listed(stack, ANSWERED, "anna")] == [answered["call"]]
    assert await listed(stack, ANSWERED, "cleo") == []
    assert (await ask(stack, "GET", "/calls?agent=cleo", "anna"))[0] == 403
    assert [each["call"] for each in await listed(stack, ABANDONED, "cleo", outcome="abandoned")] == [abandoned["call"]]
    assert (await ask(stack, "DELETE", f"/interactions/{answered['interaction']}"))[0] == 204
    assert await listed(stack, ANSWERED) == []
    assert (await ask(stack, "GET", f"/interactions/{answered['interaction']}"))[0] == 403
    for number in (MISSED, ABANDONED):
        status, erased = await ask(stack, "POST", "/numbers:erase", number=number)
        assert (status, erased) == (200, {"interactions": 1, "done": True})
        assert await listed(stack, number) == []
    assert (await ask(stack, "GET", "/audit?limit=1"))[1]["items"][0]["action"] == "erase_number"


async def test_a_call_back_continues_the_lost_call_and_returns_it(stack: Stack) -> None:
    number = "+442071230004"
    async with ready_agent(stack, "anna") as page:
        caller, _ = await rings(stack, page, number)
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("missed", cause="abandoned")
        lost = await only(stack, number)
        results = await page.command("place", to=number, interaction=lost["interaction"])
        assert results[-1]["stage"] == "confirmed"
        await stack.phone("1001", "answer")
        await page.document(lambda d: [c["leg"] for c in d["calls"]] == ["connected"], "far end")
        call = await page.call("connected")
        assert call["interaction"] == lost["interaction"]
        assert (await page.command("drop", call=call["call"]))[-1]["stage"] == "confirmed"
        await eventually(partial(_is_returned, stack, number, call["call"]), timeout_s=15)


async def _is_returned(stack: Stack, number: str, call: str) -> bool:
    found = await listed(stack, number, outcome="abandoned")
    back = found[0]["returned"]
    return bool(back) and (back["call"], back["agent"]) == (call, "anna")


async def test_a_back_ends_work_keeps_calls_from_the_agent(stack: Stack) -> None:
    order = {"agent": "anna", "work": "w-e2e", "channel": "email", "label": "#1", "ttl_s": 60}
    async with ready_agent(stack, "anna") as page:
        assert (await ask(stack, "POST", "/work", "anna", **order))[0] == 403
        status, answer = await ask(stack, "POST", "/work", "adam", **order)
        assert (status, list(answer)) == (202, ["command"])
        held = "ringline:work"
        await page.document(lambda d: d["agent"]["state"] == "not_ready" and d["agent"]["reason"] == held, "held")
        assert page.desk
        assert [each["work"] for each in page.desk["work"]] == ["w-e2e"]
        status, answer = await ask(stack, "DELETE", "/work/w-e2e?agent=anna", "adam")
        assert (status, answer) == (200, {"work": "w-e2e", "already": False})
        await page.document(lambda d: d["agent"]["state"] == "ready", "ready")
