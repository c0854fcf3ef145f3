"""An agent's own pages, listed; and a command whose socket broke, asked for again, on the real stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.test_calls_up import ready_agent, ringing_call
from tests.support.page_client import FINAL, PageClient
from tests.support.stack import Stack

Frame = dict[str, Any]


async def listed(page: PageClient, ident: str) -> list[Frame]:
    """What `pages` answers."""
    await page.send({"t": "pages", "id": ident})
    answer = await page.frame(lambda f: f.get("t") == "pages" and f["id"] == ident, "pages")
    pages: list[Frame] = answer["pages"]
    return pages


@pytest.mark.scenario("S31")
async def test_s31_an_agent_sees_which_pages_they_have_open_and_nobody_elses(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as first, stack.page("ben"), stack.page("anna") as second:
        await second.send({"t": "page", "visible": False, "focused": False, "can_pop": False})
        await second.send({"t": "beat"})
        await second.frame(lambda f: f.get("t") == "beat", "beat")
        shown = await listed(first, "x-1")
        assert [(page["page"], page["visible"], page["can_pop"]) for page in shown] == [
            (first.page, True, True),
            (second.page, False, False),
        ]
        assert {page["label"] for page in shown} == {"test"}
        assert shown[0]["since_at"] <= shown[1]["since_at"]


@pytest.mark.scenario("S17")
async def test_s17_a_command_whose_socket_broke_has_one_effect_and_its_result_comes_over_the_next(
    stack: Stack,
) -> None:
    async with ready_agent(stack, "anna") as page:
        await ringing_call(stack, page)
        await stack.phone("1001", "answer")
        call = await page.call("connected")
        hold: Frame = {"t": "command", "id": f"x-{call['call']}", "verb": "hold", "call": call["call"]}
        await page.send({**hold, "ttl_ms": 8000})
        await page.close()
        await page.open()
        page.frames.clear()
        await page.send({**hold, "ttl_ms": 5000})
        result = await page.frame(lambda f: f.get("t") == "result" and f["stage"] in FINAL, "the end of hold")
        assert (result["id"], result["stage"]) == (hold["id"], "confirmed")
        await page.call("hold")
        await stack.phone("1001", "hangup")
        await page.event("dropped")
        assert page.names().count("held") == 1
