"""Transfers by the phone's own keys on the real stack: as from the page, and marked as made by phone (S15)."""

from __future__ import annotations

import pytest

from tests.e2e.talks import hangs_up, hears, legs, shows, takes, talking, texts, told
from tests.e2e.test_calls_up import NUMBER, ready_agent
from tests.e2e.test_notes import puts
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually


def _by_keys(page: PageClient, interaction: str) -> tuple[str, str, str] | None:
    """Kind, agent and note of the newest hand-over that is told as made by a phone's keys."""
    told_so_far = [f for f in page.frames if f.get("t") == "context" and f["interaction"] == interaction]
    made = next((f["handover"] for f in reversed(told_so_far) if f["handover"]), None)
    return (made["kind"], made["from"]["agent"], made["note"]) if made and made["by"] == "agent_phone" else None


@pytest.mark.scenario("S15")
async def test_s15_a_blind_transfer_by_the_phones_keys_takes_the_notes_along(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Wants a refund", draft=False)
        await puts(anna, talk.interaction, 1, "Wants a refund, and qui")
        await stack.phone("1001", "blind", number="1003")
        seen = await cleo.call("alerting")
        assert (seen["remote"]["number"], seen["interaction"]) == (NUMBER, talk.interaction)
        assert seen["transferred_by"] == "1001"
        context = await told(cleo, talk.interaction, notes=1)
        assert texts(context) == [("anna", "Wants a refund")]
        handover = context["handover"]
        assert handover["from"] == {"agent": "anna", "site": "hq", "station": "1001"}
        assert (handover["by"], handover["kind"], handover["note"]) == (
            "agent_phone", "cold", "Wants a refund, and qui",
        )  # fmt: skip
        await anna.event("transferred", by="agent_phone", peer="1003")
        await takes(stack, "1003")
        await cleo.event("transferred", peer="1001")
        assert cleo.names() == ["ringing", "answered", "transferred"]
        await shows(stack, "1003", "talking", NUMBER)
        await hears(stack, talk.caller, "talking")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S15")
async def test_s15_an_attended_transfer_by_the_phones_keys_shows_the_notes_at_completion(
    stack: Stack, pbx: str
) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Wants a refund", draft=False)
        await stack.phone("1001", "attended", number="1003")
        asked = await cleo.call("alerting")
        assert (asked["interaction"] == talk.interaction) == (pbx == "simulator")
        await takes(stack, "1003")
        await legs(anna, "hold", "connected")
        await hears(stack, talk.caller, "held")
        await stack.phone("1001", "complete")
        await cleo.event("transferred", peer="1001")
        seen = await cleo.document(lambda d: d["calls"][0]["remote"]["number"] == NUMBER, "the customer")
        assert (seen["calls"][0]["interaction"], seen["calls"][0]["transferred_by"]) == (talk.interaction, "1001")
        await eventually(lambda: _by_keys(cleo, talk.interaction) == ("hot", "anna", "Wants a refund"))
        assert texts(await told(cleo, talk.interaction, notes=1)) == [("anna", "Wants a refund")]
        await legs(anna)
        ends = [(e["event"], e["by"]) for e in anna.events if e["event"] in ("transferred", "dropped")]
        assert ends == [("transferred", "agent_phone")] * 2
        await shows(stack, "1003", "talking", NUMBER)
        await shows(stack, "1001", "idle")
        await hears(stack, talk.caller, "talking")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S15")
async def test_s15_a_customer_joined_to_an_older_call_by_keys_keeps_their_interaction(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        await stack.phone("1001", "dial", number="1003")
        older = str((await cleo.call("alerting"))["interaction"])
        await takes(stack, "1003")
        await legs(anna, "connected")
        caller = await stack.caller("1001", NUMBER)
        call = await anna.call("alerting")
        await stack.phone("1001", "hold")
        await takes(stack, "1001")
        await legs(anna, "hold", "connected")
        await puts(anna, call["interaction"], 0, "Wants a refund", draft=False)
        await stack.phone("1001", "complete")
        seen = await cleo.document(lambda d: d["calls"][0]["remote"]["number"] == NUMBER, "the customer")
        got = seen["calls"][0]
        assert (got["interaction"], got["was"], got["related"]) == (call["interaction"], [older], [])
        await cleo.event("transferred", peer="1001")
        assert texts(await told(cleo, call["interaction"], notes=1)) == [("anna", "Wants a refund")]
        await legs(anna)
        put = {"t": "note.put", "id": "by-the-old-id", "interaction": older, "base": 0, "text": "Refunded"}
        await cleo.send({**put, "fields": {}, "draft": False})
        mine = await cleo.frame(lambda f: f.get("t") == "note" and f["text"] == "Refunded", "the note")
        assert (mine["interaction"], mine["author"]) == (call["interaction"], "cleo")
        await hears(stack, caller, "talking")
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await cleo.event("dropped", cause="normal")
