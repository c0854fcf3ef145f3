"""Notes on the real stack: written in a call, seen by the next call of the number and by the colleague it goes to."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from typing import Any

from tests.e2e.test_calls_up import ready_agent, ringing_call
from tests.support.page_client import PageClient
from tests.support.stack import Stack

Frame = dict[str, Any]
_numbers = itertools.count(1)


async def puts(page: PageClient, interaction: str, base: int, text: str, *, draft: bool = True) -> Frame:
    """Send a revision; the `note` or `error` that answers it."""
    ident = f"put-{next(_numbers)}-{uuid.uuid4().hex[:8]}"
    frame = {"t": "note.put", "id": ident, "interaction": interaction, "base": base, "text": text}
    await page.send({**frame, "fields": {"topic": "refund"}, "draft": draft})

    def answers(heard: Frame) -> bool:
        stored = heard.get("t") == "note" and (heard["interaction"], heard["text"]) == (interaction, text)
        return stored or (heard.get("t") == "error" and heard["ref"] == ident)

    return await page.frame(answers, f"answer to {frame}")


async def context_of(page: PageClient, interaction: str) -> Frame:
    """The `context` that comes unasked when the interaction rings."""
    return await page.frame(lambda f: f.get("t") == "context" and f["interaction"] == interaction, "context")


async def drafts(page: PageClient, *wanted: str) -> None:
    """The desk's drafts are these."""
    await page.frame(
        lambda f: f.get("t") == "station" and (f["desk"] or {}).get("drafts") == list(wanted), f"drafts {wanted}"
    )


async def answered(stack: Stack, page: PageClient) -> tuple[str, str, str]:
    """A call to Anna's own number, which she took on her phone: caller, call, interaction."""
    caller, call = await ringing_call(stack, page, "1001")
    await context_of(page, str(call["interaction"]))
    await stack.phone("1001", "answer")
    await page.call("connected")
    return caller, str(call["call"]), str(call["interaction"])


async def test_a_note_saved_in_a_call_is_shown_by_the_next_call_of_the_number(stack: Stack) -> None:
    text = f"Wants a refund {uuid.uuid4().hex}"
    async with ready_agent(stack, "anna") as page:
        caller, _, interaction = await answered(stack, page)
        assert (await puts(page, interaction, 0, "Wants"))["rev"] == 1
        await drafts(page, interaction)
        saved = await puts(page, interaction, 1, text, draft=False)
        assert (saved["rev"], saved["author"], saved["fields"]) == (2, "anna", {"topic": "refund"})
        await drafts(page)
        await stack.control("POST", f"/callers/{caller}", {"do": "hangup"})
        await page.event("dropped")
        await page.command("set_state", state="ready")
        await stack.caller("1001")
        following = await page.call("alerting", timeout_s=20)
        told = await context_of(page, following["interaction"])
        assert (told["previous"][0]["interaction"], told["previous"][0]["note"]) == (interaction, text)
        await page.command("reject", call=following["call"], reason="later")


async def test_a_note_is_read_by_the_colleague_while_a_cold_transfer_rings(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as anna, ready_agent(stack, "cleo") as cleo:
        _, call, interaction = await answered(stack, anna)
        await puts(anna, interaction, 0, "Wants a refund", draft=False)
        transfer = asyncio.create_task(anna.command("transfer", call=call, to="1003"))
        seen = await cleo.call("alerting")
        assert seen["interaction"] == interaction
        told = await context_of(cleo, interaction)
        assert [(note["author"], note["text"]) for note in told["notes"]] == [("anna", "Wants a refund")]
        await stack.phone("1003", "answer")
        assert (await transfer)[-1]["stage"] == "confirmed"
        mine = await puts(cleo, interaction, 0, "Called the warehouse")
        assert (mine["rev"], mine["author"]) == (1, "cleo")
        await stack.phone("1003", "hangup")


async def test_of_two_pages_that_write_at_once_one_is_told_what_the_other_wrote(stack: Stack) -> None:
    async with ready_agent(stack, "anna") as page, stack.page("anna") as other:
        _, _, interaction = await answered(stack, page)
        first, second = await asyncio.gather(
            puts(page, interaction, 0, "from one page"), puts(other, interaction, 0, "from the other")
        )
        refused = first if first["t"] == "error" else second
        stored = second if refused is first else first
        assert (stored["t"], stored["rev"], refused["code"]) == ("note", 1, "note_conflict")
        assert refused["current"] == {name: value for name, value in stored.items() if name != "t"}
        loser = page if refused is first else other
        await loser.frame(lambda f: f.get("t") == "note" and f["text"] == stored["text"], "the other page's note")
        both = f"{stored['text']}\nmine as well"
        assert (await puts(loser, interaction, 1, both))["rev"] == 2
        await stack.phone("1001", "hangup")
