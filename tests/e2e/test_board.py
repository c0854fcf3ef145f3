"""The board on the real stack: who works where and who waits, as the PBX has it, for who may see it."""

from __future__ import annotations

from typing import Any

import aiohttp

from tests.e2e.test_calls_up import ready_agent
from tests.support.page_client import PageClient
from tests.support.stack import Stack

Frame = dict[str, Any]


async def watching(stack: Stack, user: str = "sue") -> PageClient:
    """A page that looks at the board and has the first one."""
    page = stack.page(user)
    await page.open(only_looks=True)
    await page.send({"t": "watch", "on": True})
    await page.frame(lambda frame: frame["t"] == "board" and frame["whole"], "a whole board")
    return page


def newest(page: PageClient, kind: str, name: str) -> Frame:
    """What the page was told last of a station or queue."""
    key = "station" if kind == "stations" else "queue"
    told = [each for frame in page.frames if frame["t"] == "board" for each in frame[kind] if each[key] == name]
    return told[-1] if told else {}


async def shows(page: PageClient, kind: str, name: str, **fields: Any) -> Frame:
    """Wait until the board shows a station or queue so."""

    def fits(_: Frame) -> bool:
        entry = newest(page, kind, name)
        return bool(entry) and all(entry[field] == value for field, value in fields.items())

    await page.frame(fits, f"{name} with {fields}", timeout_s=15)
    return newest(page, kind, name)


async def test_callers_who_wait_are_counted_until_somebody_answers(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        sue = await watching(stack)
        await shows(sue, "queues", "support", waiting=0)
        first = await stack.caller("5000")
        waiting = await shows(sue, "queues", "support", waiting=1)
        assert waiting["longest_since_at"]
        second = await stack.caller("5000", "+442079460000")
        await shows(sue, "queues", "support", waiting=2, longest_since_at=waiting["longest_since_at"])
        await anna.call("alerting")
        await stack.phone("1001", "answer")
        await shows(sue, "queues", "support", waiting=1)
        busy = await shows(sue, "stations", "1001", state="busy", agent="anna")
        assert [(each["leg"], each["direction"], each["queue"]) for each in busy["calls"]] == [
            ("connected", "inbound", "support")
        ]
        for caller in (first, second):
            await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await shows(sue, "queues", "support", waiting=0, longest_since_at=None)
        await sue.close()


async def test_colleagues_are_listed_with_presence(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        await anna.document(lambda doc: doc["agent"]["state"] == "ready", "ready")
        headers = {"Authorization": f"Bearer {stack.token('ben')}"}
        url = f"{stack.api_url}/colleagues?q=ann&limit=5"
        async with aiohttp.ClientSession() as session, session.get(url, headers=headers) as answer:
            assert answer.status == 200
            (found,) = (await answer.json())["items"]
    assert (found["agent"], found["name"], found["station"], found["state"]) == ("anna", "Anna Ek", "1001", "ready")


async def test_an_agent_may_not_look_and_an_admin_sees_stations_without_agents_too(stack: Stack) -> None:
    async with stack.page("ben") as ben:
        await ben.send({"t": "watch", "on": True})
        refused = await ben.frame(lambda frame: frame["t"] == "error", "refusal")
        assert refused["code"] == "forbidden"
    adam = await watching(stack, "adam")
    async with ready_agent(stack, "sue"):
        await shows(adam, "stations", "1004", agent="sue", state="ready")
    await shows(adam, "stations", "1004", agent=None, state="logged_off")
    await adam.close()
