"""Ring tone and notifications: asked for by the agent, on the page that pops only, until the call is answered."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import Open, axe, findings, until
from tests.support.fake_page_cloud import FakePageCloud, Frame, call

RECORDS = """
window.notes = []; window.tones = 0; window.asked = 0; window.shut = 0;
const Real = window.Notification;
window.Notification = class extends Real {
  constructor(title, options) { super(title, options); window.notes.push([title, options.body, options.tag]); }
  close() { super.close(); window.shut += 1; }
  static async requestPermission() { window.asked += 1; return Real.requestPermission(); }
};
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...args) { window.tones += 1; return start.apply(this, args); };
"""


async def attentive(cloud: FakePageCloud, open_page: Open, options: str, *, allowed: bool = True) -> Page:
    """A page that was given the module, and counts what it does."""
    page = await open_page()
    if allowed:
        await page.context.grant_permissions(["notifications"], origin=cloud.url)
    await page.evaluate(f"void (() => {{ {RECORDS} }})()")
    await page.evaluate(
        f"""async () => {{
          const {{ attention }} = await import("/panel/extras.js");
          document.getElementById("panel").use(attention({options}));
        }}"""
    )
    return page


async def pops(cloud: FakePageCloud, ident: str = "c-1", *others: Frame) -> None:
    """The call rings and this page is the one that pops."""
    await cloud.tell(*others, call(ident), event="ringing", on=ident)
    await cloud.pop(ident)


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("masked", ["Incoming call", "", "c-1"]),
        ("name", ["Erika Müller calls", "", "c-1"]),
        ("full", ["Erika Müller calls", "+442071234567 · support", "c-1"]),
    ],
)
async def test_the_page_that_pops_notifies_as_much_as_may_be_read_and_closes_when_it_is_answered(
    cloud: FakePageCloud, open_page: Open, content: str, shown: list[str]
) -> None:
    page = await attentive(cloud, open_page, f'{{ notify: {{ when: "always", content: "{content}" }} }}')
    await pops(cloud)
    await until(page, "window.notes.length === 1")
    assert await page.evaluate("window.notes[0]") == shown
    assert await page.evaluate("window.shut") == 0
    await cloud.tell(call(leg="connected"), event="answered", by="agent_phone")
    await until(page, "window.shut === 1")


async def test_a_page_that_is_seen_needs_no_notification_and_one_that_does_not_pop_gives_none(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await attentive(cloud, open_page, '{ notify: { when: "hidden" }, ring: {} }')
    await page.get_by_role("button", name="Turn on the ring tone").click()
    await cloud.tell(call(), event="ringing")
    await expect(page.get_by_role("button", name="Answer")).to_be_visible()
    assert await page.evaluate("window.tones") == 0
    done = {"t": "pop", "call": "c-1", "rank": 1, "grant": 1, "page": "another", "done": True}
    await cloud.say(done | {"lease_ms": 1200, "steal_ms": 1800})
    await pops(cloud, "c-2")
    await until(page, "window.tones > 0")
    assert await page.evaluate("window.notes") == []
    await page.evaluate("Object.defineProperty(document, 'hidden', { value: true })")
    await pops(cloud, "c-3")
    await until(page, "window.notes.length === 1")
    assert await page.evaluate("window.notes[0]") == ["Incoming call", "", "c-3"]


async def test_nothing_is_asked_and_nothing_rings_before_the_agent_turned_it_on(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await attentive(cloud, open_page, '{ notify: { when: "always" }, ring: {} }', allowed=False)
    given = "Object.defineProperty(Notification, 'permission', { get: () => window.given ?? 'default' })"
    await page.evaluate(f"void {given}")
    ask = "Notification.requestPermission = async () => (window.asked += 1, (window.given = 'denied'))"
    await page.evaluate(f"void ({ask})")
    await page.evaluate("document.getElementById('panel').setAttribute('locale', 'en')")
    await pops(cloud)
    assert await page.evaluate("[window.asked, window.tones, window.notes.length]") == [0, 0, 0]
    button = page.get_by_role("button", name="Turn on ring")
    await expect(button).to_be_visible()
    assert await findings(page, axe()) == []
    await button.click()
    await until(page, "window.tones > 0")
    assert await page.evaluate("window.asked") == 1
    await expect(button).to_be_hidden()
    await expect(page.get_by_text("Your browser blocks notifications")).to_be_visible()
    assert await findings(page, axe()) == []
    before: Any = await page.evaluate("window.tones")
    await cloud.tell(event="missed", cause="abandoned")
    await page.evaluate("new Promise((done) => setTimeout(done, 3300))")
    assert await page.evaluate("window.tones") == before


async def test_who_turned_it_on_before_needs_only_click_anywhere_on_the_next_page(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await attentive(cloud, open_page, "{ ring: {} }")
    await page.evaluate("localStorage.setItem('ringline.ring', 'on')")
    await page.evaluate("document.body.append(document.getElementById('panel'))")
    await expect(page.get_by_role("button", name="Turn on the ring tone")).to_be_visible()
    await page.locator("#field").click()
    await expect(page.get_by_role("button", name="Turn on the ring tone")).to_be_hidden()
    await pops(cloud)
    await until(page, "window.tones > 0")


async def test_a_file_that_cannot_be_played_gives_way_to_the_tone_made_here(
    cloud: FakePageCloud, open_page: Open
) -> None:
    page = await attentive(cloud, open_page, '{ ring: { src: "/nothing.ogg" } }')
    await page.get_by_role("button", name="Turn on the ring tone").click()
    await pops(cloud)
    await until(page, "window.tones > 0")


async def test_who_is_talking_hears_of_the_next_call_once(cloud: FakePageCloud, open_page: Open) -> None:
    page = await attentive(cloud, open_page, "{ ring: {} }")
    await page.get_by_role("button", name="Turn on the ring tone").click()
    await pops(cloud, "c-2", call(leg="connected"))
    await until(page, "window.tones > 0")
    once = await page.evaluate("window.tones")
    await page.evaluate("new Promise((done) => setTimeout(done, 3300))")
    assert await page.evaluate("window.tones") == once
