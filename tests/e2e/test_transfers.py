"""Transfers on the real stack: the call, its story and its notes reach whoever gets it (S13, S14, S16)."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.e2e.talks import Talk, does, hangs_up, hears, laid, legs, position, shows, takes, talking, texts, told
from tests.e2e.test_calls_up import NUMBER, ready_agent
from tests.e2e.test_gate import policy, state
from tests.e2e.test_notes import puts
from tests.support.page_client import PageClient
from tests.support.stack import Stack

FAR = "+442079460123"
MAILBOX, MENU = "650", "660"


@pytest.mark.scenario("S13")
async def test_s13_a_cold_transfer_while_typing_takes_number_data_and_note_along(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Order 4711 never ca")
        transfer = asyncio.create_task(anna.command("transfer", call=talk.call, to="1003", data={"order": "4711"}))
        seen = await cleo.call("alerting")
        assert (seen["remote"]["number"], seen["interaction"]) == (NUMBER, talk.interaction)
        assert (seen["transferred_by"], seen["data"]["order"]) == ("1001", "4711")
        context = await told(cleo, talk.interaction)
        assert (context["handover"]["note"], context["data"]["order"]) == ("Order 4711 never ca", "4711")
        assert position(cleo, "hand-over") < position(cleo, "ring")
        assert (await transfer)[-1]["stage"] == "confirmed"
        await anna.event("transferred", by="agent_page", peer="1003")
        assert "dropped" not in anna.names()
        saved = await puts(anna, talk.interaction, 1, "Order 4711 never came", draft=False)
        assert saved["rev"] == 2
        await takes(stack, "1003")
        await cleo.event("transferred", peer="1001")
        assert cleo.names() == ["ringing", "answered", "transferred"]
        await shows(stack, "1003", "talking", NUMBER)
        await hears(stack, talk.caller, "talking")
        await laid(cleo, "Order 4711 never ca")
        await hangs_up(stack, talk)


async def consulting(stack: Stack, anna: PageClient, cleo: PageClient, **more: Any) -> Talk:
    """Anna asks Cleo about her customer, and Cleo has answered."""
    talk = await talking(stack, anna)
    await puts(anna, talk.interaction, 0, "Wants a refund", draft=False)
    await does(anna, "consult", call=talk.call, to="1003", **more)
    await legs(anna, "hold", "initiated")
    await cleo.call("alerting")
    await takes(stack, "1003")
    await legs(anna, "hold", "connected")
    await hears(stack, talk.caller, "held")
    return talk


@pytest.mark.scenario("S14")
async def test_s14_a_completed_consultation_gives_the_customer_to_the_colleague(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await consulting(stack, anna, cleo, data={"order": "4711"})
        asked = await cleo.call("connected")
        assert (asked["consult_of"], asked["remote"]["number"]) == (talk.call, "1001")
        assert position(cleo, "hand-over") < position(cleo, "ring")
        context = await told(cleo, talk.interaction, notes=1)
        assert texts(context) == [("anna", "Wants a refund")]
        assert (context["handover"]["kind"], context["data"]["order"]) == ("hot", "4711")
        await does(anna, "complete", call=talk.call)
        await legs(anna)
        await cleo.event("transferred", peer="1001")
        seen = await cleo.document(lambda d: d["calls"][0]["remote"]["number"] == NUMBER, "the customer")
        call = seen["calls"][0]
        assert (call["interaction"], call["transferred_by"], call["consult_of"]) == (talk.interaction, "1001", None)
        await shows(stack, "1003", "talking", NUMBER)
        await shows(stack, "1001", "idle")
        await hears(stack, talk.caller, "talking")
        assert [e["event"] for e in anna.events if e["event"] in ("transferred", "dropped")] == ["transferred"] * 2
        await laid(cleo, "Wants a refund")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S14")
async def test_s14_a_cancelled_consultation_gives_the_customer_back_and_takes_the_hand_over_back(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await consulting(stack, anna, cleo)
        await laid(cleo, "Wants a refund")
        await does(anna, "cancel", call=talk.call)
        await legs(anna, "connected")
        await legs(cleo)
        await laid(cleo)
        await shows(stack, "1001", "talking", NUMBER)
        await shows(stack, "1003", "idle")
        await hears(stack, talk.caller, "talking")
        assert "transferred" not in anna.names() + cleo.names()
        await hangs_up(stack, talk)


@pytest.mark.scenario("S14")
async def test_s14_swapped_and_brought_together_all_three_talk_and_go_on_without_the_agent(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await consulting(stack, anna, cleo)
        await does(anna, "swap", call=talk.call)
        await legs(anna, "connected", "hold")
        await hears(stack, talk.caller, "talking")
        await does(anna, "swap", call=talk.call)
        await hears(stack, talk.caller, "held")
        await does(anna, "conference", call=talk.call)
        await hears(stack, talk.caller, "talking")
        document = await legs(anna, "connected")
        assert {each["number"] for each in document["calls"][0]["parties"]} == {NUMBER, "1003"}
        await cleo.event("conferenced")
        await anna.event("conferenced")
        await laid(cleo, "Wants a refund")
        await does(anna, "drop", call=talk.call)
        await legs(anna)
        seen = await cleo.document(lambda d: len(d["calls"][0]["parties"]) == 1, "the customer alone")
        assert (seen["calls"][0]["interaction"], seen["calls"][0]["remote"]["number"]) == (talk.interaction, NUMBER)
        await shows(stack, "1001", "idle")
        await hears(stack, talk.caller, "talking")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S14")
async def test_s14_two_outside_parties_in_a_conference_are_related(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        talk = await talking(stack, anna)
        await does(anna, "consult", call=talk.call, to=FAR)
        await legs(anna, "hold", "connected")
        await does(anna, "conference", call=talk.call)
        document = await legs(anna, "connected")
        assert {each["number"] for each in document["calls"][0]["parties"]} == {NUMBER, FAR}
        assert document["calls"][0]["interaction"] == talk.interaction
        assert len(document["calls"][0]["related"]) == 1
        await stack.phone("1001", "hangup")
        await legs(anna)


@pytest.mark.scenario("S16")
async def test_s16_to_the_queue_and_back_and_on_the_story_is_one_with_all_its_notes(stack: Stack) -> None:
    async with (
        ready_agent(stack, "anna") as anna,
        ready_agent(stack, "ben") as ben,
        ready_agent(stack, "cleo") as cleo,
    ):
        for page in (anna, cleo):
            await does(page, "set_state", state="not_ready", reason="busy")
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "from anna", draft=False)
        transfer = asyncio.create_task(anna.command("transfer", call=talk.call, to="5000"))
        by_queue = await ben.call("alerting")
        assert (by_queue["interaction"], by_queue["queue"]) == (talk.interaction, "support")
        assert (await told(ben, talk.interaction))["handover"]["note"] == "from anna"
        assert (await transfer)[-1]["stage"] == "confirmed"
        await takes(stack, "1002")
        await ben.call("connected")
        await puts(ben, talk.interaction, 0, "from ben", draft=False)
        back = asyncio.create_task(ben.command("transfer", call=by_queue["call"], to="1001"))
        again = await anna.call("alerting")
        assert (again["interaction"], again["transferred_by"]) == (talk.interaction, "1002")
        context = await told(anna, talk.interaction, notes=2)
        assert texts(context) == [("anna", "from anna"), ("ben", "from ben")]
        assert context["handover"]["from"] == {"agent": "ben", "site": "hq", "station": "1002"}
        assert (await back)[-1]["stage"] == "confirmed"
        await takes(stack, "1001")
        await anna.call("connected")
        on = asyncio.create_task(anna.command("transfer", call=again["call"], to="1003", note="third time"))
        last = await cleo.call("alerting")
        assert (last["interaction"], last["remote"]["number"]) == (talk.interaction, NUMBER)
        context = await told(cleo, talk.interaction, notes=2)
        assert [author for author, _ in texts(context)] == ["anna", "ben"]
        assert (context["handover"]["from"]["agent"], context["handover"]["note"]) == ("anna", "third time")
        assert (await on)[-1]["stage"] == "confirmed"
        await takes(stack, "1003")
        await shows(stack, "1003", "talking", NUMBER)
        await hears(stack, talk.caller, "talking")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_who_refuses_a_consultation_does_not_keep_the_hand_over(stack: Stack, pbx: str) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await talking(stack, anna)
        await does(anna, "consult", call=talk.call, to="1003", note="Ask her")
        await cleo.call("alerting")
        await laid(cleo, "Ask her")
        await shows(stack, "1003", "ringing")
        await stack.phone("1003", "reject")
        await cleo.event("missed", cause="rejected")
        if pbx == "simulator":  # it leaves the customer on hold; Asterisk gives them back by itself
            await legs(anna, "hold")
            await does(anna, "resume", call=talk.call)
        await legs(anna, "connected")
        await laid(cleo)
        await hears(stack, talk.caller, "talking")
        before = len(cleo.frames)
        await stack.phone("1001", "blind", number="1003")
        handover = (await told(cleo, talk.interaction, beyond=before))["handover"]
        assert (handover["by"], handover["note"]) == ("agent_phone", "")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_a_caller_who_is_gone_while_the_colleague_is_rung_leaves_no_ghost(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await talking(stack, anna)
        transfer = asyncio.create_task(anna.command("transfer", call=talk.call, to="1003"))
        await cleo.call("alerting")
        await hangs_up(stack, talk)
        await cleo.event("missed", cause="abandoned")
        assert (await transfer)[-1]["stage"] == "confirmed"
        await legs(cleo)
        await legs(anna)
        assert [e["cause"] for e in anna.events if e["event"] == "transferred"] == ["normal"]
        await shows(stack, "1003", "idle")


@pytest.mark.scenario("S16")
async def test_s16_a_caller_who_is_gone_in_a_consultation_leaves_the_colleagues_talking(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        talk = await consulting(stack, anna, cleo)
        await hangs_up(stack, talk)
        await anna.event("dropped", by="remote", cause="normal")
        left = await legs(anna, "connected")
        assert left["calls"][0]["remote"]["number"] == "1003"
        await shows(stack, "1003", "talking")
        await stack.phone("1003", "hangup")
        await legs(anna)
        await legs(cleo)


@pytest.mark.scenario("S16")
async def test_s16_a_transfer_outside_leaves_no_call_at_any_phone(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        talk = await talking(stack, anna)
        await does(anna, "transfer", call=talk.call, to=FAR)
        await legs(anna)
        await anna.event("transferred", by="agent_page", peer=FAR)
        await hears(stack, talk.caller, "talking")
        await shows(stack, "1001", "idle")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_a_transfer_to_a_mailbox_is_over_for_the_agent(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        talk = await talking(stack, anna)
        await does(anna, "transfer", call=talk.call, to=MAILBOX)
        await anna.event("transferred", by="agent_page", peer=MAILBOX)
        await legs(anna)
        await shows(stack, "1001", "idle")
        assert (await stack.control("GET", f"/callers/{talk.caller}"))["state"] != "ended"
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_through_a_menu_the_story_goes_on_with_its_notes(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "ben") as ben:
        await does(anna, "set_state", state="not_ready", reason="busy")
        talk = await talking(stack, anna)
        await puts(anna, talk.interaction, 0, "Wants a refund", draft=False)
        await does(anna, "transfer", call=talk.call, to=MENU)
        seen = await ben.call("alerting")
        assert (seen["interaction"], seen["queue"]) == (talk.interaction, "support")
        context = await told(ben, talk.interaction, notes=1)
        assert (texts(context), context["handover"]["note"]) == ([("anna", "Wants a refund")], "Wants a refund")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_a_transfer_to_the_own_phone_is_refused(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna:
        talk = await talking(stack, anna)
        for verb in ("transfer", "consult"):
            refused = (await anna.command(verb, call=talk.call, to="1001"))[-1]
            assert (refused["stage"], refused["error"]["code"]) == ("failed", "not_allowed")
        await legs(anna, "connected")
        await hangs_up(stack, talk)


@pytest.mark.scenario("S16")
async def test_s16_a_gated_colleague_is_rung_by_a_direct_transfer_and_stays_gated(stack: Stack) -> None:
    await policy(stack, gate="note", gate_on=["queue_inbound", "direct_inbound"], on_ready_unsaved="revert")
    try:
        async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
            first = await talking(stack, cleo, "1003")
            await puts(cleo, first.interaction, 0, "Wants")
            await hangs_up(stack, first)
            await state(cleo, "wrap_up", "ringline:wrap_up")
            second = await talking(stack, anna)
            await puts(anna, second.interaction, 0, "Angry", draft=False)
            await does(anna, "transfer", call=second.call, to="1003")
            seen = await cleo.call("alerting")
            assert (await told(cleo, seen["interaction"]))["handover"]["note"] == "Angry"
            await takes(stack, "1003")
            document = await legs(cleo, "connected")
            assert [each["interaction"] for each in document["wrap_up"]] == [first.interaction]
            await puts(cleo, second.interaction, 0, "Calmed down", draft=False)
            await hangs_up(stack, second)
            await state(cleo, "wrap_up", "ringline:wrap_up")
            refused = (await cleo.command("set_state", state="ready"))[-1]
            assert refused["error"]["code"] == "gate_closed"
            await puts(cleo, first.interaction, 1, "Wants a refund", draft=False)
            await state(cleo, "ready")
    finally:
        await policy(stack)
