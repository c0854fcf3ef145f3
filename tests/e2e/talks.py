"""What tests of transfers say and look at: a customer in talk, what phones and callers show, what pages were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.e2e.test_calls_up import NUMBER
from tests.support.page_client import PageClient
from tests.support.stack import Stack
from tests.support.waiting import eventually

Frame = dict[str, Any]


@dataclass
class Talk:
    """A customer in talk with an agent: the caller's id, the call and the interaction."""

    caller: str
    call: str
    interaction: str


async def talking(stack: Stack, page: PageClient, station: str = "1001") -> Talk:
    """A customer called the agent's own number, and the agent took it on the phone."""
    caller = await stack.caller(station, NUMBER)
    call = await page.call("alerting")
    await takes(stack, station)
    await page.call("connected")
    return Talk(caller, str(call["call"]), str(call["interaction"]))


async def shows(stack: Stack, station: str, state: str, number: str | None = None) -> None:
    """Wait until the phone itself shows this."""

    async def check() -> bool:
        shown = await stack.control("GET", f"/phones/{station}")
        assert shown["state"] == state
        assert number is None or shown["with"] == number
        return True

    await eventually(check, timeout_s=10, saying=f"phone {station} shows {state} {number}")


async def hears(stack: Stack, caller: str, what: str) -> None:
    """Wait until the caller hears this: `talking`, `held`, `ringing`, `queued`, `ended`."""

    async def check() -> bool:
        assert (await stack.control("GET", f"/callers/{caller}"))["state"] == what
        return True

    await eventually(check, timeout_s=10, saying=f"the caller hears {what}")


async def takes(stack: Stack, station: str) -> None:
    """Answer on the phone, once it rings."""
    await shows(stack, station, "ringing")
    await stack.phone(station, "answer")


async def hangs_up(stack: Stack, talk: Talk) -> None:
    await stack.control("POST", f"/callers/{talk.caller}", {"do": "hangup"})


async def legs(page: PageClient, *wanted: str) -> Frame:
    """Wait until the page's calls stand so."""
    return await page.document(lambda d: [c["leg"] for c in d["calls"]] == list(wanted), f"legs {wanted}")


async def told(page: PageClient, interaction: str, *, notes: int = 0, beyond: int = 0) -> Frame:
    """The newest `context` of the interaction with at least so many notes, not counting the page's first frames."""

    def found() -> Frame | None:
        fresh = (frame for frame in reversed(page.frames[beyond:]) if frame.get("t") == "context")
        return next((f for f in fresh if f["interaction"] == interaction and len(f["notes"]) >= notes), None)

    return await eventually(found, timeout_s=10, saying=f"context of {interaction} with {notes} notes") or {}


async def laid(page: PageClient, *notes: str) -> None:
    """Wait until these are the beginnings of the notes that are handed to the desk."""

    def check() -> bool:
        assert page.desk is not None
        assert [each["note"] for each in page.desk["handover"]] == list(notes)
        return True

    await eventually(check, timeout_s=10, saying=f"handed over: {notes}")


async def does(page: PageClient, verb: str, **arguments: Any) -> None:
    """Ask, and have it confirmed."""
    results = await page.command(verb, **arguments)
    assert results[-1]["stage"] == "confirmed", results


def texts(context: Frame) -> list[tuple[str, str]]:
    """Who wrote what."""
    return [(note["author"], note["text"]) for note in context["notes"]]


def position(page: PageClient, wanted: str) -> int:
    """Where the first `station` frame stands with a hand-over, or with a ringing call."""
    for index, frame in enumerate(page.frames):
        if frame.get("t") != "station" or not frame["desk"]:
            continue
        rings = any(call["leg"] == "alerting" for call in frame["doc"]["calls"])
        if (wanted == "ring" and rings) or (wanted == "hand-over" and frame["desk"]["handover"]):
            return index
    raise AssertionError(f"no {wanted}")
