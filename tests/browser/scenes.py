"""What a panel and a playground can look like: one scene per state, for tests and for pictures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page, expect

from tests.support.browser import after_the_guard
from tests.support.fake_page_cloud import FakePageCloud, Frame, at, call

Then = Callable[[FakePageCloud, Page], Awaitable[None]]
HOSTILE = "<img src=x onerror=alert(1)>\u202egnp.exe<script>alert(2)</script>"


@dataclass(frozen=True)
class Scene:
    """How the cloud is before the page opens, the words that must be seen then, and what happens after."""

    arrange: Callable[[FakePageCloud], None]
    words: str
    then: Then | None = None


def _ready(_: FakePageCloud) -> None:
    pass


def _out(cloud: FakePageCloud) -> None:
    cloud.is_logged_on = False


def _not_ready(cloud: FakePageCloud) -> None:
    cloud.agent |= {"state": "not_ready", "reason": "Lunch"}


def _wrap_up(cloud: FakePageCloud) -> None:
    cloud.agent |= {"state": "wrap_up", "reason": "ringline:wrap_up"}


def _note_owed(cloud: FakePageCloud) -> None:
    _wrap_up(cloud)
    cloud.dispositions = {"": ["sold", "lost"]}
    entry = {"interaction": "i-c-1", "call": "c-1", "since_at": at(20), "limit_at": None, "ask": None}
    cloud.wrap_up = [{**entry, "needs": ["note", "disposition"]}]


def _in_call(leg: str, **fields: Any) -> Callable[[FakePageCloud], None]:
    def arrange(cloud: FakePageCloud) -> None:
        cloud.agent["state"] = "ready" if leg == "alerting" else "busy"
        cloud.calls = [call(leg=leg, **fields)]

    return arrange


def _after_this_call(cloud: FakePageCloud) -> None:
    _in_call("connected")(cloud)
    cloud.agent["pending"] = "not_ready"


def _two(cloud: FakePageCloud) -> None:
    cloud.agent["state"] = "busy"
    withheld = {"number": None, "name": None, "presentation": "restricted"}
    cloud.calls = [call(leg="hold"), call("c-2", remote=withheld)]
    handover = {"interaction": "i-c-2", "from": {"agent": "ben", "station": "1002"}, "kind": "cold"}
    cloud.desk["handover"] = [handover | {"note": "Wants a refund for order 4711; is angry", "data": {}, "at": at()}]


def _consult(mine: str, his: str, name: str = "Ben Ode") -> Callable[[FakePageCloud], None]:
    def arrange(cloud: FakePageCloud) -> None:
        cloud.agent["state"] = "busy"
        ben = {"number": "1002", "name": name, "presentation": "allowed"}
        steps = ["complete", "cancel", "swap", "conference"] if his in ("connected", "hold") else ["cancel"]
        talk = call("c-2", leg=his, remote=ben, queue=None, direction="internal", dialed="1002", consult_of="c-1")
        cloud.calls = [call(leg=mine, can=[*steps, "drop"]), talk | {"can": ["drop"]}]

    return arrange


def _conference(cloud: FakePageCloud) -> None:
    numbers = ("+442071234567", "1002", "1003")
    parties = [{"number": each, "station": None, "leg": "connected"} for each in numbers]
    _in_call("connected", parties=parties)(cloud)


def _handed_over(cloud: FakePageCloud) -> None:
    data = {"order": "4711", "contract": "Gold, until 2027-03-31", "callback": "+49 30 23125042"}
    handover = {"interaction": "i-c-1", "from": {"agent": "ben", "station": "1002"}, "kind": "hot", "at": at()}
    note = "Wants a refund for order 4711.\nThe parcel came open; photos are in the mail of Monday."
    cloud.desk["handover"] = [handover | {"note": note, "data": data}]
    _in_call("alerting", data=data, conflict="w-1")(cloud)
    _working(cloud)


async def _reads_the_chain(cloud: FakePageCloud, page: Page) -> None:
    base = {"note": "n", "interaction": "i-c-1", "rev": 1, "fields": {}, "draft": False}
    texts = {"cleo": "Asked where the parcel is.", "ben": "Came open. Wants the money back, not a new one."}
    notes = [base | {"author": who, "text": text, "at": at(900)} for who, text in texts.items()]
    shown: Frame = {"notes": notes, "data": {}, "handover": None, "previous": [], "more": False}
    await cloud.say({"t": "context", "interaction": "i-c-1", **shown})
    await page.get_by_text("Notes so far").click()


def _working(cloud: FakePageCloud) -> None:
    work = {"work": "w-1", "id": None, "channel": "email", "label": "#4711 Complaint", "blocks": ["voice"]}
    cloud.desk["work"] = [work | {"lease_until_at": at(-754)}]


def _working_only(cloud: FakePageCloud) -> None:
    _working(cloud)
    mail = {"work": "w-2", "id": None, "channel": "chat", "label": HOSTILE * 2, "blocks": ["voice"]}
    cloud.desk["work"].append(mail | {"lease_until_at": at(-59)})
    cloud.agent |= {"state": "not_ready", "reason": "ringline:work"}


def _collides(cloud: FakePageCloud) -> None:
    _in_call("alerting", conflict="w-1")(cloud)
    _working(cloud)


async def _wants_to_be_ready(_: FakePageCloud, page: Page) -> None:
    await page.get_by_role("button", name="Ready", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("End the open work first")).to_be_visible()


def _hostile(cloud: FakePageCloud) -> None:
    cloud.calls = [call(remote={"number": '"><svg onload=alert(3)>', "name": HOSTILE * 4, "presentation": "allowed"})]


def _site(part: str) -> Callable[[FakePageCloud], None]:
    def arrange(cloud: FakePageCloud) -> None:
        cloud.site[part] = "down"
        if part == "edge":
            cloud.site["pbx"] = "down"

    return arrange


def _phone_off(cloud: FakePageCloud) -> None:
    cloud.in_service = False


def _refuses_tickets(status: int) -> Callable[[FakePageCloud], None]:
    def arrange(cloud: FakePageCloud) -> None:
        cloud.ticket_status = status

    return arrange


async def _goes_away(cloud: FakePageCloud, page: Page) -> None:
    """The network goes in the middle of a call, and stays away long enough to be told."""
    cloud.ticket_status = 503
    await cloud.cut()
    await expect(page.get_by_text("No connection since")).to_be_visible(timeout=15_000)


async def _refuses(cloud: FakePageCloud, page: Page) -> None:
    await page.get_by_label("Number to call").fill("999")
    await page.get_by_role("button", name="Call", exact=True).click()
    command = await cloud.hears(lambda frame: frame["t"] == "command", "place")
    await cloud.result(command, "failed", error={"code": "number_invalid", "text": "999 cannot be dialled from here."})
    await expect(page.get_by_text("999 cannot be dialled")).to_be_visible()


def _missed(cloud: FakePageCloud) -> None:
    base: Frame = {"queue": "support", "outcome": "missed", "returned": None}
    names = (None, "Erika Müller", HOSTILE * 2, None, None)
    numbers = ("+12125550142", "+442071234567", "+4930123", None, "+4930456")
    listed = [
        base | {"call": f"c-{index}", "interaction": f"i-{index}", "began_at": at(3000 * index), "number": number}
        for index, number in enumerate(numbers, 1)
    ]
    cloud.missed = [each | {"name": name} for each, name in zip(listed, names, strict=True)]
    cloud.missed[0]["returned"] = {"call": "c-9", "agent": "ben", "at": at(60)}


async def _shows_all(_: FakePageCloud, page: Page) -> None:
    await page.get_by_role("button", name="Show all").click()
    await expect(page.get_by_text("called back")).to_be_visible()


def _colleagues(cloud: FakePageCloud) -> None:
    _in_call("connected")(cloud)
    people = (
        ("Ben Ode", "1002", "ready"),
        ("Bea Lund-Østergaard of the second level support", "1003", "busy"),
        ("Benita Marsh", "1004", "wrap_up"),
        ("Gabe Ito", "1005", "not_ready"),
        ("Beat Ruf", None, "logged_off"),
        (HOSTILE, "1007", "ready"),
    )
    base: Frame = {"agent": "be", "site": "hq", "team": "Second level", "since_at": at(60), "on_call": False}
    cloud.colleagues = [base | {"name": name, "station": station, "state": state} for name, station, state in people]


async def _looks_somebody_up(_: FakePageCloud, page: Page) -> None:
    await _asks_whom(_, page)
    await page.get_by_label("Transfer this call to").press_sequentially("be")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("ArrowDown")


async def _dials_somebody(_: FakePageCloud, page: Page) -> None:
    await page.get_by_label("Number to call").press_sequentially("e")
    await page.get_by_role("option").first.wait_for()
    await page.keyboard.press("ArrowDown")


async def _asks_whom(_: FakePageCloud, page: Page) -> None:
    transfer = page.get_by_role("button", name="Transfer", exact=True)
    await after_the_guard(transfer)
    await transfer.click()
    await expect(page.get_by_label("Transfer this call to")).to_be_visible()


STATES: dict[str, Scene] = {
    "signed-out": Scene(_out, "Log on to take calls"),
    "not-ready": Scene(_not_ready, "Lunch"),
    "ready": Scene(_ready, "Calls you take appear here"),
    "dialing": Scene(_in_call("initiated", direction="outbound", queue=None, dialed="+442071234567"), "Dialing"),
    "ringing": Scene(_in_call("alerting"), "Ringing"),
    "talking": Scene(_in_call("connected"), "Talking"),
    "talking-then-not-ready": Scene(_after_this_call, "After this call: Not ready"),
    "transferring": Scene(_in_call("connected"), "Talking", _asks_whom),
    "held": Scene(_in_call("hold"), "Held"),
    "wrap-up": Scene(_wrap_up, "Wrap-up"),
    "note_owed": Scene(_note_owed, "Nothing to note"),
    "two-calls": Scene(_two, "Wants a refund"),
    "consult": Scene(_consult("hold", "connected"), "Ben Ode"),
    "consult-ringing": Scene(_consult("hold", "initiated"), "is being called"),
    "consult-swapped": Scene(_consult("connected", "hold"), "Ben Ode"),
    "consult-hostile": Scene(_consult("hold", "connected", HOSTILE * 2), "<img src=x"),
    "conference": Scene(_conference, "hear each other"),
    "handed-over": Scene(_handed_over, "Passed on by", _reads_the_chain),
    "working": Scene(_working_only, "#4711 Complaint", _wants_to_be_ready),
    "collides": Scene(_collides, "You are working on"),
    "missed": Scene(_missed, "Erika Müller"),
    "missed-all": Scene(_missed, "Erika Müller", _shows_all),
    "directory": Scene(_colleagues, "Talking", _looks_somebody_up),
    "directory-dial": Scene(_colleagues, "Talking", _dials_somebody),
    "refused": Scene(_ready, "Calls you take appear here", _refuses),
    "hostile": Scene(_hostile, "<img src=x"),
    "edge-offline": Scene(_site("edge"), "connector is offline"),
    "pbx-offline": Scene(_site("pbx"), "out of reach"),
    "phone-offline": Scene(_phone_off, "Calls will not reach you"),
    "sign-in-again": Scene(_refuses_tickets(401), "Sign in again"),
    "too-old": Scene(_refuses_tickets(426), "too old"),
    "lost": Scene(_in_call("connected"), "Talking", _goes_away),
}
"""Every state of the panel."""


def _idle(cloud: FakePageCloud) -> None:
    cloud.agent["state"] = "not_ready"


def _busy_floor(cloud: FakePageCloud) -> None:
    cloud.agent["state"] = "ready"
    cloud.calls = [call()]
    cloud.phones["1001"] = {"state": "ringing", "with": "+442071234567", "calls": 1}
    cloud.phones["1002"] = {"state": "talking", "with": "+493023125042", "calls": 1}
    waiting: Frame = {"caller": "caller-9", "number": "+12125550142", "waited_s": 21}
    cloud.queues["support"] = [waiting]


async def _customers_call(cloud: FakePageCloud, page: Page) -> None:
    for name in ("Call support", "Call sales"):
        await page.get_by_role("button", name=name).click()
    await expect(page.get_by_role("list", name="Callers").get_by_role("listitem")).to_have_count(2)
    cloud.callers["caller-1"]["state"] = "ringing"
    await expect(page.get_by_role("list", name="Callers")).to_contain_text("ringing")


async def _rings(cloud: FakePageCloud, page: Page) -> None:
    await cloud.tell(call(), event="ringing")
    await cloud.pop()
    await expect(page.get_by_role("heading", name="Erika Müller")).to_be_visible()


PLAYGROUND: dict[str, tuple[Scene, str]] = {
    "idle": (Scene(_idle, "Phone 1001 connected"), "/"),
    "busy": (Scene(_busy_floor, "Erika Müller", _customers_call), "/"),
    "agent": (Scene(_ready, "Phone 1001 connected", _rings), "/playground/agent.html?user=anna"),
}
"""The playground's scenes, and the page of each."""
